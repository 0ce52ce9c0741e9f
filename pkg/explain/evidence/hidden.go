package evidence

import (
	"fmt"
	"slices"
	"strings"

	"github.com/temporal-sre/copilot/pkg/health"
)

// Hidden is a reason and the parts of the cluster that are not visible for it.
type Hidden struct {
	Parts  []string
	Reason string
}

// KnownConditions counts the deciding gates that are known, and all of them.
func (e *Evidence) KnownConditions() (known, all int) {
	for _, g := range e.Gates {
		if g.Deciding {
			all++
			if g.Result != health.NotKnowable {
				known++
			}
		}
	}
	return known, all
}

// Hidden groups the parts with unknown gates by their reason, the largest group first. A part is named once, and said to
// be hidden in part where other gates of it are known. Early signs that a cluster need not have are left out.
func (e *Evidence) Hidden(decidingOnly bool) []Hidden {
	counts := func(g Gate) bool {
		known, ok := health.LookupGate(g.ID)
		return g.Deciding || (!decidingOnly && !(ok && known.Optional))
	}
	visible := map[string]bool{}
	for _, g := range e.Gates {
		if counts(g) && g.Result != health.NotKnowable {
			visible[partOf(g)] = true
		}
	}
	var groups []Hidden
	sizes, named := map[string]int{}, map[string]bool{}
	for _, g := range e.Gates {
		part := partOf(g)
		if g.Result != health.NotKnowable || !counts(g) {
			continue
		}
		reason := e.reasonFor(g)
		// What a cluster need not have comes last.
		if known, ok := health.LookupGate(g.ID); ok && !known.Optional {
			sizes[reason]++
		}
		if named[part] {
			continue
		}
		named[part] = true
		if visible[part] {
			part += " in part"
		}
		i := slices.IndexFunc(groups, func(h Hidden) bool { return h.Reason == reason })
		if i < 0 {
			groups = append(groups, Hidden{Reason: reason})
			i = len(groups) - 1
		}
		groups[i].Parts = append(groups[i].Parts, part)
	}
	// A reason says more than none.
	place := func(h Hidden) int {
		if h.Reason == notRead {
			return -1
		}
		return sizes[h.Reason]
	}
	slices.SortStableFunc(groups, func(a, b Hidden) int { return place(b) - place(a) })
	return groups
}

// reasonFor is why a gate is unknown.
func (e *Evidence) reasonFor(g Gate) string {
	for _, gap := range e.Gaps {
		if slices.Contains(gap.Signals, g.Signal) {
			return gap.Reason
		}
	}
	return g.Note
}

// partOf is what a gate looks at, as an operator calls it.
func partOf(g Gate) string {
	if part, ok := signalParts[g.Signal]; ok {
		return part
	}
	if g.Service == health.Workers && g.Side != health.SideApplication {
		return "workers"
	}
	return serviceParts[g.Service]
}

var serviceParts = map[health.Service]string{
	health.Cluster: "progress", health.Frontend: "API calls", health.History: "the history service", health.Matching: "task queues",
	health.Persistence: "the database", health.Visibility: "the visibility store", health.SystemWorker: "schedules and system queues",
	health.Replication: "replication", health.Workers: "workflow and activity results",
}

// signalParts name the parts that are smaller than a service.
var signalParts = map[health.SignalID]string{
	health.TargetsUp: "scrape targets", health.Deadlocks: "deadlocks", health.CertsExpired: "certificates", health.CertsExpiring: "certificates",
	health.DeadLetters: "dead letters", health.TerminalFailures: "dead letters", health.Corruptions: "dead letters",
	health.OutboundBacklogAge: "Nexus and callbacks", health.CallbacksBlocked: "Nexus and callbacks", health.NexusLatency: "Nexus and callbacks",
	health.ArchivalBacklogAge: "archival", health.UnservedVersions: "worker versions",
}

// HiddenText lists groups with their reasons.
func HiddenText(groups []Hidden) string {
	var all []string
	for _, h := range groups {
		text := strings.Join(h.Parts, ", ")
		if h.Reason != "" {
			text += fmt.Sprintf(" (%s)", strings.TrimRight(h.Reason, "."))
		}
		all = append(all, text)
	}
	return strings.Join(all, "; ")
}
