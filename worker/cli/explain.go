package cli

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/temporal-sre/copilot/pkg/explain"
	"github.com/temporal-sre/copilot/pkg/explain/evidence"
	"github.com/temporal-sre/copilot/pkg/explain/rules"
	"github.com/temporal-sre/copilot/pkg/health"
)

func explainCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "explain [CLUSTER[/EVENT]]",
		Short: "Explain a cluster, one of its events, or snapshots from standard input: what happened, why, what to do first",
		Long: `With a cluster, has the running worker explain how it is now, or why its event of that number happened, as the
worker is configured to explain. The explanation is stored too. --stored prints the latest stored one and asks nobody.

Without a cluster, reads snapshots as "copilot evaluate" does, judges all of them in order, and explains the last one
of each cluster by rules. The event that is explained is the cluster's last one.`,
		Example: "  copilot explain --config copilot.yaml prod\n  copilot explain --config copilot.yaml prod/17 --stored\n  copilot explain <snapshots.jsonl",
		Args:    cobra.MaximumNArgs(1),
	}
	path := configFlag(cmd, false)
	asJSON := cmd.Flags().Bool("json", false, "print one JSON object a line instead of text")
	stored := cmd.Flags().Bool("stored", false, "print the latest explanation that is stored, and ask for none")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) == 1 {
			return explainCluster(cmd, *path, args[0], *stored, *asJSON)
		}
		if *stored {
			return errors.New("--stored needs a cluster: copilot explain --config FILE CLUSTER --stored")
		}
		thresholds, err := rulesFrom(*path)
		if err != nil {
			return err
		}
		amplifiers, err := amplifierThresholdsFrom(*path)
		if err != nil {
			return err
		}
		watched, err := watchAll(cmd.InOrStdin(), cmd.ErrOrStderr(), thresholds)
		if err != nil {
			return err
		}
		var all []explain.Explanation
		for _, w := range watched {
			w.input.Thresholds = amplifiers(w.input.Verdict.Cluster)
			all = append(all, rules.Explain(evidence.Gather(w.input)))
		}
		return printExplanations(cmd.OutOrStdout(), all, *asJSON)
	}
	return cmd
}

// watched is what is remembered of a cluster while its snapshots pass by.
type watched struct {
	memory health.Memory
	input  evidence.Input
}

// maxBefore is how many snapshots an explanation looks back.
const maxBefore = 10

func (w *watched) take(snapshot health.Snapshot, rules health.Thresholds) {
	in := &w.input
	if !in.Snapshot.At.IsZero() {
		in.Before = append(in.Before, in.Snapshot)
		in.Before = in.Before[max(0, len(in.Before)-maxBefore):]
		// What fired before an improvement that has yet to hold is what clears with it.
		if w.memory.BetterCycles == 0 || in.Previous == nil {
			previous := in.Verdict
			in.Previous = &previous
		}
	}
	in.Verdict, w.memory = health.Evaluate(w.memory, snapshot, rules)
	in.Snapshot = snapshot
	if in.Verdict.Event != nil {
		in.Event = in.Verdict.Event
	}
}

// watchAll judges all snapshots and returns the clusters in the order in which they were first seen.
func watchAll(in io.Reader, warnings io.Writer, rules func(cluster string) health.Thresholds) ([]*watched, error) {
	byName := map[string]*watched{}
	var order []*watched
	err := eachSnapshot(in, warnings, func(snapshot health.Snapshot) error {
		w := byName[snapshot.Cluster]
		if w == nil {
			w = &watched{}
			byName[snapshot.Cluster] = w
			order = append(order, w)
		}
		w.take(snapshot, rules(snapshot.Cluster))
		return nil
	})
	return order, err
}

func printExplanations(out io.Writer, all []explain.Explanation, asJSON bool) (err error) {
	buffered := bufio.NewWriter(out)
	defer func() { err = errors.Join(err, buffered.Flush()) }()
	encoder := json.NewEncoder(buffered)
	encoder.SetEscapeHTML(false)
	for i, explanation := range all {
		if asJSON {
			if err := encoder.Encode(explanation); err != nil {
				return fmt.Errorf("writing the explanation of cluster %q: %w", explanation.Cluster, err)
			}
			continue
		}
		if i > 0 {
			fmt.Fprintln(buffered)
		}
		fmt.Fprint(buffered, explanation.Text())
	}
	return nil
}
