package store

import (
	"encoding/json"
	"math"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/temporal-sre/copilot/pkg/health"
)

func TestAnAssessmentComesBackAsItWasSaved(t *testing.T) {
	s := newStore(t)
	save(t, s, cycle("prod", start))
	want := Assessment{
		Cluster: "prod", ID: "event-7", At: start.Add(123456 * time.Microsecond), MadeAt: start.Add(9 * time.Second), Trigger: OnEvent,
		EventSeq: 7, State: health.Critical, Stale: true, Coverage: 0.75, Confidence: 0.5, Depth: "deep", Made: "some-model",
		Instead: "The budget is spent.", Fingerprint: "abc", SameAs: "event-5", Summary: "It is bad.", LogsUnavailable: "Loki does not answer.",
		Explanation: json.RawMessage(`{"summary": "It is bad."}`), Evidence: json.RawMessage(`{"large": 12345678901234567890}`),
		Draft: json.RawMessage(`{"hypotheses": []}`),
	}
	assess(t, s, want, Findings{})

	read, err := s.Assessments(t.Context(), AssessmentQuery{})
	require.NoError(t, err)
	assert.Equal(t, []Assessment{want}, read)
	latest, err := s.LatestAssessments(t.Context(), nil)
	require.NoError(t, err)
	want.Evidence, want.Draft = nil, nil
	assert.Equal(t, []Assessment{want}, latest)

	brief, err := s.Assessments(t.Context(), AssessmentQuery{Brief: true})
	require.NoError(t, err)
	want.Explanation = nil
	assert.Equal(t, []Assessment{want}, brief)
}

func TestThatNobodyKnowsIsExplainedAsWell(t *testing.T) {
	s := newStore(t)
	save(t, s, cycle("prod", start))
	blind := assessment("prod", "event-1", start)
	blind.State, blind.Stale, blind.Coverage, blind.Confidence = health.Unknown, true, 0, 0
	assess(t, s, blind, Findings{})
	latest, err := s.LatestAssessments(t.Context(), nil)
	require.NoError(t, err)
	require.Len(t, latest, 1)
	assert.Equal(t, health.Unknown, latest[0].State)
}

func TestSavingAnAssessmentAgainChangesNothing(t *testing.T) {
	s := newStore(t)
	save(t, s, cycle("a", tick(0)))
	first := Findings{Issues: []Issue{found("x@history", SeverityWarning)}}
	assess(t, s, assessment("a", "1", tick(0)), first)
	assess(t, s, assessment("a", "2", tick(1)), Findings{})
	want := contents(t, s)

	assess(t, s, assessment("a", "1", tick(0)), first)
	assess(t, s, assessment("a", "2", tick(1)), Findings{})
	assert.Equal(t, want, contents(t, s))

	// The same id with another content, even of a later cycle: the first one stands.
	assess(t, s, assessment("a", "1", tick(9)), Findings{Issues: []Issue{found("y@history", SeverityCritical)}})
	assert.Equal(t, want, contents(t, s))
}

func TestALiveViewHearsOfEveryExplanation(t *testing.T) {
	s := newStore(t)
	assessedAt := func() time.Time {
		heads, err := s.Cursors(t.Context())
		require.NoError(t, err)
		require.Len(t, heads, 1)
		return heads[0].AssessedAt
	}
	made := func(at time.Time) func(*Assessment) { return func(a *Assessment) { a.MadeAt = at } }
	assess(t, s, assessment("a", "0", tick(0)), Findings{}) // of a cluster that has no "now" yet
	save(t, s, cycle("a", tick(0)))
	assert.Zero(t, assessedAt())

	assess(t, s, assessment("a", "1", tick(1), made(tick(10))), Findings{})
	assert.Equal(t, tick(10), assessedAt())
	save(t, s, cycle("a", tick(11)))
	assert.Equal(t, tick(10), assessedAt(), "a cycle explains nothing")
	assess(t, s, assessment("a", "2", tick(2), made(tick(9))), Findings{})
	assert.Equal(t, tick(10).Add(time.Microsecond), assessedAt(), "one that was made earlier and stored later")
	assess(t, s, assessment("a", "2", tick(2), made(tick(9))), Findings{})
	assert.Equal(t, tick(10).Add(time.Microsecond), assessedAt(), "the same one again is no news")
	assess(t, s, assessment("a", "3", tick(3), made(tick(12))), Findings{})
	assert.Equal(t, tick(12), assessedAt())
}

