package cli_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/temporal-sre/copilot/worker/cli"
)

// inPlaceOfAWS has every AWS client of this process ask the handler.
func inPlaceOfAWS(t *testing.T, handler http.HandlerFunc) {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": server.URL, "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "very-secret",
		"AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null", "AWS_EC2_METADATA_DISABLED": "true",
	} {
		t.Setenv(name, value)
	}
}

func run(args ...string) (code int, stdout, stderr string) {
	var out, errs bytes.Buffer
	code = cli.Main(args, strings.NewReader(""), &out, &errs)
	return code, out.String(), errs.String()
}

func TestAKnowledgeBaseIsKeptWithFiveCommands(t *testing.T) {
	uploaded := map[string]string{}
	inPlaceOfAWS(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		switch r.Method + " " + strings.TrimSuffix(r.URL.Path, "/") {
		case "PUT /documents/copilot/own.md", "PUT /documents/copilot/own.md.metadata.json":
			uploaded[r.URL.Path] = string(body)
		case "GET /documents":
			w.Header().Set("Content-Type", "application/xml")
			_, _ = io.WriteString(w, `<ListBucketResult><Contents><Key>copilot/old.md</Key></Contents></ListBucketResult>`)
		case "PUT /knowledgebases/KB12345678/datasources/DS12345678/ingestionjobs":
			w.WriteHeader(http.StatusAccepted)
			_, _ = io.WriteString(w, `{"ingestionJob":{"ingestionJobId":"JOB1","status":"STARTING"}}`)
		case "POST /knowledgebases/KB12345678/datasources/DS12345678/ingestionjobs":
			_, _ = io.WriteString(w, `{"ingestionJobSummaries":[{"ingestionJobId":"JOB1","status":"COMPLETE","statistics":{"numberOfDocumentsScanned":32}}]}`)
		case "GET /knowledgebases/KB12345678":
			_, _ = io.WriteString(w, `{"knowledgeBase":{"knowledgeBaseId":"KB12345678","name":"copilot","status":"FAILED","failureReasons":["no role"],"storageConfiguration":{"type":"S3_VECTORS"}}}`)
		case "POST /knowledgebases/KB12345678/retrieve":
			_, _ = io.WriteString(w, `{"retrievalResults":[{"content":{"text":"Look at the locks."},"score":0.7,"location":{"s3Location":{"uri":"s3://documents/copilot/own.md"}}}]}`)
		default:
			t.Errorf("nobody should ask for %s %s", r.Method, r.URL)
		}
	})
	folder := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(folder, "own.md"), []byte("# Our database\n\nLook at the locks.\n"), 0o600))
	config := filepath.Join(folder, "config.yaml")
	require.NoError(t, os.WriteFile(config, []byte(`
store: {url: "postgres://copilot@localhost/copilot"}
clusters: [{name: prod, prometheus: {url: "http://localhost:9090"}}]
knowledge: {bedrock: {id: KB12345678, data_source: DS12345678, bucket: documents, prefix: copilot/, region: eu-west-1}}
`), 0o600))

	code, out, errs := run("kb", "sync", "--config", config, "--source", folder)
	require.Zero(t, code, errs)
	assert.Contains(t, out, "Uploaded: 1 documents.\nThe bucket holds 1 objects of other documents; --delete removes them: copilot/old.md\n")
	assert.Equal(t, "# Our database\n\nLook at the locks.\n", uploaded["/documents/copilot/own.md"])

	code, out, errs = run("kb", "start-ingestion", "--kb-id", "KB12345678", "--ds-id", "DS12345678", "--region", "eu-west-1")
	require.Zero(t, code, errs)
	assert.Contains(t, out, "Job JOB1 is STARTING.")

	code, out, errs = run("kb", "list-jobs", "--config", config)
	require.Zero(t, code, errs)
	assert.Regexp(t, `JOB1 +COMPLETE +- +- +32`, out)

	code, out, errs = run("kb", "status", "--config", config)
	assert.Equal(t, 1, code, "a script sees that it does not answer")
	assert.Contains(t, out, "storage         S3_VECTORS")
	assert.Contains(t, out, "no role")
	assert.Contains(t, errs, "the knowledge base is FAILED")

	code, out, errs = run("kb", "search", "--config", config, "the database is slow")
	require.Zero(t, code, errs)
	assert.Contains(t, out, "0.70 bedrock-vector  own: own\n\nLook at the locks.")
}
