package store

import (
	"cmp"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestAnIssueComesBackAsItWasFound(t *testing.T) {
	s := newStore(t)
	issue := found("history_backlog@history", SeverityCritical)
	worse := issue
	worse.Title, worse.Description, worse.LikelyCause, worse.Severity = "Backlog grows", "It grew.", "Fewer pods.", SeverityWarning
	assess(t, s, assessment("a", "1", tick(0)), Findings{Issues: []Issue{issue}})
	assess(t, s, assessment("a", "2", tick(2)), Findings{Issues: []Issue{worse}})

	one := []string{"a"}
	read, err := s.Issues(t.Context(), IssueQuery{Clusters: one})
	require.NoError(t, err)
	want := worse
	want.Cluster, want.OpenedAt, want.LastAt, want.Assessment = "a", tick(0), tick(2), "2"
	assert.Equal(t, []Issue{want}, read, "what is said of it, and how bad it is, may change while it stays open")

	assess(t, s, assessment("a", "3", tick(4)), Findings{})
	read, err = s.Issues(t.Context(), IssueQuery{Clusters: one})
	require.NoError(t, err)
	want.ResolvedAt = ptr(tick(4))
	assert.Equal(t, []Issue{want}, read)
}

// step is an assessment in the life of issues: what it finds, with the severity, and of what it can't tell.
type step struct {
	id         string
	at         int
	issues     map[string]string
	unknowable []string
}

var lifeIDs = []string{"x@history", "y@matching", "z@frontend"}

var anyStep = rapid.Custom(func(t *rapid.T) step {
	s := step{
		id: fmt.Sprint(rapid.IntRange(0, 12).Draw(t, "id")), at: rapid.IntRange(0, 8).Draw(t, "at"), issues: make(map[string]string),
		unknowable: rapid.SliceOfNDistinct(rapid.SampledFrom(lifeIDs), 0, 2, rapid.ID[string]).Draw(t, "unknowable"),
	}
	for _, id := range lifeIDs {
		if rapid.Bool().Draw(t, id) {
			s.issues[id] = rapid.SampledFrom([]string{SeverityWarning, SeverityCritical}).Draw(t, "severity")
		}
	}
	return s
})

// lived is the life of an issue as the model tells it: in ticks, -1 for never.
type lived struct {
	id, severity, assessment string
	opened, last, resolved   int
}

// TestTheLifeOfIssues compares the store with a model: an issue opens when it is found, stays while it is found or
// cannot be judged, is resolved when it is not found, and opens anew when it comes back. What comes late or again
// changes nothing.
func TestTheLifeOfIssues(t *testing.T) {
	s := newStore(t)
	cases := 0
	rapid.Check(t, func(rt *rapid.T) {
		cases++
		cluster := fmt.Sprintf("case-%d", cases)
		steps := rapid.SliceOfN(anyStep, 1, 9).Draw(rt, "steps")
		var model []lived
		seen, newest := make(map[string]bool), -1
		for _, step := range steps {
			var f Findings
			f.Unknowable = step.unknowable
			for id, severity := range step.issues {
				f.Issues = append(f.Issues, found(id, severity))
			}
			if err := s.SaveAssessment(t.Context(), assessment(cluster, step.id, tick(step.at)), f); err != nil {
				rt.Fatal(err)
			}
			if seen[step.id] {
				continue
			}
			seen[step.id] = true
			if step.at >= newest {
				newest = step.at
				model = live(model, step)
			}
		}
		issues, err := s.Issues(t.Context(), IssueQuery{Clusters: []string{cluster}})
		if err != nil {
			rt.Fatal(err)
		}
		var got []lived
		for _, i := range issues {
			l := lived{id: i.ID, severity: i.Severity, assessment: i.Assessment, opened: tickOf(i.OpenedAt), last: tickOf(i.LastAt), resolved: -1}
			if i.ResolvedAt != nil {
				l.resolved = tickOf(*i.ResolvedAt)
			}
			got = append(got, l)
		}
		order := func(a, b lived) int { return cmp.Or(cmp.Compare(a.id, b.id), cmp.Compare(a.opened, b.opened)) }
		slices.SortFunc(got, order)
		slices.SortFunc(model, order)
		if !slices.Equal(model, got) {
			rt.Fatalf("want %+v\ngot  %+v", model, got)
		}
	})
}

// live is what an assessment that is neither late nor repeated makes of the issues.
func live(issues []lived, s step) []lived {
	for _, id := range lifeIDs {
		severity, there := s.issues[id]
		last := -1 // the last life of this issue
		for i, l := range issues {
			if l.id == id {
				last = i
			}
		}
		open := last >= 0 && issues[last].resolved < 0
		switch {
		case there && (open || last >= 0 && issues[last].opened == s.at):
			issues[last].resolved = -1 // two assessments of one cycle that contradict each other: the later one is right
			issues[last].last, issues[last].severity, issues[last].assessment = s.at, severity, s.id
		case there:
			issues = append(issues, lived{id: id, severity: severity, assessment: s.id, opened: s.at, last: s.at, resolved: -1})
		case open && !slices.Contains(s.unknowable, id):
			issues[last].resolved = s.at
		}
	}
	return issues
}

func tickOf(t time.Time) int { return int(t.Sub(start) / interval) }

func TestIssuesAreFoundByWhatIsAskedAndTheUrgentOnesComeFirst(t *testing.T) {
	s := newStore(t)
	for _, name := range []string{"a", "b"} {
		save(t, s, cycle(name, tick(0)))
	}
	of := func(id, severity, service string) Issue {
		i := found(id, severity)
		i.Service = service
		return i
	}
	early, late := of("early", SeverityWarning, "history"), of("late", SeverityWarning, "matching")
	bad, gone := of("bad", SeverityCritical, "history"), of("gone", SeverityCritical, "frontend")
	assess(t, s, assessment("a", "1", tick(10)), Findings{Issues: []Issue{early, gone}})
	assess(t, s, assessment("a", "2", tick(20)), Findings{Issues: []Issue{early, bad}})
	assess(t, s, assessment("b", "1", tick(30)), Findings{Issues: []Issue{late}})
	for name, c := range map[string]struct {
		query IssueQuery
		want  []string
	}{
		"all":                              {IssueQuery{}, []string{"a bad", "b late", "a early", "a gone"}},
		"the most urgent":                  {IssueQuery{Limit: 1}, []string{"a bad"}},
		"open ones":                        {IssueQuery{Open: true}, []string{"a bad", "b late", "a early"}},
		"of a cluster":                     {IssueQuery{Clusters: []string{"b", "nobody"}}, []string{"b late"}},
		"of a severity":                    {IssueQuery{Severities: []string{SeverityCritical}}, []string{"a bad", "a gone"}},
		"of a service":                     {IssueQuery{Services: []string{"history", "x\x00"}}, []string{"a bad", "a early"}},
		"those that opened before":         {IssueQuery{To: tick(20)}, []string{"a early", "a gone"}},
		"those that opened until":          {IssueQuery{To: tick(20).Add(time.Microsecond)}, []string{"a bad", "a early", "a gone"}},
		"when one is resolved it is gone":  {IssueQuery{From: tick(20), To: tick(25)}, []string{"a bad", "a early"}},
		"a moment before it was still bad": {IssueQuery{From: tick(20).Add(-time.Microsecond), To: tick(25)}, []string{"a bad", "a early", "a gone"}},
		"before there was any":             {IssueQuery{To: tick(10)}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			issues, err := s.Issues(t.Context(), c.query)
			require.NoError(t, err)
			var got []string
			for _, i := range issues {
				got = append(got, i.Cluster+" "+i.ID)
			}
			assert.Equal(t, c.want, got)
		})
	}
}
