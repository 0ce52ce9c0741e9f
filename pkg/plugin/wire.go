package plugin

import (
	"github.com/grafana/grafana-plugin-sdk-go/genproto/pluginv2"
	"google.golang.org/grpc/encoding"
	protocodec "google.golang.org/grpc/encoding/proto"
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
)

// ShareStreamPackets lets gRPC send a packet to many streams without a copy for each. What gRPC brings copies a message
// of more than 32 KiB into a buffer of 1 MiB, so that a thousand streams, each with a packet on its way, hold a gigabyte.
// It is for the start of a process: gRPC's registry is not guarded.
func ShareStreamPackets() {
	encoding.RegisterCodecV2(sharingCodec{encoding.GetCodecV2(protocodec.Name)})
}

// sharingCodec writes Protocol Buffers as the codec that it replaces does, and reads with it.
type sharingCodec struct{ encoding.CodecV2 }

func (c sharingCodec) Marshal(v any) (mem.BufferSlice, error) {
	if packet, ok := v.(*pluginv2.StreamPacket); ok {
		if shared := sharedPacket(packet); shared.Len() == proto.Size(packet) {
			return shared, nil
		}
	}
	message, ok := v.(proto.Message)
	if !ok {
		return c.CodecV2.Marshal(v)
	}
	raw, err := proto.Marshal(message)
	if err != nil {
		return nil, err
	}
	return mem.BufferSlice{mem.SliceBuffer(raw)}, nil
}

// packetData is the number of the field that holds a packet's data, the only one that packets have today.
const packetData = 1

// sharedPacket is a packet on the wire, of which the data are those of the packet itself.
func sharedPacket(packet *pluginv2.StreamPacket) mem.BufferSlice {
	head := protowire.AppendTag(nil, packetData, protowire.BytesType)
	head = protowire.AppendVarint(head, uint64(len(packet.Data)))
	return mem.BufferSlice{mem.SliceBuffer(head), mem.SliceBuffer(packet.Data)}
}
