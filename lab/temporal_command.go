package main

import (
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/temporal-sre/copilot/lab/temporal"
)

func temporalCommand() *cobra.Command {
	var options temporal.Options
	command := &cobra.Command{
		Use:   "temporal",
		Short: "Run a whole Temporal server in one process",
		Long:  "Run a whole Temporal server in one process. One line of JSON on standard output says where it is, once it serves its namespace.",
		Args:  cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			server, err := temporal.Start(command.Context(), options)
			if err != nil {
				return err
			}
			line, err := json.Marshal(server.Ready())
			if err != nil {
				return fmt.Errorf("writing the addresses: %w", err)
			}
			fmt.Fprintln(command.OutOrStdout(), string(line))
			<-command.Context().Done()
			return server.Stop()
		},
	}
	flags := command.Flags()
	flags.StringVar(&options.SQLite, "sqlite", "", "keep the data in this SQLite file")
	flags.StringVar(&options.Postgres, "postgres", "", "keep the data in this PostgreSQL database, and visibility records in <database>_visibility")
	flags.StringVar(&options.Namespace, "namespace", "default", "namespace to register")
	flags.StringVar(&options.MetricsFramework, "metrics-framework", "tally", "tally or opentelemetry")
	flags.IntVar(&options.Shards, "shards", 16, "number of history shards")
	flags.StringVar(&options.LogLevel, "log-level", "error", "least important level to log: debug, info, warn, error")
	return command
}
