package service

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/temporal-sre/copilot/pkg/knowledge"
	"github.com/temporal-sre/copilot/worker/config"
)

var quiet = slog.New(slog.DiscardHandler)

func write(t *testing.T, folder, text string) {
	t.Helper()
	require.NoError(t, os.WriteFile(filepath.Join(folder, "own.md"), []byte(text), 0o600))
}

func TestAChangedDocumentCountsWithoutARestartAndOneWithAMistakeChangesNothing(t *testing.T) {
	folder := t.TempDir()
	write(t, folder, "# Zebras\n\nThe zebra gateway stalls when its quagga is full.\n")
	l, err := newLibrary(t.Context(), config.Knowledge{Documents: config.Text(folder)}, quiet)
	require.NoError(t, err)
	found := func() string {
		passages, err := l.Retrieve(t.Context(), "zebra gateway stalls quagga")
		require.NoError(t, err)
		require.NotEmpty(t, passages)
		return passages[0].Text
	}
	assert.Contains(t, found(), "quagga is full")
	before := l.Digest()
	go l.keepUp(t.Context(), 20*time.Millisecond)

	write(t, folder, "# Zebras\n\nThe zebra gateway stalls when its quagga is asleep.\n")
	require.Eventually(t, func() bool { return l.Digest() != before }, 10*time.Second, 10*time.Millisecond)
	assert.Contains(t, found(), "quagga is asleep")

	write(t, folder, "---\ngates: [no_such_gate]\n---\nThe zebra gateway never stalls.\n")
	time.Sleep(200 * time.Millisecond)
	assert.Contains(t, found(), "quagga is asleep")
}

func TestWhereTheKnowledgeBaseDoesNotAnswerDocumentsAreFoundByTheirWords(t *testing.T) {
	answers := false
	aws := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if !answers {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		_, _ = io.WriteString(w, `{"retrievalResults":[{"content":{"text":"By meaning."},"score":0.7,"location":{"s3Location":{"uri":"s3://documents/own.md"}}}]}`)
	}))
	t.Cleanup(aws.Close)
	t.Setenv("AWS_ENDPOINT_URL", aws.URL)
	base := &config.KnowledgeBase{ID: "KB12345678", Region: "eu-west-1", AWS: config.AWS{AccessKey: "AKIAIOSFODNN7EXAMPLE", SecretKey: "not-a-real-key"}}
	l, err := newLibrary(t.Context(), config.Knowledge{Bedrock: base}, quiet)
	require.NoError(t, err)
	ask := func() knowledge.Passage {
		passages, err := l.Retrieve(t.Context(), "the database does not answer")
		require.NoError(t, err)
		require.NotEmpty(t, passages)
		return passages[0]
	}
	assert.Equal(t, knowledge.LexicalBM25, ask().Method)
	answers = true
	assert.Equal(t, "By meaning.", ask().Text)
}
