package plugin

import (
	"context"
	"strings"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/temporal-sre/copilot/pkg/health"
)

// answerWorkers tells for each cluster on which side it is limited, what its workers read, and which
// scaling rules hold. The numbers of a silent cluster are null.
func answerWorkers(ctx context.Context, d *Datasource, a ask) (data.Frames, error) {
	clusters, lacking, err := d.clustersNow(ctx, a.clusters)
	if err != nil {
		return nil, err
	}
	fields := []*data.Field{
		clusterColumn(clusters),
		column("bottleneck", bottleneckNames("Bottleneck"), clusters, present.bottleneck),
		column("warnings", titled("Scaling rules that hold"), clusters, warningLines),
	}
	for _, s := range health.Signals() {
		if s.Class == health.Worker || s.Class == health.WorkerAmplifier || s.ID == health.StarvedQueues {
			fields = append(fields, snapshotColumn(clusters, s))
		}
	}
	return lacking.on(data.Frames{numbers("workers", fields...)}), nil
}

// warningLines are the scaling rules that hold, and what keeps others from being judged.
func warningLines(p present) string {
	if p.silent {
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
func snapshotColumn(clusters []present, s health.Signal) *data.Field {
	l := limits{band: health.Starter}
	if len(clusters) > 0 {
		l = limitsOf(clusters[0].Verdict)
	}
	return column(string(s.ID), signalConfig(s, s.Title, l), clusters, func(p present) *float64 {
		value, known := p.Snapshot.Value(s.ID)
		if p.silent || !known {
			return nil
		}
		return new(value)
	})
}
