package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/temporal-sre/copilot/pkg/health"
	"github.com/temporal-sre/copilot/worker/config"
	"github.com/temporal-sre/copilot/worker/service"
)

// readTimeout is what a person waits for; the worker's cycles have their own deadline.
const readTimeout = 30 * time.Second

// clusterFlags choose a cluster from a configuration, or make one up from a URL.
type clusterFlags struct{ config, cluster, prometheus, selector, workers *string }

func addClusterFlags(cmd *cobra.Command) clusterFlags {
	return clusterFlags{
		config:     configFlag(cmd, false),
		cluster:    cmd.Flags().String("cluster", "", "the `name` of the cluster; not needed when there is one"),
		prometheus: cmd.Flags().String("prometheus", "", "the `URL` of a Prometheus API, instead of the configured one"),
		selector:   cmd.Flags().String("selector", "", "label `matchers` of the cluster's servers, like job=~\"temporal.*\", instead of the configured ones"),
		workers:    cmd.Flags().String("worker-selector", "", "label `matchers` of the cluster's SDK workers, instead of the configured ones"),
	}
}

func (f clusterFlags) load() (config.Cluster, error) {
	var cluster config.Cluster
	switch {
	case *f.config != "":
		c, err := config.Load(*f.config)
		if err != nil {
			return config.Cluster{}, err
		}
		if cluster, err = oneCluster(c, *f.cluster); err != nil {
			return config.Cluster{}, err
		}
	case *f.prometheus != "":
		cluster.Name = "default"
		if *f.cluster != "" {
			cluster.Name = config.Text(*f.cluster)
		}
	default:
		return config.Cluster{}, errors.New("which cluster? give --config FILE, or --prometheus URL")
	}
	if *f.prometheus != "" {
		cluster.Prometheus.URL = config.Text(*f.prometheus)
	}
	if *f.selector != "" {
		cluster.Telemetry.Selector = config.Text(*f.selector)
	}
	if *f.workers != "" {
		cluster.Telemetry.WorkerSelector = config.Text(*f.workers)
	}
	return cluster, nil
}

func signalsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "signals",
		Short: "Read every signal of a cluster once, and show query, value, age, and why a signal is unknown",
		Args:  cobra.NoArgs,
	}
	flags := addClusterFlags(cmd)
	at := cmd.Flags().String("at", "", "the evaluation `time` (RFC 3339) instead of now")
	asJSON := cmd.Flags().Bool("json", false, "print the snapshot as JSON, as `copilot evaluate` reads it, and how it was read")
	list := cmd.Flags().Bool("list", false, "print the table of signals and read nothing")
	queries := cmd.Flags().Bool("queries", true, "print the PromQL of every signal")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if *list {
			return listSignals(cmd)
		}
		cluster, err := flags.load()
		if err != nil {
			return err
		}
		when := time.Now()
		if *at != "" {
			if when, err = parseTime("--at", *at); err != nil {
				return err
			}
		}
		reader, err := service.NewReader(cluster)
		if err != nil {
			return err
		}
		ctx, cancel := context.WithTimeout(cmd.Context(), readTimeout)
		defer cancel()
		reading, err := reader.Read(ctx, when)
		if err != nil {
			return err
		}
		if *asJSON {
			return json.NewEncoder(cmd.OutOrStdout()).Encode(lineOf(reading))
		}
		return printReading(cmd, reading, *queries)
	}
	return cmd
}

func listSignals(cmd *cobra.Command) error {
	w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "SIGNAL\tCLASS\tUNIT\tMEANING")
	for _, s := range health.Signals() {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", s.ID, s.Class, s.Unit, s.Meaning)
	}
	return w.Flush()
}

func parseTime(flag, text string) (time.Time, error) {
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return at, nil
	}
	if seconds, err := strconv.ParseFloat(text, 64); err == nil && seconds > 0 && seconds < 1e11 {
		return time.UnixMilli(int64(seconds * 1000)).UTC(), nil
	}
	return time.Time{}, fmt.Errorf("%s: invalid timestamp %q: use a form like 2026-01-02T03:04:05Z, or Unix seconds", flag, text)
}
