package plugin

import (
	"flag"
	"os"
	"testing"
	"time"

	"github.com/temporal-sre/copilot/internal/story"
	"github.com/temporal-sre/copilot/pkg/store"
)

func TestMain(m *testing.M) {
	flag.Parse()
	if f := flag.Lookup("rapid.checks"); f != nil && f.Value.String() == f.DefValue {
		_ = f.Value.Set("1000")
	}
	os.Exit(story.Run(m))
}

// newTestDatasource puts a data source on a store, at a fixed time.
func newTestDatasource(t testing.TB, s *store.Store, now time.Time) *Datasource {
	t.Helper()
	d := newDatasource("copilot", s, settings{poll: shortestPoll}, func() time.Time { return now })
	t.Cleanup(d.feed.Close)
	return d
}
