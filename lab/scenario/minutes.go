package scenario

import (
	"fmt"
	"io"
	"time"

	"github.com/temporal-sre/copilot/lab/stage"
	"github.com/temporal-sre/copilot/pkg/health"
	"github.com/temporal-sre/copilot/pkg/store"
)

// Minutes is an audience that writes down what happens, a line for everything that changes.
type Minutes struct {
	out     io.Writer
	began   time.Time
	verdict string
	gates   map[health.GateID]health.Result
	seq     int64
	// explained is the id of the last explanation.
	explained string
}

// NewMinutes returns minutes that begin now.
func NewMinutes(out io.Writer) *Minutes {
	return &Minutes{out: out, began: time.Now(), gates: map[health.GateID]health.Result{}}
}

// Note writes a line with the time since the begin.
func (m *Minutes) Note(format string, arguments ...any) {
	fmt.Fprintf(m.out, "%6s  %s\n", time.Since(m.began).Round(time.Second), fmt.Sprintf(format, arguments...))
}

// PhaseBegan notes what is done to the cluster.
func (m *Minutes) PhaseBegan(number int, phase Phase, conditions stage.Conditions) {
	m.Note("PHASE %d, %s: %s", number, phase.Name, conditions)
	m.Note("  expected within %s: %s", phase.Expect.Within, phase.Expect)
}

// Saw notes new events, a verdict that differs from the one before, and the gates that began or ceased
// to fire or to be known.
func (m *Minutes) Saw(now store.ClusterStatus, events []store.Event) {
	for i := len(events) - 1; i >= 0; i-- {
		if event := events[i]; event.Seq > m.seq {
			m.seq = event.Seq
			m.Note("  event %s", EventLine(event.Event))
		}
	}
	v := now.Verdict
	if text := describe(v); text != m.verdict {
		m.verdict = text
		m.Note("  verdict: %s, %s of the deciding gates known", text, health.Ratio.Format(v.Coverage))
	}
	for _, gate := range v.Gates {
		before := m.gates[gate.ID]
		m.gates[gate.ID] = gate.Result
		lost := before == health.Passed && gate.Result == health.NotKnowable
		if before != gate.Result && (before == health.Fired || gate.Result == health.Fired || lost) {
			m.Note("    gate %s", GateLine(gate))
		}
	}
}

// Explained notes what the copilot makes of it.
func (m *Minutes) Explained(a store.Assessment) {
	if a.ID == m.explained {
		return
	}
	m.explained = a.ID
	m.Note("  explained (%s): %s", a.Made, a.Summary)
}

// PhaseEnded notes whether the phase came as expected.
func (m *Minutes) PhaseEnded(outcome Outcome) {
	if outcome.Failure != "" {
		m.Note("  NOT as expected (%s): %s", outcome.Phase.Expect, outcome.Failure)
		return
	}
	m.Note("  as expected, detected after %s", outcome.Detected.Round(time.Second))
}

// EventLine is an event in one line.
func EventLine(e health.Event) string {
	line := fmt.Sprintf("%d at %s: %s -> %s", e.Seq, e.At.Format(time.TimeOnly), e.From, e.To)
	switch {
	case e.Kind == health.StalenessChanged && e.Stale:
		line = fmt.Sprintf("%d at %s: %s is stale from here on", e.Seq, e.At.Format(time.TimeOnly), e.To)
	case e.Kind == health.StalenessChanged:
		line = fmt.Sprintf("%d at %s: %s is known again", e.Seq, e.At.Format(time.TimeOnly), e.To)
	case e.Kind == health.BottleneckChanged:
		line = fmt.Sprintf("%d at %s: still %s", e.Seq, e.At.Format(time.TimeOnly), e.To)
	}
	return line + ", " + string(e.Bottleneck)
}

// GateLine is a gate's evidence in one line: "fired workflow_pollers_gone: matching.workflow_pollers 0 < 1".
func GateLine(g health.GateResult) string {
	line := fmt.Sprintf("%s %s: %s %s", g.Result, g.ID, g.Signal, Comparison(g))
	if g.Note != "" {
		line += " (" + g.Note + ")"
	}
	return line
}

// Comparison is what a gate compared: "0 < 1" when it fired, "5, fires < 1" when it did not.
func Comparison(g health.GateResult) string {
	switch {
	case g.Value == nil:
		return fmt.Sprintf("unknown, fires %s %.4g", g.Op, g.Threshold)
	case g.Result == health.Fired:
		return fmt.Sprintf("%.4g %s %.4g", *g.Value, g.Op, g.Threshold)
	default:
		return fmt.Sprintf("%.4g, fires %s %.4g", *g.Value, g.Op, g.Threshold)
	}
}
