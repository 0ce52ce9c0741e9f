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
	// lacking says why an absent metric can't be read as 0 on this cluster; empty when nothing stands against it.
	lacking string
	// note is worth telling beside the value.
	note string
}

// naming is how a cluster's metrics and labels are called, and what is known of its releases and settings.
type naming struct {
	server ServerDialect
	// prefix stands before the name of every metric of the server (global.metrics.prefix), with its separator.
	prefix string
	sdk    []SDKDialect
	// timers are the workers' timers, by scrape job.
	timers []sdkTimers
	// sdkUnknown says why sdk is empty.
	sdkUnknown   string
	labels       map[string]string
	workerLabels map[string]string
	// services are the matchers of the services' processes where service_name does not tell them apart.
	services map[emitter]string
	// versions are the releases of each service's processes.
	versions map[emitter][]version
	// seen are the families of which the cluster has series.
	seen map[string]bool
	// omitted: the server's metrics do not name the task queue; partitionless: nor its partitions.
	omitted, partitionless bool
	// note is worth telling about how the cluster is read.
	note string
	// byVersion: the matching service's metrics name the worker's version in the label worker_version.
	byVersion bool
}

// newNaming is what is known of a cluster before anything was asked.
func newNaming() naming {
	return naming{
		labels: map[string]string{}, workerLabels: map[string]string{}, versions: map[emitter][]version{}, seen: map[string]bool{},
	}
}

// Matchers that many queries share. Values that contain separators are matched with both of them or with a dot, since
// tally replaces them: temporal-system and temporal_system are the same namespace. Prometheus compiles no regular
// expression where all alternatives are literal, and otherwise one for each selector (optimizeAlternatingLiterals of its
// model/labels): 11 allocations instead of 111 in version 3.14.
const (
	frontend = `service_name="frontend"`
	history  = `service_name="history"`
	matching = `service_name="matching"`
	// systemWorker is the server's own worker service.
	systemWorker = `service_name="worker"`
	// anyService matches every server process and no worker.
	anyService = `service_name!=""`

	userNamespaces = `namespace!~"temporal-system|temporal_system"`
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
	return a.names.prefix + metric + a.matching(matchers)
}

// target selects a metric that the server's targets have beside the server's own, which no prefix changes.
func (a *asking) target(metric string, matchers ...string) string {
	return metric + a.matching(matchers)
}

// matching writes the matchers of the server's series.
func (a *asking) matching(matchers []string) string {
	own := make([]string, 0, len(matchers))
	for _, m := range matchers {
		service, ok := serviceOf[m]
		switch configured := a.names.services[service]; {
		case ok && configured != "":
			own = append(own, configured)
		case m == anyService && len(a.names.services) > 0:
		default:
			own = append(own, m)
		}
	}
	return braces(a.cluster.Selector, own, a.label)
}

// serviceOf tells which service a matcher stands for.
var serviceOf = map[string]emitter{frontend: fromFrontend, history: fromHistory, matching: fromMatching, systemWorker: fromSystemWorker}

