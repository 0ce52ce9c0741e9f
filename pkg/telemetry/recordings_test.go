package telemetry_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/temporal-sre/copilot/internal/phases"
	"github.com/temporal-sre/copilot/pkg/health"
	"github.com/temporal-sre/copilot/pkg/telemetry"
)

// TestRecordedServersAreJudgedByWhatHappenedToThem holds the rules against real servers of several releases, whose
// workers, activities and workflow code fail one after the other. A recording is one replay: what happened in a phase
// is still remembered in the next.
func TestRecordedServersAreJudgedByWhatHappenedToThem(t *testing.T) {
	for _, r := range replayRecordings(t) {
		if !strings.HasPrefix(r.Name, "server-") {
			continue
		}
		r.hold(t, func(phase string) []claim {
			switch {
			case strings.HasSuffix(r.Name, "-breakdown-off") && rightWithoutBreakdown[phase] != nil:
				return rightWithoutBreakdown[phase]
			case strings.HasPrefix(r.Name, "server-1.29.") && rightWithoutAges[phase] != nil:
				return rightWithoutAges[phase]
			}
			return rightOfServers[phase]
		})
	}
}

// TestRecordedWorkersAreJudgedByWhatHappenedToThem holds the rules against real workers of several SDKs and exporters,
// whose slots run out, and which are killed.
func TestRecordedWorkersAreJudgedByWhatHappenedToThem(t *testing.T) {
	for _, r := range replayRecordings(t) {
		if fleet, ok := strings.CutPrefix(r.Name, "sdk-"); ok {
			r.hold(t, func(phase string) []claim {
				if right := rightWithTuner[phase]; right != nil && strings.HasSuffix(fleet, "-tuner") {
					return right
				}
				return rightOfWorkers[phase]
			}, rightOfFleet(fleet)...)
		}
	}
}

// TestHealthyRecordingsAreHappy keeps slow machines the exception among recordings.
func TestHealthyRecordingsAreHappy(t *testing.T) {
	happy, all := 0, 0
	for _, r := range replayRecordings(t) {
		for _, p := range r.Phases {
			if p.Name != "idle" && p.Name != "healthy" {
				continue
			}
			for _, j := range r.phase(p) {
				if j.at >= warm {
					all++
					if j.sound() {
						happy++
					}
				}
			}
		}
	}
	require.Greater(t, float64(happy), 0.6*float64(all), "happy in %d of %d cycles", happy, all)
	t.Logf("happy in %d of %d cycles", happy, all)
}

// hold compares each phase of a recording with what is right to say of it.
func (r *replayed) hold(t *testing.T, right func(phase string) []claim, healthy ...claim) {
	for _, p := range r.Phases {
		t.Run(r.Name+"/"+p.Name, func(t *testing.T) {
			claims := right(p.Name)
			if p.Name == "healthy" {
				claims = slices.Concat(claims, healthy)
			}
			require.NotEmpty(t, claims, "nothing is said about this phase")
			r.phase(p).hold(t, claims)
		})
	}
}

// hold compares a replay with what is right to say of it.
func (line timeline) hold(t *testing.T, right []claim) {
	t.Helper()
	for _, c := range right {
		if how := c.broken(line); how != "" {
			t.Errorf("%s: %s", c.text, how)
		}
	}
	if t.Failed() {
		t.Logf("times are from the phase's beginning\n%s", line)
	}
}

// warm is how long a phase may still show what was before it: a window of a minute, and a cycle.
const warm = 90 * time.Second

const deadQueue = "orders_express"

// rightOfServers is what is right to say of each recorded phase.
var rightOfServers = map[string][]claim{
	"idle":             undisturbed,
	"healthy":          undisturbed,
	"dead-queue":       {notHappyFrom(soon), endsCritical, theWorkersFrom(settled), names(deadQueue)},
	"dead-queue-unfed": {atLeast(health.Critical, 2*time.Minute), notHappyFrom(0), endsCritical, theWorkersFrom(0), names(deadQueue)},
	"no-workers":       {notHappyFrom(0), endsCritical, theWorkersFrom(0), names("queue")},
	"workers-back":     {onceDrained, noQueueStarvesFrom(warm)},
	"activities-failing": {
		notHappyFrom(soon), firesFrom(2*time.Minute, "activities_failing"), theApplicationsFrom(settled), noQueueStarvesFrom(0),
	},
	"activities-recovered": {neverFiresFrom(2*time.Minute, "activities_failing"), onceDrained, noQueueStarvesFrom(0)},
	"non-determinism": {
		notHappyFrom(soon), firesFrom(2*time.Minute, "workflow_nondeterminism"), theApplicationsFrom(settled), noQueueStarvesFrom(0),
	},
}

