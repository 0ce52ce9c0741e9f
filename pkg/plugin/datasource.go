package plugin

import (
	"context"
	"strings"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/backend/instancemgmt"
	"github.com/grafana/grafana-plugin-sdk-go/backend/resource/httpadapter"

	"github.com/temporal-sre/copilot/pkg/store"
)

// ID is the plugin's id, as in plugin.json.
const ID = "temporalsre-copilot-datasource"

var (
	_ backend.QueryDataHandler      = (*Datasource)(nil)
	_ backend.CheckHealthHandler    = (*Datasource)(nil)
	_ backend.CallResourceHandler   = (*Datasource)(nil)
	_ backend.StreamHandler         = (*Datasource)(nil)
	_ instancemgmt.InstanceDisposer = (*Datasource)(nil)
)

// nowReader knows how clusters are now.
type nowReader interface {
	Statuses(ctx context.Context, clusters []string) ([]store.ClusterStatus, error)
}

// historyReader knows what was.
type historyReader interface {
	Spans(ctx context.Context, clusters []string, from, to time.Time) ([]store.Span, error)
	Series(ctx context.Context, q store.SeriesQuery) ([]store.Series, error)
	Events(ctx context.Context, q store.EventQuery) ([]store.Event, error)
}

// cursorReader knows cheaply whether anything is new, and what.
type cursorReader interface {
	nowReader
	Cursors(ctx context.Context) ([]store.Cursor, error)
	Events(ctx context.Context, q store.EventQuery) ([]store.Event, error)
	EventsAfter(ctx context.Context, cluster string, seq int64, limit int) ([]store.Event, error)
	Assessments(ctx context.Context, q store.AssessmentQuery) ([]store.Assessment, error)
}

// explanationReader knows what was explained, from which logs, and what models cost.
type explanationReader interface {
	LatestAssessments(ctx context.Context, clusters []string) ([]store.Assessment, error)
	Assessments(ctx context.Context, q store.AssessmentQuery) ([]store.Assessment, error)
	Issues(ctx context.Context, q store.IssueQuery) ([]store.Issue, error)
	LogStates(ctx context.Context, clusters []string) ([]store.LogState, error)
	LogPatterns(ctx context.Context, q store.LogQuery) ([]store.LogPattern, error)
	Usage(ctx context.Context, q store.UsageQuery) ([]store.Usage, error)
	LoadBudget(ctx context.Context) (store.Budget, bool, error)
}

// checker knows whether the store can be read at all.
type checker interface {
	Check(ctx context.Context) (store.Health, error)
}

// reader is everything that a data source needs of the store.
type reader interface {
	cursorReader
	historyReader
	explanationReader
	checker
	Close()
}

// Datasource is one configured data source: an instance that lives until its settings change.
type Datasource struct {
	backend.CallResourceHandler

	uid     string
	store   reader
	feed    *feed
	now     func() time.Time
	secrets []string
}

// New makes a data source from its settings. It does not dial, and settings that can't work are no
// error here either: an error would reach only the first query of a request, and no panel beside it.
// Whoever asks the data source gets the reason instead.
func New(ctx context.Context, s backend.DataSourceInstanceSettings) (instancemgmt.Instance, error) {
	parsed, err := parseSettings(s)
	if err != nil {
		return newDatasource(s.UID, unusable{err}, parsed, time.Now), nil
	}
	opened, err := store.Open(ctx, parsed.store)
	if err != nil {
		return newDatasource(s.UID, unusable{err}, parsed, time.Now), nil
	}
	return newDatasource(s.UID, opened, parsed, time.Now), nil
}

func newDatasource(uid string, r reader, s settings, now func() time.Time) *Datasource {
	d := &Datasource{uid: uid, store: r, feed: newFeed(r, s.poll, now), now: now, secrets: s.secrets}
	d.CallResourceHandler = httpadapter.New(d.resources())
	return d
}

// Dispose ends the streams and closes the connections. Grafana calls it a few seconds after it has
// replaced the instance.
func (d *Datasource) Dispose() {
	d.feed.close()
	d.store.Close()
}

// redact removes secrets from a text that leaves the plugin. Errors are not supposed to hold any;
// this makes sure of it.
func (d *Datasource) redact(text string) string {
	for _, secret := range d.secrets {
		text = strings.ReplaceAll(text, secret, "***")
	}
	return text
}
