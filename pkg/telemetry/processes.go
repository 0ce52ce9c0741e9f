package telemetry

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/prometheus/common/model"
)

// probeProcess is a gauge that every process of the server exports from its first seconds, in every dialect and release,
// one for each service it runs.
const probeProcess = "num_goroutines"

// services of a Temporal server, as the label service_name names them.
var services = []emitter{fromFrontend, fromHistory, fromMatching, fromSystemWorker}

const (
	partProcesses = "server/processes"
	partCloud     = "server/cloud"
)

// processQuestions ask which processes of the server there are, under any prefix and any labels.
func processQuestions(c Cluster) []question {
	return []question{
		{id: partProcesses, promql: byName(c.Selector, "(.+_)?"+probeProcess)},
		{id: partCloud, promql: "count" + byName(c.Selector, "temporal_cloud_v[0-9]+_.+")},
	}
}

// onlyCloud is why a cluster on Temporal Cloud has no signals.
const onlyCloud = "only metrics of Temporal Cloud (temporal_cloud_v1_*) match the selector: they do not show the inside of a cluster, which the copilot judges; " +
	"Temporal Cloud watches its own servers, and the copilot needs the metrics of a self-hosted one"

// detectProcesses reads the prefix of the server's metrics, and how the services' processes are told apart.
func (n *naming) detectProcesses(c Cluster, answers map[string]answer) (failure string) {
	series := answers[partProcesses].series
	switch {
	case answers[partProcesses].failure != "":
		return answers[partProcesses].failure
	case len(series) == 0 && len(answers[partCloud].series) > 0:
		return onlyCloud
	case len(series) == 0:
		return ""
	}
	byPrefix := map[string][]*model.Sample{}
	for _, s := range series {
		prefix := strings.TrimSuffix(string(s.Metric[model.MetricNameLabel]), probeProcess)
		byPrefix[prefix] = append(byPrefix[prefix], s)
	}
	// Other programs may export goroutines too: those that name the services are the server's.
	best := -1
	for prefix, own := range byPrefix {
		_, exact, _ := serviceLabel(own)
		if exact > best || exact == best && len(prefix) < len(n.prefix) {
			best, n.prefix = exact, prefix
		}
	}
	own := byPrefix[n.prefix]
	if len(c.Services) > 0 {
		n.services = map[emitter]string{}
		for service, matcher := range c.Services {
			n.services[emitter(service)] = strings.Trim(matcher, ", ")
		}
		return ""
	}
	label, exact, pattern := serviceLabel(own)
	switch {
	case exact > 0:
		if label != "service_name" {
			n.labels["service_name"] = label
		}
	case label != "":
		n.services = map[emitter]string{}
		for _, service := range services {
			n.services[service] = fmt.Sprintf("%s=~%q", label, pattern(service))
		}
		n.note = fmt.Sprintf("services are identified by the label %s, because service_name is overwritten", label)
	default:
		if values := valuesOf(own, "service_name"); len(values) > 0 {
			return noServiceLabel("service_name", values)
		}
	}
	return ""
}

// serviceLabel finds the label that names the services: service_name, or the one that it became. Exact is how many of
// the services the label's values are; where none is one, a label whose values each contain the name of one service
// stands in, with a pattern for it.
func serviceLabel(series []*model.Sample) (label string, exact int, pattern func(emitter) string) {
	var names []string
	for _, s := range series {
		for name := range s.Metric {
			if name != model.MetricNameLabel && !slices.Contains(names, string(name)) {
				names = append(names, string(name))
			}
		}
	}
	slices.Sort(names)
	preferred := []string{"service_name", "exported_service_name"}
	slices.SortStableFunc(names, func(a, b string) int { return index(preferred, a) - index(preferred, b) })
	for _, name := range names {
		found := 0
		for _, service := range services {
			if slices.Contains(valuesOf(series, name), string(service)) {
				found++
			}
		}
		if found > exact {
			label, exact = name, found
		}
	}
	if exact > 0 {
		return label, exact, nil
	}
	for _, name := range names {
		values := valuesOf(series, name)
		found := map[emitter]bool{}
		one := true
		for _, v := range values {
			in := 0
			for _, service := range services {
				if within(service).MatchString(v) {
					found[service] = true
					in++
				}
			}
			one = one && in == 1
		}
		if one && len(found) >= 3 {
			return name, 0, func(service emitter) string { return within(service).String() }
		}
	}
	return "", 0, nil
}

// within matches the name of a service as a word in a label's value: temporal-history-0:9090.
func within(service emitter) *regexp.Regexp {
	return regexp.MustCompile(`^(.*[^a-z])?` + string(service) + `([^a-z].*)?$`)
}

func index(list []string, s string) int {
	if i := slices.Index(list, s); i >= 0 {
		return i
	}
	return len(list)
}

func valuesOf(series []*model.Sample, label string) []string {
	var values []string
	for _, s := range series {
		if v := string(s.Metric[model.LabelName(label)]); v != "" && !slices.Contains(values, v) {
			values = append(values, v)
		}
	}
	slices.Sort(values)
	return values
}
