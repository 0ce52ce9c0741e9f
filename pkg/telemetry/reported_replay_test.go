package telemetry_test

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/temporal-sre/copilot/internal/synthetic"
	"github.com/temporal-sre/copilot/internal/testenv"
	"github.com/temporal-sre/copilot/pkg/health"
	"github.com/temporal-sre/copilot/pkg/telemetry"
)

// Replays begin when the windows of all queries are full and end before the series do, a cycle every 30 seconds.
const (
	firstCycle = 4 * time.Minute
	lastCycle  = 48 * time.Minute
	cycle      = 30 * time.Second
)

// longestWindow is how far back any query looks, apart from those that ask for more than there is in any case.
const longestWindow = 10 * time.Minute

// story is a synthetic cluster and what is right to say of it.
type story struct {
	// promise is the story in words, the subtest's name and the cluster's.
	promise string
	cluster func(synthetic.Options) *synthetic.Cluster
	// options are those of the cluster, apart from its name.
	options synthetic.Options
	// settings change how the cluster is configured; nil leaves what finds every cluster of these tests.
	settings func(*telemetry.Cluster)
	right    []claim
	// first and last are the first and the last cycle, firstCycle and lastCycle where they are 0.
	first, last time.Duration
}

// judgeAll loads the stories into one Prometheus and compares the verdicts with what is right.
func judgeAll(t *testing.T, stories []story) {
	// Prometheus has little to keep and much to do: collecting its garbage less often makes all of this an eighth quicker.
	t.Setenv("GOGC", "400")
	prometheus, err := testenv.StartPrometheus(t.Context(), testenv.PrometheusOptions{RemoteWrite: true})
	testenv.Require(t, err)
	t.Cleanup(func() { require.NoError(t, prometheus.Stop()) })
	reader, err := telemetry.New(telemetry.Source{URL: prometheus.URL()}, telemetry.Options{})
	require.NoError(t, err)
	for _, s := range stories {
		s.first, s.last = cmp.Or(s.first, firstCycle), cmp.Or(s.last, lastCycle)
		t.Run(s.promise, func(t *testing.T) {
			t.Parallel()
			s.options.Name = s.promise
			s.options.ScrapedFrom, s.options.ScrapedUntil = max(0, s.first-longestWindow), s.last
			build := s.cluster
			if build == nil {
				build = synthetic.New
			}
			require.NoError(t, build(s.options).Load(t.Context(), prometheus.URL()))
			line := s.replay(t, reader)
			broken := false
			for _, c := range s.right {
				if how := c.broken(line); how != "" {
					t.Errorf("%s: %s", c.text, how)
					broken = true
				}
			}
			if broken {
				t.Logf("times are from the fault's beginning\n%s", line)
			}
		})
	}
}

// replay judges the story's cluster cycle by cycle, as `copilot replay` does.
func (s story) replay(t *testing.T, reader *telemetry.Reader) timeline {
	t.Helper()
	c := telemetry.Cluster{
		Name:           s.promise,
		Selector:       fmt.Sprintf(`case=%q,job=~"temporal.*"`, s.promise),
		WorkerSelector: fmt.Sprintf(`case=%q,job="orders-worker"`, s.promise),
	}
	if s.settings != nil {
		s.settings(&c)
	}
	var line timeline
	var memory health.Memory
	for at := s.first; at <= s.last; at += cycle {
		reading, err := reader.Read(context.Background(), c, synthetic.Start.Add(at))
		require.NoError(t, err)
		var verdict health.Verdict
		verdict, memory = health.Evaluate(memory, reading.Snapshot, health.DefaultThresholds())
		line = append(line, judged{at - synthetic.Fault, verdict, reading.Snapshot})
	}
	return line
}

// judged is a cycle: its time since the fault, negative before it, what was read, and the verdict.
type judged struct {
	at       time.Duration
	verdict  health.Verdict
	snapshot health.Snapshot
}

// decided reports whether the cycle has a verdict of its own.
func (j judged) decided() bool { return !j.verdict.Stale && j.verdict.State != health.Unknown }

// fired are the gates that fire.
func (j judged) fired() (fired []health.GateResult) {
	for _, g := range j.verdict.Gates {
		if g.Result == health.Fired {
			fired = append(fired, g)
		}
	}
	return fired
}

// says reports whether a gate that fires has a text in its id, its title or its note.
func (j judged) says(text string) bool {
	return slices.ContainsFunc(j.fired(), func(g health.GateResult) bool {
		gate, _ := health.LookupGate(g.ID)
		return strings.Contains(strings.ToLower(string(g.ID)+" "+gate.Title+" "+g.Note), strings.ToLower(text))
	})
}

// summary is what of a cycle is worth a line when it changes.
func (j judged) summary() string {
	state := j.verdict.State.String()
	if j.verdict.Stale {
		state += ", stale"
	}
	var gates []string
	for _, g := range j.fired() {
		text := string(g.ID)
		if !g.Deciding {
			text = "(" + text + ")"
		}
		if strings.HasPrefix(g.Note, "worst") {
			text += " [" + g.Note + "]"
		}
		gates = append(gates, text)
	}
	return fmt.Sprintf("%-16s %-19s coverage %.2f  %s", state, j.verdict.Bottleneck, j.verdict.Coverage, strings.Join(gates, ", "))
}

// timeline is a replay, in the order of time.
type timeline []judged

// maxLines keeps the story of a value that dances readable.
const maxLines = 40

// String has a line for every cycle that differs from the one before it.
func (line timeline) String() string {
	var lines []string
	before := ""
	for _, j := range line {
		if now := j.summary(); now != before {
			lines = append(lines, fmt.Sprintf("%7s  %s", offset(j.at), now))
			before = now
		}
	}
	if n := len(lines); n > maxLines {
		lines = append(lines[:maxLines:maxLines], fmt.Sprintf("and %d more changes", n-maxLines))
	}
	last := line[len(line)-1]
	unknown := map[string][]string{}
	for _, g := range last.verdict.Gates {
		if g.Deciding && g.Result == health.NotKnowable {
			unknown[g.Note] = append(unknown[g.Note], string(g.ID))
		}
	}
	for _, reason := range slices.Sorted(maps.Keys(unknown)) {
		lines = append(lines, fmt.Sprintf("at the end unknown: %s (%s)", strings.Join(unknown[reason], ", "), reason))
	}
	for _, q := range last.snapshot.Queues {
		number := func(v *float64) string {
			if v == nil {
				return "unknown"
			}
			return fmt.Sprintf("%.4g", *v)
		}
		lines = append(lines, fmt.Sprintf("at the end the %s queue %s has age %s s, backlog %s, inflow %s/s, pollers %s, starved %t",
			q.Type, q.Name, number(q.OldestAgeSec), number(q.Backlog), number(q.InflowPerSec), number(q.Pollers), q.Starved))
	}
	return strings.Join(lines, "\n")
}

// offset is a time since the fault, as +3:30.
func offset(at time.Duration) string {
	sign := "+"
	if at < 0 {
		sign, at = "-", -at
	}
	return fmt.Sprintf("%s%d:%02d", sign, int(at.Minutes()), int(at.Seconds())%60)
}

// events is how many events the replay makes.
func (line timeline) events() (n int) {
	for _, j := range line {
		if j.verdict.Event != nil {
			n++
		}
	}
	return n
}
