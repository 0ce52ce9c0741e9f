package live

import (
	"encoding/hex"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/grafana/grafana-plugin-sdk-go/live"
)

// Topic is what a stream tells about.
type Topic string

// The topics. Each packet of a stream is the complete current snapshot of its topic.
const (
	TopicEvents Topic = "events"
	TopicStatus Topic = "status"
	TopicCause  Topic = "cause"
)

// Path is the part of a channel behind the data source: a topic, and the clusters that the
// stream is limited to. No cluster means all of them.
type Path struct {
	Topic    Topic
	Clusters []string
}

// String writes "events", "events/prod" or "events/prod/staging".
func (p Path) String() string {
	segments := []string{string(p.Topic)}
	for _, c := range p.Clusters {
		segments = append(segments, encodeSegment(c))
	}
	return strings.Join(segments, "/")
}

// Channel is the full channel for frames of a data source. Grafana refuses channels above 160
// characters; the error then says so.
func (p Path) Channel(uid string) (string, error) {
	id := path.Join(live.ScopeDatasource, uid, p.String())
	if _, err := live.ParseChannel(id); err != nil {
		return "", fmt.Errorf("the names of the %d clusters in the filter make a channel of %d characters, and Grafana allows 160", len(p.Clusters), len(id))
	}
	return id, nil
}

// ParsePath is the inverse of String. It accepts only what String writes, so that one stream
// has one name.
func ParsePath(s string) (Path, error) {
	segments := strings.Split(s, "/")
	p := Path{Topic: Topic(segments[0])}
	if !slices.Contains([]Topic{TopicEvents, TopicStatus, TopicCause}, p.Topic) {
		return Path{}, fmt.Errorf("no stream %q: there are %s, %s and %s, each with or without cluster names behind it", s, TopicEvents, TopicStatus, TopicCause)
	}
	for _, segment := range segments[1:] {
		name, err := decodeSegment(segment)
		if err != nil {
			return Path{}, fmt.Errorf("stream %q: %w", s, err)
		}
		p.Clusters = append(p.Clusters, name)
	}
	if p.String() != s {
		return Path{}, fmt.Errorf("stream %q: the cluster names in it are not encoded as this plugin encodes them", s)
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
func (p Path) includes(cluster string) bool {
	return len(p.Clusters) == 0 || slices.Contains(p.Clusters, cluster)
}
