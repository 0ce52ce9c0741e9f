package logs

import (
	"maps"
	"slices"
	"time"

	"github.com/temporal-sre/copilot/pkg/health"
)

// Slice is the length of the stretches in which lines are counted, by their own time.
const Slice = 30 * time.Second

// Cursor remembers what was counted. The zero value has counted nothing. It is small, goes through JSON
// unchanged, and is good for any Reader of the same lines.
type Cursor struct {
	// Next is the beginning of the first slice that is read again; lines before it are done with.
	Next time.Time `json:"next"`
	// Through is the time up to which lines were read.
	Through time.Time `json:"through"`
	// Counted are the lines counted in slices from Next on, by the Unix time of the slice.
	Counted map[int64]Tally `json:"counted,omitempty"`
	// Services are those that are counted by name, the first that were seen. Lines of others are counted together.
	Services []string `json:"services,omitempty"`
}

// Tally are lines by pattern and service, as "pattern@service". Under "@" are the lines that match anything at
// all.
type Tally map[string]int

// anything is the key of a Tally's lines that match at all.
const anything = "@"

// The number of services and the length of a name are bounded, and with them the cursor.
const (
	maxServices  = 12
	maxName      = 60
	otherService = "other"
)

// found is what one reading saw, by slice.
type found struct {
	tallies map[int64]Tally
	samples map[int64]map[string]string
}

func newFound() *found {
	return &found{tallies: map[int64]Tally{}, samples: map[int64]map[string]string{}}
}

func sliceOf(at time.Time) int64 {
	seconds := int64(Slice / time.Second)
	unix := at.Unix()
	return unix - ((unix%seconds)+seconds)%seconds
}

func timeOf(slice int64) time.Time { return time.Unix(slice, 0).UTC() }

// add counts a line under keys. Its text is kept, as a sample, for keys that have none in the slice.
func (f *found) add(at time.Time, keys []string, raw string) {
	slice := sliceOf(at)
	if f.tallies[slice] == nil {
		f.tallies[slice], f.samples[slice] = Tally{}, map[string]string{}
	}
	f.tallies[slice][anything]++
	for _, key := range keys {
		f.tallies[slice][key]++
		if _, ok := f.samples[slice][key]; !ok {
			f.samples[slice][key] = raw
		}
	}
}

// forget drops the slices before a time.
func (c *Cursor) forget(before time.Time) {
	for slice := range c.Counted {
		if timeOf(slice).Before(before) {
			delete(c.Counted, slice)
		}
	}
}

// count takes what was seen in a slice into the cursor, and returns what is new there.
func (c *Cursor) count(slice int64, seen Tally) Tally {
	fresh := Tally{}
	for key, n := range seen {
		if counted := c.Counted[slice][key]; n > counted {
			fresh[key] = n - counted
			if c.Counted[slice] == nil {
				c.Counted[slice] = Tally{}
			}
			c.Counted[slice][key] = n
		}
	}
	return fresh
}

// clone lets a failed reading leave its cursor as it was.
func (c Cursor) clone() Cursor {
	counted := make(map[int64]Tally, len(c.Counted))
	for slice, tally := range c.Counted {
		counted[slice] = maps.Clone(tally)
	}
	c.Counted, c.Services = counted, slices.Clone(c.Services)
	return c
}

// Reading is what one look at the logs found.
type Reading struct {
	// Counts are the lines that were not counted before, by slice, pattern and service, in that order.
	Counts []health.LogCount
	// Cursor is where the next Read goes on.
	Cursor Cursor
	// Through is the time up to which lines were read. More says that newer ones were left, since there are so
	// many: Read again at once.
	Through time.Time
	More    bool
	// Lines is how many lines were read, Matched how many of them match a pattern and were not counted before.
	Lines, Matched int
	// Streams is the number of log streams that the lines came from.
	Streams int
	// RatePerMin is the lines of Matched per minute read; nil when it is unknown, with the reason in Silent.
	RatePerMin *float64
	// Silent says why it is not known whether there is nothing to find. Empty when lines of some kind arrive.
	Silent string
	// GaveUp says which lines were passed over. Empty when none were.
	GaveUp string
}
