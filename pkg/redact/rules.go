package redact

import (
	"math"
	"net/netip"
	"regexp"
	"slices"
	"strings"
)

// rules in the order in which they are applied: what needs its surroundings to be recognised first,
// what is recognised by itself last.
var rules = []rule{
	// A private key without its end is cut off, not harmless.
	{kind: kindKey, expr: regexp.MustCompile(`(?is)-----BEGIN[ A-Z0-9_-]{0,100}PRIVATE KEY(?: BLOCK)?-----.*?(?:KEY(?: BLOCK)?-----|\z)`), needs: []string{"-----begin"}},
	{kind: kindKey, expr: regexp.MustCompile(`AGE-SECRET-KEY-1[A-Z0-9]+`), needs: []string{"age-secret-key-"}},

	// User and password of a URL or DSN. A password may hold / and @; the greedy form takes the last @.
	{kind: kindCredentials, expr: regexp.MustCompile(`[A-Za-z][A-Za-z0-9+.-]{0,30}://([^\s"'<>/?#:@]*:[^\s"'<>]*)@`), group: 1, inside: wordsWith("://")},
	{kind: kindCredentials, expr: regexp.MustCompile(`[A-Za-z][A-Za-z0-9+.-]{0,30}://([^\s"'<>/?#@]+)@`), group: 1, inside: wordsWith("://")},
	// MySQL's user:password@tcp(host)/database.
	{kind: kindCredentials, expr: regexp.MustCompile(`([^\s"'<>/?#:@=]+:[^\s"'<>]+)@(?:tcp|tcp6|udp|unix)\(`), group: 1, inside: wordsWith("@")},

	{kind: kindCredentials, needs: []string{"authorization"},
		find: behind(`\\?["']?\s*[:=]\s*\\?["'\[]?\s*(?:(?i:bearer|basic|token|digest|negotiate|apikey)\s+)?([^\s"'\\]+)`, "authorization")},
	{kind: kindCredentials, is: looksMade, needs: []string{"bearer", "basic", "token", "apikey"},
		find: behind(`\s+([A-Za-z0-9._~+/=-]{8,})`, "bearer", "basic", "token", "apikey")},
	{kind: kindCredentials, expr: regexp.MustCompile(`(?i)\b(?:set-)?cookie\\?["']?\s*[:=]\s*\\?["']?([^\r\n"'\\]+)`), group: 1, needs: []string{"cookie"}},

	// curl's user:password.
	{kind: kindCredentials, expr: regexp.MustCompile(`(?:\s-u|--user)[\s=]{0,5}["']?([^\s"':]{1,100}:[^\s"']+)`), group: 1, needs: []string{"curl"}},

	// name = value, in all the ways in which logs write it: logfmt, JSON, JSON in JSON, YAML, DSN, query string.
	{kind: kindSecret, find: assigned},

	// Tokens that are known by their beginning.
	{kind: kindToken, expr: regexp.MustCompile(`\beyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]{2,}(?:\.[A-Za-z0-9_-]*){0,3}`), needs: []string{"eyj"}},
	{kind: kindToken, expr: regexp.MustCompile(`\b(?:AKIA|ASIA|ABIA|ACCA|AROA|AIDA|AGPA|A3T[A-Z0-9])[A-Z0-9]{12,}`), needs: []string{"akia", "asia", "abia", "acca", "aroa", "aida", "agpa", "a3t"}},
	{kind: kindToken, expr: regexp.MustCompile(`(?:hooks\.slack\.com/(?:services|workflows|triggers)|webhook\.office\.com|discord(?:app)?\.com/api/webhooks)/([^\s"'<>]+)`), group: 1, needs: []string{"hooks.slack.com", "webhook.office.com", "api/webhooks"}},
	{kind: kindToken, expr: regexp.MustCompile(`\b(?i:xox[a-z][.-]|xapp-)[A-Za-z0-9.-]{6,}`), needs: []string{"xox", "xapp-"}},
	{kind: kindToken, expr: regexp.MustCompile(`\bAPI-[A-Z0-9]{26}\b`), needs: []string{"api-"}},
	{kind: kindToken, expr: regexp.MustCompile(`\bA3-[A-Z0-9]{6}(?:-[A-Z0-9]{5,11}){4,5}`), needs: []string{"a3-"}},
	{kind: kindToken, expr: regexp.MustCompile(`\b(?i:sc|ext|scauth|authress)_[A-Za-z0-9]{5,30}\.[A-Za-z0-9]{4,6}\.(?i:acc)[_-][A-Za-z0-9-]{10,32}\.[A-Za-z0-9+/_=-]+`), needs: []string{".acc"}},
	{kind: kindToken, expr: regexp.MustCompile(`[A-Za-z0-9_~.-]{3,4}Q~[A-Za-z0-9_~.-]{20,}`), needs: []string{"q~"}},
	{kind: kindToken, expr: regexp.MustCompile(`\b[0-9]+(?::A[A-Za-z0-9_-]{30,}|(?:\||%(?:7C)?)[A-Za-z0-9_-]{20,})`), may: numberBeforeToken},
	{kind: kindToken, find: prefixed},

	{kind: kindEmail, expr: regexp.MustCompile(`[\pL\pN._%+'-]+@[\pL\pN-]+(?:\.[\pL\pN-]+)+`), is: notRedacted, inside: wordsWith("@")},
	{kind: kindIP, expr: regexp.MustCompile(`\b(?:` + octet + `\.){3}` + octet + `\b`), inside: runs(func(c byte) bool { return c == '.' || isDigit(c) }, len("1.1.1.1"))},
	// A host name of EC2 is its address in words.
	{kind: kindIP, expr: regexp.MustCompile(`\bip-` + octet + `(?:-` + octet + `){3}\b`), needs: []string{"ip-"}},
	{kind: kindIP, expr: regexp.MustCompile(`(?:^|[^\w:.])([0-9A-Fa-f]*:[0-9A-Fa-f:]*:[0-9A-Fa-f]*(?:\.[0-9.]*[0-9])?)(?:$|[^\w:])`), group: 1, is: isIPv6, inside: colonRuns},
	{kind: kindAccount, find: runs(isWord, 12), is: func(s string) bool { return len(s) == 12 && consistsOf(s, "0123456789") }},

	// Digests and keys in hexadecimal.
	{kind: kindSecret, find: runs(isWord, 32), is: func(s string) bool { return kinds(s) > 1 && consistsOf(s, "0123456789abcdefABCDEF") }},
	{kind: kindSecret, find: runs(func(c byte) bool { return isWord(c) || c == '+' || c == '/' || c == '-' }, shortestRandom), is: looksRandom},
}

