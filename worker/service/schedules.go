package service

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/temporal-sre/copilot/worker/config"
	"github.com/temporal-sre/copilot/worker/workflows"
)

const (
	// pruneEvery keeps what is deleted at a time small: an hour of 30-second cycles is 120 rows a cluster.
	pruneEvery = time.Hour
	// syncEvery is how soon a changed document is in the knowledge base. When nothing changed, nothing is done.
	syncEvery = time.Hour
)

// schedule is something that is done again and again.
type schedule struct {
	id       string
	every    time.Duration
	workflow any
	input    any
}

// schedules are those of the configuration; gone are the ids of those that it does not have.
func schedules(cfg config.Config) (all []schedule, gone []string) {
	every := time.Duration(cfg.Explain.Every)
	all = []schedule{
		{workflows.RetentionScheduleID, pruneEvery, workflows.Prune, workflows.PruneInput{Retention: time.Duration(cfg.Retention)}},
		{workflows.PeriodicScheduleID, every, workflows.Periodic, workflows.PeriodicInput{Every: every}},
	}
	if cfg.Knowledge.Bedrock.Synced() {
		return append(all, schedule{workflows.KnowledgeScheduleID, syncEvery, workflows.SyncKnowledge, workflows.SyncKnowledgeInput{}}), nil
	}
	return all, []string{workflows.KnowledgeScheduleID}
}

// setSchedules makes the schedules in Temporal those of the configuration.
func setSchedules(ctx context.Context, c client.Client, cfg config.Config) error {
	all, gone := schedules(cfg)
	for _, s := range all {
		if err := s.set(ctx, c.ScheduleClient(), string(cfg.Temporal.TaskQueue)); err != nil {
			return fmt.Errorf("setting up the schedule %s: %w", s.id, err)
		}
	}
	for _, id := range gone {
		var absent *serviceerror.NotFound
		if err := c.ScheduleClient().GetHandle(ctx, id).Delete(ctx); err != nil && !errors.As(err, &absent) {
			return fmt.Errorf("removing the schedule %s: %w", id, err)
		}
	}
	return nil
}

// set creates the schedule, or gives the existing one its settings.
func (s schedule) set(ctx context.Context, c client.ScheduleClient, taskQueue string) error {
	action := &client.ScheduleWorkflowAction{ID: s.id, Workflow: s.workflow, TaskQueue: taskQueue, Args: []any{s.input}}
	spec := client.ScheduleSpec{Intervals: []client.ScheduleIntervalSpec{{Every: s.every}}}
	_, err := c.Create(ctx, client.ScheduleOptions{
		ID: s.id, Spec: spec, Action: action,
		Overlap: enums.SCHEDULE_OVERLAP_POLICY_SKIP, CatchupWindow: 2 * time.Minute,
	})
	if !errors.Is(err, temporal.ErrScheduleAlreadyRunning) {
		return err
	}
	return c.GetHandle(ctx, s.id).Update(ctx, client.ScheduleUpdateOptions{
		DoUpdate: func(in client.ScheduleUpdateInput) (*client.ScheduleUpdate, error) {
			schedule := in.Description.Schedule
			schedule.Spec, schedule.Action = &spec, action
			return &client.ScheduleUpdate{Schedule: &schedule}, nil
		},
	})
}
