package view

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/temporal-sre/copilot/pkg/explain"
	"github.com/temporal-sre/copilot/pkg/explain/evidence"
	"github.com/temporal-sre/copilot/pkg/health"
	"github.com/temporal-sre/copilot/pkg/store"
)

// Section is a part of an explanation in Markdown. The first has no title: it is the summary.
type Section struct{ Title, Text string }

// Sections are all that an explanation says, in the order in which an operator asks; parts without a word are left out.
// root is the path below which Grafana is served.
func (e Explained) Sections(root string) []Section {
	x := e.Whole
	summary := fmt.Sprintf("**%s**", unmarked.Replace(e.Assessment.Summary))
	if !e.Current() {
		summary = fmt.Sprintf("> **This does not explain the present.** %s\n\n%s", unmarked.Replace(e.Outdated()), summary)
	}
	all := []Section{
		{"", summary},
		{"Feedback", items("-", written(e.Feedback, func(f store.Feedback) string { return unmarked.Replace(FeedbackText(f)) }))},
		{"Why", items("1.", written(x.Factors, factorLine))},
		{"What to do", items("1.", written(x.Actions, actionLine))},
		{"What to watch", items("-", written(x.Watch, unmarked.Replace))},
		{"What set it off", unmarked.Replace(x.Sections.Inciting)},
		{"Before it", unmarked.Replace(x.Sections.Setting)},
		{"Services", items("-", written(x.Sections.Reactions, func(r explain.Reaction) string { return unmarked.Replace(r.Text) }))},
		{"State, and what is unknown", unmarked.Replace(x.Sections.Standing)},
		{"Ruled out", items("-", written(x.RuledOut, ruledOutLine))},
		{"Runbooks", items("-", e.guides(root))},
		{"From documents", e.passages(root)},
	}
	kept := all[:0]
	for _, s := range all {
		if s.Text != "" {
			kept = append(kept, s)
		}
	}
	return append(kept, Section{"Source", e.footer()})
}

// items are the lines of a list.
func items(mark string, lines []string) string {
	var b strings.Builder
	for _, line := range lines {
		fmt.Fprintf(&b, "%s %s\n", mark, line)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func ruledOutLine(r explain.RuledOut) string {
	line := fmt.Sprintf("**%s**: %s", unmarked.Replace(r.Cause), unmarked.Replace(r.Against))
	if r.Check != "" {
		line += " Check: " + unmarked.Replace(r.Check)
	}
	return line
}

// mostPassage is how much of a passage is shown, in bytes: enough to see whether it fits. The document is a click away.
const mostPassage = 400

// passages are what documents say, as the explanation found them: the copilot's runbooks, and an operator's own documents.
func (e Explained) passages(root string) string {
	var stored struct {
		Passages []evidence.Passage `json:"passages"`
	}
	// Evidence that this version can't read has no passages to show.
	_ = json.Unmarshal(e.Assessment.Evidence, &stored)
	var lines []string
	for _, p := range stored.Passages {
		title := unmarked.Replace(p.Title)
		if IsRunbook(p.DocumentID) {
			title = fmt.Sprintf("[%s](%s)", title, root+GuideTo(p.DocumentID))
		}
		if p.Section != "" {
			title += ", " + unmarked.Replace(p.Section)
		}
		text := strings.ToValidUTF8(p.Text[:min(len(p.Text), mostPassage)], "")
		if len(p.Text) > mostPassage {
			text += " …"
		}
		lines = append(lines, fmt.Sprintf("%s: %s", title, unmarked.Replace(strings.Join(strings.Fields(text), " "))))
	}
	return items("-", lines)
}

// ToDo is what to do first in Markdown: actions by rank, the way back, and the runbook.
func (b Brief) ToDo(root string) string {
	var lines []string
	if recovery := b.Rules.Recovery; recovery != "" {
		lines = append(lines, "**"+unmarked.Replace(recovery)+"**")
	}
	for i, a := range b.Rules.Actions[:min(len(b.Rules.Actions), mostToDo)] {
		lines = append(lines, fmt.Sprintf("%d. %s *(confidence %s, risk %s)*", i+1, unmarked.Replace(a.Description), health.Ratio.Format(a.Confidence), a.Risk))
	}
	if len(b.Rules.Actions) == 0 {
		lines = append(lines, "Nothing needs to be done.")
	}
	if guide := Guide(b.Rules.Cause); guide != "" {
		lines = append(lines, fmt.Sprintf("[Runbook](%s)", root+guide))
	}
	return strings.Join(lines, "\n\n")
}

// mostToDo is how many actions the first screen shows: who is woken does one thing first.
const mostToDo = 2
