package story

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"
	"github.com/stretchr/testify/require"
)

// Question is a query in the story's time range.
func Question(t testing.TB, fields map[string]any) backend.DataQuery {
	t.Helper()
	raw, err := json.Marshal(fields)
	require.NoError(t, err)
	return backend.DataQuery{
		RefID: "A", JSON: raw, MaxDataPoints: 100,
		TimeRange: backend.TimeRange{From: Begins.Add(-5 * time.Minute), To: Now.Add(time.Minute)},
	}
}

// QueryOf are the fields of a query of a type.
func QueryOf(kind string, more ...map[string]any) map[string]any {
	q := map[string]any{"queryType": kind, "version": 1}
	for _, m := range more {
		for k, v := range m {
			q[k] = v
		}
	}
	return q
}

// RequireAlertable checks what Grafana's alerting asks of frames: a type it reads, one number per
// frame, only labels beside it, and no two numbers with the same labels.
func RequireAlertable(t testing.TB, frames data.Frames) {
	t.Helper()
	seen := map[string]bool{}
	identity := func(labels string) {
		require.False(t, seen[labels], "two numbers with the labels %q", labels)
		seen[labels] = true
	}
	for _, f := range frames {
		require.NotNil(t, f.Meta)
		require.False(t, f.Meta.TypeVersion.IsZero())
		var numeric, text []*data.Field
		for _, field := range f.Fields {
			switch {
			case field.Type().Numeric():
				numeric = append(numeric, field)
			case field.Type() == data.FieldTypeString:
				text = append(text, field)
			default:
				require.Equal(t, data.FieldTypeTime, field.Type(), "field %q", field.Name)
			}
		}
		require.Len(t, numeric, 1, "an alert rule takes one number")
		switch f.Meta.Type {
		case data.FrameTypeNumericLong:
			for row := range f.Rows() {
				labels := ""
				for _, field := range text {
					labels += field.At(row).(string) + "\n"
				}
				identity(labels)
			}
		case data.FrameTypeTimeSeriesMulti:
			require.Empty(t, text)
			identity(numeric[0].Labels.String())
		default:
			require.Fail(t, "alert rules can't read the frame type "+string(f.Meta.Type))
		}
	}
}
