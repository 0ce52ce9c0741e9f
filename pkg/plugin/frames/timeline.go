package frames

import (
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/temporal-sre/copilot/pkg/plugin/query"
	"github.com/temporal-sre/copilot/pkg/plugin/view"
)

// Timeline holds the states of a cluster over time. A point stands where the state changes and holds until the next
// one; an explicit null stands where knowledge ends.
func Timeline(cluster string, points []view.Point) *data.Frame {
	at, values := make([]time.Time, len(points)), make([]*float64, len(points))
	for i, p := range points {
		at[i], values[i] = p.At.UTC(), p.Value
	}
	return series(string(query.MeasureState), data.Labels{"cluster": cluster}, stepConfig(cluster), at, values)
}
