package store

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/temporal-sre/copilot/pkg/health"
)

// maxClusterName is the longest cluster name in bytes: DSQL allows 255 for a text in a primary key.
const maxClusterName = 255

// record is a cycle as it goes into the tables.
type record struct {
	cluster  string
	at       time.Time
	interval time.Duration
	verdict  health.Verdict
	// values are the signals in the order of the table, nil where unknown.
	values                    []*float64
	verdictJSON, snapshotJSON []byte
	memoryJSON                []byte // nil when there is no memory
	evidenceJSON, reasonsJSON []byte // nil when there is no event
	event                     *health.Event
}

// evidence is what is stored beside an event: why it happened.
type evidence struct {
	Gates   []health.GateResult         `json:"gates"`
	Queues  []health.TaskQueue          `json:"queues,omitempty"`
	Signals map[health.SignalID]float64 `json:"signals"`
}

// reasons are what fired and what starved.
func (e evidence) reasons() evidence {
	return evidence{
		Gates:  kept(e.Gates, func(g health.GateResult) bool { return g.Result == health.Fired }),
		Queues: kept(e.Queues, func(q health.TaskQueue) bool { return q.Starved }),
	}
}

// kept are copies, so that the others don't stay in memory behind them.
func kept[T any](all []T, wanted func(T) bool) (some []T) {
	for _, one := range all {
		if wanted(one) {
			some = append(some, one)
		}
	}
	return some
}

// newRecord checks and encodes a cycle. What it refuses with ErrBadCycle can never be stored.
func newRecord(c Cycle) (record, error) {
	bad := func(format string, args ...any) (record, error) {
		return record{}, fmt.Errorf("%w: %w", ErrBadCycle, fmt.Errorf(format, args...))
	}
	verdict, snapshot := c.Verdict, c.Snapshot
	switch name := verdict.Cluster; {
	case name == "" || len(name) > maxClusterName:
		return bad("the cluster's name has %d bytes, not 1 to %d", len(name), maxClusterName)
	case !utf8.ValidString(name) || strings.ContainsRune(name, 0):
		return bad("the cluster's name %q is not text", name)
	case snapshot.Cluster != name:
		return bad("the verdict is about cluster %q and the snapshot about %q", name, snapshot.Cluster)
	case verdict.At.IsZero():
		return bad("it has no time")
	case c.Interval < time.Millisecond:
		return bad("its interval is %v, less than a millisecond", c.Interval)
	case !(verdict.Coverage >= 0 && verdict.Coverage <= 1):
		return bad("its coverage is %v, not 0 to 1", verdict.Coverage)
	case verdict.Event != nil && verdict.Event.Seq < 1:
		return bad("its event has number %d: events are numbered from 1", verdict.Event.Seq)
	}

	// The time is the key. PostgreSQL keeps microseconds, so nothing may depend on more.
	at := stored(verdict.At)
	verdict.At, snapshot.At = at, at
	snapshot.Signals = known(snapshot)
	snapshot.Queues = knownQueues(snapshot.Queues)
	if verdict.Event != nil {
		event := *verdict.Event
		event.At = stored(event.At)
		verdict.Event = &event
	}

	r := record{cluster: verdict.Cluster, at: at, interval: c.Interval, verdict: verdict, event: verdict.Event}
	for _, signal := range health.Signals() {
		var value *float64
		if v, ok := snapshot.Signals[signal.ID]; ok {
			value = &v
		}
		r.values = append(r.values, value)
	}
	var err error
	if r.verdictJSON, err = encode(verdict); err != nil {
		return bad("its verdict: %w", err)
	}
	if r.snapshotJSON, err = encode(snapshot); err != nil {
		return bad("its snapshot: %w", err)
	}
	if len(c.Memory) > 0 {
		if r.memoryJSON, err = encode(c.Memory); err != nil {
			return bad("its memory: %w", err)
		}
	}
	if r.event != nil {
		whole := evidence{verdict.Gates, snapshot.Queues, snapshot.Signals}
		if r.evidenceJSON, err = encode(whole); err != nil {
			return bad("the evidence of its event: %w", err)
		}
		if r.reasonsJSON, err = encode(whole.reasons()); err != nil {
			return bad("the reasons of its event: %w", err)
		}
	}
	return r, nil
}

// stored is a time as the database gives it back.
func stored(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }

// known leaves out what Snapshot.Value calls unknown: NaN and infinity have no place in JSON.
func known(s health.Snapshot) map[health.SignalID]float64 {
	values := maps.Clone(s.Signals)
	maps.DeleteFunc(values, func(id health.SignalID, _ float64) bool {
		_, ok := s.Value(id)
		return !ok
	})
	if values == nil {
		values = map[health.SignalID]float64{}
	}
	return values
}

func knownQueues(queues []health.TaskQueue) []health.TaskQueue {
	queues = slices.Clone(queues)
	for i := range queues {
		q := &queues[i]
		for _, value := range []**float64{&q.OldestAgeSec, &q.Backlog, &q.InflowPerSec, &q.Pollers, &q.SlotsAvailable} {
			if *value != nil && (math.IsNaN(**value) || math.IsInf(**value, 0)) {
				*value = nil
			}
		}
	}
	return queues
}

// encode makes JSON that jsonb takes: it refuses the NUL character, which texts from elsewhere (a task
// queue's name, the answer of a broken server) may hold. It becomes U+FFFD, as other bytes that are no text.
func encode(v any) ([]byte, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	nul := []byte(`\u0000`)
	for from := 0; ; {
		i := bytes.Index(text[from:], nul)
		if i < 0 {
			return text, nil
		}
		i += from
		// An even number of backslashes before it are escaped ones, and ours begins the escape.
		before := len(text[:i]) - len(bytes.TrimRight(text[:i], `\`))
		if before%2 == 0 {
			copy(text[i:], `\ufffd`)
		}
		from = i + len(nul)
	}
}
