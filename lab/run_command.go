package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/temporal-sre/copilot/lab/scenario"
	"github.com/temporal-sre/copilot/lab/stage"
)

func runCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "run FILE...",
		Short: "Play scenarios and compare what the copilot says with what they expect",
		Long:  "Play scenarios, each on a stage of its own, and compare what the copilot says with what they expect. The exit code is 0 only if all of it came as expected.",
		Args:  cobra.MinimumNArgs(1),
		RunE: func(command *cobra.Command, files []string) error {
			var failed []string
			for _, file := range files {
				ok, err := run(command, file)
				if err != nil {
					return fmt.Errorf("%s: %w", file, err)
				}
				if !ok {
					failed = append(failed, file)
				}
			}
			if len(failed) > 0 {
				return fmt.Errorf("not as expected: %s", strings.Join(failed, ", "))
			}
			return nil
		},
	}
}

func run(command *cobra.Command, file string) (ok bool, err error) {
	out := command.OutOrStdout()
	story, err := scenario.Load(file)
	if err != nil {
		return false, err
	}
	fmt.Fprintf(out, "%s: %s\n", file, story.About)
	on, err := stage.Start(command.Context(), story.Stage(func(step string) { fmt.Fprintln(out, "  starting", step) }))
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, on.Stop()) }()
	outcomes, err := scenario.Play(command.Context(), story, on, scenario.NewMinutes(out))
	if err != nil {
		return false, err
	}
	fmt.Fprintln(out)
	ok, err = scenario.Report(out, outcomes)
	if err != nil {
		return false, err
	}
	count, err := scenario.CheckEvents(command.Context(), on.Store())
	if err != nil {
		return false, err
	}
	fmt.Fprintf(out, "%d events, numbered without a gap, none from happy straight to critical\n\n", count)
	return ok, nil
}
