package telemetry

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/prometheus/common/model"

	"github.com/temporal-sre/copilot/pkg/health"
)

// worstQueues is how many task queues a snapshot carries.
const worstQueues = 10

// The parts of the join over task queues.
const (
	partQueueAge     = "queues/age"
	partQueueBacklog = "queues/backlog"
	partQueueInflow  = "queues/inflow"
	partQueuePollers = "queues/pollers"
	partQueueSlots   = "queues/slots"
	partQueueUsed    = "queues/used"
)

// usedWithin is how recently a task queue must have been fed or polled to count: what was left behind in
// a queue that nobody uses any more is nobody's outage, and stays there for days.
const usedWithin = "1h"

// perQueue groups by task queue, and onQueues joins by it.
func (a *asking) perQueue() string { return "by " + a.queueLabels() }
func (a *asking) onQueues() string { return "on " + a.queueLabels() }

func (a *asking) queueLabels() string {
	return fmt.Sprintf("(%s, %s, %s)", a.label("namespace"), a.label("taskqueue"), a.label("task_type"))
}

// usedQueues has a series for every task queue of users that was fed or polled of late. A counter that is
// younger than that was fed, whatever its increase says: the first tasks are lost to rate and increase.
func (a *asking) usedQueues(matchers ...string) string {
	matchers = append([]string{userNamespaces, userQueues}, matchers...)
	polls := a.series("pending_polls", matchers...)
	added := a.toBacklog(matchers...)
	return fmt.Sprintf("(max %[1]s (max_over_time(%[2]s[%[4]s])) > 0 or sum %[1]s (increase(%[3]s[%[4]s])) > 0 or max %[1]s (%[3]s unless %[3]s offset %[4]s) > 0)",
		a.perQueue(), polls, added, usedWithin)
}

// toBacklog counts the tasks that found no poller.
func (a *asking) toBacklog(matchers ...string) string {
	return a.series(a.names.server.counter("tasks_added"), append(matchers, `task_add_result="backlog"`, `forwarded="false"`)...)
}

// oldestTask is the age in seconds of the oldest waiting task of a type, in the task queues that are used.
func oldestTask(taskType string) query {
	return leaf(func(a *asking) string {
		ages := a.series("approximate_backlog_age_seconds", userNamespaces, userQueues, taskType)
		return fmt.Sprintf("max(%s and %s %s)", ages, a.onQueues(), a.usedQueues(taskType))
	})
}

// slotsMustStayAt0For is how long slots must be at 0 to be exhausted: a busy worker has none for moments.
const slotsMustStayAt0For = "2m"

// queueQuestions ask per namespace, task queue and type what the matching service and the workers know.
func queueQuestions(a *asking) []question {
	by := a.perQueue()
	of := func(metric string, matchers ...string) string {
		return a.series(metric, append([]string{userNamespaces, userQueues}, matchers...)...)
	}
	// Busy pollers are away for moments: nobody polls when there was no poll at any of two scrapes.
	polls := of("pending_polls")
	slots := a.workerSeries([]string{"temporal_worker_task_slots_available"}, taskSlots)
	return []question{
		{id: partQueueAge, promql: fmt.Sprintf("max %s (%s)", by, of("approximate_backlog_age_seconds"))},
		{id: partQueueBacklog, promql: fmt.Sprintf("sum %s (%s)", by, of("approximate_backlog_count"))},
		{id: partQueueInflow, promql: fmt.Sprintf("sum %s (rate(%s%s))", by, a.toBacklog(userNamespaces, userQueues), a.over(1))},
		{id: partQueuePollers, promql: fmt.Sprintf("sum %s (max_over_time(%s[%s]) and %s)", by,
			polls, seconds(2*a.cluster.scrapeInterval()+time.Second), polls)},
		{id: partQueueSlots, promql: fmt.Sprintf("sum by (%s, task_queue, worker_type) (max_over_time(%s[%s]) and %s)",
			a.workerLabel("namespace"), slots, slotsMustStayAt0For, slots)},
		{id: partQueueUsed, promql: a.usedQueues()},
	}
}

// queueKey names a task queue in a way that the server's and the workers' metrics agree on: tally replaces
// separators in the server's label values, the SDKs do not.
type queueKey struct{ namespace, name, kind string }

func sanitised(s model.LabelValue) string {
	return strings.Map(func(r rune) rune {
		if r < unicode.MaxASCII && (unicode.IsLetter(r) || unicode.IsDigit(r)) {
			return r
		}
		return '_'
	}, string(s))
}

