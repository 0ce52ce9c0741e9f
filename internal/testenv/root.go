//go:build unix

package testenv

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// moduleLine is the first line of the go.mod that marks the top of the work tree; lab/go.mod is
// another module and does not match.
const moduleLine = "module github.com/temporal-sre/copilot\n"

// Root finds the top folder of the work tree, seen from the working directory or else from the
// running binary: tests run in their package's folder, bin/lab wherever its user stands.
func Root() (string, error) {
	var starts []string
	if cwd, err := os.Getwd(); err == nil {
		starts = append(starts, cwd)
	}
	if executable, err := os.Executable(); err == nil {
		starts = append(starts, filepath.Dir(executable))
	}
	for _, dir := range starts {
		for ; ; dir = filepath.Dir(dir) {
			content, err := os.ReadFile(filepath.Join(dir, "go.mod"))
			if err == nil && bytes.HasPrefix(content, []byte(moduleLine)) {
				return dir, nil
			}
			if dir == filepath.Dir(dir) {
				break
			}
		}
	}
	return "", fmt.Errorf("no work tree of github.com/temporal-sre/copilot above %v: run this from inside the repository", starts)
}

// MissingError says that a binary has not been built or installed.
type MissingError struct {
	// Path is where the binary was looked for.
	Path string
}

func (e *MissingError) Error() string {
	if filepath.Base(e.Path) == "copilot" {
		return e.Path + " is missing, run: go tool mage buildHost"
	}
	return e.Path + " is missing, run: go tool mage parts"
}

// Binary finds a file below the top of the work tree: Binary("bin", "lab"). The error is a
// *MissingError when it is not there.
func Binary(elem ...string) (string, error) {
	root, err := Root()
	if err != nil {
		return "", err
	}
	path := filepath.Join(append([]string{root}, elem...)...)
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		return "", &MissingError{Path: path}
	} else if err != nil {
		return "", fmt.Errorf("looking for %s: %w", path, err)
	}
	return path, nil
}
