package stage

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/temporal-sre/copilot/lab/traffic"
)

// Conditions are what the watched cluster is put under.
type Conditions struct {
	// Rate is how many workflows are started per second; 0 starts none.
	Rate float64
	// ActivityTime is how long each of a workflow's two activities takes.
	ActivityTime time.Duration
	// FailShare is the share of workflows that fail, 0 to 1.
	FailShare float64
	// Queues is over how many task queues the workflows are spread, at most as many as traffic.Queues. DeadQueues is how
	// many of them, counted from the last, have lost their workers.
	Queues, DeadQueues int
	// Workers is how many worker processes each task queue has, at most MaxWorkers.
	Workers int
	// ActivitySlots is how many activities each of them runs at a time.
	ActivitySlots int
	// ActivitiesFailing makes each attempt of every workflow's last activity fail; the attempts go on without end.
	ActivitiesFailing bool
	// NonDeterminism replaces the workers by a new version of their workflow code that breaks determinism: a third of
	// the workflows never gets past its next workflow task.
	NonDeterminism bool
	// Database is how the cluster's database behaves. Visibility is how the database of the visibility records behaves,
	// which is another one of the same PostgreSQL: where Database is at fault, both are.
	Database, Visibility Database
	// FrontendRPS and NamespaceRPS limit the requests that the frontend takes per second, of everybody and of the
	// namespace; 0 leaves the server's own limits. A change takes the server up to 5 s.
	FrontendRPS, NamespaceRPS int
}

// MaxWorkers is for how many worker processes of each task queue Prometheus knows where to find them.
const MaxWorkers = 4

// Calm are the conditions a stage begins with: a sound database, one task queue with two idle workers.
func Calm() Conditions {
	return Conditions{
		ActivityTime: 50 * time.Millisecond, Queues: 1, Workers: 2, ActivitySlots: 100,
		Database: DatabaseOK, Visibility: DatabaseOK,
	}
}

// Change changes some of the conditions; what is nil stays.
type Change struct {
	Rate              *float64       `yaml:"rate"`
	ActivityTime      *time.Duration `yaml:"activity_time"`
	FailShare         *float64       `yaml:"fail_share"`
	Queues            *int           `yaml:"queues"`
	DeadQueues        *int           `yaml:"dead_queues"`
	Workers           *int           `yaml:"workers"`
	ActivitySlots     *int           `yaml:"activity_slots"`
	ActivitiesFailing *bool          `yaml:"activities_failing"`
	NonDeterminism    *bool          `yaml:"non_determinism"`
	Database          *Database      `yaml:"database"`
	Visibility        *Database      `yaml:"visibility"`
	FrontendRPS       *int           `yaml:"frontend_rps"`
	NamespaceRPS      *int           `yaml:"namespace_rps"`
}

// Apply returns the conditions after a change.
func (c Conditions) Apply(change Change) Conditions {
	set(&c.Rate, change.Rate)
	set(&c.ActivityTime, change.ActivityTime)
	set(&c.FailShare, change.FailShare)
	set(&c.Queues, change.Queues)
	set(&c.DeadQueues, change.DeadQueues)
	set(&c.Workers, change.Workers)
	set(&c.ActivitySlots, change.ActivitySlots)
	set(&c.ActivitiesFailing, change.ActivitiesFailing)
	set(&c.NonDeterminism, change.NonDeterminism)
	set(&c.Database, change.Database)
	set(&c.Visibility, change.Visibility)
	set(&c.FrontendRPS, change.FrontendRPS)
	set(&c.NamespaceRPS, change.NamespaceRPS)
	return c
}

func set[T any](field, value *T) {
	if value != nil {
		*field = *value
	}
}

// Validate returns every mistake in one error.
func (c Conditions) Validate() error {
	var errs []error
	check := func(ok bool, format string, arguments ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(format, arguments...))
		}
	}
	check(c.Rate >= 0 && c.Rate <= 1000, "rate %g: it is workflows per second, 0 to 1000", c.Rate)
	check(c.ActivityTime >= 0, "activity_time %s: it cannot be negative", c.ActivityTime)
	check(c.FailShare >= 0 && c.FailShare <= 1, "fail_share %g: it is a share from 0 to 1", c.FailShare)
	check(c.Queues >= 1 && c.Queues <= len(traffic.Queues), "queues %d: it is a number from 1 to %d", c.Queues, len(traffic.Queues))
	check(c.DeadQueues >= 0 && c.DeadQueues <= c.Queues, "dead_queues %d: it is a number from 0 to queues, which is %d", c.DeadQueues, c.Queues)
	check(c.Workers >= 0 && c.Workers <= MaxWorkers, "workers %d: it is a number from 0 to %d", c.Workers, MaxWorkers)
	check(c.ActivitySlots >= 1, "activity_slots %d: a worker needs at least one", c.ActivitySlots)
	check(c.Database.valid(), "database %q: it is one of ok, slow, hung, down", c.Database)
	check(c.Visibility.valid(), "visibility %q: it is one of ok, slow, hung, down", c.Visibility)
	check(c.FrontendRPS >= 0, "frontend_rps %d: it is requests per second, or 0 for the server's own limit", c.FrontendRPS)
	check(c.NamespaceRPS >= 0, "namespace_rps %d: it is requests per second, or 0 for the server's own limit", c.NamespaceRPS)
	return errors.Join(errs...)
}

// visibilityBehaves is how the database of the visibility records behaves in the end.
func (c Conditions) visibilityBehaves() Database {
	if c.Database != DatabaseOK {
		return c.Database
	}
	return c.Visibility
}

// String tells the conditions in words.
func (c Conditions) String() string {
	words := []string{"no load"}
	if c.Rate > 0 {
		words = []string{fmt.Sprintf("%g workflows/s with activities of %s", c.Rate, c.ActivityTime)}
	}
	if c.FailShare > 0 {
		words = append(words, fmt.Sprintf("%g %% of them failing", 100*c.FailShare))
	}
	if c.Queues > 1 {
		words = append(words, fmt.Sprintf("%d task queues", c.Queues))
	}
	if c.DeadQueues > 0 {
		words = append(words, fmt.Sprintf("%d of them without workers", c.DeadQueues))
	}
	switch {
	case c.Workers == 0:
		words = append(words, "no workers")
	case c.Queues > 1:
		words = append(words, fmt.Sprintf("%d workers per queue with %d activity slots each", c.Workers, c.ActivitySlots))
	default:
		words = append(words, fmt.Sprintf("%d workers with %d activity slots each", c.Workers, c.ActivitySlots))
	}
	if c.ActivitiesFailing {
		words = append(words, "activities failing")
	}
	if c.NonDeterminism {
		words = append(words, "workflow code that breaks determinism")
	}
	if c.FrontendRPS > 0 {
		words = append(words, fmt.Sprintf("at most %d requests/s", c.FrontendRPS))
	}
	if c.NamespaceRPS > 0 {
		words = append(words, fmt.Sprintf("at most %d requests/s of the namespace", c.NamespaceRPS))
	}
	words = append(words, "database "+string(c.Database))
	if c.Visibility != DatabaseOK {
		words = append(words, "visibility store "+string(c.Visibility))
	}
	return strings.Join(words, ", ")
}
