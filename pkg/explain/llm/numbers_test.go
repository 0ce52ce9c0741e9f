package llm

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestPropertyNumbersAreFoundAsTheExpressionFindsThem(t *testing.T) {
	parts := append([]string{"1", "12", "0", ".", ",", " ", "-", "_", "s", "p99", "x", "tent", "½", "٣", "é"}, numberNames...)
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOfN(rapid.SampledFrom(parts), 0, 12).Draw(t, "parts"), "")
		found := numbersIn(text)
		require.True(t, slices.Equal(numberWord.FindAllString(text, -1), found), "%v", found)
		require.True(t, joins(text) || identifier.FindString(text) == "", "no name is passed over")
	})
}
