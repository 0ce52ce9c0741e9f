package explain_test

import (
	"testing"

	"github.com/temporal-sre/copilot/pkg/explain/llm"
	"github.com/temporal-sre/copilot/pkg/explain/rules"
)

func BenchmarkRules(b *testing.B) {
	e := tell(stories()[5])
	for b.Loop() {
		rules.Explain(e)
	}
}

func BenchmarkPrompt(b *testing.B) {
	e := tell(stories()[5])
	b.ReportMetric(float64(len(llm.Prompt(e))), "bytes")
	for b.Loop() {
		llm.Prompt(e)
	}
}

func BenchmarkCheck(b *testing.B) {
	e := tell(stories()[4])
	for b.Loop() {
		if _, err := llm.Check(e, goodDraft(), "m"); err != nil {
			b.Fatal(err)
		}
	}
}
