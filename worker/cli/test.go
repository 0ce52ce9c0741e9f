package cli

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/temporal-sre/copilot/worker/rulestest"
)

func testCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "test FILE...",
		Short: "Test the rules, with your thresholds, against series that you write down",
		Long: `Loads the series of each test into a PromQL engine, reads the signals as the worker does, judges cycle by cycle, and
compares the verdicts with what the file expects. Series are written as for promtool: '0+10x20' is a counter that
grows by 10 a sample, '_' a missing sample, 'stale' the end of a series.

  thresholds:
    gates: {queues_starved: {threshold: 3}}
  series:
    - {series: 'up{job="temporal"}', values: '1x40'}
  tests:
    - name: nothing is scraped but up
      expect:
        - {at: 5m, state: unknown, unknown: [queues_starved], not_firing: [backlog_growing]}

The exit code is 1 when an expectation is not met or a file has a mistake.`,
		Example: "  copilot test rules/*.yaml\n  copilot test --json rules/prod.yaml",
		Args:    cobra.MinimumNArgs(1),
	}
	asJSON := cmd.Flags().Bool("json", false, "print one JSON object a test instead of text")
	cmd.RunE = func(cmd *cobra.Command, paths []string) error {
		failed, all := 0, 0
		for _, path := range paths {
			results, err := rulestest.Run(cmd.Context(), path)
			if err != nil {
				return err
			}
			for _, r := range results {
				all++
				if !r.Passed {
					failed++
				}
				if err := printResult(cmd.OutOrStdout(), r, *asJSON); err != nil {
					return err
				}
			}
		}
		if failed > 0 {
			return fmt.Errorf("%d of %d tests failed", failed, all)
		}
		return nil
	}
	return cmd
}

func printResult(out io.Writer, r rulestest.Result, asJSON bool) error {
	if asJSON {
		encoder := json.NewEncoder(out)
		encoder.SetEscapeHTML(false)
		return encoder.Encode(r)
	}
	if r.Passed {
		_, err := fmt.Fprintf(out, "ok    %s: %s\n", r.File, r.Test)
		return err
	}
	fmt.Fprintf(out, "FAIL  %s:%d: %s\n", r.File, r.Line, r.Test)
	for _, f := range r.Failures {
		fmt.Fprintf(out, "  %s:%d: at %s, %s: expected %s, got %s\n", r.File, f.Line, f.At, f.What, f.Expected, f.Got)
		for _, line := range f.Evidence {
			fmt.Fprintf(out, "      %s\n", line)
		}
	}
	return nil
}
