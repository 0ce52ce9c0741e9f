package knowledge_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/temporal-sre/copilot/pkg/knowledge"
)

// request is one that a stand-in for AWS has seen.
type request struct {
	Method, Path, Query, Authorization, ContentType, Body string
}

// standIn is an HTTP server in the place of AWS. It keeps what it is asked and answers what the test says.
type standIn struct {
	access aws.Config
	answer func(request) (status int, body string)
	mutex  sync.Mutex
	seen   []request
}

func newStandIn(t *testing.T, answer func(request) (int, string)) *standIn {
	t.Helper()
	s := &standIn{answer: answer}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		seen := request{r.Method, r.URL.Path, r.URL.RawQuery, r.Header.Get("Authorization"), r.Header.Get("Content-Type"), string(body)}
		s.mutex.Lock()
		s.seen = append(s.seen, seen)
		answer := s.answer
		s.mutex.Unlock()
		status, text := answer(seen)
		if strings.HasPrefix(text, "<") {
			w.Header().Set("Content-Type", "application/xml")
		} else {
			w.Header().Set("Content-Type", "application/json")
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, text)
	}))
	t.Cleanup(server.Close)
	s.access = aws.Config{Region: "eu-west-1", BaseEndpoint: &server.URL, HTTPClient: readBodies{}, Credentials: credentials.NewStaticCredentialsProvider("AKIAEXAMPLE", "very-secret", "")}
	return s
}

// readBodies has request bodies read and not written by themselves. Smithy (v1.28.8) closes a body as soon as the
// response begins; when its WriteTo is called after that, it fails, and net/http then closes the connection
// below the response. It takes an answer that comes within microseconds, as a stand-in's does.
type readBodies struct{}

func (readBodies) Do(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		r.Body = struct{ io.ReadCloser }{r.Body}
	}
	return http.DefaultClient.Do(r)
}

func (s *standIn) requests() []request {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return append([]request(nil), s.seen...)
}

const fewResults = `{"retrievalResults":[
	{"content":{"text":"# Low\n\nIt is below the threshold.","type":"TEXT"},"score":0.39},
	{"content":{"text":"# The database is slow\n\n## What to do first\n\nLook at the locks.","type":"TEXT"},"score":0.61,
	 "location":{"type":"S3","s3Location":{"uri":"s3://bucket/copilot/persistence_latency.md"}},
	 "metadata":{"document_id":"persistence_latency","title":"The database is slow","source":"Measured","number":4}},
	{"content":{"text":"No score says nothing.","type":"TEXT"}},
	{"content":{"text":"","type":"TEXT"},"score":0.99},
	{"content":{"text":"Run rate(persistence_errors[1m]) now.","type":"TEXT"},"score":0.98},
	{"content":{"text":"A page of somebody else.","type":"TEXT"},"score":0.75,"location":{"type":"S3","s3Location":{"uri":"s3://bucket/docs/overview.md"}}}
]}`

func TestBedrockIsAskedOnceAndItsAnswerFilteredSortedAndNamed(t *testing.T) {
	aws := newStandIn(t, func(request) (int, string) { return 200, fewResults })
	bedrock, err := knowledge.NewBedrock(aws.access, "KB12345678", 0)
	require.NoError(t, err)
	passages := retrieve(t, bedrock, " the database is slow ")
	assert.Equal(t, []knowledge.Passage{
		{DocumentID: "overview", Title: "overview", Text: "A page of somebody else.", Score: 0.75, Method: knowledge.BedrockVector, Source: "s3://bucket/docs/overview.md"},
		{DocumentID: "persistence_latency", Title: "The database is slow", Section: "What to do first", Text: "Look at the locks.", Score: 0.61, Method: knowledge.BedrockVector, Source: "Measured"},
	}, passages)

	require.Len(t, aws.requests(), 1)
	r := aws.requests()[0]
	assert.Equal(t, "POST /knowledgebases/KB12345678/retrieve", r.Method+" "+r.Path)
	assert.JSONEq(t, `{"retrievalQuery":{"text":"the database is slow"},"retrievalConfiguration":{"vectorSearchConfiguration":{"numberOfResults":10}}}`, r.Body)
	assert.Contains(t, r.Authorization, "Credential=AKIAEXAMPLE/")
	assert.Contains(t, r.Authorization, "/eu-west-1/bedrock/aws4_request")
}

