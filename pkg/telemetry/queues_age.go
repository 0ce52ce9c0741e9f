package telemetry

import (
	"fmt"
	"strings"

	"github.com/prometheus/common/model"
)

// oldestTask is the age in seconds of the oldest waiting task of a type, in the task queues that are used. Gauges of a
// task queue exist while matching has it loaded, which a waiting task or a poll does. An age counts where tasks wait: server
// 1.28 lets that of an empty partition grow.
func oldestTask(taskType string) query {
	return ladder(
		witness{name: "approximate_backlog_age_seconds", needs: []string{"approximate_backlog_age_seconds"}, perQueue: true,
			query: func(a *asking) compiled { return oldestOfUsed(a, taskType) }},
		noQueueLoaded,
		// How long the tasks waited that were dispatched: nothing while none is.
		witness{name: "task_dispatch_latency of dispatched tasks", query: inSeconds(0.99, "task_dispatch_latency", matching, userNamespaces, taskType)},
	)
}

// oldestOfUsed asks of all task queues at once, in the words of queueQuestions where they ask the same, and joins what the
// text joins.
func oldestOfUsed(a *asking, taskType string) compiled {
	ages := a.ofQueues("approximate_backlog_age_seconds", taskType)
	text := fmt.Sprintf("(max((%s and %s %s > 0 unless %s) and %s %s) or (0 * count(%s) unless on () count(%s)))",
		ages, samePartition, a.ofQueues("approximate_backlog_count", taskType), a.agesNotKept(taskType), a.onQueues(), a.usedQueues(taskType),
		a.series("approximate_backlog_age_seconds"), a.agesNotKept(taskType))
	oldest, youngest, used, dispatches := asked(a.ages("max")), asked(a.ages("min")), asked(a.usedQueues()), asked(a.dispatches())
	exported := asked(fmt.Sprintf("count(%s)", a.series("approximate_backlog_age_seconds")))
	return compiled{text: text, leaves: []question{oldest, youngest, used, dispatches, exported}, value: func(got *told) number {
		for _, q := range []question{oldest, used, dispatches, exported} {
			if failure := got.to(q).failure; failure != "" {
				return number{failure: failure}
			}
		}
		inUse, dispatched := a.valuesOf(got.to(used), taskType), a.valuesOf(got.to(dispatches), taskType)
		notKept := func(queue queueKey, age float64) bool { return age == 0 && !(dispatched[queue] > 0) }
		waiting, worst := a.valuesOf(got.to(oldest), taskType), absent
		for queue, age := range waiting {
			if _, counts := inUse[queue]; counts && !notKept(queue, age) && (worst.absent || age > worst.v) {
				worst = number{v: age}
			}
		}
		if !worst.absent {
			return worst
		}
		exist := single(got.to(exported))
		if !exist.usable() {
			return exist
		}
		if len(waiting) > 0 {
			least := got.to(youngest)
			for queue, age := range a.valuesOf(least, taskType) {
				if notKept(queue, age) {
					return absent
				}
			}
			if least.failure != "" {
				return number{failure: least.failure}
			}
		}
		return number{v: 0 * exist.v}
	}}
}

// valuesOf are the values of an answer about task queues of a type.
func (a *asking) valuesOf(got answer, taskType string) map[queueKey]float64 {
	label := func(s *model.Sample, name string) string { return string(s.Metric[model.LabelName(a.label(name))]) }
	values := map[queueKey]float64{}
	for _, s := range got.series {
		if kind := label(s, "task_type"); taskType == fmt.Sprintf("task_type=%q", kind) {
			values[queueKey{label(s, "namespace"), label(s, "taskqueue"), kind}] = float64(s.Value)
		}
	}
	return values
}

// ages are those of the waiting tasks of each task queue, the oldest partition's (max) or the youngest's (min).
func (a *asking) ages(aggregate string) string {
	return fmt.Sprintf("%s %s (%s and %s %s > 0)", aggregate, a.perQueue(), a.ofQueues("approximate_backlog_age_seconds"), samePartition, a.ofQueues("approximate_backlog_count"))
}

// dispatches is how many tasks of each task queue are dispatched per second.
func (a *asking) dispatches() string {
	return fmt.Sprintf("sum %s (rate(%s%s))", a.perQueue(), a.ofQueues(a.names.server.counter("poll_success"), matching), a.over(1))
}

// noQueueLoaded reads 0 where the matching service is alive and has no series of any task queue of users, counters
// included: then none was fed or polled since it started.
var noQueueLoaded = witness{name: "no task queue of users is loaded", query: leaf(func(a *asking) string {
	var names []string
	for _, f := range families {
		if f.perQueue {
			names = append(names, f.name)
		}
	}
	ofUsers := braces(a.cluster.Selector, []string{fmt.Sprintf("__name__=~%q", a.names.prefix+"("+strings.Join(names, "|")+")(_total)?"), userNamespaces, userQueues}, a.label)
	return fmt.Sprintf("(0 * count(%s) unless on () count(%s))", a.series(probeProcess, matching), ofUsers)
})}

// agesNotKept are the ages of 0 beside tasks that wait while none is dispatched: server 1.29 sets the age at a dispatch
// only, and every release leaves it at 0 for up to a minute. They say nothing.
func (a *asking) agesNotKept(taskType string) string {
	return fmt.Sprintf("((%s == 0 and %s %s > 0) unless %s (sum %s (rate(%s%s)) > 0))",
		a.ofQueues("approximate_backlog_age_seconds", taskType), samePartition, a.ofQueues("approximate_backlog_count", taskType),
		a.onQueues(), a.perQueue(), a.ofQueues(a.names.server.counter("poll_success"), matching, taskType), a.over(1))
}

// samePartition joins the age of a partition's backlog with its count, which is told by priority since 1.31.
const samePartition = "ignoring (task_priority)"
