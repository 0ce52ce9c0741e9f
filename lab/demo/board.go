package demo

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/charmbracelet/x/ansi"
	"github.com/pterm/pterm"

	"github.com/temporal-sre/copilot/lab/scenario"
	"github.com/temporal-sre/copilot/lab/stage"
	"github.com/temporal-sre/copilot/pkg/explain"
	"github.com/temporal-sre/copilot/pkg/health"
	"github.com/temporal-sre/copilot/pkg/store"
)

// board is all that the live screen shows.
type board struct {
	story    scenario.Scenario
	starting string

	number     int // of the phase, from 1
	phase      scenario.Phase
	conditions stage.Conditions
	began      time.Time

	now       *store.ClusterStatus
	events    []store.Event // newest first
	explained *store.Assessment
	outcomes  []scenario.Outcome
	over      bool // the story, while everything stays up
	addresses []stage.Address
}

func newBoard(story scenario.Scenario) board { return board{story: story} }

// render draws the board into a terminal of that size. Gates take the lines that the rest leaves.
func (b board) render(now time.Time, width, height int) string {
	top := append([]string{pterm.Bold.Sprint("Temporal SRE Copilot") + "  " + b.story.About, ""}, b.storyLines(now)...)
	if b.starting != "" {
		top = append(top, "", pterm.Cyan("starting "+b.starting+" …"))
	}
	var bottom, gates []string
	if b.now != nil {
		top = append(append(top, ""), b.verdictLines(now)...)
		top = append(append(top, b.explanationLines(width)...), "", pterm.Bold.Sprint("Evidence, gate by gate"))
		bottom = append([]string{"", pterm.Bold.Sprint("Last events")}, b.eventLines()...)
		gates = gateLines(b.now.Verdict.Gates)
	}
	if len(b.addresses) > 0 {
		bottom = append(bottom, "")
	}
	for _, address := range b.addresses {
		bottom = append(bottom, fmt.Sprintf("%-38s %s", address.Part, pterm.Cyan(address.Where)))
	}
	// One line is the cursor's, one says how many gates are not shown.
	if room := max(height-len(top)-len(bottom)-2, 3); len(gates) > room {
		gates = append(gates[:room], pterm.Gray(fmt.Sprintf("  … and %d more gates", len(gates)-room)))
	}
	lines := slices.Concat(top, gates, bottom)
	for i, line := range lines {
		lines[i] = cut(line, width-1)
	}
	return strings.Join(lines, "\n") + "\n"
}

func (b board) storyLines(now time.Time) []string {
	var lines []string
	for i, phase := range b.story.Phases {
		switch {
		case i < len(b.outcomes) && b.outcomes[i].Failure != "":
			lines = append(lines, pterm.Red("  ✗ ")+phase.Name+": "+pterm.Red(b.outcomes[i].Failure))
		case i < len(b.outcomes):
			lines = append(lines, pterm.Green("  ✓ ")+fmt.Sprintf("%s: %s after %s", phase.Name, phase.Expect, b.outcomes[i].Detected.Round(time.Second)))
		case i+1 == b.number:
			lines = append(lines,
				pterm.Yellow("  ▶ ")+pterm.Bold.Sprint(phase.Name)+fmt.Sprintf(" for %s: %s", now.Sub(b.began).Round(time.Second), b.conditions),
				fmt.Sprintf("    expected within %s: %s", phase.Expect.Within, phase.Expect))
		default:
			lines = append(lines, pterm.Gray("    "+phase.Name))
		}
	}
	if b.over {
		lines = append(lines, pterm.Cyan("  The story is over; everything stays up until Ctrl-C."))
	}
	return lines
}

func (b board) verdictLines(now time.Time) []string {
	v := b.now.Verdict
	state := stateStyle(v.State).Sprintf(" %s ", strings.ToUpper(v.State.String()))
	since := ""
	if !v.Since.IsZero() {
		since = fmt.Sprintf("since %s (%s)", v.Since.Local().Format(time.TimeOnly), now.Sub(v.Since).Round(time.Second))
	}
	if v.Stale {
		since += pterm.Magenta("  STALE: too little is known for a new verdict")
	}
	return []string{
		fmt.Sprintf("%s %s", state, since),
		fmt.Sprintf("bottleneck %s   %s of the deciding gates known   last cycle %s ago", pterm.Bold.Sprint(v.Bottleneck), health.Ratio.Format(v.Coverage), now.Sub(v.At).Round(time.Second)),
	}
}

