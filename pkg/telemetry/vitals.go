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

// vitalQuestions ask for the age of the newest sample of each service and of the workers, by gauges that
// are the same in every dialect.
func vitalQuestions(c Cluster) []question {
	return []question{
		{id: partAges, promql: fmt.Sprintf("time() - max by (service_name, exported_service_name) (timestamp(num_goroutines%s))",
			braces(c.Selector, nil, nil))},
		{id: partWorkersAge, promql: fmt.Sprintf("time() - max(timestamp(temporal_worker_task_slots_available%s))",
			braces(c.WorkerSelector, []string{`service_name!="worker"`, `exported_service_name!="worker"`}, func(l string) string { return l }))},
	}
}

// agesOf reads the answers to vitalQuestions. An emitter that is not in the map has no samples.
func agesOf(c Cluster, answers map[string]answer) map[emitter]time.Duration {
	ages := map[emitter]time.Duration{}
	note := func(e emitter, s *model.Sample) {
		age := time.Duration(float64(s.Value) * float64(time.Second)).Round(time.Millisecond)
		if known, ok := ages[e]; !ok || age < known {
			ages[e] = age
		}
	}
	for _, s := range answers[partAges].series {
		service := s.Metric["exported_service_name"]
		if service == "" {
			service = s.Metric["service_name"]
		}
		note(emitter(service), s)
		note(fromServer, s)
	}
	for _, s := range answers[partWorkersAge].series {
		note(fromWorkers, s)
	}
	return ages
}
