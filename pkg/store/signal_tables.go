package store

import (
	"fmt"
	"strings"
	"time"

	"github.com/temporal-sre/copilot/pkg/health"
	"github.com/temporal-sre/copilot/pkg/store/schema"
)

// rollupSteps are the lengths of the buckets that are kept beside the cycles themselves. A month is 8,640
// buckets of five minutes or 720 of an hour, instead of 86,400 cycles.
var rollupSteps = []time.Duration{5 * time.Minute, time.Hour}

var (
	insertSnapshot = func() string {
		names, places := signalColumns(3)
		return fmt.Sprintf(`insert into copilot.snapshots (cluster, at, %s) values ($1, $2, %s) on conflict (cluster, at) do nothing`,
			names, places)
	}()

	// upsertRollup keeps the worst of what is there and what comes, so that a value may come twice. greatest and
	// least skip NULL: unknown is not worse than known.
	upsertRollup = func() string {
		names, places := signalColumns(4)
		var set []string
		for _, signal := range health.Signals() {
			name := schema.Column(signal.ID)
			worst := "greatest"
			if signal.Worse == health.LowerIsWorse {
				worst = "least"
			}
			set = append(set, fmt.Sprintf("%s = %s(r.%s, excluded.%s)", name, worst, name, name))
		}
		return fmt.Sprintf(`insert into copilot.rollups as r (cluster, step_sec, at, %s) values ($1, $2, $3, %s)
			on conflict (cluster, step_sec, at) do update set %s`, names, places, strings.Join(set, ", "))
	}()
)

// signalColumns lists the columns of all signals, and placeholders for them that begin with $first.
func signalColumns(first int) (names, places string) {
	var columns, params []string
	for i, signal := range health.Signals() {
		columns = append(columns, schema.Column(signal.ID))
		params = append(params, fmt.Sprintf("$%d", first+i))
	}
	return strings.Join(columns, ", "), strings.Join(params, ", ")
}

// worstOf is the aggregate that keeps a bucket's worst value. Neutral signals keep their peak.
func worstOf(signal health.Signal) string {
	if signal.Worse == health.LowerIsWorse {
		return "min"
	}
	return "max"
}

func anys[T any](values []T) []any {
	list := make([]any, len(values))
	for i, v := range values {
		list[i] = v
	}
	return list
}