// shownActions is how many actions the board has room for.
const shownActions = 2

// explanationLines say why, and what to do first. An explanation of an earlier state must not be taken for
// one of the present.
func (b board) explanationLines(width int) []string {
	title := pterm.Bold.Sprint("Why, and what to do first")
	if b.explained == nil {
		return []string{"", title, pterm.Gray("  nothing was explained yet")}
	}
	a := b.explained
	if a.State != b.now.Verdict.State || a.Stale != b.now.Verdict.Stale {
		return []string{"", title, pterm.Gray("  being explained")}
	}
	lines := []string{"", title + pterm.Gray("  written by "+a.Made)}
	lines = append(lines, indented(a.Summary, "  ", width)...)
	var x explain.Explanation
	if err := json.Unmarshal(a.Explanation, &x); err != nil {
		return append(lines, pterm.Red("  the explanation can't be read: "+err.Error()))
	}
	for i, action := range x.Actions[:min(shownActions, len(x.Actions))] {
		sureness := ""
		if action.Confidence > 0 {
			sureness = "confidence " + health.Ratio.Format(action.Confidence) + ", "
		}
		lines = append(lines, indented(fmt.Sprintf("%d. %s (%srisk %s)", i+1, action.Description, sureness, action.Risk), "  ", width)...)
	}
	return lines
}

// indented breaks a text into lines that fit.
func indented(text, indent string, width int) []string {
	lines := strings.Split(ansi.Wordwrap(text, max(width-len(indent)-1, 20), ""), "\n")
	for i, line := range lines {
		lines[i] = indent + line
	}
	return lines
}

func stateStyle(state health.State) *pterm.Style {
	switch state {
	case health.Happy:
		return pterm.NewStyle(pterm.BgGreen, pterm.FgBlack)
	case health.Stressed:
		return pterm.NewStyle(pterm.BgYellow, pterm.FgBlack)
	case health.Critical:
		return pterm.NewStyle(pterm.BgRed, pterm.FgWhite, pterm.Bold)
	default:
		return pterm.NewStyle(pterm.BgGray, pterm.FgBlack)
	}
}

// gateLines shows the gates that fired first, then those that are unknown.
func gateLines(gates []health.GateResult) []string {
	rank := map[health.Result]int{health.Fired: 0, health.NotKnowable: 1, health.Passed: 2}
	sorted := slices.Clone(gates)
	slices.SortStableFunc(sorted, func(a, b health.GateResult) int {
		return cmp.Or(
			cmp.Compare(rank[a.Result], rank[b.Result]),
			cmp.Compare(b.Severity, a.Severity),
		)
	})
	lines := make([]string, len(sorted))
	for i, gate := range sorted {
		line := fmt.Sprintf("%-36s %s %s", gate.ID, gate.Signal, scenario.Comparison(gate))
		if gate.Note != "" {
			line += "  (" + gate.Note + ")"
		}
		switch gate.Result {
		case health.Fired:
			lines[i] = stateStyle(gate.Severity).Sprint(" fired ") + " " + line
		case health.NotKnowable:
			lines[i] = pterm.Magenta(" unkn. ") + " " + line
		default:
			lines[i] = pterm.Green(" pass  ") + " " + pterm.Gray(line)
		}
	}
	return lines
}

func (b board) eventLines() []string {
	if len(b.events) == 0 {
		return []string{pterm.Gray("  none yet")}
	}
	lines := make([]string, len(b.events))
	for i, event := range b.events {
		lines[i] = "  " + scenario.EventLine(event.Event)
	}
	return lines
}

// cut shortens a line to a width without breaking its colours.
func cut(line string, width int) string { return ansi.Truncate(line, width, "…") }
