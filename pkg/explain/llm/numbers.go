package llm

import (
	"strings"
	"unicode/utf8"
)

// numberNames are numbers in words.
var numberNames = []string{
	"two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "twenty", "thirty", "forty", "fifty", "sixty",
	"seventy", "eighty", "ninety", "hundred", "thousand", "million", "billion", "dozen", "twice", "thrice",
}

// numbersIn returns the numbers of a text in small letters: what numberWord finds. Nearly all texts are ASCII,
// and there looking at bytes is many times cheaper than the expression.
func numbersIn(text string) []string {
	if !ascii(text) {
		return numberWord.FindAllString(text, -1)
	}
	var found []string
	for i := 0; i < len(text); {
		end := i + 1
		switch {
		case isDigit(text[i]):
			end = endOfNumber(text, i)
			found = append(found, text[i:end])
		case wordByte(text[i]) && !inWord(text, i-1, i):
			for end < len(text) && wordByte(text[end]) {
				end++
			}
			if namesNumber[text[i:end]] {
				found = append(found, text[i:end])
			} else {
				// Digits may stand in the word.
				end = i + 1
			}
		}
		i = end
	}
	return found
}

// endOfNumber is where the digits that begin somewhere end: 1, 1.5 and 1,000.5 are one number each.
func endOfNumber(text string, i int) int {
	for i < len(text) && (isDigit(text[i]) || (strings.IndexByte(".,", text[i]) >= 0 && i+1 < len(text) && isDigit(text[i+1]))) {
		i++
	}
	return i
}

// namesNumber holds numberNames, and their plurals.
var namesNumber = func() map[string]bool {
	names := map[string]bool{}
	for _, name := range numberNames {
		names[name], names[name+"s"] = true, true
	}
	return names
}()

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func ascii(text string) bool {
	for i := range len(text) {
		if text[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// joins tells whether a text, in small letters, has a word that underscores or dots join.
func joins(text string) bool {
	for i := 1; i < len(text)-1; i++ {
		if text[i] == '_' || (text[i] == '.' && wordByte(text[i-1]) && wordByte(text[i+1])) {
			return true
		}
	}
	return false
}

// mayBeWrong tells whether a text, in small letters, has anything in it that the evidence may lack: a number or a name.
func mayBeWrong(text string) bool { return joins(text) || len(numbersIn(text)) > 0 }
