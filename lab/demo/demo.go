package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"text/tabwriter"

	"github.com/mattn/go-isatty"

	"github.com/temporal-sre/copilot/lab/grafana"
	"github.com/temporal-sre/copilot/lab/scenario"
	"github.com/temporal-sre/copilot/lab/stage"
)

// Options describe a demo.
type Options struct {
	// Scenario is the story's file.
	Scenario string
	// Stay keeps everything up after the story, until ctx ends.
	Stay bool
	// GrafanaHome is the folder of a Grafana to start too; empty starts none.
	GrafanaHome string
	Out         *os.File
}

// ErrUnexpected says that the copilot did not tell the story as it was.
var ErrUnexpected = errors.New("the verdicts did not come as the story expects")

// screen is where a demo is shown.
type screen interface {
	scenario.Audience
	// Starting says what is being started.
	Starting(step string)
	// Reachable says what can be looked at while the story is played.
	Reachable(address stage.Address)
	// Staying says that the story is over and everything stays up.
	Staying(addresses []stage.Address)
	// Close ends the display; what was last shown stays visible.
	Close()
}

// Run plays the demo. The error is ErrUnexpected when the verdicts did not come as expected.
func Run(ctx context.Context, options Options) (err error) {
	story, err := scenario.Load(options.Scenario)
	if err != nil {
		return err
	}
	show, err := newScreen(options.Out, story)
	if err != nil {
		return fmt.Errorf("setting up the board: %w", err)
	}
	defer show.Close()

	set := story.Stage(show.Starting)
	set.LokiOptional = true
	on, err := stage.Start(ctx, set)
	if err != nil {
		return interrupted(ctx, err)
	}
	defer func() {
		show.Close()
		fmt.Fprintln(options.Out, "stopping everything that was started")
		err = errors.Join(err, on.Stop())
	}()
	addresses := on.Addresses()
	if options.GrafanaHome != "" {
		show.Starting("Grafana")
		server, err := grafana.Start(ctx, options.GrafanaHome, on.StoreURL(), on.Evidence())
		if err != nil {
			return interrupted(ctx, err)
		}
		defer func() { err = errors.Join(err, server.Stop()) }()
		address := stage.Address{Part: "Grafana", Where: server.URL()}
		show.Reachable(address)
		addresses = append(addresses, address)
	}

	outcomes, err := scenario.Play(ctx, story, on, show)
	if err != nil {
		return interrupted(ctx, err)
	}
	unexplained := scenario.AwaitExplained(ctx, on, show)
	if unexplained != nil && !errors.Is(unexplained, scenario.ErrUnexplained) {
		return interrupted(ctx, unexplained)
	}
	if options.Stay {
		show.Staying(addresses)
		if err := scenario.Watch(ctx, on, show); err != nil {
			return err
		}
	}
	show.Close()
	return conclude(context.WithoutCancel(ctx), options.Out, outcomes, unexplained, on)
}

// newScreen is a live board on a terminal, and lines elsewhere.
func newScreen(out *os.File, story scenario.Scenario) (screen, error) {
	if isatty.IsTerminal(out.Fd()) {
		return newLive(out, story)
	}
	return newPlain(out, story), nil
}

// conclude says what was checked and how it came out. Unexplained is nil when every event was explained.
func conclude(ctx context.Context, out io.Writer, outcomes []scenario.Outcome, unexplained error, on *stage.Stage) error {
	fmt.Fprintln(out, "\nWhat was checked, phase by phase:")
	expected, err := scenario.Report(out, outcomes)
	if err != nil {
		return err
	}
	count, err := scenario.CheckEvents(ctx, on.Store())
	if err != nil {
		return fmt.Errorf("%w: %w", ErrUnexpected, err)
	}
	fmt.Fprintf(out, "and that the %d events are numbered without a gap and none leads from happy straight to critical\n", count)
	if unexplained != nil {
		return fmt.Errorf("%w: %w", ErrUnexpected, unexplained)
	}
	fmt.Fprintln(out, "and that each of them was explained")
	if !expected {
		return ErrUnexpected
	}
	fmt.Fprintln(out, "everything came as expected")
	return nil
}

// interrupted replaces the many ways in which things fail after Ctrl-C by one.
func interrupted(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return errors.New("interrupted before the end of the story")
	}
	return err
}

func printAddresses(out io.Writer, addresses []stage.Address) {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, address := range addresses {
		fmt.Fprintf(table, "%s\t%s\n", address.Part, address.Where)
	}
	_ = table.Flush() // a terminal that is gone is told nothing
}
