package plugin

import (
	"context"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/temporal-sre/copilot/pkg/explain"
	"github.com/temporal-sre/copilot/pkg/store"
)

// usageMeasure is a number of the use of models.
type usageMeasure struct {
	title, unit string
	of          func(store.Usage) float64
}

// answerUsage tells what the calls to models took, over time or summed up, or how much of the day's budget is left.
func answerUsage(ctx context.Context, d *Datasource, a ask) (data.Frames, error) {
	known, lacking, err := d.knownClusters(ctx, a.clusters)
	if err != nil {
		return nil, err
	}
	switch a.measure {
	case measureBudget:
		return d.budget(ctx, known, a, lacking)
	case measureTable:
		return d.usageTable(ctx, a, lacking)
	case measureTokens:
		return d.usageOverTime(ctx, known, a, lacking, usageMeasure{"Tokens", "short", tokens})
	case measureCalls:
		return d.usageOverTime(ctx, known, a, lacking, usageMeasure{"Calls", "short", func(u store.Usage) float64 { return float64(u.Calls) }})
	default:
		return d.usageOverTime(ctx, known, a, lacking, usageMeasure{"Cost", "currencyUSD", func(u store.Usage) float64 { return u.Dollars }})
	}
}

func tokens(u store.Usage) float64 {
	return float64(u.InputTokens + u.OutputTokens + u.CacheReads + u.CacheWrites)
}

// user is who used a model, and for what.
type user struct{ cluster, model, purpose string }

// usageOverTime sums up a measure in each step, 0 where nothing was called: every call is recorded. An alert
// rule gets one series a cluster: models come and go.
func (d *Datasource) usageOverTime(ctx context.Context, known []string, a ask, lacking notices, m usageMeasure) (data.Frames, error) {
	step := stepFor(a.from, a.to, a.points)
	from := a.from.Truncate(step)
	stored, err := d.store.Usage(ctx, store.UsageQuery{Clusters: a.clusters, From: from, To: a.to, Step: step})
	if err != nil {
		return nil, err
	}
	begins := grid(from, earlier(a.to, d.now()), step)
	if len(begins) == 0 {
		begins = []time.Time{from.UTC()}
	}
	at := map[int64]int{}
	for i, begin := range begins {
		at[begin.Unix()] = i
	}
	var users []user
	sums := map[user][]*float64{}
	add := func(u user, i int, amount float64) {
		if sums[u] == nil {
			users = append(users, u)
			sums[u] = make([]*float64, len(begins))
			for i := range begins {
				sums[u][i] = new(0.0)
			}
		}
		*sums[u][i] += amount
	}
	if a.forAlert {
		for _, cluster := range known {
			add(user{cluster: cluster}, 0, 0)
		}
	}
	for _, u := range stored {
		who := user{u.Cluster, u.Model, u.Purpose}
		if a.forAlert {
			who = user{cluster: u.Cluster}
		}
		if i, ok := at[u.At.Truncate(step).Unix()]; ok {
			add(who, i, m.of(u))
		}
	}
	var frames data.Frames
	for _, u := range users {
		frames = append(frames, series(string(a.measure), u.labels(), inUnit(u.title(m), m.unit), begins, sums[u]))
	}
	if len(frames) == 0 {
		frames = data.Frames{noSeries(string(a.measure), inUnit(m.title, m.unit))}
		if len(known) > 0 {
			lacking.inform("No model was called in this time range: the rules wrote every assessment.")
		}
	}
	return lacking.on(frames), nil
}

func (u user) labels() data.Labels {
	labels := data.Labels{"cluster": u.cluster}
	if u.model != "" {
		labels["model"], labels["purpose"] = u.model, u.purpose
	}
	return labels
}

func (u user) title(m usageMeasure) string {
	if u.model == "" {
		return m.title + " · " + u.cluster
	}
	return u.model + " " + u.purpose + " · " + u.cluster
}

