package explain_test

import (
	"testing"

	"github.com/temporal-sre/copilot/pkg/explain"
)

func BenchmarkByRules(b *testing.B) {
	e := tell(stories()[5])
	for b.Loop() {
		explain.ByRules(e)
	}
}

func BenchmarkPrompt(b *testing.B) {
	e := tell(stories()[5])
	b.ReportMetric(float64(len(explain.Prompt(e))), "bytes")
	for b.Loop() {
		explain.Prompt(e)
	}
}

func BenchmarkCheck(b *testing.B) {
	e := tell(stories()[4])
	for b.Loop() {
		if _, err := explain.Check(e, goodDraft(), "m"); err != nil {
			b.Fatal(err)
		}
	}
}
