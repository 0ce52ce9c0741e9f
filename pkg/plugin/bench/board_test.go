package bench

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/stretchr/testify/require"

	"github.com/temporal-sre/copilot/pkg/health"
	"github.com/temporal-sre/copilot/pkg/plugin"
	"github.com/temporal-sre/copilot/pkg/plugin/query"
)

// board is what is read of a bundled dashboard to ask what Grafana asks for it.
type board struct {
	Panels      []boardPanel
	Templating  struct{ List []boardVariable }
	Annotations struct {
		List []struct {
			Name       string
			Datasource struct{ Type string }
			Target     map[string]any
		}
	}
}

type boardPanel struct {
	Type, Title   string
	Datasource    struct{ Type string }
	Targets       []map[string]any
	MaxDataPoints int64
	Interval      string
	// Panels are those in a collapsed row.
	Panels []boardPanel
}

type boardVariable struct {
	Name, Type string
	// Query is a text, or the object that this plugin's variables have.
	Query any
}

// boardQuestion is one thing that Grafana asks the plugin when the dashboard opens: a query, or a resource for a
// variable's values.
type boardQuestion struct {
	name     string
	query    backend.DataQuery
	resource string
}

func readBoard(b testing.TB, file string) board {
	b.Helper()
	raw, err := os.ReadFile(file)
	require.NoError(b, err)
	var read board
	require.NoError(b, json.Unmarshal(raw, &read))
	return read
}

// questions are those of all panels, variables and annotations, also of those that are switched off or folded away
// at first, on a screen on which a panel is a thousand points wide. Of the variables, those that list clusters
// have the given ones, and all others every value that they may have.
func (d board) questions(b testing.TB, clusters []string, r backend.TimeRange) []boardQuestion {
	b.Helper()
	var all []boardQuestion
	values := map[string][]string{}
	for _, v := range d.Templating.List {
		values[v.Name] = v.values(b, clusters)
		if source := v.source(); source == "clusters" || source == "signals" {
			all = append(all, boardQuestion{name: "variable " + v.Name, resource: source})
		}
	}
	ask := func(name string, target map[string]any, points int64, shortest time.Duration) {
		kind, _ := target["queryType"].(string)
		raw, err := json.Marshal(replaced(target, values))
		require.NoError(b, err)
		q := backend.DataQuery{RefID: fmt.Sprint(target["refId"]), QueryType: kind, MaxDataPoints: points, TimeRange: r, JSON: raw}
		q.Interval = max(r.Duration()/time.Duration(points), shortest)
		all = append(all, boardQuestion{name: fmt.Sprintf("%s: %s", name, kind), query: q})
	}
	var walk func([]boardPanel)
	walk = func(panels []boardPanel) {
		for _, p := range panels {
			walk(p.Panels)
			for _, target := range p.Targets {
				if p.Datasource.Type != plugin.ID {
					continue // what another panel has asked for
				}
				var shortest time.Duration
				if p.Interval != "" {
					var err error
					shortest, err = time.ParseDuration(strings.TrimPrefix(p.Interval, ">"))
					require.NoError(b, err, p.Title)
				}
				points := p.MaxDataPoints
				if points == 0 {
					points = 1000
				}
				ask(p.Title, target, points, shortest)
			}
		}
	}
	walk(d.Panels)
	for _, a := range d.Annotations.List {
		if a.Datasource.Type == plugin.ID {
			ask("annotation "+a.Name, a.Target, 1000, 0)
		}
	}
	require.NotEmpty(b, all)
	return all
}

func (v boardVariable) source() string {
	query, _ := v.Query.(map[string]any)
	source, _ := query["source"].(string)
	return source
}

// values are all values of a variable.
func (v boardVariable) values(b testing.TB, clusters []string) []string {
	b.Helper()
	switch source := v.source(); {
	case v.Type == "datasource":
		return []string{"copilot"}
	case source == "clusters":
		return clusters
	case source == "signals":
		var all []string
		for _, s := range health.Signals() {
			all = append(all, string(s.ID))
		}
		return all
	case source == "services":
		return query.PlainNames(append(health.Services(), health.Cluster))
	case source == "states":
		all := []string{health.Unknown.String()}
		for _, s := range health.States() {
			all = append(all, s.String())
		}
		return all
	case source == "severities":
		return query.PlainNames(query.Values(query.Severities))
	case v.Type == "custom":
		var all []string
		for _, option := range strings.Split(fmt.Sprint(v.Query), ",") {
			_, value, named := strings.Cut(option, ":")
			if !named {
				value = option
			}
			all = append(all, strings.TrimSpace(value))
		}
		return all
	}
	require.Failf(b, "unknown variable", "what values has variable %q?", v.Name)
	return nil
}

// replaced puts the values of variables into the lists of a query, as the front end does.
func replaced(target map[string]any, values map[string][]string) map[string]any {
	query := map[string]any{}
	for field, value := range target {
		list, ok := value.([]any)
		if !ok {
			query[field] = value
			continue
		}
		texts := []string{}
		for _, entry := range list {
			name, variable := strings.CutPrefix(strings.NewReplacer("{", "", "}", "").Replace(fmt.Sprint(entry)), "$")
			if variable {
				texts = append(texts, values[name]...)
			} else {
				texts = append(texts, name)
			}
		}
		query[field] = slices.Compact(texts)
	}
	return query
}
