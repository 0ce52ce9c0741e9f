package phases

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/temporal-sre/copilot/internal/remotewrite"
)

// TimelineOptions say how a Timeline is loaded.
type TimelineOptions struct {
	// Cluster becomes the label "cluster" of every series, so that one Prometheus can hold several recordings.
	Cluster string
	// TargetLabels are added to every series, see Options.
	TargetLabels map[string]string
	// Job names the job of a process; nil is "temporal-server" for the server and "app-worker" for all workers.
	Job func(process string) string
	// Only keeps the metrics whose name it accepts; nil keeps all.
	Only func(metric string) bool
}

// batch is how many series go into one request.
const batch = 2000

// Load writes the recording into the Prometheus at that URL as if that had scraped the processes at the time, see the
// function Load. Each instance is "<process>:8000". Recordings from the same hours need a Prometheus that accepts
// samples out of order, or must be loaded in the order of time.
func (t Timeline) Load(ctx context.Context, prometheusURL string, o TimelineOptions) error {
	for _, process := range t.Processes {
		histories, err := t.histories(process)
		if err != nil {
			return err
		}
		up, answered := t.up(histories)
		if !answered {
			continue
		}
		all := []history{up}
		for _, h := range histories {
			if metric, _, _ := strings.Cut(h.series, "{"); o.Only == nil || o.Only(metric) {
				all = append(all, h)
			}
		}
		target := o.targetLabels(process)
		for len(all) > 0 {
			count := min(batch, len(all))
			var request remotewrite.Request
			for _, h := range all[:count] {
				labels, err := labelsOf(h.series)
				if err != nil {
					return err
				}
				request.Add(remotewrite.Encode(remotewrite.Scraped(labels, target)), t.samples(h)...)
			}
			if err := request.Push(ctx, prometheusURL); err != nil {
				return fmt.Errorf("loading %s of recording %q: %w", process, t.Name, err)
			}
			all = all[count:]
		}
	}
	return nil
}

// up is the series that tells whether a process answered its scrapes, from the first answer on.
func (t Timeline) up(histories []history) (up history, answered bool) {
	up = history{series: "up", values: fill(nil, len(t.Scrapes))}
	for i := range t.Scrapes {
		now := false
		for _, h := range histories {
			if !isAbsent(h.values[i]) {
				now = true
				break
			}
		}
		switch {
		case now:
			up.values[i], answered = 1, true
		case answered:
			up.values[i] = 0
		}
	}
	return up, answered
}

// samples are the samples of a series, and a staleness marker where it ends.
func (t Timeline) samples(h history) []remotewrite.Sample {
	var samples []remotewrite.Sample
	alive := false
	for i, v := range h.values {
		switch {
		case !isAbsent(v):
			samples = append(samples, remotewrite.Sample{At: t.Scrapes[i], Value: v})
		case alive:
			samples = append(samples, remotewrite.Sample{At: t.Scrapes[i], Value: remotewrite.StaleMarker})
		}
		alive = !isAbsent(v)
	}
	if alive {
		samples = append(samples, remotewrite.Sample{At: t.End().Add(interval), Value: remotewrite.StaleMarker})
	}
	return samples
}

func (o TimelineOptions) targetLabels(process string) []remotewrite.Label {
	job := "app-worker"
	if process == "server" {
		job = jobs[process]
	}
	if o.Job != nil {
		job = o.Job(process)
	}
	labels := []remotewrite.Label{{Name: "instance", Value: process + ":8000"}, {Name: "job", Value: job}}
	if o.Cluster != "" {
		labels = append(labels, remotewrite.Label{Name: "cluster", Value: o.Cluster})
	}
	for name, value := range o.TargetLabels {
		labels = append(labels, remotewrite.Label{Name: name, Value: value})
	}
	return labels
}

// Interval is the time between two scrapes of a Timeline.
const Interval = 15 * time.Second
