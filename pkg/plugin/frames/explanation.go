package frames

import (
	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/temporal-sre/copilot/pkg/plugin/view"
)

// sectionRow is one section of an explanation or a runbook.
type sectionRow struct {
	of, id string
	place  int
	view.Section
}

// Explanation is all that the explanations of clusters say, a row for each section, in Markdown.
func Explanation(clusters []view.Explained, root string) *data.Frame {
	var rows []sectionRow
	for _, e := range clusters {
		for i, s := range e.Sections(root) {
			rows = append(rows, sectionRow{e.Cluster, e.Assessment.ID, i + 1, s})
		}
	}
	return sections("explanation", "cluster", "Cluster", "assessment", "Assessment", rows)
}

// Runbooks are documents, a row for each section, in Markdown.
func Runbooks(pages []view.RunbookPage) *data.Frame {
	var rows []sectionRow
	for _, p := range pages {
		for i, s := range p.Sections {
			rows = append(rows, sectionRow{p.Title, p.ID, i + 1, s})
		}
	}
	return sections("runbook", "title", "Runbook", "document", "Document", rows)
}

func sections(name, ofName, ofTitle, idName, idTitle string, rows []sectionRow) *data.Frame {
	text := func(name, title string, value func(sectionRow) string) *data.Field {
		return column(name, titled(title), rows, value)
	}
	return table(name,
		text(ofName, ofTitle, func(r sectionRow) string { return r.of }),
		column("place", inUnit("Place", "none"), rows, func(r sectionRow) float64 { return float64(r.place) }),
		text("section", "Section", func(r sectionRow) string { return r.Title }),
		text("text", "Text", func(r sectionRow) string { return r.Text }),
		text(idName, idTitle, func(r sectionRow) string { return r.id }),
	)
}
