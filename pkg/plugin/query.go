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

	"github.com/temporal-sre/copilot/pkg/plugin/failure"
	"github.com/temporal-sre/copilot/pkg/plugin/query"
)

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
	a, err := query.Parse(q, forAlert)
	if err != nil {
		return d.failed(ctx, "", err)
	}
	frames, err := d.answers.To(ctx, a)
	if err != nil {
		return d.failed(ctx, a.Type.Name, err)
	}
	if !a.ForAlert {
		frames = withoutBlanks(frames)
	}
	return backend.DataResponse{Frames: frames, Status: backend.StatusOK}
}

// withoutBlanks takes the fields away from frames without a row. A panel then says in its own words that there is
// nothing, where Grafana draws fields without rows as a blank. Alert rules need the fields, and frames that a stream keeps
// up to date.
func withoutBlanks(frames data.Frames) data.Frames {
	for _, f := range frames {
		if live := f.Meta != nil && f.Meta.Channel != ""; f.Rows() == 0 && !live {
			f.Fields = nil
		}
	}
	return frames
}

// failed turns an error into a response that says what failed, whose fault it is and what to do.
func (d *Datasource) failed(ctx context.Context, queryType string, err error) backend.DataResponse {
	if bad, ok := errors.AsType[query.Invalid](err); ok {
		return backend.ErrDataResponseWithSource(backend.StatusBadRequest, backend.ErrorSourceDownstream, bad.Text)
	}
	failed := failure.Of(err)
	backend.Logger.FromContext(ctx).Warn("A query failed", "queryType", queryType, "cause", failed.Cause, "error", d.redact(err.Error()))
	return backend.ErrDataResponseWithSource(failed.Status, failed.Source,
		d.redact(fmt.Sprintf("reading %q from the state store failed: %s", queryType, failed)))
}

// isFromAlert: Grafana marks the requests of alert rules with a header of its own, with or without
// the prefix of forwarded HTTP headers.
func isFromAlert(req *backend.QueryDataRequest) bool {
	return strings.EqualFold(req.Headers[backend.FromAlertHeaderName], "true") || strings.EqualFold(req.GetHTTPHeader(backend.FromAlertHeaderName), "true")
}
