package plugin

import (
	"slices"
	"strconv"
	"strings"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/temporal-sre/copilot/pkg/health"
)

// noGate is the number of a gate where none fires.
const noGate = 0

// namedGates is how many gates a line about a cluster names: more would drown the first.
const namedGates = 3

// firing are the gates of the last cycle that fire, the worst first: those that decide before those that only
// attribute. None of a cluster whose cycles have stopped, or of a newer worker's own.
func (p present) firing() []health.Gate {
	if p.silent {
		return nil
	}
	fired := slices.Clone(p.Verdict.Gates)
	slices.SortStableFunc(fired, func(x, y health.GateResult) int {
		if x.Deciding != y.Deciding {
			if x.Deciding {
				return -1
			}
			return 1
		}
		return health.Urgency(x.Result, x.Severity) - health.Urgency(y.Result, y.Severity)
	})
	var gates []health.Gate
	for _, r := range fired {
		if gate, known := health.LookupGate(r.ID); known && r.Result == health.Fired {
			gates = append(gates, gate)
		}
	}
	return gates
}

// topGates names what fires in words, for a table.
func (p present) topGates() string {
	gates := p.firing()
	var titles []string
	for _, g := range gates[:min(len(gates), namedGates)] {
		titles = append(titles, g.Title)
	}
	text := strings.Join(titles, " · ")
	if more := len(gates) - len(titles); more > 0 {
		text += " · and " + strconv.Itoa(more) + " more"
	}
	return text
}

// gateNumber is the number of a gate: the gate of a rank, from 0, among those that fire. It is 0 when fewer fire, and
// nil when no current verdict says what does. A gate keeps its number for ever, so that a rule which was copied to a
// Grafana names it rightly whatever gates a later release has.
//
// A number, since the text columns of an alert rule's query are labels, and a label that changes makes another
// alert. The messages of the provisioned rules turn it into words.
func (p present) gateNumber(rank int) *float64 {
	if p.stale() {
		return nil
	}
	gates := p.firing()
	if rank >= len(gates) {
		return new(float64(noGate))
	}
	return new(float64(gates[rank].Number))
}

// gateNumbers shows the number of a gate as its title.
func gateNumbers(title string) *data.FieldConfig {
	names := data.ValueMapper{strconv.Itoa(noGate): {Text: "nothing fires", Color: green, Index: 0}}
	for _, g := range health.Gates() {
		names[strconv.Itoa(g.Number)] = data.ValueMappingResult{Text: g.Title, Index: g.Number}
	}
	return &data.FieldConfig{DisplayNameFromDS: title, Mappings: data.ValueMappings{names, nullIs("unknown")}}
}
