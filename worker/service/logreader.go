package service

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/temporal-sre/copilot/pkg/telemetry/logs"
	"github.com/temporal-sre/copilot/worker/activities"
	"github.com/temporal-sre/copilot/worker/config"
)

// LogReader counts known patterns in the log lines of one configured cluster. Where the configuration names
// files, it notices when they change.
type LogReader struct {
	cluster  config.Cluster
	patterns []logs.Pattern
	options  logs.Options

	mu     sync.Mutex
	source logs.Source
	reader *logs.Reader
}

// NewLogReader makes a reader for a cluster that has logs, and fails on a configuration that can't work.
func NewLogReader(cluster config.Cluster, patterns []logs.Pattern, options logs.Options) (*LogReader, error) {
	r := &LogReader{cluster: cluster, patterns: patterns, options: options}
	_, err := r.current()
	return r, err
}

// current is the reader for the source as it is now.
func (r *LogReader) current() (*logs.Reader, error) {
	source, err := r.cluster.LogSource()
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.reader == nil || source != r.source {
		reader, err := logs.New(source, r.patterns, r.options)
		if err != nil {
			return nil, fmt.Errorf("logs of cluster %q: %w", r.cluster.Name, err)
		}
		r.source, r.reader = source, reader
	}
	return r.reader, nil
}

// Read counts the lines that arrived since the cursor's last Read.
func (r *LogReader) Read(ctx context.Context, cursor logs.Cursor, now time.Time) (logs.Reading, error) {
	reader, err := r.current()
	if err != nil {
		return logs.Reading{}, err
	}
	return reader.Read(ctx, cursor, now)
}

// logReaders makes a reader for every cluster whose logs are configured.
func logReaders(c config.Config) (map[string]activities.Logs, error) {
	patterns, err := c.Patterns()
	if err != nil {
		return nil, err
	}
	all := map[string]activities.Logs{}
	for _, cluster := range c.Clusters {
		if cluster.Logs == nil {
			continue
		}
		reader, err := NewLogReader(cluster, patterns, logs.Options{Lookback: time.Duration(cluster.Interval)})
		if err != nil {
			return nil, err
		}
		all[string(cluster.Name)] = activities.Logs{Reader: reader, Patterns: patterns, Window: time.Duration(cluster.Logs.Window)}
	}
	return all, nil
}
