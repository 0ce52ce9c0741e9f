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
	partQueueAge        = "queues/age"
	partQueueBacklog    = "queues/backlog"
	partQueueInflow     = "queues/inflow"
	partQueueDispatched = "queues/dispatched"
	partQueueRecent     = "queues/recent"
	partQueuePollers    = "queues/pollers"
	partQueueSucceeded  = "queues/succeeded"
	partQueueTimedOut   = "queues/timedout"
	partQueueSDKPollers = "queues/sdkpollers"
	partQueueSlots      = "queues/slots"
	partQueueSlotsNow   = "queues/slotsnow"
	partQueueTuned      = "queues/tuned"
	partQueueUsed       = "queues/used"
	partVersionBacklog  = "queues/versionbacklog"
	partVersionPollers  = "queues/versionpollers"
)

// usedWithin is how recently a task queue must have been fed or polled to count: what was left behind in
// a queue that no one uses any more is no outage, and stays there for days.
const usedWithin = "1h"

// perQueue groups by task queue, and onQueues joins by it.
func (a *asking) perQueue() string { return "by " + a.queueLabels() }
func (a *asking) onQueues() string { return "on " + a.queueLabels() }

func (a *asking) queueLabels() string {
	return fmt.Sprintf("(%s, %s, %s)", a.label("namespace"), a.label("taskqueue"), a.label("task_type"))
}

// ofQueues selects a metric of the task queues of users.
func (a *asking) ofQueues(metric string, matchers ...string) string {
	return a.series(metric, append([]string{userNamespaces, userQueues}, matchers...)...)
}

// usedQueues has a series for every task queue of users that was fed or polled of late, by any sign that the release
// gives. A counter that is younger than that was used, whatever its increase says: the first tasks are lost to rate and
// increase.
func (a *asking) usedQueues(matchers ...string) string {
	var signs []string
	counter := func(series string) {
		signs = append(signs,
			fmt.Sprintf("sum %s (increase(%s[%s])) > 0", a.perQueue(), series, usedWithin),
			fmt.Sprintf("max %s (%s unless %s offset %s) > 0", a.perQueue(), series, series, usedWithin))
	}
	if exported, _ := a.names.exports("pending_polls"); exported {
		signs = append(signs, fmt.Sprintf("max %s (max_over_time(%s[%s])) > 0", a.perQueue(), a.ofQueues("pending_polls", matchers...), usedWithin))
	}
	if exported, _ := a.names.exports("tasks_added"); exported {
		counter(a.toBacklog(matchers...))
	}
	backlog := a.ofQueues("approximate_backlog_count", matchers...)
	signs = append(signs,
		fmt.Sprintf("max %s (%s unless %s offset %s) > 0", a.perQueue(), backlog, backlog, usedWithin),
		fmt.Sprintf("max %s (%s - min_over_time(%s[%s])) > 0", a.perQueue(), backlog, backlog, usedWithin))
	counter(a.ofQueues(a.names.server.counter("poll_success"), append(matchers, matching)...))
	counter(a.ofQueues(a.names.server.counter("poll_timeouts"), append(matchers, matching)...))
	return "(" + strings.Join(signs, " or ") + ")"
}

// toBacklog counts the tasks that found no poller.
func (a *asking) toBacklog(matchers ...string) string {
	return a.ofQueues(a.names.server.counter("tasks_added"), append(matchers, `task_add_result="backlog"`, `forwarded="false"`)...)
}

// slotsMustStayAt0For is how long slots must be at 0 to be exhausted while polls are still seen: a busy worker has none
// for moments.
const slotsMustStayAt0For = "2m"

// undispatchedFor, in seconds, is the age of a task that has seen no dispatch for a whole window of a minute.
const undispatchedFor = 60

