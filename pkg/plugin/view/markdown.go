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

// Markdown is the whole explanation for a text panel. root is the path below which Grafana is served.
func (e Explained) Markdown(root string) string {
	var d document
	for _, s := range e.Sections(root) {
		if s.Title == "" {
			d.paragraph("%s", s.Text)
			continue
		}
		d.paragraph("### %s", s.Title)
		d.WriteString("\n" + s.Text + "\n")
	}
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
func (e Explained) guides(root string) []string {
	var links []string
	for _, issue := range e.Whole.Issues {
		address := root + Guide(issue.Gate)
		link := fmt.Sprintf("[%s](%s)", unmarked.Replace(issue.Title), address)
		if Guide(issue.Gate) != "" && !slices.ContainsFunc(links, func(l string) bool { return strings.HasSuffix(l, "("+address+")") }) {
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
	text := fmt.Sprintf("*Of %s, written by %s; confidence %s.", Clock(a.At), made, health.Ratio.Format(a.Confidence))
	if a.Instead != "" {
		text += " The rules wrote it instead of the model: " + unmarked.Replace(strings.TrimSuffix(a.Instead, ".")) + "."
	}
	if a.LogsUnavailable != "" {
		text += " No logs were read: " + unmarked.Replace(strings.TrimSuffix(a.LogsUnavailable, ".")) + "."
	}
	return text + "*"
}
