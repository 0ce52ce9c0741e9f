package service

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"log/slog"
	"path"
	"time"

	"github.com/temporal-sre/copilot/pkg/knowledge"
	"github.com/temporal-sre/copilot/worker/config"
)

const (
	// refreshEvery is how soon a changed document counts.
	refreshEvery = time.Minute
	// retrieveLimit leaves time to look into the index when the knowledge base does not answer.
	retrieveLimit = 5 * time.Second
)

// library finds documents for explanations: in the knowledge base if one is configured, and by words when
// there is none or it does not answer.
type library struct {
	config config.Knowledge
	index  *knowledge.Index
	base   knowledge.Retriever
	logger *slog.Logger
	// seen is the digest of the files as they were last looked at.
	seen string
}

func newLibrary(ctx context.Context, k config.Knowledge, logger *slog.Logger) (*library, error) {
	index, err := k.Index()
	if err != nil {
		return nil, err
	}
	l := &library{config: k, index: index, logger: logger}
	if l.seen, err = digest(k.Sources()); err != nil {
		return nil, err
	}
	if k.Bedrock != nil {
		if l.base, err = k.Retriever(ctx); err != nil {
			return nil, err
		}
	}
	return l, nil
}

// Retrieve implements knowledge.Retriever.
func (l *library) Retrieve(ctx context.Context, query string) ([]knowledge.Passage, error) {
	if l.base != nil {
		asking, cancel := context.WithTimeout(ctx, retrieveLimit)
		defer cancel()
		passages, err := l.base.Retrieve(asking, query)
		if err == nil {
			return passages, nil
		}
		l.logger.Warn("the knowledge base does not answer; documents are found by their words", "error", err)
	}
	return l.index.Retrieve(ctx, query)
}

// keepUp takes documents in when their files change, until the context ends. A folder with a mistake leaves
// what was read before.
func (l *library) keepUp(ctx context.Context, every time.Duration) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			l.refresh()
		}
	}
}

func (l *library) refresh() {
	sources := l.config.Sources()
	now, err := digest(sources)
	if err == nil && now == l.seen {
		return
	}
	if err == nil {
		l.seen = now
		err = l.index.Rebuild(sources...)
	}
	if err != nil {
		l.logger.Warn("the documents can't be read; explanations go on with those of before", "error", err)
		return
	}
	l.logger.Info("the documents have changed", "documents", len(l.index.Library().Documents))
}

// digest is the same for the same files.
func digest(sources []fs.FS) (string, error) {
	sum := sha256.New()
	for _, source := range sources {
		err := fs.WalkDir(source, ".", func(name string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || path.Ext(name) != ".md" {
				return err
			}
			text, err := fs.ReadFile(source, name)
			if err != nil {
				return err
			}
			whole := sha256.Sum256(text)
			sum.Write([]byte(name))
			sum.Write(whole[:])
			return nil
		})
		if err != nil {
			return "", err
		}
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// Digest implements activities.KnowledgeBase.
func (l *library) Digest() string {
	sum := sha256.New()
	for _, d := range l.index.Library().Documents {
		sum.Write([]byte(d.ID + "\n" + d.Source() + "\n" + d.Markdown()))
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// Sync implements activities.KnowledgeBase. It deletes nothing: `copilot kb sync --delete` does.
func (l *library) Sync(ctx context.Context) (documents int, job string, err error) {
	base := l.config.Bedrock
	if !base.Synced() {
		return 0, "", errors.New("knowledge.bedrock has no bucket or no data_source")
	}
	access, err := base.Access(ctx)
	if err != nil {
		return 0, "", err
	}
	bucket, err := knowledge.NewBucket(access, string(base.Bucket), string(base.Prefix))
	if err != nil {
		return 0, "", err
	}
	done, err := bucket.Sync(ctx, l.index.Library().Documents, false)
	if err != nil {
		return 0, "", err
	}
	ingestion, err := knowledge.NewIngestion(access, string(base.ID), string(base.DataSource))
	if err != nil {
		return 0, "", err
	}
	started, err := ingestion.Start(ctx)
	if err != nil {
		return 0, "", err
	}
	return len(done.Uploaded), started.ID, nil
}