func TestALongQueryIsCutAndAnEmptyOneNotSent(t *testing.T) {
	aws := newStandIn(t, func(request) (int, string) { return 200, `{"retrievalResults":[]}` })
	bedrock, err := knowledge.NewBedrock(aws.access, "KB12345678", 0)
	require.NoError(t, err)
	assert.Empty(t, retrieve(t, bedrock, strings.Repeat("日", 5000)+"\xff"))
	assert.Empty(t, retrieve(t, bedrock, " \n"))
	require.Len(t, aws.requests(), 1)
	var sent struct{ RetrievalQuery struct{ Text string } }
	require.NoError(t, json.Unmarshal([]byte(aws.requests()[0].Body), &sent))
	assert.Equal(t, 1000, utf8.RuneCountInString(sent.RetrievalQuery.Text))
}

func TestEveryRequestToAWSIsTriedOnceAndItsErrorSaysWhatFailedWithoutASecret(t *testing.T) {
	aws := newStandIn(t, func(request) (int, string) { return 503, `{"__type":"ServiceUnavailableException","message":"busy"}` })
	bedrock, err := knowledge.NewBedrock(aws.access, "KB12345678", 0)
	require.NoError(t, err)
	bucket, err := knowledge.NewBucket(aws.access, "documents", "")
	require.NoError(t, err)
	ingestion, err := knowledge.NewIngestion(aws.access, "KB12345678", "DS12345678")
	require.NoError(t, err)
	ctx := context.Background()
	for says, ask := range map[string]func() error{
		`retrieving from the Bedrock knowledge base "KB12345678"`:                                         func() error { _, err := bedrock.Retrieve(ctx, "database"); return err },
		`uploading s3://documents/a.md.metadata.json`:                                                     func() error { _, err := bucket.Sync(ctx, []knowledge.Document{{ID: "a"}}, false); return err },
		`asking for the Bedrock knowledge base "KB12345678"`:                                              func() error { _, err := ingestion.Status(ctx); return err },
		`starting the ingestion of data source "DS12345678" into the Bedrock knowledge base "KB12345678"`: func() error { _, err := ingestion.Start(ctx); return err },
		`listing the ingestion jobs of data source "DS12345678"`:                                          func() error { _, err := ingestion.Jobs(ctx, 1); return err },
	} {
		before := len(aws.requests())
		err := ask()
		require.ErrorContains(t, err, says)
		assert.NotContains(t, err.Error(), "very-secret")
		assert.Len(t, aws.requests(), before+1, says)
	}
}

func TestANameThatIsMissingIsToldBeforeAWSIsAsked(t *testing.T) {
	aws := newStandIn(t, func(request) (int, string) { return 500, "" })
	_, err := knowledge.NewBedrock(aws.access, "", 0)
	assert.ErrorContains(t, err, "id of the Bedrock knowledge base is missing")
	_, err = knowledge.NewIngestion(aws.access, "", "DS")
	assert.ErrorContains(t, err, "id of the Bedrock knowledge base is missing")
	_, err = knowledge.NewBucket(aws.access, "", "")
	assert.ErrorContains(t, err, "name of the S3 bucket is missing")
	assert.Empty(t, aws.requests())
}

func TestWhateverAKnowledgeBaseAnswersFewGoodAndOrderedPassagesComeOfIt(t *testing.T) {
	var body string
	aws := newStandIn(t, func(request) (int, string) { return 200, body })
	bedrock, err := knowledge.NewBedrock(aws.access, "KB12345678", 0.3)
	require.NoError(t, err)
	text := rapid.OneOf(rapid.StringMatching(`[a-zA-Z#\n ]{0,80}`), rapid.String(), rapid.SampledFrom([]string{
		"sum by (x) (rate(y[5m]))", "zebra_total 42", "Clean text.", "# T\n\n## S", `{job="x"}`, strings.Repeat("long ", 5000),
	}))
	factor := anyFactor()
	rapid.Check(t, func(t *rapid.T) {
		type result map[string]any
		results := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) result {
			r := result{"content": map[string]any{"text": text.Draw(t, "text"), "type": "TEXT"}}
			if rapid.Bool().Draw(t, "scored") {
				r["score"] = rapid.Float64Range(-1, 2).Draw(t, "score")
			}
			if rapid.Bool().Draw(t, "located") {
				r["location"] = map[string]any{"type": "S3", "s3Location": map[string]any{"uri": "s3://b/" + rapid.StringMatching(`[a-z/]{0,9}`).Draw(t, "key")}}
			}
			return r
		}), 0, 20).Draw(t, "results")
		encoded, err := json.Marshal(map[string]any{"retrievalResults": results})
		require.NoError(t, err)
		aws.mutex.Lock()
		body, aws.seen = string(encoded), nil
		aws.mutex.Unlock()
		passages := retrieve(t, bedrock, "x "+factor.Draw(t, "factor"))
		requireFewGoodAndOrdered(t, passages, 0.3)
		for _, p := range passages {
			require.LessOrEqual(t, len(p.Text), 4000)
		}
	})
}
