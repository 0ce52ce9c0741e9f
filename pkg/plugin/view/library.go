package view

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/temporal-sre/copilot/pkg/health"
	"github.com/temporal-sre/copilot/pkg/knowledge"
)

// library are the documents that come with the copilot.
var library = sync.OnceValues(func() (knowledge.Library, error) { return knowledge.Load(knowledge.Embedded()) })

// IsRunbook tells whether a document comes with the copilot, so that Grafana can show it.
func IsRunbook(id string) bool {
	_, ok := runbook(id)
	return ok
}

func runbook(id string) (knowledge.Document, bool) {
	all, err := library()
	if err != nil {
		return knowledge.Document{}, false
	}
	i := slices.IndexFunc(all.Documents, func(d knowledge.Document) bool { return d.ID == id })
	if i < 0 {
		return knowledge.Document{}, false
	}
	return all.Documents[i], true
}

// RunbooksByTitle lists the documents that come with the copilot, sorted by title.
func RunbooksByTitle() []knowledge.Document {
	all, _ := library() // embedded and tested: they load
	documents := slices.Clone(all.Documents)
	slices.SortFunc(documents, func(a, b knowledge.Document) int { return strings.Compare(a.Title, b.Title) })
	return documents
}

// RunbookPage is a document as a page of sections in Markdown.
type RunbookPage struct {
	ID, Title string
	Sections  []Section
}

// Runbooks are the documents with the ids, and those of the gates; an id that there is not is said in a notice. Without
// either they are the beginnings of all, as a list to choose from.
func Runbooks(ids []string, gates []health.GateID) ([]RunbookPage, Notices) {
	for _, g := range gates {
		ids = append(ids, Runbook(g))
	}
	var pages []RunbookPage
	var notices Notices
	if len(ids) == 0 {
		for _, d := range RunbooksByTitle() {
			page := pageOf(d)
			page.Sections = page.Sections[:1]
			pages = append(pages, page)
		}
		return pages, notices
	}
	for _, id := range ids {
		d, ok := runbook(id)
		switch {
		case id == "" || slices.ContainsFunc(pages, func(p RunbookPage) bool { return p.ID == id }):
		case !ok:
			notices.Warn(fmt.Sprintf("There is no runbook %q in this version of the plugin: choose another from the list.", id))
		default:
			pages = append(pages, pageOf(d))
		}
	}
	return pages, notices
}

func pageOf(d knowledge.Document) RunbookPage {
	page := RunbookPage{ID: d.ID, Title: d.Title}
	for _, s := range d.Sections {
		page.Sections = append(page.Sections, Section{s.Heading, s.Text})
	}
	var gates, sources []string
	for _, g := range health.Gates() {
		if g.Runbook == d.ID || slices.Contains(d.Gates, g.ID) {
			gates = append(gates, fmt.Sprintf("%s: %s", g.Title, g.Why))
		}
	}
	sources = append(sources, d.Sources...)
	if len(gates) > 0 {
		page.Sections = append(page.Sections, Section{"Conditions", items("-", gates)})
	}
	if len(sources) > 0 {
		page.Sections = append(page.Sections, Section{"Sources", items("-", sources)})
	}
	return page
}
