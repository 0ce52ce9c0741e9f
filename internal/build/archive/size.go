package archive

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"os"
	"path/filepath"
)

// mostScripts is how large the front end may be on its way to a browser, in bytes: it stands between an operator and
// the first panel of every dashboard.
const mostScripts = 150_000

// ScriptsSize is how many bytes of the plugin's scripts a browser loads, module.js and what it loads by and by, each
// compressed with gzip as Grafana serves it.
func ScriptsSize(dist string) (int, error) {
	scripts, err := filepath.Glob(filepath.Join(dist, "*.js"))
	if err != nil {
		return 0, err
	}
	var compressed bytes.Buffer
	for _, script := range scripts {
		content, err := os.ReadFile(script)
		if err != nil {
			return 0, err
		}
		w := gzip.NewWriter(&compressed)
		if _, err := w.Write(content); err != nil {
			return 0, err
		}
		if err := w.Close(); err != nil {
			return 0, err
		}
	}
	return compressed.Len(), nil
}

func checkSize(dist string) error {
	size, err := ScriptsSize(dist)
	if err == nil && size > mostScripts {
		err = fmt.Errorf("the scripts have %d kB compressed, more than %d: module.js.map says what is in them", size/1000, mostScripts/1000)
	}
	return err
}
