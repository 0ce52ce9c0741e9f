package evidence

import (
	"fmt"
	"maps"
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
		"coverage": health.Ratio.Format(e.Coverage),
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
	for id, lines := range e.Lines() {
		f["log."+id] = lines
	}
	for name, text := range f {
		if text == "" {
			delete(f, name)
		}
	}
	return f
}

// With are the facts with one of them said otherwise.
func (f Facts) With(name, text string) Facts {
	f = maps.Clone(f)
	if delete(f, name); text != "" {
		f[name] = text
	}
	return f
}

// text names a task queue in a sentence.
func (q Queue) text() string {
	return fmt.Sprintf("%q (%s tasks, namespace %q)", q.Name, q.Type, q.Namespace)
}

// Reference finds a reference to a fact.
var Reference = regexp.MustCompile(`\[\[([^\[\]]{1,100})\]\]`)

// Replace replaces the references in a sentence by its own facts and the evidence's. It is false where a reference
// stands for nothing.
func (f Facts) Replace(sentence string, own Facts) (string, bool) {
	if !strings.Contains(sentence, "[[") && !strings.Contains(sentence, "]]") {
		return sentence, true
	}
	ok := true
	complete := Reference.ReplaceAllStringFunc(sentence, func(ref string) string {
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
