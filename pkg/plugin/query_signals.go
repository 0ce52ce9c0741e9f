package plugin

import (
	"context"
	"slices"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/temporal-sre/copilot/pkg/health"
	"github.com/temporal-sre/copilot/pkg/store"
)

// An answer of hundreds of series has fewer points of each: a browser that draws a panel of a thousand points for
// each of them is no help to anybody. Fewer than fewestPoints make no curve.
const (
	mostValues   = 60_000
	fewestPoints = 100
)

// answerSignals tells signals over time, one series for each cluster and signal. Where a signal was
// unknown its value is null, never zero.
func answerSignals(ctx context.Context, d *Datasource, a ask) (data.Frames, error) {
	clusters, lacking, err := d.clustersNow(ctx, a.clusters)
	if err != nil {
		return nil, err
	}
	signals := wantedSignals(a)
	points := min(a.points, max(mostValues/max(1, len(clusters)*len(signals)), fewestPoints))
	stored, err := d.store.Series(ctx, store.SeriesQuery{Clusters: a.clusters, Signals: signals, From: a.from, To: a.to, Points: points})
	if err != nil {
		return nil, err
	}
	thresholds, witnesses := map[string]limits{}, map[string]map[health.SignalID]string{}
	for _, c := range clusters {
		thresholds[c.Cluster], witnesses[c.Cluster] = limitsOf(c.Verdict), c.Snapshot.Witness
	}
	var frames data.Frames
	for _, s := range stored {
		if len(s.Points) == 0 {
			s.Points = []store.Point{{At: a.from}, {At: a.to}} // known, but not then
		}
		frames = append(frames, signalFrame(s, thresholds[s.Cluster], witnesses[s.Cluster][s.Signal], len(a.clusters) == 1))
	}
	if len(frames) == 0 {
		frames = data.Frames{noSeries(string(signals[0]), nil)}
	}
	return lacking.on(frames), nil
}

// wantedSignals are the named ones, or all of the named services, or the primary ones.
func wantedSignals(a ask) []health.SignalID {
	if len(a.signals) > 0 {
		return a.signals
	}
	var ids []health.SignalID
	for _, s := range health.Signals() {
		if len(a.services) > 0 && slices.Contains(a.services, s.Service) || len(a.services) == 0 && s.Class == health.Primary {
			ids = append(ids, s.ID)
		}
	}
	return ids
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
