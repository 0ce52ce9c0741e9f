// Package rulestest tests the rules of a cluster's configuration: it loads series as promtool writes them, reads the
// signals with the reader that reads in production from a PromQL engine, judges cycle by cycle, and compares the
// verdicts with what a file expects.
package rulestest

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/temporal-sre/copilot/pkg/health"
	"github.com/temporal-sre/copilot/worker/config"
)

// File is a file of tests.
type File struct {
	// Config is the path of a worker's configuration, relative to the file, and Cluster the cluster of it whose rules are
	// tested; a configuration with one cluster needs no name.
	Config  string `yaml:"config"`
	Cluster string `yaml:"cluster"`
	// Telemetry and Thresholds are those of a cluster, instead of Config.
	Telemetry  *config.Telemetry  `yaml:"telemetry"`
	Thresholds *config.Thresholds `yaml:"thresholds"`
	// Interval is the time between two samples; 0 is the cluster's scrape interval, or 15 seconds.
	Interval config.Duration `yaml:"interval"`
	// Step is the time between two cycles; 0 is the cluster's interval, or 30 seconds.
	Step config.Duration `yaml:"step"`
	// SeriesFrom are files, relative to this one, whose series all tests have.
	SeriesFrom []string `yaml:"series_from"`
	Series     []Series `yaml:"series"`
	Tests      []Test   `yaml:"tests"`
}

// Series is one time series in promtool's notation.
type Series struct {
	// Series is a metric with its labels: up{job="temporal"}.
	Series string `yaml:"series"`
	// Values are its samples, one an interval: 0+10x20 _ stale.
	Values string `yaml:"values"`
}

// Test is a story with what the rules have to say about it.
type Test struct {
	Name string `yaml:"name"`
	// Series are added to those of the file; one with the same labels replaces it, and one without values removes it.
	Series []Series      `yaml:"series"`
	Expect []Expectation `yaml:"expect"`
}

// Expectation is what the verdict of one cycle has to be. What is left out is not compared.
type Expectation struct {
	// At is the time since the first sample; a cycle begins there.
	At         config.Duration   `yaml:"at"`
	State      *health.State     `yaml:"state"`
	Stale      *bool             `yaml:"stale"`
	Bottleneck health.Bottleneck `yaml:"bottleneck"`
	Firing     []health.GateID   `yaml:"firing"`
	NotFiring  []health.GateID   `yaml:"not_firing"`
	Unknown    []health.GateID   `yaml:"unknown"`
}

const (
	defaultInterval = 15 * time.Second
	defaultStep     = 30 * time.Second
	// longest keeps a mistyped time from running for hours.
	longest = 31 * 24 * time.Hour
)

// plan is a file that was read and checked.
type plan struct {
	path           string
	cluster        config.Cluster
	interval, step time.Duration
	stories        []story
}

type story struct {
	name   string
	line   int
	series []series
	expect []expected
}

type expected struct {
	Expectation
	line int
}

// load reads a file of tests. The error lists every mistake, each as path:line: what is wrong.
func load(path string) (plan, error) {
	var f File
	root, err := decode(path, &f)
	if err != nil {
		return plan{}, err
	}
	m := mistakes{path: path, root: root}
	p := plan{path: path, cluster: m.cluster(f)}
	p.interval = cmp.Or(time.Duration(f.Interval), time.Duration(p.cluster.Telemetry.ScrapeInterval), defaultInterval)
	p.step = cmp.Or(time.Duration(f.Step), time.Duration(p.cluster.Interval), defaultStep)
	if p.interval < time.Second {
		m.add("is too short: take at least 1s", p.interval.String(), "interval")
	}
	if p.step < time.Second {
		m.add("is too short: a cycle takes at least 1s", p.step.String(), "step")
	}
	if p.cluster.Telemetry.ScrapeInterval == 0 {
		p.cluster.Telemetry.ScrapeInterval = config.Duration(p.interval)
	}
	var common []series
	for i, from := range f.SeriesFrom {
		more, err := loadSeries(filepath.Join(filepath.Dir(path), from))
		if err != nil {
			m.add("can't be used: "+err.Error(), from, "series_from", i)
		}
		common = append(common, more...)
	}
	common = append(common, m.series(f.Series, false, "series")...)
	if len(f.Tests) == 0 {
		m.add("is missing: list at least one test", "tests")
	}
	for i, t := range f.Tests {
		s := story{name: t.Name, line: m.line("tests", i), series: replaced(common, m.series(t.Series, true, "tests", i, "series"))}
		if t.Name == "" {
			m.add("has no name", "the test", "tests", i)
		}
		if len(t.Expect) == 0 {
			m.add("expects nothing", fmt.Sprintf("test %q", t.Name), "tests", i)
		}
		for j, e := range t.Expect {
			m.expectation(e, p.step, "tests", i, "expect", j)
			s.expect = append(s.expect, expected{e, m.line("tests", i, "expect", j)})
		}
		slices.SortStableFunc(s.expect, func(a, b expected) int { return int(a.At - b.At) })
		p.stories = append(p.stories, s)
	}
	return p, errors.Join(m.all...)
}

