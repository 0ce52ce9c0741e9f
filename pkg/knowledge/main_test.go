package knowledge_test

import (
	"context"
	"flag"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/temporal-sre/copilot/pkg/knowledge"
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
var patterns = []string{
	"deadline_exceeded", "context_canceled", "shard_ownership", "membership", "no_poller", "reservoir_discard",
	"sqlstate_40001", "rate_limit", "shard_acquired", "database_down", "history_down",
}

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
