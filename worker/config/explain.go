package config

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"time"

	"github.com/temporal-sre/copilot/pkg/explain/llm"
	"github.com/temporal-sre/copilot/pkg/explain/llm/bedrock"
	"github.com/temporal-sre/copilot/pkg/explain/llm/openai"
)

// Explain says who explains, how often, and what it may cost. Left out, the rules explain.
type Explain struct {
	// Provider is rules, openai or bedrock. Default rules.
	Provider Text `yaml:"provider"`
	// Every is how often a cluster is assessed though nothing changed. Default 5m.
	Every Duration `yaml:"every"`
	// Limit bounds one explanation with its repair. Default 30s.
	Limit Duration `yaml:"limit"`
	// MaxTokens bounds one answer. Default 2000.
	MaxTokens int            `yaml:"max_tokens"`
	OpenAI    *OpenAI        `yaml:"openai"`
	Bedrock   *BedrockModels `yaml:"bedrock"`
	// Prices by model, in dollars per million tokens. The default models on Bedrock have theirs.
	Prices map[string]Price `yaml:"prices"`
	Budget Budget           `yaml:"budget"`
}

// OpenAI is an endpoint that speaks OpenAI's chat completions: OpenAI, Ollama, vLLM, a gateway.
type OpenAI struct {
	// BaseURL is the address up to and with the version: http://localhost:11434/v1.
	BaseURL Text   `yaml:"base_url"`
	APIKey  Secret `yaml:"api_key"`
	// LargeModel explains what is tangled, SmallModel the rest. SmallModel is LargeModel if left out.
	SmallModel Text `yaml:"small_model"`
	LargeModel Text `yaml:"large_model"`
	// Mode is how the models are made to answer with JSON: auto, native, forced_tool or prompt.
	Mode Text `yaml:"mode"`
}

// BedrockModels are models on Amazon Bedrock, by the id of a model or an inference profile.
type BedrockModels struct {
	// Region is the default chain's if left out.
	Region     Text `yaml:"region"`
	SmallModel Text `yaml:"small_model"`
	LargeModel Text `yaml:"large_model"`
	Mode       Text `yaml:"mode"`
	AWS        AWS  `yaml:"aws"`
}

// Price is what a model costs, in dollars per million tokens.
type Price struct {
	Input      float64 `yaml:"input"`
	Output     float64 `yaml:"output"`
	CacheRead  float64 `yaml:"cache_read"`
	CacheWrite float64 `yaml:"cache_write"`
}

// Budget bounds what all clusters spend in a day, by UTC. 0 is no bound.
type Budget struct {
	TokensPerDay int64 `yaml:"tokens_per_day"`
	// DollarsPerDay is 5 if left out.
	DollarsPerDay *float64 `yaml:"dollars_per_day"`
}

// The providers.
const (
	ProviderRules   = "rules"
	ProviderOpenAI  = "openai"
	ProviderBedrock = "bedrock"
)

const (
	defaultEvery   = 5 * time.Minute
	minEvery       = time.Minute
	minLimit       = time.Second
	maxLimit       = 2 * time.Minute
	defaultDollars = 5.0

	defaultSmallModel = "eu.anthropic.claude-sonnet-4-5-20250929-v1:0"
	defaultLargeModel = "eu.anthropic.claude-opus-4-6-v1"
)

func (x *Explain) setDefaults() {
	setDefault(&x.Provider, ProviderRules)
	setDefault(&x.Every, Duration(defaultEvery))
	setDefault(&x.Limit, Duration(llm.DefaultLimit))
	setDefault(&x.MaxTokens, llm.DefaultMaxTokens)
	if x.Provider == ProviderBedrock && x.Bedrock == nil {
		x.Bedrock = &BedrockModels{}
	}
	if b := x.Bedrock; b != nil {
		setDefault(&b.SmallModel, defaultSmallModel)
		setDefault(&b.LargeModel, defaultLargeModel)
	}
	if o := x.OpenAI; o != nil {
		setDefault(&o.SmallModel, o.LargeModel)
	}
}

// Pays tells whether explanations cost something.
func (x Explain) Pays() bool { return x.Provider != ProviderRules }

// Limits are the budget as explanations take it.
func (x Explain) Limits() llm.Budget {
	if !x.Pays() {
		return llm.Budget{}
	}
	b := llm.Budget{TokensPerDay: x.Budget.TokensPerDay, DollarsPerDay: defaultDollars}
	if x.Budget.DollarsPerDay != nil {
		b.DollarsPerDay = *x.Budget.DollarsPerDay
	}
	return b
}

func (x Explain) prices() map[string]llm.Price {
	prices := llm.DefaultPrices()
	for model, p := range x.Prices {
		prices[model] = llm.Price(p)
	}
	return prices
}

// models are the small and the large model.
func (x Explain) models() (small, large string) {
	switch {
	case x.Provider == ProviderOpenAI && x.OpenAI != nil:
		return string(x.OpenAI.SmallModel), string(x.OpenAI.LargeModel)
	case x.Provider == ProviderBedrock && x.Bedrock != nil:
		return string(x.Bedrock.SmallModel), string(x.Bedrock.LargeModel)
	}
	return "", ""
}