const octet = `(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[0-9]{1,2})`

// looksMade tells a token from a word after "basic" or "token": words have no digit, no = and no
// capital inside.
func looksMade(s string) bool {
	return strings.ContainsAny(s, "0123456789=") || strings.IndexFunc(s[1:], func(r rune) bool { return r >= 'A' && r <= 'Z' }) >= 0
}

// numberBeforeToken: a number stands before a mark that parts it from a token.
func numberBeforeToken(small string) bool {
	for _, mark := range []byte("|%:") {
		for at := 0; ; at++ {
			i := strings.IndexByte(small[at:], mark)
			if i < 0 {
				break
			}
			at += i
			if at > 0 && at < len(small)-1 && isDigit(small[at-1]) && (mark != ':' || small[at+1] == 'a') {
				return true
			}
		}
	}
	return false
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

var addressRuns = runs(func(c byte) bool {
	return c == ':' || c == '.' || isDigit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')
}, len("::1"))

// colonRuns finds stretches that could be addresses of version 6: they have two colons.
func colonRuns(s string) [][2]int {
	if strings.Count(s, ":") < 2 {
		return nil
	}
	return slices.DeleteFunc(addressRuns(s), func(p [2]int) bool { return strings.Count(s[p[0]:p[1]], ":") < 2 })
}

// wordsWith finds the stretches without white space that hold a part: expressions without white space
// match nowhere else.
func wordsWith(part string) func(string) [][2]int {
	const white = "\t\n\f\r "
	return func(s string) [][2]int {
		var places [][2]int
		for end := 0; ; {
			i := strings.Index(s[end:], part)
			if i < 0 {
				return places
			}
			from := end + strings.LastIndexAny(s[end:end+i], white) + 1
			to := end + i + len(part)
			if n := strings.IndexAny(s[to:], white); n >= 0 {
				to += n
			} else {
				to = len(s)
			}
			places = append(places, [2]int{from, to})
			end = to
		}
	}
}

// runs finds stretches of at least so many characters of a kind, each as long as it goes. It looks at the last
// character first at which a stretch that begins here would be long enough: most texts have few such stretches,
// and most characters are never looked at.
func runs(in func(byte) bool, least int) func(string) [][2]int {
	return func(s string) [][2]int {
		var places [][2]int
		// A stretch begins at begin or later.
		for begin := 0; begin+least <= len(s); {
			i := begin + least - 1
			for i >= begin && in(s[i]) {
				i--
			}
			if i >= begin {
				begin = i + 1
				continue
			}
			end := begin + least
			for end < len(s) && in(s[end]) {
				end++
			}
			places = append(places, [2]int{begin, end})
			begin = end + 1
		}
		return places
	}
}

// behind finds what stands right behind words, in capitals or not: the group of an expression. Words are looked for
// first, as in assigned.
func behind(expression string, words ...string) func(string) [][2]int {
	after := regexp.MustCompile("^" + expression)
	return func(s string) [][2]int {
		small := asciiLower(s)
		var ends []int
		for _, word := range words {
			ends = appendEnds(ends, small, word, func(begin int) bool { return begin == 0 || !isWord(small[begin-1]) })
		}
		slices.Sort(ends)
		var places [][2]int
		done := 0
		for _, end := range ends {
			if end < done {
				continue
			}
			if m := after.FindStringSubmatchIndex(s[end:]); m != nil {
				places = append(places, [2]int{end + m[2], end + m[3]})
				done = end + m[1]
			}
		}
		return places
	}
}

func consistsOf(s, characters string) bool { return strings.Trim(s, characters) == "" }

// notRedacted leaves a URL's redacted credentials before its host alone: they look like an address.
func notRedacted(email string) bool {
	local, _, _ := strings.Cut(email, "@")
	return !isPlaceholder(local)
}

func isIPv6(s string) bool {
	_, err := netip.ParseAddr(s)
	return err == nil && s != "::"
}

// shortestRandom is the length from which noise can be told from a name.
const shortestRandom = 14

// looksRandom tells secrets from names by how often letters, capitals and digits take turns: names are
// made of words and numbers, secrets of noise. UUIDs are names here: Temporal's run ids are UUIDs.
func looksRandom(s string) bool {
	if len(s) < shortestRandom || isUUID(s) {
		return false
	}
	// Noise, even where / or - cut it into short pieces. Names of pods have no capitals.
	if len(s) >= 32 && entropy(s) >= 4.2 && (mixedCase(s) || (kinds(s) == 3 && turns(s) >= 0.2)) {
		return true
	}
	if len(s) >= 20 && kinds(s) == 3 && turns(s) >= 0.3 && mixedCase(s) {
		return true
	}
	for _, piece := range strings.FieldsFunc(s, func(r rune) bool { return r == '/' || r == '_' || r == '-' }) {
		switch {
		case len(piece) < shortestRandom || entropy(piece) < 3:
		case len(piece) < 16:
			// Short ones must look the part: they could be a name with a number in it.
			if strings.ContainsAny(piece, "0123456789") && turns(piece) >= 0.3 && strings.IndexFunc(piece, isLetter) >= 0 {
				return true
			}
		case strings.ContainsAny(piece, "0123456789") && turns(piece) >= 0.2 && strings.IndexFunc(piece, isLetter) >= 0:
			return true
		case turns(piece) >= 0.4, mixedCase(piece):
			return true
		}
	}
	return false
}

func isUUID(s string) bool { return strings.Count(s, "-") >= 4 && uuid.MatchString(s) }

var uuid = regexp.MustCompile(`^[/_-]*[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}(?:[/_-].{0,15})?$`)

func isLetter(r rune) bool { return (r >= 'a' && r <= 'z') || (r >= 'A' && r <= 'Z') }

// mixedCase: capitals and small letters alternate as dice would have it. In names of many words capitals
// are one letter in six or fewer.
func mixedCase(s string) bool {
	var count [4]int
	for i := range len(s) {
		count[kind(s[i])]++
	}
	return 4*count[1] >= len(s) && 4*count[2] >= len(s)
}

// kind is 1 for small letters, 2 for capitals, 3 for digits, 0 for the rest.
func kind(c byte) int {
	switch {
	case c >= 'a' && c <= 'z':
		return 1
	case c >= 'A' && c <= 'Z':
		return 2
	case c >= '0' && c <= '9':
		return 3
	}
	return 0
}

// kinds counts how many of the three kinds of characters there are.
func kinds(s string) int {
	var seen [4]int
	for i := range len(s) {
		seen[kind(s[i])] = 1
	}
	return seen[1] + seen[2] + seen[3]
}

// turns is how often the kind of character changes, per character. A capital at the start of a word is
// no turn, so that CamelCase stays a name.
func turns(s string) float64 {
	n := 0
	for i := 1; i < len(s); i++ {
		a, b := kind(s[i-1]), kind(s[i])
		if a != b && a != 0 && b != 0 && !(a == 2 && b == 1) {
			n++
		}
	}
	return float64(n) / float64(len(s))
}

// entropy in bits a character (Shannon).
func entropy(s string) float64 {
	var counts [256]int
	for i := range len(s) {
		counts[s[i]]++
	}
	bits := 0.0
	for _, n := range counts {
		if n > 0 {
			p := float64(n) / float64(len(s))
			bits -= p * math.Log2(p)
		}
	}
	return bits
}
