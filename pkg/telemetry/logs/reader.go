package logs

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/temporal-sre/copilot/pkg/health"
	"github.com/temporal-sre/copilot/pkg/telemetry"
)

// Source is a Loki API and which of its lines are the cluster's.
type Source struct {
	// Source is where the API is and how to be let in; its SigV4 is not used.
	telemetry.Source
	// Selector are the label matchers of the lines of the cluster's servers and workers, with or without braces:
	// {job=~"temporal.*"}.
	Selector string
	// ServiceLabel is the label that names the service. Empty takes the first of service_name, service, app,
	// container and component that a stream has.
	ServiceLabel string
}

// serviceLabels are the labels that usually name a service, the most usual first.
var serviceLabels = []string{"service_name", "service", "app", "container", "component"}

// Options bound what a Reader does. The zero value is right for most.
type Options struct {
	// Timeout is how long a Read may take in all; 0 means 20 seconds.
	Timeout time.Duration
	// Lookback is how far the first Read of a cursor goes back; 0 means 30 seconds.
	Lookback time.Duration
	// Late is how late a line may arrive and still be counted; 0 means 1 minute.
	Late time.Duration
	// Skew is how far a line's clock may be ahead; 0 means 30 seconds.
	Skew time.Duration
	// Behind is how far back a Read goes at most, after a pause; 0 means 15 minutes.
	Behind time.Duration
	// MaxLines is how many lines one Read takes; 0 means 50,000, at most 100 MB.
	MaxLines int
	// PageSize is how many lines one request asks for; 0 means 2,000, since an answer of a Loki with its usual
	// settings cannot exceed 4 MiB.
	PageSize int
}

func (o Options) withDefaults() Options {
	o.Timeout = cmp.Or(o.Timeout, 20*time.Second)
	o.Lookback = cmp.Or(o.Lookback, 30*time.Second)
	o.Late = cmp.Or(o.Late, time.Minute)
	o.Skew = cmp.Or(o.Skew, 30*time.Second)
	o.Behind = cmp.Or(o.Behind, 15*time.Minute)
	o.MaxLines = cmp.Or(o.MaxLines, 50_000)
	o.PageSize = cmp.Or(o.PageSize, 2_000)
	return o
}

// library is where lines are: a Loki.
type library interface {
	// lines returns the oldest lines in [from, to) that may match, at most limit, ordered by time. All says that
	// there are no more.
	lines(ctx context.Context, from, to time.Time, limit int) (lines []entry, all bool, err error)
	// silence says why finding nothing up to a time does not mean that there is nothing; empty when it does.
	silence(ctx context.Context, at time.Time) (string, error)
	// streams returns the labels of the streams that have lines in a range.
	streams(ctx context.Context, from, to time.Time) ([]map[string]string, error)
}

// entry is a line with its time and the labels of its stream. Streams are the same if their labels are.
type entry struct {
	at     time.Time
	stream string
	labels map[string]string
	text   string
}

// Reader counts the trouble in the lines of one cluster. It may be used by several goroutines.
type Reader struct {
	source  Source
	options Options
	library library
	matcher *matcher
}

// UnavailableError says why logs could not be read, in words without secrets.
type UnavailableError struct{ Reason string }

func (e *UnavailableError) Error() string { return e.Reason }

// New returns a Reader. It does not connect; its errors are mistakes in the settings.
func New(source Source, patterns []Pattern, options Options) (*Reader, error) {
	selector, err := checkSelector(source.Selector)
	if err != nil {
		return nil, err
	}
	source.Selector = selector
	m, err := newMatcher(patterns)
	if err != nil {
		return nil, err
	}
	loki, err := newLoki(source, m.filter())
	if err != nil {
		return nil, err
	}
	return &Reader{source: source, options: options.withDefaults(), library: loki, matcher: m}, nil
}

// checkSelector returns the selector in braces, or says what is wrong with it.
func checkSelector(selector string) (string, error) {
	matchers := strings.TrimSpace(selector)
	if strings.HasPrefix(matchers, "{") && strings.HasSuffix(matchers, "}") {
		matchers = matchers[1 : len(matchers)-1]
	}
	if strings.HasPrefix(matchers, "{") {
		return "", fmt.Errorf("the selector of log lines %q is more than label matchers: leave out what follows the closing brace", selector)
	}
	if strings.TrimSpace(matchers) == "" {
		return "", errors.New(`the selector of log lines is empty: write label matchers like {job=~"temporal.*"}`)
	}
	if err := telemetry.CheckMatchers(matchers); err != nil {
		return "", fmt.Errorf("the selector of log lines: %w", err)
	}
	return "{" + matchers + "}", nil
}

// Selector is the selector with its braces.
func (r *Reader) Selector() string { return r.source.Selector }

