package frames

import (
	"strings"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/temporal-sre/copilot/pkg/health"
	"github.com/temporal-sre/copilot/pkg/plugin/view"
)

// Workers tells for each cluster on which side it is limited, what its workers read, and which
// scaling rules hold. The numbers of a silent cluster are null.
func Workers(clusters []view.Present) *data.Frame {
	fields := []*data.Field{
		clusterColumn(clusters),
		column("bottleneck", bottleneckNames("Bottleneck"), clusters, view.Present.Bottleneck),
		column("warnings", titled("Scaling rules that hold"), clusters, warningLines),
	}
	for _, s := range health.Signals() {
		if s.Class == health.Worker || s.Class == health.WorkerAmplifier || s.ID == health.StarvedQueues {
			fields = append(fields, snapshotColumn(clusters, s))
		}
	}
	return numbers("workers", fields...)
}

// warningLines are the scaling rules that hold, and what keeps others from being judged.
func warningLines(p view.Present) string {
	if p.Silent {
		return "unknown: no cycle is recent enough"
	}
	var lines, unknown []string
	for _, w := range p.Verdict.Warnings {
		lines = append(lines, w.Text)
	}
	for _, id := range health.ScalingSignals() {
		if _, known := p.Snapshot.Value(id); !known {
			unknown = append(unknown, title(id))
		}
	}
	if len(lines) == 0 && len(unknown) == len(health.ScalingSignals()) {
		return "unknown: no metrics of the cluster's workers"
	}
	if len(lines) == 0 {
		lines = append(lines, "none holds")
	}
	if len(unknown) > 0 {
		lines = append(lines, "unknown: "+strings.Join(unknown, ", "))
	}
	return strings.Join(lines, "\n")
}

func title(id health.SignalID) string {
	signal, _ := health.LookupSignal(id)
	return signal.Title
}

// snapshotColumn is a signal of the last cycle. Thresholds are those of the first cluster: a column has
// only one set of them.
func snapshotColumn(clusters []view.Present, s health.Signal) *data.Field {
	l := limits{band: health.Starter}
	if len(clusters) > 0 {
		l = limitsOf(clusters[0].Verdict)
	}
	return column(string(s.ID), signalConfig(s, s.Title, l), clusters, func(p view.Present) *float64 {
		value, known := p.Snapshot.Value(s.ID)
		if p.Silent || !known {
			return nil
		}
		return new(value)
	})
}
