package frames

import (
	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/temporal-sre/copilot/pkg/health"
	"github.com/temporal-sre/copilot/pkg/plugin/view"
)

// queueRow is one task queue of one cluster.
type queueRow struct {
	view.Present
	health.TaskQueue
}

// Queues tells the worst task queues of each cluster by name, worst first, in at most so many rows. The numbers
// of a silent cluster are null.
func Queues(clusters []view.Present, most int, links view.Links) *data.Frame {
	var rows []queueRow
	for _, c := range clusters {
		for _, q := range c.Snapshot.Queues {
			if len(rows) < most {
				rows = append(rows, queueRow{c, q})
			}
		}
	}
	text := func(name, title string, value func(queueRow) string) *data.Field {
		return column(name, titled(title), rows, value)
	}
	amount := func(name string, config *data.FieldConfig, value func(queueRow) *float64) *data.Field {
		return column(name, config, rows, func(q queueRow) *float64 {
			if q.Silent {
				return nil
			}
			return value(q)
		})
	}
	return numbers("queues",
		text("cluster", "Cluster", func(q queueRow) string { return q.Cluster }),
		text("namespace", "Namespace", func(q queueRow) string { return q.Namespace }),
		linkedIf(links.TemporalUI != "", text("task_queue", "Task queue", func(q queueRow) string { return q.Name }),
			data.DataLink{Title: "Task queue in Temporal", URL: "${__data.fields.temporal_ui:raw}", TargetBlank: true},
			data.DataLink{Title: "Running workflows in Temporal", URL: "${__data.fields.workflows:raw}", TargetBlank: true}),
		text("type", "Type", func(q queueRow) string { return q.Type }),
		amount("starved", flagConfig("Starved", "no", green, "starved", red), func(q queueRow) *float64 { return view.OneIf(q.Starved) }),
		amount("oldest_age", inUnit("Oldest task", "s"), func(q queueRow) *float64 { return q.OldestAgeSec }),
		amount("backlog", inUnit("Backlog", "short"), func(q queueRow) *float64 { return q.Backlog }),
		amount("inflow", inUnit("Inflow to backlog", "suffix:/s"), func(q queueRow) *float64 { return q.InflowPerSec }),
		amount("pollers", inUnit("Pollers", "short"), func(q queueRow) *float64 { return q.Pollers }),
		amount("dispatched", inUnit("Dispatched", "suffix:/s"), func(q queueRow) *float64 { return q.DispatchedPerSec }),
		amount("slots_available", inUnit("Free slots", "short"), func(q queueRow) *float64 { return q.SlotsAvailable }),
		amount("slotless", flagConfig("Slots exhausted", "no", green, "yes", red), func(q queueRow) *float64 { return view.OneIf(q.Slotless) }),
		text("unserved_version", "Version without workers", func(q queueRow) string { return q.UnservedVersion }),
		text("temporal_ui", "Temporal", func(q queueRow) string { return links.TaskQueue(q.Cluster, q.Namespace, q.Name) }),
		text("workflows", "Workflows", func(q queueRow) string { return links.Workflows(q.Cluster, q.Namespace, q.Name) }),
	)
}
