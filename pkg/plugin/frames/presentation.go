package frames

import (
	"math"
	"slices"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/temporal-sre/copilot/pkg/health"
)

// Colours, the same in every panel. Grey: unknown.
const (
	green  = "green"
	yellow = "yellow"
	orange = "orange"
	red    = "red"
	purple = "purple"
	blue   = "blue"
	grey   = "#808080"
)

// nullIs maps null and NaN, which both mean unknown.
func nullIs(text string) data.ValueMapping {
	return data.SpecialValueMapper{Match: data.SpecialValueNullAndNaN, Result: data.ValueMappingResult{Text: text, Color: grey, Index: 9}}
}

// StateConfig shows a state number as a word in its colour. Mappings serve tables and timelines,
// thresholds serve panels that colour by value.
func StateConfig(title string) *data.FieldConfig {
	return &data.FieldConfig{
		DisplayNameFromDS: title,
		Mappings: data.ValueMappings{
			data.ValueMapper{
				"0": {Text: health.Happy.String(), Color: green, Index: 0},
				"1": {Text: health.Stressed.String(), Color: yellow, Index: 1},
				"2": {Text: health.Critical.String(), Color: red, Index: 2},
			},
			nullIs(health.Unknown.String()),
		},
		Thresholds: steps(green, step{1, yellow}, step{2, red}),
	}
}

// stepConfig draws a state as the step that it is, where Grafana draws a slope from one point to the next.
func stepConfig(title string) *data.FieldConfig {
	config := StateConfig(title)
	config.Custom = map[string]any{"lineInterpolation": "stepAfter"}
	return config
}

// stateNames colours a field that holds states as words.
func stateNames(title string) *data.FieldConfig {
	return &data.FieldConfig{
		DisplayNameFromDS: title,
		Mappings: data.ValueMappings{data.ValueMapper{
			health.Happy.String():    {Text: health.Happy.String(), Color: green, Index: 0},
			health.Stressed.String(): {Text: health.Stressed.String(), Color: yellow, Index: 1},
			health.Critical.String(): {Text: health.Critical.String(), Color: red, Index: 2},
			health.Unknown.String():  {Text: health.Unknown.String(), Color: grey, Index: 3},
		}},
	}
}

// bottleneckNames colours a field that holds bottleneck classes as words.
func bottleneckNames(title string) *data.FieldConfig {
	return &data.FieldConfig{
		DisplayNameFromDS: title,
		Mappings: data.ValueMappings{data.ValueMapper{
			string(health.BottleneckHealthy):  {Text: "healthy", Color: green, Index: 0},
			string(health.WorkerLimited):      {Text: "worker limited", Color: orange, Index: 1},
			string(health.Mixed):              {Text: "mixed", Color: purple, Index: 2},
			string(health.ServerLimited):      {Text: "server limited", Color: red, Index: 3},
			string(health.ApplicationLimited): {Text: "application limited", Color: blue, Index: 4},
			string(health.BottleneckUnknown):  {Text: "unknown", Color: grey, Index: 5},
		}},
	}
}

// flagConfig shows 0 and 1 as words.
func flagConfig(title, zero, zeroColour, one, oneColour string) *data.FieldConfig {
	return &data.FieldConfig{
		DisplayNameFromDS: title,
		Mappings: data.ValueMappings{
			data.ValueMapper{
				"0": {Text: zero, Color: zeroColour, Index: 0},
				"1": {Text: one, Color: oneColour, Index: 1},
			},
			nullIs("unknown"),
		},
	}
}

// titled names a field for people.
func titled(title string) *data.FieldConfig { return &data.FieldConfig{DisplayNameFromDS: title} }

// inUnit names a field and gives its unit.
func inUnit(title, unit string) *data.FieldConfig {
	return &data.FieldConfig{DisplayNameFromDS: title, Unit: unit}
}

