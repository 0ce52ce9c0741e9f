package evidence

import (
	"strings"

	"github.com/temporal-sre/copilot/pkg/explain/sentence"
	"github.com/temporal-sre/copilot/pkg/redact"
)

// Sanitize takes secrets, line breaks, and what looks like a reference or a fence of the prompt out of a text from outside, and
// bounds it.
func Sanitize(text string) string { return bound(text, maxSample) }

// sanitized remembers texts that were sanitized: often one reason stands beside many signals.
type sanitized map[string]string

func (s sanitized) text(text string) string {
	short, known := s[text]
	if !known {
		short = Sanitize(text)
		s[text] = short
	}
	return short
}

func bound(text string, limit int) string {
	// Cut first: what is thrown away need not be searched for secrets. The margin keeps a secret that the
	// cut would split, and so hide from the rules, whole.
	text = sentence.Cut(strings.ToValidUTF8(text, "?"), 4*limit)
	text = strings.Join(strings.Fields(redact.Text(text)), " ")
	return sentence.Cut(harmless.Replace(text), limit)
}

// harmless keeps a text from outside from looking like a reference to a fact, and from opening or closing
// a fence of the prompt.
var harmless = strings.NewReplacer("[[", "[ [", "]]", "] ]", "<", "‹", ">", "›")
