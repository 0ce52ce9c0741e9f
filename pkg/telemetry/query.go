package telemetry

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// asking is what a query must know to be rendered, and what came of it.
type asking struct {
	cluster Cluster
	names   naming
	// unaskable says why the query cannot be asked of this cluster at all; empty when it can.
	unaskable string
	// note is worth telling beside the value.
	note string
}

// naming is how a cluster's metrics and labels are called.
type naming struct {
	server ServerDialect
	sdk    []SDKDialect
	// sdkUnknown says why sdk is empty.
	sdkUnknown   string
	labels       map[string]string
	workerLabels map[string]string
}

// Matchers that many queries share. Values that contain separators are matched with a dot, since tally
// replaces them: temporal-system and temporal_system are the same namespace.
const (
	frontend = `service_name="frontend"`
	history  = `service_name="history"`
	matching = `service_name="matching"`
	// anyService matches every server process and no worker.
	anyService = `service_name!=""`

	userNamespaces = `namespace!~"temporal.system"`
	userQueues     = `taskqueue!~"temporal.sys.*|default.worker.tq"`
	workflowTasks  = `task_type="Workflow"`
	activityTasks  = `task_type="Activity"`
)

func (a *asking) label(name string) string {
	if renamed, ok := a.names.labels[name]; ok {
		return renamed
	}
	return name
}

func (a *asking) workerLabel(name string) string {
	if renamed, ok := a.names.workerLabels[name]; ok {
		return renamed
	}
	return name
}

// series selects a metric of the server.
func (a *asking) series(metric string, matchers ...string) string {
	return metric + braces(a.cluster.Selector, matchers, a.label)
}

// workerSeries selects metrics of the SDK workers, under any of several names, without the server's own
// system workers, which export the same metrics.
func (a *asking) workerSeries(metrics []string, matchers ...string) string {
	own := []string{
		a.label("service_name") + `!="worker"`, `namespace!~"temporal.system"`, `task_queue!~"temporal.sys.*|default.worker.tq"`,
	}
	matchers = append(own, matchers...)
	if len(metrics) == 1 {
		return metrics[0] + braces(a.cluster.WorkerSelector, matchers, a.workerLabel)
	}
	matchers = append([]string{fmt.Sprintf("__name__=~%q", strings.Join(metrics, "|"))}, matchers...)
	return braces(a.cluster.WorkerSelector, matchers, a.workerLabel)
}

func braces(selector string, matchers []string, rename func(string) string) string {
	var all []string
	if s := strings.Trim(selector, ", "); s != "" {
		all = append(all, s)
	}
	for _, m := range matchers {
		end := strings.IndexAny(m, "=!")
		all = append(all, rename(m[:end])+m[end:])
	}
	return "{" + strings.Join(all, ",") + "}"
}

// over is the range of a rate, as a multiple of the cluster's window.
func (a *asking) over(windows int) string {
	return "[" + seconds(time.Duration(windows)*a.cluster.window()) + "]"
}

func seconds(d time.Duration) string {
	return strconv.FormatInt(int64(d.Round(time.Second)/time.Second), 10) + "s"
}

// cannot gives up on the query; the first reason stands.
func (a *asking) cannot(why string) string {
	if a.unaskable == "" {
		a.unaskable = why
	}
	return ""
}

// rate is how often a counter of the server counts per second.
func rate(metric string, matchers ...string) query { return rateOver(1, metric, matchers...) }

func rateOver(windows int, metric string, matchers ...string) query {
	return leaf(func(a *asking) string {
		return fmt.Sprintf("sum(rate(%s%s))", a.series(a.names.server.counter(metric), matchers...), a.over(windows))
	})
}

// observations is how many values per second a histogram of counts takes in.
func observations(metric string, matchers ...string) query {
	return leaf(func(a *asking) string {
		return fmt.Sprintf("sum(rate(%s%s))", a.series(a.names.server.distribution(metric)+"_count", matchers...), a.over(1))
	})
}

// quantile is a quantile of a histogram of counts.
func quantile(q float64, metric string, matchers ...string) query {
	return quantileOf(q, func(a *asking) string {
		return fmt.Sprintf("sum by (le) (rate(%s%s))", a.series(a.names.server.distribution(metric)+"_bucket", matchers...), a.over(1))
	})
}

// milliseconds is a quantile of a timer of the server, in milliseconds.
func milliseconds(q float64, metric string, matchers ...string) query {
	return func(a *asking) compiled {
		measured := timerQuantile(q, metric, matchers...)
		if a.names.server.Milliseconds {
			return measured(a)
		}
		return times(1000, measured)(a)
	}
}

// inSeconds is a quantile of a timer of the server, in seconds.
func inSeconds(q float64, metric string, matchers ...string) query {
	return func(a *asking) compiled {
		measured := timerQuantile(q, metric, matchers...)
		if a.names.server.Milliseconds {
			return times(0.001, measured)(a)
		}
		return measured(a)
	}
}

// timerQuantile is a quantile of a timer of the server, in the unit of its dialect.
func timerQuantile(q float64, metric string, matchers ...string) query {
	return quantileOf(q, func(a *asking) string {
		return fmt.Sprintf("sum by (le) (rate(%s%s))", a.series(a.names.server.timer(metric)+"_bucket", matchers...), a.over(1))
	})
}

// gauge aggregates a gauge of the server: sum, max or count.
func gauge(aggregate, metric string, matchers ...string) query {
	return leaf(func(a *asking) string {
		return fmt.Sprintf("%s(%s)", aggregate, a.series(metric, matchers...))
	})
}

// zeroWhile reads an absent metric as 0 while the service that would emit it is alive and was so during
// the window: a counter is born at its first use, so one that does not exist has counted nothing. When
// the service is not there the result stays absent.
func zeroWhile(service string, q query) query {
	alive := leaf(func(a *asking) string {
		seen := a.series("num_goroutines", service)
		return fmt.Sprintf("count(%s and count_over_time(%s%s) > 1)", seen, seen, a.over(1))
	})
	return or(q, times(0, alive))
}
