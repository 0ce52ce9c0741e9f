package evidence

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/temporal-sre/copilot/pkg/health"
)

// Facts are what a text may refer to, by name: [[persistence.error_ratio]] stands for "92 %". Texts of
// the rules and drafts of models hold references instead of numbers, so that every number comes from
// the evidence.
type Facts map[string]string

// Facts returns the references of the evidence:
//
//	state, previous_state, lasting, coverage, cluster
//	<signal id>               the signal's value with its unit
//	<gate id>.threshold       what the value was compared with
//	queue                     the worst task queue's name and type; also queue.oldest, .backlog, .inflow, .pollers
//	unserved                  the task queue with a worker version that no worker runs; also unserved.version
//	log.<pattern id>          how many lines the pattern was found in, at all services together
func (e *Evidence) Facts() Facts {
	f := Facts{
		"cluster": e.Cluster, "state": e.State.String(), "lasting": e.Lasting,
		"coverage": percent(e.Coverage * 100),
	}
	if e.Event != nil {
		f["previous_state"] = e.Event.From.String()
	}
	for _, s := range e.Signals {
		f[string(s.ID)] = s.Value
	}
	for _, g := range e.Gates {
		f[string(g.ID)+".threshold"] = g.Threshold
	}
	if len(e.Queues) > 0 {
		q := e.Queues[0]
		f["queue"] = q.text()
		f["queue.oldest"], f["queue.backlog"], f["queue.inflow"], f["queue.pollers"] = q.Oldest, q.Backlog, q.Inflow, q.Pollers
	}
	for _, q := range e.Queues {
		if q.UnservedVersion != "" && f["unserved"] == "" {
			f["unserved"], f["unserved.version"] = q.text(), fmt.Sprintf("%q", q.UnservedVersion)
		}
	}
	for id, lines := range e.lines() {
		f["log."+id] = lines
	}
	for name, text := range f {
		if text == "" {
			delete(f, name)
		}
	}
	return f
}

// text names a task queue in a sentence.
func (q Queue) text() string {
	return fmt.Sprintf("%q (%s tasks, namespace %q)", q.Name, q.Type, q.Namespace)
}

// factsOf are what [[value]] and [[threshold]] mean in the text about a gate.
func factsOf(g Gate) Facts {
	own := Facts{"threshold": g.Threshold}
	if g.Value != "" {
		own["value"] = g.Value
	}
	return own
}

var reference = regexp.MustCompile(`\[\[([^\[\]]{1,100})\]\]`)

// fill replaces the references in a text by its own facts and the evidence's. A sentence with a reference that stands for nothing is left
// out: what can't be known is not said.
func (f Facts) fill(text string, own Facts) string {
	var kept []string
	for _, sentence := range sentences(text) {
		if complete, ok := f.replace(sentence, own); ok {
			kept = append(kept, complete)
		}
	}
	return strings.Join(kept, " ")
}

func (f Facts) replace(sentence string, own Facts) (string, bool) {
	if !strings.Contains(sentence, "[[") && !strings.Contains(sentence, "]]") {
		return sentence, true
	}
	ok := true
	complete := reference.ReplaceAllStringFunc(sentence, func(ref string) string {
		name := strings.TrimSpace(ref[2 : len(ref)-2])
		text, known := own[name]
		if !known {
			text, known = f[name]
		}
		ok = ok && known
		return text
	})
	// A reference that was written wrongly must not reach people either.
	return complete, ok && !strings.Contains(complete, "[[") && !strings.Contains(complete, "]]")
}

// sentences splits a text where a sentence ends: at a full stop, question or exclamation mark before
// white space. Abbreviations such as "e.g." end no sentence.
func sentences(text string) []string {
	var all []string
	words := strings.Fields(text)
	start := 0
	for i, word := range words {
		end := strings.TrimRight(word, `"')”’`)
		if i == len(words)-1 || (strings.HasSuffix(end, ".") && !abbreviations[strings.ToLower(end)]) || strings.HasSuffix(end, "!") || strings.HasSuffix(end, "?") {
			all = append(all, strings.Join(words[start:i+1], " "))
			start = i + 1
		}
	}
	return all
}

var abbreviations = map[string]bool{"e.g.": true, "i.e.": true, "etc.": true, "vs.": true, "approx.": true}

// serviceNames are the services as people call them.
var serviceNames = map[health.Service]string{
	health.Cluster: "the cluster", health.Frontend: "the frontend", health.History: "the history service",
	health.Matching: "the matching service", health.Persistence: "the database", health.Workers: "the workers",
	health.Visibility: "the visibility store", health.SystemWorker: "the internal worker service", health.Replication: "replication",
}

func capital(text string) string {
	if text == "" {
		return ""
	}
	return strings.ToUpper(text[:1]) + text[1:]
}
