package demo

import (
	"fmt"
	"io"

	"github.com/temporal-sre/copilot/lab/scenario"
	"github.com/temporal-sre/copilot/lab/stage"
)

// plain is a screen of lines, for logs and pipes.
type plain struct {
	*scenario.Minutes
	out io.Writer
}

func newPlain(out io.Writer, story scenario.Scenario) plain {
	fmt.Fprintln(out, story.About)
	return plain{scenario.NewMinutes(out), out}
}

func (p plain) Starting(step string) { p.Note("starting %s", step) }

func (p plain) Reachable(address stage.Address) { p.Note("%s is at %s", address.Part, address.Where) }

func (p plain) Staying(addresses []stage.Address) {
	p.Note("the story is over; everything stays up until Ctrl-C")
	printAddresses(p.out, addresses)
}

func (plain) Close() {}
