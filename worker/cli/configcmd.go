package cli

import (
	_ "embed"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/temporal-sre/copilot/pkg/telemetry"
	"github.com/temporal-sre/copilot/worker/config"
)

//go:embed example.yaml
var exampleConfig string

func configCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "config", Short: "Check a configuration, or print one to begin with"}
	check := &cobra.Command{Use: "check", Short: "Say what is wrong with a configuration; connects to nothing", Args: cobra.NoArgs}
	path := configFlag(check, true)
	check.RunE = func(cmd *cobra.Command, _ []string) error {
		c, err := config.Load(*path)
		if err != nil {
			return err
		}
		if _, err := c.Store.Database(cmd.Context()); err != nil {
			return err
		}
		index, err := c.Knowledge.Index()
		if err != nil {
			return err
		}
		if _, err := c.Explain.Explainer(cmd.Context()); err != nil {
			return err
		}
		for _, cluster := range c.Clusters {
			source, err := cluster.Source()
			if err != nil {
				return err
			}
			if _, err := telemetry.New(source, telemetry.Options{}); err != nil {
				return fmt.Errorf("clusters[%s].prometheus: %w", cluster.Name, err)
			}
			if cluster.Logs != nil {
				if _, err := cluster.LogSource(); err != nil {
					return err
				}
			}
			if err := cluster.Series().Validate(); err != nil {
				return fmt.Errorf("clusters[%s].telemetry: %w", cluster.Name, err)
			}
		}
		fmt.Fprintf(cmd.OutOrStdout(), "The configuration is good. Clusters: %d. Documents: %d. Explained by: %s.\n",
			len(c.Clusters), len(index.Library().Documents), c.Explain.Provider)
		return nil
	}
	example := &cobra.Command{Use: "example", Short: "Print a commented configuration", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := fmt.Fprint(cmd.OutOrStdout(), exampleConfig)
			return err
		}}
	cmd.AddCommand(check, example)
	return cmd
}
