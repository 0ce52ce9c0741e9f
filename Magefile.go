//go:build mage

// The tasks of this repository: `go tool mage -l` lists them. What CI runs is what a person runs.
package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/build/utils"
	"github.com/magefile/mage/mg"
	"github.com/magefile/mage/sh"
	"github.com/magefile/mage/target"

	"github.com/temporal-sre/copilot/internal/build/archive"
	"github.com/temporal-sre/copilot/internal/build/catalogue"
	"github.com/temporal-sre/copilot/internal/build/dotenv"
	"github.com/temporal-sre/copilot/internal/build/mutation"
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
	fetchAhead(temporal, loki)
	return inOrder(append(partsOfDemo(), loki.step())...)
}

// program is what is built of a module: a part, the copilot or the lab.
type program struct {
	name, output, module, pkg string
	flags                     []string
}

var (
	prometheus = program{
		"Prometheus", filepath.Join("bin", "prometheus"), "lab/prometheus", "github.com/prometheus/prometheus/cmd/prometheus",
		[]string{"-tags=remove_all_sd"}, // without it Prometheus brings the client libraries of every cloud
	}
	temporal = program{"a Temporal server", filepath.Join("bin", "temporal"), "lab/temporal", ".", nil}
	loki     = program{"Loki", filepath.Join("bin", "loki"), "lab/loki", "github.com/grafana/loki/v3/cmd/loki", nil}
	copilot  = program{"the copilot", filepath.Join("bin", "copilot"), ".", "./worker", nil}
	stage    = program{"the lab", filepath.Join("bin", "lab"), "lab", ".", nil}
)

func partsOfDemo() []step {
	return []step{{"install PostgreSQL 16", func() error { return npmInstall("lab") }}, prometheus.step(), temporal.step()}
}

func (p program) step() step { return step{"build " + p.name, p.build} }

// build builds the program. The first time takes minutes, so it says how far it is.
func (p program) build() error {
	if p.built() {
		return goBuild(p.module, p.output, p.pkg, p.flags...)
	}
	fmt.Println("    the first time this takes minutes")
	return p.buildFirst()
}

func (p program) built() bool {
	_, err := os.Stat(p.output)
	return err == nil
}

// list lists the packages of a program, and fetches their sources.
func (p program) list() *exec.Cmd {
	return exec.Command("go", append(append([]string{"list", "-C", p.module, "-deps"}, p.flags...), p.pkg)...)
}

// fetchAhead fetches sources of what is built later: the network is idle while something compiles. It runs in the
// background; the build fetches what is still missing, or reports why it cannot.
func fetchAhead(programs ...program) {
	go func() {
		for _, p := range programs {
			if !p.built() {
				_ = p.list().Run()
			}
		}
	}()
}

// Test runs everything that must hold: linters, type checks, all tests of Go and of the front end, and E2e.
func Test(ctx context.Context) error {
	if err := requireParts(); err != nil {
		return err
	}
	return inOrder(
		step{"parts", Parts},
		step{"install the front end's packages", func() error { return npmInstall(".") }},
		// Most of the front end's tools use one core.
		step{"lint Go, and look at the front end beside it", func() error { return beside(lintGo, "typecheck", "lint", "test:ci") }},
		step{"look for known vulnerabilities", func() error { return vulnerabilitiesIfReachable(ctx) }},
		step{"test Go", testGo},
		step{"look for secrets in what was redacted", func() error { return in("pkg/redact/gitleaks", "go", "test", "./...") }},
		step{"build the worker", worker},
		step{"test the lab", func() error { return in("lab", "go", "test", "-timeout=20m", "./...") }},
		step{"test docker-compose.yaml", func() error { return in("deploy", "go", "test", "./...") }},
		step{"drive a real Grafana", func() error { return E2e(ctx, nil) }},
	)
}

