//go:build mage

// The tasks of this repository: `go tool mage -l` lists them. What CI runs is what a person runs.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/build/utils"
	"github.com/magefile/mage/mg"
	"github.com/magefile/mage/sh"
	"github.com/magefile/mage/target"

	"github.com/temporal-sre/copilot/internal/archive"
	"github.com/temporal-sre/copilot/internal/dotenv"
	"github.com/temporal-sre/copilot/internal/mutation"
)

const (
	// pluginExecutable is the executable of plugin.json; Grafana appends its platform.
	pluginExecutable = "gpx_temporal_sre_copilot"
	// slimLinking leaves out symbol tables and debug information, a third of a binary.
	slimLinking = "-ldflags=-s -w"
)

// platforms are those that Grafana runs on.
var platforms = []string{
	"linux/amd64", "linux/arm64", "linux/arm", "darwin/amd64", "darwin/arm64", "windows/amd64", "windows/arm64",
}

func init() {
	// Mage knows options with one dash; people write --stay.
	for i, argument := range os.Args {
		if strings.HasPrefix(argument, "--") {
			os.Args[i] = argument[1:]
		}
	}
}

// Build makes the plugin in dist/ for all platforms, and the worker bin/copilot.
func Build() error {
	mg.SerialDeps(frontEnd) // webpack cleans dist/ first
	if err := release(runtime.GOOS+"/"+runtime.GOARCH, filepath.Join("bin", "copilot"), "./worker"); err != nil {
		return err
	}
	for _, platform := range platforms {
		if err := plugin(platform); err != nil {
			return err
		}
	}
	return pluginManifest()
}

// BuildHost makes the plugin in dist/ for this platform only, and the worker bin/copilot.
func BuildHost() error {
	mg.SerialDeps(frontEnd, worker)
	if err := goBuild(".", pluginBinary(runtime.GOOS+"/"+runtime.GOARCH), "./pkg"); err != nil {
		return err
	}
	return pluginManifest()
}

// Package builds the plugin and packs the zip that Grafana installs, with its SHA-1, into packages/.
func Package() { mg.SerialDeps(Build, Pack) }

// Pack packs the plugin in dist/ as it is: with MANIFEST.txt if it was signed after the build.
func Pack() error {
	err := errors.Join(archive.Check("dist", platforms), archive.CheckSources("dist", "."))
	if err != nil {
		return fmt.Errorf("the plugin can't be installed or published as it is:\n%w", err)
	}
	file, err := archive.Pack("dist", "packages")
	if err == nil {
		fmt.Println(file)
	}
	return err
}

// Secrets writes the passwords of docker-compose.yaml to .env: random ones, for those that have none yet.
func Secrets() error {
	names, err := dotenv.Fill(".env.example", ".env")
	if err == nil {
		fmt.Printf("new passwords in .env: %d\n", len(names))
	}
	return err
}

// Parts gets what tests and the demo run on: PostgreSQL, Prometheus, Loki and a Temporal server.
func Parts() error {
	return inOrder(
		step{"install PostgreSQL 16", func() error { return npmInstall("lab") }},
		step{"build Prometheus, minutes the first time", func() error {
			// Without the tag Prometheus brings the client libraries of every cloud.
			return goBuild("lab/prometheus", "bin/prometheus", "github.com/prometheus/prometheus/cmd/prometheus", "-tags=remove_all_sd")
		}},
		step{"build Loki, minutes the first time", func() error { return goBuild("lab/loki", "bin/loki", "github.com/grafana/loki/v3/cmd/loki") }},
		step{"build a Temporal server, minutes the first time", func() error { return goBuild("lab/temporal", "bin/temporal", ".") }},
	)
}

// Test runs everything that must hold: linters, type checks, all tests of Go and of the front end, and E2e.
func Test(ctx context.Context) error {
	return inOrder(
		step{"parts", Parts},
		step{"lint Go", lintGo},
		step{"install the front end's packages", func() error { return npmInstall(".") }},
		step{"type check the front end", func() error { return npm("run", "typecheck") }},
		step{"lint the front end", func() error { return npm("run", "lint") }},
		step{"test the front end", func() error { return npm("run", "test:ci") }},
		step{"test Go", func() error { return sh.RunV("go", "test", "-race", "-timeout=40m", "./...") }},
		step{"look for secrets in what was redacted", func() error { return in("pkg/redact/gitleaks", "go", "test", "./...") }},
		step{"build the worker", worker},
		step{"test the lab", func() error { return in("lab", "go", "test", "-timeout=20m", "./...") }},
		step{"test docker-compose.yaml", func() error { return in("deploy", "go", "test", "./...") }},
		step{"drive a real Grafana", func() error { return E2e(ctx, nil) }},
	)
}

