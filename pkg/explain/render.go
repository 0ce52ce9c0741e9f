package explain

import (
	"fmt"
	"strings"

	"github.com/temporal-sre/copilot/pkg/explain/sentence"
	"github.com/temporal-sre/copilot/pkg/health"
)

// Text writes an explanation for people who read it in a terminal.
func (x Explanation) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", wrap(x.Summary, ""))
	section := func(title, text string) {
		if text != "" {
			fmt.Fprintf(&b, "\n%s\n%s\n", title, wrap(text, "  "))
		}
	}
	section("Context", x.Sections.Setting)
	section("Trigger", x.Sections.Inciting)
	if len(x.Factors) > 0 {
		b.WriteString("\nContributing factors\n")
		for i, f := range x.Factors {
			fmt.Fprintf(&b, "%s\n", hanging(fmt.Sprintf("  %d. ", i+1), f.Detail))
		}
	}
	b.WriteString("\nServices\n")
	for _, r := range x.Sections.Reactions {
		fmt.Fprintf(&b, "%s\n", hanging("  - ", r.Text))
	}
	section("State and coverage", x.Sections.Standing)
	if len(x.Actions) > 0 {
		b.WriteString("\nRecommended actions\n")
		for i, a := range x.Actions {
			fmt.Fprintf(&b, "%s\n", hanging(fmt.Sprintf("  %d. ", i+1),
				fmt.Sprintf("%s %s [%s %s, %srisk %s]", a.Description, a.Reason, a.Type, a.Target, sureness("", a.Confidence, ", "), a.Risk)))
		}
	} else {
		section("Recommended actions", x.Sections.ToDo)
	}
	if len(x.Watch) > 0 {
		b.WriteString("\nWatch next\n")
		for _, line := range x.Watch {
			fmt.Fprintf(&b, "%s\n", hanging("  - ", line))
		}
	}
	if len(x.RuledOut) > 0 {
		b.WriteString("\nRuled out\n")
		for _, r := range x.RuledOut {
			fmt.Fprintf(&b, "%s\n", hanging("  - ", fmt.Sprintf("%s: %s %s", sentence.Capital(r.Cause), r.Against, r.Check)))
		}
	}
	made := "the rules"
	if x.Made != MadeByRules {
		made = x.Made
	}
	fmt.Fprintf(&b, "\nWritten by %s%s.", made, sureness("; ", x.Confidence, ""))
	if x.Instead != "" {
		fmt.Fprintf(&b, " %s", sentence.Capital(sentence.End(x.Instead)))
	}
	b.WriteString("\n")
	return b.String()
}

// sureness is a confidence in words. Where nothing is known of a cluster there is none to speak of.
func sureness(before string, confidence float64, after string) string {
	if confidence == 0 {
		return ""
	}
	return before + "confidence " + health.Ratio.Format(confidence) + after
}

const lineWidth = 100

func wrap(text, indent string) string { return fold(text, indent, indent) }

// hanging puts a mark before a text and lines the rest up behind it.
func hanging(mark, text string) string { return fold(text, mark, strings.Repeat(" ", len(mark))) }

func fold(text, before, indent string) string {
	var lines []string
	line := before
	empty := true
	for _, word := range strings.Fields(text) {
		if !empty && len(line)+1+len(word) > lineWidth {
			lines = append(lines, line)
			line, empty = indent, true
		}
		if !empty {
			line += " "
		}
		line += word
		empty = false
	}
	return strings.Join(append(lines, line), "\n")
}