// shareConfig shows a share from 0 to 1 as per cent.
func shareConfig(title string) *data.FieldConfig {
	return inUnit(title, "percentunit").SetMin(0).SetMax(1)
}

// grafanaUnits are Grafana's ids for the units of signals.
var grafanaUnits = map[health.Unit]string{
	health.PerSecond:    "suffix:/s",
	health.PerMinute:    "suffix:/min",
	health.Seconds:      "s",
	health.Milliseconds: "ms",
	health.Ratio:        "percentunit",
	health.Percent:      "percent",
	health.Count:        "locale",
	health.Bytes:        "bytes",
}

// limits are the thresholds that a cluster is judged by: those of its scale band's profile, and its own.
type limits struct {
	band health.Band
	own  map[health.GateID]float64
}

// limitsOf reads them from a verdict, which names what it compared with.
func limitsOf(v health.Verdict) limits {
	l := limits{band: v.Band, own: map[health.GateID]float64{}}
	for _, g := range v.Gates {
		if g.Overridden {
			l.own[g.ID] = g.Threshold
		}
	}
	return l
}

func (l limits) of(g health.Gate) float64 {
	if own, ok := l.own[g.ID]; ok {
		return own
	}
	return g.Threshold.For(l.band)
}

// signalConfig gives a signal its title, unit, meaning and thresholds.
func signalConfig(s health.Signal, title string, l limits) *data.FieldConfig {
	return &data.FieldConfig{
		DisplayNameFromDS: title,
		Description:       s.Meaning,
		Unit:              grafanaUnits[s.Unit],
		Thresholds:        signalThresholds(s.ID, l),
	}
}

// signalThresholds reads a signal's thresholds from its gates; nil when no gate judges the signal by
// a fixed number. A value's colour is that of the worst gate that it would fire.
func signalThresholds(id health.SignalID, l limits) *data.ThresholdsConfig {
	var judges []health.Gate
	var numbers []float64
	for _, g := range health.Gates() {
		if g.Signal == id && g.PerUnitOf == "" {
			judges = append(judges, g)
			numbers = append(numbers, l.edge(g))
		}
	}
	if len(judges) == 0 {
		return nil
	}
	// colourAt is the colour of a value.
	colourAt := func(x float64) string {
		worst := green
		for _, g := range judges {
			if fires := g.Op == health.Above && x >= l.edge(g) || g.Op == health.Below && x < l.edge(g); !fires {
				continue
			}
			if g.Severity == health.Critical {
				return red
			}
			worst = yellow
		}
		return worst
	}
	slices.Sort(numbers)
	colour := colourAt(math.Inf(-1))
	base, rising := colour, []step(nil)
	for _, x := range numbers {
		if next := colourAt(x); next != colour {
			rising = append(rising, step{x, next})
			colour = next
		}
	}
	return steps(base, rising...)
}

// edge is the value from which Grafana must change the colour. A step of Grafana's holds from its
// value on, while a gate fires only above its threshold: more than 0 queues means 1 or more.
func (l limits) edge(g health.Gate) float64 {
	threshold := l.of(g)
	if g.Op == health.Below {
		return threshold
	}
	if s, _ := health.LookupSignal(g.Signal); s.Unit == health.Count {
		return math.Floor(threshold) + 1
	}
	if threshold == 0 {
		return math.SmallestNonzeroFloat32
	}
	return threshold
}

// step is a colour from a value on.
type step struct {
	from   float64
	colour string
}

// steps makes thresholds: a base colour, and steps that rise.
func steps(base string, rising ...step) *data.ThresholdsConfig {
	config := &data.ThresholdsConfig{
		Mode:  data.ThresholdsModeAbsolute,
		Steps: []data.Threshold{data.NewThreshold(math.Inf(-1), base, "")},
	}
	for _, s := range rising {
		config.Steps = append(config.Steps, data.NewThreshold(s.from, s.colour, ""))
	}
	return config
}
