package scenario

import (
	"fmt"
	"io"
	"text/tabwriter"
	"time"
)

// Report prints what was expected against what came, phase by phase, and returns whether all of it is
// as expected.
func Report(out io.Writer, outcomes []Outcome) (bool, error) {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "PHASE\tEXPECTED\tGOT\tDETECTED\tALLOWED\tRESULT")
	all := true
	for _, o := range outcomes {
		detected, result := "-", "ok"
		if o.Detected != nil {
			detected = o.Detected.Round(100 * time.Millisecond).String()
		}
		if o.Failure != "" {
			result, all = "FAILED: "+o.Failure, false
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n",
			o.Phase.Name, o.Phase.Expect, describe(o.Last), detected, o.Phase.Expect.Within, result)
	}
	if err := table.Flush(); err != nil {
		return false, fmt.Errorf("printing the report: %w", err)
	}
	return all, nil
}
