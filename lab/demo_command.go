package main

import (
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/temporal-sre/copilot/internal/testenv"
	"github.com/temporal-sre/copilot/lab/demo"
)

func demoCommand() *cobra.Command {
	options := demo.Options{Out: os.Stdout, GrafanaHome: os.Getenv("GRAFANA_HOME")}
	command := &cobra.Command{
		Use:   "demo",
		Short: "Play a story on a real cluster and show what the copilot makes of it",
		Long: "Play a story on a real cluster and show what the copilot makes of it. The exit code is 0 only if the verdicts came as the story expects. " +
			"With GRAFANA_HOME in the environment that Grafana is started too.",
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			if options.Scenario == "" {
				root, err := testenv.Root()
				if err != nil {
					return err
				}
				options.Scenario = filepath.Join(root, "lab", "scenarios", "demo.yaml")
			}
			return demo.Run(command.Context(), options)
		},
	}
	command.Flags().BoolVar(&options.Stay, "stay", false, "keep everything up after the story, until Ctrl-C")
	command.Flags().StringVar(&options.Scenario, "scenario", "", "the story, a scenario `file` (default lab/scenarios/demo.yaml)")
	return command
}
