package view

import (
	"context"
	"time"

	"github.com/temporal-sre/copilot/pkg/plugin/query"
	"github.com/temporal-sre/copilot/pkg/store"
)

// usageAmounts are the numbers of the use of models that are summed up over time.
var usageAmounts = map[query.Measure]func(store.Usage) float64{
	query.MeasureTokens:  Tokens,
	query.MeasureCalls:   func(u store.Usage) float64 { return float64(u.Calls) },
	query.MeasureDollars: func(u store.Usage) float64 { return u.Dollars },
}

// Tokens are all tokens of calls, in and out, cached ones included.
func Tokens(u store.Usage) float64 {
	return float64(u.InputTokens + u.OutputTokens + u.CacheReads + u.CacheWrites)
}

// UsageSeries is what the calls of a cluster to a model, for one purpose, took in each step of a time range.
type UsageSeries struct {
	// model and purpose are empty where a series holds all of a cluster's.
	Cluster, Model, Purpose string
	Sums                    []*float64
}

// Usage sums up a measure in each step, 0 where nothing was called: every call is recorded. An alert
// rule gets one series for each known cluster: models come and go.
func (d Reader) Usage(ctx context.Context, known []string, a query.Query) ([]UsageSeries, []time.Time, error) {
	step := StepFor(a.From, a.To, a.Points)
	from := a.From.Truncate(step)
	stored, err := d.Store.Usage(ctx, store.UsageQuery{Clusters: a.Clusters, From: from, To: a.To, Step: step})
	if err != nil {
		return nil, nil, err
	}
	begins := grid(from, Earlier(a.To, d.Now()), step)
	if len(begins) == 0 {
		begins = []time.Time{from.UTC()}
	}
	at := map[int64]int{}
	for i, begin := range begins {
		at[begin.Unix()] = i
	}
	var all []UsageSeries
	// of finds the series, or begins it.
	of := func(cluster, model, purpose string) UsageSeries {
		for _, u := range all {
			if u.Cluster == cluster && u.Model == model && u.Purpose == purpose {
				return u
			}
		}
		u := UsageSeries{cluster, model, purpose, make([]*float64, len(begins))}
		for i := range begins {
			u.Sums[i] = new(0.0)
		}
		all = append(all, u)
		return u
	}
	if a.ForAlert {
		for _, cluster := range known {
			of(cluster, "", "")
		}
	}
	for _, u := range stored {
		if a.ForAlert {
			u.Model, u.Purpose = "", ""
		}
		if i, ok := at[u.At.Truncate(step).Unix()]; ok {
			*of(u.Cluster, u.Model, u.Purpose).Sums[i] += usageAmounts[a.Measure](u)
		}
	}
	return all, begins, nil
}
