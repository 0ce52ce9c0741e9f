package frames

import (
	"fmt"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/temporal-sre/copilot/pkg/explain/evidence"
	"github.com/temporal-sre/copilot/pkg/health"
	"github.com/temporal-sre/copilot/pkg/plugin/view"
)

// clients is the node that is no service of ours: whoever calls the frontend.
const clients health.Service = "clients"

// node is a part of a Temporal deployment on the map. Its numbers are signals that are shown where they are known.
type node struct {
	service      health.Service
	title        string
	main, second health.SignalID
	// optional parts are left out where nothing is known of them, or where their signal of use is 0.
	optional bool
	use      health.SignalID
	// x and y are the place on the map, in pixels from the centre of the panel: the whole map fits into a third of a
	// screen, and into that of a phone.
	x, y float64
}

// nodes are in the order of a request's way through the cluster.
var nodes = []node{
	{service: clients, title: "Clients", main: health.WorkflowStarts, x: -150, y: -20},
	{service: health.Frontend, title: "Frontend", main: health.FrontendP99, second: health.FrontendErrRatio, x: -50, y: -20},
	{service: health.History, title: "History", main: health.TransitionRate, second: health.HistoryBacklogAge, x: 50, y: -75},
	{service: health.Matching, title: "Matching", main: health.TasksAdded, second: health.SyncMatch, x: 50, y: 30},
	{service: health.Persistence, title: "Database", main: health.PersistenceP99, second: health.PersistenceErrRatio, x: 150, y: -115},
	{service: health.Visibility, title: "Visibility", main: health.VisibilityP99, second: health.VisibilityErrRatio, optional: true, x: 150, y: -20},
	{service: health.SystemWorker, title: "Schedules", main: health.SystemQueueAge, second: health.SchedulesMissed, optional: true, x: -50, y: -115},
	{service: health.Workers, title: "Workers", main: health.MatchingWorkflowPoll, second: health.WorkflowSlots, x: 150, y: 75},
	{service: health.Replication, title: "Replication", main: health.ReplicationLag, optional: true, use: health.ReplicationApplied, x: -150, y: -115},
}

// edge is a way that requests and tasks take, with what is known of it.
type edge struct {
	from, to     health.Service
	main, second health.SignalID
	// mainLabel and secondLabel stand before the numbers.
	mainLabel, secondLabel string
}

var edges = []edge{
	{from: clients, to: health.Frontend, main: health.WorkflowStarts, mainLabel: "starts", second: health.FrontendErrRatio, secondLabel: "errors"},
	{from: health.Frontend, to: health.History, main: health.FrontendP99, mainLabel: "p99"},
	{from: health.History, to: health.Persistence, main: health.PersistenceP99, mainLabel: "p99", second: health.PersistenceErrRatio, secondLabel: "errors"},
	{from: health.History, to: health.Visibility, main: health.VisibilityP99, mainLabel: "p99", second: health.VisibilityErrRatio, secondLabel: "errors"},
	{from: health.History, to: health.Matching, main: health.TasksAdded, mainLabel: "tasks"},
	{from: health.Matching, to: health.Workers, main: health.WorkflowBacklogAge, mainLabel: "oldest", second: health.MatchingWorkflowPoll, secondLabel: "pollers"},
	{from: health.Frontend, to: health.SystemWorker, main: health.SystemQueueAge, mainLabel: "oldest"},
	{from: health.History, to: health.Replication, main: health.ReplicationLag, mainLabel: "lag"},
}

const (
	// nodeRadius and mapHeight are in pixels: a circle that holds a short number, and a map with its labels.
	nodeRadius = 26
	mapHeight  = 270
)

// placed is a node of a cluster, whose map stands that far below the first.
type placed struct {
	view.Brief
	node
	below float64
}

func (p placed) id() string { return p.Cluster + "/" + string(p.service) }

func (p placed) role() role { return roleOf(p.Brief, p.service) }

// present: an optional part of which nothing is known, or that is not used, is not drawn unless it is at fault.
func (p placed) present() bool {
	if r := p.role().name; p.use != "" && !p.Evidence.Over(p.use, 0) && (r == roleHealthy || r == roleNotKnown) {
		return false
	}
	return !p.optional || p.Evidence.Role(p.service).Role != evidence.RoleUnknown || p.Rules.Blamed == p.service
}

// way is an edge of a cluster.
type way struct {
	view.Brief
	edge
}

