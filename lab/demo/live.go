package demo

import (
	"os"
	"sync"
	"time"

	"github.com/pterm/pterm"

	"github.com/temporal-sre/copilot/lab/scenario"
	"github.com/temporal-sre/copilot/lab/stage"
	"github.com/temporal-sre/copilot/pkg/store"
)

// live is a screen that keeps a board up to date in a terminal.
type live struct {
	mu    sync.Mutex
	board board
	area  *pterm.AreaPrinter
	done  chan struct{}
	ended sync.WaitGroup
	once  sync.Once
}

func newLive(out *os.File, story scenario.Scenario) (*live, error) {
	area := pterm.DefaultArea
	area.SetWriter(out)
	if _, err := area.Start(); err != nil {
		return nil, err
	}
	l := &live{board: newBoard(story), area: &area, done: make(chan struct{})}
	l.ended.Go(func() {
		// Times on the board count up between news.
		ticker := time.NewTicker(500 * time.Millisecond)
		defer ticker.Stop()
		for {
			select {
			case <-l.done:
				return
			case <-ticker.C:
				l.change(func(*board) {})
			}
		}
	})
	return l, nil
}

// change changes the board and draws it.
func (l *live) change(do func(*board)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	do(&l.board)
	l.area.Update(l.board.render(time.Now(), pterm.GetTerminalWidth(), pterm.GetTerminalHeight()))
}

func (l *live) Starting(step string) {
	l.change(func(b *board) { b.starting = step })
}

func (l *live) PhaseBegan(number int, phase scenario.Phase, conditions stage.Conditions) {
	l.change(func(b *board) {
		b.starting, b.number, b.phase, b.conditions, b.began = "", number, phase, conditions, time.Now()
	})
}

func (l *live) Saw(now store.ClusterStatus, events []store.Event) {
	l.change(func(b *board) { b.now, b.events = &now, events })
}

func (l *live) Explained(a store.Assessment) {
	l.change(func(b *board) { b.explained = &a })
}

func (l *live) PhaseEnded(outcome scenario.Outcome) {
	l.change(func(b *board) { b.outcomes = append(b.outcomes, outcome) })
}

func (l *live) Reachable(address stage.Address) {
	l.change(func(b *board) { b.addresses = append(b.addresses, address) })
}

func (l *live) Staying(addresses []stage.Address) {
	l.change(func(b *board) { b.over, b.addresses = true, addresses })
}

func (l *live) Close() {
	l.once.Do(func() {
		close(l.done)
		l.ended.Wait()
		_ = l.area.Stop() // it only forgets the area; what is drawn stays
	})
}
