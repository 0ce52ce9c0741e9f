package frames

import (
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/temporal-sre/copilot/pkg/plugin/view"
)

// partly lies between working and failing, at a number that no alert rule of ours takes for failing.
const partly = 0.5

func worksConfig() *data.FieldConfig {
	return &data.FieldConfig{DisplayNameFromDS: "Works", Mappings: data.ValueMappings{
		data.ValueMapper{
			"0":   {Text: "yes", Color: green, Index: 0},
			"0.5": {Text: "partly", Color: orange, Index: 1},
			"1":   {Text: "no", Color: red, Index: 2},
		},
		nullIs("unknown"),
	}}
}

// Sources holds a row for each cluster and source. What an alert rule compares is 1 while it fails, and
// null where nobody knows.
func Sources(rows []view.Source, forAlert bool, now time.Time) *data.Frame {
	text := func(name, title string, value func(view.Source) string) *data.Field {
		return column(name, titled(title), rows, value)
	}
	fields := []*data.Field{
		text("cluster", "Cluster", func(s view.Source) string { return s.Cluster }),
		text("source", "Source", func(s view.Source) string { return s.Name }),
		column("failing", worksConfig(), rows, func(s view.Source) *float64 {
			switch {
			case s.Failing == nil:
				return nil
			case s.Partly && !*s.Failing:
				return new(partly)
			default:
				return view.OneIf(*s.Failing)
			}
		}),
	}
	if !forAlert {
		fields = append(fields,
			column("lag", inUnit("Behind", "s"), rows, func(s view.Source) *float64 {
				if s.Last.IsZero() {
					return nil
				}
				return new(max(0, now.Sub(s.Last).Seconds()))
			}),
			column("last", inUnit("Last answer", "dateTimeFromNow"), rows, func(s view.Source) *time.Time { return view.Moment(s.Last) }),
			column("failures", inUnit("Failures", "short"), rows, func(s view.Source) *float64 { return s.Failures }),
			text("reason", "Details", func(s view.Source) string { return s.Reason }),
		)
	}
	return numbers("sources", fields...)
}