// computing are tests of packages that compute for long, a thousand cases of a property or the replay of a recording, and
// several times as long under the race detector. They run without it; in none of them does anything of ours run side by side, or
// another test of their package, which is raced, does the same once. What is not listed is raced.
var computing = map[string]string{
	"internal/synthetic": ".",                                          // makes samples, one after the other
	"pkg/explain":        "^TestProperty",                              // texts are pure functions of evidence
	"pkg/health":         ".",                                          // rules are pure functions of a memory and a snapshot
	"pkg/knowledge":      "^Test(ForAnyFactor|WhateverAKnowledgeBase)", // searches, one after the other
	"pkg/store": "^Test(AnAssessmentIsFoundIf|TheLifeOfIssues|PagesSayWhat|ALineIsCountedIf|CountsAreNeverDoubled|" +
		"AReadingIsBounded|TheHistoryDoesNotDepend|SpentIsTheSum)", // statements, one after the other
	// Clusters are replayed cycle by cycle. What goes on inside a reading is raced by TestOneReaderServesManyAtOnce and the tests of
	// sources and signals.
	"pkg/telemetry": "^Test(Property|Compatibility|EverySignalOfARecordedPhase|EverySetOfRenamed|Healthy|Recorded|RenamedLabels|" +
		"TheQueryThatIsShown|WhatOperatorsReported|WorkersOfAnotherSDK)",
	"pkg/telemetry/logs": "^Test(EveryLineThatMatches|ASampleShows|NoLineIsCountedTwice|AFloodIsRead|LogPatternsBelong)", // readings, one after the other
	"worker/cli":         "^TestRecorded",                                                                                // replays, one after the other
	"worker/workflows":   ".",                                                                                            // workflow code, which the SDK runs one coroutine at a time
}

// testGo runs all tests of Go, each once: what computes without the race detector, all else under it. The one computes while the
// other waits, for servers and for what they do.
func testGo() error {
	output, err := sh.Output("go", "list", "./...")
	if err != nil {
		return err
	}
	var whole, split, other, names []string
	for pkg := range strings.Lines(output) {
		pkg = strings.TrimSpace(pkg)
		switch tests := computing[strings.TrimPrefix(pkg, "github.com/temporal-sre/copilot/")]; tests {
		case "":
			other = append(other, pkg)
		case ".":
			whole = append(whole, pkg)
		default:
			split, names = append(split, pkg), append(names, tests)
		}
	}
	if len(whole)+len(split) != len(computing) {
		return fmt.Errorf("Magefile.go: a package of %v is not there", slices.Sorted(maps.Keys(computing)))
	}
	test := func(packages []string, flags ...string) func() error {
		arguments := slices.Concat([]string{"test", "-timeout=40m"}, flags, packages)
		return func() error { return sh.RunV("go", arguments...) }
	}
	// Each name is of one package; in the others of these it takes a test from the race detector, and never from both.
	those := strings.Join(names, "|")
	computed := make(chan error, 1)
	go func() {
		computed <- inOrder(
			step{"test rules and workflows", test(whole, "-p=1")},
			step{"test what else computes", test(split, "-p=1", "-run="+those)},
		)
	}()
	return errors.Join(inOrder(
		step{"test Go under the race detector", test(other, "-race")},
		step{"test the rest of what computes under the race detector", test(split, "-race", "-skip="+those)},
	), <-computed)
}

// beside runs scripts of the front end while something else runs, and shows what they said at the end.
func beside(other func() error, scripts ...string) error {
	var said bytes.Buffer
	ended := make(chan error, 1)
	go func() {
		ended <- func() error {
			for _, script := range scripts {
				command := exec.Command("npm", "run", script)
				command.Stdout, command.Stderr = &said, &said
				if err := command.Run(); err != nil {
					return fmt.Errorf("npm run %s: %w", script, err)
				}
			}
			return nil
		}()
	}()
	err := errors.Join(other(), <-ended)
	_, _ = said.WriteTo(os.Stdout)
	return err
}

// requireParts lets tests fail that miss a part, see internal/testenv: who runs all of them takes nothing that was skipped for
// tested.
func requireParts() error { return os.Setenv("COPILOT_PARTS", "required") }

