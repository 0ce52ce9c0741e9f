package archive

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// manifest is what is read of a plugin.json.
type manifest struct {
	ID         string `json:"id"`
	Executable string `json:"executable"`
	Info       struct {
		Version     string `json:"version"`
		Updated     string `json:"updated"`
		Description string `json:"description"`
		Author      struct {
			Name string `json:"name"`
		} `json:"author"`
		Keywords []string `json:"keywords"`
		Logos    struct {
			Small string `json:"small"`
			Large string `json:"large"`
		} `json:"logos"`
		Screenshots []struct {
			Path string `json:"path"`
		} `json:"screenshots"`
	} `json:"info"`
	Includes []struct {
		Type string `json:"type"`
		Path string `json:"path"`
	} `json:"includes"`
	Dependencies struct {
		GrafanaDependency string `json:"grafanaDependency"`
	} `json:"dependencies"`
}

func readManifest(dist string) (manifest, error) {
	var m manifest
	raw, err := os.ReadFile(filepath.Join(dist, "plugin.json"))
	if errors.Is(err, os.ErrNotExist) {
		return m, fmt.Errorf("%s holds no plugin.json: build the plugin first, go tool mage build", dist)
	}
	if err != nil {
		return m, err
	}
	if err := json.Unmarshal(raw, &m); err != nil {
		return m, fmt.Errorf("plugin.json: %w", err)
	}
	return m, nil
}

// Check returns everything that keeps the plugin in dist from being installed, as one error. platforms are
// those that it must run on, like "linux/amd64".
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
	if readme, err := os.ReadFile(filepath.Join(dist, "README.md")); err == nil {
		errs = append(errs, relativeLinks(string(readme))...)
	}
	for _, platform := range platforms {
		if err := checkBinary(filepath.Join(dist, Binary(m.Executable, platform)), platform); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

var (
	pluginID = regexp.MustCompile(`^[a-z0-9]+-[a-z0-9]+-(app|datasource|panel)$`)
	semantic = regexp.MustCompile(`^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$`)
	day      = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}$`)
)

func (m manifest) check() []error {
	var errs []error
	must := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf("plugin.json: "+format, args...))
		}
	}
	must(pluginID.MatchString(m.ID), "id %q has not the form organization-name-type", m.ID)
	must(semantic.MatchString(m.Info.Version), "version %q is no version: the build puts in that of package.json", m.Info.Version)
	must(day.MatchString(m.Info.Updated), "updated %q is no date: the build puts it in", m.Info.Updated)
	must(m.Info.Description != "", "it has no description")
	must(m.Info.Author.Name != "", "it has no author")
	must(len(m.Info.Keywords) > 0, "it has no keywords")
	must(m.Executable != "", "it names no executable")
	must(m.Dependencies.GrafanaDependency != "", "it does not say which Grafana it works with")
	must(len(m.Info.Screenshots) > 0, "it has no screenshots")
	for _, s := range m.Info.Screenshots {
		must(slices.Contains([]string{".png", ".jpg", ".jpeg"}, strings.ToLower(filepath.Ext(s.Path))), "screenshot %s is no PNG or JPEG", s.Path)
	}
	return errs
}

// files are the files that must be there, besides plugin.json.
func (m manifest) files(platforms []string) []string {
	names := []string{"module.js", "README.md", "CHANGELOG.md", "LICENSE", "go_plugin_build_manifest", m.Info.Logos.Small, m.Info.Logos.Large}
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
	if !filepath.IsLocal(name) {
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

var link = regexp.MustCompile(`\]\(([^)\s]+)`)

// relativeLinks finds what leads nowhere on a page of the plugin catalog, which shows the README alone.
func relativeLinks(readme string) []error {
	var errs []error
	for _, found := range link.FindAllStringSubmatch(readme, -1) {
		if target := found[1]; !strings.HasPrefix(target, "https://") && !strings.HasPrefix(target, "#") {
			errs = append(errs, fmt.Errorf("README.md: the link to %s is not absolute", target))
		}
	}
	return errs
}
