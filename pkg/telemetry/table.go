package telemetry

import (
	"fmt"

	"github.com/temporal-sre/copilot/pkg/health"
)

// emitter is who exports the series that a signal is read from.
type emitter string

const (
	fromFrontend emitter = "frontend"
	fromHistory  emitter = "history"
	fromMatching emitter = "matching"
	// fromSystemWorker is the server's own worker service, which its label calls worker.
	fromSystemWorker emitter = "worker"
	fromServer       emitter = "server"
	fromWorkers      emitter = "workers"
	fromScraping     emitter = "scraping"
	fromContainer    emitter = "containers"
	fromNobody       emitter = "nobody"
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
	noTimers  = "the workers export no timers yet: they took no task and ended no poll since they started"
	dsqlOnly  = "the server does not export this metric: only one with the Aurora DSQL plugin does"
)

// asks is the table of all signals.
var asks = concat(primaryAsks, supportAsks, partsAsks, amplifierAsks, workerAsks)

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

// dsql is a row for a metric of the server's Aurora DSQL plugin. Its counters are 0 on a server that has the plugin.
func dsql(id health.SignalID, q func(*asking) query) ask {
	return ask{id: id, from: fromServer, missing: dsqlOnly, query: func(a *asking) compiled {
		c := q(a)(a)
		for i := range c.leaves {
			c.leaves[i].of = partPlugin
		}
		return c
	}}
}

// dsqlRate is how often a counter of the DSQL plugin counts per second.
func dsqlRate(metric string) func(*asking) query {
	return func(*asking) query { return dsqlCount("sum(rate(%s%s))", metric) }
}

// dsqlCount aggregates a counter of the DSQL plugin, in both dialects; it is 0 while the plugin's own gauges exist.
func dsqlCount(format, metric string) query {
	counted := leaf(func(a *asking) string {
		return fmt.Sprintf(format, a.dsqlSeries(metric+"(_total)?"), a.over(1))
	})
	return or(counted, times(0, leaf(func(a *asking) string {
		return "count(" + a.dsqlSeries("dsql_reservoir_(size|target)|dsql_pool_.+") + ")"
	})))
}

// dsqlSeries selects metrics of the DSQL plugin by a regular expression for their names.
func (a *asking) dsqlSeries(names string) string {
	return braces(a.cluster.Selector, []string{fmt.Sprintf("__name__=~%q", "(.+_)?("+names+")")}, a.label)
}
