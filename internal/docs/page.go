package docs

import (
	"bytes"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	table "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/text"
)

// Page is a document in Markdown.
type Page struct {
	// Path is seen from the top of the repository, with slashes.
	Path string
	// Anchors are what #anchors of links can name: the headings, as GitHub writes them.
	Anchors map[string]bool
	Links   []Link
	// Blocks are fenced blocks of code, Spans the code within text.
	Blocks []Code
	Spans  []Code
	Tables []Table
}

// Link is a link or an image.
type Link struct {
	To   string
	Line int
}

// Code is code as it stands in the document. Language is a block's, like sh or yaml.
type Code struct {
	Language, Text string
	Line           int
}

// Table is a table, with the heading that it stands below. Cells are plain text without the marks of code.
type Table struct {
	Heading string
	Header  []string
	Rows    [][]string
	Line    int
}

// Read reads the documents that match patterns like docs/*.md, seen from the top of the repository.
func Read(root string, patterns ...string) ([]Page, error) {
	var pages []Page
	for _, pattern := range patterns {
		files, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(pattern)))
		if err != nil {
			return nil, err
		}
		if len(files) == 0 {
			return nil, fmt.Errorf("no document is %s", pattern)
		}
		for _, file := range files {
			source, err := os.ReadFile(file)
			if err != nil {
				return nil, err
			}
			name, err := filepath.Rel(root, file)
			if err != nil {
				return nil, err
			}
			pages = append(pages, parse(filepath.ToSlash(name), source))
		}
	}
	return pages, nil
}

// Below are the tables below a heading.
func (p Page) Below(heading string) []Table {
	return slices.DeleteFunc(slices.Clone(p.Tables), func(t Table) bool { return t.Heading != heading })
}

// Target is the file that a relative link leads to, seen from the top of the repository, and its anchor.
func (p Page) Target(to string) (file, anchor string) {
	file, anchor, _ = strings.Cut(to, "#")
	if file == "" {
		return p.Path, anchor
	}
	return path.Join(path.Dir(p.Path), file), anchor
}

func parse(name string, source []byte) Page {
	r := reader{source: source, page: Page{Path: name, Anchors: map[string]bool{}}}
	document := goldmark.New(goldmark.WithExtensions(extension.GFM)).Parser().Parse(text.NewReader(source))
	// The visitor has no errors.
	_ = ast.Walk(document, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if entering {
			r.take(n)
		}
		return ast.WalkContinue, nil
	})
	return r.page
}

// reader takes a page from its nodes, in their order.
type reader struct {
	source  []byte
	page    Page
	heading string
	line    int
}

func (r *reader) take(n ast.Node) {
	if n.Type() == ast.TypeBlock && n.Lines() != nil && n.Lines().Len() > 0 {
		r.line = bytes.Count(r.source[:n.Lines().At(0).Start], []byte("\n")) + 1
	}
	switch n := n.(type) {
	case *ast.Heading:
		r.heading = r.text(n)
		r.addAnchor(slug(r.heading))
	case *ast.Link:
		r.page.Links = append(r.page.Links, Link{string(n.Destination), r.line})
	case *ast.Image:
		r.page.Links = append(r.page.Links, Link{string(n.Destination), r.line})
	case *ast.FencedCodeBlock:
		r.page.Blocks = append(r.page.Blocks, Code{string(n.Language(r.source)), string(n.Lines().Value(r.source)), r.line})
	case *ast.CodeSpan:
		r.page.Spans = append(r.page.Spans, Code{Text: r.text(n), Line: r.line})
	case *table.Table:
		r.page.Tables = append(r.page.Tables, r.table(n))
	}
}

func (r *reader) table(t *table.Table) Table {
	all := Table{Heading: r.heading, Line: r.line}
	for row := t.FirstChild(); row != nil; row = row.NextSibling() {
		var cells []string
		for cell := row.FirstChild(); cell != nil; cell = cell.NextSibling() {
			cells = append(cells, r.text(cell))
		}
		if row.Kind() == table.KindTableHeader {
			all.Header = cells
		} else {
			all.Rows = append(all.Rows, cells)
		}
	}
	return all
}

// text is what a node says, without marks.
func (r *reader) text(n ast.Node) string {
	var b strings.Builder
	_ = ast.Walk(n, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.Text:
			b.Write(n.Segment.Value(r.source))
			if n.SoftLineBreak() {
				b.WriteByte(' ')
			}
		case *ast.String:
			b.Write(n.Value)
		}
		return ast.WalkContinue, nil
	})
	// A table's cells need the mark before a bar, code spans included.
	return strings.ReplaceAll(b.String(), `\|`, "|")
}

// addAnchor numbers headings that say the same.
func (r *reader) addAnchor(name string) {
	anchor := name
	for n := 1; r.page.Anchors[anchor]; n++ {
		anchor = fmt.Sprintf("%s-%d", name, n)
	}
	r.page.Anchors[anchor] = true
}

// slug is a heading as GitHub writes it into an address.
func slug(heading string) string {
	return strings.Map(func(c rune) rune {
		switch {
		case c == ' ':
			return '-'
		case c == '-' || c == '_' || unicode.IsLetter(c) || unicode.IsDigit(c):
			return unicode.ToLower(c)
		}
		return -1
	}, strings.TrimSpace(heading))
}
