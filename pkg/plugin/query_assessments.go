package plugin

import (
	"context"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/temporal-sre/copilot/pkg/explain"
	"github.com/temporal-sre/copilot/pkg/store"
)

// assessmentRow is one assessment.
type assessmentRow struct {
	store.Assessment
	whole explain.Explanation
}

// answerAssessments tells what was explained in a time range, newest first: by whom, why, and what was left
// out of what a model said. Like events it serves annotations as well.
func answerAssessments(ctx context.Context, d *Datasource, a ask) (data.Frames, error) {
	_, lacking, err := d.knownClusters(ctx, a.clusters)
	if err != nil {
		return nil, err
	}
	stored, err := d.store.Assessments(ctx, store.AssessmentQuery{Clusters: a.clusters, From: a.from, To: a.to, Limit: a.rows})
	if err != nil {
		return nil, err
	}
	rows := make([]assessmentRow, 0, len(stored))
	for _, s := range stored {
		whole, ok := readExplanation(s)
		if !ok {
			lacking.warn(unreadable(s))
		}
		rows = append(rows, assessmentRow{s, whole})
	}
	return lacking.on(data.Frames{assessmentsFrame(rows)}), nil
}

func assessmentsFrame(rows []assessmentRow) *data.Frame {
	text := func(name, title string, value func(assessmentRow) string) *data.Field {
		return column(name, titled(title), rows, value)
	}
	share := func(name, title string, value func(assessmentRow) float64) *data.Field {
		return column(name, shareConfig(title), rows, value)
	}
	number := func(name, title, unit string, value func(assessmentRow) float64) *data.Field {
		return column(name, inUnit(title, unit), rows, value)
	}
	frame := typed("assessments", data.FrameTypeTable,
		column("time", titled("Assessed cycle"), rows, func(r assessmentRow) time.Time { return r.At.UTC() }),
		text("cluster", "Cluster", func(r assessmentRow) string { return r.Cluster }),
		column("state", stateConfig("State"), rows, func(r assessmentRow) *float64 { return assessedLevel(r.State, r.Stale) }),
		text("summary", "Summary", func(r assessmentRow) string { return r.Summary }),
		text("trigger", "Trigger", func(r assessmentRow) string { return string(r.Trigger) }),
		column("event", inUnit("Event", "none"), rows, func(r assessmentRow) *float64 { return eventNumber(r.EventSeq) }),
		text("made", "Written by", func(r assessmentRow) string { return r.Made }),
		text("instead", "Why not by a model", func(r assessmentRow) string { return r.Instead }),
		text("same_as", "Draft taken from", func(r assessmentRow) string { return r.SameAs }),
		text("depth", "Depth", func(r assessmentRow) string { return r.Depth }),
		share("confidence", "Confidence", func(r assessmentRow) float64 { return r.Confidence }),
		share("coverage", "Coverage", func(r assessmentRow) float64 { return r.Coverage }),
		number("issues", "Issues", "short", func(r assessmentRow) float64 { return float64(len(r.whole.Issues)) }),
		number("dropped_factors", "Factors dropped", "short", func(r assessmentRow) float64 { return float64(r.whole.Dropped.Factors) }),
		number("dropped_actions", "Actions dropped", "short", func(r assessmentRow) float64 { return float64(r.whole.Dropped.Actions) }),
		number("dropped_sentences", "Sentences dropped", "short", func(r assessmentRow) float64 { return float64(r.whole.Dropped.Sentences) }),
		text("logs_unavailable", "Why without logs", func(r assessmentRow) string { return r.LogsUnavailable }),
		column("made_at", titled("Ready"), rows, func(r assessmentRow) time.Time { return r.MadeAt.UTC() }),
		number("lag", "Ready after", "s", func(r assessmentRow) float64 { return r.MadeAt.Sub(r.At).Seconds() }),
		text("assessment", "Assessment", func(r assessmentRow) string { return r.ID }),
		text("id", "Row", func(r assessmentRow) string { return r.Cluster + "/" + r.ID }),
	)
	frame.Meta.PreferredVisualization = data.VisTypeTable
	frame.Meta.UniqueRowIDFields = []int{len(frame.Fields) - 1}
	return frame
}
