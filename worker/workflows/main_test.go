package workflows_test

import (
	"flag"
	"testing"
)

// TestMain asks for at least 1,000 cases of every property.
func TestMain(m *testing.M) {
	flag.Parse()
	if f := flag.Lookup("rapid.checks"); f != nil && f.Value.String() == f.DefValue {
		_ = f.Value.Set("1000")
	}
	m.Run()
}
