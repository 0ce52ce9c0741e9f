package telemetry

import (
	"strings"
	"time"

	"github.com/prometheus/common/model"
)

// The questions that tell of metrics which most clusters have no series of, so that they need not be asked one by one.
const (
	partRare   = "rare/counters"
	partPlugin = "rare/dsql"
)

// pluginSeen is how far back a series of the DSQL plugin shows that the cluster has it: further than any of its queries
// looks, Prometheus' own look-back for gauges of five minutes (--query.lookback-delta) included.
const pluginSeen = time.Hour

// rareQuestions ask which rare metrics have a sample in the longest stretch that any query looks back on. With fewer
// matchers and a longer stretch than every query, what has none here has none there.
func (n naming) rareQuestions(c Cluster) []question {
	stretch := seconds(max(rareStretch, 2*c.window()))
	return []question{
		{id: partRare, promql: "group by (__name__) (last_over_time" + inRange(byName(c.Selector, strings.Join(n.rare(), "|")), stretch) + ")"},
		{id: partPlugin, promql: "count(last_over_time" + inRange(byName(c.Selector, "(.+_)?dsql_.+"), seconds(max(pluginSeen, c.window()))) + ")"},
	}
}

// inRange makes a range of a selector in parentheses.
func inRange(selector, stretch string) string {
	return strings.TrimSuffix(selector, ")") + "[" + stretch + "])"
}

// rare are the names of the counters that most clusters have no series of.
func (n naming) rare() []string {
	var names []string
	for _, f := range families {
		if f.rare {
			names = append(names, n.prefix+n.server.counter(f.name))
		}
	}
	return names
}

// answersOfRare are the answers to those questions that find nothing because what they read has no series. Where
// rareQuestions failed, or a Prometheus-like server answers without names, nothing is taken from it.
func (n naming) answersOfRare(questions []question, presence map[string]answer) map[string]answer {
	gone := map[string]bool{}
	if plugin, ok := presence[partPlugin]; ok && plugin.failure == "" && len(plugin.series) == 0 {
		gone[partPlugin] = true
	}
	if counters, ok := presence[partRare]; ok && counters.failure == "" {
		for _, name := range n.rare() {
			gone[name] = true
		}
		for _, s := range counters.series {
			name := string(s.Metric[model.MetricNameLabel])
			if name == "" {
				clear(gone)
				break
			}
			delete(gone, name)
		}
	}
	nothing := map[string]answer{}
	for _, q := range questions {
		if gone[q.of] {
			nothing[q.id] = answer{}
		}
	}
	return nothing
}
