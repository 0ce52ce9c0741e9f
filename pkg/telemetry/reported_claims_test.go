package telemetry_test

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/temporal-sre/copilot/pkg/health"
)

// applicationLimited is the bottleneck of a sound cluster whose workflows, activities or clients fail.
const applicationLimited health.Bottleneck = "application_limited"

// A fault must show within soon and what limits the cluster be settled a minute later; the worst state, which needs
// a backlog of minutes and several cycles, may take longer.
const (
	soon    = 3 * time.Minute
	settled = 4 * time.Minute
	later   = 6 * time.Minute
)

// claim is something that is right to say of a cluster. Broken says how a replay breaks it, and is empty when
// it does not.
type claim struct {
	text   string
	broken func(timeline) string
}

// every holds a condition against each cycle from a time on; the first that breaks it is reported.
func every(text string, from time.Duration, holds func(judged) bool) claim {
	return claim{text, func(line timeline) string {
		bad, first := 0, judged{}
		for _, j := range line {
			if j.at >= from && !holds(j) {
				if bad == 0 {
					first = j
				}
				bad++
			}
		}
		if bad == 0 {
			return ""
		}
		return fmt.Sprintf("broken in %d cycles, first at %s: %s", bad, offset(first.at), first.summary())
	}}
}

// eventually requires a condition to hold in some cycle between the fault and a time.
func eventually(text string, by time.Duration, holds func(judged) bool) claim {
	return claim{text, func(line timeline) string {
		for _, j := range line {
			if j.at >= 0 && j.at <= by && holds(j) {
				return ""
			}
		}
		return fmt.Sprintf("not until %s", offset(by))
	}}
}

// all joins claims that belong together.
func all(groups ...[]claim) []claim { return slices.Concat(groups...) }

// calmBefore: nothing is wrong before the fault.
var calmBefore = claim{"it is never worse than happy before the fault", func(line timeline) string {
	return every("", -time.Hour, func(j judged) bool { return j.at >= 0 || j.verdict.State <= health.Happy }).broken(line)
}}

// happyBefore: the cluster is seen well enough to be called happy before the fault.
var happyBefore = claim{"it is happy before the fault", func(line timeline) string {
	return every("", -10*time.Minute, func(j judged) bool { return j.at >= 0 || j.decided() && j.verdict.State == health.Happy }).broken(line)
}}

// sound: all is well all the time, known to be so, and no side is blamed.
var sound = []claim{
	every("it is happy all the time", -14*time.Minute, func(j judged) bool { return j.decided() && j.verdict.State == health.Happy }),
	every("it is limited by nothing", -14*time.Minute, func(j judged) bool { return j.verdict.Bottleneck == health.BottleneckHealthy }),
}

// neverHappyUnlessStale: from soon after the fault nothing says that all is well.
var neverHappyUnlessStale = every("it is not happy, unless stale, from 3 minutes after the fault", soon, func(j judged) bool {
	return j.verdict.State != health.Happy || j.verdict.Stale
})

// atMost: no cycle is worse than a state.
func atMost(worst health.State) claim {
	return every("it is never worse than "+worst.String(), -time.Hour, func(j judged) bool { return j.verdict.State <= worst })
}

// atLeast: from a time after the fault no cycle is better than a state.
func atLeast(state health.State, from time.Duration) claim {
	return every(fmt.Sprintf("it is at least %s from %s on", state, offset(from)), from, func(j judged) bool { return j.verdict.State >= state })
}

// decidedly: from a time after the fault every cycle has a verdict of its own.
func decidedly(from time.Duration) claim {
	return every(fmt.Sprintf("its verdict is not stale from %s on", offset(from)), from, judged.decided)
}

// limitedBy: once that is settled, every verdict that is decided and not happy has one of these bottlenecks,
// and there is such a verdict.
func limitedBy(sides ...health.Bottleneck) claim {
	text := fmt.Sprintf("it is %v", sides)
	return claim{text, func(line timeline) string {
		seen := false
		how := every("", settled, func(j judged) bool {
			if !j.decided() || j.verdict.State == health.Happy {
				return true
			}
			seen = true
			return slices.Contains(sides, j.verdict.Bottleneck)
		}).broken(line)
		if how == "" && !seen {
			return "no verdict says what limits it"
		}
		return how
	}}
}

// neverLimitedBy: no cycle after the fault has one of these bottlenecks.
func neverLimitedBy(sides ...health.Bottleneck) claim {
	return every(fmt.Sprintf("it is never %v", sides), -time.Hour, func(j judged) bool { return !slices.Contains(sides, j.verdict.Bottleneck) })
}

