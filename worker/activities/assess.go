package activities

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"go.temporal.io/sdk/temporal"

	"github.com/temporal-sre/copilot/pkg/explain"
	"github.com/temporal-sre/copilot/pkg/explain/evidence"
	"github.com/temporal-sre/copilot/pkg/explain/llm"
	"github.com/temporal-sre/copilot/pkg/explain/rules"
	"github.com/temporal-sre/copilot/pkg/health"
	"github.com/temporal-sre/copilot/pkg/store"
	"github.com/temporal-sre/copilot/pkg/telemetry/logs"
	"github.com/temporal-sre/copilot/worker/workflows"
)

const (
	// cyclesBefore is how many cycles an explanation looks back: five minutes tell a trend.
	cyclesBefore = 10
	// lookUpLimit bounds the search for documents: without them the explanation is poorer, late it is useless.
	lookUpLimit = 10 * time.Second
	// reuseFor is how long the words for a situation are used again.
	reuseFor = 24 * time.Hour
)

// GatherEvidence puts together what an explanation may speak of, redacted. The store must answer; logs and
// documents may be missing.
func (a *Activities) GatherEvidence(ctx context.Context, in workflows.GatherEvidenceInput) (workflows.GatherEvidenceOutput, error) {
	situation, err := a.situation(ctx, in)
	if err != nil {
		return workflows.GatherEvidenceOutput{}, err
	}
	verdict := situation.Verdict
	said, err := a.said(ctx, in.Cluster, verdict.At)
	if err != nil {
		return workflows.GatherEvidenceOutput{}, err
	}
	if said.late && in.MayWait {
		return workflows.GatherEvidenceOutput{LogsLate: true}, nil
	}
	input := evidence.Input{Verdict: verdict, Snapshot: situation.Snapshot, Event: verdict.Event, Thresholds: a.AmplifierThresholds[in.Cluster]}
	for _, id := range situation.Firing {
		if input.Previous == nil {
			input.Previous = &health.Verdict{Cluster: verdict.Cluster}
		}
		input.Previous.Gates = append(input.Previous.Gates, health.GateResult{ID: id, Result: health.Fired})
	}
	if input.Before, err = a.Store.Before(ctx, in.Cluster, verdict.At, cyclesBefore); err != nil {
		return workflows.GatherEvidenceOutput{}, err
	}
	if input.Feedback, err = a.feedback(ctx, verdict, situation.Snapshot); err != nil {
		return workflows.GatherEvidenceOutput{}, err
	}
	input.Patterns, input.LogsUnavailable = said.patterns, said.unavailable
	input.Passages = a.passages(ctx, input)
	return workflows.GatherEvidenceOutput{Evidence: evidence.Gather(input), ByRules: a.Explainer.rules(), LogsLate: said.late}, nil
}

// mostFeedback is how much feedback is searched for that on the present root cause: the newest of a cluster.
const mostFeedback = 200

// feedback is what editors said of explanations of the cluster that named the present root cause, newest first. Who said it
// stays in the store.
func (a *Activities) feedback(ctx context.Context, v health.Verdict, s health.Snapshot) ([]string, error) {
	cause := rules.Cause(v, s)
	if cause == "" {
		return nil, nil
	}
	found, err := a.Store.Feedback(ctx, []string{v.Cluster}, nil, mostFeedback)
	if err != nil {
		return nil, err
	}
	var texts []string
	for _, f := range store.CurrentFeedback(found) {
		if f.Cause != string(cause) {
			continue
		}
		text := "the cause was confirmed"
		if f.Verdict == store.CauseWrong {
			text = "the cause was said to be wrong"
		}
		if f.Note != "" {
			text += ": " + f.Note
		}
		texts = append(texts, text)
	}
	return texts, nil
}

// situation is what is handed over, or what the store has of the event or the last cycle.
func (a *Activities) situation(ctx context.Context, in workflows.GatherEvidenceInput) (workflows.Situation, error) {
	if in.Situation != nil {
		return *in.Situation, nil
	}
	now, err := a.Store.Statuses(ctx, []string{in.Cluster})
	if err != nil {
		return workflows.Situation{}, err
	}
	if len(now) == 0 {
		return workflows.Situation{}, nothing("cluster %q was not observed yet: ask again after its first cycle", in.Cluster)
	}
	if in.EventSeq == 0 {
		return workflows.Situation{Verdict: now[0].Verdict, Snapshot: now[0].Snapshot}, nil
	}
	events, err := a.Store.EventsAfter(ctx, in.Cluster, in.EventSeq-1, 1)
	if err != nil {
		return workflows.Situation{}, err
	}
	if len(events) == 0 || events[0].Seq != in.EventSeq {
		return workflows.Situation{}, nothing("the store has no event %d of cluster %q: it is older than the retention, or there never was one", in.EventSeq, in.Cluster)
	}
	e := events[0]
	verdict := health.Verdict{Cluster: in.Cluster, At: e.At, State: e.To, Stale: e.Stale, Coverage: e.Coverage, Bottleneck: e.Bottleneck, Gates: e.Gates, Event: &e.Event,
		// Events don't keep the band of their time; it moves in days.
		Band: now[0].Verdict.Band}
	if e.Kind == health.StateChanged {
		verdict.Since = e.At
	}
	return workflows.Situation{Verdict: verdict, Snapshot: health.Snapshot{Cluster: in.Cluster, At: e.At, Signals: e.Signals, Queues: e.Queues}}, nil
}