// loadSeries reads a file that holds series only.
func loadSeries(path string) ([]series, error) {
	var f struct {
		Series []Series `yaml:"series"`
	}
	root, err := decode(path, &f)
	if err != nil {
		return nil, err
	}
	m := mistakes{path: path, root: root}
	all := m.series(f.Series, false, "series")
	return all, errors.Join(m.all...)
}

// decode reads YAML strictly, and returns its tree for the lines.
func decode(path string, into any) (*yaml.Node, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	switch err := config.Decode(text, into); {
	case errors.Is(err, config.ErrEmpty):
		return nil, fmt.Errorf("%s: it is empty", path)
	case errors.Is(err, config.ErrSeveral):
		return nil, fmt.Errorf("%s: it holds more than one YAML document; write one", path)
	case err != nil:
		return nil, inFile(path, err)
	}
	var root yaml.Node
	if err := yaml.Unmarshal(text, &root); err != nil {
		return nil, inFile(path, err)
	}
	return root.Content[0], nil
}

var (
	lineOfError  = regexp.MustCompile(`^(?:yaml: )?line (\d+): (.*)$`)
	unknownField = regexp.MustCompile(`^field (\S+) not found in type (.+)$`)
	ofText       = regexp.MustCompile("^cannot unmarshal !!\\w+ `(.*)` into .*$")
)

// inFile writes the YAML library's messages as path:line: message.
func inFile(path string, err error) error {
	messages := []string{err.Error()}
	var typed *yaml.TypeError
	if errors.As(err, &typed) {
		messages = typed.Errors
	}
	var all []error
	for _, message := range messages {
		where := path
		if m := lineOfError.FindStringSubmatch(message); m != nil {
			where, message = path+":"+m[1], m[2]
		}
		switch {
		case unknownField.MatchString(message):
			m := unknownField.FindStringSubmatch(message)
			message = fmt.Sprintf("unknown key %q", m[1])
			if keys := keysOf(m[2]); len(keys) > 0 {
				message += "; valid keys: " + strings.Join(keys, ", ")
			}
		case ofText.MatchString(message):
			message = fmt.Sprintf("%q can't stand here: it has the wrong type", ofText.FindStringSubmatch(message)[1])
		}
		all = append(all, fmt.Errorf("%s: %s", where, message))
	}
	return errors.Join(all...)
}

func keysOf(name string) (keys []string) {
	for _, t := range []any{File{}, Series{}, Test{}, Expectation{}, config.Telemetry{}, config.Thresholds{}, config.GateSetting{}} {
		if typ := reflect.TypeOf(t); typ.String() == name {
			for _, field := range reflect.VisibleFields(typ) {
				keys = append(keys, field.Tag.Get("yaml"))
			}
		}
	}
	return keys
}

// mistakes of a file, with the tree in which their lines are found.
type mistakes struct {
	path string
	root *yaml.Node
	all  []error
}

