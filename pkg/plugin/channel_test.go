package plugin

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
		path := streamPath{rapid.SampledFrom([]topic{topicEvents, topicStatus}).Draw(t, "topic"), names}
		channel, err := path.channel("copilot")
		if err != nil {
			t.Fatal(err)
		}
		address, err := live.ParseChannel(channel)
		if err != nil {
			t.Fatalf("Grafana refuses %q: %v", channel, err)
		}
		parsed, err := parseStreamPath(address.Path)
		if err != nil {
			t.Fatal(err)
		}
		if parsed.topic != path.topic || !slices.Equal(parsed.clusters, path.clusters) {
			t.Fatalf("%q came back as %q", path, parsed)
		}
	})
}

func TestChannelsReadLikeWhatTheyAre(t *testing.T) {
	for want, path := range map[string]streamPath{
		"ds/uid/events":                 {topic: topicEvents},
		"ds/uid/events/prod-eu_1":       {topicEvents, []string{"prod-eu_1"}},
		"ds/uid/status/a/b=20c":         {topicStatus, []string{"a", "b c"}},
		"ds/uid/events/=2E=2E":          {topicEvents, []string{".."}},
		"ds/uid/events/=C3=A9t=C3=A9":   {topicEvents, []string{"été"}},
		"ds/uid/events/a=2Fb":           {topicEvents, []string{"a/b"}},
		"ds/uid/events/=5B=5C=5D=5E=60": {topicEvents, []string{"[\\]^`"}},
	} {
		channel, err := path.channel("uid")
		require.NoError(t, err)
		assert.Equal(t, want, channel)
	}
}

func TestAChannelThatGrafanaWouldRefuseIsRefusedFirst(t *testing.T) {
	_, err := streamPath{topicEvents, []string{strings.Repeat("x", 150)}}.channel("copilot")
	assert.ErrorContains(t, err, "Grafana allows 160")
}

func TestOnlyPathsThatThePluginWritesAreStreams(t *testing.T) {
	for _, path := range []string{"", "/", "metrics", "events/", "events//a", "events/=2", "events/=zz", "events/=2e", "events/=61", "events/a b", "EVENTS", "events/a/", "events/="} {
		_, err := parseStreamPath(path)
		assert.Error(t, err, path)
	}
}