func nothing(format string, args ...any) error {
	return temporal.NewNonRetryableApplicationError(fmt.Sprintf(format, args...), workflows.ErrNothingToExplain, nil)
}

// lines are what the logs say around a time.
type lines struct {
	patterns []evidence.LogPattern
	// unavailable says why nothing, or not everything, is known; late, that it soon will be.
	unavailable string
	late        bool
}

// justNow is how much may be missing before a time: logs and signals are read at the same time, by different hands.
const justNow = 5 * time.Second

// said are the log patterns within the window around a time.
func (a *Activities) said(ctx context.Context, cluster string, at time.Time) (lines, error) {
	source, ok := a.Logs[cluster]
	if !ok {
		return lines{unavailable: "no log source is configured"}, nil
	}
	states, err := a.Store.LogStates(ctx, []string{cluster})
	if err != nil {
		return lines{}, err
	}
	var said lines
	switch {
	case len(states) == 0:
		said.unavailable, said.late = "they were not read yet", true
	case states[0].Unavailable != "":
		said.unavailable = states[0].Unavailable
	case states[0].Through.Add(justNow).Before(at):
		said.unavailable, said.late = "they were read up to "+states[0].Through.UTC().Format(time.TimeOnly)+" only", true
	}
	found, err := a.Store.LogPatterns(ctx, store.LogQuery{Clusters: []string{cluster}, Step: logs.Slice,
		From: at.Add(-source.Window).Truncate(logs.Slice), To: at.Add(source.Window + logs.Slice)})
	if err != nil {
		return lines{}, err
	}
	counts := make([]health.LogCount, len(found))
	for i, p := range found {
		counts[i] = p.LogCount
	}
	said.patterns = summed(logs.Around(counts, at, source.Window), source.Patterns)
	return said, nil
}

// summed adds up the counts of a pattern at a service, and says which service the pattern concerns.
func summed(counts []health.LogCount, patterns []logs.Pattern) []evidence.LogPattern {
	type key struct{ pattern, service string }
	sums := map[key]*evidence.LogPattern{}
	for _, c := range counts {
		k := key{c.Pattern, c.Service}
		if sums[k] == nil {
			sums[k] = &evidence.LogPattern{ID: c.Pattern, Service: health.Service(c.Service), Concerns: logs.Concerns(patterns, c.Pattern), Meaning: c.Meaning}
		}
		sums[k].Count += c.Count
		sums[k].AtLeast = sums[k].AtLeast || c.AtLeast
		sums[k].Sample = cmp.Or(sums[k].Sample, c.Sample)
	}
	var all []evidence.LogPattern
	for _, p := range sums {
		all = append(all, *p)
	}
	slices.SortFunc(all, func(a, b evidence.LogPattern) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.ID, b.ID), cmp.Compare(a.Service, b.Service))
	})
	return all
}

// passages are what the documents say about the gates that fired and what the logs hold. Where nothing
// is the matter, nothing is looked up.
func (a *Activities) passages(ctx context.Context, in evidence.Input) []evidence.Passage {
	if a.Knowledge == nil {
		return nil
	}
	query := question(in)
	if query == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, lookUpLimit)
	defer cancel()
	found, err := a.Knowledge.Retrieve(ctx, query)
	if err != nil {
		a.warn("looking up documents failed; the explanation goes without", "cluster", in.Verdict.Cluster, "error", err)
		return nil
	}
	var passages []evidence.Passage
	for _, p := range found {
		passages = append(passages, evidence.Passage{DocumentID: p.DocumentID, Title: p.Title, Section: p.Section, Text: p.Text, Score: p.Score, Method: string(p.Method), Source: p.Source})
	}
	return passages
}

// maxAsked is how many gates are asked about: more would drown the causes in their symptoms.
const maxAsked = 4

// question says in words what documents to look for.
func question(in evidence.Input) string {
	var text []byte
	asked := 0
	// The evidence has causes before symptoms.
	e := evidence.Gather(evidence.Input{Verdict: in.Verdict, Snapshot: in.Snapshot})
	for _, fired := range e.Fired() {
		if gate, ok := health.LookupGate(fired.ID); ok && asked < maxAsked {
			asked++
			text = fmt.Appendf(text, "%s. %s\n", gate.Title, gate.Why)
		}
	}
	for _, p := range in.Patterns[:min(len(in.Patterns), maxAsked)] {
		text = fmt.Appendf(text, "%s.\n", p.Meaning)
	}
	if in.Verdict.Stale {
		text = fmt.Appendf(text, "The cluster cannot be evaluated because its telemetry is missing.\n")
	}
	return string(text)
}

