// Package redact takes secrets and personal data out of texts before they are stored or sent: log lines,
// reasons, names. It works in time linear in the text's length, and what it has redacted it leaves alone.
package redact

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Text replaces what must not leave by placeholders such as REDACTED_email_1. The same value has the
// same placeholder within a text, so that it can still be seen that two lines speak of the same host.
//
// Text(Text(s)) == Text(s) for every s. Where that can't be reached, which takes a text made for it, the
// whole text is redacted.
func Text(s string) string {
	for range maxPasses {
		next := pass(s)
		if next == s {
			return s
		}
		s = next
	}
	return "REDACTED_text_1"
}

// maxPasses bounds the work. One pass does it for nearly every text; a second is needed where what was
// replaced made a new boundary, and one more to see that nothing is left.
const maxPasses = 6

func pass(s string) string {
	p := placeholders{}
	small := strings.ToLower(s)
	for _, rule := range rules {
		if !rule.wanted(small) {
			continue
		}
		if next := rule.apply(s, p.name); next != s {
			s, small = next, strings.ToLower(next)
		}
	}
	return s
}

// Kinds of what is redacted, as placeholders name them.
const (
	kindKey         = "key"
	kindCredentials = "credentials"
	kindSecret      = "secret"
	kindToken       = "token"
	kindEmail       = "email"
	kindIP          = "ip"
	kindAccount     = "account"
)

var placeholder = regexp.MustCompile(`^REDACTED_[a-z]+_[0-9]+$`)

func isPlaceholder(value string) bool {
	return strings.HasPrefix(value, "REDACTED_") && placeholder.MatchString(value)
}

// placeholders numbers the values of a text by kind, in the order in which they are found.
type placeholders map[string][]string

func (p placeholders) name(kind, value string) string {
	for i, seen := range p[kind] {
		if seen == value {
			return fmt.Sprintf("REDACTED_%s_%d", kind, i+1)
		}
	}
	// The list is searched from the front: beyond this many different values they share the last name,
	// which keeps the time linear.
	if len(p[kind]) < maxNames {
		p[kind] = append(p[kind], value)
	}
	return fmt.Sprintf("REDACTED_%s_%d", kind, len(p[kind]))
}

const maxNames = 200

// rule finds one kind of secret.
type rule struct {
	kind string
	// find returns where secrets are; or expr does.
	find func(s string) [][2]int
	expr *regexp.Regexp
	// group is the number of the group that holds the secret; 0 is all of the match.
	group int
	// needs are parts, in small letters, one of which every match has; empty when there is none. A text
	// without them is passed over quickly, as nearly all texts are.
	needs []string
	// may tells what else every text with a match has; nil when nothing cheap can be told.
	may func(s string) bool
	// inside finds where matches can be; the expression is held against these places and the character on
	// either side of them only. nil is everywhere.
	inside func(s string) [][2]int
	// is decides on a candidate; nil takes every match.
	is func(candidate string) bool
}

func (r rule) wanted(small string) bool {
	if r.may != nil && !r.may(small) {
		return false
	}
	return len(r.needs) == 0 || slices.ContainsFunc(r.needs, func(part string) bool { return strings.Contains(small, part) })
}

// places returns where candidates are, in order and apart from each other.
func (r rule) places(s string) [][2]int {
	if r.find != nil {
		return r.find(s)
	}
	if r.inside == nil {
		return r.matches(s, 0)
	}
	var places [][2]int
	for _, place := range r.inside(s) {
		from, to := max(0, place[0]-1), min(len(s), place[1]+1)
		places = append(places, r.matches(s[from:to], from)...)
	}
	return places
}

// matches returns where the expression matches in a part of a text that begins at an offset.
func (r rule) matches(part string, offset int) [][2]int {
	var places [][2]int
	for _, m := range r.expr.FindAllStringSubmatchIndex(part, -1) {
		places = append(places, [2]int{offset + m[2*r.group], offset + m[2*r.group+1]})
	}
	return places
}

func (r rule) apply(s string, name func(kind, value string) string) string {
	var b strings.Builder
	end := 0
	for _, place := range r.places(s) {
		from, to := place[0], place[1]
		if from < 0 || from == to {
			continue
		}
		value := s[from:to]
		if isPlaceholder(value) || (r.is != nil && !r.is(value)) {
			continue
		}
		b.WriteString(s[end:from])
		b.WriteString(name(r.kind, value))
		end = to
	}
	if end == 0 {
		return s
	}
	b.WriteString(s[end:])
	return b.String()
}
