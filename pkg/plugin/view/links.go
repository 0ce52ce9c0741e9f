package view

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/temporal-sre/copilot/pkg/telemetry/logs"
)

// Links are the places outside of the plugin that hold the raw evidence. An empty one has no links.
type Links struct {
	// LokiUID is the uid of the Grafana data source that holds the logs of the clusters.
	LokiUID string
	// LokiSelector selects the log streams of a cluster: ${cluster} stands for its name.
	LokiSelector string
	// TemporalUI is the address of the Temporal web interface, without a slash at its end: ${cluster} stands for the name of
	// a cluster.
	TemporalUI string
}

const clusterVariable = "${cluster}"

// Validate says what of the links can't work.
func (l Links) Validate() error {
	var errs []error
	if l.LokiUID == "" != (l.LokiSelector == "") {
		errs = append(errs, errors.New(`lokiUid and lokiSelector belong together: choose a data source, and a selector such as {cluster="${cluster}"}`))
	}
	if s := l.LokiSelector; s != "" && !(strings.HasPrefix(s, "{") && strings.HasSuffix(s, "}")) {
		errs = append(errs, fmt.Errorf(`lokiSelector is %q: it is a selector of log streams such as {cluster="${cluster}"}`, s))
	}
	if l.TemporalUI != "" {
		if u, err := url.Parse(strings.ReplaceAll(l.TemporalUI, clusterVariable, "x")); err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") {
			errs = append(errs, errors.New("temporalUiUrl is no address: write it like https://temporal.example.com"))
		} else if u.User != nil {
			errs = append(errs, errors.New("temporalUiUrl holds a user or a password: viewers would see it"))
		}
	}
	return errors.Join(errs...)
}

// pane is a pane of Explore.
type pane struct {
	Datasource string         `json:"datasource"`
	Queries    []exploreQuery `json:"queries"`
	Range      timeSpan       `json:"range"`
}

type exploreQuery struct {
	RefID      string            `json:"refId"`
	Datasource map[string]string `json:"datasource"`
	Expr       string            `json:"expr"`
	QueryType  string            `json:"queryType"`
}

type timeSpan struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// Lines is the address in Grafana of the log lines of a pattern in a time range; empty without a data source for logs.
// Lines of an operator's own pattern, whose expression only the worker knows, are not told from the others.
func (l Links) Lines(cluster, pattern string, from, to time.Time) string {
	if l.LokiUID == "" {
		return ""
	}
	expr := strings.ReplaceAll(l.LokiSelector, clusterVariable, escaped(cluster))
	table := logs.Patterns()
	if i := slices.IndexFunc(table, func(p logs.Pattern) bool { return p.ID == pattern }); i >= 0 {
		expr += " |~ " + strconv.Quote("(?i)(?:"+table[i].Expression+")")
	}
	panes, err := json.Marshal(map[string]pane{"copilot": {
		Datasource: l.LokiUID,
		Queries:    []exploreQuery{{"A", map[string]string{"type": "loki", "uid": l.LokiUID}, expr, "range"}},
		Range:      timeSpan{strconv.FormatInt(from.UnixMilli(), 10), strconv.FormatInt(to.UnixMilli(), 10)},
	}})
	if err != nil {
		return "" // strings always marshal
	}
	return "/explore?schemaVersion=1&panes=" + url.QueryEscape(string(panes))
}

// escaped is a name within a quoted string of LogQL.
func escaped(name string) string {
	quoted := strconv.Quote(name)
	return quoted[1 : len(quoted)-1]
}

// TaskQueue is the address of a task queue in the Temporal web interface; empty without one.
func (l Links) TaskQueue(cluster, namespace, queue string) string {
	if l.TemporalUI == "" || namespace == "" || queue == "" {
		return ""
	}
	return fmt.Sprintf("%s/namespaces/%s/task-queues/%s", l.ui(cluster), url.PathEscape(namespace), url.PathEscape(queue))
}

// Workflows is the address of the workflows of a task queue that run; empty without a Temporal web interface.
func (l Links) Workflows(cluster, namespace, queue string) string {
	if l.TemporalUI == "" || namespace == "" || queue == "" {
		return ""
	}
	query := fmt.Sprintf(`TaskQueue=%s AND ExecutionStatus="Running"`, strconv.Quote(queue))
	return fmt.Sprintf("%s/namespaces/%s/workflows?query=%s", l.ui(cluster), url.PathEscape(namespace), url.QueryEscape(query))
}

func (l Links) ui(cluster string) string {
	return strings.TrimRight(strings.ReplaceAll(l.TemporalUI, clusterVariable, url.PathEscape(cluster)), "/")
}
