package activities_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/temporal-sre/copilot/pkg/explain"
	"github.com/temporal-sre/copilot/pkg/explain/llm"
)

// converse is a stand-in for Amazon Bedrock's Converse API. It counts tokens, and answers as long as it may:
// every draft has the most factors, actions and things to watch that the prompt allows, about a thousand tokens.
//
// A token is bytesPerToken of text. No answer tells of a cache, which makes costs rather too high: Bedrock caches what stands before
// a cache point from 1,024 tokens on for Claude Sonnet 4.5 and from 4,096 on for Claude Opus 4.6, and it is about 800.
type converse struct {
	*httptest.Server
	mu sync.Mutex
	// researched counts the drafts, repaired those that were complained about.
	researched, repaired int
}

const (
	// bytesPerToken is low, which makes costs rather too high: OpenAI's o200k_base takes 3.8 to 4.6 bytes of these prompts
	// and drafts for a token. Claude's tokenizer is not published.
	bytesPerToken = 3
	// unusableEvery is how often a draft is prose and has to be repaired.
	unusableEvery = 10
)

func tokens(texts ...string) int {
	bytes := 0
	for _, text := range texts {
		bytes += len(text)
	}
	return (bytes + bytesPerToken - 1) / bytesPerToken
}

func serveConverse(t testing.TB) *converse {
	c := &converse{}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if !assert.NoError(t, err) {
			return
		}
		w.Header().Set("Content-Type", "application/json")
		c.answer(t, body, w)
	}))
	t.Cleanup(c.Close)
	return c
}

type content struct {
	Text string `json:"text,omitempty"`
}

func (c *converse) answer(t testing.TB, body []byte, w io.Writer) {
	var request struct {
		System   []content `json:"system"`
		Messages []struct {
			Content []content `json:"content"`
		} `json:"messages"`
		Output struct {
			TextFormat struct {
				Structure struct {
					JSONSchema struct{ Name, Description, Schema string }
				}
			}
		} `json:"outputConfig"`
	}
	if !assert.NoError(t, json.Unmarshal(body, &request)) || !assert.NotEmpty(t, request.System) || !assert.NotEmpty(t, request.Messages) {
		return
	}
	schema := request.Output.TextFormat.Structure.JSONSchema
	input := tokens(schema.Name, schema.Description, schema.Schema, request.System[0].Text)
	for _, m := range request.Messages {
		input += tokens(m.Content[0].Text)
	}
	prompt := request.Messages[0].Content[0].Text
	text := c.write(schema.Name, prompt, len(request.Messages) > 1)
	answer, err := json.Marshal(map[string]any{
		"output":     map[string]any{"message": map[string]any{"role": "assistant", "content": []content{{text}}}},
		"stopReason": "end_turn",
		"usage":      map[string]int{"inputTokens": input, "outputTokens": tokens(text), "totalTokens": input + tokens(text)},
	})
	assert.NoError(t, err)
	_, _ = w.Write(answer)
}

func (c *converse) write(kind, prompt string, repair bool) string {
	if kind == "triage" {
		// The dearer answer for whatever is not happy.
		depth := explain.Deep
		if strings.HasPrefix(prompt, "state: happy ") {
			depth = explain.Quick
		}
		return fmt.Sprintf(`{"depth":%q,"reason":"More than one service is in trouble, and one may hide behind the other."}`, depth)
	}
	c.mu.Lock()
	c.researched++
	unusable := c.researched%unusableEvery == 0 && !repair
	if repair {
		c.repaired++
	}
	c.mu.Unlock()
	text, _ := json.Marshal(fullDraft(prompt))
	if unusable {
		return strings.ReplaceAll(string(text), "{", "(")
	}
	return string(text)
}

var (
	firedLine   = regexp.MustCompile(`(?m)^- (\w+) \[(\w+) of (\w+), side \w+[^\]]*\] ([^:]+): ([\w.]+) = `)
	watchedLine = regexp.MustCompile(`(?m)^- ([a-z_]+\.[a-z0-9_]+) = `)
)

// fullDraft writes about the gates that the prompt says fired, as much as may be written.
func fullDraft(prompt string) llm.Draft {
	state := strings.Fields(strings.TrimPrefix(prompt, "state: "))[0]
	d := llm.Draft{State: state, Summary: llm.DraftSummary{
		What:  "Work advances as it is demanded, and nothing of what was measured stands in its way any more.",
		Why:   "Every rule that fired before passes again, and what had piled up meanwhile was worked off.",
		First: "Nothing needs to be done now; note what was changed, and read the numbers once more before the next peak.",
	}}
	fired := firedLine.FindAllStringSubmatch(prompt, 4)
	for i, m := range fired {
		gate, service, title, signal := m[1], m[3], m[4], m[5]
		if i == 0 {
			d.Summary = llm.DraftSummary{
				What:  fmt.Sprintf("%s: it stands at [[%s]] against a threshold of [[%s.threshold]], and clients notice.", title, signal, gate),
				Why:   "It comes first of all that the evidence holds, and what else fires shows the same trouble from another side.",
				First: fmt.Sprintf("Look at %s before anything else is touched, because what is done elsewhere only adds load.", service),
			}
		}
		d.Factors = append(d.Factors, llm.DraftFactor{
			Title: title, Gate: gate, Signal: signal,
			Detail: fmt.Sprintf("It stands at [[%s]], and the rule fires beyond [[%s.threshold]]. Whatever asks for it waits until it is given up, and is asked again, which is load on top. "+
				"It began with the first sign that the evidence holds, and nothing points to anything behind it.", signal, gate),
		})
		target := service
		if target == "cluster" {
			target = "history"
		}
		d.Actions = append(d.Actions, llm.DraftAction{
			Type: "investigate", Target: target, Gate: gate, Confidence: 0.7, Risk: "low",
			Description: fmt.Sprintf("Compare what %s reports about itself with what is seen from outside, at the time when it began.", service),
			Reason:      "The difference tells a fault of its own from one that it only passes on, and costs nothing to look at.",
		})
	}
	for _, m := range watchedLine.FindAllStringSubmatch(prompt, 3) {
		d.Watch = append(d.Watch, fmt.Sprintf("Watch [[%s]]: when it goes back to where it was before this began, the trouble is over.", m[1]))
	}
	return d
}
