package knowledge

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"github.com/temporal-sre/copilot/pkg/health"
)

// Document is what is known about one topic.
type Document struct {
	// ID is unique among the documents of an index.
	ID    string `json:"id"`
	Title string `json:"title"`
	// Gates are those that this document is the first thing to read for; to Related it adds something.
	Gates   []health.GateID `json:"gates,omitempty"`
	Related []health.GateID `json:"related,omitempty"`
	// Patterns are the ids of log patterns that this document explains.
	Patterns []string          `json:"patterns,omitempty"`
	Signals  []health.SignalID `json:"signals,omitempty"`
	Sources  []string          `json:"sources,omitempty"`
	Sections []Section         `json:"sections"`
}

// Section is a part of a document below a heading. Heading is empty for text before the first one.
type Section struct {
	Heading string `json:"heading"`
	Text    string `json:"text"`
}

// frontMatter is the head of a document, between two lines of ---.
type frontMatter struct {
	ID       string            `yaml:"id"`
	Title    string            `yaml:"title"`
	Gates    []health.GateID   `yaml:"gates"`
	Related  []health.GateID   `yaml:"related"`
	Patterns []string          `yaml:"patterns"`
	Signals  []health.SignalID `yaml:"signals"`
	Sources  []string          `yaml:"sources"`
}

// maxDocument bounds a document, in bytes. It is longer than any runbook.
const maxDocument = 1 << 20

// Parse reads a document in Markdown. Its head is optional: without it, id is the document's id and the
// first heading of the first level its title. Headings of the first and second level begin a section.
func Parse(id string, text []byte) (Document, error) {
	if len(text) > maxDocument {
		return Document{}, fmt.Errorf("it has %d bytes, more than %d: split it", len(text), maxDocument)
	}
	if !utf8.Valid(text) {
		return Document{}, errors.New("it is not UTF-8 text")
	}
	text = bytes.ReplaceAll(bytes.TrimPrefix(text, []byte("\ufeff")), []byte("\r\n"), []byte("\n"))
	d := Document{ID: id}
	if rest, ok := bytes.CutPrefix(text, []byte("---\n")); ok {
		head, body, closed := bytes.Cut(rest, []byte("\n---\n"))
		if !closed {
			return Document{}, errors.New("its head begins with --- and does not end: write --- on a line below it")
		}
		if err := d.readHead(head); err != nil {
			return Document{}, err
		}
		text = body
	}
	d.readBody(string(text))
	if d.Title == "" {
		d.Title = d.ID
	}
	if len(d.Sections) == 0 {
		return Document{}, errors.New("it has no text")
	}
	return d, nil
}

func (d *Document) readHead(text []byte) error {
	var head frontMatter
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	if err := decoder.Decode(&head); err != nil {
		return fmt.Errorf("its head can't be read; it is YAML with id, title, gates, related, patterns, signals and sources: %w", err)
	}
	if head.ID != "" {
		d.ID = head.ID
	}
	d.Title, d.Gates, d.Related, d.Patterns, d.Signals, d.Sources = head.Title, head.Gates, head.Related, head.Patterns, head.Signals, head.Sources
	for _, gate := range append(d.Gates[:len(d.Gates):len(d.Gates)], d.Related...) {
		if _, ok := health.LookupGate(gate); !ok {
			return fmt.Errorf("it names the gate %q, which does not exist; `copilot gates` lists them", gate)
		}
	}
	for _, signal := range d.Signals {
		if _, ok := health.LookupSignal(signal); !ok {
			return fmt.Errorf("it names the signal %q, which does not exist; `copilot signals --list` lists them", signal)
		}
	}
	return nil
}

var heading = regexp.MustCompile(`^(#{1,2})\s+(.*?)\s*#*$`)

func (d *Document) readBody(text string) {
	section, fenced := Section{}, false
	var lines []string
	finish := func() {
		for _, part := range split(strings.TrimSpace(strings.Join(lines, "\n"))) {
			d.Sections = append(d.Sections, Section{section.Heading, part})
		}
		lines = nil
	}
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		if strings.HasPrefix(strings.TrimSpace(line), "```") {
			fenced = !fenced
		}
		found := heading.FindStringSubmatch(line)
		if fenced || found == nil {
			lines = append(lines, line)
			continue
		}
		finish()
		section = Section{Heading: found[2]}
		if found[1] == "#" && d.Title == "" {
			d.Title, section.Heading = found[2], ""
		}
	}
	finish()
}

// maxSection bounds a section's text, in bytes, about 600 words: five of them fit into a prompt.
const maxSection = 4000

// split cuts a text into parts of at most maxSection bytes, between paragraphs where it can.
func split(text string) []string {
	var parts []string
	for len(text) > maxSection {
		head := cut(text)
		at := len(head)
		for _, boundary := range []string{"\n\n", "\n", " "} {
			if i := strings.LastIndex(head, boundary); i > 0 {
				at = i
				break
			}
		}
		parts = append(parts, strings.TrimSpace(text[:at]))
		text = strings.TrimSpace(text[at:])
	}
	if text != "" {
		parts = append(parts, text)
	}
	return parts
}

// cut returns the beginning of a text, at most maxSection bytes of it, and no half character.
func cut(text string) string {
	if len(text) <= maxSection {
		return text
	}
	at := maxSection
	for at > 0 && !utf8.RuneStart(text[at]) {
		at--
	}
	return text[:at]
}

// Markdown is the document's text without its head.
func (d Document) Markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n", d.Title)
	for _, s := range d.Sections {
		if s.Heading != "" {
			fmt.Fprintf(&b, "\n## %s\n", s.Heading)
		}
		fmt.Fprintf(&b, "\n%s\n", s.Text)
	}
	return b.String()
}

// Source names what the document rests on, in one line.
func (d Document) Source() string { return strings.Join(d.Sources, "; ") }

// passage is a section as a Retriever hands it out.
func (d Document) passage(s Section, score float64, method Method) Passage {
	return Passage{DocumentID: d.ID, Title: d.Title, Section: s.Heading, Text: s.Text, Score: score, Method: method, Source: d.Source()}
}
