package phases

import (
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Timeline is a recording that holds several phases of a cluster without a gap between them, so that rates across
// the border of two phases are true. `lab record` writes such recordings, Recorded reads them.
//
// In its folder, times.tsv has a line for each scrape: number, time in Unix seconds, phase. <process>.series.gz has
// a line for each series of that process: the series as the process exports it, a tab, and its values at all scrapes,
// separated by blanks:
//
//	12.5   the value
//	+3     the value before, plus 3
//	=7     the value before, for 7 scrapes
//	_7     no sample, for 7 scrapes
//
// A process whose series are all without a sample at a scrape did not answer it.
type Timeline struct {
	Name string
	// Scrapes are the times of all scrapes.
	Scrapes []time.Time
	// Phases are the parts of the timeline, in the order of time.
	Phases []Phase
	// Processes are the names of what was scraped: "server", and workers such as "worker-orders".
	Processes []string

	folder string
}

const (
	timesFile    = "times.tsv"
	seriesSuffix = ".series.gz"
)

// Start is the time of the first scrape.
func (t Timeline) Start() time.Time { return t.Scrapes[0] }

// End is the time of the last scrape.
func (t Timeline) End() time.Time { return t.Scrapes[len(t.Scrapes)-1] }

// Phase returns the phase of that name.
func (t Timeline) Phase(name string) (Phase, error) {
	for _, p := range t.Phases {
		if p.Name == name {
			return p, nil
		}
	}
	return Phase{}, fmt.Errorf("recording %q has no phase %q", t.Name, name)
}

// Timelines lists the recordings of real servers and SDKs (pkg/telemetry/testdata/recordings) by name.
func Timelines() ([]Timeline, error) {
	entries, err := os.ReadDir(recordingsFolder())
	if err != nil {
		return nil, fmt.Errorf("listing the recordings: %w", err)
	}
	var timelines []Timeline
	for _, e := range entries {
		if !e.IsDir() {
			continue
		}
		t, err := Recorded(e.Name())
		if err != nil {
			return nil, err
		}
		timelines = append(timelines, t)
	}
	return timelines, nil
}

// Recorded returns the recording of that name, such as "server-1.29.1" or "sdk-go-otel".
func Recorded(name string) (Timeline, error) {
	return ReadTimeline(filepath.Join(recordingsFolder(), name))
}

func recordingsFolder() string { return filepath.Join(filepath.Dir(folder()), "recordings") }

// ReadTimeline reads a recording's index. The samples stay on disk until they are loaded.
func ReadTimeline(folder string) (Timeline, error) {
	t := Timeline{Name: filepath.Base(folder), folder: folder}
	content, err := os.ReadFile(filepath.Join(folder, timesFile))
	if err != nil {
		return Timeline{}, fmt.Errorf("reading recording %q: %w", t.Name, err)
	}
	for line := range strings.Lines(string(content)) {
		fields := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(fields) != 3 {
			return Timeline{}, fmt.Errorf("reading recording %q: expected number, time and phase, got %q", t.Name, line)
		}
		at, err := parseTime(fields[1])
		if err != nil {
			return Timeline{}, fmt.Errorf("reading recording %q: %w", t.Name, err)
		}
		t.add(at, fields[2])
	}
	if len(t.Scrapes) == 0 {
		return Timeline{}, fmt.Errorf("recording %q has no scrapes", t.Name)
	}
	files, err := filepath.Glob(filepath.Join(folder, "*"+seriesSuffix))
	if err != nil {
		return Timeline{}, fmt.Errorf("listing the processes of recording %q: %w", t.Name, err)
	}
	for _, f := range files {
		t.Processes = append(t.Processes, strings.TrimSuffix(filepath.Base(f), seriesSuffix))
	}
	return t, nil
}

// add appends a scrape. Phases are told apart by name: a name that comes back later continues no phase.
func (t *Timeline) add(at time.Time, phase string) {
	t.Scrapes = append(t.Scrapes, at)
	if last := len(t.Phases) - 1; last >= 0 && t.Phases[last].Name == phase {
		t.Phases[last].Scrapes = append(t.Phases[last].Scrapes, at)
		return
	}
	t.Phases = append(t.Phases, Phase{Name: phase, Scrapes: []time.Time{at}})
}

func parseTime(seconds string) (time.Time, error) {
	at, err := strconv.ParseFloat(seconds, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("parsing the time of a scrape: %w", err)
	}
	return time.UnixMilli(int64(math.Round(at * 1000))), nil
}

// history is one series over a timeline. A scrape without a sample has the value absent.
type history struct {
	series string
	values []float64
}

// absent is the value of a series at a scrape that has no sample of it: a NaN that no process exports.
var absent = math.Float64frombits(0x7ff8dead00000000)

func isAbsent(v float64) bool { return same(v, absent) }

// histories reads the series of a process.
func (t Timeline) histories(process string) ([]history, error) {
	path := filepath.Join(t.folder, process+seriesSuffix)
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("reading a recording: %w", err)
	}
	defer f.Close()
	text, err := gzip.NewReader(f)
	if err != nil {
		return nil, fmt.Errorf("unpacking %s: %w", path, err)
	}
	var all []history
	lines := bufio.NewScanner(text)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		series, values, ok := strings.Cut(lines.Text(), "\t")
		if !ok {
			return nil, fmt.Errorf("reading %s: no values in %q", path, lines.Text())
		}
		h := history{series: series}
		if h.values, err = decodeValues(values, len(t.Scrapes)); err != nil {
			return nil, fmt.Errorf("reading %s: series %s: %w", path, series, err)
		}
		all = append(all, h)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	return all, nil
}

