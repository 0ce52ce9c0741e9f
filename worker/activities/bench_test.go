package activities_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/temporal-sre/copilot/pkg/explain"
	"github.com/temporal-sre/copilot/pkg/health"
	"github.com/temporal-sre/copilot/pkg/store"
	"github.com/temporal-sre/copilot/worker/activities"
	"github.com/temporal-sre/copilot/worker/config"
	"github.com/temporal-sre/copilot/worker/workflows"
)

// askEveryCycle is what the same day costs when a small model looks at every one of its 2,880 cycles (2,000 tokens in, 200 out) and
// a large one explains 340 times (8,000 in, 2,000 out), at the prices of DefaultPrices, in dollars.
const askEveryCycle = 117.72

// BenchmarkADayOfExplanations lets a cluster be observed for a day of 2,880 cycles with 50 state changes and 288 scheduled assessments,
// and prints what explaining it cost, as the usage ledger has it, in dollars and as a share of askEveryCycle.
//
// Real: the workflows, in a time that is skipped; the activities; the rules; the store, a PostgreSQL; the documents; the
// configuration as it is when only Bedrock is chosen; the client of Bedrock; the signals, recorded from a real cluster. A stand-in
// answers for the models and counts tokens.
//
// Assumed: see aBadDay for what happens on that day, said for its logs, converse for the models: all that is not happy is
// explained by the large model, at full length, and every tenth draft has to be repaired.
func BenchmarkADayOfExplanations(b *testing.B) {
	cluster := recordedDay(b)
	for b.Loop() {
		model := serveConverse(b)
		b.Setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", model.URL)
		d := newDesk(b, bedrockExplainer(b))
		d.Clusters = map[string]activities.SignalReader{"prod": cluster}
		d.Logs = map[string]activities.Logs{"prod": {Window: 2 * time.Minute}}
		cluster.writeLogs(b.Context(), b, d.store)
		d.liveThrough(b, cluster.begins)
		d.reportCost(b)
		model.Close()
	}
}

// bedrockExplainer is what a worker explains with whose configuration names Bedrock and nothing else.
func bedrockExplainer(b *testing.B) activities.Explainer {
	b.Helper()
	c, err := config.Parse([]byte(`
store: {url: "postgres://localhost/copilot"}
clusters: [{name: prod, prometheus: {url: "http://localhost:9090"}}]
explain: {provider: bedrock, bedrock: {region: eu-west-1, aws: {access_key: AKIAIOSFODNN7EXAMPLE, secret_key: "not-a-real-key"}}}
`))
	require.NoError(b, err)
	provider, err := c.Explain.Explainer(b.Context())
	require.NoError(b, err)
	return activities.NewExplainer(string(c.Explain.Provider), provider, c.Explain.Limits())
}

// aDay runs the observation of a cluster beside the schedule that looks at it every five minutes.
func aDay(ctx workflow.Context) error {
	startOfDay := workflow.Now(ctx)
	observing, stop := workflow.WithCancel(workflow.WithChildOptions(ctx, workflow.ChildWorkflowOptions{WorkflowID: workflows.ObserveID("prod"), WaitForCancellation: true}))
	observation := workflow.ExecuteChildWorkflow(observing, workflows.ObserveCluster, workflows.ObserveInput{Cluster: "prod",
		Settings: workflows.Settings{Interval: 30 * time.Second, Thresholds: health.DefaultThresholds(), Assess: true}})
	const every = 5 * time.Minute
	for tick := range 288 {
		// A little before a cycle, so that the day ends with the last look and no cycle of the next day.
		at := startOfDay.Add(time.Duration(tick+1) * every).Add(-15 * time.Second)
		if err := workflow.Sleep(ctx, at.Sub(workflow.Now(ctx))); err != nil {
			return err
		}
		looking := workflow.WithChildOptions(ctx, workflow.ChildWorkflowOptions{WorkflowID: fmt.Sprintf("look-%d", tick)})
		if err := workflow.ExecuteChildWorkflow(looking, workflows.Periodic, workflows.PeriodicInput{Every: every}).Get(ctx, nil); err != nil {
			return err
		}
	}
	// What is being explained is explained.
	if err := workflow.Sleep(ctx, 10*time.Second); err != nil {
		return err
	}
	stop()
	if err := observation.Get(ctx, nil); err != nil && !temporal.IsCanceledError(err) {
		return err
	}
	return nil
}

func (d *desk) liveThrough(b *testing.B, begins time.Time) {
	b.Helper()
	env := d.env(begins)
	env.SetTestTimeout(20 * time.Minute)
	env.RegisterWorkflow(aDay)
	env.ExecuteWorkflow(aDay)
	require.NoError(b, env.GetWorkflowError())
}