// workerSeries selects metrics of the SDK workers, under any of several names, without the server's own
// system workers, which export the same metrics.
func (a *asking) workerSeries(metrics []string, matchers ...string) string {
	own := []string{
		a.label("service_name") + `!="worker"`, userNamespaces, `task_queue!~"temporal.sys.*|default.worker.tq"`,
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
		if end < 0 {
			continue
		}
		all = append(all, rename(strings.TrimSpace(m[:end]))+m[end:])
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
	return leafOf(metric, matchers, func(a *asking, series string) string {
		return fmt.Sprintf("sum(rate(%s%s))", series, a.over(windows))
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

// latency is a quantile of a timer of the server, in milliseconds, where the window holds enough values for one.
func latency(q float64, metric string, matchers ...string) query {
	return inMilliseconds(timerQuantile(q, enoughSamples, metric, matchers...))
}

// ofFew is latency where a handful of values tells: an idle server makes that many database operations a minute.
func ofFew(q float64, metric string, matchers ...string) query {
	return inMilliseconds(timerQuantile(q, 5, metric, matchers...))
}

// milliseconds is a quantile of a timer of the server, in milliseconds, of however few values.
func milliseconds(q float64, metric string, matchers ...string) query {
	return inMilliseconds(timerQuantile(q, 0, metric, matchers...))
}

func inMilliseconds(measured query) query {
	return func(a *asking) compiled {
		if a.names.server.Milliseconds {
			return measured(a)
		}
		return times(1000, measured)(a)
	}
}

// inSeconds is a quantile of a timer of the server, in seconds, where the window holds enough values for one.
func inSeconds(q float64, metric string, matchers ...string) query {
	return func(a *asking) compiled {
		measured := timerQuantile(q, enoughSamples, metric, matchers...)
		if a.names.server.Milliseconds {
			return times(0.001, measured)(a)
		}
		return measured(a)
	}
}

// timerQuantile is a quantile of a timer of the server, in the unit of its dialect.
func timerQuantile(q, atLeast float64, metric string, matchers ...string) query {
	return quantileOfMany(q, atLeast, func(a *asking) string {
		return fmt.Sprintf("sum by (le) (rate(%s%s))", a.series(a.names.server.timer(metric)+"_bucket", matchers...), a.over(1))
	})
}

// gauge aggregates a gauge of the server: sum, max or count.
func gauge(aggregate, metric string, matchers ...string) query {
	return leaf(func(a *asking) string {
		return fmt.Sprintf("%s(%s)", aggregate, a.series(metric, matchers...))
	})
}

// briefly reads a query over the shortest range that tells whether something moves at all.
func briefly(q query) query {
	return func(a *asking) compiled {
		window := a.cluster.Window
		a.cluster.Window = a.cluster.brief()
		defer func() { a.cluster.Window = window }()
		return q(a)
	}
}

// rateOf is a rate over a stretch of its own, at least the cluster's window.
func rateOf(stretch time.Duration, metric string, matchers ...string) query {
	return leafOf(metric, matchers, func(a *asking, series string) string {
		return fmt.Sprintf("sum(rate(%s[%s]))", series, seconds(max(stretch, a.cluster.window())))
	})
}

// counted is how often a counter counts per second, 0 while it was never born.
func counted(service, metric string, matchers ...string) query {
	return zeroWhile(service, metric, rate(metric, matchers...))
}

// rarely is how often a counter of rare events counts per minute, over five minutes.
func rarely(service, metric string, matchers ...string) query {
	return times(60, zeroWhile(service, metric, rateOf(rareStretch, metric, matchers...)))
}

// rareStretch is what rare events are counted over: Temporal's own advice for alerts on them.
const rareStretch = 5 * time.Minute

// zeroWhile reads an absent counter as 0 while the service that would emit it is alive and was so during the window,
// if the cluster is shown to export it: a counter is born at its first use, so one that does not exist has counted
// nothing. Otherwise the result stays absent.
func zeroWhile(service, metric string, q query) query {
	return func(a *asking) compiled {
		if exported, why := a.names.exports(metric); !exported {
			a.lacks(why)
			return q(a)
		}
		return or(q, times(0, alive(service)))(a)
	}
}

// alive counts the processes of a service that were there during the window.
func alive(service string) query {
	return leaf(func(a *asking) string {
		seen := a.series("num_goroutines", service)
		return fmt.Sprintf("count(%s and count_over_time(%s%s) > 1)", seen, seen, a.over(1))
	})
}

// zeroBesideOthers reads a gauge of task queues as 0 while the same gauge exists for other task queues, the server's
// own among them: then it is exported, and no queue of users is loaded that would have it.
func zeroBesideOthers(metric string, q query) query {
	return or(q, times(0, leaf(func(a *asking) string { return fmt.Sprintf("count(%s)", a.series(metric)) })))
}

// lacks notes why an absent metric is not 0; the first reason stands.
func (a *asking) lacks(why string) {
	if a.lacking == "" {
		a.lacking = why
	}
}
