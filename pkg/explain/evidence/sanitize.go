package evidence

import (
	"strings"

	"github.com/temporal-sre/copilot/pkg/redact"
)

// tidy takes secrets and line breaks out of a text from outside, and bounds it.
func tidy(text string) string { return bound(text, maxSample) }

// tidied remembers texts that were tidied: often one reason stands beside many signals.
type tidied map[string]string

func (t tidied) text(text string) string {
	short, known := t[text]
	if !known {
		short = tidy(text)
		t[text] = short
	}
	return short
}

func bound(text string, limit int) string {
	// Cut first: what is thrown away need not be searched for secrets. The margin keeps a secret that the
	// cut would split, and so hide from the rules, whole.
	text = cut(strings.ToValidUTF8(text, "?"), 4*limit)
	text = strings.Join(strings.Fields(redact.Text(text)), " ")
	return cut(harmless.Replace(text), limit)
}

// harmless keeps a text from outside from looking like a reference to a fact, and from opening or closing
// a fence of the prompt.
var harmless = strings.NewReplacer("[[", "[ [", "]]", "] ]", "<", "‹", ">", "›")

// cut shortens a text to a number of bytes, at a character.
func cut(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	text = text[:limit]
	return strings.ToValidUTF8(text, "") + "…"
}
