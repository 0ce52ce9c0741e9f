// Package grafana runs a Grafana with the plugin, its datasource, its dashboards and its alert rules.
package grafana
