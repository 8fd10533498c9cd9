package wireguard

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"reflect"
	"testing"

	"github.com/nlgen/nlgen/runtime/nlattr"
)

// newPeer is a peer with n allowed addresses.
func newPeer(number, n int) nlattr.Indexed[PeerAttrs] {
	var p PeerAttrs
	p.PublicKey = binary.BigEndian.AppendUint64(make([]byte, 24), uint64(number))
	p.PersistentKeepaliveInterval = nlattr.Some(uint16(25))
	for i := range n {
		var a AllowedIPAttrs
		a.SetPrefix(netip.PrefixFrom(netip.AddrFrom16([16]byte{0xfd, 13: byte(number), byte(i >> 8), byte(i)}), 128))
		p.Allowedips = append(p.Allowedips, nlattr.Indexed[AllowedIPAttrs]{V: a})
	}
	return nlattr.Indexed[PeerAttrs]{V: p}
}

// TestParts cuts configurations and holds the parts against what a kernel makes of them: each peer has what the request says, peers are
// removed once and before all others, and no message is too large.
func TestParts(t *testing.T) {
	for _, c := range []struct {
		name  string
		sizes []int // allowed addresses of each peer
		parts int
	}{
		{"none", nil, 1},
		{"one", []int{3}, 1},
		{"exactly a part of addresses", []int{256}, 1},
		{"one more", []int{257}, 1},
		{"many addresses", []int{1, 5000, 1}, 7}, // 20 peers of 10 KB each, 3 to a part
		{"many peers", make([]int, 1000), 2},
	} {
		req := &SetDeviceRequest{
			Ifname: nlattr.Some("wg0"), ListenPort: nlattr.Some(uint16(1)), Flags: nlattr.Some(DeviceFlagsReplacePeers),
		}
		for i, n := range c.sizes {
			peer := newPeer(i, n)
			peer.V.Flags = nlattr.Some(PeerFlagsUpdateOnly | PeerFlagsReplaceAllowedips)
			req.Peers = append(req.Peers, peer)
		}
		parts := 0
		var peers []nlattr.Indexed[PeerAttrs]
		for part := range req.parts() {
			b, err := part.AppendBinary(nil)
			if err != nil || len(b) > maxBytes+100 {
				t.Errorf("%s: a part of %d bytes: %v", c.name, len(b), err)
			}
			if first := parts == 0; part.Ifname != req.Ifname || part.Flags.OK != first || part.ListenPort.OK != first {
				t.Errorf("%s: part %d has the attributes of the device wrong: %+v", c.name, parts, part)
			}
			for i, p := range part.Peers {
				last := len(peers) - 1
				if last < 0 || !reflect.DeepEqual(peers[last].V.PublicKey, p.V.PublicKey) {
					peers = append(peers, p)
					continue
				}
				peers[last].V.Allowedips = append(peers[last].V.Allowedips, p.V.Allowedips...)
				p.V.Allowedips = nil
				if want := (PeerAttrs{PublicKey: p.V.PublicKey, Flags: nlattr.Some(PeerFlagsUpdateOnly)}); !reflect.DeepEqual(p.V, want) {
					t.Errorf("%s: peer %d of part %d goes on with more than addresses: %+v", c.name, i, parts, p.V)
				}
			}
			parts++
		}
		if parts != c.parts {
			t.Errorf("%s: %d parts, not %d", c.name, parts, c.parts)
		}
		if !reflect.DeepEqual(peers, req.Peers) {
			t.Errorf("%s: the parts do not make the whole", c.name)
		}
	}
}

// TestPartsEndEarly leaves the loop over parts, as a refusal of the kernel does.
func TestPartsEndEarly(t *testing.T) {
	req := &SetDeviceRequest{Peers: []nlattr.Indexed[PeerAttrs]{newPeer(1, 5000), newPeer(2, 5000)}}
	for range req.parts() {
		break
	}
	for range req.Peers[0].V.parts() {
		break
	}
}

func TestJoin(t *testing.T) {
	list := func(p ...nlattr.Indexed[PeerAttrs]) []nlattr.Indexed[PeerAttrs] { return p }
	whole := newPeer(1, 9)
	head, tail := newPeer(1, 0), newPeer(1, 0)
	head.V.Allowedips = whole.V.Allowedips[:4:4]
	tail.V = PeerAttrs{PublicKey: whole.V.PublicKey, Allowedips: whole.V.Allowedips[4:]}
	var device GetDeviceReply
	for _, part := range [][]nlattr.Indexed[PeerAttrs]{nil, list(newPeer(0, 1), head), list(tail), list(newPeer(2, 1)), nil, list(newPeer(3, 1))} {
		device.join(&GetDeviceReply{Peers: part})
	}
	if want := list(newPeer(0, 1), whole, newPeer(2, 1), newPeer(3, 1)); !reflect.DeepEqual(device.Peers, want) {
		t.Errorf("joined:\n%+v\nwant:\n%+v", device.Peers, want)
	}
}

func TestAddrPort(t *testing.T) {
	for _, text := range []string{"192.0.2.1:51820", "[2001:db8::1]:1", "[fe80::1%7]:65535", "[::ffff:192.0.2.1]:9"} {
		var p PeerAttrs
		want := netip.MustParseAddrPort(text)
		if err := p.SetAddrPort(want); err != nil {
			t.Error(err)
		}
		if got, ok := p.AddrPort(); !ok || got != want {
			t.Errorf("%s comes back as %v, %v: %x", text, got, ok, p.Endpoint)
		}
	}
	var p PeerAttrs
	for _, a := range []netip.AddrPort{{}, netip.MustParseAddrPort("[fe80::1%eth0]:1")} {
		if err := p.SetAddrPort(a); err == nil || p.Endpoint != nil {
			t.Errorf("%v is taken: %x", a, p.Endpoint)
		}
	}
	family := func(n uint16, size int) []byte {
		return append(binary.NativeEndian.AppendUint16(nil, n), make([]byte, size-2)...)
	}
	for _, b := range [][]byte{nil, {2}, family(2, 15), family(10, 27), family(1, 28)} {
		if a, ok := (&PeerAttrs{Endpoint: b}).AddrPort(); ok {
			t.Errorf("%x is the endpoint %v", b, a)
		}
	}
}

func TestPrefix(t *testing.T) {
	for _, text := range []string{"10.0.0.0/8", "0.0.0.0/0", "::/0", "2001:db8::/32"} {
		var a AllowedIPAttrs
		want := netip.MustParsePrefix(text)
		a.SetPrefix(want)
		if got, ok := a.Prefix(); !ok || got != want {
			t.Errorf("%s comes back as %v, %v", text, got, ok)
		}
		if family := map[bool]uint16{true: 2, false: 10}[want.Addr().Is4()]; a.Family != nlattr.Some(family) {
			t.Errorf("%s has the family %v", text, a.Family)
		}
		a.SetPrefix(netip.Prefix{})
		if got, ok := a.Prefix(); ok || a.Family.OK {
			t.Errorf("no range is %v", got)
		}
	}
	a := AllowedIPAttrs{Ipaddr: nlattr.Some(netip.MustParseAddr("10.0.0.0")), CidrMask: nlattr.Some(uint8(33))}
	if got, ok := a.Prefix(); ok {
		t.Error(fmt.Sprint("33 bits of an IPv4 address: ", got))
	}
}
