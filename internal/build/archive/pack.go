package archive

import (
	"archive/zip"
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// Pack writes the plugin in dist to a zip in folder, and beside it the file with its SHA-1 that Grafana's
// catalog asks for. It returns the path of the zip. Everything lies in one folder named like the plugin, and
// the executables may be executed, as `grafana cli` and the catalog want it.
func Pack(dist, folder string) (string, error) {
	m, err := readManifest(dist)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return "", err
	}
	file := filepath.Join(folder, fmt.Sprintf("%s-%s.zip", m.ID, m.Info.Version))
	sum, err := pack(dist, m, file)
	if err != nil {
		return "", fmt.Errorf("packing %s: %w", file, errors.Join(err, os.RemoveAll(file)))
	}
	// The format of sha1sum, so that `sha1sum --check` reads it.
	return file, os.WriteFile(file+".sha1", []byte(sum+"  "+filepath.Base(file)+"\n"), 0o644)
}

func pack(dist string, m manifest, file string) (sum string, err error) {
	out, err := os.Create(file)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	digest := sha1.New()
	archive := zip.NewWriter(io.MultiWriter(out, digest))
	err = fs.WalkDir(os.DirFS(dist), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		return add(archive, dist, name, path.Join(m.ID, name), strings.HasPrefix(path.Base(name), m.Executable))
	})
	if err != nil {
		return "", err
	}
	if err := archive.Close(); err != nil {
		return "", err
	}
	return hex.EncodeToString(digest.Sum(nil)), nil
}

func add(archive *zip.Writer, dist, name, as string, executable bool) error {
	in, err := os.Open(filepath.Join(dist, filepath.FromSlash(name)))
	if err != nil {
		return err
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return err
	}
	header := &zip.FileHeader{Name: as, Method: zip.Deflate, Modified: info.ModTime()}
	header.SetMode(0o644)
	if executable {
		header.SetMode(0o755)
	}
	entry, err := archive.CreateHeader(header)
	if err != nil {
		return err
	}
	_, err = io.Copy(entry, in)
	return err
}
