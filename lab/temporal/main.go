// Command temporal runs a whole Temporal server (frontend, history, matching and system workers) in one
// process on 127.0.0.1. Once the server serves its namespace, one line of JSON on standard output says so.
//
// It is a module of its own: the server comes with the very dependencies that it was released with, and
// they with nobody else.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var options Options
	flag.StringVar(&options.SQLite, "sqlite", "", "keep the data in this SQLite file")
	flag.StringVar(&options.Postgres, "postgres", "", "keep the data in this PostgreSQL database (a URL), and visibility records in <database>_visibility")
	flag.StringVar(&options.PostgresVisibility, "postgres-visibility", "", "keep visibility records in this PostgreSQL database (a URL) instead")
	flag.StringVar(&options.Namespace, "namespace", "default", "namespace to register")
	flag.StringVar(&options.MetricsFramework, "metrics-framework", "tally", "tally or opentelemetry")
	flag.IntVar(&options.Shards, "shards", 16, "number of history shards")
	flag.StringVar(&options.LogLevel, "log-level", "error", "least important level to log: debug, info, warn, error")
	flag.Func("dynamic-config-value", "a dynamic configuration `key=value`, the value in JSON; can be repeated", options.setDynamicConfig)
	flag.StringVar(&options.DynamicConfigFile, "dynamic-config-file", "", "read dynamic configuration from this `file` (YAML), and again within 5 s when it changes")
	flag.Func("services", "the services to run, separated by commas; all by default", func(names string) error {
		options.Services = strings.Split(names, ",")
		return nil
	})
	flag.IntVar(&options.Ports.Frontend, "frontend-port", 7233, "where clients and workers connect")
	flag.IntVar(&options.Ports.History, "history-port", 7234, "port of the history service")
	flag.IntVar(&options.Ports.Matching, "matching-port", 7235, "port of the matching service")
	flag.IntVar(&options.Ports.Worker, "worker-port", 7239, "port of the system workers")
	flag.Func("gossip-ports", "find the cluster's other processes through the database and by gossip: four `ports` separated by commas, for frontend, history, matching and worker", options.setGossipPorts)
	flag.IntVar(&options.Ports.Metrics, "metrics-port", 8000, "port of the Prometheus page /metrics")
	flag.Parse()
	if err := run(ctx, options); err != nil {
		fmt.Fprintln(os.Stderr, "temporal:", err)
		os.Exit(1) //nolint:gocritic // the process ends, and with it the signal handler
	}
}

func run(ctx context.Context, options Options) error {
	server, err := Start(ctx, options)
	if err != nil {
		return err
	}
	ready := struct {
		Address        string `json:"address"`
		MetricsAddress string `json:"metrics_address"`
		Namespace      string `json:"namespace"`
	}{loopback(options.Ports.Frontend), loopback(options.Ports.Metrics), options.Namespace}
	if err := json.NewEncoder(os.Stdout).Encode(ready); err != nil {
		return fmt.Errorf("writing the addresses: %w", err)
	}
	<-ctx.Done()
	return server.Stop()
}
