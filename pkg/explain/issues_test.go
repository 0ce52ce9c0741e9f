package explain_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/temporal-sre/copilot/pkg/explain/evidence"
	"github.com/temporal-sre/copilot/pkg/explain/rules"
	"github.com/temporal-sre/copilot/pkg/health"
)

func TestAnIssueIsUnknowableWhenNoneOfItsGatesFiresAndOneIsUnknown(t *testing.T) {
	const backlog = "history_backlog@history"
	for _, c := range []struct {
		name string
		now  values
		want bool
	}{
		{"known and fine: the issue is gone", healthy(), false},
		{"it fires: the issue is there", with(healthy(), values{health.HistoryBacklogAge: 40}), false},
		{"its signal is unknown", without(healthy(), health.HistoryBacklogAge), true},
		{"nothing is known", values{}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := gather(c.now)
			assert.Equal(t, c.want, slices.Contains(rules.Unknowable(&e), backlog), "%v", rules.Unknowable(&e))
		})
	}
	t.Run("of a stale verdict every issue that does not fire is unknowable, whatever its gate says", func(t *testing.T) {
		e := gather(values{health.HistoryBacklogAge: 0})
		require.True(t, e.Stale)
		assert.Contains(t, rules.Unknowable(&e), backlog)
		e = storyNamed(t, "database down")
		assert.NotContains(t, rules.Unknowable(&e), backlog)
		e.Stale = true
		assert.Contains(t, rules.Unknowable(&e), backlog)
		assert.NotContains(t, rules.Unknowable(&e), "persistence_errors@persistence", "what fires is there")
		assert.Equal(t, "persistence_errors@persistence", rules.Explain(e).Issues[0].ID)
	})
}

func TestPropertyAnIssueIsThereUnknowableOrGone(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		e := anyEvidence(t)
		unknowable := rules.Unknowable(&e)
		require.True(t, slices.IsSorted(unknowable))
		require.Len(t, slices.Compact(slices.Clone(unknowable)), len(unknowable), "each once")
		there := map[string]bool{}
		for _, i := range rules.Explain(e).Issues {
			require.NotContains(t, unknowable, i.ID)
			there[i.ID] = true
		}
		// What is neither there nor unknowable is gone because every gate of it is known to pass.
		for _, g := range e.Gates {
			switch {
			case g.Side == health.SideEarly:
			case g.Result == health.Fired:
				require.True(t, ofSignal(e, there, g), "%s fires and belongs to an issue", g.ID)
			case g.Result == health.NotKnowable || e.Stale:
				require.True(t, ofSignal(e, there, g) || slices.ContainsFunc(unknowable, func(id string) bool { return sameRule(id, g) }), "%s is not known to pass", g.ID)
			}
		}
	})
}

// ofSignal tells whether an issue over the gate's signal is there.
func ofSignal(e evidence.Evidence, there map[string]bool, g evidence.Gate) bool {
	for _, other := range e.Gates {
		if other.Signal == g.Signal && there[string(other.ID)+"@"+string(other.Service)] {
			return true
		}
	}
	return false
}

// sameRule tells whether an issue is named for a gate over the gate's signal.
func sameRule(id string, g evidence.Gate) bool {
	for _, other := range health.Gates() {
		if other.Signal == g.Signal && id == string(other.ID)+"@"+string(other.Service) {
			return true
		}
	}
	return false
}
