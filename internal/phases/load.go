package phases

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"math"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/golang/snappy"
	"google.golang.org/protobuf/encoding/protowire"
)

// Options choose what Load loads.
type Options struct {
	// Phases are the names of the phases to load; none means all.
	Phases []string
	// WorkerDump is the exporter whose dumps stand for the SDK worker: "worker" (the default: tally with the
	// Prometheus naming scope), "worker-otel", "worker-otelmono", "worker-tally" or "worker-tallysummary".
	// All but the default were dumped only at the start and the end of a phase.
	WorkerDump string
	// TargetLabels are added to every series, as service discovery would. A label that the process itself
	// exports becomes exported_<label>.
	TargetLabels map[string]string
	// Only keeps the metrics whose name it accepts; nil keeps all.
	Only func(metric string) bool
}

// The jobs under which the processes are loaded. Every instance is "<process>:8000".
var jobs = map[string]string{
	"frontend": "temporal-frontend", "history": "temporal-history", "matching": "temporal-matching",
	"sysworker": "temporal-worker", "server": "temporal-server", "worker": "app-worker",
}

// The scrape interval of the recording, and the longest pause between two scrapes over which the
// targets count as scraped all along.
const (
	interval = 15 * time.Second
	maxPause = time.Minute
)

// staleMarker is the NaN that tells Prometheus that a series has ended.
var staleMarker = math.Float64frombits(0x7ff0000000000002)

// Load writes recorded phases into the Prometheus at that URL, which must accept remote writes
// (--web.enable-remote-write-receiver) and hold nothing newer than the recording.
func Load(ctx context.Context, prometheusURL string, o Options) error {
	if o.WorkerDump == "" {
		o.WorkerDump = "worker"
	}
	scrapes, err := scrapesOf(o.Phases)
	if err != nil {
		return err
	}
	l := loader{Options: o, url: strings.TrimRight(prometheusURL, "/") + "/api/v1/write", processes: map[string]*process{}}
	for i, s := range scrapes {
		if err := l.scrape(ctx, s); err != nil {
			return fmt.Errorf("loading scrape %d of phase %q: %w", s.number, s.phase, err)
		}
		if i+1 == len(scrapes) || scrapes[i+1].at.Sub(s.at) > maxPause {
			if err := l.end(ctx, s.at.Add(interval)); err != nil {
				return fmt.Errorf("ending phase %q: %w", s.phase, err)
			}
		}
	}
	return nil
}

type scrape struct {
	phase  string
	number int
	at     time.Time
}

func scrapesOf(names []string) ([]scrape, error) {
	phases, err := All()
	if err != nil {
		return nil, err
	}
	var scrapes []scrape
	found := map[string]bool{}
	for _, p := range phases {
		if len(names) > 0 && !slices.Contains(names, p.Name) {
			continue
		}
		found[p.Name] = true
		for i, at := range p.Scrapes {
			scrapes = append(scrapes, scrape{p.Name, i, at})
		}
	}
	for _, n := range names {
		if !found[n] {
			return nil, fmt.Errorf("no recorded phase %q", n)
		}
	}
	slices.SortFunc(scrapes, func(a, b scrape) int { return cmp.Compare(a.at.UnixMilli(), b.at.UnixMilli()) })
	return scrapes, nil
}

type loader struct {
	Options
	url string
	// processes that were ever seen, by name.
	processes map[string]*process
}

// process is a scrape target.
type process struct {
	name string
	// labels are what scraping adds to every series.
	labels []label
	// encoded caches the labels of each series as remote write wants them.
	encoded map[string][]byte
	// alive holds the series of the last scrape; it is empty while the process is down.
	alive map[string]bool
}

