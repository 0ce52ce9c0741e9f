package telemetry

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"

	v1 "github.com/prometheus/client_golang/api/prometheus/v1"
)

// maxReason keeps a reason to what a person reads, in bytes: some servers answer an error with a page.
const maxReason = 300

// isOutage tells whether an error says something about the Prometheus rather than about the query: then
// other queries fare no better.
func isOutage(err error) bool {
	var page pageError
	var refused refusedError
	var credentials credentialError
	var network net.Error
	var dial *net.OpError
	switch {
	case errors.Is(err, errNoTenant), errors.As(err, &page), errors.As(err, &refused), errors.As(err, &credentials), errors.Is(err, context.Canceled):
		return true
	case errors.As(err, &network) && network.Timeout(), errors.Is(err, context.DeadlineExceeded):
		return false
	case errors.As(err, &dial):
		return true
	}
	var api *v1.Error
	return errors.As(err, &api) && api.Type == v1.ErrClient
}

// reason says in words what went wrong with a request, without address parts or secrets that do not
// belong into evidence.
func (r *Reader) reason(err error) string {
	var text string
	var api *v1.Error
	var address *url.Error
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		text = "no answer in time"
	case errors.Is(err, context.Canceled):
		text = "reading was interrupted"
	case errors.As(err, &api):
		text = apiReason(api)
	case errors.As(err, &address):
		text = address.Err.Error()
	default:
		text = err.Error()
	}
	return fmt.Sprintf("Prometheus at %s: %s", r.host, r.source.Words(text))
}

func apiReason(e *v1.Error) string {
	switch e.Type {
	case v1.ErrTimeout:
		return "the query took too long"
	case v1.ErrBadData:
		return "it does not accept the query: " + e.Msg
	case v1.ErrBadResponse:
		return "its answer is not that of a Prometheus API: " + e.Msg
	case v1.ErrServer, v1.ErrClient:
		if e.Detail != "" {
			return e.Msg + ": " + e.Detail
		}
		return e.Msg
	default:
		return fmt.Sprintf("%s: %s", e.Type, e.Msg)
	}
}
