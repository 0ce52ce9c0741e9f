package workflows

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"

	"github.com/temporal-sre/copilot/pkg/health"
)

const (
	// batchSize cycles go to the store at a time: about 20 kB each, well below the 2 MB that one payload may have.
	batchSize = 20
	// maxBatchesPerCycle lets a backlog of an hour drain in two cycles without holding up the next one.
	maxBatchesPerCycle = 3
	// maxWaiting is a day of 30-second cycles. Compressed they fit into the input of the next run.
	maxWaiting = 2880
)

// backlog is what the store has not taken yet, oldest first.
type backlog struct {
	cycles  []Cycle
	dropped int
}

func (b *backlog) add(c Cycle) {
	b.cycles = append(b.cycles, c)
	if len(b.cycles) > maxWaiting {
		b.drop()
	}
}

// drop gives up the oldest cycle that has no event. Events are never given up.
func (b *backlog) drop() {
	for i, c := range b.cycles {
		if c.Verdict.Event == nil {
			b.cycles = append(b.cycles[:i], b.cycles[i+1:]...)
			b.dropped++
			return
		}
	}
}

// next returns the oldest cycles, as many as go to the store at a time.
func (b *backlog) next() []Cycle { return b.cycles[:min(batchSize, len(b.cycles))] }

func (b *backlog) taken(n int) { b.cycles = b.cycles[n:] }

// slim leaves of all but the newest cycle what history needs: the evidence of events, and the numbers
// of every cycle. The rest only ever serves "now".
func (b *backlog) slim() {
	for i := range b.cycles[:max(0, len(b.cycles)-1)] {
		c := &b.cycles[i]
		c.Memory.Firing = nil
		if c.Verdict.Event == nil {
			c.Verdict.Gates, c.Verdict.Warnings = nil, nil
			c.Snapshot.Unknown, c.Snapshot.Queues = nil, nil
		}
	}
}

// continueFrom puts the observation behind what the store holds: the events that wait are numbered after
// the stored ones. If nothing was decided yet, the stored memory is simply taken over.
func (o *observation) continueFrom(stored LoadMemoryOutput) error {
	var memory health.Memory
	if stored.Found {
		if err := json.Unmarshal(stored.Memory, &memory); err != nil {
			return fmt.Errorf("the stored memory of cluster %q can't be read: %w", o.in.Cluster, err)
		}
	}
	if len(o.backlog.cycles) == 0 {
		if stored.Found {
			o.in.Memory = memory
		}
		return nil
	}
	seq := memory.Seq
	for i := range o.backlog.cycles {
		c := &o.backlog.cycles[i]
		if c.Verdict.Event != nil {
			seq++
			event := *c.Verdict.Event
			event.Seq = seq
			c.Verdict.Event = &event
		}
		c.Memory.Seq = seq
	}
	o.in.Memory.Seq = seq
	return nil
}

// pack compresses a list that goes along to the next run.
func pack[T any](list []T) ([]byte, error) {
	if len(list) == 0 {
		return nil, nil
	}
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	if err := json.NewEncoder(w).Encode(list); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return packed.Bytes(), nil
}

func unpack[T any](packed []byte) ([]T, error) {
	if len(packed) == 0 {
		return nil, nil
	}
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	var list []T
	return list, json.Unmarshal(text, &list)
}
