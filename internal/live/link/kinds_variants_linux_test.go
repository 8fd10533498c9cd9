package link

import (
	"net"
	"slices"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/rtlink"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
)

// variants lists what TestLinks makes of kinds that linkKinds has already: settings that exclude others.
func variants(lower, other, third uint32) []linkKind {
	key, seq := rtlink.GreFlagsKey, rtlink.GreFlagsSeq
	return []linkKind{
		{name: "gre", explicit: true, data: &rtlink.LinkinfoGreAttrs{CollectMetadata: true}},
		{name: "gretap", explicit: true, data: &rtlink.LinkinfoGreAttrs{CollectMetadata: true}},
		{name: "gre", explicit: true, data: &rtlink.LinkinfoGreAttrs{
			Local: addr("192.0.2.1"), Remote: addr("192.0.2.11"), EncapType: nlattr.Some(rtlink.TunnelEncapTypeFou),
			EncapFlags: nlattr.Some(rtlink.TunnelEncapFlagsCsum), EncapSport: u16(0), EncapDport: u16(5555),
		}},
		{name: "erspan", explicit: true, data: &rtlink.LinkinfoGreAttrs{
			Local: addr("192.0.2.1"), Remote: addr("192.0.2.12"), Iflags: nlattr.Some(key | seq), Oflags: nlattr.Some(key | seq),
			Ikey: u32(7), Okey: u32(7), ErspanVer: u8(1), ErspanIndex: u32(0xabc),
		}},
		{name: "ip6gre", explicit: true, data: &rtlink.LinkinfoGre6Attrs{CollectMetadata: true}},
		{name: "ip6gretap", explicit: true, data: &rtlink.LinkinfoGre6Attrs{CollectMetadata: true}},
		{name: "ipip", explicit: true, data: &rtlink.LinkinfoIptunAttrs{CollectMetadata: true}},
		{name: "ipip", explicit: true, data: &rtlink.LinkinfoIptunAttrs{
			Local: addr("192.0.2.1"), Remote: addr("192.0.2.13"), EncapType: nlattr.Some(rtlink.TunnelEncapTypeGue),
			EncapFlags: nlattr.Some(rtlink.TunnelEncapFlagsRemcsum), EncapSport: u16(7000), EncapDport: u16(7001),
		}},
		{name: "ip6tnl", data: &rtlink.LinkinfoIp6tnlAttrs{CollectMetadata: true}},
		{name: "xfrm", data: &rtlink.LinkinfoXfrmAttrs{CollectMetadata: true}},
		{name: "geneve", data: &rtlink.LinkinfoGeneveAttrs{ID: u32(9), Remote: addr("192.0.2.14"), Port: u16(6083), InnerProtoInherit: true}},
		{name: "vxlan", data: &rtlink.LinkinfoVxlanAttrs{
			ID: u32(11), Group6: addr("2001:db8::5"), Local6: addr("2001:db8::6"), Port: u16(4794), TtlInherit: []byte{},
			LabelPolicy: nlattr.Some(rtlink.VxlanLabelPolicyInherit), Localbypass: no(),
		}, skip: []string{"TtlInherit"}},
		{name: "netkit", data: &rtlink.LinkinfoNetkitAttrs{
			Mode: nlattr.Some(rtlink.NetkitModeL2), Policy: nlattr.Some(rtlink.NetkitPolicyBlackhole),
			PeerPolicy: nlattr.Some(rtlink.NetkitPolicyForward), Scrub: nlattr.Some(rtlink.NetkitScrubNone),
			PeerScrub: nlattr.Some(rtlink.NetkitScrubDefault),
		}},
		{name: "hsr", data: &rtlink.LinkinfoHsrAttrs{
			Slave1: u32(lower), Slave2: u32(other), Interlink: u32(third), Protocol: nlattr.Some(rtlink.HsrProtocolHsr),
		}, skip: []string{"Interlink"}}, // Not answered.
	}
}

// TestLinkGTP makes a link over sockets of the process.
func TestLinkGTP(t *testing.T) {
	n := witness.NewNamespace(t)
	n.Up(n.Link("lo"))
	c := witness.NewTally(t)
	socket := func(port int) nlattr.Opt[uint32] {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { unix.Close(fd) })
		if err := unix.Bind(fd, &unix.SockaddrInet4{Port: port, Addr: [4]byte{127, 0, 0, 1}}); err != nil {
			t.Fatal(err)
		}
		return u32(uint32(fd))
	}
	want := &rtlink.LinkinfoGtpAttrs{Fd0: socket(3386), Fd1: socket(2152), PdpHashsize: u32(100)}
	link := n.Create(&rtlink.NewlinkRequest{Ifname: nlattr.Some("gtp0"), Linkinfo: &rtlink.LinkinfoAttrs{Data: want}})
	c.Within("gtp0", want, link.Linkinfo.Data, "Fd0", "Fd1")
	compareWithIP(n, c, "gtp0")
	c.Report("gtp")
}