// E2e drives the plugin in a real Grafana, on the lab, with a real browser; GRAFANA_HOME names the Grafana's folder.
// With -screenshots it renews those in docs/img.
func E2e(ctx context.Context, screenshots *bool) error {
	if os.Getenv("GRAFANA_HOME") == "" && os.Getenv("GRAFANA_URL") == "" {
		fmt.Print(withoutGrafana)
		return nil
	}
	err := inOrder(
		step{"parts", Parts},
		step{"build the lab", lab},
		step{"build the worker and the plugin", BuildHost},
	)
	if err != nil {
		return err
	}
	command := exec.Command(filepath.Join("node_modules", ".bin", "playwright"), "test", "--config=e2e")
	command.Env = os.Environ()
	if screenshots != nil && *screenshots {
		command.Env = append(command.Env, "SCREENSHOTS=docs/img")
	}
	return untilStopped(ctx, command)
}

// withoutGrafana is said where there is none, so that nobody takes silence for success.
const withoutGrafana = `
********************************************************************************
*                                                                              *
*   SKIPPED: nothing was tried in a real Grafana.                              *
*                                                                              *
*   GRAFANA_HOME=/path/to/grafana go tool mage e2e                             *
*                                                                              *
*   with the folder of an unpacked Grafana, 12.3 for example, and a Chromium   *
*   at /usr/bin/chromium or where CHROMIUM says.                               *
*                                                                              *
********************************************************************************

`

// Lint runs the linters of Go and of the front end.
func Lint() error {
	return inOrder(
		step{"lint Go", lintGo},
		step{"install the front end's packages", func() error { return npmInstall(".") }},
		step{"type check the front end", func() error { return npm("run", "typecheck") }},
		step{"lint the front end", func() error { return npm("run", "lint") }},
	)
}

// Bench measures what must stay fast or small, and fails where a promise is broken.
func Bench() error {
	mg.SerialDeps(Parts, frontEnd)
	size, err := archive.ScriptsSize("dist")
	if err != nil {
		return fmt.Errorf("measuring the front end: %w", err)
	}
	fmt.Printf("The front end has %.1f kB compressed.\n", float64(size)/1000)
	return sh.RunV("go", "test", "-run=^$", "-bench=.", "-benchmem", "-timeout=30m", "./pkg/...", "./worker/...")
}

// Mutate changes every threshold, recovery threshold and constant of the rules, and fails where no test notices.
func Mutate(ctx context.Context) error {
	err := sh.RunV("go", "test", "-count=1", "-v", "-run=^(TestMutants|TestEveryGateHasItsBoundaries)$", "./pkg/health")
	if err != nil {
		return fmt.Errorf("changing the numbers of the gates: %w", err)
	}
	mutants, err := mutation.Constants(filepath.Join("pkg", "health"))
	if err != nil {
		return err
	}
	// The properties take longest and know no number.
	survivors, err := mutation.Survivors(ctx, "./pkg/health", mutants, runtime.NumCPU(),
		"-vet=off", "-failfast", "-timeout=2m", "-skip=^(TestMutants|TestProperty.*)$")
	for _, survivor := range survivors {
		fmt.Printf("survivor: %s, in %s\n", survivor, survivor.File)
	}
	fmt.Printf("%d mutants of constants, %d survivors\n", len(mutants), len(survivors))
	if err != nil {
		return fmt.Errorf("changing the constants of the rules: %w", err)
	}
	if len(survivors) > 0 {
		return errors.New("no test notices these changes: a boundary case is missing")
	}
	return nil
}

// Demo shows a real cluster losing its workers and getting them back; -stay keeps it up afterwards.
func Demo(ctx context.Context, stay *bool, scenario *string) error {
	steps := []step{{"parts", Parts}, {"build the copilot", worker}, {"build the lab", lab}}
	if os.Getenv("GRAFANA_HOME") != "" {
		steps = append(steps, step{"build the plugin", BuildHost})
	}
	if err := inOrder(steps...); err != nil {
		return err
	}
	arguments := []string{"demo"}
	if stay != nil && *stay {
		arguments = append(arguments, "--stay")
	}
	if scenario != nil {
		arguments = append(arguments, "--scenario", *scenario)
	}
	return untilStopped(ctx, exec.Command(filepath.Join("bin", "lab"), arguments...))
}

// untilStopped runs a program that cleans up after itself when it is interrupted, and waits for that:
// also when this process is only told to end, or when the mage that started it is gone.
func untilStopped(ctx context.Context, command *exec.Cmd) error {
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGTERM)
	defer stop()
	command.Stdin, command.Stdout, command.Stderr = os.Stdin, os.Stdout, os.Stderr
	if err := command.Start(); err != nil {
		return fmt.Errorf("starting %s: %w", command.Path, err)
	}
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	parent := os.Getppid()
	for {
		select {
		case err := <-ended:
			var exit *exec.ExitError
			if errors.As(err, &exit) && exit.ExitCode() > 0 {
				return mg.Fatalf(exit.ExitCode(), "%s ended with exit code %d", command.Path, exit.ExitCode())
			}
			return err
		case <-ctx.Done():
			// It ignores what it has already got from the terminal.
			_ = command.Process.Signal(os.Interrupt)
			return <-ended
		case <-time.After(time.Second):
			if os.Getppid() != parent {
				stop()
				_ = command.Process.Signal(os.Interrupt)
				return <-ended
			}
		}
	}
}

