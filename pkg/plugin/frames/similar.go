package frames

import (
	"strings"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/temporal-sre/copilot/pkg/plugin/view"
)

// Similar lists past incidents with the root cause of the one in question.
func Similar(rows []view.Similar) *data.Frame {
	text := func(name, title string, value func(view.Similar) string) *data.Field {
		return column(name, titled(title), rows, value)
	}
	return table("similar",
		text("cluster", "Cluster", func(s view.Similar) string { return s.Cluster }),
		column("time", titled("Began"), rows, func(s view.Similar) time.Time { return s.Begin.UTC() }),
		column("timeEnd", titled("Ended"), rows, func(s view.Similar) time.Time { return s.End.UTC() }),
		column("duration", inUnit("Lasted", "s"), rows, func(s view.Similar) float64 { return s.Lasted().Seconds() }),
		column("state", StateConfig("Worst"), rows, func(s view.Similar) *float64 { return view.Level(s.Worst) }),
		text("cause", "Root cause", func(s view.Similar) string { return s.Headline }),
		text("recovered", "What recovered", func(s view.Similar) string { return s.Recovered }),
		text("changed", "What changed before", func(s view.Similar) string { return s.Changed }),
		text("feedback", "Feedback", func(s view.Similar) string {
			var said []string
			for _, f := range s.Feedback {
				said = append(said, view.FeedbackText(f))
			}
			return strings.Join(said, "; ")
		}),
		column("alike", shareConfig("Alike"), rows, func(s view.Similar) float64 { return s.Alike }),
		column("often", inUnit("How often", "none"), rows, func(s view.Similar) float64 { return float64(s.Of) }),
		column("days", inUnit("Stored for", "d"), rows, func(s view.Similar) float64 { return s.Days }),
		text("summary", "Explanation", func(s view.Similar) string { return s.Explanation.Summary }),
		text("gate", "Gate", func(s view.Similar) string { return string(s.Cause) }),
		column("guide", guideConfig(), rows, func(s view.Similar) string { return view.Guide(s.Cause) }),
		column("event", inUnit("Event", "none"), rows, func(s view.Similar) *float64 { return eventNumber(s.Event) }),
		text("assessment", "Assessment", func(s view.Similar) string { return s.Explanation.Assessment }),
	)
}
