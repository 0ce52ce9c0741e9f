package view

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/temporal-sre/copilot/pkg/explain"
	"github.com/temporal-sre/copilot/pkg/health"
)

// unmarked takes the meaning out of Markdown's characters. Names and sentences come from clusters and
// models: they may be read, but not draw links, images or tables.
var unmarked = strings.NewReplacer(
	`\`, `\\`, "`", "\\`", "*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`, "<", "&lt;", ">", "&gt;", "|", `\|`, "#", `\#`, "~", `\~`,
	"\r", " ", "\n", " ")

// document is Markdown being written.
type document struct{ strings.Builder }

func (d *document) paragraph(format string, args ...any) {
	if d.Len() > 0 {
		d.WriteString("\n")
	}
	fmt.Fprintf(d, format, args...)
	d.WriteString("\n")
}

// list writes items below a heading, if there are any.
func (d *document) list(heading, mark string, items []string) {
	if len(items) == 0 {
		return
	}
	d.paragraph("### %s", heading)
	d.WriteString("\n")
	for _, item := range items {
		fmt.Fprintf(d, "%s %s\n", mark, item)
	}
}

// Markdown is the whole explanation for a text panel.
func (e Explained) Markdown() string {
	var d document
	if !e.Current() {
		d.paragraph("> **This does not explain the present.** %s", unmarked.Replace(e.Outdated()))
	}
	d.paragraph("**%s**", unmarked.Replace(e.Assessment.Summary))
	d.list("Why", "1.", written(e.Whole.Factors, factorLine))
	d.list("What to do", "1.", written(e.Whole.Actions, actionLine))
	d.list("What to watch", "-", written(e.Whole.Watch, unmarked.Replace))
	d.list("Services", "-", written(e.Whole.Sections.Reactions, func(r explain.Reaction) string { return unmarked.Replace(r.Text) }))
	if guides := e.guides(); len(guides) > 0 {
		d.list("Guides", "-", guides)
	}
	d.paragraph("%s", e.footer())
	return d.String()
}

func written[T any](all []T, line func(T) string) []string {
	var lines []string
	for _, x := range all {
		lines = append(lines, line(x))
	}
	return lines
}

func factorLine(f explain.Factor) string {
	return fmt.Sprintf("**%s**: %s", unmarked.Replace(f.Title), unmarked.Replace(f.Detail))
}

func actionLine(a explain.Action) string {
	line := fmt.Sprintf("**%s** %s (%s, %s, confidence %s, risk %s", unmarked.Replace(a.Description), unmarked.Replace(a.Reason),
		a.Type, unmarked.Replace(string(a.Target)), health.Ratio.Format(a.Confidence), a.Risk)
	for _, name := range slices.Sorted(maps.Keys(a.Parameters)) {
		line += fmt.Sprintf(", %s: %s", unmarked.Replace(name), unmarked.Replace(a.Parameters[name]))
	}
	return line + ")"
}

// guides link what there is to read about the issues, each once.
func (e Explained) guides() []string {
	var links []string
	for _, issue := range e.Whole.Issues {
		address := Guide(issue.Gate)
		link := fmt.Sprintf("[%s](%s)", unmarked.Replace(issue.Title), address)
		if address != "" && !slices.ContainsFunc(links, func(l string) bool { return strings.HasSuffix(l, "("+address+")") }) {
			links = append(links, link)
		}
	}
	return links
}

// footer says when it was written, by whom, and how sure it is.
func (e Explained) footer() string {
	a := e.Assessment
	made := "the rules"
	if a.Made != explain.MadeByRules {
		made = unmarked.Replace(a.Made)
	}
	text := fmt.Sprintf("*Of %s, written by %s; confidence %s.", clock(a.At), made, health.Ratio.Format(a.Confidence))
	if a.Instead != "" {
		text += " The rules wrote it instead of the model: " + unmarked.Replace(strings.TrimSuffix(a.Instead, ".")) + "."
	}
	if a.LogsUnavailable != "" {
		text += " No logs were read: " + unmarked.Replace(strings.TrimSuffix(a.LogsUnavailable, ".")) + "."
	}
	return text + "*"
}