func TestAnAssessmentIsStoredWhollyOrNotAtAll(t *testing.T) {
	for _, table := range []string{"assessments", "issues", "clusters_now"} {
		t.Run("when writing "+table+" fails", func(t *testing.T) {
			s := newStore(t)
			save(t, s, cycle("a", tick(0)))
			assess(t, s, assessment("a", "1", tick(0)), Findings{Issues: []Issue{found("x", SeverityWarning), found("y", SeverityWarning)}})
			want := contents(t, s)
			onCommit(t, owner(t, s), table, `raise exception 'disk full' using errcode = '53100'`)

			err := s.SaveAssessment(t.Context(), assessment("a", "2", tick(1)), Findings{Issues: []Issue{found("y", SeverityCritical), found("z", SeverityWarning)}})
			assert.ErrorContains(t, err, "disk full")
			assert.ErrorContains(t, err, `storing the assessment "2" of cluster "a"`)
			assert.Equal(t, want, contents(t, s))
		})
	}
}

func TestAnAssessmentThatConflictsIsWrittenAgain(t *testing.T) {
	for _, table := range []string{"assessments", "issues", "clusters_now"} {
		s := newStore(t)
		save(t, s, cycle("a", tick(0)))
		conn := owner(t, s)
		onCommit(t, conn, table, `if attempt <= 3 then raise exception 'change conflicts with another transaction (OC000)' using errcode = '40001'; end if`)
		assess(t, s, assessment("a", "1", tick(0)), Findings{Issues: []Issue{found("x", SeverityWarning)}})
		assert.Equal(t, int64(4), attempts(t, conn))
		issues, err := s.Issues(t.Context(), IssueQuery{})
		require.NoError(t, err)
		assert.Len(t, issues, 1)
	}
}

// TestManyAssessmentsAtOnce: whatever the order in which they get through, an issue is open once.
func TestManyAssessmentsAtOnce(t *testing.T) {
	s := newStore(t)
	save(t, s, cycle("a", tick(0)))
	var group sync.WaitGroup
	for w := range 4 {
		group.Go(func() {
			for i := range 6 {
				at := tick(i*4 + w)
				// Two write the same assessment, as a worker does that is not sure that it wrote.
				for range 2 {
					a := assessment("a", at.Format(time.TimeOnly), at)
					assert.NoError(t, s.SaveAssessment(t.Context(), a, Findings{Issues: []Issue{found("x", SeverityWarning), found("y", SeverityCritical)}}))
				}
			}
		})
		group.Go(func() {
			for i := range 6 {
				assert.NoError(t, s.SaveCycles(t.Context(), []Cycle{cycle("a", tick(100*w+i))}))
			}
		})
	}
	group.Wait()
	issues, err := s.Issues(t.Context(), IssueQuery{})
	require.NoError(t, err)
	require.Len(t, issues, 2)
	assert.Equal(t, tick(23), issues[0].LastAt)
	read, err := s.Assessments(t.Context(), AssessmentQuery{})
	require.NoError(t, err)
	assert.Len(t, read, 24)
}

func TestTextsFromElsewhereCannotBreakAnAssessment(t *testing.T) {
	s := newStore(t)
	save(t, s, cycle("a", tick(0)))
	const dirty, clean = "<html>\x00\xff", "<html>\uFFFD\uFFFD"
	issue := found("x", SeverityWarning)
	issue.Description, issue.Issue = dirty, json.RawMessage(`{"half a pair": "\ud800", "nul": "\u0000", "bytes": "`+"\xff"+`"}`)
	assess(t, s, assessment("a", "1", tick(0), func(a *Assessment) {
		a.Instead, a.Summary, a.LogsUnavailable = dirty, dirty, dirty
		a.Explanation = json.RawMessage(`{"text": "a\u0000b \\u0000"}`)
	}), Findings{Issues: []Issue{issue}, Unknowable: []string{dirty}})

	read, err := s.LatestAssessments(t.Context(), nil)
	require.NoError(t, err)
	assert.Equal(t, []string{clean, clean, clean}, []string{read[0].Instead, read[0].Summary, read[0].LogsUnavailable})
	assert.JSONEq(t, `{"text": "a\ufffdb \\u0000"}`, string(read[0].Explanation))
	issues, err := s.Issues(t.Context(), IssueQuery{})
	require.NoError(t, err)
	assert.Equal(t, clean, issues[0].Description)
	assert.JSONEq(t, `{"half a pair": "\ufffd", "nul": "\ufffd", "bytes": "\ufffd"}`, string(issues[0].Issue))

	for _, q := range []AssessmentQuery{{Clusters: []string{"a\xff"}}, {Fingerprint: dirty}, {Triggers: []Trigger{dirty}}} {
		none, err := s.Assessments(t.Context(), q)
		require.NoError(t, err, "what no assessment can have finds nothing")
		assert.Empty(t, none)
	}
}

