package logs

import (
	"path/filepath"
	"testing"
)

// BenchmarkFind holds the recorded lines that Loki's filter lets through against all patterns. A reading takes 50,000
// lines at most.
func BenchmarkFind(b *testing.B) {
	m := theMatcher(b)
	filter := filterOf(b, m)
	files, err := filepath.Glob("testdata/*.jsonl")
	if err != nil {
		b.Fatal(err)
	}
	var lines []string
	for _, file := range files {
		for _, line := range linesOf(b, file) {
			if filter.MatchString(line) {
				lines = append(lines, line[:min(len(line), maxLine)])
			}
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		for _, line := range lines {
			m.find("history", line)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(lines)), "ns/line")
}
