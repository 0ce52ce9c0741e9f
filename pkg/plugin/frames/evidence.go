package frames

import (
	"fmt"
	"strings"

	"github.com/temporal-sre/copilot/pkg/health"
	"github.com/temporal-sre/copilot/pkg/store"
)

// compared writes what a gate compared: "Frontend latency p99: 1.84 s > 1 s".
func compared(g health.GateResult) string {
	signal, known := health.LookupSignal(g.Signal)
	title := signal.Title
	if !known {
		title = string(g.Signal)
	}
	threshold := signal.Format(g.Threshold)
	var text string
	switch {
	case g.Value == nil:
		text = fmt.Sprintf("%s: unknown, the threshold is %s", title, threshold)
	case g.Result == health.Fired && g.Bounds != nil:
		text = fmt.Sprintf("%s: %s, fires when %s %s, clears at %s", title, signal.Format(*g.Value), g.Op, signal.Format(g.Bounds.Fires), signal.Format(g.Bounds.Clears))
	case g.Result == health.Fired:
		text = fmt.Sprintf("%s: %s %s %s", title, signal.Format(*g.Value), g.Op, threshold)
	default:
		text = fmt.Sprintf("%s: %s, fires when %s %s", title, signal.Format(*g.Value), g.Op, threshold)
	}
	if g.Witness != "" {
		text += ", read from " + g.Witness
	}
	return text
}

// eventTitle says what an event changed: "prod: happy → critical".
func eventTitle(e store.Event) string {
	switch {
	case e.Kind == health.StalenessChanged && e.Stale:
		return fmt.Sprintf("%s: insufficient data; last known state %s", e.Cluster, e.To)
	case e.Kind == health.StalenessChanged:
		return fmt.Sprintf("%s: known again, %s", e.Cluster, e.To)
	case e.Kind == health.BottleneckChanged:
		return fmt.Sprintf("%s: bottleneck %s → %s", e.Cluster, formatBottleneck(e.FromBottleneck), formatBottleneck(e.Bottleneck))
	default:
		return fmt.Sprintf("%s: %s → %s", e.Cluster, e.From, e.To)
	}
}

func formatBottleneck(b health.Bottleneck) string { return strings.ReplaceAll(string(b), "_", " ") }

// eventColour is that of the state that an event leads to, as annotations take it.
func eventColour(e store.Event) string {
	if e.Stale {
		return grey
	}
	return map[health.State]string{health.Happy: green, health.Stressed: yellow, health.Critical: red}[e.To]
}

// eventText lists what fired, a line each, and the starved task queues by name.
func eventText(e store.Event) string {
	var lines []string
	if e.Stale {
		lines = append(lines, "State unknown since "+e.At.UTC().Format("15:04:05 UTC")+".")
	}
	for _, g := range e.Gates {
		if g.Result == health.Fired {
			lines = append(lines, compared(g))
		}
	}
	for _, q := range e.Queues {
		if q.Starved {
			lines = append(lines, fmt.Sprintf("Task queue %s/%s (%s) is starved%s", q.Namespace, q.Name, q.Type, cause(q)))
		}
	}
	if len(lines) == 0 {
		return "No condition fires."
	}
	return strings.Join(lines, "\n")
}

// cause says why a task queue is starved, where that is known.
func cause(q health.TaskQueue) string {
	switch {
	case q.UnservedVersion != "":
		return fmt.Sprintf(": no worker runs version %s", q.UnservedVersion)
	case q.Slotless:
		return ": its workers have no free slot"
	}
	return ""
}
