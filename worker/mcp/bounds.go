package mcp

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/temporal-sre/copilot/pkg/redact"
)

// Bounds of an answer, in bytes and rows. They protect the assistant's context.
const (
	maxText     = 12_000
	maxRunbook  = 24_000
	maxSentence = 600
	maxClusters = 100
	maxFiring   = 40
	maxReasons  = 20
	maxIDs      = 60
	maxSignals  = 200
	maxSeries   = 10
	maxPoints   = 300
	maxPeriods  = 100
)

// cut shortens a text to at most so many bytes, marks the cut, and breaks no character.
func cut(text string, most int) string {
	const mark = " … (truncated)"
	if len(text) <= most {
		return text
	}
	at := most - len(mark)
	for at > 0 && !utf8.RuneStart(text[at]) {
		at--
	}
	return text[:at] + mark
}

// plain is a text of a cycle as it may leave the store: redacted, as evidence is, and bounded.
func plain(text string) string { return cut(redact.Text(text), maxSentence) }

// leftOut collects in words what an answer lacks because of its bounds.
type leftOut []string

// first keeps at most so many rows and says how many there are.
func first[T any](out *leftOut, rows []T, most int, what string) []T {
	if len(rows) <= most {
		if rows == nil {
			return []T{} // an empty list is a list
		}
		return rows
	}
	*out = append(*out, fmt.Sprintf("%d of %d %s", most, len(rows), what))
	return rows[:most]
}

// String is empty when nothing was left out.
func (l leftOut) String() string {
	if len(l) == 0 {
		return ""
	}
	return "The answer contains only " + strings.Join(l, ", ") + "."
}

// page is the short text of an answer, written line by line.
type page struct{ strings.Builder }

func (p *page) line(format string, args ...any) {
	fmt.Fprintf(p, format, args...)
	p.WriteString("\n")
}

// end adds what the answer lacks, and what may mislead.
func (p *page) end(truncated string, notices []string) string {
	for _, n := range notices {
		p.line("Note: %s", n)
	}
	if truncated != "" {
		p.line("Truncated: %s", truncated)
	}
	return p.String()
}
