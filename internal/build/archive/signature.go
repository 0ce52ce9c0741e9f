package archive

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// signature is the file that makes a plugin a signed one.
const signature = "MANIFEST.txt"

// signed is what Grafana signs: every file with its SHA-256.
type signed struct {
	Plugin        string            `json:"plugin"`
	Version       string            `json:"version"`
	SignatureType string            `json:"signatureType"`
	RootURLs      []string          `json:"rootUrls"`
	Files         map[string]string `json:"files"`
}

// checkSignature tells whether what was signed is what is there now. A plugin without a signature is a good one. Whether
// the signature is Grafana's, Grafana tells.
func (m manifest) checkSignature(dist string) error {
	content, err := os.ReadFile(filepath.Join(dist, signature))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	s, err := parseSigned(content)
	if err != nil {
		return err
	}
	var errs []error
	if s.Plugin != m.ID || s.Version != m.Info.Version {
		errs = append(errs, fmt.Errorf("it is of %s %s, and this is %s %s", s.Plugin, s.Version, m.ID, m.Info.Version))
	}
	if private := strings.HasPrefix(s.SignatureType, "private"); private != (len(s.RootURLs) > 0) {
		errs = append(errs, fmt.Errorf("it is %s with %d root URLs: a private one has some, another one none", s.SignatureType, len(s.RootURLs)))
	}
	there := map[string]bool{signature: true}
	err = fs.WalkDir(os.DirFS(dist), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || name == signature {
			return err
		}
		there[name] = true
		content, err := os.ReadFile(filepath.Join(dist, filepath.FromSlash(name)))
		if err != nil {
			return err
		}
		sum := sha256.Sum256(content)
		switch wanted, known := s.Files[name]; {
		case !known:
			errs = append(errs, fmt.Errorf("%s came after it", name))
		case !strings.EqualFold(wanted, hex.EncodeToString(sum[:])):
			errs = append(errs, fmt.Errorf("%s has changed since", name))
		}
		return nil
	})
	errs = append(errs, err)
	for _, name := range slices.Sorted(maps.Keys(s.Files)) {
		if !there[name] {
			errs = append(errs, fmt.Errorf("%s is gone", name))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("%s does not fit the plugin, sign it again (npm run sign) and build nothing afterwards:\n%w", signature, err)
	}
	return nil
}

// parseSigned reads the text of a message that is signed in the clear (RFC 9580, 7): behind the headers and a blank
// line, up to the signature. Lines that begin with a dash have another one before it; JSON has none such.
func parseSigned(content []byte) (signed, error) {
	var s signed
	content = bytes.ReplaceAll(content, []byte("\r\n"), []byte("\n"))
	_, text, ok := bytes.Cut(content, []byte("-----BEGIN PGP SIGNED MESSAGE-----\n"))
	if ok {
		_, text, ok = bytes.Cut(text, []byte("\n\n"))
	}
	if ok {
		text, _, ok = bytes.Cut(text, []byte("-----BEGIN PGP SIGNATURE-----"))
	}
	if !ok || json.Unmarshal(text, &s) != nil {
		return s, fmt.Errorf("%s is no signed list of files: remove it, or sign the plugin again (npm run sign)", signature)
	}
	return s, nil
}
