package telemetry_test

import (
	"bytes"
	"cmp"
	"flag"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"text/template"

	"github.com/stretchr/testify/require"

	"github.com/temporal-sre/copilot/pkg/health"
	"github.com/temporal-sre/copilot/pkg/telemetry"
)

var updateDocs = flag.Bool("update-docs", false, "write docs/compatibility.md instead of comparing with it")

const compatibilityDoc = "../../docs/compatibility.md"

// TestCompatibilityIsDocumentedAsItIsRead keeps docs/compatibility.md true: its tables are what the reader makes of the
// recordings.
func TestCompatibilityIsDocumentedAsItIsRead(t *testing.T) {
	var servers, fleets []*replayed
	for _, r := range replayRecordings(t) {
		if strings.HasPrefix(r.Name, "server-") {
			servers = append(servers, r)
		} else {
			fleets = append(fleets, r)
		}
	}
	text, err := template.ParseFiles("testdata/compatibility.md.tmpl")
	require.NoError(t, err)
	var now bytes.Buffer
	require.NoError(t, text.Execute(&now, map[string]compatibility{
		"Servers": compare(servers, func(s health.Signal) bool { return !ofWorkers(s) }),
		"SDKs":    compare(fleets, ofWorkers),
	}))
	if *updateDocs {
		require.NoError(t, os.WriteFile(compatibilityDoc, now.Bytes(), 0o600))
	}
	documented, err := os.ReadFile(compatibilityDoc)
	require.NoError(t, err)
	require.Equal(t, string(documented), now.String(), "write it anew: go test ./pkg/telemetry -run Compatibility -update-docs")
}

// ofWorkers reports whether a signal is read from the metrics of SDK workers.
func ofWorkers(s health.Signal) bool {
	return strings.HasPrefix(string(s.ID), "worker.") || s.ID == health.PollerConcurrency
}

// compatibility compares what can be read of several clusters.
type compatibility struct {
	Clusters []string
	// Everywhere are the signals that are known on all of them by their first choice, Nowhere those that are known on none,
	// by the reason; Rows are the others.
	Everywhere []health.SignalID
	Nowhere    []group
	Rows       []row
	// Dead is how soon a task queue without workers showed, cluster by cluster.
	Dead []row
	// Witnesses and Reasons are what the rows refer to.
	Witnesses, Reasons []string
}

type row struct {
	Name  string
	Cells []string
}

type group struct {
	Reason  string
	Signals []health.SignalID
}

// compare tells how each signal is read on each of the recorded clusters.
func compare(recorded []*replayed, of func(health.Signal) bool) compatibility {
	var c compatibility
	for _, r := range recorded {
		c.Clusters = append(c.Clusters, strings.TrimPrefix(strings.TrimPrefix(r.Name, "server-"), "sdk-"))
	}
	c.Dead = deadQueueShows(recorded)
	nowhere := map[string][]health.SignalID{}
	for _, s := range health.Signals() {
		if !of(s) {
			continue
		}
		first, known := 0, 0
		ways := make([]way, len(recorded))
		for i, r := range recorded {
			ways[i] = r.reads(s.ID)
			if ways[i].known {
				known++
			}
			if ways[i].known && ways[i].words == "" {
				first++
			}
		}
		switch {
		case first == len(recorded):
			c.Everywhere = append(c.Everywhere, s.ID)
		case known == 0 && alike(ways):
			nowhere[ways[0].words] = append(nowhere[ways[0].words], s.ID)
		default:
			cells := make([]string, len(ways))
			for i, w := range ways {
				cells[i] = c.cell(w)
			}
			c.Rows = append(c.Rows, row{"`" + string(s.ID) + "`", cells})
		}
	}
	for _, reason := range slices.Sorted(maps.Keys(nowhere)) {
		c.Nowhere = append(c.Nowhere, group{reason, nowhere[reason]})
	}
	return c
}

