package archive

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// goManifest lists the Go files of the work tree from which the executables were built, with their SHA-256.
const goManifest = "go_plugin_build_manifest"

// CheckSources tells whether the plugin in dist was built from the work tree root as it is now: the validator compares
// them. The version is that of package.json, the scripts are made from src/, and every Go file is in the list of those that
// the back end was built from.
func CheckSources(dist, root string) error {
	m, err := readManifest(dist)
	if err != nil {
		return err
	}
	var npm struct {
		Version string `json:"version"`
	}
	content, err := os.ReadFile(filepath.Join(root, "package.json"))
	if err == nil {
		err = json.Unmarshal(content, &npm)
	}
	if err != nil {
		return fmt.Errorf("package.json: %w", err)
	}
	var errs []error
	if npm.Version != m.Info.Version {
		errs = append(errs, fmt.Errorf("the plugin is version %s, package.json says %s", m.Info.Version, npm.Version))
	}
	errs = append(errs, checkScripts(dist, root)...)
	errs = append(errs, checkGo(dist, root)...)
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("dist is not what these sources make, run go tool mage build:\n%w", err)
	}
	return nil
}

// checkScripts holds the sources in the source map to those in src/. What webpack adds itself has no file there.
func checkScripts(dist, root string) []error {
	sources, err := readSourceMap(dist)
	if err != nil {
		return []error{err}
	}
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(sources)) {
		_, file, own := strings.Cut(name, "/./")
		if !own || strings.HasPrefix(file, "node_modules/") {
			continue
		}
		if content, err := os.ReadFile(filepath.Join(root, "src", filepath.FromSlash(file))); err != nil {
			errs = append(errs, fmt.Errorf("src/%s is gone since the build", file))
		} else if string(content) != sources[name] {
			errs = append(errs, fmt.Errorf("src/%s has changed since the build", file))
		}
	}
	return errs
}

// checkGo holds the list of Go files to those that there are.
func checkGo(dist, root string) []error {
	listed, err := readGoManifest(filepath.Join(dist, goManifest))
	if err != nil {
		return []error{err}
	}
	var errs []error
	err = fs.WalkDir(os.DirFS(root), ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (path.Base(name) == "node_modules" || name == ".git"):
			return fs.SkipDir
		case entry.IsDir() || path.Ext(name) != ".go":
			return nil
		}
		content, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
		if err != nil {
			return err
		}
		sum := sha256.Sum256(content)
		switch wanted, known := listed[name]; {
		case !known:
			errs = append(errs, fmt.Errorf("%s is newer than the build", name))
		case wanted != hex.EncodeToString(sum[:]):
			errs = append(errs, fmt.Errorf("%s has changed since the build", name))
		}
		delete(listed, name)
		return nil
	})
	errs = append(errs, err)
	for _, name := range slices.Sorted(maps.Keys(listed)) {
		if !strings.Contains("/"+name, "/node_modules/") {
			errs = append(errs, fmt.Errorf("%s is gone since the build", name))
		}
	}
	return errs
}

// readGoManifest returns the SHA-256 of every file in a list of lines like "sum:name".
func readGoManifest(file string) (map[string]string, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	listed := map[string]string{}
	for lines := bufio.NewScanner(bytes.NewReader(content)); lines.Scan(); {
		if lines.Text() == "" {
			continue
		}
		sum, name, ok := strings.Cut(lines.Text(), ":")
		if !ok || len(sum) != sha256.Size*2 {
			return nil, fmt.Errorf("%s: %q is no sum with a file", goManifest, lines.Text())
		}
		listed[filepath.ToSlash(name)] = sum
	}
	return listed, nil
}
