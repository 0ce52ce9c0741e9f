package logs

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/temporal-sre/copilot/pkg/redact"
)

// matcher holds lines against patterns.
type matcher struct {
	patterns []compiled
}

func newMatcher(patterns []Pattern) (*matcher, error) {
	m := &matcher{}
	for _, p := range patterns {
		c, err := compile(p)
		if err != nil {
			return nil, err
		}
		m.patterns = append(m.patterns, c)
	}
	return m, nil
}

// find returns the patterns that a line of a service matches, each once.
func (m *matcher) find(service, raw string) []compiled {
	l := readLine(raw)
	small := fold(strings.Join(l.texts, "\n"))
	var found []compiled
	for _, p := range m.patterns {
		if len(p.Services) > 0 && !slices.Contains(p.Services, service) {
			continue
		}
		if len(p.Levels) > 0 && slices.Contains(levels, l.level) && !slices.Contains(p.Levels, l.level) {
			continue
		}
		if slices.ContainsFunc(p.alternatives, func(a alternative) bool { return a.matches(l.texts, small) }) {
			found = append(found, p)
		}
	}
	return found
}

// matches holds the alternative against texts, which it is also given in one and in small letters.
func (a alternative) matches(texts []string, small string) bool {
	return slices.ContainsFunc(a.needles, func(needle string) bool { return strings.Contains(small, needle) }) &&
		(a.expression == nil || slices.ContainsFunc(texts, a.expression.MatchString))
}

func (m *matcher) meaning(id string) string {
	for _, p := range m.patterns {
		if p.ID == id {
			return p.Meaning
		}
	}
	return ""
}

// fold makes capitals small as a regular expression without regard to capitals does: there the long s is an s.
func fold(s string) string {
	return strings.ReplaceAll(strings.ToLower(s), "ſ", "s")
}

// maxRare is how much of a text Loki is asked for, in bytes: more of it is hardly rarer, and the query has to fit into a
// URL.
const maxRare = 20

// filter is the LogQL line filter that all lines pass that match a pattern, and not many more.
func (m *matcher) filter() string {
	var all, needles []string
	for _, p := range m.patterns {
		for _, a := range p.alternatives {
			for _, text := range a.rare {
				all = append(all, text[:min(len(text), maxRare)])
			}
		}
	}
	slices.Sort(all)
	all = slices.Compact(all)
	for _, needle := range all {
		// A text within this one finds its lines too.
		if !slices.ContainsFunc(all, func(other string) bool { return other != needle && strings.Contains(needle, other) }) {
			needles = append(needles, regexp.QuoteMeta(needle))
		}
	}
	// Needles hold no backtick, and in backticks LogQL takes a text as it is.
	return " |~ `(?i)(?:" + strings.Join(needles, "|") + ")`"
}

// maxSample is how much of a line is kept to be shown, in bytes.
const maxSample = 400

// sample is what a line says, without its secrets: its level and its texts.
func sample(raw string) string {
	l := readLine(raw)
	texts := slices.DeleteFunc(slices.Compact(l.texts), func(text string) bool { return text == "none" })
	text := redact.Text(strings.Join(strings.Fields(strings.ToValidUTF8(strings.Join(texts, ": "), "")), " "))
	if l.level != "" {
		text = l.level + ": " + text
	}
	if len(text) <= maxSample {
		return text
	}
	end := maxSample
	for !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + "…"
}
