package wireguard

import (
	"bytes"
	"context"
	"iter"

	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// Device reads a device with all its peers and their addresses, however many messages that takes. A dump that was interrupted is
// repeated; if that does not help, the device as it came is returned with the error.
func (c *Client) Device(ctx context.Context, req *GetDeviceDumpRequest, opts ...nlconn.CallOption) (*GetDeviceReply, error) {
	parts, err := c.GetDeviceCollect(ctx, req, opts...)
	if len(parts) == 0 {
		return nil, err
	}
	device := parts[0]
	for _, part := range parts[1:] {
		device.join(part)
	}
	return device, err
}

// join appends the peers of the next message. Its first peer may be the last one of the message before, with more addresses.
func (x *GetDeviceReply) join(next *GetDeviceReply) {
	peers := next.Peers
	if len(peers) > 0 && len(x.Peers) > 0 {
		last := &x.Peers[len(x.Peers)-1].V
		if bytes.Equal(last.PublicKey, peers[0].V.PublicKey) {
			last.Allowedips = append(last.Allowedips, peers[0].V.Allowedips...)
			peers = peers[1:]
		}
	}
	x.Peers = append(x.Peers, peers...)
}

// Configure is SetDevice for any number of peers and addresses: what outgrows a message is sent in several, one after the other. The
// error is that of the first one that the kernel refuses; what was sent before stays done.
func (c *Client) Configure(ctx context.Context, req *SetDeviceRequest, opts ...nlconn.CallOption) error {
	for part := range req.parts() {
		if err := c.SetDevice(ctx, part, opts...); err != nil {
			return err
		}
	}
	return nil
}

// The bounds of a part of a configuration. An allowed address takes 48 bytes at most, so a message stays far below the 64 KB that a
// list of peers may have.
const (
	maxBytes     = 32 << 10
	maxAddresses = 256
)

// parts cuts a request into such that fit a message. The first has all attributes of the device; the others name it and go on with
// its peers. The parts share the memory of x.
func (x *SetDeviceRequest) parts() iter.Seq[*SetDeviceRequest] {
	return func(yield func(*SetDeviceRequest) bool) {
		part := *x
		part.Peers = nil
		var scratch nlattr.Encoder
		size := 0
		for i := range x.Peers {
			for peer := range x.Peers[i].V.parts() {
				scratch.Reset(scratch.Written()[:0])
				peer.encode(&scratch, 0)
				if len(part.Peers) > 0 && size+scratch.Len() > maxBytes {
					done := part
					if !yield(&done) {
						return
					}
					part = SetDeviceRequest{Ifindex: x.Ifindex, Ifname: x.Ifname}
					size = 0
				}
				part.Peers = append(part.Peers, nlattr.Indexed[PeerAttrs]{Index: x.Peers[i].Index, V: *peer})
				size += scratch.Len()
			}
		}
		yield(&part)
	}
}

// parts cuts a peer that has many addresses. The first has all its attributes; the others name it and go on with its addresses.
func (x *PeerAttrs) parts() iter.Seq[*PeerAttrs] {
	return func(yield func(*PeerAttrs) bool) {
		part, rest := *x, x.Allowedips
		for len(rest) > maxAddresses {
			part.Allowedips = rest[:maxAddresses:maxAddresses]
			if !yield(&part) {
				return
			}
			rest = rest[maxAddresses:]
			part = PeerAttrs{PublicKey: x.PublicKey}
			if x.Flags.V&PeerFlagsUpdateOnly != 0 {
				part.Flags = nlattr.Some(PeerFlagsUpdateOnly)
			}
		}
		part.Allowedips = rest
		yield(&part)
	}
}