// Recall looks for what a model wrote about the same situation in the last day. What was itself taken from
// before has no draft, so a day is a day.
func (a *Activities) Recall(ctx context.Context, in workflows.RecallInput) (workflows.RecallOutput, error) {
	if a.Explainer.rules() {
		return workflows.RecallOutput{}, nil
	}
	e := in.Evidence
	known, err := a.Store.Assessments(ctx, store.AssessmentQuery{Clusters: []string{e.Cluster}, Fingerprint: e.Fingerprint(), Drafted: true,
		From: e.At.Add(-reuseFor), Limit: 3})
	if err != nil {
		return workflows.RecallOutput{}, err
	}
	for _, k := range known {
		var draft llm.Draft
		if err := json.Unmarshal(k.Draft, &draft); err != nil {
			continue
		}
		if x, err := llm.Again(e, draft, k.Made); err == nil {
			x.Depth = explain.Depth(k.Depth)
			return workflows.RecallOutput{Explanation: &x, SameAs: k.ID}, nil
		}
	}
	return workflows.RecallOutput{}, nil
}

// StoreAssessment writes an assessment with what it says about issues. Writing it again changes nothing.
func (a *Activities) StoreAssessment(ctx context.Context, in workflows.StoreAssessmentInput) (workflows.StoreAssessmentOutput, error) {
	assessment, findings, err := toStore(in)
	if err != nil {
		return workflows.StoreAssessmentOutput{}, temporal.NewNonRetryableApplicationError(err.Error(), "AssessmentUnusable", err)
	}
	if len(in.Calls) > 0 {
		if err := a.Store.SaveModelCalls(ctx, storedCalls(in.Calls)); err != nil {
			return workflows.StoreAssessmentOutput{}, badInput(err)
		}
	}
	if err := a.Store.SaveAssessment(ctx, assessment, findings); err != nil {
		return workflows.StoreAssessmentOutput{}, badInput(err)
	}
	a.Metrics.assessed(in)
	return workflows.StoreAssessmentOutput{}, nil
}

func toStore(in workflows.StoreAssessmentInput) (store.Assessment, store.Findings, error) {
	e, x := in.Evidence, in.Explanation
	assessment := store.Assessment{
		Cluster: e.Cluster, ID: in.ID, At: e.At, MadeAt: in.MadeAt, Trigger: store.Trigger(in.Trigger), EventSeq: x.EventSeq,
		State: x.State, Stale: x.Stale, Coverage: e.Coverage, Confidence: x.Confidence, Depth: string(x.Depth),
		Made: x.Made, Instead: x.Instead, Fingerprint: x.Fingerprint, SameAs: in.SameAs, Summary: x.Summary, LogsUnavailable: e.LogsUnavailable,
	}
	findings := store.Findings{Unknowable: rules.Unknowable(&e)}
	var err error
	if assessment.Explanation, err = json.Marshal(x); err != nil {
		return assessment, findings, fmt.Errorf("the explanation can't be written as JSON: %w", err)
	}
	if assessment.Evidence, err = json.Marshal(e); err != nil {
		return assessment, findings, fmt.Errorf("the evidence can't be written as JSON: %w", err)
	}
	if in.Draft != nil {
		if assessment.Draft, err = json.Marshal(in.Draft); err != nil {
			return assessment, findings, fmt.Errorf("the draft can't be written as JSON: %w", err)
		}
	}
	for _, issue := range x.Issues {
		whole, err := json.Marshal(issue)
		if err != nil {
			return assessment, findings, fmt.Errorf("issue %s can't be written as JSON: %w", issue.ID, err)
		}
		findings.Issues = append(findings.Issues, store.Issue{
			Cluster: e.Cluster, ID: issue.ID, LastAt: e.At, Severity: string(issue.Severity), Service: string(issue.Service), Gate: string(issue.Gate),
			Title: issue.Title, Description: issue.Description, LikelyCause: issue.LikelyCause, Assessment: in.ID, Issue: whole,
		})
	}
	return assessment, findings, nil
}

// DueAssessments names the clusters that are due for an assessment by schedule.
func (a *Activities) DueAssessments(ctx context.Context, in workflows.DueAssessmentsInput) (workflows.DueAssessmentsOutput, error) {
	var clusters []string
	for name := range a.Clusters {
		clusters = append(clusters, name)
	}
	slices.Sort(clusters)
	heads, err := a.Store.Cursors(ctx)
	if err != nil {
		return workflows.DueAssessmentsOutput{}, err
	}
	latest, err := a.Store.LatestAssessments(ctx, clusters)
	if err != nil {
		return workflows.DueAssessmentsOutput{}, err
	}
	observed, assessed := map[string]time.Time{}, map[string]store.Assessment{}
	for _, h := range heads {
		observed[h.Cluster] = h.At
	}
	for _, l := range latest {
		assessed[l.Cluster] = l
	}
	var out workflows.DueAssessmentsOutput
	for _, name := range clusters {
		if workflows.Due(in.At, in.Every, observed[name], assessed[name].At, assessed[name].MadeAt) {
			out.Clusters = append(out.Clusters, name)
		}
	}
	return out, nil
}
