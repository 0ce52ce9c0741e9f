//go:build unix

package testenv

import (
	"bytes"
	"context"
	"regexp"
	"sync"
	"time"
)

// Shipper is a writer that brings lines to a Loki, as a log collector does: with the time at which they came, and
// in batches. Writing never fails and never waits; while Loki takes no lines the newest are kept.
type Shipper struct {
	loki  *Loki
	label func(line string) map[string]string

	mu      sync.Mutex
	partial []byte
	waiting map[string]*shipment
	count   int

	closing, closed chan struct{}
}

// shipment are lines of one stream that wait.
type shipment struct {
	labels map[string]string
	lines  []LogLine
}

const (
	// shipEvery is how long a line may wait for others.
	shipEvery = 300 * time.Millisecond
	// maxWaiting is how many lines wait at most, some ten megabytes.
	maxWaiting = 10_000
)

// NewShipper returns a shipper that gives each line the labels that it is told. Close ends it.
func NewShipper(loki *Loki, label func(line string) map[string]string) *Shipper {
	s := &Shipper{loki: loki, label: label, waiting: map[string]*shipment{}, closing: make(chan struct{}), closed: make(chan struct{})}
	go s.ship()
	return s
}

// Write takes lines, or parts of them.
func (s *Shipper) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.partial = append(s.partial, p...)
	for {
		text, rest, ok := bytes.Cut(s.partial, []byte("\n"))
		if !ok {
			return len(p), nil
		}
		if len(text) > 0 {
			s.add(string(text))
		}
		s.partial = rest
	}
}

func (s *Shipper) add(text string) {
	if s.count >= maxWaiting {
		s.waiting, s.count = map[string]*shipment{}, 0
	}
	labels := s.label(text)
	key := labels["job"] + "\x00" + labels["service_name"]
	if s.waiting[key] == nil {
		s.waiting[key] = &shipment{labels: labels}
	}
	s.waiting[key].lines = append(s.waiting[key].lines, LogLine{At: time.Now(), Text: text})
	s.count++
}

func (s *Shipper) ship() {
	defer close(s.closed)
	for last := false; !last; {
		select {
		case <-time.After(shipEvery):
		case <-s.closing:
			last = true
		}
		s.mu.Lock()
		batch := s.waiting
		s.waiting, s.count = map[string]*shipment{}, 0
		s.mu.Unlock()
		for key, lines := range batch {
			ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
			err := s.loki.Push(ctx, "", lines.labels, lines.lines...)
			cancel()
			if err != nil {
				s.giveBack(key, lines)
			}
		}
	}
}

// giveBack lets lines wait on that could not be brought.
func (s *Shipper) giveBack(key string, lines *shipment) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.count+len(lines.lines) > maxWaiting {
		return
	}
	s.count += len(lines.lines)
	if newer := s.waiting[key]; newer != nil {
		lines.lines = append(lines.lines, newer.lines...)
	}
	s.waiting[key] = lines
}

// Close brings what waits and ends the shipper. Calling it again does no harm.
func (s *Shipper) Close() error {
	s.mu.Lock()
	select {
	case <-s.closing:
	default:
		close(s.closing)
	}
	s.mu.Unlock()
	<-s.closed
	return nil
}

var (
	serviceInPath = regexp.MustCompile(`"logging-call-at":"[^"]*/service/(frontend|history|matching|worker)/`)
	serviceField  = regexp.MustCompile(`"service":"(frontend|history|matching|worker)"`)
)

// TemporalLabels are the labels of a line of a Temporal server: its job, and its service as far as the line
// tells. A server with all services in one process writes them all to one place; code that they share does
// not know whose work it does, and its lines are of the service "server".
func TemporalLabels(job string) func(line string) map[string]string {
	return func(line string) map[string]string {
		service := "server"
		if m := serviceInPath.FindStringSubmatch(line); m != nil {
			service = m[1]
		} else if m := serviceField.FindStringSubmatch(line); m != nil {
			service = m[1]
		}
		return map[string]string{"job": job, "service_name": service}
	}
}
