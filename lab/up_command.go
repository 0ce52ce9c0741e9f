package main

import (
	"errors"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/temporal-sre/copilot/lab/stage"
)

func upCommand() *cobra.Command {
	conditions := stage.Calm()
	options := stage.Options{}
	command := &cobra.Command{
		Use:   "up",
		Short: "Start everything, print where it is, and keep it up until Ctrl-C",
		Args:  cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) (err error) {
			out := command.OutOrStdout()
			options.Progress = func(step string) { fmt.Fprintln(out, "starting", step) }
			on, err := stage.Start(command.Context(), options)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, on.Stop()) }()
			if err := on.Set(command.Context(), conditions); err != nil {
				return err
			}
			table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
			for _, address := range on.Addresses() {
				fmt.Fprintf(table, "%s\t%s\n", address.Part, address.Where)
			}
			if err := table.Flush(); err != nil {
				return fmt.Errorf("printing the addresses: %w", err)
			}
			fmt.Fprintf(out, "under %s\nCtrl-C stops everything\n", conditions)
			<-command.Context().Done()
			return nil
		},
	}
	flags := command.Flags()
	flags.DurationVar(&options.Interval, "interval", 5*time.Second, "time between two cycles of the copilot")
	flags.StringVar(&options.MetricsFramework, "metrics-framework", "tally", "tally or opentelemetry")
	flags.Float64Var(&conditions.Rate, "rate", 4, "workflows to start per second")
	flags.DurationVar(&conditions.ActivityTime, "activity-time", conditions.ActivityTime, "how long each of a workflow's two activities takes")
	flags.Float64Var(&conditions.FailShare, "fail-share", 0, "share of workflows that fail, 0 to 1")
	flags.IntVar(&conditions.Workers, "workers", conditions.Workers, "worker processes")
	flags.IntVar(&conditions.ActivitySlots, "activity-slots", conditions.ActivitySlots, "activities that a worker runs at a time")
	flags.StringVar((*string)(&conditions.Database), "database", string(conditions.Database), "ok, slow, hung or down")
	return command
}
