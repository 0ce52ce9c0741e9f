//go:build unix

package testenv

import (
	"errors"
	"os"
)

// RequiredVariable is the environment variable in which the tasks of mage say "required": a part that is missing then fails a
// test. Without it such a test is skipped, so that `go test ./...` passes on a fresh clone.
const RequiredVariable = "COPILOT_PARTS"

// Optional says whether an error of a start is only that a part has not been built, where nobody requires it.
func Optional(err error) bool {
	var missing *MissingError
	return errors.As(err, &missing) && os.Getenv(RequiredVariable) != "required"
}

// Test is the part of testing.TB that Require uses.
type Test interface {
	Helper()
	Skip(arguments ...any)
	Fatal(arguments ...any)
}

// Require ends a test whose part did not start, err being why: a missing part skips it where parts are optional, everything
// else fails it.
func Require(t Test, err error) {
	t.Helper()
	switch {
	case err == nil:
	case Optional(err):
		t.Skip(err)
	default:
		t.Fatal(err)
	}
}

// Installed says which part is missing, for tests of programs that start parts by themselves.
func Installed() error {
	if _, err := findPostgres(); err != nil {
		return err
	}
	for _, name := range []string{"prometheus", "loki", "temporal"} {
		if _, err := Binary("bin", name); err != nil {
			return err
		}
	}
	return nil
}
