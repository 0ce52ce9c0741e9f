package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/temporal-sre/copilot/pkg/health"
	"github.com/temporal-sre/copilot/pkg/knowledge"
	"github.com/temporal-sre/copilot/worker/config"
)

func kbCommand() *cobra.Command {
	kb := &cobra.Command{Use: "kb", Short: "Search the documents that explanations rest on, and keep a Bedrock knowledge base of them"}
	kb.AddCommand(kbSearchCommand(), kbSyncCommand(), kbStartCommand(), kbStatusCommand(), kbJobsCommand())
	return kb
}

func kbSearchCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "search TEXT",
		Short: "Search the runbooks for a description, a gate or a log pattern",
		Args:  cobra.MaximumNArgs(1),
	}
	path := configFlag(cmd, false)
	documents := cmd.Flags().String("documents", "", "a `folder` of documents beside those that come with the copilot, instead of the configured one")
	gate := cmd.Flags().String("gate", "", "show the documents about this gate's `id`")
	pattern := cmd.Flags().String("pattern", "", "show the documents about this log pattern's `id`")
	asJSON := cmd.Flags().Bool("json", false, "print JSON")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		k, err := knowledgeConfig(*path)
		if err != nil {
			return err
		}
		if *documents != "" {
			k.Documents = config.Text(*documents)
		}
		switch {
		case len(args) == 1 && *gate == "" && *pattern == "":
			return search(cmd, k, args[0], *asJSON)
		case len(args) == 0 && (*gate == "") != (*pattern == ""):
			return lookUp(cmd, k, health.GateID(*gate), *pattern, *asJSON)
		}
		return errors.New("what to search for? give one of: a TEXT in quotes, --gate ID, --pattern ID")
	}
	return cmd
}

func knowledgeConfig(path string) (config.Knowledge, error) {
	if path == "" {
		return config.Knowledge{}, nil
	}
	c, err := config.Load(path)
	return c.Knowledge, err
}

func search(cmd *cobra.Command, k config.Knowledge, text string, asJSON bool) error {
	ctx, cancel := context.WithTimeout(cmd.Context(), readTimeout)
	defer cancel()
	retriever, err := k.Retriever(ctx)
	if err != nil {
		return err
	}
	passages, err := retriever.Retrieve(ctx, text)
	if err != nil {
		return err
	}
	if asJSON {
		return json.NewEncoder(cmd.OutOrStdout()).Encode(passages)
	}
	if len(passages) == 0 {
		fmt.Fprintln(cmd.OutOrStdout(), "Nothing scores above the threshold. Say it in more, or other, words.")
	}
	for _, p := range passages {
		fmt.Fprintf(cmd.OutOrStdout(), "%.2f %s  %s: %s", p.Score, p.Method, p.DocumentID, p.Title)
		if p.Section != "" {
			fmt.Fprintf(cmd.OutOrStdout(), " / %s", p.Section)
		}
		fmt.Fprintf(cmd.OutOrStdout(), "\n\n%s\n\n", p.Text)
	}
	return nil
}

// lookUp shows documents by what they are about. They are the same whatever finds passages.
func lookUp(cmd *cobra.Command, k config.Knowledge, gate health.GateID, pattern string, asJSON bool) error {
	library, err := knowledge.Load(k.Sources()...)
	if err != nil {
		return err
	}
	var documents []knowledge.Document
	if gate != "" {
		if _, ok := health.LookupGate(gate); !ok {
			return fmt.Errorf("there is no gate %q; `copilot gates` lists them", gate)
		}
		documents = library.ForGate(gate)
	} else if documents = library.ForPattern(pattern); len(documents) == 0 {
		return fmt.Errorf("no document is about a log pattern %q", pattern)
	}
	if asJSON {
		return json.NewEncoder(cmd.OutOrStdout()).Encode(documents)
	}
	for i, d := range documents {
		if i > 0 {
			fmt.Fprintln(cmd.OutOrStdout())
		}
		fmt.Fprint(cmd.OutOrStdout(), d.Markdown())
		if source := d.Source(); source != "" {
			fmt.Fprintf(cmd.OutOrStdout(), "\nSources: %s\n", source)
		}
	}
	return nil
}

