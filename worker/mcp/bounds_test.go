package mcp_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/temporal-sre/copilot/internal/story"
	"github.com/temporal-sre/copilot/pkg/explain/evidence"
	"github.com/temporal-sre/copilot/pkg/health"
	"github.com/temporal-sre/copilot/pkg/knowledge"
	"github.com/temporal-sre/copilot/pkg/store"
	"github.com/temporal-sre/copilot/worker/mcp"
)

// large is a store with more of everything than an assistant can take in.
type large struct {
	mcp.Store
	clusters int
}

var long = strings.Repeat("words of a long text ", 150)

func (l large) status(n int) store.ClusterStatus {
	c := store.ClusterStatus{Cluster: fmt.Sprintf("cluster-%04d", n), At: now, Interval: story.Interval, Seq: 5000}
	c.Verdict = health.Verdict{Cluster: c.Cluster, At: now, State: health.Critical, Since: now.Add(-time.Hour), Coverage: 1, Bottleneck: health.Mixed}
	c.Snapshot = health.Snapshot{Cluster: c.Cluster, At: now, Unknown: map[health.SignalID]string{}}
	if n > 0 {
		return c
	}
	for i, g := range health.Gates() {
		result := health.Fired
		if i%2 == 0 {
			result = health.NotKnowable
		}
		r := story.Gate(g.ID, new(1.0), result)
		r.Note = fmt.Sprint(i, long)
		c.Verdict.Gates = append(c.Verdict.Gates, r)
		c.Snapshot.Unknown[g.Signal] = long
	}
	for i := range 10 {
		c.Snapshot.Queues = append(c.Snapshot.Queues, health.TaskQueue{Namespace: long, Name: fmt.Sprint(i, long), Type: "workflow", Starved: true})
	}
	return c
}

func (l large) Statuses(_ context.Context, clusters []string) ([]store.ClusterStatus, error) {
	var all []store.ClusterStatus
	for n := range l.clusters {
		if c := l.status(n); len(clusters) == 0 || clusters[0] == c.Cluster {
			all = append(all, c)
		}
	}
	return all, nil
}

func (l large) Before(context.Context, string, time.Time, int) ([]health.Snapshot, error) {
	return nil, nil
}

func (l large) Events(_ context.Context, q store.EventQuery) ([]store.Event, error) {
	var all []store.Event
	for n := range min(q.Limit, 5000) {
		c := l.status(0)
		all = append(all, store.Event{Cluster: c.Cluster, Gates: c.Verdict.Gates, Event: health.Event{Seq: int64(5000 - n), Kind: health.StateChanged, At: now.Add(-time.Duration(n) * time.Minute), To: health.Critical}})
	}
	return all, nil
}

func (l large) assessments(brief bool) []store.Assessment {
	e := evidence.Evidence{Cluster: "cluster-0000", At: now}
	for i := range 1000 {
		e.Patterns = append(e.Patterns, evidence.LogPattern{ID: fmt.Sprint(i), Sample: long})
		e.Signals = append(e.Signals, evidence.Signal{ID: health.SignalID(fmt.Sprint(i)), Value: long, Standing: evidence.Beyond})
		e.Gates = append(e.Gates, evidence.Gate{ID: health.GateID(fmt.Sprint(i)), Result: health.Fired, Title: long, Note: long})
	}
	raw, _ := json.Marshal(e)
	factor := map[string]any{"title": long, "detail": long}
	explained, _ := json.Marshal(map[string]any{"summary": long, "factors": []any{factor, factor, factor, factor, factor, factor, factor, factor}, "watch": []string{long, long, long, long, long, long}})
	a := store.Assessment{Cluster: "cluster-0000", ID: "event-5000", At: now, MadeAt: now, EventSeq: 5000, State: health.Critical, Summary: long, Explanation: explained, Evidence: raw}
	if brief {
		a.Evidence = nil
	}
	return []store.Assessment{a}
}

func (l large) Assessments(_ context.Context, q store.AssessmentQuery) ([]store.Assessment, error) {
	return l.assessments(q.Brief), nil
}

func (l large) LatestAssessments(context.Context, []string) ([]store.Assessment, error) {
	return l.assessments(true), nil
}

