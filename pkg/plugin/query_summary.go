package plugin

import (
	"context"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/temporal-sre/copilot/pkg/explain"
	"github.com/temporal-sre/copilot/pkg/health"
)

// answerSummary tells in words how clusters are, one row each: the newest explanation, and whether it is
// of the present. A cluster without one has no row, and a notice.
func answerSummary(ctx context.Context, d *Datasource, a ask) (data.Frames, error) {
	clusters, _, lacking, err := d.clustersExplained(ctx, a.clusters, a.states...)
	if err != nil {
		return nil, err
	}
	return lacking.on(data.Frames{summaryFrame(clusters, d.now())}), nil
}

func summaryFrame(clusters []explained, now time.Time) *data.Frame {
	text := func(name, title string, value func(explained) string) *data.Field {
		return column(name, titled(title), clusters, value)
	}
	frame := typed("summary", data.FrameTypeTable,
		text("cluster", "Cluster", func(e explained) string { return e.Cluster }),
		column("state", stateConfig("State"), clusters, func(e explained) *float64 { return e.level() }),
		column("current", currentConfig(), clusters, func(e explained) *float64 { return oneIf(e.current()) }),
		text("summary", "Summary", explained.summary),
		text("first", "Do first", func(e explained) string {
			if best := e.best(); best != nil {
				return best.Description
			}
			return ""
		}),
		column("confidence", shareConfig("Confidence"), clusters, func(e explained) *float64 {
			if !e.current() {
				return nil
			}
			return new(e.assessment.Confidence)
		}),
		text("worst_issue", "Worst issue", func(e explained) string {
			if worst := e.worst(); worst != nil {
				return worst.Title
			}
			return ""
		}),
		column("worst_severity", severityConfig("Severity"), clusters, func(e explained) *float64 {
			if worst := e.worst(); worst != nil {
				return new(severityLevel(worst.Severity))
			}
			return nil
		}),
		column("guide", guideConfig(), clusters, func(e explained) string {
			if worst := e.worst(); worst != nil {
				return guide(worst.Gate)
			}
			return ""
		}),
		column("since", inUnit("Since", "dateTimeFromNow"), clusters, func(e explained) *time.Time { return moment(e.Verdict.Since) }),
		column("last_cycle", inUnit("Last cycle", "dateTimeFromNow"), clusters, func(e explained) *time.Time { return moment(e.present.At) }),
		column("assessed_state", stateConfig("Assessed state"), clusters, func(e explained) *float64 { return assessedLevel(e.assessment.State, e.assessment.Stale) }),
		column("at", inUnit("Assessed cycle", "dateTimeAsIso"), clusters, func(e explained) time.Time { return e.assessment.At.UTC() }),
		column("made_at", inUnit("Assessment ready", "dateTimeAsIso"), clusters, func(e explained) time.Time { return e.assessment.MadeAt.UTC() }),
		column("age", inUnit("Age of the assessment", "s"), clusters, func(e explained) float64 { return now.Sub(e.assessment.At).Seconds() }),
		text("made", "Written by", func(e explained) string { return e.assessment.Made }),
		text("instead", "Why not by a model", func(e explained) string { return e.assessment.Instead }),
		text("trigger", "Trigger", func(e explained) string { return string(e.assessment.Trigger) }),
		column("event", inUnit("Event", "none"), clusters, func(e explained) *float64 { return eventNumber(e.assessment.EventSeq) }),
		text("logs_unavailable", "Why without logs", func(e explained) string { return e.assessment.LogsUnavailable }),
		text("markdown", "Explanation", explained.markdown),
		text("assessment", "Assessment", func(e explained) string { return e.assessment.ID }),
	)
	frame.Meta.PreferredVisualization = data.VisTypeTable
	return frame
}

// assessedLevel is the state that was assessed; a stale one was not known any more.
func assessedLevel(state health.State, stale bool) *float64 {
	if stale {
		return nil
	}
	return level(state)
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
