package remotewrite

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math"
	"net/http"
	"strings"
	"time"

	"github.com/golang/snappy"
	"google.golang.org/protobuf/encoding/protowire"
)

// Sample is a value at a time.
type Sample struct {
	At    time.Time
	Value float64
}

// Request is a WriteRequest of remote write 1.0 in the making. The zero value is an empty one.
type Request struct{ encoded []byte }

// Add adds samples of a series, in the order of time.
func (r *Request) Add(labels Encoded, samples ...Sample) {
	series := make([]byte, 0, len(labels)+len(samples)*24)
	series = append(series, labels...)
	for _, s := range samples {
		var point []byte
		point = protowire.AppendTag(point, 1, protowire.Fixed64Type)
		point = protowire.AppendFixed64(point, math.Float64bits(s.Value))
		point = protowire.AppendTag(point, 2, protowire.VarintType)
		point = protowire.AppendVarint(point, uint64(s.At.UnixMilli()))
		series = protowire.AppendTag(series, 2, protowire.BytesType)
		series = protowire.AppendBytes(series, point)
	}
	r.encoded = protowire.AppendTag(r.encoded, 1, protowire.BytesType)
	r.encoded = protowire.AppendBytes(r.encoded, series)
}

// Push sends the request to the Prometheus at that URL.
func (r *Request) Push(ctx context.Context, prometheusURL string) error {
	address := strings.TrimRight(prometheusURL, "/") + "/api/v1/write"
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(snappy.Encode(nil, r.encoded)))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Encoding", "snappy")
	req.Header.Set("Content-Type", "application/x-protobuf")
	req.Header.Set("X-Prometheus-Remote-Write-Version", "0.1.0")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode/100 != 2 {
		text, _ := io.ReadAll(io.LimitReader(resp.Body, 1000))
		return fmt.Errorf("prometheus refused the samples with %s: %s", resp.Status, bytes.TrimSpace(text))
	}
	return nil
}
