package llm

import (
	"errors"
	"fmt"
	"sync"
)

// Mode is how a model is made to answer with JSON. Models differ in what they take.
type Mode string

// The modes, best first. Auto begins with the best and remembers what a model takes.
const (
	Auto Mode = "auto"
	// Native: the provider's own JSON schema format.
	Native Mode = "native"
	// ForcedTool: a tool that the model has to call, with the schema as its input.
	ForcedTool Mode = "forced_tool"
	// PromptOnly: the schema stands in the prompt, and the model is trusted to follow it.
	PromptOnly Mode = "prompt"
)

// Modes lists the modes.
func Modes() []Mode { return []Mode{Auto, Native, ForcedTool, PromptOnly} }

// ErrMode is wrapped by providers' errors when a model may have refused a request for its mode: they
// rarely say clearly which part of a request they did not like.
var ErrMode = errors.New("the model may not take this way of asking for JSON")

// OutputMode remembers which modes a model takes. It is safe for concurrent use.
type OutputMode struct {
	mu    sync.Mutex
	modes []Mode
}

// NewOutputMode begins at a mode; Auto, or empty, begins with the best one and steps down.
func NewOutputMode(mode Mode) (*OutputMode, error) {
	switch mode {
	case Auto, "":
		return &OutputMode{modes: []Mode{Native, ForcedTool, PromptOnly}}, nil
	case Native, ForcedTool, PromptOnly:
		return &OutputMode{modes: []Mode{mode}}, nil
	}
	return nil, fmt.Errorf("mode %q: it is one of %v", mode, Modes())
}

// Ask tries the modes from the one that worked last, and steps down where ask fails with ErrMode. Only a
// lower mode that works is remembered: a request that fails in all of them was refused for something else,
// and then the first error is returned.
func (o *OutputMode) Ask(ask func(Mode) (Answer, error)) (Answer, error) {
	o.mu.Lock()
	modes := o.modes
	o.mu.Unlock()
	var failed error
	for i, mode := range modes {
		answer, err := ask(mode)
		if err == nil || !errors.Is(err, ErrMode) {
			if i > 0 && err == nil {
				o.mu.Lock()
				// Another question may have stepped down further meanwhile.
				if len(modes)-i < len(o.modes) {
					o.modes = modes[i:]
				}
				o.mu.Unlock()
			}
			return answer, err
		}
		if failed == nil {
			failed = err
		}
	}
	return Answer{}, failed
}
