package plugin

import (
	"encoding/hex"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/grafana/grafana-plugin-sdk-go/live"
)

// topic is what a stream tells about.
type topic string

// The topics. Each packet of a stream is the complete current snapshot of its topic.
const (
	topicEvents topic = "events"
	topicStatus topic = "status"
)

// streamPath is the part of a channel behind the data source: a topic, and the clusters that the
// stream is limited to. No cluster means all of them.
type streamPath struct {
	topic    topic
	clusters []string
}

// String writes "events", "events/prod" or "events/prod/staging".
func (p streamPath) String() string {
	segments := []string{string(p.topic)}
	for _, c := range p.clusters {
		segments = append(segments, encodeSegment(c))
	}
	return strings.Join(segments, "/")
}

// channel is the full channel for frames of a data source. Grafana refuses channels above 160
// characters; the error then says so.
func (p streamPath) channel(uid string) (string, error) {
	id := path.Join(live.ScopeDatasource, uid, p.String())
	if _, err := live.ParseChannel(id); err != nil {
		return "", fmt.Errorf("the names of the %d clusters in the filter make a channel of %d characters, and Grafana allows 160", len(p.clusters), len(id))
	}
	return id, nil
}

// parseStreamPath is the inverse of String. It accepts only what String writes, so that one stream
// has one name.
func parseStreamPath(s string) (streamPath, error) {
	segments := strings.Split(s, "/")
	p := streamPath{topic: topic(segments[0])}
	if p.topic != topicEvents && p.topic != topicStatus {
		return streamPath{}, fmt.Errorf("no stream %q: there are %s and %s, each with or without cluster names behind it", s, topicEvents, topicStatus)
	}
	for _, segment := range segments[1:] {
		name, err := decodeSegment(segment)
		if err != nil {
			return streamPath{}, fmt.Errorf("stream %q: %w", s, err)
		}
		p.clusters = append(p.clusters, name)
	}
	if p.String() != s {
		return streamPath{}, fmt.Errorf("stream %q: the cluster names in it are not encoded as this plugin encodes them", s)
	}
	return p, nil
}

// encodeSegment writes a cluster name in the characters that Grafana allows in a channel. Letters,
// digits, - and _ stand for themselves, any other byte is = and two hex digits. The point is encoded
// as well, because "." and ".." mean something in a path.
func encodeSegment(name string) string {
	var b strings.Builder
	for i := range len(name) {
		c := name[i]
		if plain(c) {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "=%02X", c)
		}
	}
	return b.String()
}

func decodeSegment(s string) (string, error) {
	if s == "" {
		return "", fmt.Errorf("an empty cluster name")
	}
	var name []byte
	for i := 0; i < len(s); i++ {
		switch {
		case plain(s[i]):
			name = append(name, s[i])
		case s[i] == '=' && i+2 < len(s):
			b, err := hex.DecodeString(s[i+1 : i+3])
			if err != nil {
				return "", fmt.Errorf("%q is not an encoded byte", s[i:i+3])
			}
			name = append(name, b...)
			i += 2
		default:
			return "", fmt.Errorf("%q is not an encoded cluster name", s)
		}
	}
	return string(name), nil
}

func plain(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_'
}

// includes reports whether a stream is about a cluster.
func (p streamPath) includes(cluster string) bool {
	return len(p.clusters) == 0 || slices.Contains(p.clusters, cluster)
}
