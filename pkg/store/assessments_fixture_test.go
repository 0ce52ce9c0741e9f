package store

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/temporal-sre/copilot/pkg/health"
)

// assessment is an assessment of a cycle by the rules, ready five seconds later. Options make it another one.
func assessment(cluster, id string, at time.Time, options ...func(*Assessment)) Assessment {
	a := Assessment{
		Cluster: cluster, ID: id, At: at, MadeAt: at.Add(5 * time.Second), Trigger: OnSchedule, State: health.Stressed, Coverage: 0.9,
		Confidence: 0.7, Depth: "quick", Made: "rules", Fingerprint: "f1", Summary: "The history service lags behind.",
		Explanation: json.RawMessage(fmt.Sprintf(`{"of": %q}`, id)), Evidence: json.RawMessage(`{"signals": {"x": 0.5}}`),
	}
	for _, option := range options {
		option(&a)
	}
	return a
}

// found is an issue as an assessment finds it.
func found(id, severity string) Issue {
	return Issue{
		ID: id, Severity: severity, Service: "history", Gate: "history_backlog", Title: "Backlog of " + id, Description: "It grows.",
		LikelyCause: "Too few pods.", Issue: json.RawMessage(fmt.Sprintf(`{"id": %q, "severity": %q}`, id, severity)),
	}
}

func assess(t testing.TB, s *Store, a Assessment, f Findings) {
	t.Helper()
	require.NoError(t, s.SaveAssessment(t.Context(), a, f))
}