func lintGo() error {
	return inOrder(
		step{"go vet", func() error { return sh.RunV("go", "vet", "./...") }},
		step{"go vet, pkg/redact/gitleaks", func() error { return in("pkg/redact/gitleaks", "go", "vet", "./...") }},
		step{"go vet, lab", func() error { return in("lab", "go", "vet", "./...") }},
		step{"go vet, deploy", func() error { return in("deploy", "go", "vet", "./...") }},
		step{"staticcheck", func() error { return tool(".", "staticcheck", "./...") }},
		step{"staticcheck, lab", func() error { return tool("lab", "staticcheck", "./...") }},
		step{"staticcheck, deploy", func() error { return tool("deploy", "staticcheck", "./...") }},
		step{"workflowcheck", func() error {
			return tool(".", "workflowcheck", "-config=tools/workflowcheck.yaml", "./worker/workflows/...")
		}},
		step{"workflowcheck, lab", func() error { return tool("lab", "workflowcheck", "./traffic/...") }},
	)
}

func worker() error { return goBuild(".", "bin/copilot", "./worker") }

func lab() error { return goBuild("lab", "bin/lab", ".") }

func frontEnd() error {
	if err := npmInstall("."); err != nil {
		return err
	}
	return npm("run", "build")
}

// plugin builds the plugin's backend for a platform like "linux/amd64".
func plugin(platform string) error { return release(platform, pluginBinary(platform), "./pkg") }

// pluginBinary is where Grafana looks for the backend of a platform.
func pluginBinary(platform string) string {
	return filepath.Join("dist", archive.Binary(pluginExecutable, platform))
}

// release builds what is handed to others: one static file that names no folder of this machine.
func release(platform, output, pkg string) error {
	system, processor, _ := strings.Cut(platform, "/")
	environment := map[string]string{"CGO_ENABLED": "0", "GOOS": system, "GOARCH": processor}
	return sh.RunWithV(environment, "go", "build", "-trimpath", slimLinking, "-o", output, pkg)
}

// pluginManifest lists the sources that the plugin was built from, as Grafana's validator wants it.
func pluginManifest() error {
	manifest, err := utils.GenerateManifest()
	if err != nil {
		return fmt.Errorf("listing the plugin's sources: %w", err)
	}
	return os.WriteFile(filepath.Join("dist", "go_plugin_build_manifest"), []byte(manifest), 0o644)
}

// goBuild builds a command of the module in dir to a file of this repository. Go itself skips what is up to date; with the
// flags that tests and linters use too, it compiles nothing twice.
func goBuild(dir, output, pkg string, flags ...string) error {
	output, err := filepath.Abs(output)
	if err != nil {
		return err
	}
	arguments := append([]string{"build", "-C", dir, slimLinking, "-o", output}, flags...)
	return sh.RunV("go", append(arguments, pkg)...)
}

// npmInstall installs what package-lock.json of a folder names, unless that was done.
func npmInstall(dir string) error {
	stale, err := target.Path(filepath.Join(dir, "node_modules", ".package-lock.json"), filepath.Join(dir, "package-lock.json"))
	if err != nil {
		return fmt.Errorf("looking for installed packages: %w", err)
	}
	if !stale {
		return nil
	}
	return npm("ci", "--prefix", dir, "--no-audit", "--no-fund")
}

func npm(arguments ...string) error { return sh.RunV("npm", arguments...) }

// tool runs a tool of tools/go.mod in a folder.
func tool(dir, name string, arguments ...string) error {
	modfile, err := filepath.Abs(filepath.Join("tools", "go.mod"))
	if err != nil {
		return err
	}
	return in(dir, "go", append([]string{"tool", "-modfile=" + modfile, name}, arguments...)...)
}

// in runs a command in a folder.
func in(dir, command string, arguments ...string) error {
	c := exec.Command(command, arguments...)
	c.Dir, c.Stdout, c.Stderr = dir, os.Stdout, os.Stderr
	if err := c.Run(); err != nil {
		return fmt.Errorf("%s %s in %s: %w", command, strings.Join(arguments, " "), dir, err)
	}
	return nil
}

// step is a part of a task, with a name to report.
type step struct {
	name string
	run  func() error
}

// inOrder runs steps one after the other, says how long each took, and stops at the first that fails.
func inOrder(steps ...step) error {
	for _, s := range steps {
		fmt.Printf("==> %s\n", s.name)
		began := time.Now()
		if err := s.run(); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		fmt.Printf("==> %s: %s\n", s.name, time.Since(began).Round(time.Second))
	}
	return nil
}