func decodeValues(text string, count int) ([]float64, error) {
	values := make([]float64, 0, count)
	last := absent
	repeat := func(v float64, times string) error {
		n, err := strconv.Atoi(times)
		if err != nil {
			return err
		}
		if n < 1 || n > count-len(values) {
			return errors.New("more values than scrapes")
		}
		for range n {
			values = append(values, v)
		}
		return nil
	}
	for token := range strings.FieldsSeq(text) {
		var err error
		switch token[0] {
		case '=':
			err = repeat(last, token[1:])
		case '_':
			last = absent
			err = repeat(absent, token[1:])
		case '+':
			var more float64
			if more, err = strconv.ParseFloat(token[1:], 64); err == nil {
				last += more
				err = repeat(last, "1")
			}
		default:
			if last, err = strconv.ParseFloat(token, 64); err == nil {
				err = repeat(last, "1")
			}
		}
		if err != nil {
			return nil, fmt.Errorf("value %q: %w", token, err)
		}
	}
	if len(values) != count {
		return nil, fmt.Errorf("%d values for %d scrapes", len(values), count)
	}
	return values, nil
}

// encodeValues writes values as decodeValues reads them.
func encodeValues(values []float64) string {
	var tokens []string
	last := absent
	for i := 0; i < len(values); {
		if !same(values[i], last) {
			last = values[i]
			if !isAbsent(last) {
				tokens = append(tokens, encodeValue(values[:i+1]))
				i++
			}
		}
		run := 0
		for ; i < len(values) && same(values[i], last); i++ {
			run++
		}
		switch {
		case run == 0:
		case isAbsent(last):
			tokens = append(tokens, "_"+strconv.Itoa(run))
		default:
			tokens = append(tokens, "="+strconv.Itoa(run))
		}
	}
	return strings.Join(tokens, " ")
}

func same(a, b float64) bool { return math.Float64bits(a) == math.Float64bits(b) }

// encodeValue writes the last of the values: a count as its increment, which is short and often repeated, any other
// value as it is.
func encodeValue(values []float64) string {
	v := values[len(values)-1]
	count := func(f float64) bool { return f == math.Trunc(f) && f >= 0 && f < 1<<53 }
	if len(values) > 1 {
		if before := values[len(values)-2]; count(before) && count(v) && v > before {
			return "+" + strconv.FormatFloat(v-before, 'f', -1, 64)
		}
	}
	return strings.TrimPrefix(strconv.FormatFloat(v, 'g', -1, 64), "+")
}

// Recorder takes scrapes and writes them as a Timeline.
type Recorder struct {
	timeline  Timeline
	processes map[string]map[string]*history
}

// NewRecorder returns a recorder of a timeline without scrapes.
func NewRecorder() *Recorder { return &Recorder{processes: map[string]map[string]*history{}} }

// Scrape begins a new scrape of all processes.
func (r *Recorder) Scrape(at time.Time, phase string) { r.timeline.add(at, phase) }

// Add adds what a process exported, in the Prometheus text format, to the scrape that began last: the metrics whose
// name keep accepts.
func (r *Recorder) Add(process string, page io.Reader, keep func(metric string) bool) error {
	dump, err := parseDump(page, keep)
	if err != nil {
		return fmt.Errorf("reading the metrics of %s: %w", process, err)
	}
	if r.processes[process] == nil {
		r.processes[process] = map[string]*history{}
	}
	for _, s := range dump {
		h := r.processes[process][s.series]
		if h == nil {
			h = &history{series: s.series}
			r.processes[process][s.series] = h
		}
		h.values = append(fill(h.values, len(r.timeline.Scrapes)-1), s.value)
	}
	return nil
}

// fill adds scrapes without a sample.
func fill(values []float64, count int) []float64 {
	for len(values) < count {
		values = append(values, absent)
	}
	return values
}

// Write writes the recording into a folder, which is created. Files of an earlier recording there are replaced.
func (r *Recorder) Write(folder string) error {
	if err := os.MkdirAll(folder, 0o750); err != nil {
		return fmt.Errorf("making the recording's folder: %w", err)
	}
	old, err := filepath.Glob(filepath.Join(folder, "*"+seriesSuffix))
	if err != nil {
		return fmt.Errorf("looking for an earlier recording: %w", err)
	}
	for _, path := range old {
		if err := os.Remove(path); err != nil {
			return fmt.Errorf("removing an earlier recording: %w", err)
		}
	}
	var times strings.Builder
	number := 0
	for _, p := range r.timeline.Phases {
		for _, at := range p.Scrapes {
			fmt.Fprintf(&times, "%03d\t%.3f\t%s\n", number, float64(at.UnixMilli())/1000, p.Name)
			number++
		}
	}
	if err := os.WriteFile(filepath.Join(folder, timesFile), []byte(times.String()), 0o600); err != nil {
		return fmt.Errorf("writing the times of a recording: %w", err)
	}
	for process, series := range r.processes {
		if err := r.writeProcess(filepath.Join(folder, process+seriesSuffix), series); err != nil {
			return fmt.Errorf("writing the recording of %s: %w", process, err)
		}
	}
	return nil
}

func (r *Recorder) writeProcess(path string, series map[string]*history) (err error) {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	packed, err := gzip.NewWriterLevel(f, gzip.BestCompression)
	if err != nil {
		return err
	}
	sorted := make([]*history, 0, len(series))
	for _, h := range series {
		sorted = append(sorted, h)
	}
	slices.SortFunc(sorted, func(a, b *history) int { return strings.Compare(a.series, b.series) })
	for _, h := range sorted {
		if _, err := fmt.Fprintf(packed, "%s\t%s\n", h.series, encodeValues(fill(h.values, len(r.timeline.Scrapes)))); err != nil {
			return err
		}
	}
	return packed.Close()
}
