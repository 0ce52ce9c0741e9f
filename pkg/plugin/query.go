package plugin

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"
)

// answer is what a query type makes of a question: frames, typed even without a row.
type answer func(ctx context.Context, d *Datasource, a ask) (data.Frames, error)

// queryType is one row of the table of query types.
type queryType struct {
	name string
	// insteadForAlerts is empty when alert rules can use the type, or says what they should use.
	insteadForAlerts string
	// measures to choose from, the default first; most types have none.
	measures []measure
	// labelledServices: its services are not those of the rules but what labels of log lines say.
	labelledServices bool
	answer           answer
}

// queryTypes is the table of contents of this package. It is a function because the answers reach
// back to it through the messages that list the types.
func queryTypes() []queryType {
	return []queryType{
		{name: "status", answer: answerStatus, measures: statusMeasures},
		{name: "timeline", answer: answerTimeline},
		{name: "signals", answer: answerSignals},
		{name: "gates", answer: answerGates},
		{name: "services", answer: answerServices},
		{name: "queues", answer: answerQueues,
			insteadForAlerts: `it holds the worst ten task queues, so a queue that recovers vanishes instead of reading 0; use "signals" with matching.starved_queues, or "gates"`},
		{name: "events", answer: answerEvents,
			insteadForAlerts: `an event is a moment and can't stay firing; use "status" with the measure "state" or "staleness"`},
		{name: "workers", answer: answerWorkers,
			insteadForAlerts: `it is a table of many numbers; use "gates" with the services "workers", or "signals" with the worker signals`},
		{name: "summary", answer: answerSummary,
			insteadForAlerts: `it is text; use "issues", or "status" with the measure "state"`},
		{name: "issues", answer: answerIssues},
		{name: "actions", answer: answerActions,
			insteadForAlerts: `it is advice; use "issues", which tells what the advice is for`},
		{name: "assessments", answer: answerAssessments,
			insteadForAlerts: `an assessment is a moment and can't stay firing; use "issues", or "status" with the measure "state"`},
		{name: "logs", answer: answerLogs, measures: logMeasures, labelledServices: true},
		{name: "usage", answer: answerUsage, measures: usageMeasures},
		{name: "sources", answer: answerSources},
	}
}

func parseQueryType(name string) (queryType, error) {
	var names []string
	for _, t := range queryTypes() {
		if t.name == name {
			return t, nil
		}
		names = append(names, t.name)
	}
	if name == "" {
		return queryType{}, badQueryf("the query has no queryType; it is one of %s", strings.Join(names, ", "))
	}
	return queryType{}, badQueryf("there is no query type %q; it is one of %s", name, strings.Join(names, ", "))
}

// QueryData answers every query of a request at once. A query that fails has its own error and
// leaves the others alone.
func (d *Datasource) QueryData(ctx context.Context, req *backend.QueryDataRequest) (*backend.QueryDataResponse, error) {
	forAlert := isFromAlert(req)
	responses := make([]backend.DataResponse, len(req.Queries))
	var group sync.WaitGroup
	for i, q := range req.Queries {
		group.Go(func() { responses[i] = d.respond(ctx, q, forAlert) })
	}
	group.Wait()
	response := backend.NewQueryDataResponse()
	for i, q := range req.Queries {
		response.Responses[q.RefID] = responses[i]
	}
	return response, nil
}

// queryTimeout bounds an answer: a database that hangs must not hang the panel, and Grafana itself waits
// for a plugin as long as the browser does.
const queryTimeout = 30 * time.Second

// respond answers one query. A panic is our bug, and must not take the process with it.
func (d *Datasource) respond(ctx context.Context, q backend.DataQuery, forAlert bool) (response backend.DataResponse) {
	defer func() {
		if r := recover(); r != nil {
			backend.Logger.FromContext(ctx).Error("A query panicked", "refId", q.RefID, "panic", r, "stack", string(debug.Stack()))
			response = backend.ErrDataResponseWithSource(backend.StatusInternal, backend.ErrorSourcePlugin,
				"the plugin failed on this query, which is a bug in the plugin: its log has the details")
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	a, err := parseQuery(q, forAlert)
	if err != nil {
		return d.failed(ctx, "", err)
	}
	frames, err := a.kind.answer(ctx, d, a)
	if err != nil {
		return d.failed(ctx, a.kind.name, err)
	}
	if !a.forAlert && !a.live {
		frames = withoutBlanks(frames)
	}
	return backend.DataResponse{Frames: frames, Status: backend.StatusOK}
}

// withoutBlanks takes the fields away from frames without a row. A panel then says in its own words that there is
// nothing, where Grafana draws fields without rows as a blank. Alert rules and streams need the fields.
func withoutBlanks(frames data.Frames) data.Frames {
	for _, f := range frames {
		if f.Rows() == 0 {
			f.Fields = nil
		}
	}
	return frames
}

// failed turns an error into a response that says what failed, whose fault it is and what to do.
func (d *Datasource) failed(ctx context.Context, queryType string, err error) backend.DataResponse {
	if bad, ok := errors.AsType[badQuery](err); ok {
		return backend.ErrDataResponseWithSource(backend.StatusBadRequest, backend.ErrorSourceDownstream, bad.text)
	}
	trouble := diagnose(err)
	backend.Logger.FromContext(ctx).Warn("A query failed", "queryType", queryType, "cause", trouble.cause, "error", d.redact(err.Error()))
	return backend.ErrDataResponseWithSource(trouble.status, trouble.source,
		d.redact(fmt.Sprintf("reading %q from the state store failed: %s", queryType, trouble)))
}

// isFromAlert: Grafana marks the requests of alert rules with a header of its own, with or without
// the prefix of forwarded HTTP headers.
func isFromAlert(req *backend.QueryDataRequest) bool {
	return strings.EqualFold(req.Headers[alertHeader], "true") || strings.EqualFold(req.GetHTTPHeader(alertHeader), "true")
}
