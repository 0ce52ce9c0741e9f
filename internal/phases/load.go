package phases

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/temporal-sre/copilot/internal/remotewrite"
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
	interval = Interval
	maxPause = time.Minute
)

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
	l := loader{Options: o, url: prometheusURL, processes: map[string]*process{}}
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
	labels []remotewrite.Label
	// encoded caches the labels of each series as remote write wants them.
	encoded map[string]remotewrite.Encoded
	// alive holds the series of the last scrape; it is empty while the process is down.
	alive map[string]bool
}

// scrape writes one scrape of every process.
func (l *loader) scrape(ctx context.Context, s scrape) error {
	var request remotewrite.Request
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
			p = &process{name: name, labels: l.targetLabels(name), encoded: map[string]remotewrite.Encoded{}}
			l.processes[name] = p
		}
		before := p.alive
		p.alive = make(map[string]bool, len(dump))
		for _, line := range dump {
			p.alive[line.series] = true
			if err := p.append(&request, line, s.at); err != nil {
				return err
			}
		}
		for series := range before {
			if !p.alive[series] {
				if err := p.append(&request, sample{series, remotewrite.StaleMarker}, s.at); err != nil {
					return err
				}
			}
		}
		isUp := sample{series: "up"}
		if up {
			isUp.value = 1
		}
		if err := p.append(&request, isUp, s.at); err != nil {
			return err
		}
	}
	return request.Push(ctx, l.url)
}

// end marks everything as gone.
func (l *loader) end(ctx context.Context, at time.Time) error {
	var request remotewrite.Request
	for _, p := range l.processes {
		p.alive["up"] = true
		for series := range p.alive {
			if err := p.append(&request, sample{series, remotewrite.StaleMarker}, at); err != nil {
				return err
			}
		}
	}
	clear(l.processes)
	return request.Push(ctx, l.url)
}

func (l *loader) targetLabels(process string) []remotewrite.Label {
	labels := []remotewrite.Label{{Name: "instance", Value: process + ":8000"}, {Name: "job", Value: jobs[process]}}
	for name, value := range l.TargetLabels {
		labels = append(labels, remotewrite.Label{Name: name, Value: value})
	}
	return labels
}

// append adds one sample of a series to a request.
func (p *process) append(request *remotewrite.Request, s sample, at time.Time) error {
	labels, cached := p.encoded[s.series]
	if !cached {
		own, err := labelsOf(s.series)
		if err != nil {
			return err
		}
		labels = remotewrite.Encode(remotewrite.Scraped(own, p.labels))
		p.encoded[s.series] = labels
	}
	request.Add(labels, remotewrite.Sample{At: at, Value: s.value})
	return nil
}
