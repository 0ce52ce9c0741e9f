package service

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/temporal-sre/copilot/pkg/health"
	"github.com/temporal-sre/copilot/pkg/telemetry"
	"github.com/temporal-sre/copilot/worker/activities"
	"github.com/temporal-sre/copilot/worker/config"
)

// Reader reads the signals of one configured cluster. Where the configuration names files (a token that
// is rotated, say), it notices when they change.
type Reader struct {
	cluster config.Cluster

	mu     sync.Mutex
	source telemetry.Source
	reader *telemetry.Reader
}

// NewReader makes a reader, and fails on a configuration that can't work.
func NewReader(cluster config.Cluster) (*Reader, error) {
	if err := cluster.Series().Validate(); err != nil {
		return nil, err
	}
	r := &Reader{cluster: cluster}
	_, err := r.current()
	return r, err
}

// current is the reader for the source as it is now.
func (r *Reader) current() (*telemetry.Reader, error) {
	source, err := r.cluster.Source()
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.reader != nil && sameSource(source, r.source) {
		return r.reader, nil
	}
	reader, err := telemetry.New(source, telemetry.Options{})
	if err != nil {
		return nil, fmt.Errorf("prometheus of cluster %q: %w", r.cluster.Name, err)
	}
	r.source, r.reader = source, reader
	return reader, nil
}

func sameSource(a, b telemetry.Source) bool {
	if a.SigV4 != nil && b.SigV4 != nil && *a.SigV4 == *b.SigV4 {
		a.SigV4, b.SigV4 = nil, nil
	}
	return a == b
}

// Read reads all signals at one time.
func (r *Reader) Read(ctx context.Context, at time.Time) (telemetry.Reading, error) {
	return r.read(ctx, at, nil)
}

// read is Read with the task queues that the snapshot has to include.
func (r *Reader) read(ctx context.Context, at time.Time, keep []health.QueueKey) (telemetry.Reading, error) {
	reader, err := r.current()
	if err != nil {
		return telemetry.Reading{}, err
	}
	series := r.cluster.Series()
	series.Keep = keep
	return reader.Read(ctx, series, at)
}

// Snapshot is Read for the rules: what went wrong as a whole is the reason why every signal is unknown.
func (r *Reader) Snapshot(ctx context.Context, at time.Time, keep []health.QueueKey) health.Snapshot {
	reading, err := r.read(ctx, at, keep)
	if err == nil {
		return reading.Snapshot
	}
	return health.Blind(string(r.cluster.Name), at, err.Error())
}

func readers(clusters []config.Cluster) (map[string]activities.SignalReader, error) {
	all := make(map[string]activities.SignalReader, len(clusters))
	for _, cluster := range clusters {
		reader, err := NewReader(cluster)
		if err != nil {
			return nil, err
		}
		all[string(cluster.Name)] = reader
	}
	return all, nil
}

// amplifierThresholds are the own thresholds of amplifiers of the clusters that have any.
func amplifierThresholds(c config.Config) map[string]map[health.SignalID]float64 {
	all := map[string]map[health.SignalID]float64{}
	for _, cluster := range c.Clusters {
		if len(cluster.Thresholds.Amplifiers) > 0 {
			all[string(cluster.Name)] = cluster.Thresholds.Amplifiers
		}
	}
	return all
}
