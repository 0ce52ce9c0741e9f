package knowledge

import (
	"cmp"
	"context"
	"slices"
)

// MaxPassages is the most that a retrieval returns: what a person reads and what a prompt can hold.
const MaxPassages = 5

// Method says how a passage was found. Scores of different methods can't be compared.
type Method string

const (
	// LexicalBM25 compares words. It knows nothing about what they mean.
	LexicalBM25 Method = "lexical-bm25"
	// BedrockVector compares embeddings in an Amazon Bedrock knowledge base.
	BedrockVector Method = "bedrock-vector"
)

// Passage is a section of a document that fits a query.
type Passage struct {
	DocumentID string `json:"document_id"`
	Title      string `json:"title"`
	// Section is the heading above the text, empty where there is none.
	Section string `json:"section"`
	Text    string `json:"text"`
	// Score is 0 to 1, higher is better. Its meaning is the method's.
	Score  float64 `json:"score"`
	Method Method  `json:"method"`
	// Source names what the document rests on.
	Source string `json:"source"`
}

// Retriever finds at most MaxPassages passages for a query in plain words, all above its threshold, best
// first. No passage is a good answer: it is no error.
type Retriever interface {
	Retrieve(ctx context.Context, query string) ([]Passage, error)
}

// best is what a Retriever may return of what it found. The order is the same for the same passages: equal
// scores go by document, section and text.
func best(found []Passage, threshold float64) []Passage {
	found = slices.DeleteFunc(found, func(p Passage) bool {
		return !(p.Score > threshold) // NaN is not above anything either
	})
	slices.SortFunc(found, func(a, b Passage) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.DocumentID, b.DocumentID), cmp.Compare(a.Section, b.Section), cmp.Compare(a.Text, b.Text))
	})
	return found[:min(len(found), MaxPassages)]
}
