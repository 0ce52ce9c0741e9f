// Package sentence splits, joins and ends the sentences of an explanation.
package sentence

import (
	"slices"
	"strings"
)

// Split splits a text where a sentence ends: at a full stop, question or exclamation mark before white space.
// Abbreviations such as "e.g." end no sentence.
func Split(text string) []string {
	var all []string
	words := strings.Fields(text)
	start := 0
	for i, word := range words {
		end := strings.TrimRight(word, `"')”’`)
		if i == len(words)-1 || (strings.HasSuffix(end, ".") && !abbreviations[strings.ToLower(end)]) || strings.HasSuffix(end, "!") || strings.HasSuffix(end, "?") {
			all = append(all, strings.Join(words[start:i+1], " "))
			start = i + 1
		}
	}
	return all
}

var abbreviations = map[string]bool{"e.g.": true, "i.e.": true, "etc.": true, "vs.": true, "approx.": true}

// First is the first sentence of a text; empty of an empty one.
func First(text string) string {
	if all := Split(text); len(all) > 0 {
		return all[0]
	}
	return ""
}

// Join joins sentences, and leaves out the empty ones.
func Join(all ...string) string {
	return strings.Join(slices.DeleteFunc(all, func(s string) bool { return s == "" }), " ")
}

// Capital begins a sentence with a capital.
func Capital(text string) string {
	if text == "" {
		return ""
	}
	return strings.ToUpper(text[:1]) + text[1:]
}

// Uncapital makes a sentence go on after a colon. Names in capitals stay.
func Uncapital(text string) string {
	if len(text) < 2 || (text[1] >= 'A' && text[1] <= 'Z') || strings.HasPrefix(text, "Prometheus") || strings.HasPrefix(text, "Temporal") {
		return text
	}
	return strings.ToLower(text[:1]) + text[1:]
}

// End ends a sentence that has no end.
func End(text string) string {
	if text == "" || strings.ContainsAny(text[len(text)-1:], ".!?") {
		return text
	}
	return text + "."
}

// Cut shortens a text to a number of bytes, at a character.
func Cut(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	return strings.ToValidUTF8(text[:limit], "") + "…"
}
