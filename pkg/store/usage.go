package store

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
)

// ModelCall is the record of one call to a model.
type ModelCall struct {
	Cluster string
	// Assessment is the id of the assessment that it was made for. Number tells apart the calls of an assessment.
	Assessment string
	Number     int
	At         time.Time
	Model      string
	// Purpose is triage, research or repair.
	Purpose                                            string
	InputTokens, OutputTokens, CacheReads, CacheWrites int64
	// Dollars is the cost by the configured price.
	Dollars float64
	Took    time.Duration
	// Failure is empty when the call succeeded.
	Failure string
}

// UsageQuery asks for calls to models.
type UsageQuery struct {
	// Clusters to read. Empty means all.
	Clusters []string
	// From and To bound the time of the calls: From is included, To is not.
	From, To time.Time
	// Step sums up the calls of stretches of this length. 0 sums up the whole range.
	Step time.Duration
}

// Usage is the sum of the calls to a model for a purpose.
type Usage struct {
	Cluster string
	// At is the beginning of the step, or of the query's range.
	At                                                 time.Time
	Model, Purpose                                     string
	Calls, Failures                                    int64
	InputTokens, OutputTokens, CacheReads, CacheWrites int64
	Dollars                                            float64
}

// Spent is what all clusters used together.
type Spent struct {
	Calls, Tokens int64
	Dollars       float64
}

// Budget is what the worker may spend on models a day, and what it has spent today, for people to see.
// A zero limit is no limit.
type Budget struct {
	TokensPerDay  int64
	DollarsPerDay float64
	Spent         Spent
	// Since is the beginning of the day, in UTC.
	Since time.Time
	// Provider is rules, openai or bedrock.
	Provider string
}

// SaveModelCalls stores calls to models. Saving a call again changes nothing.
//
// ErrBadUsage says that repeating is of no use; the other errors are those of SaveCycles.
func (s *Store) SaveModelCalls(ctx context.Context, calls []ModelCall) error {
	const doing = "storing calls to models"
	for _, c := range calls {
		if err := c.check(); err != nil {
			return fmt.Errorf("%s: %w: call %d for assessment %q of cluster %q: %w", doing, ErrBadUsage, c.Number, c.Assessment, c.Cluster, err)
		}
	}
	for chunk := range slices.Chunk(calls, rowsPerWrite) {
		err := s.write(ctx, func(w *writes) {
			for _, c := range chunk {
				w.Queue(insertModelCall, c.Cluster, c.Assessment, int64(c.Number), stored(c.At), text(c.Model), text(c.Purpose),
					c.InputTokens, c.OutputTokens, c.CacheReads, c.CacheWrites, c.Dollars, c.Took.Milliseconds(), text(c.Failure))
			}
		})
		if err != nil {
			return fmt.Errorf("%s: %w", doing, readOnly(err))
		}
	}
	return nil
}

func (c ModelCall) check() error {
	err := errors.Join(checkName("the cluster's name", c.Cluster), checkName("the assessment's id", c.Assessment), checkTime("its time", c.At))
	switch {
	case err != nil:
		return err
	case c.Number < 0 || c.Number > math.MaxInt32:
		return fmt.Errorf("its number is %d, not 0 to %d", c.Number, math.MaxInt32)
	case min(c.InputTokens, c.OutputTokens, c.CacheReads, c.CacheWrites) < 0:
		return errors.New("it used less than no tokens")
	case !(c.Dollars >= 0 && c.Dollars <= math.MaxFloat64):
		return fmt.Errorf("it cost %v dollars", c.Dollars)
	}
	return nil
}

const insertModelCall = `insert into copilot.model_calls (cluster, assessment, number, at, model, purpose, input_tokens, output_tokens,
		cache_reads, cache_writes, dollars, took_ms, failure)
	values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) on conflict (cluster, assessment, number) do nothing`

