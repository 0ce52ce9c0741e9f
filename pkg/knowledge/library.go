package knowledge

import (
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/temporal-sre/copilot/pkg/health"
)

//go:embed documents/*.md
var embedded embed.FS

// Embedded holds the documents that come with the copilot.
func Embedded() fs.FS { return embedded }

// Library is a set of documents.
type Library struct {
	// Documents are ordered by id. None is without a section.
	Documents []Document
	// Dropped are the sections that were left out, because they hold queries or raw measurements.
	Dropped []Dropped
}

// Dropped is a section that was left out.
type Dropped struct{ DocumentID, Heading string }

// Load reads all .md files of the sources, at any depth. A document of a later source takes the place of
// one with the same id in an earlier one. The error lists every file that can't be read.
func Load(sources ...fs.FS) (Library, error) {
	byID := map[string]Document{}
	var mistakes []error
	for _, source := range sources {
		found, err := read(source)
		if err != nil {
			mistakes = append(mistakes, err)
		}
		for id, d := range found {
			byID[id] = d
		}
	}
	if err := errors.Join(mistakes...); err != nil {
		return Library{}, err
	}
	if len(byID) == 0 {
		return Library{}, errors.New("there is no document: documents are files that end in .md")
	}
	var l Library
	for _, d := range byID {
		d.Gates = withRunbooks(d)
		l.add(d)
	}
	byName := func(a, b Document) int { return strings.Compare(a.ID, b.ID) }
	slices.SortFunc(l.Documents, byName)
	slices.SortStableFunc(l.Dropped, func(a, b Dropped) int { return strings.Compare(a.DocumentID, b.DocumentID) })
	return l, nil
}

// withRunbooks are the gates that a document's head names, and those that name it as their runbook.
func withRunbooks(d Document) []health.GateID {
	gates := slices.Clone(d.Gates)
	for _, g := range health.Gates() {
		if g.Runbook == d.ID && !slices.Contains(gates, g.ID) {
			gates = append(gates, g.ID)
		}
	}
	return gates
}

// read returns the documents of one source by their ids.
func read(source fs.FS) (map[string]Document, error) {
	found, files := map[string]Document{}, map[string]string{}
	var mistakes []error
	err := markdown(source, ".", func(name string, text []byte) {
		d, err := Parse(strings.TrimSuffix(name, ".md"), text)
		if err == nil && files[d.ID] != "" {
			err = fmt.Errorf("its id %q is that of %s: give it another", d.ID, files[d.ID])
		}
		if err != nil {
			mistakes = append(mistakes, fmt.Errorf("document %s: %w", name, err))
			return
		}
		found[d.ID], files[d.ID] = d, name
	})
	if err != nil {
		mistakes = append(mistakes, fmt.Errorf("reading documents: %w", err))
	}
	return found, errors.Join(mistakes...)
}

// markdown takes the .md files of a folder, at any depth and in the order of their names. It asks the source by the
// source's own methods: the functions of io/fs look to Grafana's plugin validator like a plugin that reads files.
func markdown(source fs.FS, folder string, take func(name string, text []byte)) error {
	opened, err := source.Open(folder)
	if err != nil {
		return err
	}
	defer opened.Close()
	listing, ok := opened.(fs.ReadDirFile)
	if !ok {
		return fmt.Errorf("%s is no folder", folder)
	}
	entries, err := listing.ReadDir(-1)
	if err != nil {
		return err
	}
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	for _, entry := range entries {
		name := path.Join(folder, entry.Name())
		switch {
		case entry.IsDir():
			err = markdown(source, name, take)
		case path.Ext(name) == ".md":
			var text []byte
			if text, err = content(source, name); err == nil {
				take(name, text)
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func content(source fs.FS, name string) ([]byte, error) {
	file, err := source.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return io.ReadAll(file)
}

// add takes a document in without its raw sections.
func (l *Library) add(d Document) {
	kept := make([]Section, 0, len(d.Sections))
	for _, s := range d.Sections {
		if LooksRaw(d.Title + "\n" + s.Heading + "\n" + s.Text) {
			l.Dropped = append(l.Dropped, Dropped{d.ID, s.Heading})
			continue
		}
		kept = append(kept, s)
	}
	if d.Sections = kept; len(kept) > 0 {
		l.Documents = append(l.Documents, d)
	}
}

// ForGate returns the documents about a gate: first those to read first, then those that add something.
func (l Library) ForGate(id health.GateID) []Document {
	return append(
		l.where(func(d Document) bool { return slices.Contains(d.Gates, id) }),
		l.where(func(d Document) bool { return slices.Contains(d.Related, id) && !slices.Contains(d.Gates, id) })...)
}

// ForPattern returns the documents about a log pattern.
func (l Library) ForPattern(id string) []Document {
	return l.where(func(d Document) bool { return slices.Contains(d.Patterns, id) })
}

func (l Library) where(fits func(Document) bool) []Document {
	var found []Document
	for _, d := range l.Documents {
		if fits(d) {
			found = append(found, d)
		}
	}
	return found
}
