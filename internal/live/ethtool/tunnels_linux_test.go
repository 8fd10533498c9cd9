package ethtool

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/nlgen/nlgen/generated/ethtool"
	"github.com/nlgen/nlgen/generated/rtlink"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
)

// TestTunnels makes tunnels over UDP: the kernel tells a device the ports of those that it can look into.
func TestTunnels(t *testing.T) {
	l := newNIC(t)
	c := witness.NewTally(t)
	for i, port := range []uint16{4789, 14789, 24789} {
		l.Up(l.Create(&rtlink.NewlinkRequest{
			Ifname: nlattr.Some(fmt.Sprintf("vx%d", i)),
			Linkinfo: &rtlink.LinkinfoAttrs{Data: &rtlink.LinkinfoVxlanAttrs{
				ID: u32(uint32(100 + i)), Port: nlattr.Some(port), Link: u32(uint32(l.Link("nic0").Header.IfiIndex)),
			}},
		}))
	}
	l.Up(l.Create(&rtlink.NewlinkRequest{
		Ifname: nlattr.Some("gen0"), Linkinfo: &rtlink.LinkinfoAttrs{Data: &rtlink.LinkinfoGeneveAttrs{ID: u32(7), Remote: nlattr.Some(netip.MustParseAddr("192.0.2.1"))}},
	}))
	// The kernel tells the device in its own time.
	var ports, geneve witness.Set
	witness.Await(t, "ports that the device knows", func() bool {
		x, err := l.client.TunnelInfoGet(l.Ctx, &ethtool.TunnelInfoGetRequest{Header: of("nic0")})
		if err != nil || len(x.UdpPorts.Table) != 2 {
			t.Fatalf("%+v, %v", x, err)
		}
		ports, geneve = listed(x.UdpPorts.Table[0]), listed(x.UdpPorts.Table[1])
		return len(ports) == 3 && len(geneve) == 1
	})
	c.Field("ports", ports, []any{"4789 vxlan", "14789 vxlan", "24789 vxlan"})
	c.Field("others", geneve, []any{"6081 geneve"})
	l.sameTunnels(c, "nic0")
	c.Report("tunnels")
}

// listed are the ports in a table, with the kinds of their tunnels.
func listed(table ethtool.TunnelUdpTableAttrs) (ports witness.Set) {
	for _, e := range table.Entry {
		ports = append(ports, fmt.Sprint(e.Port.V, " ", e.Type.V))
	}
	return ports
}