// Topology draws clusters as Grafana's node graph: parts coloured by their role, ways with rates, latencies and errors.
func Topology(briefs []view.Brief) data.Frames {
	var parts []placed
	var ways []way
	for i, b := range briefs {
		shown := map[health.Service]bool{}
		for _, n := range nodes {
			if p := (placed{b, n, float64(i * mapHeight)}); p.present() {
				parts = append(parts, p)
				shown[n.service] = true
			}
		}
		for _, e := range edges {
			if shown[e.from] && shown[e.to] {
				ways = append(ways, way{b, e})
			}
		}
	}
	return data.Frames{nodesFrame(parts, len(briefs) > 1), edgesFrame(ways)}
}

func nodesFrame(parts []placed, many bool) *data.Frame {
	text := func(name, title string, value func(placed) string) *data.Field {
		return column(name, titled(title), parts, value)
	}
	frame := typed("nodes", data.FrameTypeTable,
		text("id", "Id", placed.id),
		text("title", "Part", func(p placed) string {
			if many {
				return p.title + " · " + p.Cluster
			}
			return p.title
		}),
		text("subtitle", "Role", func(p placed) string { return string(p.role().name) }),
		legend(text("mainstat", "", func(p placed) string { return amount(p.Brief, p.main) }), "key figure"),
		legend(text("secondarystat", "", func(p placed) string { return amount(p.Brief, p.second) }), "detail"),
		legend(text("color", "Colour", func(p placed) string { return drawn[p.role().colour] }), "role"),
		column("noderadius", titled("Radius"), parts, func(placed) float64 { return nodeRadius }),
		column("fixedx", titled("X"), parts, func(p placed) float64 { return p.x }),
		column("fixedy", titled("Y"), parts, func(p placed) float64 { return p.y + p.below }),
		column("highlighted", titled("Root cause"), parts, func(p placed) bool { return p.role().name == roleRootCause }),
		legend(text("detail__role", "Role", func(p placed) string { return string(p.role().name) }), "role"),
		legend(text("detail__because", "Firing conditions", placed.because), "because"),
		legend(text("detail__cluster", "Cluster", func(p placed) string { return p.Cluster }), "cluster"),
		legend(text("detail__service", "Service", func(p placed) string { return string(p.service) }), "service"),
	)
	frame.Meta.PreferredVisualization = data.VisTypeNodeGraph
	return frame
}

// legend names a field in the legend and the menus of the node graph, which know no other name.
func legend(f *data.Field, name string) *data.Field {
	f.Config.DisplayName = name
	return f
}

// because names the first of the conditions that give a part its role: the menu of a node breaks no lines.
func (p placed) because() string {
	var titles []string
	for _, id := range p.Evidence.Role(p.service).Because {
		if g, ok := p.Evidence.Gate(id); ok {
			titles = append(titles, g.Title)
		}
	}
	switch len(titles) {
	case 0:
		return ""
	case 1:
		return titles[0]
	default:
		return fmt.Sprintf("%s, and %d more", titles[0], len(titles)-1)
	}
}

// amount is a signal with its unit, empty where it is unknown: nothing else is drawn as a number.
func amount(b view.Brief, id health.SignalID) string {
	if s, ok := b.Evidence.Signal(id); ok && !b.Silent {
		return s.Value
	}
	return ""
}

func edgesFrame(ways []way) *data.Frame {
	text := func(name, title string, value func(way) string) *data.Field {
		return column(name, titled(title), ways, value)
	}
	labelled := func(b view.Brief, label string, id health.SignalID) string {
		value := amount(b, id)
		if value == "" {
			return ""
		}
		return label + " " + value
	}
	frame := typed("edges", data.FrameTypeTable,
		text("id", "Id", func(w way) string { return w.Cluster + "/" + string(w.from) + "-" + string(w.to) }),
		text("source", "From", func(w way) string { return w.Cluster + "/" + string(w.from) }),
		text("target", "To", func(w way) string { return w.Cluster + "/" + string(w.to) }),
		text("mainstat", "", func(w way) string { return labelled(w.Brief, w.mainLabel, w.main) }),
		text("secondarystat", "", func(w way) string { return labelled(w.Brief, w.secondLabel, w.second) }),
		text("color", "Colour", func(w way) string { return drawn[roleOf(w.Brief, w.to).colour] }),
		column("thickness", titled("Width"), ways, func(w way) float64 {
			if roleOf(w.Brief, w.to).name == roleRootCause {
				return 3
			}
			return 1
		}),
	)
	frame.Meta.PreferredVisualization = data.VisTypeNodeGraph
	return frame
}
