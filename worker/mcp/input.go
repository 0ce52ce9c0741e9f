package mcp

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/temporal-sre/copilot/pkg/plugin/query"
	"github.com/temporal-sre/copilot/pkg/plugin/view"
)

// now is the moment of an answer, in whole seconds.
func (q questions) now() time.Time { return q.view.Now().UTC().Truncate(time.Second) }

// cluster finds the cluster that a question is about. Without a name it is the only one there is.
func (q questions) cluster(ctx context.Context, name string) (view.Present, error) {
	wanted, err := query.ParseClusters([]string{name})
	if err != nil {
		return view.Present{}, err
	}
	found, notices, err := q.view.Clusters(ctx, wanted)
	if err != nil {
		return view.Present{}, err
	}
	if len(found) == 1 {
		return found[0], nil
	}
	if len(found) == 0 && len(wanted) == 0 {
		return view.Present{}, query.Invalidf("%s", notices.Texts()[0])
	}
	known, _, err := q.view.KnownClusters(ctx, nil)
	if err != nil {
		return view.Present{}, err
	}
	if len(wanted) == 0 {
		return view.Present{}, query.Invalidf("there are several clusters: name one of them as cluster: %s", listed(known))
	}
	if len(known) == 0 {
		return view.Present{}, query.Invalidf("there is no cluster %q: %s", name, view.MissingClusters(nil, nil)[0].Text)
	}
	return view.Present{}, query.Invalidf("there is no cluster %q; known clusters: %s", name, listed(known))
}

// maxNamed is how many names a message holds.
const maxNamed = 30

func listed(names []string) string {
	var quoted []string
	for _, name := range names[:min(len(names), maxNamed)] {
		quoted = append(quoted, strconv.Quote(name))
	}
	text := strings.Join(quoted, ", ")
	if more := len(names) - len(quoted); more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// timeRange reads start and end. Without an end it is now, and without a start the time before it.
func timeRange(start, end string, now time.Time, before time.Duration) (from, to time.Time, err error) {
	if to, err = moment("end", end, now, now); err != nil {
		return from, to, err
	}
	if from, err = moment("start", start, now, to.Add(-before)); err != nil {
		return from, to, err
	}
	switch width := to.Sub(from); {
	case !from.Before(to):
		err = query.Invalidf("the time range ends (%s) before it begins (%s)", view.Clock(to), view.Clock(from))
	case from.After(now):
		err = query.Invalidf("start (%s) is in the future: now is %s", view.Clock(from), view.Clock(now))
	case width > query.LongestTimeRange:
		err = query.Invalidf("the time range has %d days, the maximum is %d: choose a later start", int(width.Hours()/24), int(query.LongestTimeRange.Hours()/24))
	}
	return from.UTC(), to.UTC(), err
}

// moment reads a time in RFC 3339, or one before now: -90m, -3h, -7d.
func moment(field, text string, now, otherwise time.Time) (time.Time, error) {
	switch text = strings.TrimSpace(text); {
	case text == "":
		return otherwise, nil
	case text == "now":
		return now, nil
	case strings.HasPrefix(text, "-"):
		if days, ok := strings.CutSuffix(text, "d"); ok {
			if n, err := strconv.Atoi(days); err == nil && n > -10_000 {
				return now.AddDate(0, 0, n), nil
			}
		}
		if d, err := time.ParseDuration(text); err == nil {
			return now.Add(d), nil
		}
	default:
		if t, err := time.Parse(time.RFC3339, text); err == nil {
			return t, nil
		}
	}
	return time.Time{}, query.Invalidf("%s: invalid timestamp %q: use a form like 2026-01-02T03:04:05Z, or a time before now like -90m, -3h or -7d", field, text)
}

// rows reads how many rows are asked for; 0 is the usual number.
func rows(asked, usual, most int) (int, error) {
	switch {
	case asked == 0:
		return usual, nil
	case asked < 0 || asked > most:
		return 0, query.Invalidf("limit is %d: it is a number from 1 to %d", asked, most)
	}
	return asked, nil
}