// Explainer makes the provider. It does not connect to a model; AWS credentials are looked for.
func (x Explain) Explainer(ctx context.Context) (llm.Provider, error) {
	m := llm.Models{Prices: x.prices(), Budget: x.Limits(), Limit: time.Duration(x.Limit), MaxTokens: x.MaxTokens}
	var err error
	switch x.Provider {
	case ProviderOpenAI:
		model := func(id Text) (llm.Model, error) {
			return openai.New(openai.Options{BaseURL: string(x.OpenAI.BaseURL), APIKey: string(x.OpenAI.APIKey), Model: string(id), Mode: llm.Mode(x.OpenAI.Mode)})
		}
		if m.Small, m.Large, err = both(model, x.OpenAI.SmallModel, x.OpenAI.LargeModel); err != nil {
			return nil, fmt.Errorf("explain.openai: %w", err)
		}
	case ProviderBedrock:
		access, err := x.Bedrock.AWS.access(ctx, string(x.Bedrock.Region))
		if err != nil {
			return nil, fmt.Errorf("explain.bedrock: %w", err)
		}
		if access.Region == "" {
			return nil, fmt.Errorf("explain.bedrock.region: it is missing, like eu-west-1, and AWS_REGION is not set either")
		}
		model := func(id Text) (llm.Model, error) {
			return bedrock.New(access, bedrock.Options{Model: string(id), Mode: llm.Mode(x.Bedrock.Mode)})
		}
		if m.Small, m.Large, err = both(model, x.Bedrock.SmallModel, x.Bedrock.LargeModel); err != nil {
			return nil, fmt.Errorf("explain.bedrock: %w", err)
		}
	default:
		return llm.RulesOnly{}, nil
	}
	return m, nil
}

// both makes the two models; they are one where they are the same, so that what one learns the other knows.
func both(model func(Text) (llm.Model, error), small, large Text) (llm.Model, llm.Model, error) {
	l, err := model(large)
	if err != nil || small == large {
		return l, l, err
	}
	s, err := model(small)
	return s, l, err
}

func (m *mistakes) explain(x Explain) {
	if v := time.Duration(x.Every); v < minEvery {
		m.add("explain.every", "%s is too short: take at least %s", v, minEvery)
	}
	if v := time.Duration(x.Limit); v < minLimit || v > maxLimit {
		m.add("explain.limit", "%s is out of range: it is between %s and %s", v, minLimit, maxLimit)
	}
	if x.MaxTokens < 500 || x.MaxTokens > 100_000 {
		m.add("explain.max_tokens", "%d is out of range: it is between 500 and 100000, and a full answer takes about 1000", x.MaxTokens)
	}
	switch x.Provider {
	case ProviderRules:
	case ProviderOpenAI:
		m.openAI(x.OpenAI)
	case ProviderBedrock:
		m.mode("explain.bedrock.mode", x.Bedrock.Mode)
		m.aws("explain.bedrock.aws", x.Bedrock.AWS)
	default:
		m.add("explain.provider", "%q is no provider: it is rules, openai or bedrock", x.Provider)
	}
	for _, model := range slices.Sorted(maps.Keys(x.Prices)) {
		p := x.Prices[model]
		for _, dollars := range []float64{p.Input, p.Output, p.CacheRead, p.CacheWrite} {
			if !(dollars >= 0 && dollars < 1e6) {
				m.add("explain.prices."+model, "%g is no price: it is dollars per million tokens", dollars)
			}
		}
	}
	if x.Budget.TokensPerDay < 0 {
		m.add("explain.budget.tokens_per_day", "%d is negative: leave it out, or take 0, for no bound", x.Budget.TokensPerDay)
	}
	if d := x.Budget.DollarsPerDay; d != nil && !(*d >= 0 && *d < 1e6) {
		m.add("explain.budget.dollars_per_day", "%g is no amount: take 0 for no bound", *d)
	}
	m.unpriced(x)
}

func (m *mistakes) openAI(o *OpenAI) {
	if o == nil {
		m.add("explain.openai", "it is missing: set base_url and large_model")
		return
	}
	u, err := url.Parse(string(o.BaseURL))
	switch {
	case o.BaseURL == "":
		m.add("explain.openai.base_url", "it is missing: the address up to and with the version, like http://localhost:11434/v1")
	case err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https"):
		m.add("explain.openai.base_url", "it is no http or https address: write it like http://localhost:11434/v1")
	case u.User != nil:
		m.add("explain.openai.base_url", "it holds a user or password: use api_key instead")
	}
	if o.LargeModel == "" {
		m.add("explain.openai.large_model", "it is missing: the id of the model at that address; small_model is the same if left out")
	}
	m.mode("explain.openai.mode", o.Mode)
}

func (m *mistakes) mode(key string, mode Text) {
	if mode != "" && !slices.Contains(llm.Modes(), llm.Mode(mode)) {
		m.add(key, "%q is no mode: it is one of %v, or left out", mode, llm.Modes())
	}
}

// unpriced refuses a budget of money that a model would escape: without a price a model costs nothing,
// which is true of one at home only.
func (m *mistakes) unpriced(x Explain) {
	paid := x.Provider == ProviderBedrock || (x.Provider == ProviderOpenAI && x.OpenAI != nil && publicly(x.OpenAI.BaseURL)) || x.Budget.DollarsPerDay != nil
	if !x.Pays() || !paid || x.Limits().DollarsPerDay == 0 || x.Limits().TokensPerDay > 0 {
		return
	}
	small, large := x.models()
	prices := x.prices()
	for _, model := range slices.Compact([]string{small, large}) {
		if _, ok := prices[model]; !ok && model != "" {
			m.add("explain.prices", "the model %q has no price, so the budget of money would not count it: add its price here, or set explain.budget.tokens_per_day", model)
		}
	}
}

// publicly tells whether an endpoint is OpenAI's own, which is never free.
func publicly(base Text) bool {
	u, err := url.Parse(string(base))
	return err == nil && u.Hostname() == "api.openai.com"
}
