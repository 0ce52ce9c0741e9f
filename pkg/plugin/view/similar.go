package view

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/temporal-sre/copilot/pkg/explain"
	"github.com/temporal-sre/copilot/pkg/explain/evidence"
	"github.com/temporal-sre/copilot/pkg/explain/rules"
	"github.com/temporal-sre/copilot/pkg/health"
	"github.com/temporal-sre/copilot/pkg/store"
)

// Incident is a stretch in which a cluster was stressed or critical, from the event that began it to the one that ended it.
type Incident struct {
	Cluster string
	// Begin and End are the cycles of its first event and of the one that ended it; End is zero while it lasts.
	Begin, End time.Time
	// Worst is its worst state.
	Worst health.State
	// Causes are the root causes that its events had, in their order, as Explanation.Cause names them.
	Causes []health.GateID
	// Fired are the conditions that fired in its events, each once.
	Fired []health.GateID
	// shown is the event that tells it: the first of the worst state. last is the last one before it ended.
	shown, last store.Event
	// first and ended are the numbers of its first event and of the one that ended it.
	first, ended int64
}

// Lasted is how long it took.
func (i Incident) Lasted() time.Duration { return i.End.Sub(i.Begin) }

// Similar is a past incident with the same root cause as the one in question.
type Similar struct {
	Incident
	// Cause is the root cause of both. Headline tells it in words, as it was then.
	Cause    health.GateID
	Headline string
	// Alike is the share of conditions that fired in both, of those that fired in either, 0 to 1.
	Alike float64
	// Event is the number of the event that tells the incident, Explanation what explains it; empty without one.
	Event       int64
	Explanation explanation
	// Feedback is what editors said of the explanations of its events, newest first.
	Feedback []store.Feedback
	// Recovered says in words which conditions passed again when it ended, and how their values moved.
	Recovered string
	// Changed says in words what changed shortly before it ended: restarts, members, shards, workers. Empty where nothing did.
	Changed string
	// Of and Days say how often: so many similar incidents in so many days of stored events.
	Of   int
	Days float64
}

const (
	// scannedForSimilar is how many of a cluster's newest events are searched for incidents: a week of a cluster that changes
	// every five minutes.
	scannedForSimilar = 2000
	// beforeRecovery is how long before the end of an incident a change may have cleared it.
	beforeRecovery = 15 * time.Minute
	// mostRecovered is how many conditions and changes a cell names.
	mostRecovered = 3
	// MostCompared is how many clusters one answer compares with their past.
	MostCompared = 3
)

// question is the incident that others are compared with.
type question struct {
	cluster string
	cause   health.GateID
	fired   []health.GateID
	at      time.Time
}

// Similar are the past incidents of clusters that had the root cause of the present one, or of the explanations with the ids:
// the most alike first, then the newest, at most so many of each cluster. Of more than three clusters the worst are compared.
func (d Reader) Similar(ctx context.Context, wanted, ids []string, most int) ([]Similar, Notices, error) {
	clusters, notices, err := d.Clusters(ctx, wanted)
	if err != nil {
		return nil, nil, err
	}
	if len(clusters) > MostCompared && len(ids) == 0 {
		notices.Inform(fmt.Sprintf("The worst %d of %d clusters are compared: choose a cluster to see its own incidents.", MostCompared, len(clusters)))
		clusters = clusters[:MostCompared]
	}
	var all []Similar
	explained := 0
	for _, c := range clusters {
		asked, why, err := d.questionAbout(ctx, c, ids)
		if err != nil {
			return nil, nil, err
		}
		if asked == nil {
			if why != "" {
				explained++
				notices.Inform(why)
			}
			continue
		}
		explained++
		found, why, err := d.similarTo(ctx, *asked, most)
		if err != nil {
			return nil, nil, err
		}
		notices.Inform(why)
		all = append(all, found...)
	}
	if explained == 0 && len(ids) > 0 && len(clusters) > 0 {
		notices.Warn(noSuchExplanation)
	}
	return all, notices, nil
}

// questionAbout is what the past of a cluster is searched for, or why there is nothing to compare; neither where an explanation
// with the ids is not of this cluster.
func (d Reader) questionAbout(ctx context.Context, c Present, ids []string) (*question, string, error) {
	if len(ids) > 0 {
		found, err := d.Store.Assessments(ctx, store.AssessmentQuery{Clusters: []string{c.Cluster}, IDs: ids, Limit: 1})
		if err != nil || len(found) == 0 {
			return nil, "", err
		}
		whole, _ := ReadExplanation(found[0])
		if whole.Cause == "" {
			return nil, fmt.Sprintf("The explanation of cluster %q at %s names no root cause, so no incident is similar to it.", c.Cluster, Clock(found[0].At)), nil
		}
		return &question{c.Cluster, whole.Cause, firedIn(whole.Factors), found[0].At}, "", nil
	}
	switch cause := rules.Cause(c.Verdict, c.Snapshot); {
	case c.Silent:
		return nil, fmt.Sprintf("Cycles of cluster %q have stopped, so there is no present incident to compare with earlier ones.", c.Cluster), nil
	case c.Verdict.State != health.Critical && c.Verdict.State != health.Stressed:
		return nil, fmt.Sprintf("Cluster %q is %s: there is no present incident to compare with earlier ones.", c.Cluster, c.State()), nil
	case cause == "":
		return nil, fmt.Sprintf("No condition of cluster %q leads any more, so no incident is similar to the present one.", c.Cluster), nil
	default:
		return &question{c.Cluster, cause, firedOf(c.Verdict.Gates), c.At}, "", nil
	}
}

