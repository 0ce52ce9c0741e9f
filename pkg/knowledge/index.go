package knowledge

import (
	"context"
	"fmt"
	"io/fs"
	"strings"
	"sync/atomic"

	"github.com/temporal-sre/copilot/pkg/health"
)

// DefaultThreshold is what passages of the embedded index score above. Measured on the documents that come
// with the copilot: what the gates say about themselves reaches 0.2 to 0.6, and texts about something
// else, which share no more than common words, stay below 0.18.
const DefaultThreshold = 0.18

// maxQuery bounds the text of a query, in bytes. What is longer says nothing more about what to look for.
const maxQuery = 8 << 10

// Index finds passages in documents by their words (LexicalBM25). It is safe for concurrent use.
type Index struct {
	threshold float64
	current   atomic.Pointer[edition]
}

// edition is the documents of a time and their words.
type edition struct {
	library  Library
	passages []Passage
	words    lexicon
}

// NewIndex indexes the documents of all sources; Load says how they are read. Passages score above the
// threshold, 0 to 1; 0 means DefaultThreshold.
func NewIndex(threshold float64, sources ...fs.FS) (*Index, error) {
	switch {
	case threshold == 0:
		threshold = DefaultThreshold
	case !(threshold > 0 && threshold < 1):
		return nil, fmt.Errorf("the threshold %g is out of range: it is above 0 and below 1", threshold)
	}
	x := &Index{threshold: threshold}
	if err := x.Rebuild(sources...); err != nil {
		return nil, err
	}
	return x, nil
}

// Rebuild replaces all documents by those of the sources, at once for everybody. On an error the index
// stays as it was.
func (x *Index) Rebuild(sources ...fs.FS) error {
	library, err := Load(sources...)
	if err != nil {
		return err
	}
	e := &edition{library: library}
	var texts []string
	for _, d := range library.Documents {
		about := d.about()
		for _, s := range d.Sections {
			e.passages = append(e.passages, d.passage(s, 0, LexicalBM25))
			texts = append(texts, about+"\n"+s.Heading+"\n"+s.Text)
		}
	}
	if e.words, err = newLexicon(texts); err != nil {
		return fmt.Errorf("indexing documents: %w", err)
	}
	x.current.Store(e)
	return nil
}

// Retrieve implements Retriever. Any text is a query, also one that is no text. It fails only when the
// context has ended.
func (x *Index) Retrieve(ctx context.Context, query string) ([]Passage, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	e := x.current.Load()
	found := []Passage{}
	for i, score := range e.words.scores(query[:min(len(query), maxQuery)]) {
		if score > 0 {
			passage := e.passages[i]
			passage.Score = score
			found = append(found, passage)
		}
	}
	return best(found, x.threshold), nil
}

// about is what every section of a document is found by: its title, which counts twice, and the names of what it
// is about, because descriptions name things as gates, log patterns and signals do.
func (d Document) about() string {
	words := []string{d.Title, d.Title, d.ID}
	for _, id := range d.Gates {
		words = append(words, string(id))
	}
	words = append(words, d.Patterns...)
	for _, id := range d.Signals {
		if s, ok := health.LookupSignal(id); ok {
			words = append(words, s.Title)
		}
	}
	return strings.Join(words, "\n")
}

// Library returns the documents as they are now. Do not change them.
func (x *Index) Library() Library { return x.current.Load().library }