// scrape writes one scrape of every process.
func (l *loader) scrape(ctx context.Context, s scrape) error {
	var request []byte
	for _, name := range []string{"frontend", "history", "matching", "sysworker", "server", "worker"} {
		file := name
		if name == "worker" {
			file = l.WorkerDump
		}
		dump, up, err := readDump(s.phase, s.number, file, l.Only)
		if err != nil {
			return err
		}
		p, known := l.processes[name]
		if !up && (!known || file != name) {
			continue
		}
		if !known {
			p = &process{name: name, labels: l.targetLabels(name), encoded: map[string][]byte{}}
			l.processes[name] = p
		}
		before := p.alive
		p.alive = make(map[string]bool, len(dump))
		for _, line := range dump {
			p.alive[line.series] = true
			if request, err = p.append(request, line, s.at); err != nil {
				return err
			}
		}
		for series := range before {
			if !p.alive[series] {
				if request, err = p.append(request, sample{series, staleMarker}, s.at); err != nil {
					return err
				}
			}
		}
		isUp := sample{series: "up"}
		if up {
			isUp.value = 1
		}
		if request, err = p.append(request, isUp, s.at); err != nil {
			return err
		}
	}
	return l.push(ctx, request)
}

// end marks everything as gone.
func (l *loader) end(ctx context.Context, at time.Time) error {
	var request []byte
	for _, p := range l.processes {
		p.alive["up"] = true
		for series := range p.alive {
			var err error
			if request, err = p.append(request, sample{series, staleMarker}, at); err != nil {
				return err
			}
		}
	}
	clear(l.processes)
	return l.push(ctx, request)
}

func (l *loader) targetLabels(process string) []label {
	labels := []label{{"instance", process + ":8000"}, {"job", jobs[process]}}
	for name, value := range l.TargetLabels {
		labels = append(labels, label{name, value})
	}
	return labels
}

// append appends a TimeSeries with one sample to a remote-write 1.0 WriteRequest.
func (p *process) append(request []byte, s sample, at time.Time) ([]byte, error) {
	labels, cached := p.encoded[s.series]
	if !cached {
		own, err := labelsOf(s.series)
		if err != nil {
			return nil, err
		}
		labels = encodeLabels(p.scraped(own))
		p.encoded[s.series] = labels
	}
	var point []byte
	point = protowire.AppendTag(point, 1, protowire.Fixed64Type)
	point = protowire.AppendFixed64(point, math.Float64bits(s.value))
	point = protowire.AppendTag(point, 2, protowire.VarintType)
	point = protowire.AppendVarint(point, uint64(at.UnixMilli()))

	request = protowire.AppendTag(request, 1, protowire.BytesType)
	request = protowire.AppendVarint(request, uint64(len(labels)+protowire.SizeTag(2)+protowire.SizeBytes(len(point))))
	request = append(request, labels...)
	request = protowire.AppendTag(request, 2, protowire.BytesType)
	return protowire.AppendBytes(request, point), nil
}

// scraped adds the target's labels, sorted by name. A label that the target has too is renamed, as
// Prometheus does without honor_labels.
func (p *process) scraped(own []label) []label {
	for i, o := range own {
		if slices.ContainsFunc(p.labels, func(t label) bool { return t.name == o.name }) {
			own[i].name = "exported_" + o.name
		}
	}
	all := append(own, p.labels...)
	slices.SortFunc(all, func(a, b label) int { return strings.Compare(a.name, b.name) })
	return all
}

func encodeLabels(labels []label) (encoded []byte) {
	for _, l := range labels {
		var pair []byte
		pair = protowire.AppendTag(pair, 1, protowire.BytesType)
		pair = protowire.AppendString(pair, l.name)
		pair = protowire.AppendTag(pair, 2, protowire.BytesType)
		pair = protowire.AppendString(pair, l.value)
		encoded = protowire.AppendTag(encoded, 1, protowire.BytesType)
		encoded = protowire.AppendBytes(encoded, pair)
	}
	return encoded
}

func (l *loader) push(ctx context.Context, request []byte) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, l.url, bytes.NewReader(snappy.Encode(nil, request)))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Encoding", "snappy")
	req.Header.Set("Content-Type", "application/x-protobuf")
	req.Header.Set("X-Prometheus-Remote-Write-Version", "0.1.0")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode/100 != 2 {
		text, _ := io.ReadAll(io.LimitReader(resp.Body, 1000))
		return fmt.Errorf("prometheus refused the samples with %s: %s", resp.Status, bytes.TrimSpace(text))
	}
	return nil
}
