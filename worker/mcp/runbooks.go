package mcp

import (
	"context"
	"fmt"
	"slices"
	"strings"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/temporal-sre/copilot/pkg/health"
	"github.com/temporal-sre/copilot/pkg/knowledge"
	"github.com/temporal-sre/copilot/pkg/plugin/query"
)

const runbookHelp = `A runbook as Markdown, by the id of a gate, of a document or of a log pattern. Without an id it lists all runbooks. It answers how to investigate and fix a firing condition.`

type runbookQuestion struct {
	ID string `json:"id,omitempty" jsonschema:"id of a gate, a document or a log pattern; without it the list of runbooks"`
}

type runbookRow struct {
	ID    string   `json:"id"`
	Title string   `json:"title"`
	Gates []string `json:"gates" jsonschema:"gates for which it is the first runbook"`
}

type runbookAnswer struct {
	ID       string       `json:"id,omitempty"`
	Title    string       `json:"title,omitempty"`
	Markdown ownText      `json:"markdown,omitempty"`
	Sources  []string     `json:"sources,omitempty"`
	Others   []runbookRow `json:"others,omitempty" jsonschema:"further runbooks about the same gate or log pattern"`
	List     []runbookRow `json:"list,omitempty" jsonschema:"all runbooks, when no id was given"`
	// Truncated says that the text was cut.
	Truncated ownText `json:"truncated,omitempty"`
}

func (q questions) runbook(_ context.Context, in runbookQuestion) (runbookAnswer, error) {
	id := strings.TrimPrefix(strings.TrimSpace(in.ID), runbookScheme)
	if id == "" {
		return runbookAnswer{List: listOf(q.library.Documents)}, nil
	}
	found := q.find(id)
	if len(found) == 0 {
		return runbookAnswer{}, query.Invalidf("there is no runbook, gate or log pattern %q: the tool runbook without an id lists the runbooks", id)
	}
	d := found[0]
	a := runbookAnswer{ID: d.ID, Title: d.Title, Markdown: ownText(cut(d.Markdown(), maxRunbook)), Sources: d.Sources, Others: listOf(found[1:])}
	if len(d.Markdown()) > maxRunbook {
		a.Truncated = ownText(fmt.Sprintf("The text has %d bytes; it is cut. The resource %s%s has all of it.", len(d.Markdown()), runbookScheme, d.ID))
	}
	return a, nil
}

// find looks for a document by its own id first, then by what it is about.
func (q questions) find(id string) []knowledge.Document {
	if i := slices.IndexFunc(q.library.Documents, func(d knowledge.Document) bool { return d.ID == id }); i >= 0 {
		return q.library.Documents[i : i+1]
	}
	if found := q.library.ForGate(health.GateID(id)); len(found) > 0 {
		return found
	}
	return q.library.ForPattern(id)
}

func listOf(documents []knowledge.Document) []runbookRow {
	var all []runbookRow
	for _, d := range documents {
		row := runbookRow{ID: d.ID, Title: d.Title, Gates: []string{}}
		for _, g := range d.Gates {
			row.Gates = append(row.Gates, string(g))
		}
		all = append(all, row)
	}
	return all
}

// Text is the runbook itself, or the list.
func (a runbookAnswer) Text() string {
	var p page
	if a.ID != "" {
		p.line("%s", a.Markdown)
	}
	for i, r := range a.Others {
		if i == 0 {
			p.line("Further runbooks:")
		}
		p.line("- %s: %s", r.ID, r.Title)
	}
	for _, r := range a.List {
		p.line("- %s: %s", r.ID, r.Title)
	}
	return p.end(a.Truncated, nil)
}

// runbookScheme begins the address of a runbook as a resource.
const runbookScheme = "runbook://"

// offerRunbooks adds every runbook as a resource, whole.
func (q questions) offerRunbooks(server *sdk.Server) {
	for _, d := range q.library.Documents {
		uri, text := runbookScheme+d.ID, d.Markdown()
		server.AddResource(&sdk.Resource{URI: uri, Name: d.ID, Title: d.Title, Description: "Runbook: " + d.Title, MIMEType: "text/markdown", Size: int64(len(text))},
			func(context.Context, *sdk.ReadResourceRequest) (*sdk.ReadResourceResult, error) {
				return &sdk.ReadResourceResult{Contents: []*sdk.ResourceContents{{URI: uri, MIMEType: "text/markdown", Text: text}}}, nil
			})
	}
}
