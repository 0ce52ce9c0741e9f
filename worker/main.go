// Command copilot watches Temporal clusters: it is the worker that observes them, and the tool that
// sets up, checks and tries out what the worker does.
package main

import (
	"os"

	"github.com/temporal-sre/copilot/worker/cli"
)

func main() {
	os.Exit(cli.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
