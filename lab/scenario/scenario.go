package scenario

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/temporal-sre/copilot/lab/stage"
	"github.com/temporal-sre/copilot/pkg/health"
)

// Scenario is a story: what happens to a cluster, and what the copilot is expected to say.
type Scenario struct {
	// About is what the story is about, in a sentence.
	About string `yaml:"about"`
	// Interval is the time between two cycles of the copilot, 5 s by default.
	Interval time.Duration `yaml:"interval"`
	// MetricsFramework names the cluster's metrics: "tally" (the default) or "opentelemetry".
	MetricsFramework string `yaml:"metrics_framework"`
	// HistoryHosts is 2 for a cluster with a second history process, else 1.
	HistoryHosts int     `yaml:"history_hosts"`
	Phases       []Phase `yaml:"phases"`
}

// Stage returns the options of the stage on which the story is played.
func (s Scenario) Stage(progress func(step string)) stage.Options {
	return stage.Options{
		Interval: s.Interval, MetricsFramework: s.MetricsFramework, TwoHistoryHosts: s.HistoryHosts == 2, Progress: progress,
	}
}

// Phase is a part of a story. It begins with a change of conditions.
type Phase struct {
	Name string `yaml:"name"`
	// Set changes conditions; what it does not name stays as it was.
	Set stage.Change `yaml:"set"`
	// Restart is a part of the cluster to restart at the begin, none by default.
	Restart stage.Restart `yaml:"restart"`
	Expect  Expectation   `yaml:"expect"`
}

// Expectation is what the copilot is to say in a phase.
type Expectation struct {
	// States and Bottlenecks are what the verdict must come to, one of each. Empty allows all.
	States      []health.State      `yaml:"state"`
	Bottlenecks []health.Bottleneck `yaml:"bottleneck"`
	// Names is what the verdict's evidence has to name: each of these texts stands in the line of a fired gate.
	Names []string `yaml:"names"`
	// Within is how long after the phase's begin it may take to come to that.
	Within time.Duration `yaml:"within"`
	// For is how long the verdict must stay so from then on before the phase ends.
	For time.Duration `yaml:"for"`
	// Never are states that must not be seen in the phase at all.
	Never []health.State `yaml:"never"`
}

// Load reads and checks a scenario.
func Load(path string) (Scenario, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return Scenario{}, fmt.Errorf("reading the scenario: %w", err)
	}
	s, err := Parse(content)
	if err != nil {
		return Scenario{}, fmt.Errorf("the scenario %s: %w", path, err)
	}
	return s, nil
}

// Parse is Load for a text.
func Parse(content []byte) (Scenario, error) {
	s := Scenario{Interval: 5 * time.Second, MetricsFramework: "tally", HistoryHosts: 1}
	decoder := yaml.NewDecoder(bytes.NewReader(content))
	decoder.KnownFields(true)
	if err := decoder.Decode(&s); err != nil && !errors.Is(err, io.EOF) {
		return Scenario{}, err
	}
	return s, s.validate()
}

func (s Scenario) validate() error {
	var errs []error
	if len(s.Phases) == 0 {
		errs = append(errs, errors.New("it has no phases"))
	}
	if s.Interval < time.Second {
		errs = append(errs, fmt.Errorf("interval %s: a cycle takes at least 1s", s.Interval))
	}
	if s.HistoryHosts < 1 || s.HistoryHosts > 2 {
		errs = append(errs, fmt.Errorf("history_hosts %d: it is 1 or 2", s.HistoryHosts))
	}
	conditions := stage.Calm()
	for i, phase := range s.Phases {
		conditions = conditions.Apply(phase.Set)
		if err := errors.Join(conditions.Validate(), phase.Expect.validate()); err != nil {
			errs = append(errs, fmt.Errorf("phase %d (%s): %w", i+1, phase.Name, err))
		}
		switch phase.Restart {
		case "", stage.RestartServer:
		case stage.RestartHistory:
			if s.HistoryHosts < 2 {
				errs = append(errs, fmt.Errorf("phase %d (%s): restart history needs history_hosts 2", i+1, phase.Name))
			}
		default:
			errs = append(errs, fmt.Errorf("phase %d (%s): restart %q: it is server or history", i+1, phase.Name, phase.Restart))
		}
		if phase.Name == "" {
			errs = append(errs, fmt.Errorf("phase %d has no name", i+1))
		}
	}
	return errors.Join(errs...)
}

func (e Expectation) validate() error {
	var errs []error
	if e.Within <= 0 {
		errs = append(errs, errors.New("expect.within is missing: say how long detection may take, like 60s"))
	}
	if len(e.States) == 0 && len(e.Bottlenecks) == 0 {
		errs = append(errs, errors.New("expect names neither a state nor a bottleneck"))
	}
	known := health.Bottlenecks()
	for _, b := range e.Bottlenecks {
		if !slices.Contains(known, b) {
			errs = append(errs, fmt.Errorf("expect.bottleneck %q: it is one of %v", b, known))
		}
	}
	for _, state := range e.Never {
		if slices.Contains(e.States, state) {
			errs = append(errs, fmt.Errorf("expect.state %s is also under expect.never", state))
		}
	}
	return errors.Join(errs...)
}

// meets says whether a verdict is as expected. A stale verdict never is: it is not about now.
func (e Expectation) meets(v health.Verdict) bool {
	return !v.Stale &&
		(len(e.States) == 0 || slices.Contains(e.States, v.State)) &&
		(len(e.Bottlenecks) == 0 || slices.Contains(e.Bottlenecks, v.Bottleneck)) &&
		!slices.ContainsFunc(e.Names, func(name string) bool { return !names(v, name) })
}

// names says whether a text stands in the line of a fired gate.
func names(v health.Verdict, text string) bool {
	return slices.ContainsFunc(v.Gates, func(g health.GateResult) bool {
		return g.Result == health.Fired && strings.Contains(GateLine(g), text)
	})
}

// String tells the expectation in words: "critical, worker_limited".
func (e Expectation) String() string {
	var words []string
	if len(e.States) > 0 {
		words = append(words, join(e.States))
	}
	if len(e.Bottlenecks) > 0 {
		words = append(words, join(e.Bottlenecks))
	}
	for _, name := range e.Names {
		words = append(words, fmt.Sprintf("%q named", name))
	}
	return strings.Join(words, ", ")
}

func join[T any](values []T) string {
	words := make([]string, len(values))
	for i, value := range values {
		words[i] = fmt.Sprint(value)
	}
	return strings.Join(words, " or ")
}