func (l large) Issues(_ context.Context, q store.IssueQuery) ([]store.Issue, error) {
	var all []store.Issue
	for n := range min(q.Limit, 1000) {
		all = append(all, store.Issue{Cluster: "cluster-0000", ID: fmt.Sprint(n), Title: long, Description: long, LikelyCause: long, OpenedAt: now.Add(-time.Hour), Issue: []byte(`{}`)})
	}
	return all, nil
}

func (l large) Spans(context.Context, []string, time.Time, time.Time) ([]store.Span, error) {
	var all []store.Span
	for n := range 2000 {
		at := now.Add(-time.Duration(2000-n) * time.Minute)
		all = append(all, store.Span{Cluster: "cluster-0000", State: health.States()[n%3], From: at, To: at.Add(time.Minute), Interval: time.Minute})
	}
	return all, nil
}

func (l large) Series(_ context.Context, q store.SeriesQuery) ([]store.Series, error) {
	var all []store.Series
	for _, id := range q.Signals {
		s := store.Series{Cluster: "cluster-0000", Signal: id}
		for n := range q.Points * 2 {
			s.Points = append(s.Points, store.Point{At: now.Add(time.Duration(n) * time.Second), Value: new(1.0)})
		}
		all = append(all, s)
	}
	return all, nil
}

// most is the largest answer, in bytes of JSON: some 35,000 tokens.
const most = 130_000

func TestAnswersAreBoundedAndSayWhatTheyLack(t *testing.T) {
	session := connect(t, newServer(t, large{clusters: 500}))
	for _, c := range []struct {
		tool      string
		arguments arguments
		says      string
	}{
		{"clusters", nil, "100 of 500 clusters"},
		{"verdict", arguments{"cluster": "cluster-0000"}, "30 of"},
		{"signals", arguments{"cluster": "cluster-0000", "services": []string{"history", "matching", "frontend", "persistence", "workers", "cluster"}}, ""},
		{"signals", arguments{"cluster": "cluster-0000", "services": []string{"history", "matching"}, "start": "-1h", "points": 200}, "10 of"},
		{"explanation", arguments{"cluster": "cluster-0000"}, "6 of 8 factors"},
		{"evidence", arguments{"cluster": "cluster-0000", "all": true}, "of 1000 gates"},
		{"incidents", arguments{"limit": 100}, "the newest 100 events"},
		{"gates", arguments{"cluster": "cluster-0000"}, "no reasons"},
		{"gates", arguments{"cluster": "cluster-0000", "services": []string{"history", "matching", "frontend", "persistence", "visibility", "system_worker", "replication", "workers", "cluster"}}, ""},
		{"runbook", nil, ""},
	} {
		text, structured, failed := call(t, session, c.tool, c.arguments)
		require.False(t, failed, text)
		assert.LessOrEqual(t, len(text), 12_000, c.tool)
		assert.LessOrEqual(t, len(structured), most, c.tool)
		assert.Contains(t, structured, c.says, c.tool)
	}
}

// away is a store that can't be reached.
type away struct{ mcp.Store }

func (away) Statuses(context.Context, []string) ([]store.ClusterStatus, error) {
	return nil, fmt.Errorf("%w: dial tcp 10.0.0.1:5432: connection refused", store.ErrUnreachable)
}

func TestAStoreThatIsAwayIsAnErrorAndInTheLog(t *testing.T) {
	var log strings.Builder
	library, err := knowledge.Load(knowledge.Embedded())
	require.NoError(t, err)
	server, err := mcp.New(mcp.Options{Store: away{}, Library: library, Log: slog.New(slog.NewTextHandler(&log, nil))})
	require.NoError(t, err)
	session := connect(t, server)
	text, _, failed := call(t, session, "clusters", nil)
	assert.True(t, failed)
	assert.Contains(t, text, "the database cannot be reached")
	assert.Contains(t, log.String(), "tool=clusters")
	text, _, failed = call(t, session, "runbook", arguments{"id": "starved_queues"})
	assert.False(t, failed, "runbooks need no store")
	assert.Contains(t, text, "One task queue")
}
