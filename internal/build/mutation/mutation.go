// Package mutation changes the constants of a Go package one at a time, and finds changes that none of its tests
// notices.
package mutation

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

// Mutant is one changed constant.
type Mutant struct {
	// File is the path of the changed file.
	File string
	// Constant is the name, Expression the Go expression that takes the place of its value.
	Constant, Expression string
	// Source is the whole changed file.
	Source []byte
}

func (m Mutant) String() string { return m.Constant + " = " + m.Expression }

// factors make an integer stay an integer.
var factors = []string{"/ 2", "* 2", "* 10"}

// Constants returns a mutant for each factor and each numeric constant that a package in a folder declares at its top
// level.
func Constants(dir string) ([]Mutant, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return nil, fmt.Errorf("listing the files of %s: %w", dir, err)
	}
	var mutants []Mutant
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		source, err := os.ReadFile(file) //nolint:gosec // a file of this repository
		if err != nil {
			return nil, fmt.Errorf("reading a file to change: %w", err)
		}
		found, err := constantsOf(file, source)
		if err != nil {
			return nil, err
		}
		mutants = append(mutants, found...)
	}
	return mutants, nil
}

func constantsOf(file string, source []byte) ([]Mutant, error) {
	positions := token.NewFileSet()
	parsed, err := parser.ParseFile(positions, file, source, parser.SkipObjectResolution)
	if err != nil {
		return nil, fmt.Errorf("parsing a file to change: %w", err)
	}
	var mutants []Mutant
	for _, declaration := range parsed.Decls {
		constants, ok := declaration.(*ast.GenDecl)
		if !ok || constants.Tok != token.CONST {
			continue
		}
		for _, spec := range constants.Specs {
			spec := spec.(*ast.ValueSpec) // a const declaration contains nothing else
			for i, value := range spec.Values {
				if !isNumber(value) {
					continue
				}
				from, to := positions.Position(value.Pos()).Offset, positions.Position(value.End()).Offset
				for _, factor := range factors {
					expression := fmt.Sprintf("(%s) %s", source[from:to], factor)
					mutants = append(mutants, Mutant{
						File: file, Constant: spec.Names[i].Name, Expression: expression,
						Source: slices.Concat(source[:from], []byte(expression), source[to:]),
					})
				}
			}
		}
	}
	return mutants, nil
}

// isNumber says whether an expression is made of a number.
func isNumber(value ast.Expr) bool {
	found := false
	ast.Inspect(value, func(n ast.Node) bool {
		literal, ok := n.(*ast.BasicLit)
		found = found || ok && (literal.Kind == token.INT || literal.Kind == token.FLOAT)
		return true
	})
	return found
}

// Survivors runs the tests of a package under every mutant, several at a time, and returns those that no test notices,
// also beside an error. The arguments go to `go test`. Tests that fail without any mutant are an error.
func Survivors(ctx context.Context, pkg string, mutants []Mutant, atOnce int, arguments ...string) ([]Mutant, error) {
	if output, err := test(ctx, pkg, arguments); err != nil {
		return nil, fmt.Errorf("the tests of %s fail without a change: %w\n%s", pkg, err, output)
	}
	survived, errs := make([]bool, len(mutants)), make([]error, len(mutants))
	var tests sync.WaitGroup
	slots := make(chan struct{}, atOnce)
	for i, mutant := range mutants {
		slots <- struct{}{}
		tests.Go(func() {
			defer func() { <-slots }()
			survived[i], errs[i] = mutant.survives(ctx, pkg, arguments)
		})
	}
	tests.Wait()
	var all []Mutant
	for i, mutant := range mutants {
		if survived[i] {
			all = append(all, mutant)
		}
	}
	return all, errors.Join(errs...)
}

func test(ctx context.Context, pkg string, arguments []string) ([]byte, error) {
	arguments = append(append([]string{"test"}, arguments...), pkg)
	return exec.CommandContext(ctx, "go", arguments...).CombinedOutput() //nolint:gosec // the arguments are the task's
}

// survives runs the tests with the changed file in the place of the original, which stays as it is.
func (m Mutant) survives(ctx context.Context, pkg string, arguments []string) (bool, error) {
	dir, err := os.MkdirTemp("", "mutant")
	if err != nil {
		return false, fmt.Errorf("making a folder for a changed file: %w", err)
	}
	defer os.RemoveAll(dir)
	original, err := filepath.Abs(m.File)
	if err != nil {
		return false, fmt.Errorf("finding %s: %w", m.File, err)
	}
	changed, overlay := filepath.Join(dir, filepath.Base(m.File)), filepath.Join(dir, "overlay.json")
	text, err := json.Marshal(map[string]map[string]string{"Replace": {original: changed}})
	if err = errors.Join(err, os.WriteFile(changed, m.Source, 0o600), os.WriteFile(overlay, text, 0o600)); err != nil {
		return false, fmt.Errorf("writing a changed file: %w", err)
	}
	output, err := test(ctx, pkg, append([]string{"-overlay=" + overlay}, arguments...))
	switch {
	case err == nil:
		return true, nil
	case ctx.Err() != nil:
		return false, ctx.Err()
	case !bytes.Contains(output, []byte("--- FAIL")) && !bytes.Contains(output, []byte("panic: ")):
		return false, fmt.Errorf("%s: the tests did not run: %w\n%s", m, err, output)
	}
	return false, nil
}