func TestAnAssessmentThatCanNeverBeStoredIsRefused(t *testing.T) {
	s := newStore(t)
	save(t, s, cycle("a", tick(0)))
	want := contents(t, s)
	type change = func(*Assessment, *Findings)
	issue := func(spoil func(*Issue)) change {
		return func(_ *Assessment, f *Findings) { spoil(&f.Issues[0]) }
	}
	for name, c := range map[string]struct {
		spoil change
		says  string
	}{
		"no cluster":                        {func(a *Assessment, _ *Findings) { a.Cluster = "" }, "cluster's name has 0 bytes"},
		"a cluster's name that is no UTF-8": {func(a *Assessment, _ *Findings) { a.Cluster = "a\xff" }, "is not text"},
		"an id beyond DSQL's key":           {func(a *Assessment, _ *Findings) { a.ID = strings.Repeat("x", 256) }, "256 bytes, not 1 to 255"},
		"an id with NUL":                    {func(a *Assessment, _ *Findings) { a.ID = "1\x00" }, "is not text"},
		"no time":                           {func(a *Assessment, _ *Findings) { a.At = time.Time{} }, "its time is missing"},
		"no time of its making":             {func(a *Assessment, _ *Findings) { a.MadeAt = time.Time{} }, "made is missing"},
		"a coverage that is no number":      {func(a *Assessment, _ *Findings) { a.Coverage = math.NaN() }, "coverage is NaN"},
		"a confidence below 0":              {func(a *Assessment, _ *Findings) { a.Confidence = -0.1 }, "confidence is -0.1"},
		"more confidence than coverage":     {func(a *Assessment, _ *Findings) { a.Confidence = 0.95 }, "above its coverage"},
		"an unknown trigger":                {func(a *Assessment, _ *Findings) { a.Trigger = "whim" }, "event, cause, schedule or demand"},
		"a state that is none":              {func(a *Assessment, _ *Findings) { a.State = 99 }, "no state"},
		"an event numbered below 0":         {func(a *Assessment, _ *Findings) { a.EventSeq = -1 }, "numbered from 1"},
		"no explanation":                    {func(a *Assessment, _ *Findings) { a.Explanation = nil }, "its explanation is missing"},
		"an evidence that is no JSON":       {func(a *Assessment, _ *Findings) { a.Evidence = json.RawMessage(`{"half`) }, "its evidence is not JSON"},
		"two documents in one":              {func(a *Assessment, _ *Findings) { a.Draft = json.RawMessage(`{} {}`) }, "its draft is not JSON"},
		"a document beyond DSQL's column": {func(a *Assessment, _ *Findings) {
			a.Evidence = json.RawMessage(`"` + strings.Repeat("x", maxDocument) + `"`)
		}, "takes 1048576"},
		"an issue without id":               {issue(func(i *Issue) { i.ID = "" }), "issue 1 has 0 bytes"},
		"an issue of unknown severity":      {issue(func(i *Issue) { i.Severity = "mild" }), "not warning or critical"},
		"an issue that is no JSON":          {issue(func(i *Issue) { i.Issue = json.RawMessage(`{`) }), `issue "x" is not JSON`},
		"an issue twice":                    {func(_ *Assessment, f *Findings) { f.Issues = append(f.Issues, f.Issues[0]) }, "twice"},
		"more issues than rules could find": {func(_ *Assessment, f *Findings) { f.Issues = make([]Issue, maxFindings+1) }, "1001 issues"},
	} {
		t.Run(name, func(t *testing.T) {
			a, f := assessment("a", "1", tick(0)), Findings{Issues: []Issue{found("x", SeverityWarning)}}
			c.spoil(&a, &f)
			err := s.SaveAssessment(t.Context(), a, f)
			assert.ErrorIs(t, err, ErrBadAssessment)
			assert.ErrorContains(t, err, c.says)
			assert.Equal(t, want, contents(t, s))
		})
	}
}
