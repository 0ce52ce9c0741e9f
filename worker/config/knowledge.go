package config

import (
	"context"
	"fmt"
	"io/fs"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/temporal-sre/copilot/pkg/knowledge"
)

// Knowledge is where explanations look things up. Left out, it is the documents that come with the copilot.
type Knowledge struct {
	// Documents is a folder with documents of your own, Markdown files at any depth. One with the id of a
	// document that comes with the copilot takes its place.
	Documents Text `yaml:"documents"`
	// Threshold is what passages found by words score above, 0 to 1. Default 0.18.
	Threshold float64 `yaml:"threshold"`
	// Bedrock is a knowledge base that is searched by meaning instead.
	Bedrock *KnowledgeBase `yaml:"bedrock"`
}

// KnowledgeBase is an Amazon Bedrock knowledge base.
type KnowledgeBase struct {
	ID Text `yaml:"id"`
	// DataSource, Bucket and Prefix are where the knowledge base has its documents from; `copilot kb` needs
	// them to bring documents there.
	DataSource Text `yaml:"data_source"`
	Bucket     Text `yaml:"bucket"`
	Prefix     Text `yaml:"prefix"`
	// Region is the default chain's if left out.
	Region Text `yaml:"region"`
	// Threshold is what passages score above, 0 to 1. Default 0.4.
	Threshold float64 `yaml:"threshold"`
	AWS       AWS     `yaml:"aws"`
}

// Synced tells whether the worker keeps the knowledge base in step with the documents.
func (b *KnowledgeBase) Synced() bool { return b != nil && b.Bucket != "" && b.DataSource != "" }

// Sources are the documents that come with the copilot and those of the folder.
func (k Knowledge) Sources() []fs.FS {
	sources := []fs.FS{knowledge.Embedded()}
	if k.Documents != "" {
		sources = append(sources, os.DirFS(string(k.Documents)))
	}
	return sources
}

// Index reads the documents.
func (k Knowledge) Index() (*knowledge.Index, error) {
	index, err := knowledge.NewIndex(k.Threshold, k.Sources()...)
	if err != nil {
		return nil, fmt.Errorf("knowledge: %w", err)
	}
	return index, nil
}

// Retriever is the knowledge base, if one is configured, and else the index.
func (k Knowledge) Retriever(ctx context.Context) (knowledge.Retriever, error) {
	if k.Bedrock == nil {
		return k.Index()
	}
	access, err := k.Bedrock.Access(ctx)
	if err != nil {
		return nil, err
	}
	return knowledge.NewBedrock(access, string(k.Bedrock.ID), k.Bedrock.Threshold)
}

// Access finds the AWS region and credentials.
func (b KnowledgeBase) Access(ctx context.Context) (aws.Config, error) {
	access, err := b.AWS.access(ctx, string(b.Region))
	if err != nil {
		return aws.Config{}, fmt.Errorf("knowledge.bedrock: %w", err)
	}
	return access, nil
}

func (m *mistakes) knowledge(k Knowledge) {
	m.score("knowledge.threshold", k.Threshold)
	if k.Bedrock == nil {
		return
	}
	if k.Bedrock.ID == "" {
		m.add("knowledge.bedrock.id", "it is missing: the id of the knowledge base, ten letters and digits")
	}
	m.score("knowledge.bedrock.threshold", k.Bedrock.Threshold)
	m.aws("knowledge.bedrock.aws", k.Bedrock.AWS)
}

func (m *mistakes) score(key string, threshold float64) {
	if threshold != 0 && !(threshold > 0 && threshold < 1) {
		m.add(key, "%g is out of range: it is above 0 and below 1, or left out", threshold)
	}
}
