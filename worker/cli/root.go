// Package cli is the command line of the copilot.
package cli

import (
	"context"
	"fmt"
	"io"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/temporal-sre/copilot/worker/config"
)

// Main runs the command line and returns the exit code: 0 when all went well, 1 when not. Errors go to
// stderr, once.
func Main(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	root := newRoot()
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	if err := root.ExecuteContext(ctx); err != nil {
		fmt.Fprintln(stderr, "copilot:", err)
		return 1
	}
	return 0
}

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:           "copilot",
		Short:         "Is the Temporal cluster making progress, and if not, what to do?",
		Version:       version(),
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.NoArgs,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.AddCommand(workerCommand(), observeCommand(), signalsCommand(), logsCommand(), gatesCommand(), evaluateCommand(), explainCommand(), replayCommand(), testCommand(), dbCommand(), kbCommand(), mcpCommand(), configCommand())
	return root
}

// version is what the module system knows of this build.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}

// configFlag adds --config.
func configFlag(cmd *cobra.Command, required bool) *string {
	path := cmd.Flags().StringP("config", "c", "", "the configuration `file` (YAML); `copilot config example` prints one")
	if required {
		_ = cmd.MarkFlagRequired("config")
	}
	return path
}

// oneCluster picks the cluster that a command is about.
func oneCluster(c config.Config, name string) (config.Cluster, error) {
	if cluster, ok := c.One(name); ok {
		return cluster, nil
	}
	if name == "" {
		return config.Cluster{}, fmt.Errorf("the configuration has several clusters: name one of them with --cluster: %q", c.Names())
	}
	return config.Cluster{}, fmt.Errorf("cluster %q is not in the configuration; there are %q", name, c.Names())
}