// E2e drives the plugin in a real Grafana, on the lab, with a real browser; GRAFANA_HOME names the Grafana's folder.
// With -screenshots it renews those in docs/img.
func E2e(ctx context.Context, screenshots *bool) error {
	if os.Getenv("GRAFANA_HOME") == "" && os.Getenv("GRAFANA_URL") == "" {
		fmt.Print(banner("nothing was tried in a real Grafana.", "GRAFANA_HOME=/path/to/grafana go tool mage e2e",
			"with the folder of an unpacked Grafana, 12.3 for example, and a Chromium", "at /usr/bin/chromium or where CHROMIUM says."))
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

// banner reports a skipped step, so that its absence is not mistaken for success: the step, its command, and the command's
// requirements.
func banner(what, command string, needs ...string) string {
	var b strings.Builder
	edge := strings.Repeat("*", 80) + "\n"
	b.WriteString("\n" + edge)
	for _, line := range slices.Concat([]string{"", "SKIPPED: " + what, "", command, ""}, needs, []string{""}) {
		fmt.Fprintf(&b, "*   %-74s *\n", line)
	}
	b.WriteString(edge + "\n")
	return b.String()
}

// Generate writes what follows from the back end's catalogue of query types: src/catalogue.ts and tables in docs/queries.md.
func Generate() error { return catalogue.Write(".") }

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

// Demo shows a real cluster losing its workers and getting them back; -stay keeps it up afterwards, -logs builds a Loki for it
// where there is none.
func Demo(ctx context.Context, stay, logs *bool, scenario *string) error {
	steps := partsOfDemo()
	fetchAhead(temporal, copilot, stage)
	if logs != nil && *logs {
		steps = append(steps, loki.step())
	} else if !loki.built() {
		fmt.Println("==> Loki is not built, and half of all there is to build: the demo reads no logs. With --logs it builds Loki first.")
	}
	steps = append(steps, copilot.step(), stage.step())
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
	var steps []step
	for _, module := range []string{".", "lab", "pkg/redact/gitleaks", "deploy"} {
		// .golangci.yml says what it looks for; govet and staticcheck are among it.
		steps = append(steps, step{"golangci-lint, " + module, func() error {
			config, err := filepath.Abs(".golangci.yml")
			if err != nil {
				return err
			}
			return tool(module, "tools/golangci/go.mod", "golangci-lint", "run", "--config="+config, "./...")
		}})
	}
	return inOrder(append(steps,
		step{"workflowcheck", func() error {
			return tool(".", "tools/go.mod", "workflowcheck", "-config=tools/workflowcheck.yaml", "./worker/workflows/...")
		}},
		step{"workflowcheck, lab", func() error { return tool("lab", "tools/go.mod", "workflowcheck", "./traffic/...") }},
	)...)
}

// Vulnerabilities looks for known vulnerabilities in what the worker, the plugin and the lab call.
func Vulnerabilities(ctx context.Context) error {
	if err := reachVulnerabilities(ctx); err != nil {
		return fmt.Errorf("nothing was looked for: the database of vulnerabilities can't be reached: %w", err)
	}
	return inOrder(
		step{"govulncheck", func() error { return tool(".", "tools/go.mod", "govulncheck", "./...") }},
		step{"govulncheck, lab", func() error { return tool("lab", "tools/go.mod", "govulncheck", "./...") }},
	)
}

// vulnerabilitiesIfReachable is for Test, which also runs where the internet is out of reach.
func vulnerabilitiesIfReachable(ctx context.Context) error {
	if err := reachVulnerabilities(ctx); err != nil {
		fmt.Print(banner("known vulnerabilities were not checked.", "go tool mage vulnerabilities", "where their database, vuln.go.dev or that of GOVULNDB, can be reached."))
		return nil
	}
	return Vulnerabilities(ctx)
}

func reachVulnerabilities(ctx context.Context) error {
	database := cmp.Or(os.Getenv("GOVULNDB"), "https://vuln.go.dev")
	if strings.HasPrefix(database, "file:") {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, database+"/index/db.json", http.NoBody)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", database, response.Status)
	}
	return nil
}

func worker() error { return copilot.build() }

func lab() error { return stage.build() }

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

// buildFirst builds what compiles for minutes, and says every 30 seconds how many of its packages are compiled.
func (p program) buildFirst() error {
	output, err := filepath.Abs(p.output)
	if err != nil {
		return err
	}
	list := p.list()
	list.Stderr = os.Stderr
	packages, err := list.Output()
	if err != nil {
		return fmt.Errorf("listing the packages of %s: %w", p.name, err)
	}
	build := exec.Command("go", append(append([]string{"build", "-C", p.module, "-v", slimLinking, "-o", output}, p.flags...), p.pkg)...)
	said, err := build.StderrPipe()
	if err != nil {
		return err
	}
	if err := build.Start(); err != nil {
		return err
	}
	var compiled atomic.Int64
	stop := everyHalfMinute(func(passed time.Duration) {
		fmt.Printf("    %d of at most %d packages are compiled after %s\n", compiled.Load(), bytes.Count(packages, []byte("\n")), passed)
	})
	defer stop()
	for lines := bufio.NewScanner(said); lines.Scan(); {
		// With -v a line without a space is the path of a package that is being compiled.
		if strings.Contains(lines.Text(), " ") {
			fmt.Fprintln(os.Stderr, lines.Text())
		} else {
			compiled.Add(1)
		}
	}
	return build.Wait()
}

// everyHalfMinute says something until it is stopped, each time with the time that has passed.
func everyHalfMinute(say func(passed time.Duration)) (stop func()) {
	const pause = 30 * time.Second
	began, ticker, done := time.Now(), time.NewTicker(pause), make(chan struct{})
	go func() {
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				say(time.Since(began).Round(time.Second))
			case <-done:
				return
			}
		}
	}()
	return func() { close(done) }
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

// tool runs a tool of a module in a folder.
func tool(dir, module, name string, arguments ...string) error {
	modfile, err := filepath.Abs(module)
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
