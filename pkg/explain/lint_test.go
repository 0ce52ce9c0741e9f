package explain_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/temporal-sre/copilot/pkg/explain"
	"github.com/temporal-sre/copilot/pkg/explain/evidence"
	"github.com/temporal-sre/copilot/pkg/explain/llm"
	"github.com/temporal-sre/copilot/pkg/explain/rules"
)

// texts are all sentences that an explanation shows to people, each once.
func texts(x explain.Explanation) []string {
	all := []string{x.Summary, x.Sections.Setting, x.Sections.Inciting, x.Sections.Standing, x.Sections.ToDo, x.Sections.Next}
	for _, f := range x.Factors {
		all = append(all, f.Title, f.Detail, f.Value)
	}
	for _, a := range x.Actions {
		all = append(all, a.Description, a.Reason)
	}
	for _, i := range x.Issues {
		all = append(all, i.Title, i.Description, i.LikelyCause)
		for _, a := range i.SuggestedActions {
			all = append(all, a.Description, a.Reason)
		}
	}
	for _, r := range x.Sections.Reactions {
		all = append(all, r.Text)
	}
	all = append(all, x.Watch...)
	slices.Sort(all)
	return slices.Compact(all)
}

// lint holds every text of an explanation to the evidence.
func lint(e evidence.Evidence, x explain.Explanation) []string {
	all := texts(x)
	wrong := llm.Lint(&e, all...)
	for _, text := range all {
		if strings.Contains(text, "[[") {
			wrong = append(wrong, "an open reference: "+text)
		}
	}
	return wrong
}

func TestLintFindsWhatIsNotInTheEvidence(t *testing.T) {
	e := tell(stories()[4]) // the database is down
	for text, right := range map[string]bool{
		"The database fails: 92 % of its operations.":                              true,
		"persistence.error_ratio is 92 %.":                                         true,
		"Persistence latency p99 looks fast.":                                      true,
		"Raise matching.numTaskqueueReadPartitions.":                               true,
		"The database fails: 93 % of its operations.":                              false,
		"About ninety of a hundred operations fail.":                               false,
		"Look at persistence_latency_bucket.":                                      false,
		"Look at persistence.deadlocks.":                                           false,
		"Look at worker.sticky_cache_imbalance.":                                   false,
		"p999 is high.":                                                            false,
		"The shards number ½.":                                                     false,
		"The queue prod-1 and the file a.b are words, not measurements.":           true,
		"Nobody knows. The end.Then it stopped, as one says.":                      true,
		"prod-12 is another cluster.":                                              false,
		"It failed 412 times in the logs (database_down).":                         true,
		"It failed 413 times in the logs (database_down).":                         false,
		"The pool opened 258/s connections, as the persistence_failing gate says.": true,
	} {
		assert.Equal(t, right, len(llm.Lint(&e, text)) == 0, "%s: %v", text, llm.Lint(&e, text))
	}
}

func TestTheRulesSayNothingThatIsNotInTheEvidence(t *testing.T) {
	for _, s := range stories() {
		e := tell(s)
		assert.Empty(t, lint(e, rules.Explain(e)), s.name)
	}
}
