package archive

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"unicode"

	"github.com/Masterminds/semver/v3"
)

// manifest is what is read of a plugin.json.
type manifest struct {
	Type       string `json:"type"`
	Name       string `json:"name"`
	ID         string `json:"id"`
	Executable string `json:"executable"`
	Backend    bool   `json:"backend"`
	// BuildMode is what webpack was told: production or development.
	BuildMode string `json:"buildMode"`
	Info      struct {
		Version     string `json:"version"`
		Updated     string `json:"updated"`
		Description string `json:"description"`
		Author      struct {
			Name string `json:"name"`
			URL  string `json:"url"`
		} `json:"author"`
		Keywords []string `json:"keywords"`
		Logos    struct {
			Small string `json:"small"`
			Large string `json:"large"`
		} `json:"logos"`
		Links []struct {
			Name string `json:"name"`
			URL  string `json:"url"`
		} `json:"links"`
		Screenshots []struct {
			Name string `json:"name"`
			Path string `json:"path"`
		} `json:"screenshots"`
	} `json:"info"`
	Includes []struct {
		Type string `json:"type"`
		Name string `json:"name"`
		Path string `json:"path"`
	} `json:"includes"`
	Dependencies struct {
		GrafanaDependency string `json:"grafanaDependency"`
		Plugins           []struct {
			ID string `json:"id"`
		} `json:"plugins"`
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

var (
	pluginID = regexp.MustCompile(`^[a-z0-9]+-[a-z0-9]+-(app|datasource|panel)$`)
	semantic = regexp.MustCompile(`^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$`)
	day      = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}$`)
	// oneRelease is a dependency on the patches of one Grafana, or on a single one.
	oneRelease = regexp.MustCompile(`^\d+\.\d+\.(\d+|x)$`)
)

func (m manifest) check() []error {
	var errs []error
	must := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf("plugin.json: "+format, args...))
		}
	}
	must(pluginID.MatchString(m.ID), "id %q has not the form organization-name-type", m.ID)
	must(strings.HasSuffix(m.ID, "-"+m.Type), "id %q does not end in the type %q", m.ID, m.Type)
	must(m.Name != "" && m.Name != m.ID, "name %q is not a display name", m.Name)
	must(semantic.MatchString(m.Info.Version), "version %q is no version: the build puts in that of package.json", m.Info.Version)
	must(day.MatchString(m.Info.Updated), "updated %q is no date: the build puts it in", m.Info.Updated)
	must(m.BuildMode != "development", "it was built for development: run go tool mage build")
	must(m.Info.Description != "", "it has no description")
	must(m.Info.Author.Name != "", "it has no author")
	organization, _, _ := strings.Cut(m.ID, "-")
	must(organization == slug(m.Info.Author.Name), "id %q does not begin with the organization of its author %q", m.ID, m.Info.Author.Name)
	must(len(m.Info.Keywords) > 0, "it has no keywords")
	must(m.Executable != "" && m.Backend, "it names no executable, or says that it has no back end")
	must(len(m.Info.Links) > 0, "it has no links")
	for _, link := range m.Info.Links {
		to, err := url.Parse(link.URL)
		must(err == nil && to.Scheme == "https" && to.Host != "" && link.Name != "", "link %q to %q is no https address with a name", link.Name, link.URL)
	}
	for _, include := range m.Includes {
		must(include.Type != "" && include.Name != "", "include %q has no type or no name", include.Path)
	}
	for _, needed := range m.Dependencies.Plugins {
		must(needed.ID != m.ID, "it depends on itself")
	}
	grafana := m.Dependencies.GrafanaDependency
	_, err := semver.NewConstraint(grafana)
	must(grafana != "", "it does not say which Grafana it works with")
	must(grafana == "" || err == nil, "grafanaDependency %q is no range of versions", grafana)
	must(!oneRelease.MatchString(grafana), "grafanaDependency %q is but one Grafana", grafana)
	return errs
}

// slug is a name as grafana.com writes it in addresses: letters and digits.
func slug(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, name)
}
