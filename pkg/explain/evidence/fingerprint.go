package evidence

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"math"
	"slices"

	"github.com/temporal-sre/copilot/pkg/health"
)

// situation is what makes two evidences the same: what would be explained in the same words. Numbers
// are in it by their order of magnitude only.
type situation struct {
	Cluster    string
	State      health.State
	Stale      bool
	Bottleneck health.Bottleneck
	Kind       health.EventKind
	From       health.State
	Gates      []string
	Cleared    []health.GateID
	Magnitudes []string
	Services   []ServiceRole
	Queues     []string
	Rules      []string
	Changes    []health.SignalID
	Patterns   []string
	Gaps       []health.SignalID
	// Feedback: what was written before an editor contradicted is not used again.
	Feedback []string `json:",omitempty"`
}

// Fingerprint is the same for evidences of the same situation: the same gates, fired or just cleared, roles, standings of
// amplifiers, queues, patterns and gaps, with values of the same order of magnitude. It is 32
// hexadecimal characters.
func (e *Evidence) Fingerprint() string {
	s := situation{Cluster: e.Cluster, State: e.State, Stale: e.Stale, Bottleneck: e.Bottleneck, Cleared: e.Cleared, Services: slices.Clone(e.Services), Feedback: e.Feedback}
	if e.Event != nil {
		s.Kind, s.From = e.Event.Kind, e.Event.From
	}
	for _, g := range e.Gates {
		if g.Result != health.Passed {
			s.Gates = append(s.Gates, string(g.ID)+"="+string(g.Result))
		}
	}
	slices.Sort(s.Gates)
	for _, signal := range e.Signals {
		if signal.Standing == Beyond {
			s.Magnitudes = append(s.Magnitudes, string(signal.ID)+"~"+magnitude(signal.Amount))
		}
	}
	for _, q := range e.Queues {
		if q.Starved {
			s.Queues = append(s.Queues, q.Namespace+"/"+q.Name+"/"+q.Type)
		}
	}
	slices.Sort(s.Queues)
	for _, rule := range e.ScalingRules {
		s.Rules = append(s.Rules, string(rule.Rule))
	}
	for _, c := range e.Changes {
		s.Changes = append(s.Changes, c.Signal)
	}
	for _, p := range e.Patterns {
		s.Patterns = append(s.Patterns, p.ID+"@"+string(p.Service)+"~"+magnitude(float64(p.Count)))
	}
	slices.Sort(s.Patterns)
	for _, gap := range e.Gaps {
		s.Gaps = append(s.Gaps, gap.Signals...)
	}
	slices.Sort(s.Gaps)
	// Strings and lists of them: this can't fail.
	text, _ := json.Marshal(s)
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:16])
}

// magnitude is the order of a number: 0, below 1, then by powers of ten.
func magnitude(v float64) string {
	switch {
	case v == 0:
		return "0"
	case v < 1:
		return "<1"
	default:
		return health.Count.Format(math.Pow(10, math.Floor(math.Log10(v))))
	}
}
