package mcp

import (
	"fmt"
	"reflect"
	"strings"
	"unicode/utf8"

	"github.com/temporal-sre/copilot/pkg/redact"
)

// Bounds of an answer, in bytes and rows. They protect the assistant's context.
const (
	maxText     = 12_000
	maxRunbook  = 24_000
	maxSentence = 600
	maxField    = 1500
	maxFields   = 40_000
	maxRemnant  = 100
	maxIssues   = 20
	maxClusters = 100
	maxFiring   = 30
	maxReasons  = 20
	maxIDs      = 60
	maxSignals  = 150
	maxSeries   = 10
	maxPoints   = 200
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

// ownText is a text of this program, which is bounded by itself: a runbook, what was left out.
type ownText string

// shorten cuts the texts of an answer, whoever wrote them: each to maxField bytes, and when they have maxFields together,
// the rest to maxRemnant.
func shorten(answer any) {
	total := 0
	shortenValue(reflect.ValueOf(answer), &total)
}

func shortenValue(v reflect.Value, total *int) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			shortenValue(v.Elem(), total)
		}
	case reflect.Struct:
		for _, field := range v.Fields() {
			if field.CanSet() {
				shortenValue(field, total)
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			shortenValue(v.Index(i), total)
		}
	case reflect.Map:
		// Keys and values of maps are names: parameters of actions.
		for _, key := range v.MapKeys() {
			if text := v.MapIndex(key); text.Kind() == reflect.String && text.Len() > maxSentence {
				v.SetMapIndex(key, reflect.ValueOf(cut(text.String(), maxSentence)))
			}
		}
	case reflect.String:
		if v.Type() == reflect.TypeFor[ownText]() {
			return
		}
		most := maxField
		if *total > maxFields {
			most = maxRemnant
		}
		v.SetString(cut(v.String(), most))
		*total += v.Len()
	}
}

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

// text is empty when nothing was left out.
func (l leftOut) text() ownText {
	if len(l) == 0 {
		return ""
	}
	return ownText("The answer contains only " + strings.Join(l, ", ") + ".")
}

// page is the short text of an answer, written line by line.
type page struct{ strings.Builder }

func (p *page) line(format string, args ...any) {
	fmt.Fprintf(p, format, args...)
	p.WriteString("\n")
}

// end adds what the answer lacks, and what may mislead.
func (p *page) end(truncated ownText, notices []string) string {
	for _, n := range notices {
		p.line("Note: %s", n)
	}
	if truncated != "" {
		p.line("Truncated: %s", truncated)
	}
	return p.String()
}