// Streams returns the labels of the log streams that the selector matches in a range of time. Its errors are
// *UnavailableError.
func (r *Reader) Streams(ctx context.Context, from, to time.Time) ([]map[string]string, error) {
	ctx, cancel := context.WithTimeout(ctx, r.options.Timeout)
	defer cancel()
	return r.library.streams(ctx, from, to)
}

// Read counts the lines that arrived since the cursor's last Read. Its errors are *UnavailableError; the
// cursor is then as good as before.
func (r *Reader) Read(ctx context.Context, cursor Cursor, now time.Time) (Reading, error) {
	ctx, cancel := context.WithTimeout(ctx, r.options.Timeout)
	defer cancel()
	reading := Reading{Cursor: cursor.clone()}
	c := &reading.Cursor
	if c.Next.IsZero() {
		c.Next = timeOf(sliceOf(now.Add(-r.options.Lookback)))
		c.Through = c.Next
	}
	if oldest := timeOf(sliceOf(now.Add(-r.options.Behind))); c.Next.Before(oldest) {
		if c.Through.Before(oldest) {
			reading.GaveUp = fmt.Sprintf("lines from %s to %s were not read: more than %s had passed", c.Through.UTC().Format(time.RFC3339), oldest.UTC().Format(time.RFC3339), r.options.Behind)
			c.Through = oldest
		}
		c.Next = oldest
	}
	c.Next = timeOf(sliceOf(c.Next))
	reading.Through = c.Through
	end := now.Add(r.options.Skew)
	if !c.Next.Before(end) {
		reading.Silent = "the clock was set back: lines are read again from " + c.Next.Format(time.RFC3339) + " on"
		return reading, nil
	}
	p, err := r.page(ctx, c.Services, c.Next, end)
	if err != nil {
		return Reading{}, err
	}
	c.Services = p.services
	reading.Lines, reading.Streams = p.lines, len(p.streams)
	before := c.Through
	reading.More = r.take(&reading, p, now)
	reading.Through = c.Through
	if p.lines == 0 {
		if reading.Silent, err = r.library.silence(ctx, now); err != nil {
			return Reading{}, err
		}
	}
	switch minutes := reading.Through.Sub(before).Minutes(); {
	case reading.Silent != "":
	case minutes <= 0:
		reading.Silent = "no time has passed since the last reading"
	default:
		rate := float64(reading.Matched) / minutes
		reading.RatePerMin = &rate
	}
	return reading, nil
}

// take moves the cursor over what was read, and makes counts of what is new. It tells whether lines are left.
func (r *Reader) take(reading *Reading, p *paging, now time.Time) (left bool) {
	c := &reading.Cursor
	first := sliceOf(c.Next)
	stop, atLeast := int64(0), p.skipped
	if p.complete {
		c.Through = later(c.Through, now)
		c.Next = timeOf(max(first, sliceOf(now.Add(-r.options.Late))))
	} else {
		// The slice in which reading ended is read again from its beginning. One that is too large to be read is
		// left behind with what was seen.
		if stop = sliceOf(p.reached); stop == first {
			stop += int64(Slice / time.Second)
			reading.GaveUp = fmt.Sprintf("of the half minute from %s on, the first %d lines were read: there were more", timeOf(first).Format(time.RFC3339), p.lines)
		}
		atLeast = true
		c.Next = timeOf(stop)
		c.Through = later(c.Through, c.Next)
	}
	if p.skipped && reading.GaveUp == "" {
		reading.GaveUp = fmt.Sprintf("%d lines or more have the very same time, and those beyond were not read", r.options.PageSize)
	}
	for _, slice := range slices.Sorted(maps.Keys(p.found.tallies)) {
		if !p.complete && slice >= stop {
			break
		}
		fresh := c.count(slice, p.found.tallies[slice])
		reading.Matched += fresh[anything]
		for _, key := range slices.Sorted(maps.Keys(fresh)) {
			if key == anything {
				continue
			}
			pattern, service, _ := strings.Cut(key, "@")
			reading.Counts = append(reading.Counts, health.LogCount{
				At: timeOf(slice), Pattern: pattern, Meaning: r.matcher.meaning(pattern), Service: service,
				Count: fresh[key], AtLeast: atLeast, Sample: sample(p.found.samples[slice][key]),
			})
		}
	}
	c.forget(c.Next)
	return !p.complete
}

// serviceOf is what the labels of a stream call its service.
func (s Source) serviceOf(labels map[string]string) string {
	names := serviceLabels
	if s.ServiceLabel != "" {
		names = []string{s.ServiceLabel}
	}
	for _, name := range names {
		// Loki itself gives streams without such a label this one.
		if value := labels[name]; value != "" && value != "unknown_service" {
			if len(value) > maxName {
				value = strings.ToValidUTF8(value[:maxName], "")
			}
			return value
		}
	}
	return "unknown"
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
