// Command lab runs real Temporal clusters under load and trouble, and checks what the copilot says of them.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	root := &cobra.Command{
		Use:           "lab",
		Short:         "Real Temporal clusters under load and faults, and the copilot's verdicts",
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.AddCommand(workerCommand(), loadCommand(), upCommand(), runCommand(), demoCommand(), recordCommand())
	if err := root.ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "lab:", err)
		os.Exit(1) //nolint:gocritic // the process ends, and with it the signal handler
	}
}