// deadQueueShows tells how soon the loss of a queue's workers showed.
func deadQueueShows(recorded []*replayed) []row {
	stressed, critical, named := row{Name: "stressed after"}, row{Name: "critical after"}, row{Name: "the queue is named"}
	for _, r := range recorded {
		after := func(holds func(judged) bool) string {
			died, err := r.Phase("dead-queue")
			if err != nil {
				return ""
			}
			for _, j := range r.line {
				if at := j.at - died.Start().Sub(r.Start()); at > 0 && holds(j) {
					return strings.TrimPrefix(offset(at.Round(cycle)), "+")
				}
			}
			return "no"
		}
		stressed.Cells = append(stressed.Cells, after(func(j judged) bool { return j.verdict.State >= health.Stressed }))
		critical.Cells = append(critical.Cells, after(func(j judged) bool { return j.verdict.State == health.Critical }))
		if named.Cells = append(named.Cells, "yes"); after(func(j judged) bool { return j.says(deadQueue) }) == "no" {
			named.Cells[len(named.Cells)-1] = "no"
		}
	}
	return []row{stressed, critical, named}
}

// way is how a signal is read: by which witness, where that is not the first choice, or why not.
type way struct {
	known bool
	words string
}

func alike(ways []way) bool {
	return !slices.ContainsFunc(ways, func(w way) bool { return w != ways[0] })
}

// reads tells how a signal was read most of the time when it was known, and if it never was, why not under load.
func (r *replayed) reads(id health.SignalID) way {
	witnesses, reasons := map[string]int{}, map[string]int{}
	for _, reading := range r.readings {
		i := slices.IndexFunc(reading.Signals, func(s telemetry.SignalReading) bool { return s.ID == id })
		s := reading.Signals[i]
		switch reason := ofRelease.ReplaceAllString(s.Reason, "the server does not export"); {
		case s.Value != nil:
			witnesses[s.Witness]++
		case r.phaseAt(reading.Snapshot.At) == "healthy":
			reasons[reason] += 1000
		default:
			reasons[reason]++
		}
	}
	if len(witnesses) > 0 {
		return way{true, mostFrequent(witnesses)}
	}
	return way{false, mostFrequent(reasons)}
}

// ofRelease is how a reason begins that is the same for several releases.
var ofRelease = regexp.MustCompile(`^server \d+\.\d+ does not export`)

func mostFrequent(counts map[string]int) string {
	return slices.MaxFunc(slices.Sorted(maps.Keys(counts)), func(a, b string) int { return cmp.Compare(counts[a], counts[b]) })
}

// cell is a way in a table: yes, the number of a witness, or the letter of a reason.
func (c *compatibility) cell(w way) string {
	switch {
	case w.known && w.words == "":
		return "yes"
	case w.known:
		return fmt.Sprintf("witness %d", 1+position(&c.Witnesses, w.words))
	default:
		return fmt.Sprintf("unknown (%c)", 'a'+position(&c.Reasons, w.words))
	}
}

// position finds a text in a list, to which it is added when it is not there.
func position(list *[]string, text string) int {
	if i := slices.Index(*list, text); i >= 0 {
		return i
	}
	*list = append(*list, text)
	return len(*list) - 1
}

// Letter is the letter of a reason.
func (c compatibility) Letter(i int) string { return string(rune('a' + i)) }

// Number is the number of a witness.
func (c compatibility) Number(i int) int { return i + 1 }

// Header is the first line of the table.
func (c compatibility) Header(first string) string {
	return "| " + first + " | " + strings.Join(c.Clusters, " | ") + " |"
}

// Rule is the second one.
func (c compatibility) Rule() string { return "|" + strings.Repeat("---|", len(c.Clusters)+1) }

// Line is a row of the table.
func (r row) Line() string {
	return fmt.Sprintf("| %s | %s |", r.Name, strings.Join(r.Cells, " | "))
}

// List names signals in a sentence.
func (c compatibility) List(signals []health.SignalID) string {
	names := make([]string, len(signals))
	for i, s := range signals {
		names[i] = "`" + string(s) + "`"
	}
	return strings.Join(names, ", ")
}