// line is that of a key path, or of the nearest part of it that exists.
func (m *mistakes) line(path ...any) int {
	node := m.root
	line := node.Line
	for _, part := range path {
		if node.Kind == yaml.AliasNode {
			node = node.Alias
		}
		var next *yaml.Node
		switch key := part.(type) {
		case int:
			if node.Kind == yaml.SequenceNode && key < len(node.Content) {
				next = node.Content[key]
			}
		case string:
			for i := 0; node.Kind == yaml.MappingNode && i+1 < len(node.Content); i += 2 {
				if node.Content[i].Value == key {
					next = node.Content[i+1]
				}
			}
		}
		if next == nil {
			return line
		}
		node, line = next, next.Line
	}
	return line
}

func (m *mistakes) add(problem, what string, path ...any) {
	m.all = append(m.all, fmt.Errorf("%s:%d: %s %s", m.path, m.line(path...), what, problem))
}

// cluster is the cluster whose rules are tested.
func (m *mistakes) cluster(f File) config.Cluster {
	cluster := config.Cluster{Name: "test"}
	switch {
	case f.Config != "" && (f.Telemetry != nil || f.Thresholds != nil):
		m.add("and telemetry or thresholds exclude each other: name a configuration, or write its parts here", "config", "config")
	case f.Config != "":
		c, err := config.Load(filepath.Join(filepath.Dir(m.path), f.Config))
		if err != nil {
			m.add("can't be used: "+err.Error(), f.Config, "config")
			return cluster
		}
		if found, ok := c.One(f.Cluster); ok {
			return found
		}
		m.add(fmt.Sprintf("is not one of the configuration's clusters, %q", c.Names()), fmt.Sprintf("cluster %q", f.Cluster), "cluster")
	default:
		if f.Cluster != "" {
			cluster.Name = config.Text(f.Cluster)
		}
		if f.Telemetry != nil {
			cluster.Telemetry = *f.Telemetry
		}
		if f.Thresholds != nil {
			cluster.Thresholds = *f.Thresholds
		}
		if err := cluster.Rules().Validate(); err != nil {
			m.add("are wrong: "+err.Error(), "the thresholds", "thresholds")
		}
		if err := cluster.Series().Validate(); err != nil {
			m.add("is wrong: "+err.Error(), "the telemetry", "telemetry")
		}
	}
	return cluster
}

// series parses series; mayBeEmpty allows those without values.
func (m *mistakes) series(all []Series, mayBeEmpty bool, path ...any) []series {
	var parsed []series
	for i, s := range all {
		at := append(slices.Clone(path), i)
		if s.Values == "" && !mayBeEmpty {
			m.add("has no values", s.Series, at...)
			continue
		}
		one, err := parseSeries(s)
		if err != nil {
			m.add("can't be read: "+err.Error(), fmt.Sprintf("series %q with values %q", s.Series, s.Values), at...)
			continue
		}
		parsed = append(parsed, one)
	}
	return parsed
}

func (m *mistakes) expectation(e Expectation, step time.Duration, path ...any) {
	at := time.Duration(e.At)
	switch {
	case at <= 0 || at > longest:
		m.add(fmt.Sprintf("is out of range: write the time since the first sample, like 10m, of at most %s", longest), fmt.Sprintf("at: %s", at), path...)
	case step >= time.Second && at%step != 0:
		m.add(fmt.Sprintf("lies between two cycles: cycles begin every %s", step), fmt.Sprintf("at: %s", at), append(path, "at")...)
	}
	if e.State == nil && e.Stale == nil && e.Bottleneck == "" && len(e.Firing)+len(e.NotFiring)+len(e.Unknown) == 0 {
		m.add("expects nothing: name a state, a bottleneck or gates", "it", path...)
	}
	if e.Bottleneck != "" && e.Bottleneck != health.BottleneckUnknown && !slices.Contains(health.Bottlenecks(), e.Bottleneck) {
		m.add(fmt.Sprintf("is not one of %q", health.Bottlenecks()), fmt.Sprintf("bottleneck %q", e.Bottleneck), append(path, "bottleneck")...)
	}
	for key, ids := range map[string][]health.GateID{"firing": e.Firing, "not_firing": e.NotFiring, "unknown": e.Unknown} {
		for i, id := range ids {
			if _, ok := health.LookupGate(id); !ok {
				m.add("does not exist; `copilot gates` lists them", fmt.Sprintf("gate %q", id), append(slices.Clone(path), key, i)...)
			}
		}
	}
}
