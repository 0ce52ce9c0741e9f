package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/temporal-sre/copilot/pkg/health"
	"github.com/temporal-sre/copilot/worker/service"
)

func replayCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "replay",
		Short: "Judge a cluster's past from Prometheus, and print a verdict a line",
		Long: `Reads the signals at past times and lets the same rules judge them that judge live, beginning with
an empty memory. The output is that of evaluate.`,
		Example: "  copilot replay --prometheus http://prometheus:9090 --from 2026-01-02T03:00:00Z --to 2026-01-02T04:00:00Z",
		Args:    cobra.NoArgs,
	}
	flags := addClusterFlags(cmd)
	from := cmd.Flags().String("from", "", "the `time` of the first cycle (RFC 3339, or Unix seconds)")
	to := cmd.Flags().String("to", "", "the `time` after which no cycle begins")
	step := cmd.Flags().Duration("step", 30*time.Second, "the `time` between two cycles")
	_ = cmd.MarkFlagRequired("from")
	_ = cmd.MarkFlagRequired("to")
	cmd.RunE = func(cmd *cobra.Command, _ []string) (err error) {
		begin, err := parseTime("--from", *from)
		if err != nil {
			return err
		}
		end, err := parseTime("--to", *to)
		if err != nil {
			return err
		}
		if end.Before(begin) {
			return fmt.Errorf("--to %s lies before --from %s", *to, *from)
		}
		if *step < time.Second {
			return fmt.Errorf("--step %s is too short: a cycle takes at least 1s", *step)
		}
		cluster, err := flags.load()
		if err != nil {
			return err
		}
		reader, err := service.NewReader(cluster)
		if err != nil {
			return err
		}
		out := bufio.NewWriter(cmd.OutOrStdout())
		defer func() { err = errors.Join(err, out.Flush()) }()
		j := newJudge(out, func(string) health.Thresholds { return cluster.Rules() })
		for at := begin; !at.After(end); at = at.Add(*step) {
			ctx, cancel := context.WithTimeout(cmd.Context(), readTimeout)
			snapshot := reader.Snapshot(ctx, at, j.memories[string(cluster.Name)].WaitingKeys())
			cancel()
			if err := cmd.Context().Err(); err != nil {
				return err
			}
			if err := j.take(snapshot); err != nil {
				return err
			}
		}
		return nil
	}
	return cmd
}
