package cli

import (
	"fmt"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/temporal-sre/copilot/pkg/health"
	"github.com/temporal-sre/copilot/pkg/telemetry"
)

// printReading shows signal by signal what was read and how.
func printReading(cmd *cobra.Command, reading telemetry.Reading, queries bool) error {
	out := cmd.OutOrStdout()
	fmt.Fprintf(out, "cluster %s at %s: %d of %d signals known\nserver metrics: %s; SDK metrics: %v\n\n",
		reading.Snapshot.Cluster, reading.Snapshot.At.Format(time.RFC3339), len(reading.Snapshot.Signals), len(reading.Signals), reading.Server, reading.SDK)
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "SIGNAL\tVALUE\tUNIT\tAGE\tNOTE")
	for _, s := range reading.Signals {
		signal, _ := health.LookupSignal(s.ID)
		value, note := "unknown", s.Reason
		if s.Value != nil {
			value, note = strconv.FormatFloat(*s.Value, 'g', 4, 64), s.Note
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
