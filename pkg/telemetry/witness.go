package telemetry

import (
	"cmp"
	"fmt"
	"strings"
)

// witness is one way to read a signal.
type witness struct {
	// name is what the value is read from, in a few words for an operator.
	name string
	// needs are the metrics without which it says nothing.
	needs []string
	// perQueue witnesses need the server's metrics to name task queues.
	perQueue bool
	query    query
}

// noBreakdown is why no metric tells about single task queues.
const noBreakdown = `the server's metrics do not name task queues (__omitted__): metrics.breakdownByTaskQueue or metrics.breakdownByPartition is false in its dynamic config`

// ladder reads a signal by the first witness that this cluster exports and that has a value. What is not exported is
// not asked, and says why.
func ladder(witnesses ...witness) query {
	return func(a *asking) compiled {
		var (
			usable []compiled
			names  []string
			texts  []string
			leaves []question
		)
		for i, w := range witnesses {
			if !a.allows(w) {
				continue
			}
			try := asking{cluster: a.cluster, names: a.names}
			q := w.query(&try)
			a.note = cmp.Or(a.note, try.note)
			if try.unaskable != "" {
				a.lacks(try.unaskable)
				continue
			}
			a.lacks(try.lacking)
			name := w.name
			if i == 0 {
				name = ""
			}
			usable, names, texts, leaves = append(usable, q), append(names, name), append(texts, q.text), append(leaves, q.leaves...)
		}
		if len(usable) == 0 {
			return compiled{text: a.cannot(a.lacking)}
		}
		text := texts[0]
		if len(texts) > 1 {
			text = "(" + strings.Join(texts, " or ") + ")"
		}
		return compiled{text: text, leaves: leaves, value: func(got *told) number {
			nothing := absent
			for i, q := range usable {
				n := q.value(got)
				if n.absent {
					nothing.few = nothing.few || n.few
					continue
				}
				n.witness = names[i]
				return n
			}
			return nothing
		}}
	}
}

// allows tells whether a witness can say anything on this cluster.
func (a *asking) allows(w witness) bool {
	if w.perQueue && a.names.omitted {
		a.lacks(noBreakdown)
		return false
	}
	for _, metric := range w.needs {
		if exported, why := a.names.exports(metric); !exported {
			a.lacks(why)
			return false
		}
	}
	return true
}

// noServiceLabel is why the services' metrics can't be told apart.
func noServiceLabel(label string, values []string) string {
	return fmt.Sprintf("the label %s of the server's metrics does not name Temporal's services but %s, as an OpenTelemetry collector makes it: "+
		"say in telemetry.services which series are the frontend's, history's, matching's and the worker's", label, strings.Join(values, ", "))
}