// rightWithoutAges is what is right to say of server 1.29, which sets the age of a backlog at a dispatch only: how long
// the queue has been seen starving stands in, and takes longer.
var rightWithoutAges = map[string][]claim{
	"dead-queue": {notHappyFrom(soon), theWorkersFrom(settled), names(deadQueue)},
}

// rightWithoutBreakdown is what is right to say where the server's metrics do not name task queues.
var rightWithoutBreakdown = map[string][]claim{
	"idle":             {notWorse},
	"healthy":          {notWorse},
	"dead-queue":       {notHappyFrom(soon), theWorkersFrom(settled)},
	"dead-queue-unfed": {notHappyFrom(0), theWorkersFrom(0)},
	"no-workers":       {notHappyFrom(0), endsCritical, theWorkersFrom(0)},
	"workers-back":     {noQueueStarvesFrom(warm)},
}

// rightOfWorkers is what is right to say of each recorded phase of workers.
var rightOfWorkers = map[string][]claim{
	"idle":    undisturbed,
	"healthy": append(undisturbed, neverFiresFrom(0, workersMissing...), neverFiresFrom(0, slotsMissing...)),
	"slots-exhausted": {
		firesFrom(warm, "task_slots_gone"), theWorkersFrom(warm), names("slot"), neverFiresFrom(0, workersMissing...),
		reads(health.ActivitySlots, warm, 0, 0),
		every("no queue starves for want of workers from 30 s on", cycle, func(j judged) bool {
			return !slices.ContainsFunc(j.snapshot.Queues, func(q health.TaskQueue) bool { return q.Starved && !q.Slotless })
		}),
	},
	"workers-gone": {notHappyFrom(0), endsCritical, theWorkersFrom(0), firesFrom(time.Minute, "workflow_pollers_gone"), neverFiresFrom(time.Minute, "task_slots_gone")},
}

// rightWithTuner is what is right to say of workers whose slots a resource-based tuner hands out.
var rightWithTuner = map[string][]claim{
	"slots-exhausted": {
		notHappyFrom(cycle), unlimitedSlots, neverFiresFrom(0, workersMissing...), neverFiresFrom(0, "activity_slots_exhausted"),
		firesFrom(warm, "task_slots_gone"), theWorkersFrom(warm), names("slot"),
	},
	"workers-gone": {notHappyFrom(0), theWorkersFrom(0), firesFrom(time.Minute, "workflow_pollers_gone")},
}

var (
	workersMissing = []health.GateID{"workflow_pollers_gone", "worker_workflow_pollers_gone"}
	slotsMissing   = []health.GateID{"task_slots_gone", "workflow_slots_exhausted", "activity_slots_exhausted", "worker_activity_pollers_gone"}
)

// pollersOf are the pollers for workflow tasks of each fleet, normal and sticky ones, as its workers export them.
var pollersOf = map[string]float64{
	"go-tally-prometheus": 5, "go-tally": 5, "go-tally-summary": 5, "go-otel": 5, "go-otel-monotonic": 5,
	"typescript-default": 10, "typescript-seconds": 10, "typescript-suffixes": 10, "typescript-resource-tuner": 10,
	"mixed": 5*5 + 4*10,
}

// rightOfFleet is what is right to read of a fleet while it is healthy.
func rightOfFleet(fleet string) []claim {
	claims := []claim{reads(health.WorkflowPollers, warm, pollersOf[fleet], pollersOf[fleet])}
	if strings.HasSuffix(fleet, "-tuner") {
		return append(claims, unlimitedSlots)
	}
	return append(claims, reads(health.ActivitySlots, warm, 1, 5*9))
}

