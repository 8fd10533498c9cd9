package nftables

import (
	"net/netip"
	"testing"

	"github.com/nlgen/nlgen/generated/nftables"
	"github.com/nlgen/nlgen/internal/nettest"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// TestTunnels makes tunnel objects, of which today's nft knows nothing, and reads them. Options of tunnel protocols bring some kernels
// down, so they go to guests only.
func TestTunnels(t *testing.T) {
	if !nettest.Guest() {
		t.Skip("options of tunnel protocols are sent to the guest of make test-vm only")
	}
	h := newHooked(t, "netdev")
	c := witness.NewTally(t)
	ip := func(text string) nlattr.Opt[netip.Addr] { return nlattr.Some(netip.MustParseAddr(text)) }
	u8 := func(n uint8) nlattr.Opt[uint8] { return nlattr.Some(n) }
	u16 := func(n uint16) nlattr.Opt[uint16] { return nlattr.Some(n) }
	v4 := &nftables.TunnelIpAttrs{Src: ip("192.0.2.1"), Dst: ip("192.0.2.2")}
	for name, want := range map[string]*nftables.TunnelAttrs{
		"plain":   {ID: u32(7), Ip: v4, Flags: nlattr.Some(nftables.TunnelFlagsDontFragment | nftables.TunnelFlagsSeqNumber), Tos: u8(8), Ttl: u8(64)},
		"ports":   {ID: u32(8), Ip: v4, Sport: u16(1000), Dport: u16(4789)},
		"ip6":     {ID: u32(9), Ip6: &nftables.TunnelIp6Attrs{Src: ip("2001:db8::1"), Dst: ip("2001:db8::2"), Flowlabel: u32(0x12345)}},
		"vxlan":   {ID: u32(10), Ip: v4, Opts: &nftables.TunnelOptsAttrs{Vxlan: &nftables.TunnelVxlanAttrs{Gbp: u32(0x200)}}},
		"erspan1": {ID: u32(11), Ip: v4, Opts: &nftables.TunnelOptsAttrs{Erspan: &nftables.TunnelErspanAttrs{Version: u32(1), V1Index: u32(5)}}},
		"erspan2": {ID: u32(12), Ip: v4, Opts: &nftables.TunnelOptsAttrs{Erspan: &nftables.TunnelErspanAttrs{Version: u32(2), V2Hwid: u8(3), V2Dir: u8(1)}}},
		"geneve": {ID: u32(13), Ip: v4, Opts: &nftables.TunnelOptsAttrs{Geneve: []nftables.TunnelGeneveAttrs{
			{Class: u16(0x102), Type: u8(0x80), Data: []byte{1, 2, 3, 4}}, {Class: u16(0x103), Type: u8(1), Data: []byte{5, 6, 7, 8, 9, 10, 11, 12}},
		}}},
	} {
		req := &nftables.NewobjRequest{Header: h.header, Table: str("h"), Name: str(name), Data: want}
		if err := h.do(&nftables.OpNewobj, req, nlconn.Create); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got, err := h.client.Getobj(h.Ctx, &nftables.GetobjRequest{Header: h.header, Table: str("h"), Name: str(name), Type: nlattr.Some(nftables.ObjectTypeTunnel)})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		witness.Known(t, name, got)
		c.Within(name, want, got.Data)
	}
	c.Report("tunnel objects")
}
