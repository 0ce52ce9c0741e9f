package plugin

import (
	"context"
	"strings"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/backend/instancemgmt"
	"github.com/grafana/grafana-plugin-sdk-go/backend/resource/httpadapter"

	"github.com/temporal-sre/copilot/pkg/plugin/answer"
	"github.com/temporal-sre/copilot/pkg/plugin/live"
	"github.com/temporal-sre/copilot/pkg/plugin/view"
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

// checker knows whether the store can be read at all.
type checker interface {
	Check(ctx context.Context) (store.Health, error)
}

// reader is everything that a data source needs of the store.
type reader interface {
	live.Store
	view.Store
	checker
	feedbackWriter
	Close()
}

// Datasource is one configured data source: an instance that lives until its settings change.
type Datasource struct {
	backend.CallResourceHandler

	store   reader
	views   view.Reader
	answers answer.Answers
	feed    *live.Feed
	now     func() time.Time
	secrets []string
}

// New makes a data source from its settings. It does not dial, and settings that can't work are no
// error here either: an error would reach only the first query of a request, and no panel beside it.
// Whoever asks the data source gets the reason instead.
func New(ctx context.Context, s backend.DataSourceInstanceSettings) (instancemgmt.Instance, error) {
	parsed, err := parseSettings(s)
	if err != nil {
		return newDatasource(s.UID, failingStore{err}, parsed, time.Now), nil
	}
	if parsed.store.Dial, err = throughProxy(ctx, s, parsed.proxied); err != nil {
		return newDatasource(s.UID, failingStore{err}, parsed, time.Now), nil
	}
	opened, err := store.Open(ctx, parsed.store)
	if err != nil {
		return newDatasource(s.UID, failingStore{err}, parsed, time.Now), nil
	}
	return newDatasource(s.UID, opened, parsed, time.Now), nil
}

func newDatasource(uid string, r reader, s settings, now func() time.Time) *Datasource {
	views := view.Reader{Store: r, Now: now}
	d := &Datasource{store: r, views: views, answers: answer.Answers{Views: views, UID: uid, Links: s.links}, feed: live.NewFeed(r, s.poll), now: now, secrets: s.secrets}
	d.CallResourceHandler = httpadapter.New(d.resources())
	return d
}

// Dispose ends the streams and closes the connections. Grafana calls it a few seconds after it has
// replaced the instance.
func (d *Datasource) Dispose() {
	d.feed.Close()
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
