package frames

import (
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/temporal-sre/copilot/pkg/plugin/view"
)

// Assessments tells what was explained: by whom, why, and what was left out of what a model said. Like
// events it serves annotations as well.
func Assessments(rows []view.Assessment) *data.Frame {
	text := func(name, title string, value func(view.Assessment) string) *data.Field {
		return column(name, titled(title), rows, value)
	}
	share := func(name, title string, value func(view.Assessment) float64) *data.Field {
		return column(name, shareConfig(title), rows, value)
	}
	number := func(name, title, unit string, value func(view.Assessment) float64) *data.Field {
		return column(name, inUnit(title, unit), rows, value)
	}
	frame := table("assessments",
		column("time", titled("Assessed cycle"), rows, func(r view.Assessment) time.Time { return r.At.UTC() }),
		text("cluster", "Cluster", func(r view.Assessment) string { return r.Cluster }),
		column("state", StateConfig("State"), rows, func(r view.Assessment) *float64 { return assessedLevel(r.State, r.Stale) }),
		text("summary", "Summary", func(r view.Assessment) string { return r.Summary }),
		text("trigger", "Trigger", func(r view.Assessment) string { return string(r.Trigger) }),
		column("event", inUnit("Event", "none"), rows, func(r view.Assessment) *float64 { return eventNumber(r.EventSeq) }),
		text("made", "Written by", func(r view.Assessment) string { return r.Made }),
		text("instead", "Why not by a model", func(r view.Assessment) string { return r.Instead }),
		text("same_as", "Draft taken from", func(r view.Assessment) string { return r.SameAs }),
		text("depth", "Depth", func(r view.Assessment) string { return r.Depth }),
		share("confidence", "Confidence", func(r view.Assessment) float64 { return r.Confidence }),
		share("coverage", "Coverage", func(r view.Assessment) float64 { return r.Coverage }),
		number("issues", "Issues", "short", func(r view.Assessment) float64 { return float64(len(r.Whole.Issues)) }),
		number("dropped_factors", "Factors dropped", "short", func(r view.Assessment) float64 { return float64(r.Whole.Dropped.Factors) }),
		number("dropped_actions", "Actions dropped", "short", func(r view.Assessment) float64 { return float64(r.Whole.Dropped.Actions) }),
		number("dropped_sentences", "Sentences dropped", "short", func(r view.Assessment) float64 { return float64(r.Whole.Dropped.Sentences) }),
		text("logs_unavailable", "Why without logs", func(r view.Assessment) string { return r.LogsUnavailable }),
		column("made_at", titled("Ready"), rows, func(r view.Assessment) time.Time { return r.MadeAt.UTC() }),
		number("lag", "Ready after", "s", func(r view.Assessment) float64 { return r.MadeAt.Sub(r.At).Seconds() }),
		text("assessment", "Assessment", func(r view.Assessment) string { return r.ID }),
		text("id", "Row", func(r view.Assessment) string { return r.Cluster + "/" + r.ID }),
	)
	frame.Meta.UniqueRowIDFields = []int{len(frame.Fields) - 1}
	return frame
}
