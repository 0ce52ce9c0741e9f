package cli

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/temporal-sre/copilot/pkg/health"
	"github.com/temporal-sre/copilot/worker/config"
)

// maxLine is more than a snapshot with every signal and reason can have.
const maxLine = 4 << 20

func evaluateCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "evaluate",
		Short: "Judge snapshots from standard input, one JSON object a line, and print a verdict a line",
		Long: `Reads snapshots, one JSON object a line, in the order of their time:

  {"cluster":"prod","at":"2026-01-02T03:04:05Z","signals":{"history.backlog_age_sec":42}}

A signal that is absent or null is unknown. Lines of several clusters may be mixed. With --config the
thresholds of each cluster are those of the configuration.`,
		Example: "  copilot evaluate <snapshots.jsonl",
		Args:    cobra.NoArgs,
	}
	path := configFlag(cmd, false)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		rules, err := rulesFrom(*path)
		if err != nil {
			return err
		}
		return evaluate(cmd.InOrStdin(), cmd.OutOrStdout(), cmd.ErrOrStderr(), rules)
	}
	return cmd
}

// rulesFrom returns the thresholds of a cluster by name: the configured ones, or the defaults.
func rulesFrom(path string) (func(cluster string) health.Thresholds, error) {
	if path == "" {
		return func(string) health.Thresholds { return health.DefaultThresholds() }, nil
	}
	c, err := config.Load(path)
	if err != nil {
		return nil, err
	}
	return func(name string) health.Thresholds {
		if cluster, ok := c.Cluster(name); ok {
			return cluster.Rules()
		}
		return health.DefaultThresholds()
	}, nil
}

// amplifierThresholdsFrom returns the own amplifier thresholds of a cluster by name; nil has the usual ones.
func amplifierThresholdsFrom(path string) (func(cluster string) map[health.SignalID]float64, error) {
	if path == "" {
		return func(string) map[health.SignalID]float64 { return nil }, nil
	}
	c, err := config.Load(path)
	if err != nil {
		return nil, err
	}
	return func(name string) map[health.SignalID]float64 {
		cluster, _ := c.Cluster(name)
		return cluster.Thresholds.Amplifiers
	}, nil
}

// judge remembers the state machine of every cluster.
type judge struct {
	rules    func(cluster string) health.Thresholds
	memories map[string]health.Memory
	out      *json.Encoder
}

func newJudge(out io.Writer, rules func(string) health.Thresholds) *judge {
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false) // a comparison reads as <, not as \u003c
	return &judge{rules: rules, memories: map[string]health.Memory{}, out: encoder}
}

func (j *judge) take(snapshot health.Snapshot) error {
	verdict, memory := health.Evaluate(j.memories[snapshot.Cluster], snapshot, j.rules(snapshot.Cluster))
	j.memories[snapshot.Cluster] = memory
	return j.out.Encode(verdict)
}

func evaluate(in io.Reader, out, warnings io.Writer, rules func(string) health.Thresholds) (err error) {
	buffered := bufio.NewWriter(out)
	defer func() { err = errors.Join(err, buffered.Flush()) }()
	j := newJudge(buffered, rules)
	return eachSnapshot(in, warnings, func(snapshot health.Snapshot) error {
		if err := j.take(snapshot); err != nil {
			return fmt.Errorf("writing the verdict: %w", err)
		}
		return nil
	})
}

// eachSnapshot reads snapshots, one JSON object a line, and warns once of each signal that no rule knows.
func eachSnapshot(in io.Reader, warnings io.Writer, take func(health.Snapshot) error) error {
	lines := bufio.NewScanner(in)
	lines.Buffer(make([]byte, 0, 64<<10), maxLine)
	foreign := map[health.SignalID]bool{}
	n := 0
	for lines.Scan() {
		n++
		if len(bytes.TrimSpace(lines.Bytes())) == 0 {
			continue
		}
		snapshot, err := parseSnapshot(lines.Bytes())
		if err != nil {
			return fmt.Errorf("line %d: %w", n, err)
		}
		for id := range snapshot.Signals {
			if _, ok := health.LookupSignal(id); !ok && !foreign[id] {
				foreign[id] = true
				fmt.Fprintf(warnings, "copilot: line %d: no rule knows a signal %q; it is left out\n", n, id)
			}
		}
		if err := take(snapshot); err != nil {
			return fmt.Errorf("line %d: %w", n, err)
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("line %d: %w", n+1, err)
	}
	return nil
}

// snapshotLine is a line of input. Pointers tell null from 0.
type snapshotLine struct {
	Cluster string                       `json:"cluster"`
	At      *time.Time                   `json:"at"`
	Signals map[health.SignalID]*float64 `json:"signals"`
	Unknown map[health.SignalID]string   `json:"unknown"`
	Witness map[health.SignalID]string   `json:"witness"`
	Queues  []health.TaskQueue           `json:"queues"`
}

func parseSnapshot(line []byte) (health.Snapshot, error) {
	var parsed snapshotLine
	if err := json.Unmarshal(line, &parsed); err != nil {
		return health.Snapshot{}, describe(err)
	}
	switch {
	case parsed.Cluster == "":
		return health.Snapshot{}, errors.New(`"cluster" is missing: every snapshot names its cluster`)
	case parsed.At == nil:
		return health.Snapshot{}, errors.New(`"at" is missing: every snapshot has its time, like "2026-01-02T03:04:05Z"`)
	}
	snapshot := health.Snapshot{Cluster: parsed.Cluster, At: *parsed.At, Unknown: parsed.Unknown, Witness: parsed.Witness, Queues: parsed.Queues,
		Signals: make(map[health.SignalID]float64, len(parsed.Signals))}
	for id, value := range parsed.Signals {
		if value != nil {
			snapshot.Signals[id] = *value
		}
	}
	return snapshot, nil
}

// describe says in the user's words what is wrong with a line of JSON.
func describe(err error) error {
	var syntax *json.SyntaxError
	var typed *json.UnmarshalTypeError
	switch {
	case errors.As(err, &typed):
		return fmt.Errorf("%q can't be a JSON %s: write it as in `copilot evaluate --help`", typed.Field, typed.Value)
	case errors.As(err, &syntax):
		return fmt.Errorf("it is no JSON (%w at character %d): write one object a line", err, syntax.Offset)
	default:
		return fmt.Errorf("it can't be read: %w", err)
	}
}
