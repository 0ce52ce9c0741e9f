package health_test

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/temporal-sre/copilot/pkg/health"
)

// boundary is what a gate does on both sides of its numbers, which are literals here: a number that changes by mistake
// fails. The boundaries stand in the files gates_*_test.go, in the order of the gates.
type boundary struct {
	gate   health.GateID
	signal health.SignalID
	// fires is when the gate fires, in the circumstances given: changes of the healthy cluster.
	fires edge
	given values
	// band and baseline are what the cluster normally does; without a band the gate is the same in all of them.
	band     health.Band
	baseline health.Baseline
	// between is the result beyond the recovery threshold's good side; passed unless it says otherwise.
	between health.Result
	// speaks, rests and unknown change the circumstances: the gate fires all the same, has nothing to say although the
	// value is beyond the threshold, or can't be judged.
	speaks, rests, unknown, passes circumstances
}

// circumstances are changes of the given signals, by name.
type circumstances map[string]values

// edge is a threshold and the recovery threshold of a gate that fires.
type edge struct {
	op                  health.Op
	threshold, recovery float64
}

func above(threshold, recovery float64) edge { return edge{health.Above, threshold, recovery} }

func below(threshold, recovery float64) edge { return edge{health.Below, threshold, recovery} }

// missing is the value of a signal that is not known.
var missing = math.NaN()

// starting is a cluster of which half of the processes started within 90 seconds, barelyStarting has fewer.
var (
	starting       = values{health.WarmingUp: 0.5}
	barelyStarting = values{health.WarmingUp: 0.49}
)

// latency adds what every latency gate has in common: it rests while the cluster starts, and needs no value while
// nothing is asked for.
func latency(b boundary) boundary {
	quiet := func(changes values) values {
		return with(values{b.signal: missing, health.WorkflowStarts: 0.099, health.WorkflowsCreated: 0.099}, changes)
	}
	b.speaks = circumstances{"few processes start": barelyStarting, "it is unknown whether processes start": {health.WarmingUp: missing}}
	b.rests = circumstances{
		"the cluster starts":               starting,
		"nothing is asked for":             quiet(nil),
		"a task is on its way":             quiet(values{health.WorkflowBacklogAge: 10, health.ActivityBacklogAge: 10}),
		"hardly a task goes to a backlog":  quiet(values{health.BacklogInflow: 0.099}),
		"starts find a running workflow":   quiet(values{health.WorkflowStarts: 5}),
		"the starts are the client's only": quiet(values{health.WorkflowStarts: 5, health.FrontendErrors: 0.099}),
	}
	b.unknown = circumstances{
		"workflows are started":             quiet(values{health.WorkflowStarts: 0.1, health.WorkflowsCreated: 0.1}),
		"starts fail":                       quiet(values{health.WorkflowStarts: 0.1, health.FrontendErrors: 0.1}),
		"a workflow task waits":             quiet(values{health.WorkflowBacklogAge: 10.1}),
		"an activity task waits":            quiet(values{health.ActivityBacklogAge: 10.1}),
		"tasks go to a backlog":             quiet(values{health.BacklogInflow: 0.1}),
		"a task queue starves":              quiet(values{health.StarvedQueues: 1}),
		"it is unknown whether tasks wait":  quiet(values{health.WorkflowBacklogAge: missing}),
		"it is unknown what is asked for":   quiet(values{health.WorkflowStarts: missing, health.WorkflowsCreated: missing}),
		"creations are unknown and it runs": quiet(values{health.WorkflowStarts: 0.1, health.WorkflowsCreated: missing}),
	}
	return b
}

// boundaryCase is one evaluation and what its gate has to say.
type boundaryCase struct {
	name   string
	gate   health.GateID
	cycle  values
	memory health.Memory
	band   health.Band
	want   health.Result
}

func (c boundaryCase) result() health.GateResult {
	thresholds := health.DefaultThresholds()
	thresholds.Band = c.band
	verdict, _ := health.Evaluate(c.memory, snapshotOf(c.cycle, 0), thresholds)
	for _, g := range verdict.Gates {
		if g.ID == c.gate {
			return g
		}
	}
	return health.GateResult{}
}

// holds says whether the gate does what it should.
func (c boundaryCase) holds() bool { return c.result().Result == c.want }

