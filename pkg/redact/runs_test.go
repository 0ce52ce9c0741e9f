package redact

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestPropertyRunsAreFoundWithoutLookingAtEveryCharacter(t *testing.T) {
	word := func(c byte) bool { return isWord(c) }
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOfN(rapid.SampledFrom([]string{" ", "-", "a", "ab1", "abcdef", "é", "_"}), 0, 20).Draw(t, "parts"), "")
		least := rapid.IntRange(1, 12).Draw(t, "least")
		var all [][2]int
		for begin := 0; begin < len(text); begin++ {
			end := begin
			for end < len(text) && word(text[end]) {
				end++
			}
			if end-begin >= least {
				all = append(all, [2]int{begin, end})
			}
			begin = end
		}
		require.Equal(t, all, runs(word, least)(text))
	})
}

func TestPropertyATokenIsFoundWhereverAWordBegins(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		parts := []string{" ", "-", "x", "_", ".", "=", "ghp_", "GHP_", "sk-", "0123456789", "abcdefghijkl", "ya29.", "é"}
		text := strings.Join(rapid.SliceOfN(rapid.SampledFrom(parts), 0, 12).Draw(t, "parts"), "")
		small := asciiLower(text)
		var all [][2]int
		for i := 0; i < len(text); i++ {
			if i > 0 && isWord(small[i-1]) {
				continue
			}
			if n := tokenAt(text, small, i); n > 0 {
				all = append(all, [2]int{i, i + n})
				i += n - 1
			}
		}
		require.Equal(t, all, prefixed(text))
	})
}
