package synthetic

import (
	"math"
	"strconv"
	"time"

	"github.com/temporal-sre/copilot/internal/remotewrite"
)

// The services of a server; each runs in a process of its own.
const (
	frontend = "frontend"
	history  = "history"
	matching = "matching"
	system   = "worker"
)

// Process is a scrape target: a service of the server, or an SDK worker.
type Process struct {
	cluster *Cluster
	// target are the labels that scraping adds, and own those that the process writes on every series.
	target, own Labels
	// service is empty for an SDK worker.
	service string
	// from and until bound the life of the process. A process that vanishes ends its series with stale markers.
	from, until time.Duration
	vanishes    bool
}

func (c *Cluster) service(name string) Process {
	from, until := c.Life(name)
	target := Labels{"job": "temporal", "instance": "temporal-" + name + "-0" + c.Generation + ":9090"}
	if c.JobPerService {
		target["job"] += "-" + name
	}
	return Process{
		cluster: c, service: name, target: target.with(c.TargetLabels), own: Labels{"service_name": name},
		from: from, until: until, vanishes: until < Length,
	}
}

// Frontend is the frontend service's process.
func (c *Cluster) Frontend() Process { return c.service(frontend) }

// History is the history service's process.
func (c *Cluster) History() Process { return c.service(history) }

// Matching is the matching service's process.
func (c *Cluster) Matching() Process { return c.service(matching) }

// System is the process of the server's own workers.
func (c *Cluster) System() Process { return c.service(system) }

// Scraped is a target that is neither the server's nor a worker's.
func (c *Cluster) Scraped(job, instance string) Process {
	return Process{cluster: c, until: Length, target: Labels{"job": job, "instance": instance}}
}

// Gauge adds a gauge.
func (p Process) Gauge(name string, l Labels, v Value) {
	p.put(name, name, l, gauge(p.from, p.until, v))
}

// Counter adds a counter by its rate per second.
func (p Process) Counter(name string, l Labels, perSecond Value) {
	p.CounterFrom(0, name, l, perSecond)
}

// CounterFrom adds a counter that has counted before.
func (p Process) CounterFrom(total float64, name string, l Labels, perSecond Value) {
	p.put(name, p.framework().counter(name), l, counter(p.from, p.until, total, perSecond))
}

// Observations adds the count of a histogram of counts, without its buckets.
func (p Process) Observations(name string, l Labels, perSecond Value) {
	p.put(name, p.framework().distribution(name)+"_count", l, counter(p.from, p.until, 0, perSecond))
}

// Timer adds a timer of the server by the rate and the spread of what it measures.
func (p Process) Timer(name string, l Labels, perSecond Value, spread Spreads) {
	full, unit := p.framework().timer(name)
	bounds := make([]float64, len(serverBounds))
	for i, b := range serverBounds {
		// Rounding keeps a bound of 5 ms from becoming 5.000000000000001.
		bounds[i] = math.Round(b*unit*1e6) / 1e6
	}
	p.histogram(name, full, l, perSecond, spread, unit, bounds)
}

// histogram adds a classic histogram whose unit is that many of a second.
func (p Process) histogram(family, name string, l Labels, perSecond Value, spread Spreads, unit float64, bounds []float64) {
	bounds = append(bounds[:len(bounds):len(bounds)], math.Inf(1))
	inBucket := func(bound float64) Value {
		return func(at time.Duration) float64 {
			share := 0.0
			for took, of := range spread(at) {
				if took.Seconds()*unit <= bound {
					share += of
				}
			}
			return perSecond(at) * share
		}
	}
	for _, bound := range bounds {
		le := "+Inf"
		if !math.IsInf(bound, 1) {
			le = strconv.FormatFloat(bound, 'g', -1, 64)
		}
		p.put(family, name+"_bucket", l.with(Labels{"le": le}), counter(p.from, p.until, 0, inBucket(bound)))
	}
	p.put(family, name+"_count", l, counter(p.from, p.until, 0, inBucket(math.Inf(1))))
	p.put(family, name+"_sum", l, counter(p.from, p.until, 0, func(at time.Duration) float64 {
		mean := 0.0
		for took, of := range spread(at) {
			mean += took.Seconds() * unit * of
		}
		return perSecond(at) * mean
	}))
}

// framework is that of the server; an SDK worker's names are written out.
func (p Process) framework() Framework {
	if p.service == "" {
		return Tally
	}
	return p.cluster.Framework
}

// put adds a series of a family of metrics, if the server's version has the family.
func (p Process) put(family, name string, l Labels, points []point) {
	own := p.own.with(l)
	if p.service != "" {
		if p.cluster.Version.before(since[family]) {
			return
		}
		if name != upMetric {
			name = p.cluster.Prefix + name
		}
		for label, value := range own {
			if label != "le" {
				own[label] = p.framework().tag(value)
			}
		}
	}
	if p.vanishes && len(points) > 0 {
		points = append(points, point{points[len(points)-1].at + Step, remotewrite.StaleMarker})
	}
	own[metricName] = name
	labels := Labels{}
	for _, label := range remotewrite.Scraped(pairs(own), pairs(p.target)) {
		labels[label.Name] = label.Value
	}
	if p.cluster.JobAsServiceName {
		labels["service_name"] = labels["job"]
	}
	p.cluster.put(&series{labels, points})
}

// upMetric is what scraping itself says of a target.
const upMetric = "up"

// up says that the process can be scraped.
func (p Process) up(v Value) {
	bare := p
	bare.own = nil
	bare.Gauge(upMetric, nil, v)
}

func pairs(l Labels) (pairs []remotewrite.Label) {
	for name, value := range l {
		pairs = append(pairs, remotewrite.Label{Name: name, Value: value})
	}
	return pairs
}
