package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"

	"github.com/temporal-sre/copilot/pkg/explain"
	"github.com/temporal-sre/copilot/pkg/store"
	"github.com/temporal-sre/copilot/worker/config"
	"github.com/temporal-sre/copilot/worker/service"
	"github.com/temporal-sre/copilot/worker/workflows"
)

const (
	// explainTimeout is longer than a model may take for all of its attempts.
	explainTimeout = 5 * time.Minute
	// acceptTimeout is how long a worker that runs may take to say so.
	acceptTimeout = 20 * time.Second
)

// explainCluster prints an explanation of a cluster, or of one of its events: "prod" or "prod/17".
func explainCluster(cmd *cobra.Command, path, what string, stored, asJSON bool) error {
	if path == "" {
		return fmt.Errorf("which worker? give --config FILE: the configuration says where the worker of cluster %q is", what)
	}
	c, err := config.Load(path)
	if err != nil {
		return err
	}
	name, seq, err := parseEvent(what)
	if err != nil {
		return err
	}
	cluster, err := oneCluster(c, name)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), explainTimeout)
	defer cancel()
	find := askForExplanation
	if stored {
		find = storedExplanation
	}
	explanation, err := find(ctx, c, string(cluster.Name), seq)
	if err != nil {
		return err
	}
	return printExplanations(cmd.OutOrStdout(), []explain.Explanation{explanation}, asJSON)
}

// parseEvent takes CLUSTER or CLUSTER/EVENT apart. 0 is no event.
func parseEvent(what string) (cluster string, seq int64, err error) {
	cluster, number, found := strings.Cut(what, "/")
	if found {
		if seq, err = strconv.ParseInt(number, 10, 64); err != nil || seq < 1 {
			return "", 0, fmt.Errorf("%q: %q is not the number of an event: write CLUSTER/EVENT like prod/17, or CLUSTER alone for how it is now", what, number)
		}
	}
	if cluster == "" {
		return "", 0, fmt.Errorf("%q names no cluster: write CLUSTER or CLUSTER/EVENT", what)
	}
	return cluster, seq, nil
}

// storedExplanation is the latest stored one.
func storedExplanation(ctx context.Context, c config.Config, cluster string, seq int64) (explain.Explanation, error) {
	database, err := c.Store.Database(ctx)
	if err != nil {
		return explain.Explanation{}, err
	}
	s, err := store.Open(ctx, database)
	if err != nil {
		return explain.Explanation{}, err
	}
	defer s.Close()
	found, err := s.Assessments(ctx, store.AssessmentQuery{Clusters: []string{cluster}, EventSeq: seq, Limit: 1})
	if err != nil {
		return explain.Explanation{}, err
	}
	if len(found) == 0 {
		about := fmt.Sprintf("cluster %q", cluster)
		if seq > 0 {
			about = fmt.Sprintf("event %d of cluster %q", seq, cluster)
		}
		return explain.Explanation{}, fmt.Errorf("no explanation of %s is stored: leave out --stored to ask for one", about)
	}
	var explanation explain.Explanation
	if err := json.Unmarshal(found[0].Explanation, &explanation); err != nil {
		return explain.Explanation{}, fmt.Errorf("the stored explanation %s of cluster %q can't be read: %w", found[0].ID, cluster, err)
	}
	return explanation, nil
}

// askForExplanation has the worker explain, and waits for it.
func askForExplanation(ctx context.Context, c config.Config, cluster string, seq int64) (explain.Explanation, error) {
	connected, err := service.Dial(ctx, c.Temporal, client.Options{Logger: log.NewStructuredLogger(slog.New(slog.DiscardHandler))})
	if err != nil {
		return explain.Explanation{}, err
	}
	defer connected.Close()
	accepting, cancel := context.WithTimeout(ctx, acceptTimeout)
	defer cancel()
	handle, err := connected.UpdateWorkflow(accepting, client.UpdateWorkflowOptions{
		WorkflowID: workflows.ObserveID(cluster), UpdateName: workflows.UpdateAssessNow,
		Args: []any{workflows.AssessNowInput{EventSeq: seq}}, WaitForStage: client.WorkflowUpdateStageAccepted,
	})
	if err != nil {
		return explain.Explanation{}, notAnswered(err, cluster)
	}
	var out workflows.AssessOutput
	if err := handle.Get(ctx, &out); err != nil {
		return explain.Explanation{}, fmt.Errorf("explaining cluster %q: %w", cluster, plainly(err))
	}
	if out.Explanation == nil {
		// The observation went on in a new run before the explanation was ready.
		if err := connected.GetWorkflow(ctx, workflows.AssessID(cluster, out.ID), "").Get(ctx, &out); err != nil {
			return explain.Explanation{}, fmt.Errorf("explaining cluster %q: %w", cluster, plainly(err))
		}
	}
	return *out.Explanation, nil
}

// notAnswered says what to do when nobody took the question.
func notAnswered(err error, cluster string) error {
	var absent *serviceerror.NotFound
	var late *serviceerror.DeadlineExceeded
	switch {
	case errors.As(err, &absent):
		return fmt.Errorf("cluster %q is not observed: start `copilot worker` with this configuration", cluster)
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &late), isTimeout(err):
		return fmt.Errorf("no worker answered within %s: is `copilot worker` running with this configuration? --stored prints what is stored", acceptTimeout)
	}
	return fmt.Errorf("asking the worker to explain cluster %q: %w", cluster, plainly(err))
}

func isTimeout(err error) bool {
	var timeout *client.WorkflowUpdateServiceTimeoutOrCanceledError
	return errors.As(err, &timeout)
}

// plainly leaves out what Temporal wraps around the reason.
func plainly(err error) error {
	var application *temporal.ApplicationError
	if errors.As(err, &application) {
		return errors.New(application.Message())
	}
	return err
}
