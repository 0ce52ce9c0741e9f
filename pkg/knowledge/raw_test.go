package knowledge_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/temporal-sre/copilot/pkg/knowledge"
)

func TestQueriesAndRawMeasurementsAreRecognised(t *testing.T) {
	for name, text := range map[string]string{
		"a rate":                        `Look at rate(service_errors[1m]) first.`,
		"a sum by":                      `sum by (namespace, taskqueue) (pending_polls)`,
		"a sum":                         `sum(approximate_backlog_count)`,
		"a quantile":                    `histogram_quantile(0.99, x)`,
		"capitals":                      `SUM(RATE(x[5m]))`,
		"a range with its step":         `up[1h:30s]`,
		"label matchers":                `service_latency_bucket{service_name="frontend",operation!~"Poll.*"}`,
		"a stream selector of LogQL":    "{app=`temporal`} |= `error`",
		"a comparison":                  `temporal_worker_task_slots_available == 0`,
		"a comparison with a ratio":     `cache_hit_rate < 80%`,
		"a line of the exposition":      "text\n  temporal_request_total 42\ntext",
		"one with labels and time":      `up{job='x'} 1 1700000000000`,
		"the exposition's help":         "# HELP up Whether it is up.",
		"an answer of the API":          `{"metric":{},"value":[1700000000.1,"42"]}`,
		"what promtool prints":          `{} => 0.5 @[1700000000.123]`,
		"a time with its value":         "1700000000, 42.5",
		"a table of values":             "0.1 0.2 0.3 0.2 0.1 0.5 0.4 0.6",
		"values with commas and signs":  "1,2,-3,4e5,5,6,7,8",
		"a vector for a missing series": "x or vector(0)",
	} {
		assert.True(t, knowledge.LooksRaw(text), name)
	}
	for name, text := range map[string]string{
		"nothing":               "",
		"prose about sums":      "A sum over all queues hides the one (of many) that is dead; the average (of all) does too.",
		"rates in words":        "Its rate (per second) fell below half, by (much) more than usual.",
		"numbers in prose":      "DSQL allows 10,000 connections, 100 new ones a second, and ends each after 60 minutes (SQLSTATE 40001).",
		"a configuration key":   "Raise `history.persistenceMaxQPS` from 9000 in steps.",
		"a setting in YAML":     "thresholds: {persistence_slow: {threshold: 250}}",
		"a Go name":             "worker.SetStickyWorkflowCacheSize(20000)",
		"a link and a footnote": "see [1] and https://docs.temporal.io/workers[5]",
		"a signal's id":         "The signal history.backlog_age_sec says how late.",
		"a date":                "Since 2026-01-02 03:04:05 three hosts of 4 are back.",
	} {
		assert.False(t, knowledge.LooksRaw(text), name)
	}
}
