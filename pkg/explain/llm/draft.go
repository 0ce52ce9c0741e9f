package llm

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/temporal-sre/copilot/pkg/explain"
)

// Draft is what a model writes. Texts hold references instead of numbers.
type Draft struct {
	State   string        `json:"state"`
	Summary DraftSummary  `json:"summary"`
	Factors []DraftFactor `json:"factors"`
	Actions []DraftAction `json:"actions"`
	Watch   []string      `json:"watch"`
}

// DraftSummary is one sentence each.
type DraftSummary struct {
	What  string `json:"what"`
	Why   string `json:"why"`
	First string `json:"first"`
}

// DraftFactor points at a gate, a signal, a log pattern or a document.
type DraftFactor struct {
	Title    string `json:"title"`
	Detail   string `json:"detail"`
	Gate     string `json:"gate"`
	Signal   string `json:"signal"`
	Pattern  string `json:"log_pattern"`
	Document string `json:"document"`
}

// DraftAction is a suggestion.
type DraftAction struct {
	Type        string  `json:"type"`
	Target      string  `json:"target"`
	Description string  `json:"description"`
	Reason      string  `json:"reason"`
	Gate        string  `json:"gate"`
	Confidence  float64 `json:"confidence"`
	Risk        string  `json:"risk"`
}

func object(properties map[string]any) map[string]any {
	return map[string]any{"type": "object", "properties": properties, "required": slices.Sorted(maps.Keys(properties)), "additionalProperties": false}
}

func oneOf[T ~string](values ...T) map[string]any {
	all := make([]string, len(values))
	for i, v := range values {
		all[i] = string(v)
	}
	return map[string]any{"type": "string", "enum": all}
}

func listOf(items map[string]any) map[string]any {
	return map[string]any{"type": "array", "items": items}
}

var (
	aString = map[string]any{"type": "string"}

	// draftSchema has no bounds on lengths and numbers: the strict modes of several providers refuse them.
	draftSchema = Schema{"explanation", "Why the cluster is in its state and what to do", object(map[string]any{
		"state":   oneOf("unknown", "happy", "stressed", "critical"),
		"summary": object(map[string]any{"what": aString, "why": aString, "first": aString}),
		"factors": listOf(object(map[string]any{"title": aString, "detail": aString, "gate": aString, "signal": aString, "log_pattern": aString, "document": aString})),
		"actions": listOf(object(map[string]any{"type": oneOf(explain.ActionTypes()...), "target": oneOf(targets()...), "description": aString, "reason": aString,
			"gate": aString, "confidence": map[string]any{"type": "number"}, "risk": oneOf(explain.Risks()...)})),
		"watch": listOf(aString),
	})}

	triageSchema = Schema{"triage", "How much explaining the state needs", object(map[string]any{
		"depth": oneOf(explain.None, explain.Quick, explain.Deep), "reason": aString,
	})}
)

// maxAnswer is many times what a good answer takes, in bytes.
const maxAnswer = 64 << 10

// parse reads JSON out of an answer: bare, between the marks of a code block, or after some words.
func parse(text string, into any) error {
	if len(text) > maxAnswer {
		return fmt.Errorf("the answer has %d bytes, more than the %d that an answer may have", len(text), maxAnswer)
	}
	from, to := strings.Index(text, "{"), strings.LastIndex(text, "}")
	if from < 0 || to < from {
		return errors.New("the answer is not a JSON object")
	}
	if err := json.Unmarshal([]byte(text[from:to+1]), into); err != nil {
		return fmt.Errorf("the answer is not the JSON that was asked for: %w", err)
	}
	return nil
}
