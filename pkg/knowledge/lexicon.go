package knowledge

import (
	"math"
	"strings"
	"unicode"

	"github.com/blevesearch/bleve/v2/analysis"
	"github.com/blevesearch/bleve/v2/analysis/lang/en"
	"github.com/blevesearch/bleve/v2/registry"
)

// The usual parameters of BM25 (Robertson and Zaragoza, "The Probabilistic Relevance Framework", 2009):
// how soon repetition stops to count, and how much a text's length does.
const (
	bm25K1 = 1.2
	bm25B  = 0.75
)

// lexicon scores texts by the words that they share with a query, with BM25 over English word stems. It
// does not change once made.
//
// The words come from bleve; the scores do not. Bleve's own BM25 takes the number of different words for
// the length of all texts and multiplies rarity in twice, so that no best score can be told for a query.
type lexicon struct {
	analyzer analysis.Analyzer
	// occurrences holds, for each stem, how often which text has it.
	occurrences map[string][]occurrence
	// lengths are the texts' lengths relative to the average one.
	lengths []float64
}

type occurrence struct {
	text  int
	times float64
}

// newLexicon takes in texts, which are known by their index afterwards.
func newLexicon(texts []string) (lexicon, error) {
	analyzer, err := registry.NewCache().AnalyzerNamed(en.AnalyzerName)
	if err != nil {
		return lexicon{}, err
	}
	l := lexicon{analyzer: analyzer, occurrences: map[string][]occurrence{}, lengths: make([]float64, len(texts))}
	total := 0
	for i, text := range texts {
		stems, length := l.stems(text)
		for _, s := range stems {
			l.occurrences[s.text] = append(l.occurrences[s.text], occurrence{i, s.times})
		}
		l.lengths[i] = float64(length)
		total += length
	}
	average := math.Max(1, float64(total)/math.Max(1, float64(len(texts))))
	for i := range l.lengths {
		l.lengths[i] /= average
	}
	return l, nil
}

type stem struct {
	text  string
	times float64
}

// stems returns the different stems of a text in the order of their first appearance, without words like
// "the", and how many words it looked at. Ids fall into their words: persistence_slow is persistence slow.
func (l lexicon) stems(text string) (stems []stem, words int) {
	text = strings.Map(func(r rune) rune {
		if r == '_' || r == '.' || r == '/' {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, " "))
	at := map[string]int{}
	tokens := l.analyzer.Analyze([]byte(text))
	for _, token := range tokens {
		term := string(token.Term)
		i, seen := at[term]
		if !seen {
			i = len(stems)
			at[term] = i
			stems = append(stems, stem{text: term})
		}
		stems[i].times++
	}
	return stems, len(tokens)
}

// rarity is BM25's weight of a stem that so many texts have.
func (l lexicon) rarity(texts int) float64 {
	n, df := float64(len(l.lengths)), float64(texts)
	return math.Log(1 + (n-df+0.5)/(df+0.5))
}

// scores returns every text's share, 0 to 1, of the best score that a text could reach for the query: that of
// one which repeats each of its words without end. A word that no text knows counts as one that a single
// text has, so that a query about something else stays low; numbers and names with digits that no text
// knows do not count, because descriptions are full of them.
func (l lexicon) scores(query string) []float64 {
	scores, best := make([]float64, len(l.lengths)), 0.0
	stems, _ := l.stems(query)
	for _, s := range stems {
		found := l.occurrences[s.text]
		if len(found) == 0 && strings.ContainsFunc(s.text, unicode.IsDigit) {
			continue
		}
		rarity := l.rarity(max(1, len(found)))
		best += rarity * (bm25K1 + 1)
		for _, o := range found {
			scores[o.text] += rarity * o.times * (bm25K1 + 1) / (o.times + bm25K1*(1-bm25B+bm25B*l.lengths[o.text]))
		}
	}
	if best > 0 {
		for i := range scores {
			scores[i] /= best
		}
	}
	return scores
}
