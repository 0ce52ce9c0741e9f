package knowledge

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/bedrockagent"
	"github.com/aws/aws-sdk-go-v2/service/bedrockagent/types"
)

// Ingestion is how an Amazon Bedrock knowledge base takes in the documents of its data source.
type Ingestion struct {
	client         *bedrockagent.Client
	id, dataSource string
}

// NewIngestion names a knowledge base and its data source. The data source may be empty when only Status
// is asked.
func NewIngestion(access aws.Config, id, dataSource string) (*Ingestion, error) {
	if id == "" {
		return nil, errors.New("the id of the Bedrock knowledge base is missing")
	}
	client := bedrockagent.NewFromConfig(access, func(o *bedrockagent.Options) { o.RetryMaxAttempts = 1 })
	return &Ingestion{client: client, id: id, dataSource: dataSource}, nil
}

// Status is what Bedrock says about a knowledge base.
type Status struct {
	ID, Name string
	// State is CREATING, ACTIVE, UPDATING, DELETING, FAILED and the like; only ACTIVE answers.
	State string
	// Storage is the kind of vector store, like S3_VECTORS.
	Storage string
	// EmbeddingModel is the ARN of the model that embeds texts, empty if there is none.
	EmbeddingModel string
	Updated        time.Time
	// Failures say why State is FAILED.
	Failures []string
}

// Job is one taking in of documents. The counts are documents.
type Job struct {
	ID string
	// State is STARTING, IN_PROGRESS, COMPLETE, FAILED, STOPPING or STOPPED.
	State                             string
	Started, Updated                  time.Time
	Scanned, Indexed, Deleted, Failed int64
	// Failures say why State is FAILED; a list of jobs does not have them.
	Failures []string
}

// Status asks for the knowledge base.
func (i *Ingestion) Status(ctx context.Context) (Status, error) {
	out, err := i.client.GetKnowledgeBase(ctx, &bedrockagent.GetKnowledgeBaseInput{KnowledgeBaseId: &i.id})
	if err != nil {
		return Status{}, fmt.Errorf("asking for the Bedrock knowledge base %q: %w", i.id, err)
	}
	kb := out.KnowledgeBase
	if kb == nil {
		return Status{}, fmt.Errorf("asking for the Bedrock knowledge base %q: the answer is empty", i.id)
	}
	s := Status{ID: aws.ToString(kb.KnowledgeBaseId), Name: aws.ToString(kb.Name), State: string(kb.Status),
		Updated: aws.ToTime(kb.UpdatedAt), Failures: kb.FailureReasons}
	if kb.StorageConfiguration != nil {
		s.Storage = string(kb.StorageConfiguration.Type)
	}
	if c := kb.KnowledgeBaseConfiguration; c != nil && c.VectorKnowledgeBaseConfiguration != nil {
		s.EmbeddingModel = aws.ToString(c.VectorKnowledgeBaseConfiguration.EmbeddingModelArn)
	}
	return s, nil
}

// Start begins to take in what changed in the data source, and does not wait for it.
func (i *Ingestion) Start(ctx context.Context) (Job, error) {
	out, err := i.client.StartIngestionJob(ctx, &bedrockagent.StartIngestionJobInput{KnowledgeBaseId: &i.id, DataSourceId: &i.dataSource})
	if err != nil {
		return Job{}, fmt.Errorf("starting the ingestion of data source %q into the Bedrock knowledge base %q: %w", i.dataSource, i.id, err)
	}
	j := out.IngestionJob
	if j == nil {
		return Job{}, fmt.Errorf("starting the ingestion of data source %q: the answer is empty", i.dataSource)
	}
	job := Job{ID: aws.ToString(j.IngestionJobId), State: string(j.Status), Started: aws.ToTime(j.StartedAt), Updated: aws.ToTime(j.UpdatedAt), Failures: j.FailureReasons}
	job.count(j.Statistics)
	return job, nil
}

// Jobs returns the newest jobs, newest first, at most so many (1 to 1000).
func (i *Ingestion) Jobs(ctx context.Context, most int) ([]Job, error) {
	out, err := i.client.ListIngestionJobs(ctx, &bedrockagent.ListIngestionJobsInput{
		KnowledgeBaseId: &i.id, DataSourceId: &i.dataSource,
		MaxResults: aws.Int32(int32(min(max(most, 1), 1000))), //nolint:gosec // bounded
		SortBy:     &types.IngestionJobSortBy{Attribute: types.IngestionJobSortByAttributeStartedAt, Order: types.SortOrderDescending},
	})
	if err != nil {
		return nil, fmt.Errorf("listing the ingestion jobs of data source %q: %w", i.dataSource, err)
	}
	jobs := make([]Job, 0, len(out.IngestionJobSummaries))
	for _, j := range out.IngestionJobSummaries {
		job := Job{ID: aws.ToString(j.IngestionJobId), State: string(j.Status), Started: aws.ToTime(j.StartedAt), Updated: aws.ToTime(j.UpdatedAt)}
		job.count(j.Statistics)
		jobs = append(jobs, job)
	}
	return jobs, nil
}

func (j *Job) count(s *types.IngestionJobStatistics) {
	if s == nil {
		return
	}
	j.Scanned, j.Deleted, j.Failed = s.NumberOfDocumentsScanned, s.NumberOfDocumentsDeleted, s.NumberOfDocumentsFailed
	j.Indexed = s.NumberOfNewDocumentsIndexed + s.NumberOfModifiedDocumentsIndexed
}
