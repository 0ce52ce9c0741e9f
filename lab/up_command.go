package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/temporal-sre/copilot/lab/control"
	"github.com/temporal-sre/copilot/lab/grafana"
	"github.com/temporal-sre/copilot/lab/stage"
)

func upCommand() *cobra.Command {
	conditions := stage.Calm()
	options := stage.Options{LokiOptional: true}
	var grafanaHome, controlAddress string
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
			addresses := on.Addresses()
			var server *grafana.Server
			if grafanaHome != "" {
				options.Progress("Grafana")
				if server, err = grafana.Start(command.Context(), grafanaHome, on.StoreURL(), on.Evidence()); err != nil {
					return err
				}
				defer func() { err = errors.Join(err, server.Stop()) }()
				addresses = append(addresses, stage.Address{Part: "Grafana", Where: server.URL()})
			}
			if controlAddress != "" {
				controls, err := control.Start(command.Context(), controlAddress, on, server)
				if err != nil {
					return err
				}
				defer func() { err = errors.Join(err, controls.Stop(context.WithoutCancel(command.Context()))) }()
				addresses = append(addresses, stage.Address{Part: "control", Where: controls.URL()})
			}
			if err := printAddresses(out, addresses); err != nil {
				return err
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
	flags.BoolVar(&options.WatchItself, "watch-itself", false, "have the copilot watch its own Temporal server too, as a second cluster")
	flags.StringVar(&grafanaHome, "grafana", "", "`folder` of a Grafana to start too, with the plugin in dist/")
	flags.StringVar(&controlAddress, "control", "", "`address` at which to take changes of conditions, like 127.0.0.1:7654")
	return command
}

func printAddresses(out io.Writer, addresses []stage.Address) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, address := range addresses {
		fmt.Fprintf(table, "%s\t%s\n", address.Part, address.Where)
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("printing the addresses: %w", err)
	}
	return nil
}