// unlimitedSlots: a resource-based tuner exports no free slots, and the reason says that.
var unlimitedSlots = every("activity slots are not a limit", warm, func(j judged) bool {
	return strings.Contains(j.snapshot.Unknown[health.ActivitySlots], "not limited by a number of slots")
})

// notWorse: as undisturbed, or unknown.
var notWorse = every("it is never worse than happy but for the server's latencies", warm, func(j judged) bool {
	return j.verdict.State <= health.Happy || j.slow()
})

// undisturbed: all is well and known to be, apart from how long the server takes where other work on the recording
// machine made it slow.
var undisturbed = []claim{
	every("it is happy from 90 s on, or nothing but the server's latencies says otherwise", warm, func(j judged) bool {
		return j.sound() || j.slow()
	}),
}

func (j judged) sound() bool {
	return j.decided() && j.verdict.State == health.Happy && j.verdict.Bottleneck == health.BottleneckHealthy
}

// slow reports whether all that decides are latencies of the server, or were until an improvement is confirmed.
func (j judged) slow() bool {
	return j.verdict.State == health.Stressed && j.verdict.Bottleneck == health.ServerLimited &&
		!slices.ContainsFunc(j.fired(), func(g health.GateResult) bool { return g.Deciding && !slices.Contains(latencies, g.ID) })
}

var latencies = []health.GateID{"state_transitions_slow", "persistence_slow", "frontend_slow"}

// notHappyFrom: from a time on nothing says that all is well.
func notHappyFrom(from time.Duration) claim {
	return every(fmt.Sprintf("it is not happy, unless stale, from %s on", offset(from)), from, func(j judged) bool {
		return j.verdict.State > health.Happy || j.verdict.Stale
	})
}

// endsCritical: the phase's last verdict is critical, or none.
var endsCritical = claim{"it ends critical, or stale", func(line timeline) string {
	if last := line[len(line)-1]; last.verdict.State != health.Critical && !last.verdict.Stale {
		return last.summary()
	}
	return ""
}}

// theWorkersFrom: what limits the cluster is the workers, and the server beside them at most while a gate of its own
// fires: the recorded machines were busy.
func theWorkersFrom(from time.Duration) claim {
	return limitedFrom(from, health.WorkerLimited, health.Mixed)
}

// theApplicationsFrom is the same for workflow and activity code; a server that is at its limit comes before it.
func theApplicationsFrom(from time.Duration) claim {
	return limitedFrom(from, health.ApplicationLimited, health.ServerLimited)
}

// limitedFrom: every decided verdict that is not happy has a bottleneck, or another one while a gate of the server's fired
// within the last cycles.
func limitedFrom(from time.Duration, by, orElse health.Bottleneck) claim {
	return claim{fmt.Sprintf("it is %s from %s on", by, offset(from)), func(line timeline) string {
		serverUntil := -time.Hour
		for _, j := range line {
			if j.firesOn(health.SideServer) {
				serverUntil = j.at + 3*cycle
			}
			if j.at < from || !j.decided() || j.verdict.State == health.Happy || j.verdict.Bottleneck == by {
				continue
			}
			if j.verdict.Bottleneck != orElse || j.at > serverUntil {
				return fmt.Sprintf("not at %s: %s", offset(j.at), j.summary())
			}
		}
		return ""
	}}
}

func (j judged) firesOn(side health.Side) bool {
	return slices.ContainsFunc(j.fired(), func(g health.GateResult) bool { return g.Side == side })
}

// firesFrom: a gate fires in every cycle from a time on. A recorded server that lost its database has other troubles.
func firesFrom(from time.Duration, id health.GateID) claim {
	return every(fmt.Sprintf("%s fires from %s on", id, offset(from)), from, func(j judged) bool {
		return j.firing(id) || j.firing("persistence_failing")
	})
}

func neverFiresFrom(from time.Duration, ids ...health.GateID) claim {
	return every(fmt.Sprintf("none of %v fires from %s on", ids, offset(from)), from, func(j judged) bool { return !slices.ContainsFunc(ids, j.firing) })
}

