package view

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/temporal-sre/copilot/pkg/explain"
	"github.com/temporal-sre/copilot/pkg/store"
)

func TestIssuesOfThePresentAreReadFromTheirCause(t *testing.T) {
	tells := func(cluster string, issues ...string) Explained {
		e := Explained{Present: Present{ClusterStatus: store.ClusterStatus{Cluster: cluster}}}
		for _, id := range issues {
			e.Whole.Issues = append(e.Whole.Issues, explain.Issue{ID: id})
		}
		return e
	}
	resolved := time.Now()
	row := func(cluster, id, severity string) Issue {
		return Issue{Issue: store.Issue{Cluster: cluster, ID: id, Severity: severity}}
	}
	gone := row("worst", "gone", "critical")
	gone.ResolvedAt = &resolved
	rows := []Issue{
		row("other", "c", "critical"), row("worst", "follows", "critical"), row("worst", "mild", "warning"),
		row("worst", "cause", "critical"), gone,
	}
	sortOpen(rows, []Explained{tells("worst", "cause", "mild", "follows"), tells("other", "c")})
	var order []string
	for _, r := range rows {
		order = append(order, r.ID)
	}
	assert.Equal(t, []string{"cause", "follows", "c", "mild", "gone"}, order)
}
