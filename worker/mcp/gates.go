package mcp

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/temporal-sre/copilot/pkg/health"
	"github.com/temporal-sre/copilot/pkg/plugin/query"
	"github.com/temporal-sre/copilot/pkg/plugin/view"
)

const gatesHelp = `The health model: the gates (conditions) that decide the state, each with its signal, threshold, severity, reason and runbook. Without gates or services it returns the list without reasons. With a cluster it adds the threshold in force there and the result of the last cycle.`

type gatesQuestion struct {
	Gates    []string `json:"gates,omitempty" jsonschema:"ids of gates"`
	Services []string `json:"services,omitempty" jsonschema:"gates of services: cluster, frontend, history, matching, persistence, visibility, system_worker, replication, workers"`
	Cluster  string   `json:"cluster,omitempty" jsonschema:"adds the threshold in force on this cluster, and the result of its last cycle"`
}

type gateRow struct {
	Gate     string `json:"gate"`
	Number   int    `json:"number" jsonschema:"permanent number, used in alert messages"`
	Title    string `json:"title" jsonschema:"the condition"`
	Severity string `json:"severity" jsonschema:"the state that results when it fires"`
	Service  string `json:"service"`
	Side     string `json:"side" jsonschema:"attribution: server, worker, application, waiting, progress, early or telemetry"`
	Deciding bool   `json:"deciding" jsonschema:"false for conditions that only determine the bottleneck"`
	Optional bool   `json:"optional" jsonschema:"true when a cluster need not have the part that it judges"`
	Signal   string `json:"signal"`
	// FiresAt is the condition with its threshold in words, one for each scale band where they differ.
	FiresAt string `json:"fires_at" jsonschema:"default threshold, for the scale bands starter / mid / high where they differ"`
	Runbook string `json:"runbook" jsonschema:"id for the tool runbook"`
	Why     string `json:"why,omitempty" jsonschema:"why it matters"`
	Source  string `json:"source,omitempty" jsonschema:"where the threshold comes from"`
	// The rest is of a cluster.
	Result     string `json:"result,omitempty" jsonschema:"on the cluster: fired, passed or unknown"`
	Comparison string `json:"comparison,omitempty" jsonschema:"on the cluster: value and threshold in force"`
	Overridden bool   `json:"overridden,omitempty" jsonschema:"true when the threshold is set in the configuration"`
	Note       string `json:"note,omitempty"`
}

type gatesAnswer struct {
	Cluster   string    `json:"cluster,omitempty"`
	Gates     []gateRow `json:"gates"`
	Notices   []string  `json:"notices"`
	Truncated ownText   `json:"truncated,omitempty"`
}

func (q questions) gates(ctx context.Context, in gatesQuestion) (gatesAnswer, error) {
	ids, err := query.ParseNames("gates", in.Gates, func(id string) bool { _, ok := health.LookupGate(health.GateID(id)); return ok },
		"the tool gates without arguments lists the ids")
	if err != nil {
		return gatesAnswer{}, err
	}
	known := query.Values(query.ServicesAndCluster)
	services, err := query.ParseNames("services", in.Services, query.OneOf(query.PlainNames(known)), query.Listing(known))
	if err != nil {
		return gatesAnswer{}, err
	}
	a := gatesAnswer{Gates: []gateRow{}, Notices: []string{}}
	var c view.Present
	if in.Cluster != "" {
		if c, err = q.cluster(ctx, in.Cluster); err != nil {
			return gatesAnswer{}, err
		}
		if a.Cluster = c.Cluster; c.Silent {
			a.Notices = append(a.Notices, fmt.Sprintf("Cycles have stopped: results are unknown since %s.", view.Clock(c.At)))
		}
	}
	detailed := len(ids)+len(services) > 0
	for _, g := range health.Gates() {
		if detailed && !slices.Contains(ids, string(g.ID)) && !slices.Contains(services, string(g.Service)) {
			continue
		}
		row := rowOfGate(g, detailed)
		if in.Cluster != "" {
			row.on(c, g)
		}
		a.Gates = append(a.Gates, row)
	}
	if !detailed {
		a.Truncated = "The answer contains no reasons and sources. Name gates or services for them."
	}
	return a, nil
}

func rowOfGate(g health.Gate, detailed bool) gateRow {
	row := gateRow{
		Gate: string(g.ID), Number: g.Number, Title: g.Title, Severity: g.Severity.String(), Service: string(g.Service), Side: string(g.Side),
		Deciding: g.Deciding, Optional: g.Optional, Signal: string(g.Signal), FiresAt: firesAt(g), Runbook: g.Runbook,
	}
	if detailed {
		row.Why, row.Source = g.Why, g.Source
	}
	return row
}

// firesAt writes the default threshold once where all bands have the same.
func firesAt(g health.Gate) string {
	signal, _ := health.LookupSignal(g.Signal)
	var numbers []string
	for _, band := range health.Bands() {
		number, on := health.DefaultThresholds().Number(g.ID, band)
		text := "off"
		switch {
		case on && g.PerUnitOf != "":
			// A multiple of something has no unit of its own.
			text = fmt.Sprintf("%g x %s", number, g.PerUnitOf)
		case on:
			text = signal.Format(number)
		}
		if !slices.Contains(numbers, text) {
			numbers = append(numbers, text)
		}
	}
	if len(numbers) == 1 && numbers[0] == "off" {
		return "off"
	}
	return fmt.Sprintf("%s %s", g.Op, strings.Join(numbers, " / "))
}

// on adds what the last cycle of a cluster found.
func (r *gateRow) on(c view.Present, g health.Gate) {
	i := slices.IndexFunc(c.Verdict.Gates, func(result health.GateResult) bool { return result.ID == g.ID })
	switch {
	case c.Silent:
		r.Result = string(health.NotKnowable)
	case i < 0:
		r.Result, r.Note = string(health.NotKnowable), "switched off, or not known to the version of the worker"
	default:
		result := c.Verdict.Gates[i]
		signal, _ := health.LookupSignal(g.Signal)
		value := "unknown"
		if result.Value != nil {
			value = signal.Format(*result.Value)
		}
		r.Result, r.Overridden, r.Note = string(result.Result), result.Overridden, plain(result.Note)
		r.Comparison = fmt.Sprintf("%s %s %s", value, result.Op, signal.Format(result.Threshold))
	}
}

// Text is one line for each gate.
func (a gatesAnswer) Text() string {
	var p page
	for _, g := range a.Gates {
		line := fmt.Sprintf("- %s: %s. %s when %s %s; runbook %s", g.Gate, g.Title, g.Severity, g.Signal, g.FiresAt, g.Runbook)
		if g.Result != "" {
			line += fmt.Sprintf("; on %q: %s (%s)", a.Cluster, g.Result, g.Comparison)
		}
		if g.Why != "" {
			line += ". " + g.Why
		}
		p.line("%s", line)
	}
	return p.end(a.Truncated, a.Notices)
}
