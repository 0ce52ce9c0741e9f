package plugin

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sort"
	"strings"
	"sync"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/temporal-sre/copilot/pkg/health"
	"github.com/temporal-sre/copilot/pkg/store"
)

// answerLogs tells which known trouble patterns were found in the logs of a time range, as a table or as
// counts over time. That none was found means something only where logs were read; where they were not, a
// notice says so.
func answerLogs(ctx context.Context, d *Datasource, a ask) (data.Frames, error) {
	clusters, lacking, err := d.clustersNow(ctx, a.clusters)
	if err != nil {
		return nil, err
	}
	readings, err := d.logReadings(ctx, clusters, a)
	if err != nil {
		return nil, err
	}
	for _, r := range readings {
		if said := r.trouble(); said != "" {
			lacking.warn(said)
		}
	}
	if a.measure == measureCounts {
		return d.logCounts(ctx, readings, a, lacking)
	}
	from, to := wholeHours(a.from, a.to)
	patterns, err := d.store.LogPatterns(ctx, store.LogQuery{Clusters: a.clusters, From: from, To: to, Patterns: a.patterns, Services: plainNames(a.services), Limit: a.rows})
	if err != nil {
		return nil, err
	}
	return lacking.on(data.Frames{logsFrame(patterns)}), nil
}

// wholeHours widens a range of days to whole hours, of which the store has kept the sums: the half minutes at the
// ends of a month are not worth as many rows as the month.
func wholeHours(from, to time.Time) (time.Time, time.Time) {
	if to.Sub(from) < 2*24*time.Hour {
		return from, to
	}
	return from.Truncate(time.Hour), to.Add(time.Hour - 1).Truncate(time.Hour)
}

func logsFrame(rows []store.LogPattern) *data.Frame {
	text := func(name, title string, value func(store.LogPattern) string) *data.Field {
		return column(name, titled(title), rows, value)
	}
	frame := typed("logs", data.FrameTypeTable,
		text("cluster", "Cluster", func(p store.LogPattern) string { return p.Cluster }),
		text("pattern", "Pattern", func(p store.LogPattern) string { return p.Pattern }),
		text("meaning", "What it means", func(p store.LogPattern) string { return p.Meaning }),
		text("service", "Service", func(p store.LogPattern) string { return p.Service }),
		column("count", inUnit("Lines", "short"), rows, func(p store.LogPattern) float64 { return float64(p.Count) }),
		column("at_least", flagConfig("Counted", "all", green, "at least", orange), rows, func(p store.LogPattern) *float64 { return oneIf(p.AtLeast) }),
		column("last_seen", inUnit("Last seen", "dateTimeFromNow"), rows, func(p store.LogPattern) time.Time { return p.At.UTC() }),
		text("sample", "Sample", func(p store.LogPattern) string { return p.Sample }),
	)
	frame.Meta.PreferredVisualization = data.VisTypeTable
	return frame
}

// logReading is how far the logs of a cluster were read, and when they were.
type logReading struct {
	present
	// state is nil when they never were.
	state *store.LogState
	now   time.Time
	// rate is the signal that is known exactly while logs are read; only counts over time need it.
	rate []store.Point
}

// logReadings are in the order of names, so that a series keeps its colour whatever becomes of its cluster.
func (d *Datasource) logReadings(ctx context.Context, clusters []present, a ask) ([]logReading, error) {
	states, err := d.store.LogStates(ctx, a.clusters)
	if err != nil {
		return nil, err
	}
	readings := make([]logReading, 0, len(clusters))
	for _, c := range clusters {
		r := logReading{present: c, now: d.now()}
		if i := slices.IndexFunc(states, func(s store.LogState) bool { return s.Cluster == c.Cluster }); i >= 0 {
			r.state = &states[i]
		}
		readings = append(readings, r)
	}
	slices.SortFunc(readings, func(x, y logReading) int { return strings.Compare(x.Cluster, y.Cluster) })
	return readings, nil
}

// fresh: the logs are being read. They are read every half minute, however often the signals are.
func (r logReading) fresh() bool {
	return r.state != nil && r.state.Unavailable == "" && !silent(r.state.At, max(r.Interval, usualInterval), r.now)
}

// through is the time up to which lines were read; zero when they never were.
func (r logReading) through() time.Time {
	if r.state == nil {
		return time.Time{}
	}
	return r.state.Through
}

// trouble says what an empty answer does not mean.
func (r logReading) trouble() string {
	until := "Nothing of them is known."
	if at := r.through(); !at.IsZero() {
		until = fmt.Sprintf("What happened after %s is not known.", clock(at))
	}
	switch {
	case r.state == nil:
		return fmt.Sprintf("The logs of cluster %q were never read, so no row here does not mean no trouble. Give the cluster a `logs` section in the worker's configuration.", r.Cluster)
	case r.state.Unavailable != "":
		return fmt.Sprintf("The logs of cluster %q can't be read: %s. %s", r.Cluster, r.state.Unavailable, until)
	case !r.fresh():
		return fmt.Sprintf("The logs of cluster %q have not been read since %s: check that the worker runs. %s", r.Cluster, clock(r.state.At), until)
	}
	return ""
}

// mostLogCounts is how many counts the store returns at most.
const mostLogCounts = 50_000

