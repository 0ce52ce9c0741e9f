package main

import (
	"errors"
	"strings"
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
	flags.StringVar(&options.TaskQueue, "task-queue", traffic.TaskQueue, "task queue to poll")
	flags.StringVar(&options.MetricsAddress, "metrics-address", "127.0.0.1:0", "where to serve SDK metrics on /metrics")
	flags.StringVar(&options.Exporter, "exporter", traffic.Exporters()[0], "how the metrics are named: "+strings.Join(traffic.Exporters(), ", "))
	flags.IntVar(&options.WorkflowSlots, "workflow-slots", 200, "workflow tasks at a time")
	flags.IntVar(&options.ActivitySlots, "activity-slots", 200, "activities at a time")
	flags.IntVar(&options.Pollers, "pollers", 5, "polls of each kind to keep open")
	flags.BoolVar(&options.Unreachable, "unreachable", false, "fail each attempt of every order's last activity, to be retried without end")
	flags.BoolVar(&options.Incompatible, "incompatible", false, "run a version of the workflow code that breaks determinism")
	return command
}

func loadCommand() *cobra.Command {
	var options traffic.LoadOptions
	command := &cobra.Command{
		Use:   "load",
		Short: "Start orders at an even rate, whether or not any worker fulfils them",
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
	flags.StringSliceVar(&options.TaskQueues, "task-queues", []string{traffic.TaskQueue}, "task queues over which to spread the workflows")
	flags.Float64Var(&options.Rate, "rate", 5, "workflows to start per second")
	flags.DurationVar(&options.ActivityTime, "activity-time", 50*time.Millisecond, "how long each of a workflow's two activities takes")
	flags.Float64Var(&options.FailShare, "fail-share", 0, "share of workflows that fail, 0 to 1")
	return command
}
