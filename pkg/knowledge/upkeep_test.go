package knowledge_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/temporal-sre/copilot/pkg/knowledge"
)

// bucketOf answers as an S3 bucket that holds these keys, on two pages.
func bucketOf(keys ...string) func(request) (int, string) {
	page := func(keys []string, next string) string {
		var b strings.Builder
		b.WriteString(`<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">`)
		for _, key := range keys {
			b.WriteString("<Contents><Key>" + key + "</Key></Contents>")
		}
		if next != "" {
			b.WriteString("<IsTruncated>true</IsTruncated><NextContinuationToken>" + next + "</NextContinuationToken>")
		}
		return b.String() + "</ListBucketResult>"
	}
	return func(r request) (int, string) {
		switch {
		case r.Method == "DELETE":
			return 204, ""
		case r.Method != "GET":
			return 200, ""
		case strings.Contains(r.Query, "continuation-token=two"):
			return 200, page(keys[len(keys)/2:], "")
		default:
			return 200, page(keys[:len(keys)/2], "two")
		}
	}
}

func TestSyncUploadsDocumentsWithTheirAttributesAndTellsOfStrangers(t *testing.T) {
	library, err := knowledge.Load(folder(map[string]string{
		"zebra.md": "---\nid: zebra\ntitle: Zebras\nsources: [A book, A talk]\n---\n## Rest\n\nThe zebra rests.\n\n## Query\n\nrate(zebra_total[5m])\n",
	}))
	require.NoError(t, err)
	for name, remove := range map[string]bool{"and leaves them": false, "and removes them when told": true} {
		t.Run(name, func(t *testing.T) {
			aws := newStandIn(t, bucketOf("copilot/gone.md", "copilot/gone.md.metadata.json", "copilot/picture.png", "copilot/zebra.md", "copilot/zebra.md.metadata.json"))
			bucket, err := knowledge.NewBucket(aws.access, "documents", "copilot")
			require.NoError(t, err)
			done, err := bucket.Sync(context.Background(), library.Documents, remove)
			require.NoError(t, err)
			strange := []string{"copilot/gone.md", "copilot/gone.md.metadata.json"}
			assert.Equal(t, []string{"copilot/zebra.md"}, done.Uploaded)
			assert.Equal(t, strange, done.Strange)

			var deleted []string
			put := map[string]request{}
			for _, r := range aws.requests() {
				assert.Contains(t, r.Authorization, "/eu-west-1/s3/aws4_request")
				key, ok := strings.CutPrefix(r.Path, "/documents")
				require.True(t, ok, r.Path)
				switch r.Method {
				case "PUT":
					put[strings.TrimPrefix(key, "/")] = r
				case "DELETE":
					deleted = append(deleted, strings.TrimPrefix(key, "/"))
				case "GET":
					assert.Contains(t, r.Query, "prefix=copilot%2F")
				}
			}
			require.Len(t, put, 2)
			assert.Equal(t, "# Zebras\n\n## Rest\n\nThe zebra rests.\n", put["copilot/zebra.md"].Body, "without its head, and without the query")
			assert.Contains(t, put["copilot/zebra.md"].ContentType, "text/markdown")
			assert.JSONEq(t, `{"metadataAttributes":{"document_id":"zebra","title":"Zebras","source":"A book; A talk"}}`, put["copilot/zebra.md.metadata.json"].Body)
			if remove {
				assert.Equal(t, strange, deleted)
				assert.Equal(t, strange, done.Deleted)
			} else {
				assert.Empty(t, deleted)
			}
		})
	}
}

func TestIngestionIsStartedListedAndItsKnowledgeBaseTold(t *testing.T) {
	aws := newStandIn(t, func(r request) (int, string) {
		switch r.Method + " " + strings.TrimSuffix(r.Path, "/") {
		case "PUT /knowledgebases/KB12345678/datasources/DS12345678/ingestionjobs":
			return 202, `{"ingestionJob":{"knowledgeBaseId":"KB12345678","dataSourceId":"DS12345678","ingestionJobId":"JOB1","status":"STARTING","startedAt":"2026-11-22T05:00:00Z","updatedAt":"2026-11-22T05:00:01Z"}}`
		case "POST /knowledgebases/KB12345678/datasources/DS12345678/ingestionjobs":
			return 200, `{"ingestionJobSummaries":[{"knowledgeBaseId":"KB12345678","dataSourceId":"DS12345678","ingestionJobId":"JOB1","status":"COMPLETE","startedAt":"2026-11-22T05:00:00Z","updatedAt":"2026-11-22T05:01:00Z",
				"statistics":{"numberOfDocumentsScanned":32,"numberOfNewDocumentsIndexed":30,"numberOfModifiedDocumentsIndexed":1,"numberOfDocumentsDeleted":2,"numberOfDocumentsFailed":1}}]}`
		case "GET /knowledgebases/KB12345678":
			return 200, `{"knowledgeBase":{"knowledgeBaseId":"KB12345678","name":"copilot","status":"ACTIVE","createdAt":"2026-11-22T04:00:00Z","updatedAt":"2026-11-22T04:00:00Z","roleArn":"r","knowledgeBaseArn":"a",
				"storageConfiguration":{"type":"S3_VECTORS"},"knowledgeBaseConfiguration":{"type":"VECTOR","vectorKnowledgeBaseConfiguration":{"embeddingModelArn":"arn:aws:bedrock:eu-west-1::foundation-model/amazon.titan-embed-text-v2:0"}}}}`
		}
		return 404, `{"message":"no such path"}`
	})
	ingestion, err := knowledge.NewIngestion(aws.access, "KB12345678", "DS12345678")
	require.NoError(t, err)
	ctx := context.Background()

	started, err := ingestion.Start(ctx)
	require.NoError(t, err)
	assert.Equal(t, "JOB1 STARTING", started.ID+" "+started.State)

	jobs, err := ingestion.Jobs(ctx, 5)
	require.NoError(t, err)
	at := time.Date(2026, 11, 22, 5, 0, 0, 0, time.UTC)
	assert.Equal(t, []knowledge.Job{{ID: "JOB1", State: "COMPLETE", Started: at, Updated: at.Add(time.Minute), Scanned: 32, Indexed: 31, Deleted: 2, Failed: 1}}, jobs)

	status, err := ingestion.Status(ctx)
	require.NoError(t, err)
	assert.Equal(t, knowledge.Status{ID: "KB12345678", Name: "copilot", State: "ACTIVE", Storage: "S3_VECTORS",
		EmbeddingModel: "arn:aws:bedrock:eu-west-1::foundation-model/amazon.titan-embed-text-v2:0", Updated: at.Add(-time.Hour)}, status)

	requests := aws.requests()
	require.Len(t, requests, 3)
	assert.Contains(t, requests[0].Body, "clientToken", "a repeated start is the same start")
	assert.JSONEq(t, `{"maxResults":5,"sortBy":{"attribute":"STARTED_AT","order":"DESCENDING"}}`, requests[1].Body)
	for _, r := range requests {
		assert.Contains(t, r.Authorization, "/eu-west-1/bedrock/aws4_request")
	}
}
