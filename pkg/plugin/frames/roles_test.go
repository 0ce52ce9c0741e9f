package frames

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"

	"github.com/temporal-sre/copilot/pkg/health"
	"github.com/temporal-sre/copilot/pkg/plugin/view"
	"github.com/temporal-sre/copilot/pkg/store"
)

// Whatever fires, what the root cause is about is drawn as the root cause, and nothing else is.
func TestTheServiceThatIsBlamedIsNeverGrey(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := health.Verdict{Cluster: "prod", State: health.Critical, Coverage: 1}
		for _, g := range health.Gates() {
			result := rapid.SampledFrom([]health.Result{health.Passed, health.Passed, health.Passed, health.Fired, health.NotKnowable}).Draw(t, string(g.ID))
			r := health.GateResult{ID: g.ID, Signal: g.Signal, Op: g.Op, Result: result, Severity: g.Severity, Service: g.Service, Side: g.Side, Deciding: g.Deciding}
			if result != health.NotKnowable {
				r.Value = new(1.0)
			}
			v.Gates = append(v.Gates, r)
		}
		b := view.BriefOf(view.Present{ClusterStatus: store.ClusterStatus{Cluster: "prod", Verdict: v, Snapshot: health.Snapshot{Cluster: "prod"}}}, nil)
		for _, s := range health.Services() {
			isRoot := roleOf(b, s).name == roleRootCause
			if want := b.Rules.Cause != "" && s == b.Rules.Blamed; isRoot != want {
				t.Fatalf("%s is drawn as %s; the root cause %q is about %q", s, roleOf(b, s).name, b.Rules.Cause, b.Rules.Blamed)
			}
		}
	})
}

func TestOfASilentClusterNoRoleIsKnown(t *testing.T) {
	b := view.BriefOf(view.Present{Silent: true}, nil)
	for _, s := range health.Services() {
		assert.Nil(t, roleOf(b, s).number())
	}
}
