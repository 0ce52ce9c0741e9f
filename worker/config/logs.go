package config

import (
	"fmt"
	"time"

	"github.com/temporal-sre/copilot/pkg/health"
	"github.com/temporal-sre/copilot/pkg/telemetry"
	"github.com/temporal-sre/copilot/pkg/telemetry/logs"
)

// Logs are a cluster's log lines in a Loki.
type Logs struct {
	// Access is where the Loki is; its url is without /loki/api/v1.
	Access `yaml:",inline"`
	// Selector are the label matchers of the lines of the cluster's servers and workers, like {job=~"temporal.*"}.
	Selector Text `yaml:"selector"`
	// ServiceLabel is the label that names the service. Left out, it is the first of service_name, service, app,
	// container and component that a stream has.
	ServiceLabel Text `yaml:"service_label"`
	// Window is how far from an event a log pattern is taken to belong to it. Default 2m.
	Window Duration `yaml:"window"`
}

// LogPattern is a kind of log line to know of, or a known one that is to be found differently.
type LogPattern struct {
	ID Text `yaml:"id"`
	// Expression is a regular expression (RE2), without regard to capitals.
	Expression Text   `yaml:"expression"`
	Services   []Text `yaml:"services"`
	Levels     []Text `yaml:"levels"`
	// Concerns is the service whose state a match shows; left out, it is the one that writes the line.
	Concerns Text `yaml:"concerns"`
	// Meaning says in one line what the pattern stands for.
	Meaning Text `yaml:"meaning"`
}

const (
	maxLogWindow = 30 * time.Minute
	maxMeaning   = 200
)

// LogSource is where the cluster's log lines are, with its files read. The cluster has logs.
func (c Cluster) LogSource() (logs.Source, error) {
	source, err := c.Logs.Access.source()
	if err != nil {
		return logs.Source{}, fmt.Errorf("logs of cluster %q: %w", c.Name, err)
	}
	return logs.Source{Source: source, Selector: string(c.Logs.Selector), ServiceLabel: string(c.Logs.ServiceLabel)}, nil
}

// Patterns are the known log patterns with those of the configuration. The error lists every mistake.
func (c Config) Patterns() ([]logs.Pattern, error) {
	var own []logs.Pattern
	for _, p := range c.LogPatterns {
		own = append(own, logs.Pattern{
			ID: string(p.ID), Expression: string(p.Expression), Services: plainList(p.Services), Levels: plainList(p.Levels),
			Concerns: health.Service(p.Concerns), Meaning: string(p.Meaning),
		})
	}
	return logs.Extend(own)
}

func plainList(texts []Text) []string {
	var all []string
	for _, text := range texts {
		all = append(all, string(text))
	}
	return all
}

func (m *mistakes) logs(key string, l *Logs) {
	if l == nil {
		return
	}
	m.access(key, "Loki", "http://loki:3100", "/loki/api/v1", l.Access)
	if l.Selector == "" {
		m.add(key+".selector", `it is missing: label matchers of the lines of the servers and workers, like '{job=~"temporal.*"}'`)
	} else if _, err := logs.New(logs.Source{Source: telemetry.Source{URL: "http://loki:3100"}, Selector: string(l.Selector)}, nil, logs.Options{}); err != nil {
		m.add(key+".selector", "%w", err)
	}
	if w := time.Duration(l.Window); w < logs.Slice || w > maxLogWindow {
		m.add(key+".window", "%s is out of range: it is between %s and %s, and 2m is a good one", w, logs.Slice, maxLogWindow)
	}
}

func (m *mistakes) logPatterns(c Config) {
	if _, err := c.Patterns(); err != nil {
		m.add("log_patterns", "%w", err)
	}
	for _, p := range c.LogPatterns {
		if len(p.Meaning) > maxMeaning {
			m.add("log_patterns", "the meaning of %q is longer than a line of %d characters", p.ID, maxMeaning)
		}
	}
}
