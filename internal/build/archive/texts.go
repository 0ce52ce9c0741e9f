package archive

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// checkTexts looks into what people read; that a file is missing is said elsewhere.
func (m manifest) checkTexts(dist string) []error {
	var errs []error
	if readme, err := os.ReadFile(filepath.Join(dist, "README.md")); err == nil {
		errs = append(errs, checkReadme(string(readme))...)
	}
	if changelog, err := os.ReadFile(filepath.Join(dist, "CHANGELOG.md")); err == nil {
		if !regexp.MustCompile(`(?m)^## \[?` + regexp.QuoteMeta(m.Info.Version) + `\b`).Match(changelog) {
			errs = append(errs, fmt.Errorf("CHANGELOG.md says nothing of version %s", m.Info.Version))
		}
	}
	if license, err := os.ReadFile(filepath.Join(dist, "LICENSE")); err == nil {
		errs = append(errs, checkLicense(string(license))...)
	}
	return errs
}

func checkLicense(text string) []error {
	var errs []error
	if !strings.Contains(text, "Apache License") {
		errs = append(errs, errors.New("LICENSE is not the Apache License that package.json names"))
	}
	if strings.Contains(text, "{yyyy}") || strings.Contains(text, "{name of copyright owner}") {
		errs = append(errs, errors.New("LICENSE has blanks that are not filled in"))
	}
	return errs
}

var (
	link = regexp.MustCompile(`\]\(([^)\s]+)`)
	tag  = regexp.MustCompile(`(?:src|href)="([^"]*)"`)
	// template is what create-plugin writes into a new plugin's README.
	template = regexp.MustCompile(`(?i)Grafana (Panel|Data Source|Datasource|App|Data Source Backend) Plugin Template`)
)

// checkReadme finds what is wrong on a page of the plugin catalog, which shows the README alone and to operators.
func checkReadme(readme string) []error {
	var errs []error
	for _, found := range append(link.FindAllStringSubmatch(readme, -1), tag.FindAllStringSubmatch(readme, -1)...) {
		if target := found[1]; !strings.HasPrefix(target, "https://") && !strings.HasPrefix(target, "#") {
			errs = append(errs, fmt.Errorf("README.md: the link to %s is not absolute", target))
		}
	}
	if strings.Contains(readme, "<!--") {
		errs = append(errs, errors.New("README.md: it holds a comment, which the catalog shows"))
	}
	if template.MatchString(readme) {
		errs = append(errs, errors.New("README.md: it is the template of create-plugin"))
	}
	for _, word := range []string{"yarn", "nodejs"} {
		if strings.Contains(readme, word) {
			errs = append(errs, fmt.Errorf("README.md: %q is for developers, not for operators", word))
		}
	}
	return errs
}
