package rulestest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/temporal-sre/copilot/pkg/health"
	"github.com/temporal-sre/copilot/worker/config"
	"github.com/temporal-sre/copilot/worker/service"
)

// start is the time of the first sample and of the first cycle.
var start = time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC)

// Result is what came of one test.
type Result struct {
	File string `json:"file"`
	// Line is where the test begins.
	Line   int    `json:"line"`
	Test   string `json:"test"`
	Passed bool   `json:"passed"`
	// Failures are the expectations that were not met.
	Failures []Failure `json:"failures,omitempty"`
}

// Failure is one expectation that was not met.
type Failure struct {
	// Line is that of the expectation, and At the time since the first sample.
	Line int    `json:"line"`
	At   string `json:"at"`
	// What is "state", "stale", "bottleneck" or the id of a gate.
	What     string `json:"what"`
	Expected string `json:"expected"`
	Got      string `json:"got"`
	// Evidence are the gates that led to it, with value and threshold.
	Evidence []string `json:"evidence,omitempty"`
}

// Run runs the tests of a file in order. The error is a mistake in the file; a test that fails is a result.
func Run(ctx context.Context, path string) ([]Result, error) {
	p, err := load(path)
	if err != nil {
		return nil, err
	}
	results := make([]Result, 0, len(p.stories))
	for _, s := range p.stories {
		failures, err := p.run(ctx, s)
		if err != nil {
			return nil, fmt.Errorf("%s:%d: test %q: %w", path, s.line, s.name, err)
		}
		results = append(results, Result{File: path, Line: s.line, Test: s.name, Passed: len(failures) == 0, Failures: failures})
	}
	return results, nil
}

// run judges one story from its first sample to its last expectation.
func (p plan) run(ctx context.Context, s story) (failures []Failure, err error) {
	server, err := serve(newMemory(s.series, start, p.interval))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, server.close()) }()
	cluster := p.cluster
	cluster.Prometheus = config.Prometheus{Access: config.Access{URL: config.Text(server.url)}}
	reader, err := service.NewReader(cluster)
	if err != nil {
		return nil, err
	}
	rules := cluster.Rules()
	var memory health.Memory
	var verdict health.Verdict
	next := start
	for _, e := range s.expect {
		for ; !next.After(start.Add(time.Duration(e.At))); next = next.Add(p.step) {
			snapshot := reader.Snapshot(ctx, next, memory.WaitingKeys())
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			verdict, memory = health.Evaluate(memory, snapshot, rules)
		}
		failures = append(failures, e.compare(verdict)...)
	}
	return failures, nil
}

// compare lists what a verdict lacks of the expectation.
func (e expected) compare(v health.Verdict) (failures []Failure) {
	fail := func(what, want, got string, evidence ...string) {
		failures = append(failures, Failure{Line: e.line, At: time.Duration(e.At).String(), What: what, Expected: want, Got: got, Evidence: evidence})
	}
	if e.State != nil && *e.State != v.State {
		fail("state", e.State.String(), v.State.String(), decisive(v)...)
	}
	if e.Stale != nil && *e.Stale != v.Stale {
		fail("stale", strconv.FormatBool(*e.Stale), strconv.FormatBool(v.Stale), decisive(v)...)
	}
	if e.Bottleneck != "" && e.Bottleneck != v.Bottleneck {
		fail("bottleneck", string(e.Bottleneck), string(v.Bottleneck), decisive(v)...)
	}
	gates := func(ids []health.GateID, want string, met func(health.Result) bool) {
		for _, id := range ids {
			i := slices.IndexFunc(v.Gates, func(g health.GateResult) bool { return g.ID == id })
			switch {
			case i < 0:
				fail(string(id), want, "switched off")
			case !met(v.Gates[i].Result):
				fail(string(id), want, string(v.Gates[i].Result), describe(v.Gates[i]))
			}
		}
	}
	gates(e.Firing, "fired", func(r health.Result) bool { return r == health.Fired })
	gates(e.NotFiring, "not fired", func(r health.Result) bool { return r != health.Fired })
	gates(e.Unknown, "unknown", func(r health.Result) bool { return r == health.NotKnowable })
	return failures
}

// decisive lists the firing gates, or if none fires, the unknown gates that prevent a verdict.
func decisive(v health.Verdict) (lines []string) {
	for _, result := range []health.Result{health.Fired, health.NotKnowable} {
		for _, g := range v.Gates {
			if g.Result == result && (g.Deciding || result == health.Fired) {
				lines = append(lines, describe(g))
			}
		}
		if len(lines) > 0 {
			return lines
		}
	}
	return lines
}

// describe writes a gate with its evidence in one line.
func describe(g health.GateResult) string {
	value := "unknown"
	if g.Value != nil {
		value = strconv.FormatFloat(*g.Value, 'g', 4, 64)
	}
	threshold := g.Threshold
	if g.Bounds != nil {
		// A gate that fires is compared with what clears it.
		threshold = g.Bounds.Fires
	}
	text := fmt.Sprintf("%s %s (%s): %s = %s, fires %s %g", g.ID, g.Result, g.Severity, g.Signal, value, g.Op, threshold)
	if g.Overridden {
		text += " from the configuration"
	}
	return strings.TrimSuffix(text+"; "+g.Note, "; ")
}