// similarTo finds the incidents that had the root cause of the question, and says how often there were.
func (d Reader) similarTo(ctx context.Context, q question, most int) ([]Similar, string, error) {
	events, err := d.Store.Events(ctx, store.EventQuery{Clusters: []string{q.cluster}, Brief: true, Limit: scannedForSimilar})
	if err != nil {
		return nil, "", err
	}
	var found []Similar
	for _, i := range incidents(events) {
		// The incident in question is not similar to itself, and one that lasts has not been cleared.
		if i.End.IsZero() || (!q.at.Before(i.Begin) && q.at.Before(i.End)) || !slices.Contains(i.Causes, q.cause) {
			continue
		}
		found = append(found, Similar{Incident: i, Cause: q.cause, Alike: alike(i.Fired, q.fired)})
	}
	days := 0.0
	if len(events) > 0 {
		days = max(0, d.Now().Sub(events[len(events)-1].At).Hours()/24)
	}
	title := titleOf(q.cause)
	if len(found) == 0 {
		return nil, fmt.Sprintf("No earlier incident of cluster %q in the stored %s had the root cause %q.", q.cluster, daysText(days), title), nil
	}
	lasted := make([]time.Duration, len(found))
	for i := range found {
		found[i].Of, found[i].Days = len(found), days
		lasted[i] = found[i].Lasted()
	}
	slices.Sort(lasted)
	median := "it lasted " + health.Lasting(lasted[0])
	if len(lasted) > 1 {
		median = fmt.Sprintf("half of them lasted %s or less", health.Lasting(lasted[(len(lasted)-1)/2]))
	}
	often := fmt.Sprintf("Cluster %q had %s with the root cause %q in the stored %s; %s.", q.cluster, incidentsText(len(found)), title, daysText(days), median)
	slices.SortStableFunc(found, func(x, y Similar) int { return cmp.Or(cmp.Compare(y.Alike, x.Alike), y.Begin.Compare(x.Begin)) })
	found = found[:min(len(found), most)]
	return found, often, d.tell(ctx, found)
}

// tell reads what happened in incidents: cause, explanation, and what cleared them.
func (d Reader) tell(ctx context.Context, found []Similar) error {
	group, some := errgroup.WithContext(ctx)
	group.SetLimit(briefsAtOnce)
	for i := range found {
		group.Go(func() error { return d.tellOne(some, &found[i]) })
	}
	if err := group.Wait(); err != nil {
		return err
	}
	var events []store.Event
	for _, s := range found {
		events = append(events, s.shown)
	}
	said, err := ExplanationsOf(ctx, d.Store, events)
	if err != nil {
		return err
	}
	feedback, err := d.Feedback(ctx, found[0].Cluster)
	for i := range found {
		found[i].Explanation = said.Of(found[i].shown)
		found[i].Feedback = feedback.on(found[i].Incident)
	}
	return err
}

func (d Reader) tellOne(ctx context.Context, s *Similar) error {
	shown, err := d.whole(ctx, s.shown)
	if err != nil {
		return err
	}
	last := shown
	if s.last.Seq != s.shown.Seq {
		if last, err = d.whole(ctx, s.last); err != nil {
			return err
		}
	}
	ended, err := d.whole(ctx, store.Event{Cluster: s.Cluster, Event: health.Event{Seq: s.ended}})
	if err != nil {
		return err
	}
	changes, err := d.Changes(ctx, []string{s.Cluster}, s.End.Add(-beforeRecovery), s.End.Add(time.Millisecond), mostRecovered)
	if err != nil {
		return err
	}
	s.Event, s.Headline = shown.Seq, rules.Summarize(EvidenceOf(shown)).Headline
	s.Recovered = recoveredText(s.Cause, last, ended)
	s.Changed = changedText(s.End, changes, shown, ended)
	return nil
}

// whole reads the whole of an event, or gives it back where it is gone.
func (d Reader) whole(ctx context.Context, e store.Event) (store.Event, error) {
	found, err := d.Store.EventsAfter(ctx, e.Cluster, e.Seq-1, 1)
	if err != nil || len(found) == 0 || found[0].Seq != e.Seq {
		return e, err
	}
	return found[0], nil
}

// EvidenceOf is the evidence that was recorded with an event.
func EvidenceOf(e store.Event) evidence.Evidence {
	verdict, snapshot := recorded(e)
	return evidence.Gather(evidence.Input{Verdict: verdict, Snapshot: snapshot})
}

