package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/temporal-sre/copilot/pkg/store"
	"github.com/temporal-sre/copilot/worker/config"
)

func dbCommand() *cobra.Command {
	db := &cobra.Command{Use: "db", Short: "Set up, check and clean the state store"}
	db.AddCommand(dbMigrateCommand(), dbCheckCommand(), dbTablesCommand(), dbPruneCommand())
	return db
}

// storeCommand is a command on the configured store. --url stands in for a configuration.
func storeCommand(use, short string, timeout time.Duration, run func(ctx context.Context, cmd *cobra.Command, s *store.Store, c config.Config) error) *cobra.Command {
	cmd := &cobra.Command{Use: use, Short: short, Args: cobra.NoArgs}
	path := configFlag(cmd, false)
	url := cmd.Flags().String("url", "", "the store's `URL` (postgres://user@host/database) instead of a configuration; the password may come from COPILOT_DB_PASSWORD")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		ctx, cancel := context.WithTimeout(cmd.Context(), timeout)
		defer cancel()
		c, err := storeConfig(*path, *url)
		if err != nil {
			return err
		}
		database, err := c.Store.Database(ctx)
		if err != nil {
			return err
		}
		s, err := store.Open(ctx, database)
		if err != nil {
			return err
		}
		defer s.Close()
		return run(ctx, cmd, s, c)
	}
	return cmd
}

func storeConfig(path, url string) (config.Config, error) {
	switch {
	case path != "" && url != "":
		return config.Config{}, errors.New("--config and --url exclude each other: give one")
	case path != "":
		return config.Load(path)
	case url != "":
		return config.Config{
			Retention: config.Duration(store.DefaultRetention),
			Store:     config.Store{URL: config.Secret(url), Password: config.Secret(os.Getenv("COPILOT_DB_PASSWORD"))},
		}, nil
	default:
		return config.Config{}, errors.New("which store? give --config FILE or --url postgres://user@host/database")
	}
}

// role is a role with its password from the environment. Where no role is named, a variable that happens to be set
// is for somebody else.
func role(name, variable string) store.Role {
	if name == "" {
		return store.Role{}
	}
	return store.Role{Name: name, Password: os.Getenv(variable)}
}

func dbMigrateCommand() *cobra.Command {
	var reader, writer string
	cmd := storeCommand("migrate", "Create or update the store's schema; it can be repeated", 10*time.Minute,
		func(ctx context.Context, cmd *cobra.Command, s *store.Store, _ config.Config) error {
			report, err := s.Migrate(ctx, store.MigrateOptions{
				Reader: role(reader, "COPILOT_READER_PASSWORD"),
				Writer: role(writer, "COPILOT_WRITER_PASSWORD"),
			})
			for _, done := range report.Done {
				fmt.Fprintln(cmd.OutOrStdout(), done)
			}
			if err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "The schema is at version %d.\n", report.To)
			return nil
		})
	cmd.Flags().StringVar(&reader, "reader", "", "the `role` that Grafana reads with; created if COPILOT_READER_PASSWORD is set (PostgreSQL)")
	cmd.Flags().StringVar(&writer, "writer", "", "the `role` that the worker writes with; created if COPILOT_WRITER_PASSWORD is set (PostgreSQL)")
	return cmd
}

func dbCheckCommand() *cobra.Command {
	return storeCommand("check", "Say whether the store can be reached, written, and is up to date", 30*time.Second,
		func(ctx context.Context, cmd *cobra.Command, s *store.Store, _ config.Config) error {
			found, err := s.Check(ctx)
			out := cmd.OutOrStdout()
			if found.Server != "" {
				fmt.Fprintf(out, "server    %s\nschema    version %d, this program needs %d\n", found.Server, found.Schema, found.Expected)
			}
			if err != nil {
				return err
			}
			fmt.Fprintf(out, "role      %s\nclusters  %d\n", map[bool]string{true: "may write", false: "may read only"}[found.Writable], found.Clusters)
			if found.Newest.IsZero() {
				fmt.Fprintln(out, "newest    no cycle yet")
			} else {
				fmt.Fprintf(out, "newest    %s, %s ago\n", found.Newest.Format(time.RFC3339), time.Since(found.Newest).Round(time.Second))
			}
			if len(found.MissingColumns) > 0 {
				return fmt.Errorf("the tables lack columns for %v: run `copilot db migrate`", found.MissingColumns)
			}
			return nil
		})
}

func dbTablesCommand() *cobra.Command {
	return storeCommand("tables", "Count the rows of the store's tables", 10*time.Minute,
		func(ctx context.Context, cmd *cobra.Command, s *store.Store, _ config.Config) error {
			tables, err := s.Tables(ctx)
			if err != nil {
				return err
			}
			w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 4, 2, ' ', 0)
			fmt.Fprintln(w, "TABLE\tROWS\tOLDEST\tNEWEST")
			for _, t := range tables {
				fmt.Fprintf(w, "%s\t%d\t%s\t%s\n", t.Name, t.Rows, timeOrDash(t.Oldest), timeOrDash(t.Newest))
			}
			return w.Flush()
		})
}

func dbPruneCommand() *cobra.Command {
	var olderThan time.Duration
	cmd := storeCommand("prune", "Delete history that is older than the retention", time.Hour,
		func(ctx context.Context, cmd *cobra.Command, s *store.Store, c config.Config) error {
			age := time.Duration(c.Retention)
			if cmd.Flags().Changed("older-than") {
				age = olderThan
			}
			if age <= 0 {
				return fmt.Errorf("--older-than %s would delete everything: give a positive duration", age)
			}
			pruned, err := s.Prune(ctx, time.Now().Add(-age))
			for _, p := range pruned {
				fmt.Fprintf(cmd.OutOrStdout(), "%s: %d rows deleted\n", p.Table, p.Rows)
			}
			return err
		})
	cmd.Flags().DurationVar(&olderThan, "older-than", 0, "delete what is older than this `duration` instead of the configured retention")
	return cmd
}

func timeOrDash(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.Format(time.RFC3339)
}
