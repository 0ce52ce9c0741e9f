package knowledge

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// The attributes that a knowledge base keeps with every chunk of a document.
const (
	metadataID     = "document_id"
	metadataTitle  = "title"
	metadataSource = "source"
)

// Bucket is the S3 bucket that a knowledge base reads its documents from.
type Bucket struct {
	client       *s3.Client
	name, prefix string
}

// NewBucket names a bucket and the prefix of the documents' keys, "knowledge/"; an empty prefix is the whole bucket.
func NewBucket(access aws.Config, name, prefix string) (*Bucket, error) {
	if name == "" {
		return nil, errors.New("the name of the S3 bucket is missing")
	}
	if prefix != "" && !strings.HasSuffix(prefix, "/") {
		prefix += "/"
	}
	client := s3.NewFromConfig(access, func(o *s3.Options) { o.RetryMaxAttempts = 1 })
	return &Bucket{client: client, name: name, prefix: prefix}, nil
}

// Synced says what Sync did, in keys.
type Synced struct {
	// Uploaded are the documents, without the attributes that go along with each.
	Uploaded []string
	// Strange are documents in the bucket that are not among those synced; Deleted those of them that were removed.
	Strange, Deleted []string
}

// Sync uploads all documents, each as Markdown without its head and beside it a .metadata.json with its
// attributes, as Bedrock wants it. Documents in the bucket that are not among them are deleted if remove
// says so, and else only told. It can be repeated; after an error the answer says how far it came.
func (b *Bucket) Sync(ctx context.Context, documents []Document, remove bool) (Synced, error) {
	var done Synced
	ours := map[string]bool{}
	for _, d := range documents {
		key := b.prefix + d.ID + ".md"
		attributes, err := json.Marshal(map[string]map[string]string{"metadataAttributes": {
			metadataID: d.ID, metadataTitle: d.Title, metadataSource: d.Source(),
		}})
		if err != nil {
			return done, fmt.Errorf("attributes of document %q: %w", d.ID, err)
		}
		// The attributes first: a document that is seen has them.
		if err := b.put(ctx, key+metadataSuffix, "application/json", attributes); err != nil {
			return done, err
		}
		if err := b.put(ctx, key, "text/markdown; charset=utf-8", []byte(d.Markdown())); err != nil {
			return done, err
		}
		ours[key] = true
		done.Uploaded = append(done.Uploaded, key)
	}
	keys, err := b.keys(ctx)
	if err != nil {
		return done, err
	}
	for _, key := range keys {
		document := strings.TrimSuffix(key, metadataSuffix)
		if ours[document] || !strings.HasSuffix(document, ".md") {
			continue
		}
		done.Strange = append(done.Strange, key)
		if !remove {
			continue
		}
		if _, err := b.client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &b.name, Key: &key}); err != nil {
			return done, fmt.Errorf("deleting s3://%s/%s: %w", b.name, key, err)
		}
		done.Deleted = append(done.Deleted, key)
	}
	return done, nil
}

const metadataSuffix = ".metadata.json"

func (b *Bucket) put(ctx context.Context, key, contentType string, text []byte) error {
	_, err := b.client.PutObject(ctx, &s3.PutObjectInput{Bucket: &b.name, Key: &key, ContentType: &contentType, Body: bytes.NewReader(text)})
	if err != nil {
		return fmt.Errorf("uploading s3://%s/%s: %w", b.name, key, err)
	}
	return nil
}

// keys lists the bucket below the prefix.
func (b *Bucket) keys(ctx context.Context) ([]string, error) {
	var keys []string
	pages := s3.NewListObjectsV2Paginator(b.client, &s3.ListObjectsV2Input{Bucket: &b.name, Prefix: &b.prefix})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("listing s3://%s/%s: %w", b.name, b.prefix, err)
		}
		for _, object := range page.Contents {
			keys = append(keys, aws.ToString(object.Key))
		}
	}
	slices.Sort(keys)
	return keys, nil
}
