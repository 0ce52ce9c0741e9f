package telemetry

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/temporal-sre/copilot/pkg/health"
)

// Cluster says which series in a Prometheus belong to a Temporal cluster, and how they are named. The
// zero value of everything but Name works for a Prometheus that watches one cluster.
type Cluster struct {
	// Name is the cluster's name in snapshots.
	Name string
	// Selector picks the series of the cluster's server processes, as PromQL label matchers without
	// braces: `job=~"temporal-.*"`. Its labels should be target labels, so that `up` has them too.
	Selector string
	// WorkerSelector picks the series of the cluster's SDK workers. The server's own system workers
	// are left out in any case.
	WorkerSelector string
	// ContainerSelector picks the cAdvisor series of the server's containers; without it the host
	// signals that need cAdvisor are unknown.
	ContainerSelector string
	// ScrapeInterval is how often the cluster is scraped; 0 means 15 seconds.
	ScrapeInterval time.Duration
	// Window is what rates look back on; 0 means one minute, or four scrape intervals if that is more.
	Window time.Duration
	// Server fixes the naming dialect of the server's metrics; nil detects it.
	Server *ServerDialect
	// SDK fixes the naming dialects of the workers' metrics; none detects them.
	SDK []SDKDialect
	// Labels renames labels of the server's series, from Temporal's name to the one in Prometheus:
	// {"namespace": "exported_namespace"}. Labels not in the map are detected: exported_ in front, or as they are.
	Labels map[string]string
	// WorkerLabels renames labels of the workers' series in the same way.
	WorkerLabels map[string]string
	// Services says which of the server's series are whose, where no label names the services: frontend, history, matching
	// and worker, each with PromQL label matchers: `job="temporal-history"`. Empty finds it out.
	Services map[string]string
	// Keep are task queues that the snapshot includes however well they are: those that waited when last seen.
	Keep []health.QueueKey
	// Shards is the configured number of history shards; 0 takes the number of shards that are owned.
	Shards int
	// Queries replaces the query of a signal. The query's value must have the signal's unit, and be one series.
	Queries map[health.SignalID]string
}

// defaultScrapeInterval is Prometheus's own advice for services; its built-in default is 1 minute.
const defaultScrapeInterval = 15 * time.Second

// key tells clusters apart, and settings of one cluster that change which series are its.
func (c Cluster) key() string {
	return fmt.Sprintf("%s\x00%s\x00%s", c.Name, c.Selector, c.WorkerSelector)
}

// window is the range that rates look back on. Four scrape intervals survive two missed scrapes.
func (c Cluster) window() time.Duration {
	if c.Window > 0 {
		return c.Window
	}
	return max(time.Minute, 4*c.scrapeInterval())
}

// brief is the shortest range that tells whether something moves at all: four scrape intervals, and twenty seconds at
// least, unless the window is set by hand. A stall then shows as early as the scrapes allow.
func (c Cluster) brief() time.Duration {
	if c.Window > 0 {
		return c.Window
	}
	return max(20*time.Second, 4*c.scrapeInterval())
}

func (c Cluster) scrapeInterval() time.Duration {
	if c.ScrapeInterval > 0 {
		return c.ScrapeInterval
	}
	return defaultScrapeInterval
}

// maxAge is the age from which a service's newest sample no longer tells of now.
func (c Cluster) maxAge() time.Duration { return 2 * c.window() }

// Validate says what is wrong with the cluster's settings.
func (c Cluster) Validate() error {
	if c.Name == "" {
		return errors.New("the cluster has no name")
	}
	for key, selector := range map[string]string{
		"selector": c.Selector, "worker selector": c.WorkerSelector, "container selector": c.ContainerSelector,
	} {
		if err := CheckMatchers(selector); err != nil {
			return fmt.Errorf("%s of cluster %q: %w", key, c.Name, err)
		}
	}
	for service, matchers := range c.Services {
		if !slices.Contains(services, emitter(service)) {
			return fmt.Errorf("cluster %q has matchers for the service %q: the services are frontend, history, matching and worker", c.Name, service)
		}
		if err := CheckMatchers(matchers); err != nil {
			return fmt.Errorf("matchers of the service %s of cluster %q: %w", service, c.Name, err)
		}
	}
	if c.ScrapeInterval < 0 || c.Window < 0 || c.Shards < 0 {
		return fmt.Errorf("cluster %q: scrape interval, window and number of shards cannot be negative", c.Name)
	}
	if c.Window > 0 && c.Window < 2*c.scrapeInterval() {
		return fmt.Errorf("window of cluster %q: %s holds less than two scrapes at one per %s, and a rate needs two",
			c.Name, c.Window, c.scrapeInterval())
	}
	for _, renames := range []map[string]string{c.Labels, c.WorkerLabels} {
		for from, to := range renames {
			if !labelName.MatchString(from) || !labelName.MatchString(to) {
				return fmt.Errorf("cluster %q renames label %q to %q: a label's name has letters, digits and _ only", c.Name, from, to)
			}
		}
	}
	for id, promql := range c.Queries {
		if _, ok := health.LookupSignal(id); !ok {
			return fmt.Errorf("cluster %q has a query for %q, which is no signal", c.Name, id)
		}
		if strings.TrimSpace(promql) == "" {
			return fmt.Errorf("cluster %q: the query for %s is empty", c.Name, id)
		}
	}
	return nil
}

var (
	labelName = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]*$`)
	matcher   = regexp.MustCompile(`^\s*[a-zA-Z_][a-zA-Z0-9_]*\s*(=~|!~|!=|=)\s*`)
)

// CheckMatchers accepts a comma-separated list of label matchers, as they stand between the braces of
// a PromQL or LogQL selector.
func CheckMatchers(selector string) error {
	for rest := selector; strings.TrimSpace(rest) != ""; {
		head := matcher.FindString(rest)
		quoted := rest[len(head):]
		value, err := strconv.QuotedPrefix(quoted)
		if head == "" || err != nil || value[0] == '\'' {
			return fmt.Errorf(`%q is no list of label matchers: write it like job=~"temporal-.*",cluster="a", without braces`, selector)
		}
		text, _ := strconv.Unquote(value)
		if strings.Contains(head, "~") {
			if _, err := regexp.Compile(text); err != nil {
				return fmt.Errorf("%q: %w", selector, err)
			}
		}
		rest = strings.TrimSpace(quoted[len(value):])
		if rest != "" && !strings.HasPrefix(rest, ",") {
			return fmt.Errorf("%q: a comma is missing before %q", selector, rest)
		}
		rest = strings.TrimPrefix(rest, ",")
	}
	return nil
}
