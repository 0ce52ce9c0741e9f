package plugin

import (
	"testing"

	"github.com/grafana/grafana-plugin-sdk-go/genproto/pluginv2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/encoding"
	protocodec "google.golang.org/grpc/encoding/proto"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"
)

func TestSharedPacketsAreOnTheWireWhatProtocolBuffersWrite(t *testing.T) {
	codec := sharingCodec{encoding.GetCodecV2(protocodec.Name)}
	rapid.Check(t, func(t *rapid.T) {
		data := rapid.SliceOfN(rapid.Byte(), 0, 70_000).Draw(t, "data")
		for _, message := range []proto.Message{
			&pluginv2.StreamPacket{Data: data},
			&pluginv2.SubscribeStreamResponse{Status: pluginv2.SubscribeStreamResponse_OK, Data: data},
		} {
			want, err := proto.Marshal(message)
			require.NoError(t, err)
			got, err := codec.Marshal(message)
			require.NoError(t, err)
			assert.Equal(t, string(want), string(got.Materialize()))
			read := message.ProtoReflect().New().Interface()
			require.NoError(t, codec.Unmarshal(got, read))
			assert.True(t, proto.Equal(message, read))
		}
	})
}

func TestSharedPacketsHoldNoCopyOfTheirData(t *testing.T) {
	data := []byte("a snapshot")
	got, err := sharingCodec{}.Marshal(&pluginv2.StreamPacket{Data: data})
	require.NoError(t, err)
	require.Len(t, got, 2)
	assert.Same(t, &data[0], &got[1].ReadOnlyData()[0])
}

// TestAPacketOfALaterGrafanaIsWrittenWhole: a field that is not known today must not get lost.
func TestAPacketOfALaterGrafanaIsWrittenWhole(t *testing.T) {
	packet := &pluginv2.StreamPacket{Data: []byte("a snapshot")}
	packet.ProtoReflect().SetUnknown(protowire.AppendString(protowire.AppendTag(nil, 2, protowire.BytesType), "news"))
	want, err := proto.Marshal(packet)
	require.NoError(t, err)
	got, err := sharingCodec{}.Marshal(packet)
	require.NoError(t, err)
	assert.Equal(t, want, got.Materialize())
}
