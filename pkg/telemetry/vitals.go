package telemetry

import (
	"fmt"
	"time"

	"github.com/prometheus/common/model"
)

// The processes whose samples' age is asked for.
const (
	partAges       = "ages/server"
	partWorkersAge = "ages/workers"
)

// vitalQuestions ask for the age of the newest sample of each service and of the workers, by gauges that are the same
// in every dialect.
func (n naming) vitalQuestions(c Cluster) []question {
	a := asking{cluster: c, names: n}
	// One selector for both names does not do: timestamp() drops the name, and two series with the same labels are an error.
	slots := func(state string) string {
		return fmt.Sprintf("timestamp(temporal_worker_task_slots_%s%s)", state, braces(c.WorkerSelector, notSystemWorkers, func(l string) string { return l }))
	}
	questions := []question{{id: partWorkersAge, promql: fmt.Sprintf("time() - max(%s or %s)", slots("available"), slots("used"))}}
	if len(n.services) > 0 {
		for _, service := range services {
			matcher := fmt.Sprintf("service_name=%q", string(service))
			questions = append(questions, question{id: partAges + "/" + string(service),
				promql: fmt.Sprintf("time() - max(timestamp(%s))", a.series(probeProcess, matcher))})
		}
		return questions
	}
	return append(questions, question{id: partAges, promql: fmt.Sprintf("time() - max by (%s) (timestamp(%s))", a.label("service_name"), a.series(probeProcess))})
}

// agesOf reads the answers to vitalQuestions. An emitter that is not in the map has no samples.
func (n naming) agesOf(answers map[string]answer) map[emitter]time.Duration {
	ages := map[emitter]time.Duration{}
	note := func(e emitter, s *model.Sample) {
		age := time.Duration(float64(s.Value) * float64(time.Second)).Round(time.Millisecond)
		if known, ok := ages[e]; !ok || age < known {
			ages[e] = age
		}
	}
	a := asking{names: n}
	for _, s := range answers[partAges].series {
		note(emitter(s.Metric[model.LabelName(a.label("service_name"))]), s)
		note(fromServer, s)
	}
	for _, service := range services {
		for _, s := range answers[partAges+"/"+string(service)].series {
			note(service, s)
			note(fromServer, s)
		}
	}
	for _, s := range answers[partWorkersAge].series {
		note(fromWorkers, s)
	}
	return ages
}
