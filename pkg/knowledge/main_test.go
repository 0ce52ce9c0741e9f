package knowledge_test

import (
	"context"
	"flag"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/temporal-sre/copilot/pkg/knowledge"
	"github.com/temporal-sre/copilot/pkg/telemetry/logs"
)

// TestMain asks for at least 1,000 cases of every property.
func TestMain(m *testing.M) {
	flag.Parse()
	if f := flag.Lookup("rapid.checks"); f != nil && f.Value.String() == f.DefValue {
		_ = f.Value.Set("1000")
	}
	m.Run()
}

// patterns are the ids of the log patterns that the copilot knows.
var patterns = func() (ids []string) {
	for _, p := range logs.Patterns() {
		ids = append(ids, p.ID)
	}
	return ids
}()

// folder is a source of documents, from file names to texts.
func folder(files map[string]string) fstest.MapFS {
	m := fstest.MapFS{}
	for name, text := range files {
		m[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return m
}

func retrieve(t require.TestingT, r knowledge.Retriever, query string) []knowledge.Passage {
	passages, err := r.Retrieve(context.Background(), query)
	require.NoError(t, err)
	return passages
}
