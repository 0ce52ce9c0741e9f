package logs

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"

	"github.com/temporal-sre/copilot/pkg/health"
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
	// Concerns is the service whose state a match shows where that is not the service that writes the line: a history
	// host logs that the database is gone. Empty means the one that writes it.
	Concerns health.Service
	// Meaning is what a match stands for, in one line for an operator.
	Meaning string
}

// Concerns is the service that the pattern with an id concerns; empty when that is the one that writes the line, or
// no pattern has the id.
func Concerns(patterns []Pattern, id string) health.Service {
	for _, p := range patterns {
		if p.ID == id {
			return p.Concerns
		}
	}
	return ""
}

// maxOwn bounds the patterns of a configuration: each has its place in the cursor.
const maxOwn = 50

// Extend returns the known patterns with those of a configuration added. One with the id of a known pattern
// takes its place, and keeps its meaning and the service that it concerns unless it brings its own. The error lists
// every mistake.
func Extend(own []Pattern) ([]Pattern, error) {
	all := Patterns()
	var mistakes []error
	if len(own) > maxOwn {
		mistakes = append(mistakes, fmt.Errorf("there are %d patterns: %d are the most", len(own), maxOwn))
	}
	seen := map[string]bool{}
	for i, p := range own {
		if seen[p.ID] {
			mistakes = append(mistakes, fmt.Errorf("pattern %d: duplicate id %q: keep one", i+1, p.ID))
		}
		seen[p.ID] = true
		if err := p.Validate(); err != nil {
			mistakes = append(mistakes, fmt.Errorf("pattern %d (%q): %w", i+1, p.ID, err))
		}
		if known := slices.IndexFunc(all, func(k Pattern) bool { return k.ID == p.ID }); known >= 0 {
			p.Meaning, p.Concerns = cmp.Or(p.Meaning, all[known].Meaning), cmp.Or(p.Concerns, all[known].Concerns)
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
	if p.Concerns != "" && !slices.Contains(health.Services(), p.Concerns) {
		return fmt.Errorf("%q is no service that a pattern can concern: the services are %s", p.Concerns, serviceNames())
	}
	_, err := compile(p)
	return err
}

func serviceNames() string {
	var names []string
	for _, service := range health.Services() {
		names = append(names, string(service))
	}
	return strings.Join(names, ", ")
}

// compiled is a pattern ready for use.
type compiled struct {
	Pattern
	alternatives []alternative
}

// alternative is one of the ways in which a line can match.
type alternative struct {
	// rare are texts in small letters of which every line that matches has at least one. Loki looks for them, so that
	// only such lines travel.
	rare []string
	// needles are the same, for the own search. They are looked for first: that is far cheaper than an expression.
	needles []string
	// expression is nil when every line that has one of the needles matches.
	expression *regexp.Regexp
}

// alternativesOf are the alternatives of an expression: most are plain texts, and the expressions that are left are
// small. There are none when one of them has no needle.
func alternativesOf(expression string) ([]alternative, error) {
	var all []alternative
	for _, choice := range choicesOf(expression) {
		tree, err := syntax.Parse("(?i)"+choice, syntax.Perl)
		if err != nil {
			return nil, err
		}
		tree = tree.Simplify()
		a := alternative{rare: needlesOf(tree)}
		a.needles = a.rare
		switch {
		case len(a.rare) == 0:
			return nil, nil
		case plain(tree):
			a.needles = textsOf(tree)
		default:
			if a.expression, err = regexp.Compile("(?i)" + choice); err != nil {
				return nil, err
			}
		}
		all = append(all, a)
	}
	return all, nil
}

// choicesOf splits an expression at its outermost bars. One with flags or quoted stretches, which can reach over a bar,
// stays whole.
func choicesOf(expression string) []string {
	if strings.Contains(strings.ReplaceAll(expression, "(?:", ""), "(?") || strings.Contains(expression, `\Q`) {
		return []string{expression}
	}
	var choices []string
	begin, depth, class := 0, 0, -1
	for i := 0; i < len(expression); i++ {
		switch c := expression[i]; {
		case c == '\\':
			i++
		case class >= 0:
			// A bracket that comes first in a class is a member of it.
			if c == ']' && i > class+1 && expression[class+1:i] != "^" {
				class = -1
			}
		case c == '[':
			class = i
		case c == '(':
			depth++
		case c == ')':
			depth--
		case c == '|' && depth == 0:
			choices = append(choices, expression[begin:i])
			begin = i + 1
		}
	}
	return append(choices, expression[begin:])
}

// plain tells whether an expression is a choice of texts that can be looked for as they are.
func plain(e *syntax.Regexp) bool {
	switch e.Op {
	case syntax.OpEmptyMatch, syntax.OpLiteral, syntax.OpCharClass:
	case syntax.OpCapture, syntax.OpQuest, syntax.OpConcat, syntax.OpAlternate:
		for _, part := range e.Sub {
			if !plain(part) {
				return false
			}
		}
	default:
		return false
	}
	texts := textsOf(e)
	return texts != nil && !slices.ContainsFunc(texts, func(text string) bool { return strings.ContainsFunc(text, notInNeedles) })
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
	alternatives, err := alternativesOf(p.Expression)
	if err != nil {
		return compiled{}, fmt.Errorf("the expression: %w", err)
	}
	if len(alternatives) == 0 {
		return compiled{}, fmt.Errorf("the expression has no word that Loki can look for: every alternative needs one, of at least %d letters, digits or spaces in a row", minNeedle)
	}
	return compiled{p, alternatives}, nil
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
	case syntax.OpCapture, syntax.OpPlus:
		return needlesOf(e.Sub[0])
	case syntax.OpRepeat:
		if e.Min > 0 {
			return needlesOf(e.Sub[0])
		}
		return nil
	case syntax.OpConcat:
		return needlesOfParts(e.Sub)
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
		return nil
	}
	return runsOf(textsOf(e))
}

// needlesOfParts are the best needles of parts that follow each other: those of one part, or of neighbours whose texts
// are all known. In "too many (clients|connections)" these are "too many clients" and "too many connections".
func needlesOfParts(parts []*syntax.Regexp) []string {
	var best []string
	consider := func(needles []string) {
		if better(needles, best) {
			best = needles
		}
	}
	var joined []string
	for _, part := range parts {
		consider(needlesOf(part))
		texts := textsOf(part)
		switch {
		case joined == nil || texts == nil || len(joined)*len(texts) > mostTexts:
			joined = texts
		default:
			joined = pairs(joined, texts)
		}
		consider(runsOf(joined))
	}
	return best
}

// enough is the length from which a needle is rare in lines that do not match: beyond it, fewer needles are cheaper
// than longer ones.
const enough = 14

// better tells which needles to look for: rare ones, then few, then long ones.
func better(a, b []string) bool {
	return cmp.Or(cmp.Compare(min(shortest(a), enough), min(shortest(b), enough)), cmp.Compare(len(b), len(a)), cmp.Compare(shortest(a), shortest(b))) > 0
}

// mostTexts bounds the texts of an expression that are looked at one by one.
const mostTexts = 12

// textsOf returns all texts that an expression matches, in small letters, nil when they are many.
func textsOf(e *syntax.Regexp) []string {
	switch e.Op {
	case syntax.OpEmptyMatch, syntax.OpBeginLine, syntax.OpEndLine, syntax.OpBeginText, syntax.OpEndText, syntax.OpWordBoundary, syntax.OpNoWordBoundary:
		return []string{""}
	case syntax.OpLiteral:
		return []string{fold(string(e.Rune))}
	case syntax.OpCapture:
		return textsOf(e.Sub[0])
	case syntax.OpQuest:
		if texts := textsOf(e.Sub[0]); texts != nil && len(texts) < mostTexts {
			return append([]string{""}, texts...)
		}
	case syntax.OpCharClass:
		var texts []string
		for i := 0; i < len(e.Rune); i += 2 {
			if e.Rune[i+1]-e.Rune[i] >= mostTexts {
				return nil
			}
			for r := e.Rune[i]; r <= e.Rune[i+1]; r++ {
				texts = append(texts, fold(string(r)))
			}
		}
		return few(texts)
	case syntax.OpConcat:
		texts := []string{""}
		for _, part := range e.Sub {
			of := textsOf(part)
			if of == nil || len(texts)*len(of) > mostTexts {
				return nil
			}
			texts = pairs(texts, of)
		}
		return texts
	case syntax.OpAlternate:
		var texts []string
		for _, alternative := range e.Sub {
			of := textsOf(alternative)
			if of == nil {
				return nil
			}
			texts = append(texts, of...)
		}
		return few(texts)
	}
	return nil
}

// few returns the texts, each once, nil when they are too many.
func few(texts []string) []string {
	slices.Sort(texts)
	if texts = slices.Compact(texts); len(texts) <= mostTexts {
		return texts
	}
	return nil
}

// pairs are all texts made of one of each.
func pairs(before, after []string) []string {
	var all []string
	for _, b := range before {
		for _, a := range after {
			all = append(all, b+a)
		}
	}
	return all
}

// runsOf returns the longest run of each text, nil when one has none.
func runsOf(texts []string) []string {
	var runs []string
	for _, text := range texts {
		run := longestRun(text)
		if run == "" {
			return nil
		}
		runs = append(runs, run)
	}
	slices.Sort(runs)
	return slices.Compact(runs)
}

// longestRun is the longest part of a text that a line has as it is, however the line is written: JSON escapes quotes
// and whatever is not ASCII, and a line's component and lifecycle are apart. Empty when it is too short to look for.
func longestRun(text string) string {
	best := ""
	for run := range strings.FieldsFuncSeq(text, notInNeedles) {
		if len(run) > len(best) {
			best = run
		}
	}
	if len(best) < minNeedle {
		return ""
	}
	return best
}

// notInNeedles tells which characters a line may write differently.
func notInNeedles(r rune) bool {
	return (r < 'a' || r > 'z') && (r < '0' || r > '9') && !strings.ContainsRune(" _-.:,()", r)
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
