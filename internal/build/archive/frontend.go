package archive

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// sourceMap tells the validator and a browser's debugger which sources module.js was made from.
const sourceMap = "module.js.map"

// named are the hosts that the front end may name: where people read on, and the names of XML's vocabularies. That it
// names no other is how a plugin is known to send nothing to anybody.
var named = []string{"github.com", "grafana.com", "temporal.io", "docs.aws.amazon.com", "www.w3.org", "reactjs.org", "react.dev"}

var web = regexp.MustCompile(`https?://[^\s"'` + "`" + `\\)<>]+`)

// checkFrontEnd looks into the scripts; that one is missing is said elsewhere.
func checkFrontEnd(dist string) []error {
	var errs []error
	scripts, err := filepath.Glob(filepath.Join(dist, "*.js"))
	errs = append(errs, err)
	for _, script := range scripts {
		content, err := os.ReadFile(script)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		name := filepath.Base(script)
		for _, found := range web.FindAllString(string(content), -1) {
			address, err := url.Parse(found)
			if err != nil || !slices.ContainsFunc(named, func(host string) bool {
				return address.Hostname() == host || strings.HasSuffix(address.Hostname(), "."+host)
			}) {
				errs = append(errs, fmt.Errorf("%s names %s: a plugin sends nothing to anybody, and this is no documentation that we know", name, found))
			}
		}
		if strings.Contains(string(content), "eval-source-map") || strings.Contains(string(content), "//# sourceURL=webpack") {
			errs = append(errs, fmt.Errorf("%s was built for development: run go tool mage build", name))
		}
	}
	if _, err := readSourceMap(dist); err != nil && !errors.Is(err, fs.ErrNotExist) {
		errs = append(errs, err)
	}
	return errs
}

// readSourceMap returns the sources of module.js by the names that webpack gave them.
func readSourceMap(dist string) (map[string]string, error) {
	content, err := os.ReadFile(filepath.Join(dist, sourceMap))
	if err != nil {
		return nil, err
	}
	var m struct {
		Sources        []string `json:"sources"`
		SourcesContent []string `json:"sourcesContent"`
	}
	if err := json.Unmarshal(content, &m); err != nil || len(m.Sources) == 0 || len(m.SourcesContent) != len(m.Sources) {
		return nil, errors.New(sourceMap + " is no source map with its sources")
	}
	sources := map[string]string{}
	for i, name := range m.Sources {
		sources[name] = m.SourcesContent[i]
	}
	return sources, nil
}
