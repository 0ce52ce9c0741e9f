package synthetic

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/temporal-sre/copilot/internal/remotewrite"
)

const metricName = "__name__"

type series struct {
	labels Labels
	points []point
}

type point struct {
	at    time.Duration
	value float64
}

// key identifies a series by its labels.
func key(l Labels) string {
	var text strings.Builder
	for _, name := range slices.Sorted(maps.Keys(l)) {
		fmt.Fprintf(&text, "%s=%q,", name, l[name])
	}
	return text.String()
}

// put adds a series, or replaces the one that has the same labels.
func (c *Cluster) put(s *series) {
	s.labels = s.labels.with(Labels{"case": c.Name})
	c.series[key(s.labels)] = s
}

// gauge samples a number, once a step.
func gauge(from, until time.Duration, v Value) (points []point) {
	for at := from; at <= until; at += Step {
		if x := v(at); !math.IsNaN(x) {
			points = append(points, point{at, x})
		}
	}
	return points
}

// counter adds up a rate, once a step.
func counter(from, until time.Duration, total float64, perSecond Value) (points []point) {
	for at := from; at <= until; at += Step {
		if rate := perSecond(at); !math.IsNaN(rate) {
			total += rate * Step.Seconds()
			points = append(points, point{at, total})
		}
	}
	return points
}

// Load writes the cluster into the Prometheus at that URL, which must accept remote writes.
func (c *Cluster) Load(ctx context.Context, prometheusURL string) error {
	var request remotewrite.Request
	for _, k := range slices.Sorted(maps.Keys(c.series)) {
		s := c.series[k]
		var samples []remotewrite.Sample
		for _, p := range s.points {
			if p.at >= c.ScrapedFrom && p.at <= c.ScrapedUntil {
				samples = append(samples, remotewrite.Sample{At: Start.Add(p.at), Value: p.value})
			}
		}
		if len(samples) == 0 {
			continue
		}
		labels := make([]remotewrite.Label, 0, len(s.labels))
		for _, name := range slices.Sorted(maps.Keys(s.labels)) {
			labels = append(labels, remotewrite.Label{Name: name, Value: s.labels[name]})
		}
		request.Add(remotewrite.Encode(labels), samples...)
	}
	if err := request.Push(ctx, prometheusURL); err != nil {
		return fmt.Errorf("loading the synthetic cluster %q: %w", c.Name, err)
	}
	return nil
}
