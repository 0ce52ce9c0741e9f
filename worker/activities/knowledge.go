package activities

import (
	"context"

	"go.temporal.io/sdk/temporal"

	"github.com/temporal-sre/copilot/worker/workflows"
)

// KnowledgeBase knows how to keep a knowledge base in step with the documents.
type KnowledgeBase interface {
	// Digest is the same for the same documents.
	Digest() string
	// Sync brings the documents there and has them taken in; it returns how many, and the id of the job.
	Sync(ctx context.Context) (documents int, job string, err error)
}

// SyncKnowledge brings documents that have changed to the knowledge base.
func (a *Activities) SyncKnowledge(ctx context.Context, in workflows.SyncKnowledgeInput) (workflows.SyncKnowledgeOutput, error) {
	if a.KnowledgeBase == nil {
		return workflows.SyncKnowledgeOutput{}, temporal.NewNonRetryableApplicationError(
			"no knowledge base with a bucket and a data source is in the configuration", workflows.ErrNotConfigured, nil)
	}
	// Before they are read: what changes meanwhile is brought the next time.
	digest := a.KnowledgeBase.Digest()
	if digest == in.Digest {
		return workflows.SyncKnowledgeOutput{Digest: digest}, nil
	}
	documents, job, err := a.KnowledgeBase.Sync(ctx)
	return workflows.SyncKnowledgeOutput{Digest: digest, Documents: documents, Job: job}, err
}
