package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"github.com/spf13/cobra"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"

	"github.com/temporal-sre/copilot/worker/config"
	"github.com/temporal-sre/copilot/worker/service"
	"github.com/temporal-sre/copilot/worker/workflows"
)

func workerCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "worker", Short: "Observe the configured clusters until stopped", Args: cobra.NoArgs}
	path := configFlag(cmd, true)
	var level slog.Level
	cmd.Flags().TextVar(&level, "log-level", slog.LevelInfo, "debug, info, warn or error")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		c, err := config.Load(*path)
		if err != nil {
			return err
		}
		logger := slog.New(slog.NewJSONHandler(cmd.ErrOrStderr(), &slog.HandlerOptions{Level: level}))
		return service.Run(cmd.Context(), c, logger)
	}
	return cmd
}

func observeCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "observe",
		Short: "Have the running worker observe a cluster at once, and print the verdict",
		Args:  cobra.NoArgs,
	}
	path := configFlag(cmd, true)
	name := cmd.Flags().String("cluster", "", "the `name` of the cluster; not needed when there is one")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		c, err := config.Load(*path)
		if err != nil {
			return err
		}
		cluster, err := oneCluster(c, *name)
		if err != nil {
			return err
		}
		ctx, cancel := context.WithTimeout(cmd.Context(), 2*time.Minute)
		defer cancel()
		temporal, err := service.Dial(ctx, c.Temporal, client.Options{Logger: log.NewStructuredLogger(slog.New(slog.DiscardHandler))})
		if err != nil {
			return err
		}
		defer temporal.Close()
		handle, err := temporal.UpdateWorkflow(ctx, client.UpdateWorkflowOptions{
			WorkflowID: workflows.ObserveID(string(cluster.Name)), UpdateName: workflows.UpdateObserveNow,
			Args: []any{workflows.ObserveNowInput{}}, WaitForStage: client.WorkflowUpdateStageCompleted,
		})
		if err != nil {
			return fmt.Errorf("asking the worker to observe cluster %q (is `copilot worker` running?): %w", cluster.Name, err)
		}
		var out workflows.ObserveNowOutput
		if err := handle.Get(ctx, &out); err != nil {
			return fmt.Errorf("observing cluster %q: %w", cluster.Name, err)
		}
		return json.NewEncoder(cmd.OutOrStdout()).Encode(out.Verdict)
	}
	return cmd
}