// Usage returns what the calls of a range used, summed up by cluster, step, model and purpose and sorted by step,
// cluster, model and purpose.
func (s *Store) Usage(ctx context.Context, q UsageQuery) ([]Usage, error) {
	const doing = "reading the use of models"
	if err := checkRange(q.From, q.To, q.Step); err != nil {
		return nil, fmt.Errorf("%s: %w", doing, err)
	}
	from := stored(q.From)
	var where conditions
	where.and("at >= %s", from)
	where.and("at < %s", stored(q.To))
	where.in("cluster", q.Clusters)
	filter := where.sql()
	sql := fmt.Sprintf(`select cluster, %s as bucket, model, purpose, count(*), count(*) filter (where failure <> ''), sum(input_tokens)::bigint,
			sum(output_tokens)::bigint, sum(cache_reads)::bigint, sum(cache_writes)::bigint, sum(dollars)
		from copilot.model_calls%s group by cluster, bucket, model, purpose order by bucket, cluster, model, purpose`, where.step(q.Step), filter)
	return readAll(ctx, s, doing, sql, where.args, func(row pgx.CollectableRow) (Usage, error) {
		u := Usage{At: from}
		var bucket int64
		err := row.Scan(&u.Cluster, &bucket, &u.Model, &u.Purpose, &u.Calls, &u.Failures, &u.InputTokens, &u.OutputTokens, &u.CacheReads,
			&u.CacheWrites, &u.Dollars)
		if q.Step > 0 {
			u.At = bucketStart(bucket, q.Step)
		}
		return u, err
	})
}

// Spent sums up what all clusters used since a time. Tokens are those that went in and came out, and those that were
// read from or written to a cache.
func (s *Store) Spent(ctx context.Context, since time.Time) (Spent, error) {
	sums, err := readAll(ctx, s, "reading what was spent on models",
		`select count(*), coalesce(sum(input_tokens + output_tokens + cache_reads + cache_writes), 0)::bigint, coalesce(sum(dollars), 0)
			from copilot.model_calls where at >= $1`, []any{stored(since)},
		func(row pgx.CollectableRow) (Spent, error) {
			var sum Spent
			err := row.Scan(&sum.Calls, &sum.Tokens, &sum.Dollars)
			return sum, err
		})
	if err != nil {
		return Spent{}, err
	}
	return sums[0], nil
}

// SaveBudget stores what the worker may spend, for LoadBudget to tell. Spent and Since are not read.
func (s *Store) SaveBudget(ctx context.Context, b Budget) error {
	const doing = "storing the budget for models"
	if b.TokensPerDay < 0 || !(b.DollarsPerDay >= 0 && b.DollarsPerDay <= math.MaxFloat64) {
		return fmt.Errorf("%s: %w: %d tokens and %v dollars a day: a limit is 0, for none, or above it", doing, ErrBadUsage, b.TokensPerDay, b.DollarsPerDay)
	}
	err := s.write(ctx, func(w *writes) {
		w.Queue(upsertBudget, time.Now(), b.TokensPerDay, b.DollarsPerDay, text(b.Provider))
	})
	if err != nil {
		return fmt.Errorf("%s: %w", doing, readOnly(err))
	}
	return nil
}

const upsertBudget = `insert into copilot.model_budget (id, saved_at, tokens_per_day, dollars_per_day, provider) values (1, $1, $2, $3, $4)
	on conflict (id) do update set saved_at = excluded.saved_at, tokens_per_day = excluded.tokens_per_day,
		dollars_per_day = excluded.dollars_per_day, provider = excluded.provider`

// LoadBudget returns what the worker may spend and what was spent since the day began, in UTC, and false when no
// worker has told yet.
func (s *Store) LoadBudget(ctx context.Context) (Budget, bool, error) {
	budgets, err := readAll(ctx, s, "reading the budget for models", `select tokens_per_day, dollars_per_day, provider from copilot.model_budget where id = 1`, nil,
		func(row pgx.CollectableRow) (Budget, error) {
			var b Budget
			err := row.Scan(&b.TokensPerDay, &b.DollarsPerDay, &b.Provider)
			return b, err
		})
	if err != nil || len(budgets) == 0 {
		return Budget{}, false, err
	}
	b := budgets[0]
	b.Since = time.Now().UTC().Truncate(24 * time.Hour)
	b.Spent, err = s.Spent(ctx, b.Since)
	return b, err == nil, err
}
