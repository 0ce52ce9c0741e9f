package record

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/temporal-sre/copilot/internal/phases"
)

// phase is a stretch of a recording under the same conditions.
type phase struct {
	name string
	// scrapes is how long it takes, in units of phases.Interval.
	scrapes int
	under   conditions
}

// Plan is what a recording consists of.
type Plan struct {
	// Folder is where the recording goes.
	Folder  string
	Server  Server
	Workers []Worker
	phases  []phase
	// Progress is told what happens, in words.
	Progress func(format string, arguments ...any)
}

// Only leaves the phases of these names.
func (p *Plan) Only(names []string) error {
	var kept []phase
	for _, name := range names {
		i := slices.IndexFunc(p.phases, func(ph phase) bool { return ph.name == name })
		if i < 0 {
			return fmt.Errorf("the plan has no phase %q", name)
		}
		kept = append(kept, p.phases[i])
	}
	p.phases = kept
	return nil
}

// Run records a plan. What is recorded is written after each phase, so that a run that breaks off leaves something.
func Run(ctx context.Context, p Plan) (err error) {
	scratch, err := os.MkdirTemp("", "copilot-record-")
	if err != nil {
		return fmt.Errorf("making a directory for the server's data: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(scratch)) }()
	server, err := startServer(ctx, p.Server, scratch)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.process.Kill()) }()
	fleet, err := newFleet(server.address, p.Workers)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, fleet.stop()) }()
	targets := map[string]string{"server": server.metrics}
	for _, w := range fleet.workers {
		targets[w.Name] = w.metrics
	}

	recorder := phases.NewRecorder()
	ticks := time.NewTicker(phases.Interval)
	defer ticks.Stop()
	for _, phase := range p.phases {
		p.Progress("%s, %s", phase.name, time.Duration(phase.scrapes)*phases.Interval)
		if err := fleet.follow(phase.under); err != nil {
			return err
		}
		for range phase.scrapes {
			select {
			case <-ctx.Done():
				return context.Cause(ctx)
			case <-server.process.Exited():
				return server.process.Failure()
			case <-ticks.C:
			}
			if err := fleet.revive(); err != nil {
				return err
			}
			if err := scrape(ctx, recorder, phase.name, targets); err != nil {
				return err
			}
		}
		if err := recorder.Write(p.Folder); err != nil {
			return err
		}
	}
	return nil
}

// scrape adds what all targets export to the recording. A target that does not answer is down.
func scrape(ctx context.Context, recorder *phases.Recorder, phase string, targets map[string]string) error {
	at := time.Now()
	recorder.Scrape(at, phase)
	pages := make(map[string]*[]byte, len(targets))
	group, ctx := errgroup.WithContext(ctx)
	for process, address := range targets {
		page := new([]byte)
		pages[process] = page
		group.Go(func() error {
			content, err := fetch(ctx, address)
			if err == nil {
				*page = content
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	for process, page := range pages {
		if err := recorder.Add(process, bytes.NewReader(*page), keep); err != nil {
			return err
		}
	}
	return nil
}

// fetch reads a process' page of metrics.
func fetch(ctx context.Context, address string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/metrics", http.NoBody)
	if err != nil {
		return nil, err
	}
	response, err := scraping.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answers %s", request.URL, response.Status)
	}
	return io.ReadAll(response.Body)
}