// usageTable sums up the time range for each model and purpose.
func (d *Datasource) usageTable(ctx context.Context, a ask, lacking notices) (data.Frames, error) {
	rows, err := d.store.Usage(ctx, store.UsageQuery{Clusters: a.clusters, From: a.from, To: a.to})
	if err != nil {
		return nil, err
	}
	text := func(name, title string, value func(store.Usage) string) *data.Field {
		return column(name, titled(title), rows, value)
	}
	amount := func(name, title, unit string, value func(store.Usage) float64) *data.Field {
		return column(name, inUnit(title, unit), rows, value)
	}
	frame := typed("usage", data.FrameTypeTable,
		text("cluster", "Cluster", func(u store.Usage) string { return u.Cluster }),
		text("model", "Model", func(u store.Usage) string { return u.Model }),
		text("purpose", "Purpose", func(u store.Usage) string { return u.Purpose }),
		amount("dollars", "Cost", "currencyUSD", func(u store.Usage) float64 { return u.Dollars }),
		amount("calls", "Calls", "short", func(u store.Usage) float64 { return float64(u.Calls) }),
		amount("failures", "Failed", "short", func(u store.Usage) float64 { return float64(u.Failures) }),
		amount("tokens", "Tokens", "short", tokens),
		amount("input_tokens", "Input", "short", func(u store.Usage) float64 { return float64(u.InputTokens) }),
		amount("output_tokens", "Output", "short", func(u store.Usage) float64 { return float64(u.OutputTokens) }),
		amount("cache_reads", "Read from cache", "short", func(u store.Usage) float64 { return float64(u.CacheReads) }),
		amount("cache_writes", "Written to cache", "short", func(u store.Usage) float64 { return float64(u.CacheWrites) }),
	)
	frame.Meta.PreferredVisualization = data.VisTypeTable
	return lacking.on(data.Frames{frame}), nil
}

// budget tells what all clusters together spent today and may spend, in one row. An alert rule gets the share
// that is spent; it is null without a budget.
func (d *Datasource) budget(ctx context.Context, known []string, a ask, lacking notices) (data.Frames, error) {
	b, ok, err := d.store.LoadBudget(ctx)
	if err != nil {
		return nil, err
	}
	var rows []store.Budget
	if ok {
		rows = append(rows, b)
	} else if len(known) > 0 {
		lacking.warn("The worker has not said yet what it may spend on models: check that a worker of this version runs.")
	}
	share := column("share", shareConfig("Budget spent").SetMax(1), rows, spentShare)
	share.Config.Thresholds = steps(green, step{0.8, yellow}, step{1, red})
	if a.forAlert {
		return data.Frames{numbers("budget", share)}, nil
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
	frame := typed("budget", data.FrameTypeTable,
		column("provider", titled("Provider"), rows, func(b store.Budget) string { return b.Provider }),
		share,
		column("paused", modelsConfig(), rows, func(b store.Budget) *float64 {
			if b.Provider == explain.MadeByRules {
				return nil
			}
			return oneIf(paused(b))
		}),
		amount("dollars", "Spent today", "currencyUSD", func(b store.Budget) *float64 { return new(b.Spent.Dollars) }),
		amount("dollars_per_day", "Dollars a day", "currencyUSD", func(b store.Budget) *float64 { return limit(b.DollarsPerDay) }),
		amount("tokens", "Tokens today", "short", func(b store.Budget) *float64 { return new(float64(b.Spent.Tokens)) }),
		amount("tokens_per_day", "Tokens a day", "short", func(b store.Budget) *float64 { return limit(float64(b.TokensPerDay)) }),
		amount("calls", "Calls today", "short", func(b store.Budget) *float64 { return new(float64(b.Spent.Calls)) }),
		column("since", inUnit("Day begins", "dateTimeAsIso"), rows, func(b store.Budget) *time.Time { return moment(b.Since) }),
	)
	return lacking.on(data.Frames{frame}), nil
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
