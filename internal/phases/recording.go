// Package phases loads the recorded phases of a real Temporal cluster (pkg/telemetry/testdata/phases)
// into a real Prometheus, as if that Prometheus had scraped the cluster at the time: true timestamps,
// a job and an instance per process, the up series, and staleness markers where a series or a target
// vanished.
package phases

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/temporal-sre/copilot/internal/remotewrite"
)

// Phase is a stretch of the recorded cluster's life.
type Phase struct {
	Name string
	// Scrapes are the times at which the metrics were dumped, about 15 seconds apart.
	Scrapes []time.Time
}

// Start is the time of the phase's first scrape.
func (p Phase) Start() time.Time { return p.Scrapes[0] }

// End is the time of the phase's last scrape.
func (p Phase) End() time.Time { return p.Scrapes[len(p.Scrapes)-1] }

// Height is the moment at which the phase is most of what its name says: its end, except for the stopped
// database, which was back after little more than half a minute, between the fourth and the fifth scrape.
func (p Phase) Height() time.Time {
	if p.Name == "dbdown" {
		return p.Scrapes[3]
	}
	return p.End()
}

// All lists the recorded phases in the order of time.
func All() ([]Phase, error) {
	entries, err := os.ReadDir(folder())
	if err != nil {
		return nil, fmt.Errorf("listing the recorded phases: %w", err)
	}
	var phases []Phase
	for _, e := range entries {
		if !e.IsDir() {
			continue
		}
		scrapes, err := scrapeTimes(e.Name())
		if err != nil {
			return nil, err
		}
		phases = append(phases, Phase{Name: e.Name(), Scrapes: scrapes})
	}
	slices.SortFunc(phases, func(a, b Phase) int { return a.Start().Compare(b.Start()) })
	return phases, nil
}

// Find returns the recorded phase of that name.
func Find(name string) (Phase, error) {
	scrapes, err := scrapeTimes(name)
	if err != nil {
		return Phase{}, err
	}
	return Phase{Name: name, Scrapes: scrapes}, nil
}

// folder is where the recordings lie, found from this file's own place so that a test of any package finds them.
func folder() string {
	_, self, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(self), "..", "..", "pkg", "telemetry", "testdata", "phases")
}

func scrapeTimes(phase string) ([]time.Time, error) {
	f, err := os.Open(filepath.Join(folder(), phase, "times.tsv"))
	if err != nil {
		return nil, fmt.Errorf("reading the times of phase %q: %w", phase, err)
	}
	defer f.Close()
	var times []time.Time
	for lines := bufio.NewScanner(f); lines.Scan(); {
		_, seconds, _ := strings.Cut(lines.Text(), "\t")
		at, err := parseTime(seconds)
		if err != nil {
			return nil, fmt.Errorf("reading the times of phase %q: %w", phase, err)
		}
		times = append(times, at)
	}
	if len(times) == 0 {
		return nil, fmt.Errorf("phase %q has no scrapes", phase)
	}
	return times, nil
}

// sample is one line of a dump: the series as the process wrote it, and its value.
type sample struct {
	series string
	value  float64
}

// readDump reads what a process exported at one scrape; ok is false when it was not running.
func readDump(phase string, scrape int, process string, only func(metric string) bool) (dump []sample, ok bool, err error) {
	path := filepath.Join(folder(), phase, fmt.Sprintf("%02d-%s.prom.gz", scrape, process))
	f, err := os.Open(path)
	if os.IsNotExist(err) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("reading a recorded dump: %w", err)
	}
	defer f.Close()
	text, err := gzip.NewReader(f)
	if err != nil {
		return nil, false, fmt.Errorf("unpacking %s: %w", path, err)
	}
	dump, err = parseDump(text, only)
	if err != nil {
		return nil, false, fmt.Errorf("reading %s: %w", path, err)
	}
	return dump, true, nil
}

// parseDump reads the Prometheus text format: the metrics whose name only accepts.
func parseDump(text io.Reader, only func(metric string) bool) (dump []sample, err error) {
	lines := bufio.NewScanner(text)
	wanted, metric := true, []byte(nil)
	for lines.Scan() {
		if len(lines.Bytes()) == 0 || lines.Bytes()[0] == '#' {
			continue
		}
		end := bytes.IndexAny(lines.Bytes(), "{ ")
		if end < 0 {
			return nil, fmt.Errorf("no value in %q", lines.Text())
		}
		if !bytes.Equal(metric, lines.Bytes()[:end]) {
			metric = append(metric[:0], lines.Bytes()[:end]...)
			wanted = only == nil || only(string(metric))
		}
		if !wanted {
			continue
		}
		line := lines.Text()
		// The recorded processes write no timestamps: the value is what follows the last blank.
		blank := strings.LastIndexByte(line, ' ')
		value, err := strconv.ParseFloat(line[blank+1:], 64)
		if err != nil {
			return nil, fmt.Errorf("parsing %q: %w", line, err)
		}
		dump = append(dump, sample{line[:blank], value})
	}
	return dump, lines.Err()
}

// labelsOf splits a series as it is written in the text format, `name{a="b",…}`, into its labels.
func labelsOf(series string) ([]remotewrite.Label, error) {
	name, rest, _ := strings.Cut(series, "{")
	labels := []remotewrite.Label{{Name: "__name__", Value: name}}
	for rest != "" && rest != "}" {
		key, quoted, ok := strings.Cut(rest, "=")
		if !ok {
			return nil, fmt.Errorf("series %q: a label without a value", series)
		}
		prefix, err := strconv.QuotedPrefix(quoted)
		if err != nil {
			return nil, fmt.Errorf("series %q: %w", series, err)
		}
		value, err := strconv.Unquote(prefix)
		if err != nil {
			return nil, fmt.Errorf("series %q: %w", series, err)
		}
		labels = append(labels, remotewrite.Label{Name: key, Value: value})
		rest = strings.TrimPrefix(quoted[len(prefix):], ",")
	}
	return labels, nil
}
