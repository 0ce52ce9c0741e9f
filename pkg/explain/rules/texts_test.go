package rules

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/temporal-sre/copilot/pkg/explain"
	"github.com/temporal-sre/copilot/pkg/explain/evidence"
	"github.com/temporal-sre/copilot/pkg/health"
)

// gatesIn are the ids that a file's tables begin with, each once.
func gatesIn(t *testing.T, path string, field *regexp.Regexp) []string {
	t.Helper()
	source, err := os.ReadFile(path)
	require.NoError(t, err)
	var ids []string
	for _, found := range field.FindAllStringSubmatch(string(source), -1) {
		if !slices.Contains(ids, found[1]) {
			ids = append(ids, found[1])
		}
	}
	slices.Sort(ids)
	return ids
}

var (
	gateField = regexp.MustCompile(`\bID:\s*"(\w+)"`)
	textField = regexp.MustCompile(`(?:\bgate:\s*|\.about\()"(\w+)"`)
)

// Completion gates are among the progress gates, and their texts among those of workflows, and so on: a gate's text is
// in the file of its name, or in one that these say.
var elsewhere = map[string]string{"completion_collapsed": "workflows", "completion_degraded": "workflows", "client_errors": "frontend"}

func TestTextsMirrorTheFilesOfTheirGates(t *testing.T) {
	files, err := filepath.Glob("../../health/gates_*.go")
	require.NoError(t, err)
	seen := 0
	for _, file := range files {
		name := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(file), "gates_"), ".go")
		if strings.HasSuffix(name, "_test") {
			continue
		}
		for _, id := range gatesIn(t, file, gateField) {
			seen++
			in := name
			if other, ok := elsewhere[id]; ok {
				in = other
			}
			assert.Containsf(t, gatesIn(t, "texts_"+in+".go", textField), id, "texts_%s.go", in)
		}
	}
	assert.Len(t, health.Gates(), seen)
}

func TestEveryTextIsAboutAGateAndReachable(t *testing.T) {
	general := map[health.GateID]bool{}
	for _, x := range texts {
		_, known := health.LookupGate(x.gate)
		assert.Truef(t, known, "there is no gate %s", x.gate)
		assert.Falsef(t, general[x.gate], "a text of %s comes below its general one, which hides it", x.gate)
		general[x.gate] = general[x.gate] || x.when == nil
		assert.NotEmptyf(t, x.what, "%s", x.gate)
		assert.NotEmptyf(t, x.why, "%s", x.gate)
		assert.NotEmptyf(t, x.first, "%s", x.gate)
		assert.NotEmptyf(t, x.actions, "%s", x.gate)
		assert.NotEmptyf(t, x.watch, "%s", x.gate)
		for _, id := range x.hints {
			_, marked := evidence.LookupAmplifierThreshold(id, nil)
			assert.Truef(t, marked, "the hint %s of %s has no mark, so it never shows", id, x.gate)
		}
	}
}

// Settings that texts name in parameters are ones that models may name too.
func TestEverySettingOfATextIsKnown(t *testing.T) {
	for _, x := range texts {
		for _, a := range x.actions {
			for setting := range strings.SplitSeq(a.parameters["setting"], ", ") {
				if setting != "" {
					assert.Contains(t, explain.Settings(), setting)
				}
			}
		}
	}
}

// unprofessional are words that do not belong in what an on-call engineer reads.
var unprofessional = regexp.MustCompile(`(?i)\b(nobody|somebody|whose trouble|trouble|stands|tells|the matter|blind)\b`)

func TestTextsAreWrittenForAnOnCallEngineer(t *testing.T) {
	for _, x := range texts {
		all := []string{x.what, x.why, x.first}
		for _, a := range x.actions {
			all = append(all, a.do, a.because)
		}
		for _, text := range all {
			assert.Emptyf(t, unprofessional.FindString(text), "%s: %s", x.gate, text)
		}
	}
}