// reportCost prints what the day cost, and fails when it is too much or an event is not explained.
func (d *desk) reportCost(b *testing.B) {
	b.Helper()
	ctx := b.Context()
	events, err := d.store.EventsAfter(ctx, "prod", 0, 1000)
	require.NoError(b, err)
	all, err := d.store.Assessments(ctx, store.AssessmentQuery{Limit: 1000})
	require.NoError(b, err)
	usage, err := d.store.Usage(ctx, store.UsageQuery{From: time.Now().Add(-24 * time.Hour), To: time.Now().Add(time.Hour)})
	require.NoError(b, err)

	explained := map[int64]store.Assessment{}
	made, triggers := map[string]int{}, map[store.Trigger]int{}
	for _, a := range all {
		triggers[a.Trigger]++
		if a.Trigger == store.OnEvent {
			explained[a.EventSeq] = a
		}
		switch {
		case a.SameAs != "":
			made["reused"]++
		case a.Made == explain.MadeByRules:
			made["by_rules"]++
		default:
			made["by_model"]++
		}
	}
	changes := 0
	for _, e := range events {
		a, ok := explained[e.Seq]
		if !ok {
			b.Errorf("event %d (%s to %s at %s) has no assessment", e.Seq, e.From, e.To, e.At)
			continue
		}
		if e.Kind == health.StateChanged {
			changes++
		}
		if a.Instead != "" {
			b.Errorf("event %d (%s to %s at %s) was left to the rules: %s", e.Seq, e.From, e.To, e.At, a.Instead)
		}
		if e.Kind == health.StateChanged && e.To == health.Critical && a.Depth != string(explain.Deep) {
			b.Errorf("event %d, a critical one, was not looked at deeply but %s", e.Seq, a.Depth)
		}
	}
	if cycles := d.countCycles(b); cycles != 2880 || changes != 50 {
		b.Errorf("the day has %d cycles and %d state changes, not 2,880 and 50", cycles, changes)
	}

	var sum store.Usage
	for _, u := range usage {
		sum.Calls, sum.Failures, sum.Dollars = sum.Calls+u.Calls, sum.Failures+u.Failures, sum.Dollars+u.Dollars
		sum.InputTokens, sum.OutputTokens = sum.InputTokens+u.InputTokens, sum.OutputTokens+u.OutputTokens
		b.Logf("%-45s %-9s %4d calls %8d tokens in %7d out  $%.2f", u.Model, u.Purpose, u.Calls, u.InputTokens, u.OutputTokens, u.Dollars)
	}
	if share := sum.Dollars / askEveryCycle; share >= 0.05 {
		b.Errorf("the day cost $%.2f, %.1f %% of what asking at every cycle costs: it must stay below 5 %%", sum.Dollars, 100*share)
	}
	b.Logf("assessments by trigger: %v; by who wrote them: %v", triggers, made)
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(sum.Dollars, "$/day")
	b.ReportMetric(100*sum.Dollars/askEveryCycle, "%-of-asking-every-cycle")
	b.ReportMetric(float64(sum.Calls), "calls")
	b.ReportMetric(float64(sum.InputTokens), "tokens-in")
	b.ReportMetric(float64(sum.OutputTokens), "tokens-out")
	b.ReportMetric(float64(changes), "state-changes")
	b.ReportMetric(float64(len(all)), "assessments")
	for _, who := range []string{"by_model", "by_rules", "reused"} {
		b.ReportMetric(float64(made[who]), strings.ReplaceAll(who, "_", "-"))
	}
	if testing.Verbose() {
		d.tell(b, events, explained)
	}
}

func (d *desk) countCycles(b *testing.B) int {
	b.Helper()
	count, before := 0, time.Now()
	for {
		cycles, err := d.store.Before(b.Context(), "prod", before, 100)
		require.NoError(b, err)
		if len(cycles) == 0 {
			return count
		}
		count, before = count+len(cycles), cycles[0].At
	}
}

// tell logs who explained what.
func (d *desk) tell(b *testing.B, events []store.Event, explained map[int64]store.Assessment) {
	for _, e := range events {
		a := explained[e.Seq]
		var x explain.Explanation
		require.NoError(b, json.Unmarshal(a.Explanation, &x))
		b.Logf("%s %2d %-10s %s -> %s: %s %s %s%v %.80s", e.At.Format(time.TimeOnly), e.Seq, e.Kind, e.From, e.To, a.Depth, a.Made, a.SameAs, x.Dropped, a.Summary)
	}
}
