package frames

import (
	"fmt"
	"strings"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/temporal-sre/copilot/pkg/explain/sentence"
	"github.com/temporal-sre/copilot/pkg/health"
	"github.com/temporal-sre/copilot/pkg/plugin/view"
)

// Cause is the first thing to read about each cluster: state, root cause and first action, of the last cycle.
func Cause(briefs []view.Brief, root string, now time.Time) *data.Frame {
	text := func(name, title string, value func(view.Brief) string) *data.Field {
		return column(name, titled(title), briefs, value)
	}
	return numbers("cause",
		text("cluster", "Cluster", func(b view.Brief) string { return b.Cluster }),
		column("state", StateConfig("State"), briefs, func(b view.Brief) *float64 { return b.Level() }),
		text("headline", "Root cause", func(b view.Brief) string { return headline(b, len(briefs) > 1) }),
		text("to_do", "Do first", func(b view.Brief) string { return b.ToDo(root) }),
		text("cause", "Cause", causeSentence),
		text("first", "First action", firstAction),
		text("recovery", "Recovery", func(b view.Brief) string { return b.Rules.Recovery }),
		text("task_queue", "Task queue", func(b view.Brief) string { return b.Rules.Queue.Name }),
		text("namespace", "Namespace", func(b view.Brief) string { return b.Rules.Queue.Namespace }),
		text("service", "Service", func(b view.Brief) string { return string(b.Rules.Blamed) }),
		column("bottleneck", bottleneckNames("Bottleneck"), briefs, func(b view.Brief) string { return b.Bottleneck() }),
		column("since", inUnit("Since", "dateTimeFromNow"), briefs, func(b view.Brief) *time.Time { return view.Moment(b.Verdict.Since) }),
		column("lasting", inUnit("In this state for", "s"), briefs, func(b view.Brief) *float64 {
			if b.Verdict.Since.IsZero() {
				return nil
			}
			return new(max(0, now.Sub(b.Verdict.Since)).Seconds())
		}),
		column("age", inUnit("Age of the data", "s"), briefs, func(b view.Brief) float64 { return b.Age(now).Seconds() }),
		column("coverage", shareConfig("Known"), briefs, func(b view.Brief) *float64 { return new(b.Coverage()) }),
		column("confidence", shareConfig("Confidence"), briefs, func(b view.Brief) *float64 {
			if len(b.Rules.Actions) == 0 {
				return nil
			}
			return new(b.Rules.Actions[0].Confidence)
		}),
		text("gate", "Gate", func(b view.Brief) string { return string(b.Rules.Cause) }),
		column("guide", guideConfig(), briefs, func(b view.Brief) string { return view.Guide(b.Rules.Cause) }),
		column("last_cycle", inUnit("Last cycle", "dateTimeFromNow"), briefs, func(b view.Brief) *time.Time { return view.Moment(b.At) }),
	)
}

// CauseForAlert is the state with the words for a page as labels. An alert rule takes it beside its condition and never as
// its condition: a label that changes makes another alert.
func CauseForAlert(briefs []view.Brief) *data.Frame {
	text := func(name string, value func(view.Brief) string) *data.Field {
		return column(name, nil, briefs, value)
	}
	return numbers("cause",
		text("cluster", func(b view.Brief) string { return b.Cluster }),
		column("state", StateConfig("State"), briefs, func(b view.Brief) *float64 { return view.Level(b.Verdict.State) }),
		text("cause", causeSentence),
		text("first", func(b view.Brief) string { return strings.TrimSuffix(firstAction(b), ".") }),
		text("recovery", func(b view.Brief) string { return b.Rules.Recovery }),
		text("task_queue", func(b view.Brief) string { return b.Rules.Queue.Name }),
		text("namespace", func(b view.Brief) string { return b.Rules.Queue.Namespace }),
		text("bottleneck", func(b view.Brief) string { return formatBottleneck(health.Bottleneck(b.Bottleneck())) }),
		text("since", func(b view.Brief) string {
			if b.Verdict.Since.IsZero() {
				return ""
			}
			return b.Verdict.Since.UTC().Format("15:04 UTC")
		}),
		text("runbook", func(b view.Brief) string { return view.Runbook(b.Rules.Cause) }),
	)
}

// headline is the state and its cause in one line: "CRITICAL · no worker polls for workflow tasks". Among several clusters it
// names its own.
func headline(b view.Brief, among bool) string {
	text := b.Rules.Headline
	if among {
		text = b.Cluster + ": " + text
	}
	return fmt.Sprintf("%s · %s", strings.ToUpper(b.State().String()), text)
}

func causeSentence(b view.Brief) string { return sentence.Capital(b.Rules.Headline) }

func firstAction(b view.Brief) string {
	if len(b.Rules.Actions) == 0 {
		return "Nothing needs to be done."
	}
	return b.Rules.Actions[0].Description
}
