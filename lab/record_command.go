package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/temporal-sre/copilot/lab/record"
)

func recordCommand() *cobra.Command {
	command := &cobra.Command{
		Use:   "record",
		Short: "Record the metrics of a real server and its workers through health and faults, for tests to replay",
	}
	server := command.PersistentFlags()
	var options record.Server
	var only []string
	server.StringVar(&options.Binary, "binary", "bin/temporal", "the server's program")
	server.BoolVar(&options.StartDev, "start-dev", false, "the program is Temporal's command line: run its `server start-dev`")
	server.StringSliceVar(&only, "phases", nil, "record these `phases` only, in this order")
	server.StringArrayVar(&options.Flags, "flag", nil, "a `flag` to add to the server's command; can be repeated")

	var rate float64
	ofServer := &cobra.Command{
		Use:   "server FOLDER",
		Short: "Record a server's metrics into a folder, which takes half an hour",
		Args:  cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, arguments []string) error {
			plan, err := record.ServerPlan(options, rate)
			if err != nil {
				return err
			}
			return runRecord(command, plan, only, arguments[0])
		},
	}
	ofServer.Flags().Float64Var(&rate, "rate", 1.5, "workflows to start per second")
	ofSDK := &cobra.Command{
		Use:   "sdk NAME FOLDER",
		Short: "Record the metrics of SDK workers into a folder, which takes eight minutes",
		Long:  "Record the metrics of SDK workers into a folder, which takes eight minutes. NAME is one of " + strings.Join(record.SDKs(), ", ") + ".",
		Args:  cobra.ExactArgs(2),
		RunE: func(command *cobra.Command, arguments []string) error {
			plan, err := record.SDKPlan(options, arguments[0], rate)
			if err != nil {
				return err
			}
			return runRecord(command, plan, only, arguments[1])
		},
	}
	ofSDK.Flags().Float64Var(&rate, "rate", 1.5, "workflows to start per second")
	command.AddCommand(ofServer, ofSDK)
	return command
}

func runRecord(command *cobra.Command, plan record.Plan, only []string, folder string) error {
	if len(only) > 0 {
		if err := plan.Only(only); err != nil {
			return err
		}
	}
	plan.Folder = folder
	plan.Progress = func(format string, arguments ...any) {
		fmt.Fprintf(command.OutOrStdout(), "%s  %s\n", time.Now().Format(time.TimeOnly), fmt.Sprintf(format, arguments...))
	}
	return record.Run(command.Context(), plan)
}
