package cli

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/temporal-sre/copilot/pkg/health"
	"github.com/temporal-sre/copilot/pkg/telemetry"
)

// readingLine is a reading as JSON: the snapshot, which `copilot evaluate` and `copilot explain` read, and beside it how
// the cluster was read.
type readingLine struct {
	health.Snapshot
	ServerMetrics string            `json:"server_metrics"`
	SDKMetrics    []string          `json:"sdk_metrics,omitempty"`
	Prefix        string            `json:"prefix,omitempty"`
	Releases      []string          `json:"releases,omitempty"`
	Renamed       map[string]string `json:"renamed_labels,omitempty"`
	Note          string            `json:"note,omitempty"`
}

func lineOf(reading telemetry.Reading) readingLine {
	return readingLine{
		Snapshot: reading.Snapshot, ServerMetrics: reading.Server.String(), SDKMetrics: dialectNames(reading.SDK),
		Prefix: reading.Prefix, Releases: reading.Releases, Renamed: reading.Renamed, Note: reading.Note,
	}
}

func dialectNames(dialects []telemetry.SDKDialect) []string {
	names := make([]string, len(dialects))
	for i, d := range dialects {
		names[i] = d.String()
	}
	return names
}

// printReading shows signal by signal what was read and how.
func printReading(cmd *cobra.Command, reading telemetry.Reading, queries bool) error {
	out := cmd.OutOrStdout()
	fmt.Fprintf(out, "cluster %s at %s: %d of %d signals known\n",
		reading.Snapshot.Cluster, reading.Snapshot.At.Format(time.RFC3339), len(reading.Snapshot.Signals), len(reading.Signals))
	if len(reading.Snapshot.Signals) > 0 {
		printNaming(out, reading)
	}
	fmt.Fprintln(out)
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "SIGNAL\tVALUE\tUNIT\tAGE\tNOTE")
	for _, s := range reading.Signals {
		signal, _ := health.LookupSignal(s.ID)
		value, note := "unknown", s.Reason
		if s.Value != nil {
			value, note = strconv.FormatFloat(*s.Value, 'g', 4, 64), s.Note
		}
		if s.Witness != "" {
			note = strings.TrimSuffix("read from "+s.Witness+"; "+note, "; ")
		}
		age := "-"
		if s.Age != nil {
			age = s.Age.Round(time.Second).String()
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", s.ID, value, signal.Unit, age, note)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	printQueues(cmd, reading.Snapshot.Queues)
	if !queries {
		return nil
	}
	fmt.Fprintln(out, "\nQUERIES")
	for _, s := range reading.Signals {
		if s.Query != "" {
			fmt.Fprintf(out, "%s\n    %s\n", s.ID, s.Query)
		}
	}
	return nil
}

// printNaming shows how the cluster's metrics are called, and what is known of its releases.
func printNaming(out io.Writer, reading telemetry.Reading) {
	server := []string{reading.Server.String()}
	if len(reading.Releases) > 0 {
		server = append(server, "release "+strings.Join(reading.Releases, " and "))
	}
	if reading.Prefix != "" {
		server = append(server, "prefix "+reading.Prefix)
	}
	for _, label := range slices.Sorted(maps.Keys(reading.Renamed)) {
		server = append(server, fmt.Sprintf("label %s is %s", label, reading.Renamed[label]))
	}
	sdk := "none"
	if len(reading.SDK) > 0 {
		sdk = strings.Join(dialectNames(reading.SDK), ", ")
	}
	fmt.Fprintf(out, "server metrics: %s\nSDK metrics: %s\n", strings.Join(server, ", "), sdk)
	if reading.Note != "" {
		fmt.Fprintf(out, "note: %s\n", reading.Note)
	}
}

func printQueues(cmd *cobra.Command, queues []health.TaskQueue) {
	if len(queues) == 0 {
		return
	}
	fmt.Fprintln(cmd.OutOrStdout(), "\nWORST TASK QUEUES")
	w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "NAMESPACE\tQUEUE\tTYPE\tOLDEST\tBACKLOG\tINFLOW/S\tPOLLERS\tSTARVED")
	for _, q := range queues {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%v\n", q.Namespace, q.Name, q.Type,
			numberOrDash(q.OldestAgeSec), numberOrDash(q.Backlog), numberOrDash(q.InflowPerSec), numberOrDash(q.Pollers), q.Starved)
	}
	_ = w.Flush()
}

func numberOrDash(x *float64) string {
	if x == nil {
		return "-"
	}
	return strconv.FormatFloat(*x, 'g', 4, 64)
}