// baseFlag is a flag that stands in for a key of knowledge.bedrock.
type baseFlag struct {
	name, usage string
	field       func(*config.KnowledgeBase) *config.Text
}

var (
	baseID         = baseFlag{"kb-id", "the `id` of the knowledge base, instead of the configured one", func(b *config.KnowledgeBase) *config.Text { return &b.ID }}
	baseDataSource = baseFlag{"ds-id", "the `id` of its data source, instead of the configured one", func(b *config.KnowledgeBase) *config.Text { return &b.DataSource }}
	baseBucket     = baseFlag{"bucket", "the `name` of the S3 bucket, instead of the configured one", func(b *config.KnowledgeBase) *config.Text { return &b.Bucket }}
	basePrefix     = baseFlag{"prefix", "the `prefix` of keys in the bucket, instead of the configured one", func(b *config.KnowledgeBase) *config.Text { return &b.Prefix }}
	baseRegion     = baseFlag{"region", "the AWS `region`, instead of the configured one", func(b *config.KnowledgeBase) *config.Text { return &b.Region }}
)

// addBaseFlags lets a command name a knowledge base by a configuration, by flags, or by both, where flags win.
func addBaseFlags(cmd *cobra.Command, flags ...baseFlag) (load func() (config.KnowledgeBase, error)) {
	path := configFlag(cmd, false)
	values := make([]*string, len(flags))
	for i, f := range flags {
		values[i] = cmd.Flags().String(f.name, "", f.usage)
	}
	return func() (config.KnowledgeBase, error) {
		k, err := knowledgeConfig(*path)
		if err != nil {
			return config.KnowledgeBase{}, err
		}
		var base config.KnowledgeBase
		if k.Bedrock != nil {
			base = *k.Bedrock
		}
		for i, f := range flags {
			if *values[i] != "" {
				*f.field(&base) = config.Text(*values[i])
			}
		}
		return base, nil
	}
}

func kbSyncCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "sync",
		Short: "Upload the documents to the bucket of a Bedrock knowledge base; `copilot kb start-ingestion` then takes them in",
		Args:  cobra.NoArgs,
	}
	load := addBaseFlags(cmd, baseBucket, basePrefix, baseRegion)
	source := cmd.Flags().String("source", "", "upload the documents of this `folder` instead of those that come with the copilot")
	remove := cmd.Flags().Bool("delete", false, "delete documents from the bucket, below the prefix, that are not among those uploaded")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		base, err := load()
		if err != nil {
			return err
		}
		if base.Bucket == "" {
			return errors.New("--bucket is missing: give it, or a configuration with knowledge.bedrock.bucket")
		}
		documents := knowledge.Embedded()
		if *source != "" {
			documents = os.DirFS(*source)
		}
		library, err := knowledge.Load(documents)
		if err != nil {
			return err
		}
		ctx, cancel := context.WithTimeout(cmd.Context(), 10*time.Minute)
		defer cancel()
		access, err := base.Access(ctx)
		if err != nil {
			return err
		}
		bucket, err := knowledge.NewBucket(access, string(base.Bucket), string(base.Prefix))
		if err != nil {
			return err
		}
		done, err := bucket.Sync(ctx, library.Documents, *remove)
		printSynced(cmd.OutOrStdout(), library, done)
		return err
	}
	return cmd
}

