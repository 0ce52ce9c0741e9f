package frames

import (
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/temporal-sre/copilot/pkg/explain"
	"github.com/temporal-sre/copilot/pkg/plugin/query"
	"github.com/temporal-sre/copilot/pkg/plugin/view"
	"github.com/temporal-sre/copilot/pkg/store"
)

// usageUnits are the titles and Grafana's units of what is summed up over time.
var usageUnits = map[query.Measure]struct{ title, unit string }{
	query.MeasureTokens:  {"Tokens", "short"},
	query.MeasureCalls:   {"Calls", "short"},
	query.MeasureDollars: {"Cost", "currencyUSD"},
}

// Usage are the sums of a measure over time. Without any call there is one series without points.
func Usage(all []view.UsageSeries, begins []time.Time, m query.Measure) data.Frames {
	about := usageUnits[m]
	if len(all) == 0 {
		return data.Frames{NoSeries(string(m), inUnit(about.title, about.unit))}
	}
	var drawn data.Frames
	for _, u := range all {
		labels, title := data.Labels{"cluster": u.Cluster}, about.title+" · "+u.Cluster
		if u.Model != "" {
			labels["model"], labels["purpose"] = u.Model, u.Purpose
			title = u.Model + " " + u.Purpose + " · " + u.Cluster
		}
		drawn = append(drawn, series(string(m), labels, inUnit(title, about.unit), begins, u.Sums))
	}
	return drawn
}

// UsageTable sums up the time range for each model and purpose.
func UsageTable(rows []store.Usage) *data.Frame {
	text := func(name, title string, value func(store.Usage) string) *data.Field {
		return column(name, titled(title), rows, value)
	}
	amount := func(name, title, unit string, value func(store.Usage) float64) *data.Field {
		return column(name, inUnit(title, unit), rows, value)
	}
	return table("usage",
		text("cluster", "Cluster", func(u store.Usage) string { return u.Cluster }),
		text("model", "Model", func(u store.Usage) string { return u.Model }),
		text("purpose", "Purpose", func(u store.Usage) string { return u.Purpose }),
		amount("dollars", "Cost", "currencyUSD", func(u store.Usage) float64 { return u.Dollars }),
		amount("calls", "Calls", "short", func(u store.Usage) float64 { return float64(u.Calls) }),
		amount("failures", "Failed", "short", func(u store.Usage) float64 { return float64(u.Failures) }),
		amount("tokens", "Tokens", "short", view.Tokens),
		amount("input_tokens", "Input", "short", func(u store.Usage) float64 { return float64(u.InputTokens) }),
		amount("output_tokens", "Output", "short", func(u store.Usage) float64 { return float64(u.OutputTokens) }),
		amount("cache_reads", "Read from cache", "short", func(u store.Usage) float64 { return float64(u.CacheReads) }),
		amount("cache_writes", "Written to cache", "short", func(u store.Usage) float64 { return float64(u.CacheWrites) }),
	)
}

// Budget tells what all clusters together spent today and may spend, in one row. An alert rule gets the share
// that is spent; it is null without a budget.
func Budget(rows []store.Budget, forAlert bool) *data.Frame {
	share := column("share", shareConfig("Budget spent").SetMax(1), rows, spentShare)
	share.Config.Thresholds = steps(green, step{0.8, yellow}, step{1, red})
	if forAlert {
		return numbers("budget", share)
	}
	limit := func(x float64) *float64 {
		if x <= 0 {
			return nil
		}
		return new(x)
	}
	amount := func(name, title, unit string, value func(store.Budget) *float64) *data.Field {
		config := inUnit(title, unit)
		config.NoValue = "no limit"
		return column(name, config, rows, value)
	}
	return typed("budget", data.FrameTypeTable,
		column("provider", titled("Provider"), rows, func(b store.Budget) string { return b.Provider }),
		share,
		column("paused", modelsConfig(), rows, func(b store.Budget) *float64 {
			if b.Provider == explain.MadeByRules {
				return nil
			}
			return view.OneIf(paused(b))
		}),
		amount("dollars", "Spent today", "currencyUSD", func(b store.Budget) *float64 { return new(b.Spent.Dollars) }),
		amount("dollars_per_day", "Dollars a day", "currencyUSD", func(b store.Budget) *float64 { return limit(b.DollarsPerDay) }),
		amount("tokens", "Tokens today", "short", func(b store.Budget) *float64 { return new(float64(b.Spent.Tokens)) }),
		amount("tokens_per_day", "Tokens a day", "short", func(b store.Budget) *float64 { return limit(float64(b.TokensPerDay)) }),
		amount("calls", "Calls today", "short", func(b store.Budget) *float64 { return new(float64(b.Spent.Calls)) }),
		column("since", inUnit("Day begins", "dateTimeAsIso"), rows, func(b store.Budget) *time.Time { return view.Moment(b.Since) }),
	)
}

// modelsConfig shows whether models are asked; null is a worker that has none.
func modelsConfig() *data.FieldConfig {
	config := flagConfig("Models", "asked", green, "paused", red)
	config.Mappings[1] = nullIs("none")
	return config
}

// spentShare is how much of the tighter limit is spent; nil without a limit.
func spentShare(b store.Budget) *float64 {
	var share *float64
	if b.DollarsPerDay > 0 {
		share = new(b.Spent.Dollars / b.DollarsPerDay)
	}
	if b.TokensPerDay > 0 {
		of := float64(b.Spent.Tokens) / float64(b.TokensPerDay)
		if share == nil || of > *share {
			share = &of
		}
	}
	return share
}

// paused: a limit is reached, so that no model is asked until the day ends.
func paused(b store.Budget) bool {
	share := spentShare(b)
	return share != nil && *share >= 1
}
