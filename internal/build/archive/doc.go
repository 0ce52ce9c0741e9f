// Package archive packs the built plugin into the zip that Grafana installs, and first checks what
// Grafana's plugin validator would complain about.
package archive