func printSynced(out io.Writer, library knowledge.Library, done knowledge.Synced) {
	for _, d := range library.Dropped {
		fmt.Fprintf(out, "left out: document %s, section %q holds a query or raw measurements\n", d.DocumentID, d.Heading)
	}
	fmt.Fprintf(out, "Uploaded: %d documents.\n", len(done.Uploaded))
	for _, key := range done.Deleted {
		fmt.Fprintln(out, "deleted:", key)
	}
	if strange := len(done.Strange) - len(done.Deleted); strange > 0 {
		fmt.Fprintf(out, "The bucket holds %d objects of other documents; --delete removes them: %s\n", strange, strings.Join(done.Strange[len(done.Deleted):], ", "))
	}
}

// ingestionCommand is a command on the knowledge base's ingestion. The flags say what it has to know.
func ingestionCommand(use, short string, flags []baseFlag, run func(ctx context.Context, out io.Writer, i *knowledge.Ingestion) error) *cobra.Command {
	cmd := &cobra.Command{Use: use, Short: short, Args: cobra.NoArgs}
	load := addBaseFlags(cmd, flags...)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		base, err := load()
		if err != nil {
			return err
		}
		for _, f := range flags {
			if f.name != baseRegion.name && *f.field(&base) == "" {
				return fmt.Errorf("--%s is missing: give it, or a configuration with knowledge.bedrock", f.name)
			}
		}
		ctx, cancel := context.WithTimeout(cmd.Context(), readTimeout)
		defer cancel()
		access, err := base.Access(ctx)
		if err != nil {
			return err
		}
		ingestion, err := knowledge.NewIngestion(access, string(base.ID), string(base.DataSource))
		if err != nil {
			return err
		}
		return run(ctx, cmd.OutOrStdout(), ingestion)
	}
	return cmd
}

func kbStartCommand() *cobra.Command {
	return ingestionCommand("start-ingestion", "Have the knowledge base take in what changed in its bucket", []baseFlag{baseID, baseDataSource, baseRegion},
		func(ctx context.Context, out io.Writer, i *knowledge.Ingestion) error {
			job, err := i.Start(ctx)
			if err != nil {
				return err
			}
			fmt.Fprintf(out, "Job %s is %s. `copilot kb list-jobs` shows how it goes.\n", job.ID, job.State)
			return nil
		})
}

func kbStatusCommand() *cobra.Command {
	return ingestionCommand("status", "Say whether the knowledge base can answer", []baseFlag{baseID, baseRegion},
		func(ctx context.Context, out io.Writer, i *knowledge.Ingestion) error {
			s, err := i.Status(ctx)
			if err != nil {
				return err
			}
			fmt.Fprintf(out, "knowledge base  %s (%s)\nstate           %s\nstorage         %s\nembedding       %s\nupdated         %s\n",
				s.ID, s.Name, s.State, s.Storage, s.EmbeddingModel, timeOrDash(s.Updated))
			for _, failure := range s.Failures {
				fmt.Fprintln(out, "failure        ", failure)
			}
			if s.State != "ACTIVE" {
				return fmt.Errorf("the knowledge base is %s: it answers when it is ACTIVE", s.State)
			}
			return nil
		})
}

func kbJobsCommand() *cobra.Command {
	var most int
	cmd := ingestionCommand("list-jobs", "List the newest ingestion jobs, newest first", []baseFlag{baseID, baseDataSource, baseRegion},
		func(ctx context.Context, out io.Writer, i *knowledge.Ingestion) error {
			jobs, err := i.Jobs(ctx, most)
			if err != nil {
				return err
			}
			w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
			fmt.Fprintln(w, "JOB\tSTATE\tSTARTED\tUPDATED\tSCANNED\tINDEXED\tDELETED\tFAILED")
			for _, j := range jobs {
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%d\t%d\t%d\t%d\n", j.ID, j.State, timeOrDash(j.Started), timeOrDash(j.Updated), j.Scanned, j.Indexed, j.Deleted, j.Failed)
			}
			return w.Flush()
		})
	cmd.Flags().IntVar(&most, "limit", 10, "the most jobs to list")
	return cmd
}
