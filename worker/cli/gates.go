package cli

import (
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/temporal-sre/copilot/pkg/health"
)

func gatesCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "gates",
		Short: "List the gates with their thresholds, as the configuration names them",
		Args:  cobra.NoArgs,
	}
	path := configFlag(cmd, false)
	cluster := cmd.Flags().String("cluster", "", "show the thresholds of this `cluster` of the configuration")
	markdown := cmd.Flags().Bool("markdown", false, "write the whole health model as Markdown, with the usual thresholds")
	cmd.MarkFlagsMutuallyExclusive("markdown", "cluster")
	cmd.MarkFlagsMutuallyExclusive("markdown", "config")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if *markdown {
			return writeHealthModel(cmd.OutOrStdout())
		}
		rules, err := rulesFrom(*path)
		if err != nil {
			return err
		}
		thresholds := rules(*cluster)
		w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 4, 2, ' ', 0)
		fmt.Fprintln(w, "NO\tGATE\tSEVERITY\tSERVICE\tSIGNAL\tFIRES AT (starter / mid / high)\tRUNBOOK\tMEANING")
		for _, g := range health.Gates() {
			severity := g.Severity.String()
			if !g.Deciding {
				severity = "bottleneck only"
			}
			if g.Optional {
				severity += ", optional"
			}
			fires := "off"
			if _, on := thresholds.Number(g.ID, health.Starter); on {
				fires = fmt.Sprintf("%s %s", g.Op, bandNumbers(thresholds, g.ID))
				if g.PerUnitOf != "" {
					fires += " x " + g.PerUnitOf
				}
			}
			fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", g.Number, g.ID, severity, g.Service, g.Signal, fires, g.Runbook, g.Title)
		}
		return w.Flush()
	}
	return cmd
}

// bandNumbers writes one number where all bands have the same.
func bandNumbers(t health.Thresholds, id health.GateID) string {
	starter, _ := t.Number(id, health.Starter)
	mid, _ := t.Number(id, health.Mid)
	high, _ := t.Number(id, health.High)
	if starter == mid && mid == high {
		return fmt.Sprintf("%g", starter)
	}
	return fmt.Sprintf("%g / %g / %g", starter, mid, high)
}
