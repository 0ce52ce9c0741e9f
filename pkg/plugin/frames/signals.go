package frames

import (
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/temporal-sre/copilot/pkg/health"
	"github.com/temporal-sre/copilot/pkg/plugin/query"
	"github.com/temporal-sre/copilot/pkg/plugin/view"
	"github.com/temporal-sre/copilot/pkg/store"
)

// Signals are signals over time, one series for each cluster and signal. Where a signal was unknown its value is
// null, never zero.
func Signals(stored []store.Series, clusters []view.Present, a query.Query) data.Frames {
	thresholds, witnesses := map[string]limits{}, map[string]map[health.SignalID]string{}
	for _, c := range clusters {
		thresholds[c.Cluster], witnesses[c.Cluster] = limitsOf(c.Verdict), c.Snapshot.Witness
	}
	var all data.Frames
	for _, s := range stored {
		if len(s.Points) == 0 {
			s.Points = []store.Point{{At: a.From}, {At: a.To}} // known, but not then
		}
		all = append(all, signalFrame(s, thresholds[s.Cluster], witnesses[s.Cluster][s.Signal], len(a.Clusters) == 1))
	}
	return all
}

// signalFrame names a series for people: by its signal, and by its cluster unless only one was asked for. Its description
// says what the last cycle read it from, where that is not the usual metric.
func signalFrame(s store.Series, l limits, witness string, oneCluster bool) *data.Frame {
	signal, _ := health.LookupSignal(s.Signal) // only known signals are asked for
	title := signal.Title
	if !oneCluster {
		title += " · " + s.Cluster
	}
	at, values := make([]time.Time, len(s.Points)), make([]*float64, len(s.Points))
	for i, p := range s.Points {
		at[i], values[i] = p.At.UTC(), p.Value
	}
	labels := data.Labels{"cluster": s.Cluster, "signal": string(s.Signal)}
	config := signalConfig(signal, title, l)
	if witness != "" {
		config.Description += " Read from " + witness + "."
	}
	return series(string(s.Signal), labels, config, at, values)
}
