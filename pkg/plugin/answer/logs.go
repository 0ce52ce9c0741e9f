package answer

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"
	"golang.org/x/sync/errgroup"

	"github.com/temporal-sre/copilot/pkg/plugin/frames"
	"github.com/temporal-sre/copilot/pkg/plugin/query"
	"github.com/temporal-sre/copilot/pkg/plugin/view"
	"github.com/temporal-sre/copilot/pkg/store"
)

// logs tells which known trouble patterns were found in the logs of a time range, as a table or as counts over time.
// That none was found means something only where logs were read; where they were not, a notice says so.
func (d Answers) logs(ctx context.Context, a query.Query) (data.Frames, error) {
	clusters, notices, err := d.Views.Clusters(ctx, a.Clusters)
	if err != nil {
		return nil, err
	}
	readings, err := d.Views.LogReadings(ctx, clusters, a.Clusters)
	if err != nil {
		return nil, err
	}
	// By name, so that a series keeps its colour whatever becomes of its cluster.
	slices.SortFunc(readings, func(x, y view.LogReading) int { return strings.Compare(x.Cluster, y.Cluster) })
	for _, r := range readings {
		if said := r.Caveat(); said != "" {
			notices.Warn(said)
		}
	}
	if a.Measure == query.MeasureCounts {
		return d.logCounts(ctx, readings, a, notices)
	}
	from, to := wholeHours(a.From, a.To)
	patterns, err := d.Views.Store.LogPatterns(ctx, store.LogQuery{Clusters: a.Clusters, From: from, To: to, Patterns: a.Patterns, Services: query.PlainNames(a.Services), Limit: a.Rows})
	if err != nil {
		return nil, err
	}
	recent, err := d.Views.RecentLines(ctx, a.Clusters, a.To)
	if err != nil {
		return nil, err
	}
	return notices.On(data.Frames{frames.Logs(patterns, recent, d.Links, a.From, a.To)}), nil
}

// wholeHours widens a range of days to whole hours, of which the store has kept the sums: the half minutes at the
// ends of a month are not worth as many rows as the month.
func wholeHours(from, to time.Time) (time.Time, time.Time) {
	if to.Sub(from) < 2*24*time.Hour {
		return from, to
	}
	return from.Truncate(time.Hour), to.Add(time.Hour - 1).Truncate(time.Hour)
}

// logCounts are the lines of each pattern in each step. An alert rule gets the patterns that it names, or all
// of them together: patterns that come and go would be series that come and go.
func (d Answers) logCounts(ctx context.Context, readings []view.LogReading, a query.Query, notices view.Notices) (data.Frames, error) {
	step := view.StepFor(a.From, a.To, a.Points)
	from := a.From.Truncate(step)
	_, to := wholeHours(from, a.To)
	var (
		rates  map[string][]store.Point
		counts []store.LogPattern
	)
	// Neither needs the other, and in a long range each takes its time.
	group, both := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		rates, err = d.Views.LogRates(both, a.Clusters, from, a.To, step)
		return err
	})
	group.Go(func() (err error) {
		counts, err = d.Views.Store.LogPatterns(both, store.LogQuery{Clusters: a.Clusters, From: from, To: to, Patterns: a.Patterns, Services: query.PlainNames(a.Services), Step: step, Limit: view.MostLogCounts})
		return err
	})
	if err := group.Wait(); err != nil {
		return nil, err
	}
	if len(counts) >= view.MostLogCounts {
		if a.ForAlert {
			return nil, query.Invalidf("there are more than %d counts of log patterns in this time range: choose a shorter one, or name patterns or clusters", view.MostLogCounts)
		}
		notices.Warn(fmt.Sprintf("There are more than %d counts in this time range and some are notices: choose a shorter one, or name patterns or clusters.", view.MostLogCounts))
	}
	for i := range readings {
		readings[i].Rate = rates[readings[i].Cluster]
	}
	of := map[string][]store.LogPattern{}
	for _, c := range counts {
		of[c.Cluster] = append(of[c.Cluster], c)
	}
	var all data.Frames
	for _, r := range readings {
		begins, known := r.Steps(from, a.To, step)
		for _, name := range patternNames(of[r.Cluster], a) {
			all = append(all, frames.LogCounts(r.Cluster, name, begins, r.Lines(name, of[r.Cluster], begins, known, step)))
		}
	}
	if len(all) == 0 {
		all = data.Frames{frames.NoSeries("lines", nil)}
	}
	return notices.On(all), nil
}

// patternNames are the patterns of a cluster to show.
func patternNames(counts []store.LogPattern, a query.Query) []string {
	if len(a.Patterns) > 0 {
		return a.Patterns
	}
	var found []string
	for _, c := range counts {
		found = append(found, c.Pattern)
	}
	if a.ForAlert || len(found) == 0 {
		return []string{view.AnyPattern}
	}
	slices.Sort(found)
	return slices.Compact(found)
}
