package rulestest

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"github.com/prometheus/prometheus/tsdb/chunks"
	"github.com/prometheus/prometheus/util/annotations"
)

// series are the labels of a time series and its samples, one an interval.
type series struct {
	labels labels.Labels
	values []parser.SequenceValue
}

func parseSeries(s Series) (series, error) {
	l, values, err := parser.NewParser(parser.Options{}).ParseSeriesDesc(s.Series + " " + s.Values)
	if err != nil {
		return series{}, err
	}
	if l.Get(model.MetricNameLabel) == "" {
		return series{}, errors.New("it has no metric name")
	}
	for _, v := range values {
		if v.Histogram != nil {
			return series{}, errors.New("native histograms are not supported: write the series of the buckets")
		}
	}
	return series{l, values}, nil
}

// replaced are series and others in whose favor those with the same labels step back.
func replaced(common, own []series) []series {
	at := map[string]int{}
	var all []series
	for _, s := range slices.Concat(common, own) {
		key := s.labels.String()
		if i, known := at[key]; known {
			all[i] = s
			continue
		}
		at[key] = len(all)
		all = append(all, s)
	}
	return slices.DeleteFunc(all, func(s series) bool { return len(s.values) == 0 })
}

// memory is a store of series for the PromQL engine.
type memory []storage.Series

func newMemory(all []series, start time.Time, interval time.Duration) memory {
	var m memory
	for _, s := range all {
		var samples []chunks.Sample
		for i, v := range s.values {
			if !v.Omitted {
				samples = append(samples, sample{start.Add(time.Duration(i) * interval).UnixMilli(), v.Value})
			}
		}
		m = append(m, storage.NewListSeries(s.labels, samples))
	}
	slices.SortFunc(m, func(a, b storage.Series) int { return labels.Compare(a.Labels(), b.Labels()) })
	return m
}

// Querier returns the store itself: the engine's iterators keep to the range of their query.
func (m memory) Querier(_, _ int64) (storage.Querier, error) { return m, nil }

func (m memory) Select(_ context.Context, _ bool, _ *storage.SelectHints, matchers ...*labels.Matcher) storage.SeriesSet {
	set := &seriesSet{}
	for _, s := range m {
		if !slices.ContainsFunc(matchers, func(matcher *labels.Matcher) bool { return !matcher.Matches(s.Labels().Get(matcher.Name)) }) {
			set.series = append(set.series, s)
		}
	}
	return set
}

// errNoLabels: the reader asks queries only.
var errNoLabels = errors.New("labels are not served")

func (m memory) LabelValues(context.Context, string, *storage.LabelHints, ...*labels.Matcher) ([]string, annotations.Annotations, error) {
	return nil, nil, errNoLabels
}

func (m memory) LabelNames(context.Context, *storage.LabelHints, ...*labels.Matcher) ([]string, annotations.Annotations, error) {
	return nil, nil, errNoLabels
}

func (m memory) Close() error { return nil }

type seriesSet struct {
	series []storage.Series
	next   int
}

func (s *seriesSet) Next() bool                        { s.next++; return s.next <= len(s.series) }
func (s *seriesSet) At() storage.Series                { return s.series[s.next-1] }
func (s *seriesSet) Err() error                        { return nil }
func (s *seriesSet) Warnings() annotations.Annotations { return nil }

// sample is a number at a time in milliseconds.
type sample struct {
	t int64
	v float64
}

func (s sample) ST() int64                     { return 0 }
func (s sample) T() int64                      { return s.t }
func (s sample) F() float64                    { return s.v }
func (s sample) H() *histogram.Histogram       { return nil }
func (s sample) FH() *histogram.FloatHistogram { return nil }
func (s sample) Type() chunkenc.ValueType      { return chunkenc.ValFloat }
func (s sample) Copy() chunks.Sample           { return s }