// queueQuestions ask per namespace, task queue and type what the matching service and the workers know.
func queueQuestions(a *asking) []question {
	by := a.perQueue()
	ended := seconds(max(pollsEndWithin, a.cluster.window()))
	success := a.ofQueues(a.names.server.counter("poll_success"), matching)
	timeouts := a.ofQueues(a.names.server.counter("poll_timeouts"), matching)
	slots := a.workerSeries([]string{"temporal_worker_task_slots_available"}, taskSlots)
	byWorkerQueue := fmt.Sprintf("by (%s, task_queue, worker_type)", a.workerLabel("namespace"))
	// Busy pollers are away for moments: a queue is unpolled when there was no poll at any of two scrapes.
	recent := seconds(2*a.cluster.scrapeInterval() + time.Second)
	questions := []question{
		{id: partQueueAge, promql: a.ages("max")},
		{id: partQueueBacklog, promql: fmt.Sprintf("sum %s (%s)", by, a.ofQueues("approximate_backlog_count"))},
		{id: partQueueDispatched, promql: a.dispatches()},
		{id: partQueueRecent, promql: fmt.Sprintf("sum %s (increase(%s[%s])) > 0", by, success, recent)},
		{id: partQueueSucceeded, promql: fmt.Sprintf("sum %s (increase(%s[%s]))", by, success, ended)},
		{id: partQueueTimedOut, promql: fmt.Sprintf("sum %s (increase(%s[%s]))", by, timeouts, ended)},
		{id: partQueueSDKPollers, promql: fmt.Sprintf("sum by (%s, task_queue, poller_type) (%s)", a.workerLabel("namespace"), a.workerSeries([]string{"temporal_num_pollers"}))},
		{id: partQueueSlots, promql: fmt.Sprintf("sum %s (max_over_time(%s[%s]) and %s)", byWorkerQueue, slots, slotsMustStayAt0For, slots)},
		{id: partQueueSlotsNow, promql: fmt.Sprintf("sum %s (max_over_time(%s[%s]) and %s)", byWorkerQueue, slots, recent, slots)},
		{id: partQueueTuned, promql: fmt.Sprintf("sum %s (min_over_time(%s[%s]) unless on (job, instance, task_queue, worker_type) %s) > 0",
			byWorkerQueue, a.workerSeries([]string{"temporal_worker_task_slots_used"}, taskSlots), recent, slots)},
		{id: partQueueUsed, promql: a.usedQueues()},
	}
	if exported, _ := a.names.exports("tasks_added"); exported {
		questions = append(questions, question{id: partQueueInflow, promql: fmt.Sprintf("sum %s (rate(%s%s))", by, a.toBacklog(), a.over(1))})
	}
	if exported, _ := a.names.exports("pending_polls"); exported && !a.names.partitionless {
		polls := a.ofQueues("pending_polls")
		questions = append(questions, question{id: partQueuePollers, promql: fmt.Sprintf("sum %s (max_over_time(%s[%s]) and %s)", by, polls, recent, polls)})
		if a.names.byVersion {
			perVersion := fmt.Sprintf("by (%s, %s, %s, worker_version)", a.label("namespace"), a.label("taskqueue"), a.label("task_type"))
			questions = append(questions,
				question{id: partVersionPollers, promql: fmt.Sprintf("sum %s (max_over_time(%s[%s]) and %s)", perVersion, polls, recent, polls)},
				question{id: partVersionBacklog, promql: fmt.Sprintf("sum %s (%s) > 0", perVersion, a.ofQueues("approximate_backlog_count"))})
		}
	}
	return questions
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

// queueSignals are what is read from the task queues one by one.
var queueSignals = []health.SignalID{health.StarvedQueues, health.StarvedOldestAge, health.SlotlessQueues, health.UnservedVersions}

// judgeQueues joins what is known of each task queue, keeps the worst, and counts those in which work waits.
func (r *reading) judgeQueues(questions []question, answers map[string]answer) {
	texts := make([]string, len(questions))
	reason := ""
	for i, q := range questions {
		texts[i] = q.promql
		// What the workers say may be unknown; the rest may not.
		if f := answers[q.id].failure; f != "" && q.id != partQueueSlots && q.id != partQueueSlotsNow && q.id != partQueueTuned && q.id != partQueueSDKPollers {
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
	case r.names.omitted:
		reason = noBreakdown
	default:
		_, reason = r.names.exports("approximate_backlog_count")
	}
	if _, released := r.names.oldest(fromMatching); reason == "" && !released && !r.names.seen["approximate_backlog_count"] && !r.names.seen["tasks_added"] &&
		(r.names.seen["poll_success"] || r.names.seen["poll_timeouts"]) {
		reason = "the matching service exports neither approximate_backlog_count nor tasks_added, without which no metric shows what waits in a task queue"
	}
	var queues []health.TaskQueue
	if reason == "" {
		queues = r.joinQueues(answers)
	}
	counts := map[health.SignalID]float64{}
	agesKnown, pollersUnknown := true, ""
	for _, q := range queues {
		if q.Pollers == nil && valueOf(q.Backlog) > 0 {
			pollersUnknown = q.Name
		}
		if q.UnservedVersion != "" {
			counts[health.UnservedVersions]++
		}
		if !q.Starved {
			continue
		}
		counts[health.StarvedQueues]++
		if q.Slotless {
			counts[health.SlotlessQueues]++
		}
		agesKnown = agesKnown && q.OldestAgeSec != nil
		counts[health.StarvedOldestAge] = max(counts[health.StarvedOldestAge], valueOf(q.OldestAgeSec))
	}
	r.Snapshot.Queues = r.worst(queues)

	for _, id := range queueSignals {
		if r.cluster.Queries[id] != "" {
			continue
		}
		r.byID[id].Query = strings.Join(texts, "\n")
		switch {
		case reason != "":
			r.unknown(id, reason)
		case id == health.UnservedVersions && !r.names.byVersion:
			r.unknown(id, "no task queue has worker versions, or the server's metrics do not name them")
		case id == health.StarvedOldestAge && counts[id] == 0 && !agesKnown:
			r.unknown(id, "the starved task queues have no backlog age yet: the gauge is refreshed once a minute, and on server 1.29 at a dispatch only")
		case counts[id] == 0 && pollersUnknown != "":
			r.unknown(id, fmt.Sprintf("whether a worker polls task queue %q, where tasks wait, is exported neither by the server nor by workers", pollersUnknown))
		default:
			r.known(id, counts[id])
		}
	}
}

// worst are the worst task queues, and those that have to be kept.
func (r *reading) worst(queues []health.TaskQueue) []health.TaskQueue {
	var kept []health.TaskQueue
	for i, q := range queues {
		if i < worstQueues || slices.Contains(r.cluster.Keep, q.Key()) {
			kept = append(kept, q)
		}
	}
	return kept
}

// joinQueues returns all task queues of users, worst first.
func (r *reading) joinQueues(answers map[string]answer) []health.TaskQueue {
	a := asking{cluster: r.cluster, names: r.names}
	inflowCounted, _ := r.names.exports("tasks_added")
	waitingPolls, _ := r.names.exports("pending_polls")
	pollsCounted := r.names.seen["poll_success"] || r.names.seen["poll_timeouts"]
	named := func(s *model.Sample) (queueKey, health.TaskQueue) {
		namespace, name := s.Metric[model.LabelName(a.label("namespace"))], s.Metric[model.LabelName(a.label("taskqueue"))]
		kind := strings.ToLower(string(s.Metric[model.LabelName(a.label("task_type"))]))
		fresh := health.TaskQueue{Namespace: string(namespace), Name: string(name), Type: kind}
		if inflowCounted {
			// The counter is born with the first task.
			fresh.InflowPerSec = new(float64)
		}
		return queueKey{sanitised(namespace), sanitised(name), kind}, fresh
	}
	found := map[queueKey]*health.TaskQueue{}
	each := func(part string, do func(*health.TaskQueue, float64)) {
		for _, s := range answers[part].series {
			key, fresh := named(s)
			q := found[key]
			if q == nil {
				q = &fresh
				found[key] = q
			}
			do(q, float64(s.Value))
		}
	}
	ofServer := func(part string, field func(*health.TaskQueue) **float64) {
		each(part, func(q *health.TaskQueue, v float64) { *field(q) = &v })
	}
	ofServer(partQueueAge, func(q *health.TaskQueue) **float64 { return &q.OldestAgeSec })
	ofServer(partQueueBacklog, func(q *health.TaskQueue) **float64 { return &q.Backlog })
	ofServer(partQueueInflow, func(q *health.TaskQueue) **float64 { return &q.InflowPerSec })
	ofServer(partQueueDispatched, func(q *health.TaskQueue) **float64 { return &q.DispatchedPerSec })
	// Polls that ended stand in where no waiting poll is exported; both for a queue whose gauge is not there.
	ended := func(q *health.TaskQueue, v float64) {
		v += valueOf(q.Pollers)
		q.Pollers = &v
	}
	each(partQueueSucceeded, ended)
	each(partQueueTimedOut, ended)
	ofServer(partQueuePollers, func(q *health.TaskQueue) **float64 { return &q.Pollers })

	ofWorkers := func(part string, label model.LabelName, kinds map[model.LabelValue]string, set func(*health.TaskQueue, float64)) {
		for _, s := range answers[part].series {
			key := queueKey{sanitised(s.Metric[model.LabelName(a.workerLabel("namespace"))]), sanitised(s.Metric["task_queue"]), kinds[s.Metric[label]]}
			if q := found[key]; q != nil {
				set(q, float64(s.Value))
			}
		}
	}
	slotsNow := map[*health.TaskQueue]float64{}
	ofWorkers(partQueueSlots, "worker_type", slotKinds, func(q *health.TaskQueue, v float64) { q.SlotsAvailable = &v })
	ofWorkers(partQueueSlotsNow, "worker_type", slotKinds, func(q *health.TaskQueue, v float64) { slotsNow[q] = v })
	// Workers with a resource-based tuner export the slots that they use and no limit. Such a worker that runs tasks and
	// does not poll has reached its target of CPU or memory.
	tunedBusy := map[*health.TaskQueue]bool{}
	ofWorkers(partQueueTuned, "worker_type", slotKinds, func(q *health.TaskQueue, _ float64) { tunedBusy[q] = true })
	sdkPollers := map[*health.TaskQueue]float64{}
	ofWorkers(partQueueSDKPollers, "poller_type", pollerKinds, func(q *health.TaskQueue, v float64) { sdkPollers[q] += v })
	recently := map[queueKey]bool{}
	for _, s := range answers[partQueueRecent].series {
		key, _ := named(s)
		recently[key] = true
	}
	unserved := r.unservedVersions(answers)
	used := map[queueKey]bool{}
	for _, s := range answers[partQueueUsed].series {
		key, _ := named(s)
		used[key] = true
	}
	queues := make([]health.TaskQueue, 0, len(found))
	for key, q := range found {
		n, fromSDK := sdkPollers[q]
		switch {
		case q.Pollers == nil && fromSDK:
			q.Pollers = &n
		case q.Pollers == nil && (pollsCounted || waitingPolls):
			// A queue that was never polled has neither a gauge nor a counter of polls.
			q.Pollers = new(float64)
		}
		if q.DispatchedPerSec == nil && pollsCounted {
			q.DispatchedPerSec = new(float64)
		}
		switch {
		case q.Backlog != nil && *q.Backlog == 0:
			q.OldestAgeSec = new(float64)
		case valueOf(q.OldestAgeSec) == 0 && valueOf(q.DispatchedPerSec) == 0:
			q.OldestAgeSec = nil // see agesNotKept
		}
		now, workersThere := slotsNow[q]
		if q.UnservedVersion = unserved[key]; !used[key] {
			q.UnservedVersion = ""
		}
		judge(q, sights{used: used[key], recently: recently[key], noSlotNow: workersThere && now == 0 || tunedBusy[q], onlyEnded: !waitingPolls})
		queues = append(queues, *q)
	}
	slices.SortFunc(queues, worseFirst)
	return queues
}

var (
	slotKinds   = map[model.LabelValue]string{"WorkflowWorker": "workflow", "ActivityWorker": "activity"}
	pollerKinds = map[model.LabelValue]string{"workflow_task": "workflow", "workflow_sticky_task": "workflow", "sticky_workflow_task": "workflow", "activity_task": "activity"}
)

// unservedVersions are the worker versions that tasks wait for and no worker polls for, in queues that other versions
// poll.
func (r *reading) unservedVersions(answers map[string]answer) map[queueKey]string {
	a := asking{cluster: r.cluster, names: r.names}
	key := func(s *model.Sample) queueKey {
		return queueKey{sanitised(s.Metric[model.LabelName(a.label("namespace"))]), sanitised(s.Metric[model.LabelName(a.label("taskqueue"))]),
			strings.ToLower(string(s.Metric[model.LabelName(a.label("task_type"))]))}
	}
	type versioned struct {
		queueKey
		version model.LabelValue
	}
	polled, anyPolled := map[versioned]bool{}, map[queueKey]bool{}
	for _, s := range answers[partVersionPollers].series {
		if s.Value > 0 {
			polled[versioned{key(s), s.Metric["worker_version"]}] = true
			anyPolled[key(s)] = true
		}
	}
	unserved := map[queueKey]string{}
	for _, s := range answers[partVersionBacklog].series {
		k, v := key(s), s.Metric["worker_version"]
		if anyPolled[k] && !polled[versioned{k, v}] {
			unserved[k] = string(v)
		}
	}
	return unserved
}

// sights are what is seen of a queue beside its numbers: that it is used, that a task was dispatched in the last two
// scrapes, that its workers have no slot now, and that only polls which ended are known of.
type sights struct{ used, recently, noSlotNow, onlyEnded bool }

// judge decides whether a queue is starved: work waits or arrives, and no worker polls for it or all slots
// of its workers stay taken. Backlog gauges are refreshed once a minute and stay up after a drain, so a
// queue that is polled is not starved by its backlog alone; neither is one that is not used any more. Workers without a
// free slot stop polling: where they are there, it is the slots and not the workers that are missing. Where only polls
// that ended are known, a task that waits for a minute while none is dispatched says that those polls were of no use.
// A busy worker's polls are all taken for moments, while it takes task after task.
func judge(q *health.TaskQueue, s sights) {
	work := valueOf(q.Backlog) > 0 || valueOf(q.InflowPerSec) > 0
	unpolled := q.Pollers != nil && *q.Pollers <= 0
	if s.onlyEnded && q.DispatchedPerSec != nil && *q.DispatchedPerSec == 0 && valueOf(q.OldestAgeSec) >= undispatchedFor {
		unpolled = true
	}
	slotless := q.SlotsAvailable != nil && *q.SlotsAvailable == 0
	q.Starved = s.used && work && (unpolled && !s.recently || slotless)
	q.Slotless = q.Starved && (slotless || s.noSlotNow)
}

func valueOf(v *float64) float64 {
	if v == nil {
		return 0
	}
	return *v
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