// logCounts are the lines of each pattern in each step. An alert rule gets the patterns that it names, or all
// of them together: patterns that come and go would be series that come and go.
func (d *Datasource) logCounts(ctx context.Context, readings []logReading, a ask, lacking notices) (data.Frames, error) {
	step := stepFor(a.from, a.to, a.points)
	from := a.from.Truncate(step)
	_, to := wholeHours(from, a.to)
	var (
		rates    map[string][]store.Point
		ratesErr error
		group    sync.WaitGroup
	)
	// Neither needs the other, and in a long range each takes its time.
	group.Go(func() { rates, ratesErr = d.logRates(ctx, a.clusters, from, a.to, step) })
	counts, err := d.store.LogPatterns(ctx, store.LogQuery{Clusters: a.clusters, From: from, To: to, Patterns: a.patterns, Services: plainNames(a.services), Step: step, Limit: mostLogCounts})
	group.Wait()
	if err := cmp.Or(err, ratesErr); err != nil {
		return nil, err
	}
	if len(counts) >= mostLogCounts {
		if a.forAlert {
			return nil, badQueryf("there are more than %d counts of log patterns in this time range: choose a shorter one, or name patterns or clusters", mostLogCounts)
		}
		lacking.warn(fmt.Sprintf("There are more than %d counts in this time range and some are missing: choose a shorter one, or name patterns or clusters.", mostLogCounts))
	}
	for i := range readings {
		readings[i].rate = rates[readings[i].Cluster]
	}
	of := map[string][]store.LogPattern{}
	for _, c := range counts {
		of[c.Cluster] = append(of[c.Cluster], c)
	}
	var frames data.Frames
	for _, r := range readings {
		begins, known := r.steps(from, a.to, step)
		for _, name := range patternNames(of[r.Cluster], a) {
			frames = append(frames, r.series(name, of[r.Cluster], begins, known, step))
		}
	}
	if len(frames) == 0 {
		frames = data.Frames{noSeries("lines", nil)}
	}
	return lacking.on(frames), nil
}

// anyPattern stands for all patterns together.
const anyPattern = ""

// patternNames are the patterns of a cluster to show.
func patternNames(counts []store.LogPattern, a ask) []string {
	if len(a.patterns) > 0 {
		return a.patterns
	}
	var found []string
	for _, c := range counts {
		found = append(found, c.Pattern)
	}
	if a.forAlert || len(found) == 0 {
		return []string{anyPattern}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// logRates reads the signal that is known exactly while logs are read, as finely as the steps need it. In long
// ranges a point stands for five minutes or for an hour, and is known when a cycle of them knew.
func (d *Datasource) logRates(ctx context.Context, clusters []string, from, to time.Time, step time.Duration) (map[string][]store.Point, error) {
	points := maxPoints
	for _, each := range []time.Duration{5 * time.Minute, time.Hour} {
		if step >= each {
			points = int((to.Sub(from)+each-1)/each) + 1
		}
	}
	stored, err := d.store.Series(ctx, store.SeriesQuery{Clusters: clusters, Signals: []health.SignalID{health.LogPatternRate}, From: from, To: to, Points: points})
	if err != nil {
		return nil, err
	}
	rates := map[string][]store.Point{}
	for _, s := range stored {
		rates[s.Cluster] = s.Points
	}
	return rates, nil
}

// steps are those of a range up to now, and for each whether the logs of all of it were read.
func (r logReading) steps(from, to time.Time, step time.Duration) (begins []time.Time, known []bool) {
	end := earlier(to, r.now)
	if r.fresh() {
		end = earlier(end, r.through()) // the next lines are on their way
	}
	begins = grid(from, end, step)
	if len(begins) == 0 {
		begins = []time.Time{from.UTC()}
	}
	for _, at := range begins {
		known = append(known, r.knownBetween(at, earlier(at.Add(step), end)))
	}
	return begins, known
}

// series holds the lines of a pattern in each step. A step without any is 0 only when the logs of all of it
// were read, and else null.
func (r logReading) series(pattern string, counts []store.LogPattern, begins []time.Time, known []bool, step time.Duration) *data.Frame {
	found := map[int64]float64{}
	for _, c := range counts {
		if pattern == anyPattern || c.Pattern == pattern {
			found[c.At.Truncate(step).Unix()] += float64(c.Count)
		}
	}
	values := make([]*float64, len(begins))
	for i, at := range begins {
		if n, ok := found[at.Unix()]; ok {
			values[i] = new(n)
		} else if known[i] {
			values[i] = new(0.0)
		}
	}
	labels := data.Labels{"cluster": r.Cluster}
	title := cmp.Or(pattern, "known trouble") + " · " + r.Cluster
	if pattern != anyPattern {
		labels["pattern"] = pattern
	}
	return series("lines", labels, inUnit(title, "short"), begins, values)
}

// knownBetween: logs were read in every cycle of a stretch, and up to its end.
func (r logReading) knownBetween(from, to time.Time) bool {
	if !from.Before(to) || to.After(r.through()) {
		return false
	}
	// A stretch that is shorter than a cycle is known when the cycle that follows knows.
	last := to.Add(interval(r.Interval))
	known := false
	first := sort.Search(len(r.rate), func(i int) bool { return !r.rate[i].At.Before(from) })
	for _, p := range r.rate[first:] {
		if p.At.After(last) {
			break
		}
		if p.Value == nil {
			if p.At.Before(to) {
				return false
			}
			continue
		}
		known = true
	}
	return known
}
