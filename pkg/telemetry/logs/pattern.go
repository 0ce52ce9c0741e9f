package logs

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
)

// Pattern is a kind of log line worth knowing of.
type Pattern struct {
	// ID names the pattern in evidence, in queries and in the knowledge documents: small letters, digits and _.
	ID string
	// Expression is a regular expression (RE2), without regard to capitals. It is held against each text of
	// a line by itself: its message, each of its errors, its component and lifecycle as "shard-context/Started",
	// and the event of its shard update. A line that is no JSON is one text.
	Expression string
	// Services limits the pattern to lines of services with these names, as the lines' label has them. Empty
	// means all.
	Services []string
	// Levels limits the pattern to lines of these levels: debug, info, warn, error, fatal. A line whose level
	// cannot be told matches too. Empty means all.
	Levels []string
	// Meaning is what a match stands for, in one line for an operator.
	Meaning string
}

// maxOwn bounds the patterns of a configuration: each has its place in the cursor.
const maxOwn = 50

// Extend returns the known patterns with those of a configuration added. One with the id of a known pattern
// takes its place. The error lists every mistake.
func Extend(own []Pattern) ([]Pattern, error) {
	all := Patterns()
	var mistakes []error
	if len(own) > maxOwn {
		mistakes = append(mistakes, fmt.Errorf("there are %d patterns: %d are the most", len(own), maxOwn))
	}
	seen := map[string]bool{}
	for i, p := range own {
		if seen[p.ID] {
			mistakes = append(mistakes, fmt.Errorf("pattern %d: the id %q stands here a second time: leave one", i+1, p.ID))
		}
		seen[p.ID] = true
		if err := p.Validate(); err != nil {
			mistakes = append(mistakes, fmt.Errorf("pattern %d (%q): %w", i+1, p.ID, err))
		}
		if known := slices.IndexFunc(all, func(k Pattern) bool { return k.ID == p.ID }); known >= 0 {
			p.Meaning = cmp.Or(p.Meaning, all[known].Meaning)
			all[known] = p
		} else {
			all = append(all, p)
		}
	}
	if err := errors.Join(mistakes...); err != nil {
		return nil, err
	}
	return all, nil
}

var (
	patternID = regexp.MustCompile(`^[a-z][a-z0-9_]{0,39}$`)
	levels    = []string{"debug", "info", "warn", "error", "fatal"}
)

// maxExpression keeps an expression to what a person can check, in bytes.
const maxExpression = 1000

// Validate says what is wrong with a pattern.
func (p Pattern) Validate() error {
	if !patternID.MatchString(p.ID) {
		return errors.New("the id can't be one: take up to 40 small letters, digits and underscores, beginning with a letter")
	}
	for _, level := range p.Levels {
		if !slices.Contains(levels, level) {
			return fmt.Errorf("%q is no level: the levels are %s", level, strings.Join(levels, ", "))
		}
	}
	_, err := compile(p)
	return err
}

// compiled is a pattern ready for use.
type compiled struct {
	Pattern
	expression *regexp.Regexp
	// needles are texts in small letters of which every line that matches has at least one. They are looked for
	// first, here and by Loki: that is far cheaper than the expression, and only such lines travel.
	needles []string
}

func compile(p Pattern) (compiled, error) {
	switch {
	case strings.TrimSpace(p.Expression) == "":
		return compiled{}, errors.New("the expression is empty: write a regular expression (RE2), like 'connection (lost|reset)'")
	case len(p.Expression) > maxExpression:
		return compiled{}, fmt.Errorf("the expression is longer than %d characters", maxExpression)
	}
	expression, err := regexp.Compile("(?i)" + p.Expression)
	var wrong *syntax.Error
	if errors.As(err, &wrong) {
		return compiled{}, fmt.Errorf("the expression cannot be read at %q: %s; its syntax is RE2", strings.TrimPrefix(wrong.Expr, "(?i)"), wrong.Code)
	} else if err != nil {
		return compiled{}, fmt.Errorf("the expression: %w", err)
	}
	if expression.MatchString("") {
		return compiled{}, errors.New("the expression matches every line: it also matches an empty text")
	}
	tree, err := syntax.Parse("(?i)"+p.Expression, syntax.Perl)
	if err != nil {
		return compiled{}, fmt.Errorf("the expression: %w", err)
	}
	needles := needlesOf(tree.Simplify())
	if len(needles) == 0 {
		return compiled{}, fmt.Errorf("the expression has no word that Loki can look for: every alternative needs one, of at least %d letters, digits or spaces in a row", minNeedle)
	}
	return compiled{p, expression, needles}, nil
}

const (
	// minNeedle is the shortest text to look for: shorter ones are in most lines.
	minNeedle = 3
	// maxNeedles keeps the query to a length that Loki takes.
	maxNeedles = 40
)

// needlesOf returns texts of which every match of an expression has at least one, nil when there are none such.
func needlesOf(e *syntax.Regexp) []string {
	switch e.Op {
	case syntax.OpLiteral:
		return longestRun(e.Rune)
	case syntax.OpCapture, syntax.OpPlus:
		return needlesOf(e.Sub[0])
	case syntax.OpRepeat:
		if e.Min > 0 {
			return needlesOf(e.Sub[0])
		}
	case syntax.OpConcat:
		var best []string
		for _, part := range e.Sub {
			// Long texts are rare in lines that do not match.
			if needles := needlesOf(part); shortest(needles) > shortest(best) {
				best = needles
			}
		}
		return best
	case syntax.OpAlternate:
		var all []string
		for _, alternative := range e.Sub {
			needles := needlesOf(alternative)
			if needles == nil {
				return nil
			}
			all = append(all, needles...)
		}
		slices.Sort(all)
		if all = slices.Compact(all); len(all) <= maxNeedles {
			return all
		}
	}
	return nil
}

// longestRun is the longest part of a text that stands in a line as it is, however the line is written: JSON
// escapes quotes and whatever is not ASCII, and a line's component and lifecycle stand apart.
func longestRun(text []rune) []string {
	var best, run []rune
	for _, r := range text {
		if r < 'a' || r > 'z' {
			if r >= 'A' && r <= 'Z' {
				r += 'a' - 'A'
			} else if (r < '0' || r > '9') && !strings.ContainsRune(" _-.:", r) {
				run = nil
				continue
			}
		}
		run = append(run, r)
		if len(run) > len(best) {
			best = run
		}
	}
	if len(best) < minNeedle {
		return nil
	}
	return []string{string(best)}
}

func shortest(needles []string) int {
	length := 0
	for i, needle := range needles {
		if i == 0 || len(needle) < length {
			length = len(needle)
		}
	}
	return length
}
