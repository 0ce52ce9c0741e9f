package query

import (
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAVariableAtAllFiltersNothing(t *testing.T) {
	for _, all := range []string{"$__all", "*", ".*", ".+"} {
		q, err := Parse(backend.DataQuery{JSON: []byte(`{"queryType": "signals", "clusters": ["` + all + `"], "signals": ["` + all + `"], "services": ["history", "` + all + `"]}`)}, false)
		require.NoError(t, err, all)
		assert.Empty(t, q.Clusters)
		assert.Empty(t, q.Signals)
		assert.Empty(t, q.Services)
	}
}

func TestALongRangeIsAnsweredWithWhatThereIs(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct{ from, want time.Time }{
		"the last five years": {now.AddDate(-5, 0, 0), now.AddDate(-5, 0, 0)},
		"since 1970":          {time.Unix(0, 0), now.Add(-longestHistory)},
	} {
		t.Run(name, func(t *testing.T) {
			q, err := Parse(backend.DataQuery{QueryType: "timeline", TimeRange: backend.TimeRange{From: c.from, To: now}}, false)
			require.NoError(t, err)
			assert.Equal(t, c.want, q.From)
			assert.Equal(t, now, q.To)
		})
	}
}