func recorded(e store.Event) (health.Verdict, health.Snapshot) {
	return health.Verdict{
			Cluster: e.Cluster, At: e.At, State: e.To, Stale: e.Stale, Coverage: e.Coverage, Bottleneck: e.Bottleneck, Gates: e.Gates, Event: &e.Event,
		}, health.Snapshot{
			Cluster: e.Cluster, At: e.At, Signals: e.Signals, Queues: e.Queues,
		}
}

// incidents are the incidents among the events of one cluster, newest first, in the order of time. Missing data neither
// begins nor ends one.
func incidents(events []store.Event) []Incident {
	var all []Incident
	open := false
	for _, e := range slices.Backward(events) {
		if e.Stale {
			continue
		}
		bad := e.To == health.Stressed || e.To == health.Critical
		switch {
		case open && e.To == health.Happy:
			now := &all[len(all)-1]
			now.End, now.ended, open = e.At, e.Seq, false
			continue
		case !bad:
			continue
		case !open:
			all, open = append(all, Incident{Cluster: e.Cluster, Begin: e.At, first: e.Seq}), true
		}
		now := &all[len(all)-1]
		if e.To > now.Worst || now.Worst == health.Unknown {
			now.Worst, now.shown = e.To, e
		}
		now.last = e
		if cause := rules.Cause(recorded(e)); cause != "" && !slices.Contains(now.Causes, cause) {
			now.Causes = append(now.Causes, cause)
		}
		for _, id := range firedOf(e.Gates) {
			if !slices.Contains(now.Fired, id) {
				now.Fired = append(now.Fired, id)
			}
		}
	}
	return all
}

// firedIn are the conditions that an explanation names.
func firedIn(factors []explain.Factor) []health.GateID {
	var ids []health.GateID
	for _, f := range factors {
		if f.Gate != "" && !slices.Contains(ids, f.Gate) {
			ids = append(ids, f.Gate)
		}
	}
	return ids
}

func firedOf(gates []health.GateResult) []health.GateID {
	var ids []health.GateID
	for _, g := range gates {
		if g.Result == health.Fired {
			ids = append(ids, g.ID)
		}
	}
	return ids
}

// alike is the share of the conditions of either that are of both.
func alike(a, b []health.GateID) float64 {
	both, either := 0, len(b)
	for _, id := range a {
		if slices.Contains(b, id) {
			both++
		} else {
			either++
		}
	}
	if either == 0 {
		return 0
	}
	return float64(both) / float64(either)
}

// recoveredText names the conditions that fired in the last event of an incident and passed when it ended, that of the root
// cause first.
func recoveredText(cause health.GateID, last, ended store.Event) string {
	var parts []string
	then := EvidenceOf(last)
	for _, g := range then.Fired() { // causes before their symptoms
		after := resultOf(ended, g.ID)
		if after == nil || after.Result != health.Passed {
			continue
		}
		text := g.Title
		if signal, ok := health.LookupSignal(g.Signal); ok {
			text = signal.Title
			if before := resultOf(last, g.ID); before.Value != nil && after.Value != nil {
				text += ": " + signal.Format(*before.Value) + " → " + signal.Format(*after.Value)
			} else {
				text += " within its bound again"
			}
		}
		switch {
		case slices.Contains(parts, text):
		case rules.Rule(g) == cause:
			parts = append([]string{text}, parts...)
		default:
			parts = append(parts, text)
		}
	}
	if len(parts) == 0 {
		return "the conditions had passed before the state followed"
	}
	return strings.Join(parts[:min(len(parts), mostRecovered)], "; ")
}

func resultOf(e store.Event, id health.GateID) *health.GateResult {
	if i := slices.IndexFunc(e.Gates, func(g health.GateResult) bool { return g.ID == id }); i >= 0 {
		return &e.Gates[i]
	}
	return nil
}

// pollers rise from 0 when workers come back.
var pollers = []health.SignalID{health.MatchingWorkflowPoll, health.MatchingActivityPoll}

// changedText says what changed shortly before an incident ended: workers that poll again, then restarts and the like.
func changedText(end time.Time, changes []Change, during, ended store.Event) string {
	var parts []string
	for _, id := range pollers {
		signal, _ := health.LookupSignal(id)
		before, known := during.Signals[id]
		if after, also := ended.Signals[id]; known && also && before == 0 && after > 0 {
			parts = append(parts, fmt.Sprintf("workers poll again (%s: %s → %s)", signal.Title, signal.Format(before), signal.Format(after)))
		}
	}
	for _, c := range changes {
		when := "at its end"
		if ago := end.Sub(c.Begin); ago >= time.Second {
			when = health.Lasting(ago) + " before"
		}
		parts = append(parts, fmt.Sprintf("%s, at most %s, %s", c.Signal.Title, c.Signal.Format(c.Most), when))
	}
	return strings.Join(parts[:min(len(parts), mostRecovered)], "; ")
}

func titleOf(id health.GateID) string {
	if g, ok := health.LookupGate(id); ok {
		return g.Title
	}
	return string(id)
}

func incidentsText(n int) string {
	if n == 1 {
		return "1 earlier incident"
	}
	return fmt.Sprintf("%d earlier incidents", n)
}

func daysText(days float64) string {
	if days < 1.5 {
		return "day of events"
	}
	return fmt.Sprintf("%.0f days of events", days)
}
