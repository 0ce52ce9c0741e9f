package knowledge

import (
	"context"
	"fmt"
	"path"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/bedrockagentruntime"
	"github.com/aws/aws-sdk-go-v2/service/bedrockagentruntime/document"
	"github.com/aws/aws-sdk-go-v2/service/bedrockagentruntime/types"
)

// DefaultBedrockThreshold is the least score of a knowledge base. What its scores mean depends on its
// embedding model and vector store: this is a beginning, `copilot kb search` shows what yours are.
const DefaultBedrockThreshold = 0.4

const (
	// bedrockQuery bounds a query, in characters: the lower of the limits that the API had over time.
	bedrockQuery = 1000
	// bedrockResults is asked for so that some are left when raw ones are dropped.
	bedrockResults = 2 * MaxPassages
)

// Bedrock finds passages in an Amazon Bedrock knowledge base (BedrockVector).
type Bedrock struct {
	client    *bedrockagentruntime.Client
	id        string
	threshold float64
}

// NewBedrock reads from the knowledge base with the given id. Passages score above the threshold; 0 means
// DefaultBedrockThreshold. A request is tried once: the caller knows whether and when to repeat it.
func NewBedrock(access aws.Config, id string, threshold float64) (*Bedrock, error) {
	if id == "" {
		return nil, fmt.Errorf("the id of the Bedrock knowledge base is missing")
	}
	if threshold == 0 {
		threshold = DefaultBedrockThreshold
	}
	client := bedrockagentruntime.NewFromConfig(access, func(o *bedrockagentruntime.Options) { o.RetryMaxAttempts = 1 })
	return &Bedrock{client: client, id: id, threshold: threshold}, nil
}

// Retrieve implements Retriever. A result without a score is left out, since nobody can say that it fits, and
// so is one without an address, since nobody can look it up.
func (b *Bedrock) Retrieve(ctx context.Context, query string) ([]Passage, error) {
	query = strings.TrimSpace(strings.ToValidUTF8(query, " "))
	if runes := []rune(query); len(runes) > bedrockQuery {
		query = string(runes[:bedrockQuery])
	}
	if query == "" {
		return nil, ctx.Err()
	}
	out, err := b.client.Retrieve(ctx, &bedrockagentruntime.RetrieveInput{
		KnowledgeBaseId: &b.id,
		RetrievalQuery:  &types.KnowledgeBaseQuery{Text: &query},
		RetrievalConfiguration: &types.KnowledgeBaseRetrievalConfiguration{
			VectorSearchConfiguration: &types.KnowledgeBaseVectorSearchConfiguration{NumberOfResults: aws.Int32(bedrockResults)},
		},
	})
	if err != nil {
		return nil, fmt.Errorf("retrieving from the Bedrock knowledge base %q: %w", b.id, err)
	}
	found := []Passage{}
	for _, r := range out.RetrievalResults {
		if r.Content == nil || strings.TrimSpace(aws.ToString(r.Content.Text)) == "" || r.Score == nil {
			continue
		}
		if p := bedrockPassage(r); p.DocumentID != "" && !LooksRaw(p.Title+"\n"+p.Section+"\n"+p.Text) {
			found = append(found, p)
		}
	}
	return best(found, b.threshold), nil
}

// bedrockPassage reads a chunk. Documents of Sync carry their id, title and source with them; of others
// the address is known.
func bedrockPassage(r types.KnowledgeBaseRetrievalResult) Passage {
	address := metadata(r.Metadata, "x-amz-bedrock-kb-source-uri")
	if l := r.Location; l != nil {
		switch {
		case l.S3Location != nil:
			address = aws.ToString(l.S3Location.Uri)
		case l.WebLocation != nil:
			address = aws.ToString(l.WebLocation.Url)
		}
	}
	p := Passage{
		DocumentID: metadata(r.Metadata, metadataID), Title: metadata(r.Metadata, metadataTitle), Source: metadata(r.Metadata, metadataSource),
		Score: *r.Score, Method: BedrockVector,
	}
	if name := path.Base(address); p.DocumentID == "" && name != "." && name != "/" {
		p.DocumentID = strings.TrimSuffix(name, path.Ext(name))
	}
	if p.Title == "" {
		p.Title = p.DocumentID
	}
	if p.Source == "" {
		p.Source = address
	}
	p.Section, p.Text = firstHeading(strings.TrimSpace(*r.Content.Text))
	p.Text = cut(p.Text)
	return p
}

// metadata reads a text attribute of a chunk; one of another kind is as good as none.
func metadata(all map[string]document.Interface, key string) string {
	var text string
	if value, ok := all[key]; ok && value != nil {
		_ = value.UnmarshalSmithyDocument(&text)
	}
	return text
}

// firstHeading takes the headings off the beginning of a chunk. The last of them is its section's.
func firstHeading(text string) (section, rest string) {
	for {
		line, after, _ := strings.Cut(text, "\n")
		found := heading.FindStringSubmatch(line)
		if found == nil || strings.TrimSpace(after) == "" {
			return section, text
		}
		if found[1] == "##" {
			section = found[2]
		}
		text = strings.TrimSpace(after)
	}
}
