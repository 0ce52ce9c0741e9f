package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/temporal-sre/copilot/pkg/health"
	"github.com/temporal-sre/copilot/pkg/telemetry/logs"
	"github.com/temporal-sre/copilot/worker/config"
)

const (
	minSince = time.Minute
	maxSince = 24 * time.Hour
	// logsTimeout is what a person waits for many lines.
	logsTimeout = 2 * time.Minute
)

func logsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "logs [CLUSTER]",
		Short: "Look for the known patterns in a cluster's log lines, and show what was found and where",
		Long: `Reads the log lines of a cluster from its Loki as the worker does, and shows the streams that the selector
finds, how many lines match each pattern, in which service, and one of them, redacted.`,
		Example: "  copilot logs --config copilot.yaml prod --since 1h\n  copilot logs --list",
		Args:    cobra.MaximumNArgs(1),
	}
	path := configFlag(cmd, false)
	since := cmd.Flags().Duration("since", 10*time.Minute, "how far to look back")
	asJSON := cmd.Flags().Bool("json", false, "print JSON")
	list := cmd.Flags().Bool("list", false, "print the table of patterns, with those of the configuration if one is given, and read nothing")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		var c config.Config
		if *path == "" && !*list {
			return errors.New("which cluster? give --config FILE")
		}
		if *path != "" {
			var err error
			if c, err = config.Load(*path); err != nil {
				return err
			}
		}
		patterns, err := c.Patterns()
		if err != nil {
			return err
		}
		if *list {
			return listPatterns(cmd.OutOrStdout(), patterns)
		}
		cluster, err := clusterWithLogs(c, args)
		if err != nil {
			return err
		}
		if *since < minSince || *since > maxSince {
			return fmt.Errorf("--since %s is out of range: it is between %s and %s", *since, minSince, maxSince)
		}
		ctx, cancel := context.WithTimeout(cmd.Context(), logsTimeout)
		defer cancel()
		found, err := lookThrough(ctx, cluster, patterns, *since)
		if err != nil {
			return fmt.Errorf("logs of cluster %q: %w", cluster.Name, err)
		}
		if *asJSON {
			return json.NewEncoder(cmd.OutOrStdout()).Encode(found)
		}
		return found.print(cmd.OutOrStdout())
	}
	return cmd
}

func clusterWithLogs(c config.Config, args []string) (config.Cluster, error) {
	name := ""
	if len(args) > 0 {
		name = args[0]
	}
	cluster, err := oneCluster(c, name)
	if err == nil && cluster.Logs == nil {
		err = fmt.Errorf("cluster %q has no logs in the configuration: add a section logs with url and selector to it", cluster.Name)
	}
	return cluster, err
}

func listPatterns(out io.Writer, patterns []logs.Pattern) error {
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "PATTERN\tMEANING\tEXPRESSION")
	for _, p := range patterns {
		fmt.Fprintf(w, "%s\t%s\t%s\n", p.ID, p.Meaning, p.Expression)
	}
	return w.Flush()
}

// foundLogs is what a cluster's logs hold.
type foundLogs struct {
	Cluster  string    `json:"cluster"`
	URL      string    `json:"url"`
	Selector string    `json:"selector"`
	From     time.Time `json:"from"`
	Through  time.Time `json:"through"`
	// Streams are the labels of the streams that the selector matches.
	Streams []map[string]string `json:"streams"`
	// Lines were read, since they have words of patterns in them; Matched of them match one.
	Lines   int `json:"lines"`
	Matched int `json:"matched"`
	// Patterns are summed up by pattern and service, the most frequent first. Their time is the last half minute
	// in which they were found.
	Patterns []health.LogCount `json:"patterns"`
	// Remarks are what else is to know: that nothing at all is written, or that lines were passed over.
	Remarks []string `json:"remarks,omitempty"`
}

// lookThrough reads all lines of the time since.
func lookThrough(ctx context.Context, cluster config.Cluster, patterns []logs.Pattern, since time.Duration) (foundLogs, error) {
	source, err := cluster.LogSource()
	if err != nil {
		return foundLogs{}, err
	}
	reader, err := logs.New(source, patterns, logs.Options{Timeout: logsTimeout, Lookback: since, Behind: since})
	if err != nil {
		return foundLogs{}, err
	}
	now := time.Now()
	found := foundLogs{
		Cluster: string(cluster.Name), URL: source.URL, Selector: reader.Selector(), From: now.Add(-since).UTC(),
		Streams: []map[string]string{}, Patterns: []health.LogCount{},
	}
	var cursor logs.Cursor
	var counts []health.LogCount
	for more := true; more; {
		reading, err := reader.Read(ctx, cursor, now)
		if err != nil {
			return foundLogs{}, err
		}
		cursor, more = reading.Cursor, reading.More
		counts = append(counts, reading.Counts...)
		found.Lines += reading.Lines
		found.Matched += reading.Matched
		found.Through = reading.Through.UTC()
		for _, remark := range []string{reading.Silent, reading.GaveUp} {
			if remark != "" {
				found.Remarks = append(found.Remarks, remark)
			}
		}
	}
	found.Patterns = append(found.Patterns, summed(counts)...)
	streams, err := reader.Streams(ctx, now.Add(-since), now)
	found.Streams = append(found.Streams, streams...)
	return found, err
}

// summed adds up counts by pattern and service, the most frequent first.
func summed(counts []health.LogCount) []health.LogCount {
	var sums []health.LogCount
	for _, c := range counts {
		i := slices.IndexFunc(sums, func(s health.LogCount) bool { return s.Pattern == c.Pattern && s.Service == c.Service })
		if i < 0 {
			sums = append(sums, c)
			continue
		}
		c.Count += sums[i].Count
		c.AtLeast = c.AtLeast || sums[i].AtLeast
		sums[i] = c
	}
	slices.SortStableFunc(sums, func(a, b health.LogCount) int { return cmp.Compare(b.Count, a.Count) })
	return sums
}

// maxStreams is how many streams are worth a line each.
const maxStreams = 20

func (f foundLogs) print(out io.Writer) error {
	fmt.Fprintf(out, "cluster %s: %s at %s from %s on\n", f.Cluster, f.Selector, f.URL, f.From.Format(time.RFC3339))
	fmt.Fprintf(out, "streams found: %d\n", len(f.Streams))
	for i, stream := range f.Streams {
		if i == maxStreams {
			fmt.Fprintf(out, "  and %d more\n", len(f.Streams)-maxStreams)
			break
		}
		labels, err := json.Marshal(stream)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "  %s\n", labels)
	}
	fmt.Fprintf(out, "lines with words of patterns in them: %d; lines that match: %d\n", f.Lines, f.Matched)
	for _, remark := range f.Remarks {
		fmt.Fprintln(out, "note:", remark)
	}
	if len(f.Patterns) == 0 {
		fmt.Fprintln(out, "\nNo line matches a known pattern.")
		return nil
	}
	fmt.Fprintln(out)
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "PATTERN\tSERVICE\tLINES\tLAST\tMEANING")
	for _, p := range f.Patterns {
		lines := fmt.Sprint(p.Count)
		if p.AtLeast {
			lines += " or more"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", p.Pattern, p.Service, lines, p.At.Format(time.TimeOnly), p.Meaning)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(out, "\nSAMPLES, REDACTED")
	for _, p := range f.Patterns {
		fmt.Fprintf(out, "%s of %s\n    %s\n", p.Pattern, p.Service, p.Sample)
	}
	return nil
}
