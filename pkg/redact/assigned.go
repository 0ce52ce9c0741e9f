package redact

import (
	"regexp"
	"slices"
	"strings"
)

// secretNames are parts of names after which a secret follows.
var secretNames = []string{"password", "passwd", "passphrase", "passcode", "pwd", "secret", "token", "credential", "signature", "_session"}

// keyNames make a secret's name of what is called a key; "key" alone is what a map has.
var keyNames = []string{"api", "access", "account", "private", "auth", "encryption", "signing", "client", "license", "master", "ssh"}

// valueAfter matches from behind a name to the end of its value, in all the ways in which logs write it:
// logfmt, JSON, JSON in JSON, YAML, DSN, query string, and in code: a type may stand between, or a comma
// behind a name in quotes. A quote that is not closed ends with the text.
var valueAfter = regexp.MustCompile(`^[\w.-]{0,30}(?:\\*["']\s{0,5},|\\*["']?(?:\s{1,3}string)?\s{0,5}(?:=>|:{1,3}=|[?.+]=|\|\||[:=>]))[\s=]{0,5}` +
	`\\*(?:"((?:[^"\\]|\\[^"])+)|'((?:[^'\\]|\\[^'])+)|([^\s"'&\\]+))`)

// assigned finds the values of names that say that a secret follows. Names are looked for first, because
// nearly all texts have none and looking for words is far cheaper than matching.
func assigned(s string) [][2]int {
	var places [][2]int
	end := 0
	for _, after := range endsOfNames(s) {
		// What is inside a value that was found is part of the secret.
		if after < end {
			continue
		}
		m := valueAfter.FindStringSubmatchIndex(s[after:])
		for group := 2; group < len(m); group += 2 {
			if m[group] >= 0 {
				places = append(places, [2]int{after + m[group], after + m[group+1]})
				end = after + m[group+1]
			}
		}
	}
	return places
}

// endsOfNames returns where names of secrets end, in order.
func endsOfNames(s string) []int {
	small := asciiLower(s)
	var ends []int
	for _, name := range secretNames {
		ends = appendEnds(ends, small, name, func(int) bool { return true })
	}
	follows := func(names ...string) func(begin int) bool {
		return func(begin int) bool {
			// One joint at most, as in api_key: more would be looked at again and again.
			before := small[max(0, begin-20):begin]
			if n := len(before); n > 0 && strings.ContainsRune("_.-", rune(before[n-1])) {
				before = before[:n-1]
			}
			return slices.ContainsFunc(names, func(name string) bool { return strings.HasSuffix(before, name) })
		}
	}
	ends = appendEnds(ends, small, "key", follows(keyNames...))
	ends = appendEnds(ends, small, "string", follows("connection"))
	ends = appendEnds(ends, small, "id", follows("session"))
	slices.Sort(ends)
	return slices.Compact(ends)
}

// appendEnds adds where a word ends, if the place where it begins is right.
func appendEnds(ends []int, s, word string, right func(begin int) bool) []int {
	for at := 0; ; {
		i := strings.Index(s[at:], word)
		if i < 0 {
			return ends
		}
		begin := at + i
		at = begin + len(word)
		if right(begin) {
			ends = append(ends, at)
		}
	}
}

// asciiLower keeps every byte's place, which strings.ToLower does not.
func asciiLower(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}