// noQueueStarvesFrom: the workers are there, and are not said to be missing. Without a database no poll is answered.
func noQueueStarvesFrom(from time.Duration) claim {
	gates := []health.GateID{"workflow_pollers_gone", "activity_pollers_gone", "queues_starved", "starved_too_long"}
	return every(fmt.Sprintf("none of %v fires from %s on", gates, offset(from)), from, func(j judged) bool {
		return !slices.ContainsFunc(gates, j.firing) || j.firing("persistence_failing")
	})
}

// onceDrained: a cluster is as it was once its backlog is worked off.
var onceDrained = claim{"it is happy two minutes after its backlog is worked off", func(line timeline) string {
	drained := time.Duration(-1)
	for _, j := range line {
		switch waiting := j.backlog(); {
		case waiting > 5:
			drained = -1
		case drained < 0:
			drained = j.at
		}
		if drained >= 0 && j.at >= max(warm, drained+2*time.Minute) && j.verdict.State > health.Happy {
			return fmt.Sprintf("not at %s, drained at %s: %s", offset(j.at), offset(drained), j.summary())
		}
	}
	return ""
}}

// backlog is how many tasks wait in the queues.
func (j judged) backlog() (tasks float64) {
	for _, q := range j.snapshot.Queues {
		if q.Backlog != nil {
			tasks += *q.Backlog
		}
	}
	return tasks
}

// replayed is a recording that was judged cycle by cycle.
type replayed struct {
	phases.Timeline
	readings []telemetry.Reading
	line     timeline
}

var replays struct {
	sync.Once
	all []*replayed
	err error
}

// replayRecordings reads and judges all recordings, once.
func replayRecordings(t *testing.T) []*replayed {
	t.Helper()
	timelines, url := telemetry.Recordings(t)
	replays.Do(func() {
		reader, err := telemetry.New(telemetry.Source{URL: url}, patient)
		if replays.err = err; err != nil {
			return
		}
		var (
			group sync.WaitGroup
			slots = make(chan struct{}, 2)
			errs  = make([]error, len(timelines))
		)
		for i, recorded := range timelines {
			r := &replayed{Timeline: recorded}
			replays.all = append(replays.all, r)
			group.Go(func() {
				slots <- struct{}{}
				errs[i] = r.replay(reader)
				<-slots
			})
		}
		group.Wait()
		replays.err = errors.Join(errs...)
	})
	require.NoError(t, replays.err)
	return replays.all
}

// patient waits for answers on a busy machine.
var patient = telemetry.Options{Timeout: 2 * time.Minute, QueryTimeout: 2 * time.Minute}

// replay judges a recording as the worker does, in cycles of 30 seconds, and of a minute late in long phases.
func (r *replayed) replay(reader *telemetry.Reader) error {
	cluster := telemetry.RecordedCluster(r.Timeline)
	var memory health.Memory
	for i, p := range r.Phases {
		until := r.End()
		if i+1 < len(r.Phases) {
			until = r.Phases[i+1].Start().Add(-time.Second)
		}
		step := cycle
		for at := p.Start().Add(step); !at.After(until); at = at.Add(step) {
			if at.Sub(p.Start()) >= settled {
				step = 2 * cycle
			}
			cluster.Keep = memory.WaitingKeys()
			reading, err := reader.Read(context.Background(), cluster, at)
			if err != nil {
				return fmt.Errorf("replaying %s: %w", r.Name, err)
			}
			var verdict health.Verdict
			verdict, memory = health.Evaluate(memory, reading.Snapshot, health.DefaultThresholds())
			r.readings = append(r.readings, reading)
			r.line = append(r.line, judged{at.Sub(r.Start()), verdict, reading.Snapshot})
		}
	}
	return nil
}

// phase is the part of the replay that lies in a phase, its times counted from the phase's beginning.
func (r *replayed) phase(p phases.Phase) (line timeline) {
	from, to := p.Start().Sub(r.Start()), p.End().Sub(r.Start())+phases.Interval-time.Second
	for _, j := range r.line {
		if j.at >= from && j.at <= to {
			line = append(line, judged{j.at - from, j.verdict, j.snapshot})
		}
	}
	return line
}

// phaseAt is the name of the phase that a moment lies in.
func (r *replayed) phaseAt(at time.Time) string {
	for _, p := range slices.Backward(r.Phases) {
		if !p.Start().After(at) {
			return p.Name
		}
	}
	return ""
}
