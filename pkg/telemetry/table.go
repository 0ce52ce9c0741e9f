package telemetry

import (
	"fmt"

	"github.com/temporal-sre/copilot/pkg/health"
)

// emitter is who exports the series that a signal is read from.
type emitter string

const (
	fromFrontend  emitter = "frontend"
	fromHistory   emitter = "history"
	fromMatching  emitter = "matching"
	fromServer    emitter = "server"
	fromWorkers   emitter = "workers"
	fromScraping  emitter = "scraping"
	fromContainer emitter = "containers"
	fromNobody    emitter = "nobody"
)

// ask is a row of the table: how a signal is read.
type ask struct {
	id   health.SignalID
	from emitter
	// query asks for the signal; nil when no metric has it.
	query query
	// zero says why, and when, an absent metric is read as 0; empty when absence is never 0.
	zero string
	// missing says why there is no value when the query finds nothing, where that is peculiar to the signal.
	missing string
}

// Why absence is 0, per service.
const (
	zeroAtFrontend    = "0 also while the counter does not exist: the frontend service is scraped, and a counter is born at its first use"
	zeroAtHistory     = "0 also while the counter does not exist: the history service is scraped, and a counter is born at its first use"
	zeroAtMatching    = "0 also while the metric does not exist: the matching service is scraped, and has loaded no task queue that would have it"
	zeroAtServer      = "0 also while the counter does not exist: the server is scraped, and a counter is born at its first use"
	zeroBesideSibling = "0 also while the counter does not exist: the workers are scraped, and a counter is born at its first use"
)

const (
	noWorkers = "no SDK metrics of the cluster's workers are scraped"
	dsqlOnly  = "the server does not export this metric: only one with the Aurora DSQL plugin does"
)

// asks is the table of all signals.
var asks = concat(primaryAsks, supportAsks, amplifierAsks, workerAsks)

func concat(groups ...[]ask) (all []ask) {
	for _, g := range groups {
		all = append(all, g...)
	}
	return all
}

// unexported is a row for a signal that no server or worker exports.
func unexported(id health.SignalID, what string) ask {
	return ask{id: id, from: fromNobody, missing: "the server does not export " + what}
}

// dsql is a row for a metric of the server's Aurora DSQL plugin, which speaks one dialect only.
func dsql(id health.SignalID, format string) ask {
	return ask{id: id, from: fromServer, missing: dsqlOnly, query: leaf(func(a *asking) string {
		return fmt.Sprintf(format, braces(a.cluster.Selector, nil, a.label), a.over(1))
	})}
}
