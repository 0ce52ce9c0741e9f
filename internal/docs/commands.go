package docs

import (
	"path"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// Command is a command line that a document tells to type, or names.
type Command struct {
	// Words are its words without redirections. A word with a variable in it stands as it is written.
	Words []string
	Line  int
	// Whole: it stands in a block, ready to be typed.
	Whole bool
}

// Name is the program without its folder.
func (c Command) Name() string { return path.Base(c.Words[0]) }

// Commands are the command lines of a page. A block for a shell that can't be read is an error; code within text
// need not be a command.
func (p Page) Commands() ([]Command, error) {
	var all []Command
	for _, block := range p.Blocks {
		if block.Language != "sh" {
			continue
		}
		found, err := commands(block.Text)
		if err != nil {
			return nil, err
		}
		for _, c := range found {
			c.Line, c.Whole = c.Line+block.Line-1, true
			all = append(all, c)
		}
	}
	for _, span := range p.Spans {
		found, _ := commands(span.Text) // most code within text is none
		for _, c := range found {
			c.Line = span.Line
			all = append(all, c)
		}
	}
	return all, nil
}

func commands(script string) ([]Command, error) {
	file, err := syntax.NewParser(syntax.Variant(syntax.LangBash)).Parse(strings.NewReader(script), "")
	if err != nil {
		return nil, err
	}
	var all []Command
	syntax.Walk(file, func(n syntax.Node) bool {
		if call, ok := n.(*syntax.CallExpr); ok && len(call.Args) > 0 {
			c := Command{Line: int(call.Pos().Line())} //nolint:gosec // a line of a document
			for _, word := range call.Args {
				c.Words = append(c.Words, written(word))
			}
			all = append(all, c)
		}
		return true
	})
	return all, nil
}

// written is a word without its quotes.
func written(word *syntax.Word) string {
	var b strings.Builder
	var add func(parts []syntax.WordPart)
	add = func(parts []syntax.WordPart) {
		for _, part := range parts {
			switch part := part.(type) {
			case *syntax.Lit:
				b.WriteString(part.Value)
			case *syntax.SglQuoted:
				b.WriteString(part.Value)
			case *syntax.DblQuoted:
				add(part.Parts)
			case *syntax.ParamExp:
				if part.Param != nil {
					b.WriteString("$" + part.Param.Value)
				}
			}
		}
	}
	add(word.Parts)
	return b.String()
}