// TestLinkSources gives a macvlan source addresses, one by one, and takes them away.
func TestLinkSources(t *testing.T) {
	n := witness.NewNamespace(t)
	lower, _ := n.Veth("lower0", "lower1")
	link := n.Create(&rtlink.NewlinkRequest{Ifname: nlattr.Some("source0"), Link: u32(uint32(lower.Header.IfiIndex)),
		Linkinfo: &rtlink.LinkinfoAttrs{Kind: nlattr.Some("macvlan"), Data: &rtlink.LinkinfoMacvlanAttrs{Mode: nlattr.Some(rtlink.MacvlanModeSource)}}})
	one, two := net.HardwareAddr{2, 0, 0, 0, 0, 1}, net.HardwareAddr{2, 0, 0, 0, 0, 2}
	for _, change := range []struct {
		mode    rtlink.MacvlanMacaddrMode
		address net.HardwareAddr
		want    []string
	}{
		{rtlink.MacvlanMacaddrModeAdd, one, []string{one.String()}},
		{rtlink.MacvlanMacaddrModeAdd, two, []string{one.String(), two.String()}},
		{rtlink.MacvlanMacaddrModeDel, one, []string{two.String()}},
		{rtlink.MacvlanMacaddrModeFlush, nil, nil},
	} {
		data := &rtlink.LinkinfoMacvlanAttrs{Mode: nlattr.Some(rtlink.MacvlanModeSource), MacaddrMode: nlattr.Some(change.mode), Macaddr: change.address}
		err := n.Links.Newlink(n.Ctx, &rtlink.NewlinkRequest{Header: rtlink.Ifinfomsg{IfiIndex: link.Header.IfiIndex},
			Linkinfo: &rtlink.LinkinfoAttrs{Kind: nlattr.Some("macvlan"), Data: data}})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		x := n.Link("source0").Linkinfo.Data.(*rtlink.LinkinfoMacvlanAttrs)
		if x.MacaddrData != nil {
			for _, address := range x.MacaddrData.Macaddr {
				got = append(got, address.String())
			}
		}
		slices.Sort(got)
		if !slices.Equal(got, change.want) || x.MacaddrCount != u32(uint32(len(got))) {
			t.Errorf("after %v %v the sources are %v, counted %v", change.mode, change.address, got, x.MacaddrCount)
		}
	}
}

// TestLinkBridgePort sets what one port of a bridge says about another, and flushes addresses.
func TestLinkBridgePort(t *testing.T) {
	n := witness.NewNamespace(t)
	c := witness.NewTally(t)
	bridge := n.Create(&rtlink.NewlinkRequest{Ifname: nlattr.Some("bridge0"), Linkinfo: &rtlink.LinkinfoAttrs{Kind: nlattr.Some("bridge")}})
	var ports []uint32
	for _, name := range []string{"port0", "port1"} {
		port, _ := n.Veth(name, "peer-"+name)
		header := rtlink.Ifinfomsg{IfiIndex: port.Header.IfiIndex}
		if err := n.Links.Setlink(n.Ctx, &rtlink.SetlinkRequest{Header: header, Master: u32(uint32(bridge.Header.IfiIndex))}); err != nil {
			t.Fatal(err)
		}
		ports = append(ports, uint32(port.Header.IfiIndex))
	}
	port := &rtlink.LinkinfoBrportAttrs{
		BackupPort: u32(ports[1]), Flush: true, Locked: yes(), Learning: yes(), Mab: yes(), McastToUcast: yes(), McastEhtHostsLimit: u32(99),
		Proxyarp: yes(), ProxyarpWifi: yes(), NeighVlanSuppress: yes(), McastMaxGroups: u32(7), VlanTunnel: yes(),
	}
	data := &rtlink.LinkinfoBridgeAttrs{FdbFlush: true, McastMldVersion: u8(2)}
	for index, info := range map[int32]*rtlink.LinkinfoAttrs{int32(ports[0]): {SlaveData: port}, bridge.Header.IfiIndex: {Data: data}} {
		if err := n.Links.Newlink(n.Ctx, &rtlink.NewlinkRequest{Header: rtlink.Ifinfomsg{IfiIndex: index}, Linkinfo: info}); err != nil {
			t.Fatal(err)
		}
	}
	c.Within("port0", port, n.Link("port0").Linkinfo.SlaveData, "Flush")
	c.Within("bridge0", data, n.Link("bridge0").Linkinfo.Data, "FdbFlush")
	compareWithIP(n, c, "port0")
	compareWithIP(n, c, "bridge0")
	c.Report("ports of a bridge")
}
