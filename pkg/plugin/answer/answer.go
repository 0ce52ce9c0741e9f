// Package answer answers queries: it reads the views that a query type needs and makes its frames of them.
package answer

import (
	"context"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/temporal-sre/copilot/pkg/plugin/query"
	"github.com/temporal-sre/copilot/pkg/plugin/view"
)

// Answers answers queries from the store.
type Answers struct {
	Views view.Reader
	// UID is the data source's, which the channels of its streams begin with.
	UID string
	// Links lead to the raw evidence.
	Links view.Links
}

// answerers make frames of each query type, typed even without a row.
var answerers = map[string]func(Answers, context.Context, query.Query) (data.Frames, error){
	"status":      Answers.status,
	"cause":       Answers.cause,
	"chain":       Answers.chain,
	"topology":    Answers.topology,
	"deciding":    Answers.deciding,
	"explanation": Answers.explanation,
	"similar":     Answers.similar,
	"runbook":     Answers.runbook,
	"timeline":    Answers.timeline,
	"signals":     Answers.signals,
	"gates":       Answers.gates,
	"services":    Answers.services,
	"queues":      Answers.queues,
	"events":      Answers.events,
	"workers":     Answers.workers,
	"summary":     Answers.summary,
	"issues":      Answers.issues,
	"actions":     Answers.actions,
	"changes":     Answers.changes,
	"assessments": Answers.assessments,
	"logs":        Answers.logs,
	"usage":       Answers.usage,
	"sources":     Answers.sources,
}

// To answers a query with frames, of which there is at least one. Its errors are those of the store, or query.Invalid.
func (d Answers) To(ctx context.Context, a query.Query) (data.Frames, error) {
	return answerers[a.Type.Name](d, ctx, a)
}
