package archive

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// Check returns everything that keeps the plugin in dist from being installed or published, as one error.
// platforms are those that it must run on, like "linux/amd64".
func Check(dist string, platforms []string) error {
	m, err := readManifest(dist)
	if err != nil {
		return err
	}
	errs := m.check()
	for _, name := range m.files(platforms) {
		if err := checkFile(dist, name); err != nil {
			errs = append(errs, err)
		}
	}
	for _, platform := range platforms {
		// That one is missing is said above.
		if err := checkBinary(filepath.Join(dist, Binary(m.Executable, platform)), platform); !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	errs = append(errs, leftovers(dist)...)
	errs = append(errs, m.checkImages(dist)...)
	errs = append(errs, m.checkTexts(dist)...)
	errs = append(errs, checkFrontEnd(dist)...)
	errs = append(errs, checkSize(dist))
	errs = append(errs, m.checkSignature(dist))
	return errors.Join(errs...)
}

// files are the files that must be there, besides plugin.json.
func (m manifest) files(platforms []string) []string {
	names := []string{"module.js", sourceMap, "README.md", "CHANGELOG.md", "LICENSE", goManifest, m.Info.Logos.Small, m.Info.Logos.Large}
	for _, s := range m.Info.Screenshots {
		names = append(names, s.Path)
	}
	for _, include := range m.Includes {
		if include.Path != "" {
			names = append(names, include.Path)
		}
	}
	for _, platform := range platforms {
		names = append(names, Binary(m.Executable, platform))
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func checkFile(dist, name string) error {
	if !filepath.IsLocal(name) || strings.HasPrefix(name, ".") {
		return fmt.Errorf("plugin.json names %q, which is no file of the plugin", name)
	}
	info, err := os.Stat(filepath.Join(dist, name))
	switch {
	case err != nil:
		return fmt.Errorf("%s is missing", name)
	case !info.Mode().IsRegular():
		return fmt.Errorf("%s is no file", name)
	case info.Size() == 0:
		return fmt.Errorf("%s is empty", name)
	}
	return nil
}

// leftovers finds what must not be packed: marks of the debugger, with which Grafana does not start the back end, and
// plugins within the plugin, which only an app may have.
func leftovers(dist string) []error {
	var errs []error
	err := fs.WalkDir(os.DirFS(dist), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		switch base := path.Base(name); {
		case base == "standalone.txt" || base == "pid.txt":
			errs = append(errs, fmt.Errorf("%s is of a debugger: remove it", name))
		case base == "plugin.json" && name != base:
			errs = append(errs, fmt.Errorf("%s is of another plugin: a datasource holds none", name))
		case !entry.IsDir() && !entry.Type().IsRegular():
			errs = append(errs, fmt.Errorf("%s is no file of its own: a zip holds no links", name))
		}
		return nil
	})
	return append(errs, err)
}
