package telemetry

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	v1 "github.com/prometheus/client_golang/api/prometheus/v1"

	"github.com/temporal-sre/copilot/pkg/health"
)

// reading is a Reading in the making.
type reading struct {
	Reading
	cluster Cluster
	names   naming
	ages    map[emitter]time.Duration
	byID    map[health.SignalID]*SignalReading
	// lacking says of signals why an absent metric is not 0 on this cluster.
	lacking map[health.SignalID]string
}

func newReading(c Cluster, at time.Time, names naming) *reading {
	signals := health.Signals()
	r := &reading{
		Reading: Reading{
			Snapshot: health.Snapshot{
				Cluster: c.Name, At: at,
				Signals: make(map[health.SignalID]float64, len(signals)), Unknown: map[health.SignalID]string{},
				Witness: map[health.SignalID]string{}, Few: map[health.SignalID]bool{},
			},
			Signals: make([]SignalReading, len(signals)),
			Server:  names.server, SDK: names.sdk, Renamed: names.labels, Prefix: names.prefix, Releases: names.releases(), Note: names.note,
		},
		cluster: c, names: names, byID: make(map[health.SignalID]*SignalReading, len(signals)), lacking: map[health.SignalID]string{},
	}
	for i, s := range signals {
		r.Signals[i] = SignalReading{ID: s.ID}
		r.byID[s.ID] = &r.Signals[i]
	}
	return r
}

func (r *reading) known(id health.SignalID, v float64) {
	r.byID[id].Value = &v
	r.Snapshot.Signals[id] = v
}

func (r *reading) unknown(id health.SignalID, reason string) {
	r.byID[id].Reason = reason
	r.Snapshot.Unknown[id] = reason
}

// done gives every signal that nothing was said about a reason.
func (r *reading) done() Reading {
	for _, s := range r.Signals {
		if s.Value == nil && s.Reason == "" {
			r.unknown(s.ID, "this signal has no query")
		}
	}
	return r.Reading
}

// compile writes the table's queries for the cluster. What cannot be asked becomes unknown here.
func (r *reading) compile() map[health.SignalID]compiled {
	queries := map[health.SignalID]compiled{}
	for _, row := range asks {
		s := r.byID[row.id]
		if age, ok := r.ages[row.from]; ok {
			s.Age = &age
		}
		if own := r.cluster.Queries[row.id]; own != "" {
			queries[row.id] = configured(own)
			s.Query, s.Note = own, "the query comes from the cluster's configuration"
			continue
		}
		if row.query == nil {
			if row.missing != "" {
				r.unknown(row.id, row.missing)
			}
			continue
		}
		a := asking{cluster: r.cluster, names: r.names}
		q := row.query(&a)
		s.Note = a.note
		r.lacking[row.id] = a.lacking
		if a.unaskable != "" {
			r.unknown(row.id, a.unaskable)
			s.Query = ""
			continue
		}
		s.Query = q.text
		queries[row.id] = q
	}
	return queries
}

// configured is a query from the cluster's settings. It is marked, since it may not fit into a batch.
func configured(promql string) compiled {
	q := leaf(func(*asking) string { return promql })(nil)
	q.leaves[0].alone = true
	return q
}

func every(question) bool { return true }

// questionsOf are the leaves of the queries that satisfy a condition, each once, in an order that does not change from
// cycle to cycle.
func questionsOf(queries map[health.SignalID]compiled, wanted func(question) bool) []question {
	var questions []question
	seen := map[string]bool{}
	for _, row := range asks {
		for _, q := range queries[row.id].leaves {
			if !seen[q.id] && wanted(q) {
				questions = append(questions, q)
			}
			seen[q.id] = true
		}
	}
	return questions
}

// interpret makes a value, or a reason for there being none, of what a signal's query came to.
func (r *reading) interpret(row ask, n number) {
	age, alive := r.ages[row.from]
	own := r.cluster.Queries[row.id] != ""
	nothing := row.missing
	if nothing == "" || own {
		nothing = fmt.Sprintf("nothing happened in the last %s that could be measured", r.cluster.window())
	}
	switch {
	case n.failure != "":
		r.unknown(row.id, n.failure)
	case n.absent && own:
		r.unknown(row.id, "the configured query finds no series")
	case n.absent && n.few && alive:
		r.Snapshot.Few[row.id] = true
		r.unknown(row.id, fmt.Sprintf("too few events in the last %s for a quantile", r.cluster.window()))
	case n.absent:
		r.unknown(row.id, r.absence(row, alive))
	case alive && age > r.cluster.maxAge() && !own:
		r.unknown(row.id, fmt.Sprintf("the newest sample is %s old", age.Round(time.Second)))
	case math.IsNaN(n.v):
		r.unknown(row.id, nothing)
	case math.IsInf(n.v, 0):
		r.unknown(row.id, "the value is infinite")
	case n.v < 0:
		r.unknown(row.id, "the value is negative, which cannot be: "+strconv.FormatFloat(n.v, 'g', 6, 64))
	default:
		r.known(row.id, n.v)
		if n.witness != "" {
			r.byID[row.id].Witness = n.witness
			r.Snapshot.Witness[row.id] = n.witness
		}
		if n.v == 0 && row.zero != "" && !own {
			r.byID[row.id].Note = strings.TrimPrefix(r.byID[row.id].Note+"; "+row.zero, "; ")
		}
	}
}

// absence says why a query found nothing.
func (r *reading) absence(row ask, alive bool) string {
	who := string(row.from)
	switch row.from {
	case fromFrontend, fromHistory, fromMatching:
		who += " service"
	}
	switch {
	case !alive && row.from != fromWorkers && row.from != fromScraping && row.from != fromContainer:
		return fmt.Sprintf("no metrics of the %s: is it running, and does the selector match it?", who)
	case r.lacking[row.id] != "":
		return r.lacking[row.id]
	case row.missing != "":
		return row.missing
	}
	return fmt.Sprintf("the %s is scraped, but no such series has two samples in the last %s: if it is scraped less often than every %s, configure that",
		who, r.cluster.window(), r.cluster.scrapeInterval())
}

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
