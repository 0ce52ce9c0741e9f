// Package synthetic builds Temporal clusters that never ran: the time series that a Prometheus would hold if it
// had scraped such a cluster every 15 seconds for 50 minutes. Each is healthy for 20 minutes; then its fault,
// if it has one, begins. They represent servers, dialects, settings and faults of which no recording exists.
//
// New makes a cluster that is healthy apart from what its Options say; a fault without an option is
// added as series of its processes. Load writes the cluster into a real Prometheus.
package synthetic
