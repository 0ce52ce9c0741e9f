package main

import (
	"errors"
	"time"

	"github.com/spf13/cobra"

	"github.com/temporal-sre/copilot/lab/traffic"
)

func workerCommand() *cobra.Command {
	var options traffic.WorkerOptions
	command := &cobra.Command{
		Use:   "worker",
		Short: "Run a worker that fulfils orders",
		Args:  cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			return traffic.RunWorker(command.Context(), options)
		},
	}
	flags := command.Flags()
	flags.StringVar(&options.Address, "address", "127.0.0.1:7233", "Temporal's frontend")
	flags.StringVar(&options.Namespace, "namespace", "default", "namespace of the workflows")
	flags.StringVar(&options.MetricsAddress, "metrics-address", "127.0.0.1:0", "where to serve SDK metrics on /metrics")
	flags.IntVar(&options.WorkflowSlots, "workflow-slots", 200, "workflow tasks at a time")
	flags.IntVar(&options.ActivitySlots, "activity-slots", 200, "activities at a time")
	flags.IntVar(&options.Pollers, "pollers", 5, "polls of each kind to keep open")
	return command
}

func loadCommand() *cobra.Command {
	var options traffic.LoadOptions
	command := &cobra.Command{
		Use:   "load",
		Short: "Start orders at an even rate, whether or not anybody fulfils them",
		Args:  cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			if options.Rate <= 0 {
				return errors.New("--rate must be above 0")
			}
			return traffic.RunLoad(command.Context(), options)
		},
	}
	flags := command.Flags()
	flags.StringVar(&options.Address, "address", "127.0.0.1:7233", "Temporal's frontend")
	flags.StringVar(&options.Namespace, "namespace", "default", "namespace of the workflows")
	flags.Float64Var(&options.Rate, "rate", 5, "workflows to start per second")
	flags.DurationVar(&options.ActivityTime, "activity-time", 50*time.Millisecond, "how long each of a workflow's two activities takes")
	flags.Float64Var(&options.FailShare, "fail-share", 0, "share of workflows that fail, 0 to 1")
	return command
}
