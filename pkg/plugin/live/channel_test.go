package live

import (
	"slices"
	"strings"
	"testing"

	"github.com/grafana/grafana-plugin-sdk-go/live"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestAnyClusterNameSurvivesItsChannel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		names := rapid.SliceOfN(rapid.StringN(1, 8, 16), 0, 2).Draw(t, "clusters")
		path := Path{rapid.SampledFrom([]Topic{TopicEvents, TopicStatus}).Draw(t, "topic"), names}
		channel, err := path.Channel("copilot")
		if err != nil {
			t.Fatal(err)
		}
		address, err := live.ParseChannel(channel)
		if err != nil {
			t.Fatalf("Grafana refuses %q: %v", channel, err)
		}
		parsed, err := ParsePath(address.Path)
		if err != nil {
			t.Fatal(err)
		}
		if parsed.Topic != path.Topic || !slices.Equal(parsed.Clusters, path.Clusters) {
			t.Fatalf("%q came back as %q", path, parsed)
		}
	})
}

func TestChannelsReadLikeWhatTheyAre(t *testing.T) {
	for want, path := range map[string]Path{
		"ds/uid/events":                 {Topic: TopicEvents},
		"ds/uid/events/prod-eu_1":       {TopicEvents, []string{"prod-eu_1"}},
		"ds/uid/status/a/b=20c":         {TopicStatus, []string{"a", "b c"}},
		"ds/uid/events/=2E=2E":          {TopicEvents, []string{".."}},
		"ds/uid/events/=C3=A9t=C3=A9":   {TopicEvents, []string{"été"}},
		"ds/uid/events/a=2Fb":           {TopicEvents, []string{"a/b"}},
		"ds/uid/events/=5B=5C=5D=5E=60": {TopicEvents, []string{"[\\]^`"}},
	} {
		channel, err := path.Channel("uid")
		require.NoError(t, err)
		assert.Equal(t, want, channel)
	}
}

func TestAChannelThatGrafanaWouldRefuseIsRefusedFirst(t *testing.T) {
	_, err := Path{TopicEvents, []string{strings.Repeat("x", 150)}}.Channel("copilot")
	assert.ErrorContains(t, err, "Grafana allows 160")
}

func TestOnlyPathsThatThePluginWritesAreStreams(t *testing.T) {
	for _, path := range []string{"", "/", "metrics", "events/", "events//a", "events/=2", "events/=zz", "events/=2e", "events/=61", "events/a b", "EVENTS", "events/a/", "events/="} {
		_, err := ParsePath(path)
		assert.Error(t, err, path)
	}
}
