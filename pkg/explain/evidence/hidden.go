package evidence

import (
	"fmt"
	"slices"
	"strings"

	"github.com/temporal-sre/copilot/pkg/health"
)

// hidden is a reason and the parts of the cluster that are not visible for it.
type hidden struct {
	parts  []string
	reason string
}

// seen counts the deciding gates that are known, and all of them.
func (e *Evidence) seen() (known, all int) {
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

// hidden groups the parts with unknown gates by their reason, the largest group first. A part is named once, and said to
// be hidden in part where other gates of it are known. Early signs that a cluster need not have are left out.
func (e *Evidence) hidden(decidingOnly bool) []hidden {
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
	var groups []hidden
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
		i := slices.IndexFunc(groups, func(h hidden) bool { return h.reason == reason })
		if i < 0 {
			groups = append(groups, hidden{reason: reason})
			i = len(groups) - 1
		}
		groups[i].parts = append(groups[i].parts, part)
	}
	// A reason says more than none.
	place := func(h hidden) int {
		if h.reason == notRead {
			return -1
		}
		return sizes[h.reason]
	}
	slices.SortStableFunc(groups, func(a, b hidden) int { return place(b) - place(a) })
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

// hiddenInWords lists groups with their reasons.
func hiddenInWords(groups []hidden) string {
	var all []string
	for _, h := range groups {
		text := strings.Join(h.parts, ", ")
		if h.reason != "" {
			text += fmt.Sprintf(" (%s)", strings.TrimRight(h.reason, "."))
		}
		all = append(all, text)
	}
	return strings.Join(all, "; ")
}

// maxHidden is how many reasons a summary names; the section about the state names them all.
const maxHidden = 2

// covers is what "happy" is said of, in one sentence.
func (w writer) covers() string {
	known, all := w.seen()
	text := fmt.Sprintf("Happy covers %d of %d conditions", known, all)
	groups := w.hidden(true)
	if len(groups) == 0 {
		return text + "."
	}
	more := ""
	if len(groups) > maxHidden {
		more = " and more"
	}
	// A reason may end as a question does.
	return fmt.Sprintf("%s; not visible: %s%s.", text, hiddenInWords(groups[:min(len(groups), maxHidden)]), more)
}