// notTheServers: the server is never blamed.
var notTheServers = []claim{
	neverLimitedBy(health.ServerLimited, health.Mixed),
	every("no gate of the server's side fires", -time.Hour, func(j judged) bool {
		return !slices.ContainsFunc(j.fired(), func(g health.GateResult) bool { return g.Side == health.SideServer })
	}),
}

// theApplications: the fault is the application's or a client's, and never worse than stressed.
var theApplications = all([]claim{
	calmBefore, atMost(health.Stressed), neverHappyUnlessStale, limitedBy(applicationLimited),
}, notTheServers)

// perhapsTheApplications: happy, or stressed and then the application's or a client's doing.
var perhapsTheApplications = all([]claim{
	calmBefore, atMost(health.Stressed),
	every("if it is not happy, that is the application's", later, func(j judged) bool {
		return j.verdict.State != health.Stressed || j.verdict.Bottleneck == applicationLimited
	}),
	neverLimitedBy(health.WorkerLimited),
}, notTheServers)

// names: soon enough after the fault a gate that fires has one of these texts, and still does so in the last
// verdict that is decided and not happy.
func names(texts ...string) claim {
	says := func(j judged) bool { return slices.ContainsFunc(texts, j.says) }
	return claim{fmt.Sprintf("it names %s", strings.Join(texts, " or ")), func(line timeline) string {
		if how := eventually("", later, says).broken(line); how != "" {
			return how
		}
		for _, j := range slices.Backward(line) {
			if j.at > 0 && j.decided() && j.verdict.State > health.Happy {
				if !says(j) {
					return fmt.Sprintf("not any more at %s: %s", offset(j.at), j.summary())
				}
				return ""
			}
		}
		return ""
	}}
}

// fires: a gate fires at some time after the fault.
func fires(id health.GateID) claim {
	return eventually(fmt.Sprintf("%s fires", id), time.Hour, func(j judged) bool { return j.firing(id) })
}

// neverFires: none of the gates fires at any time.
func neverFires(ids ...health.GateID) claim {
	return every(fmt.Sprintf("none of %v fires", ids), -time.Hour, func(j judged) bool { return !slices.ContainsFunc(ids, j.firing) })
}

func (j judged) firing(id health.GateID) bool {
	return slices.ContainsFunc(j.fired(), func(g health.GateResult) bool { return g.ID == id })
}

// theWorkers: a queue has lost its workers: critical, the workers', and named.
func theWorkers(queue string) []claim {
	return []claim{
		calmBefore, neverHappyUnlessStale, atLeast(health.Critical, later), limitedBy(health.WorkerLimited), names(queue),
		neverLimitedBy(health.ServerLimited, health.Mixed),
	}
}

// theWorkersOrUnknown: as theWorkers where the cluster lets that be seen; where it does not, no claim that all is
// well.
func theWorkersOrUnknown() []claim {
	return []claim{calmBefore, neverHappyUnlessStale, neverLimitedBy(health.ServerLimited, health.Mixed)}
}

// theServers: the server fails, and no worker is blamed for it.
func theServers(state health.State) []claim {
	return []claim{
		calmBefore, neverHappyUnlessStale, atLeast(state, later), limitedBy(health.ServerLimited),
		neverFires("workflow_pollers_gone", "queues_starved", "starved_too_long"),
	}
}

// theServersPart: one part of the server fails while workflows go on: stressed, and the part is named.
func theServersPart(texts ...string) []claim {
	return all(theServers(health.Stressed), []claim{atMost(health.Stressed), names(texts...)})
}

// reads: a signal is known and within bounds in every cycle from a time on.
func reads(id health.SignalID, from time.Duration, least, most float64) claim {
	return claim{fmt.Sprintf("%s is between %g and %g", id, least, most), func(line timeline) string {
		for _, j := range line {
			if j.at < from {
				continue
			}
			v, known := j.snapshot.Value(id)
			if !known {
				return fmt.Sprintf("at %s it is unknown: %s", offset(j.at), j.snapshot.Unknown[id])
			}
			if v < least || v > most {
				return fmt.Sprintf("at %s it is %g", offset(j.at), v)
			}
		}
		return ""
	}}
}

// unknownBecause: nothing is decided, and the reasons name what is there instead.
func unknownBecause(words ...string) []claim {
	return []claim{
		every("nothing is decided", -time.Hour, func(j judged) bool { return !j.decided() }),
		every(fmt.Sprintf("the reason names %v", words), -time.Hour, func(j judged) bool {
			reason := strings.ToLower(j.snapshot.Unknown[health.TransitionRate])
			return !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(reason, strings.ToLower(w)) })
		}),
	}
}

// atMostEvents bounds how many events the replay makes.
func atMostEvents(n int) claim {
	return claim{fmt.Sprintf("it makes at most %d events", n), func(line timeline) string {
		if got := line.events(); got > n {
			return fmt.Sprintf("it makes %d", got)
		}
		return ""
	}}
}
