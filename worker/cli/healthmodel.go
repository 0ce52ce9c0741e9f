package cli

import (
	_ "embed"
	"fmt"
	"io"
	"text/template"

	"github.com/temporal-sre/copilot/pkg/explain/evidence"
	"github.com/temporal-sre/copilot/pkg/health"
)

//go:embed health_model.md.tmpl
var healthModelText string

var healthModel = template.Must(template.New("health model").Funcs(template.FuncMap{
	"mark":    mark,
	"percent": health.Ratio.Format,
}).Parse(healthModelText))

// classes say what the signals of a class are for, in the order in which they are listed.
var classes = []struct {
	class       health.Class
	name, about string
}{
	{health.Primary, "Primary", "They answer whether work makes progress. They decide."},
	{health.Support, "Support", "What the gates need beside the primary ones: demand, pollers, ratios. They decide too."},
	{health.Amplifier, "Amplifiers", "They say why. They never decide."},
	{health.Worker, "Workers", "They say whether workers can make progress. They decide on the bottleneck, not on the state."},
	{health.WorkerAmplifier, "Worker amplifiers", "They say why workers fall behind. They never decide."},
}

type documentedGate struct {
	health.Gate
	// Fires and Back are the thresholds of the bands with their unit.
	Fires, Back string
}

type documentedService struct {
	Name  health.Service
	Gates []documentedGate
}

type documentedClass struct {
	Name, About string
	Signals     []health.Signal
	// Marked: its signals have marks.
	Marked bool
}

// mark is the number beyond which a signal stands out in explanations, or why it has none.
func mark(id health.SignalID) string {
	for _, m := range evidence.AmplifierThresholds() {
		switch {
		case m.Signal != id:
		case m.Says == "":
			return "none: " + m.Without
		default:
			signal, _ := health.LookupSignal(id)
			words := map[health.Op]string{health.Above: "above", health.Below: "below"}
			return fmt.Sprintf("%s %s: %s", words[m.Op], inUnit(m.At, signal), m.Says)
		}
	}
	return ""
}

// inUnit writes a number of a signal in the unit that the configuration has it in.
func inUnit(x float64, signal health.Signal) string {
	if signal.IsFactor() {
		return fmt.Sprintf("%.4g", x)
	}
	return inBands(health.PerBand{Starter: x, Mid: x, High: x}, signal.Unit, "")
}

// writeHealthModel writes the rules as Markdown, for people.
func writeHealthModel(out io.Writer) error {
	page := struct {
		Thresholds  health.Thresholds
		Bottlenecks []health.Bottleneck
		Services    []documentedService
		Classes     []documentedClass
	}{Thresholds: health.DefaultThresholds(), Bottlenecks: health.Bottlenecks()}
	for _, service := range append([]health.Service{health.Cluster}, health.Services()...) {
		section := documentedService{Name: service}
		for _, g := range health.Gates() {
			if g.Service == service {
				section.Gates = append(section.Gates, documented(g))
			}
		}
		page.Services = append(page.Services, section)
	}
	for _, c := range classes {
		class := documentedClass{Name: c.name, About: c.about, Marked: c.class == health.Amplifier || c.class == health.WorkerAmplifier}
		for _, s := range health.Signals() {
			if s.Class == c.class {
				class.Signals = append(class.Signals, s)
			}
		}
		page.Classes = append(page.Classes, class)
	}
	return healthModel.Execute(out, page)
}

func documented(g health.Gate) documentedGate {
	signal, _ := health.LookupSignal(g.Signal)
	back := "at or above "
	if g.Op == health.Above {
		back = "at or below "
	}
	return documentedGate{g, inBands(g.Threshold, signal.Unit, g.PerUnitOf), back + inBands(g.Recover, signal.Unit, g.PerUnitOf)}
}

// inBands writes one number where all bands have the same. A multiple of something has no unit of its own.
func inBands(p health.PerBand, unit health.Unit, perUnitOf string) string {
	scale, suffix := 1.0, ""
	switch {
	case perUnitOf != "":
		suffix = " x " + perUnitOf
	case unit == health.Ratio:
		scale, suffix = 100, " %"
	default:
		suffix = unitWords[unit]
	}
	if p.Starter == p.Mid && p.Mid == p.High {
		return fmt.Sprintf("%.4g%s", p.Starter*scale, suffix)
	}
	return fmt.Sprintf("%.4g / %.4g / %.4g%s", p.Starter*scale, p.Mid*scale, p.High*scale, suffix)
}

var unitWords = map[health.Unit]string{
	health.PerSecond: " per second", health.PerMinute: " per minute", health.Seconds: " s",
	health.Milliseconds: " ms", health.Percent: " %", health.Bytes: " bytes",
}
