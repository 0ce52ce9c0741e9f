package config

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/temporal-sre/copilot/internal/docs"
)

// headings are those of docs/configure.md below which the keys of each type stand.
var headings = map[reflect.Type]string{
	reflect.TypeFor[Config]():        "Everything",
	reflect.TypeFor[Temporal]():      "temporal",
	reflect.TypeFor[Store]():         "store",
	reflect.TypeFor[DSQL]():          "store.dsql",
	reflect.TypeFor[Metrics]():       "metrics",
	reflect.TypeFor[Cluster]():       "clusters",
	reflect.TypeFor[Prometheus]():    "prometheus",
	reflect.TypeFor[Telemetry]():     "telemetry",
	reflect.TypeFor[Dialect]():       "telemetry.dialect",
	reflect.TypeFor[Thresholds]():    "thresholds",
	reflect.TypeFor[GateSetting]():   "thresholds.gates",
	reflect.TypeFor[Logs]():          "logs",
	reflect.TypeFor[LogPattern]():    "log_patterns",
	reflect.TypeFor[Explain]():       "explain",
	reflect.TypeFor[OpenAI]():        "explain.openai",
	reflect.TypeFor[BedrockModels](): "explain.bedrock",
	reflect.TypeFor[Price]():         "explain.prices",
	reflect.TypeFor[Budget]():        "explain.budget",
	reflect.TypeFor[Knowledge]():     "knowledge",
	reflect.TypeFor[KnowledgeBase](): "knowledge.bedrock",
	reflect.TypeFor[ClientTLS]():     "tls",
	reflect.TypeFor[Access]():        "Signing in to Prometheus and Loki",
	reflect.TypeFor[AWS]():           "aws",
	reflect.TypeFor[SigV4]():         "prometheus.sigv4",
}

func TestEveryKeyIsDocumentedWithItsDefault(t *testing.T) {
	pages, err := docs.Read("../..", "docs/configure.md")
	require.NoError(t, err)
	usual := defaults(t)
	for _, typ := range typesWithin(reflect.TypeFor[Config]()) {
		heading, ok := headings[typ]
		require.Truef(t, ok, "the keys of %s need a heading in docs/configure.md", typ)
		documented := map[string]string{}
		for _, table := range pages[0].Below(heading) {
			require.Equal(t, []string{"key", "default", "what it is"}, table.Header, heading)
			for _, row := range table.Rows {
				for key := range strings.SplitSeq(row[0], ", ") {
					documented[key] = row[1]
				}
			}
		}
		for _, key := range ownKeys(typ) {
			said, ok := documented[key]
			assert.Truef(t, ok, "the key %s of %q is not documented", key, heading)
			if value, ok := usual[typ.Name()+"."+key]; ok {
				assert.Equalf(t, value, said, "the default of %s of %q", key, heading)
			}
			delete(documented, key)
		}
		assert.Emptyf(t, documented, "%q documents keys that there are not", heading)
	}
}

// defaults are those that a configuration gets that says nothing, by type and key.
func defaults(t *testing.T) map[string]string {
	t.Helper()
	c, err := Parse([]byte(`
store: {url: "postgres://localhost/copilot"}
explain: {provider: bedrock}
clusters: [{name: prod, prometheus: {url: "http://localhost:9090"}, logs: {url: "http://localhost:3100", selector: '{job="a"}'}}]`))
	require.NoError(t, err)
	rules := c.Clusters[0].Rules()
	usual := map[string]string{
		"Thresholds.critical_cycles": fmt.Sprint(rules.CriticalCycles), "Thresholds.min_coverage": fmt.Sprint(rules.MinCoverage),
		"Thresholds.recovery_cycles": fmt.Sprint(rules.RecoveryCycles),
		"Budget.dollars_per_day":     fmt.Sprint(c.Explain.Limits().DollarsPerDay), "Explain.provider": ProviderRules,
	}
	for _, section := range []any{c, c.Temporal, c.Metrics, c.Explain, *c.Explain.Bedrock, *c.Clusters[0].Logs} {
		v := reflect.ValueOf(section)
		for _, field := range reflect.VisibleFields(v.Type()) {
			key, value := v.Type().Name()+"."+field.Tag.Get("yaml"), v.FieldByIndex(field.Index)
			if _, known := usual[key]; known || value.IsZero() || slices.Contains([]string{"url", "selector"}, field.Tag.Get("yaml")) {
				continue
			}
			switch x := value.Interface().(type) {
			case Duration:
				usual[key] = brief(time.Duration(x))
			case Text, int, bool:
				usual[key] = fmt.Sprint(x)
			}
		}
	}
	return usual
}

// brief writes a duration as people do: 5m, and not 5m0s.
func brief(d time.Duration) string {
	s := strings.TrimSuffix(d.String(), "m0s")
	if s != d.String() {
		s += "m"
	}
	if hours, ok := strings.CutSuffix(s, "h0m"); ok {
		s = hours + "h"
	}
	return s
}

// ownKeys are the keys of a type that are not those of a type within it.
func ownKeys(typ reflect.Type) []string {
	var keys []string
	for i := range typ.NumField() {
		if field := typ.Field(i); !field.Anonymous {
			keys = append(keys, field.Tag.Get("yaml"))
		}
	}
	return keys
}

// typesWithin are the structs that a configuration is made of.
func typesWithin(typ reflect.Type) []reflect.Type {
	switch typ.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map:
		return typesWithin(typ.Elem())
	case reflect.Struct:
		all := []reflect.Type{typ}
		for i := range typ.NumField() {
			for _, inner := range typesWithin(typ.Field(i).Type) {
				if !slices.Contains(all, inner) {
					all = append(all, inner)
				}
			}
		}
		return all
	}
	return nil
}