// cases are all evaluations of a boundary.
func (b boundary) cases() []boundaryCase {
	var all []boundaryCase
	bands := health.Bands()
	if b.band != "" {
		bands = []health.Band{b.band}
	}
	for _, band := range bands {
		fresh := health.Memory{State: health.Happy, Baseline: b.baseline}
		firing := health.Memory{State: health.Critical, Baseline: b.baseline, Firing: []health.GateID{b.gate}}
		add := func(name string, changes values, want health.Result, memories ...health.Memory) {
			for _, memory := range memories {
				all = append(all, boundaryCase{
					name: fmt.Sprintf("%s, %s", name, band), gate: b.gate, band: band, memory: memory, want: want,
					cycle: with(with(healthy(), b.given), changes),
				})
			}
		}
		if b.fires.op != "" {
			inside := b.between
			if inside == "" {
				inside = health.Passed
			}
			threshold, recovery := b.fires.threshold, b.fires.recovery
			add("on the good side of the threshold", b.at(threshold, -1), inside, fresh)
			add("at the threshold", b.at(threshold, 0), inside, fresh)
			add("beyond the threshold", b.at(threshold, 1), health.Fired, fresh, firing)
			add("on the good side of the recovery threshold", b.at(recovery, -1), inside, firing)
			add("at the recovery threshold", b.at(recovery, 0), inside, firing)
			add("not yet at the recovery threshold", b.at(recovery, 1), health.Fired, firing)
			add("without a value", values{b.signal: missing}, health.NotKnowable, fresh, firing)
		}
		for _, group := range []struct {
			circumstances
			want health.Result
		}{{b.speaks, health.Fired}, {b.rests, health.Passed}, {b.passes, health.Passed}, {b.unknown, health.NotKnowable}} {
			for _, name := range slices.Sorted(maps.Keys(group.circumstances)) {
				add(name, with(b.far(), group.circumstances[name]), group.want, fresh, firing)
			}
		}
	}
	return all
}

// at is the signal a millionth beyond a number (a thousandth beyond 0), at it, or on its good side.
func (b boundary) at(number, beyond float64) values {
	step := number * 1e-6
	if number == 0 {
		step = 1e-3
	}
	if b.fires.op == health.Below {
		step = -step
	}
	return values{b.signal: max(0, number+beyond*step)}
}

// far is the signal well beyond the threshold.
func (b boundary) far() values {
	switch b.fires.op {
	case health.Above:
		return values{b.signal: 2*b.fires.threshold + 1}
	case health.Below:
		return values{b.signal: 0}
	default:
		return values{}
	}
}

var boundaries = slices.Concat(progressBoundaries, completionBoundaries, historyBoundaries, persistenceBoundaries, frontendBoundaries,
	matchingBoundaries, visibilityBoundaries, systemWorkerBoundaries, workflowBoundaries, replicationBoundaries, clusterBoundaries, workerBoundaries)

func TestGatesFireBeyondTheirNumbersOnly(t *testing.T) {
	for _, b := range boundaries {
		t.Run(string(b.gate), func(t *testing.T) {
			for _, c := range b.cases() {
				got := c.result()
				assert.Equal(t, c.want, got.Result, "%s, firing before: %t, threshold %g, note: %s", c.name, len(c.memory.Firing) > 0, got.Threshold, got.Note)
			}
		})
	}
}

func TestEveryGateHasItsBoundaries(t *testing.T) {
	fires, rests := map[health.GateID]bool{}, map[health.GateID]bool{}
	for _, b := range boundaries {
		gate, ok := health.LookupGate(b.gate)
		require.True(t, ok, "no such gate: %s", b.gate)
		assert.Equal(t, gate.Signal, b.signal, "%s reads another signal", b.gate)
		fires[b.gate] = fires[b.gate] || b.fires.op == gate.Op
		rests[b.gate] = rests[b.gate] || len(b.rests) > 0
	}
	for _, gate := range health.Gates() {
		assert.True(t, fires[gate.ID], "%s has no boundary in gates_*_test.go", gate.ID)
		assert.True(t, rests[gate.ID] || !gate.Conditional(), "%s has no case in which it rests", gate.ID)
	}
}
