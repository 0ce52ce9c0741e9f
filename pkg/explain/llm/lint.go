package llm

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/temporal-sre/copilot/pkg/explain"
	"github.com/temporal-sre/copilot/pkg/explain/evidence"
	"github.com/temporal-sre/copilot/pkg/health"
)

// Lint finds what texts hold that the evidence does not: numbers, and names of signals, metrics, gates
// and settings. Every provider's texts are held to it. It returns what is wrong, in words.
func Lint(e *evidence.Evidence, texts ...string) []string {
	l := newLinter(e)
	var wrong []string
	for _, text := range texts {
		wrong = append(wrong, l.check(text)...)
	}
	return wrong
}

// linter knows what a text about an evidence may hold.
type linter struct {
	evidence *evidence.Evidence
	// names are taken out of a text before numbers are looked for: a queue may be called orders-2.
	names   []string
	numbers map[string]bool
	known   map[string]bool
}

var (
	// numberWord finds digits of all scripts, and numbers in small words: "one" is a pronoun more often
	// than a number.
	numberWord = regexp.MustCompile(`\p{Nd}+(?:[.,]\p{Nd}+)*|[\p{Nl}\p{No}]|\b(?:` + strings.Join(numberNames, "|") + `)s?\b`)
	// identifier finds what looks like the name of a metric or signal: words joined by underscores or dots.
	identifier = regexp.MustCompile(`[A-Za-z][A-Za-z0-9]*(?:(?:_+|\.)[A-Za-z0-9]+)+`)
	// percentile is p99 and the like: the name of a signal, and so no number, where the evidence has it.
	percentile = regexp.MustCompile(`(?i)\bp(?:50|90|95|99|999)\b`)
)

func newLinter(e *evidence.Evidence) *linter {
	l := &linter{evidence: e, numbers: map[string]bool{}, known: map[string]bool{}}
	for _, s := range e.Signals {
		l.known[strings.ToLower(string(s.ID))] = true
		l.name(string(s.ID), s.Title)
		l.name(s.Witness)
		l.number(s.Value, s.Witness)
	}
	for _, g := range e.Gates {
		l.known[strings.ToLower(string(g.ID))] = true
		l.known[strings.ToLower(string(g.Signal))] = true
		if s, ok := health.LookupSignal(g.Signal); ok {
			l.name(s.Title)
		}
		l.name(string(g.Signal), string(g.ID), g.Title, g.Note)
		l.number(g.Threshold, g.Note, g.Value)
	}
	for _, gap := range e.Gaps {
		l.name(gap.Reason)
		l.number(gap.Reason)
	}
	for _, q := range e.Queues {
		l.name(q.Name, q.Namespace)
		l.name(q.UnservedVersion)
		l.number(q.Oldest, q.Backlog, q.Inflow, q.Pollers, q.Slots)
	}
	for _, p := range e.Patterns {
		l.name(p.ID, p.Meaning)
		l.number(fmt.Sprint(p.Count))
	}
	for _, lines := range e.Lines() {
		l.number(lines)
	}
	for _, c := range e.Changes {
		l.number(c.Value, c.When)
	}
	for _, p := range e.Passages {
		l.name(p.Title, p.Section, p.DocumentID)
	}
	for _, w := range e.ScalingRules {
		l.name(string(w.Rule), w.Text)
	}
	l.name(e.Cluster, strings.TrimRight(e.LogsUnavailable, "."))
	l.number(e.LogsUnavailable)
	l.name(explain.Settings()...)
	for _, b := range health.Bottlenecks() {
		l.name(string(b))
	}
	known, all := e.KnownConditions()
	l.number(e.Lasting, health.Ratio.Format(e.Coverage), fmt.Sprint(known), fmt.Sprint(all))
	// Longest first, so that no name hides in another.
	slices.SortFunc(l.names, func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) })
	l.names = slices.Compact(l.names)
	return l
}

func (l *linter) name(names ...string) {
	for _, n := range names {
		if n != "" {
			l.names = append(l.names, strings.ToLower(n))
		}
	}
}

func (l *linter) number(texts ...string) {
	for _, text := range texts {
		for _, n := range numbersIn(text) {
			l.numbers[n] = true
		}
	}
}

func (l *linter) check(text string) []string {
	rest := strings.ToLower(text)
	if !mayBeWrong(rest) {
		return nil
	}
	for _, name := range l.names {
		rest = withoutWord(rest, name)
	}
	var wrong []string
	if joins(rest) {
		for _, id := range identifier.FindAllString(rest, -1) {
			if looksLikeName(id) {
				wrong = append(wrong, "the name "+id+" is not in the evidence")
				rest = strings.ReplaceAll(rest, id, " ")
			}
		}
	}
	if strings.Contains(rest, "p9") || strings.Contains(rest, "p5") {
		for _, p := range percentile.FindAllString(rest, -1) {
			if !l.hasPercentile(p) {
				wrong = append(wrong, p+" is not in the evidence")
			}
		}
		rest = percentile.ReplaceAllString(rest, " ")
	}
	for _, n := range numbersIn(rest) {
		if !l.numbers[n] {
			wrong = append(wrong, "the number "+n+" is not in the evidence")
		}
	}
	return wrong
}

// hasPercentile: some signal of the evidence is such a percentile.
func (l *linter) hasPercentile(p string) bool {
	return slices.ContainsFunc(l.names, func(name string) bool { return strings.Contains(name, strings.ToLower(p)) })
}

// withoutWord takes every occurrence of a name that stands as a word out of a text.
func withoutWord(text, name string) string {
	var b strings.Builder
	for {
		i := strings.Index(text, name)
		if i < 0 {
			return b.String() + text
		}
		end := i + len(name)
		if inWord(text, i-1, i) || inWord(text, end-1, end) {
			b.WriteString(text[:end])
		} else {
			b.WriteString(text[:i] + " ")
		}
		text = text[end:]
	}
}

// inWord tells whether two neighbouring bytes belong to one word.
func inWord(text string, i, j int) bool {
	return i >= 0 && j < len(text) && wordByte(text[i]) && wordByte(text[j])
}

func wordByte(c byte) bool {
	return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
}

// signalGroups are the groups of signal ids: "history" of history.backlog_age_sec.
var signalGroups = func() map[string]bool {
	groups := map[string]bool{}
	for _, s := range health.Signals() {
		group, _, _ := strings.Cut(string(s.ID), ".")
		groups[group] = true
	}
	return groups
}()

// looksLikeName tells the name of a metric or signal from words that a missing space joined.
func looksLikeName(id string) bool {
	group, _, dotted := strings.Cut(id, ".")
	return strings.Contains(id, "_") || (dotted && signalGroups[group])
}