// judgeQueues joins what is known of each task queue, keeps the worst, and counts the starved ones.
func (r *reading) judgeQueues(questions []question, answers map[string]answer) {
	texts := make([]string, len(questions))
	reason := ""
	for i, q := range questions {
		texts[i] = q.promql
		// The workers' slots may be unknown; the rest may not.
		if f := answers[q.id].failure; f != "" && q.id != partQueueSlots {
			reason = f
		}
	}
	age, alive := r.ages[fromMatching]
	switch {
	case reason != "":
	case !alive:
		reason = "no metrics of the matching service: is it running, and does the selector match it?"
	case age > r.cluster.maxAge():
		reason = fmt.Sprintf("the newest sample is %s old", age.Round(time.Second))
	}
	var queues []health.TaskQueue
	if reason == "" {
		queues = r.joinQueues(answers)
	}
	starved, oldest, agesKnown := 0, 0.0, true
	for _, q := range queues {
		if !q.Starved {
			continue
		}
		starved++
		if q.OldestAgeSec == nil {
			agesKnown = false
			continue
		}
		oldest = max(oldest, *q.OldestAgeSec)
	}
	r.Snapshot.Queues = queues[:min(len(queues), worstQueues)]

	for _, id := range []health.SignalID{health.StarvedQueues, health.StarvedOldestAge} {
		if r.cluster.Queries[id] != "" {
			continue
		}
		r.byID[id].Query = strings.Join(texts, "\n")
		switch {
		case reason != "":
			r.unknown(id, reason)
		case id == health.StarvedQueues:
			r.known(id, float64(starved))
		case oldest == 0 && !agesKnown:
			r.unknown(id, "the starved task queues have no backlog age yet: the gauge is refreshed once a minute")
		default:
			r.known(id, oldest)
		}
	}
}

// joinQueues returns all task queues of users, worst first.
func (r *reading) joinQueues(answers map[string]answer) []health.TaskQueue {
	a := asking{cluster: r.cluster, names: r.names}
	named := func(s *model.Sample) (queueKey, health.TaskQueue) {
		namespace, name := s.Metric[model.LabelName(a.label("namespace"))], s.Metric[model.LabelName(a.label("taskqueue"))]
		kind := strings.ToLower(string(s.Metric[model.LabelName(a.label("task_type"))]))
		// An inflow that is not counted has not happened: the counter is born with the first task.
		return queueKey{sanitised(namespace), sanitised(name), kind},
			health.TaskQueue{Namespace: string(namespace), Name: string(name), Type: kind, InflowPerSec: new(float64)}
	}
	found := map[queueKey]*health.TaskQueue{}
	ofServer := func(part string, field func(*health.TaskQueue) **float64) {
		for _, s := range answers[part].series {
			key, fresh := named(s)
			q := found[key]
			if q == nil {
				q = &fresh
				found[key] = q
			}
			v := float64(s.Value)
			*field(q) = &v
		}
	}
	ofServer(partQueueAge, func(q *health.TaskQueue) **float64 { return &q.OldestAgeSec })
	ofServer(partQueueBacklog, func(q *health.TaskQueue) **float64 { return &q.Backlog })
	ofServer(partQueueInflow, func(q *health.TaskQueue) **float64 { return &q.InflowPerSec })
	ofServer(partQueuePollers, func(q *health.TaskQueue) **float64 { return &q.Pollers })

	kinds := map[model.LabelValue]string{"WorkflowWorker": "workflow", "ActivityWorker": "activity"}
	for _, s := range answers[partQueueSlots].series {
		key := queueKey{sanitised(s.Metric[model.LabelName(a.workerLabel("namespace"))]), sanitised(s.Metric["task_queue"]), kinds[s.Metric["worker_type"]]}
		if q := found[key]; q != nil {
			v := float64(s.Value)
			q.SlotsAvailable = &v
		}
	}
	used := map[queueKey]bool{}
	for _, s := range answers[partQueueUsed].series {
		key, _ := named(s)
		used[key] = true
	}
	queues := make([]health.TaskQueue, 0, len(found))
	for key, q := range found {
		judge(q, used[key])
		queues = append(queues, *q)
	}
	slices.SortFunc(queues, worseFirst)
	return queues
}

// judge decides whether a queue is starved: work waits or arrives, and nobody polls for it or all slots
// of its workers stay taken. Backlog gauges are refreshed once a minute and stay up after a drain, so a
// queue that is polled is not starved by its backlog alone; neither is one that is not used any more.
func judge(q *health.TaskQueue, used bool) {
	work := q.Backlog != nil && *q.Backlog > 0 || *q.InflowPerSec > 0
	if work && q.Pollers == nil {
		// The gauge is born with the first poll.
		q.Pollers = new(float64)
	}
	q.Starved = used && work && (*q.Pollers == 0 || q.SlotsAvailable != nil && *q.SlotsAvailable == 0)
}

func worseFirst(a, b health.TaskQueue) int {
	starved := func(q health.TaskQueue) int {
		if q.Starved {
			return 1
		}
		return 0
	}
	number := func(v *float64) float64 {
		if v == nil {
			return -1
		}
		return *v
	}
	return cmp.Or(
		cmp.Compare(starved(b), starved(a)),
		cmp.Compare(number(b.OldestAgeSec), number(a.OldestAgeSec)),
		cmp.Compare(number(b.Backlog), number(a.Backlog)),
		cmp.Compare(number(b.InflowPerSec), number(a.InflowPerSec)),
		strings.Compare(a.Namespace, b.Namespace), strings.Compare(a.Name, b.Name), strings.Compare(a.Type, b.Type))
}
