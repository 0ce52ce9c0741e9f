// Package remotewrite pushes samples of any age into a Prometheus that accepts remote writes
// (--web.enable-remote-write-receiver), as if that Prometheus had scraped them at the time.
package remotewrite

import (
	"math"
	"slices"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"
)

// Label is a label of a series. The metric's name is the label "__name__".
type Label struct{ Name, Value string }

// StaleMarker is the NaN that ends a series.
var StaleMarker = math.Float64frombits(0x7ff0000000000002)

// Scraped adds the labels of a scrape target to those that a process exports, sorted by name. A label that
// both have becomes exported_<label>, as in a Prometheus without honor_labels. It may overwrite own.
func Scraped(own, target []Label) []Label {
	for i, o := range own {
		if slices.ContainsFunc(target, func(t Label) bool { return t.Name == o.Name }) {
			own[i].Name = "exported_" + o.Name
		}
	}
	all := append(own, target...)
	slices.SortFunc(all, func(a, b Label) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// Encoded are the labels of a series in the form that requests carry. Encoding once serves all requests.
type Encoded []byte

// Encode encodes labels, which must be sorted by name.
func Encode(labels []Label) (encoded Encoded) {
	for _, l := range labels {
		var pair []byte
		pair = protowire.AppendTag(pair, 1, protowire.BytesType)
		pair = protowire.AppendString(pair, l.Name)
		pair = protowire.AppendTag(pair, 2, protowire.BytesType)
		pair = protowire.AppendString(pair, l.Value)
		encoded = protowire.AppendTag(encoded, 1, protowire.BytesType)
		encoded = protowire.AppendBytes(encoded, pair)
	}
	return encoded
}
