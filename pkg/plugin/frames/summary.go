package frames

import (
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/temporal-sre/copilot/pkg/explain"
	"github.com/temporal-sre/copilot/pkg/health"
	"github.com/temporal-sre/copilot/pkg/plugin/view"
)

// Summary tells in words how clusters are, one row each: the newest explanation, and whether it is of the present.
func Summary(clusters []view.Explained, root string, now time.Time) *data.Frame {
	text := func(name, title string, value func(view.Explained) string) *data.Field {
		return column(name, titled(title), clusters, value)
	}
	return table("summary",
		text("cluster", "Cluster", func(e view.Explained) string { return e.Cluster }),
		column("state", StateConfig("State"), clusters, func(e view.Explained) *float64 { return e.Level() }),
		column("current", currentConfig(), clusters, func(e view.Explained) *float64 { return view.OneIf(e.Current()) }),
		text("summary", "Summary", view.Explained.Summary),
		text("first", "Do first", func(e view.Explained) string {
			if best := e.BestAction(); best != nil {
				return best.Description
			}
			return ""
		}),
		column("confidence", shareConfig("Confidence"), clusters, func(e view.Explained) *float64 {
			if !e.Current() {
				return nil
			}
			return new(e.Assessment.Confidence)
		}),
		text("worst_issue", "Worst issue", func(e view.Explained) string {
			if worst := e.WorstIssue(); worst != nil {
				return worst.Title
			}
			return ""
		}),
		column("worst_severity", severityConfig("Severity"), clusters, func(e view.Explained) *float64 {
			if worst := e.WorstIssue(); worst != nil {
				return new(view.SeverityLevel(worst.Severity))
			}
			return nil
		}),
		column("guide", guideConfig(), clusters, func(e view.Explained) string {
			if worst := e.WorstIssue(); worst != nil {
				return view.Guide(worst.Gate)
			}
			return ""
		}),
		column("since", inUnit("Since", "dateTimeFromNow"), clusters, func(e view.Explained) *time.Time { return view.Moment(e.Verdict.Since) }),
		column("last_cycle", inUnit("Last cycle", "dateTimeFromNow"), clusters, func(e view.Explained) *time.Time { return view.Moment(e.Present.At) }),
		column("assessed_state", StateConfig("Assessed state"), clusters, func(e view.Explained) *float64 { return assessedLevel(e.Assessment.State, e.Assessment.Stale) }),
		column("at", inUnit("Assessed cycle", "dateTimeAsIso"), clusters, func(e view.Explained) time.Time { return e.Assessment.At.UTC() }),
		column("made_at", inUnit("Assessment ready", "dateTimeAsIso"), clusters, func(e view.Explained) time.Time { return e.Assessment.MadeAt.UTC() }),
		column("age", inUnit("Age of the assessment", "s"), clusters, func(e view.Explained) float64 { return now.Sub(e.Assessment.At).Seconds() }),
		text("made", "Written by", func(e view.Explained) string { return e.Assessment.Made }),
		text("instead", "Why not by a model", func(e view.Explained) string { return e.Assessment.Instead }),
		text("trigger", "Trigger", func(e view.Explained) string { return string(e.Assessment.Trigger) }),
		column("event", inUnit("Event", "none"), clusters, func(e view.Explained) *float64 { return eventNumber(e.Assessment.EventSeq) }),
		text("logs_unavailable", "Why without logs", func(e view.Explained) string { return e.Assessment.LogsUnavailable }),
		text("markdown", "Explanation", func(e view.Explained) string { return e.Markdown(root) }),
		text("assessment", "Assessment", func(e view.Explained) string { return e.Assessment.ID }),
	)
}

// assessedLevel is the state that was assessed; a stale one was not known any more.
func assessedLevel(state health.State, stale bool) *float64 {
	if stale {
		return nil
	}
	return view.Level(state)
}

// eventNumber is nil for an assessment that no event set off.
func eventNumber(seq int64) *float64 {
	if seq == 0 {
		return nil
	}
	return new(float64(seq))
}

// currentConfig says whether an explanation is of the situation that holds now.
func currentConfig() *data.FieldConfig {
	return flagConfig("Explains", "an earlier situation", orange, "the present", green)
}

// severityConfig shows a severity number as a word in the colour of the state that it makes.
func severityConfig(title string) *data.FieldConfig {
	return &data.FieldConfig{
		DisplayNameFromDS: title,
		Mappings: data.ValueMappings{data.ValueMapper{
			"1": {Text: string(explain.Warning), Color: yellow, Index: 0},
			"2": {Text: string(explain.Critical), Color: red, Index: 1},
		}},
		Thresholds: steps(green, step{1, yellow}, step{2, red}),
	}
}

// guideConfig makes an address a link.
func guideConfig() *data.FieldConfig {
	config := titled("Guide")
	config.Links = []data.DataLink{{Title: "Read the guide", TargetBlank: true, URL: "${__value.raw}"}}
	return config
}
