package link

import (
	"net"
	"os"
	"testing"

	"github.com/nlgen/nlgen/generated/rtlink"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
)

// specialKinds lists what TestLinks makes besides linkKinds: kinds for machines, modems and meshes. Half of the last ones need modules
// that Debian's kernel does not have.
func specialKinds(lower, other uint32) []linkKind {
	on := func(req *rtlink.NewlinkRequest) { req.Link = u32(lower) }
	return []linkKind{
		{name: "wireguard", up: true},
		{name: "vsockmon", up: true},
		{name: "team"},
		{name: "vxcan", up: true, data: &rtlink.LinkinfoVxcanAttrs{Peer: &rtlink.VxcanPeerVxcan{Ifname: nlattr.Some("test1")}}, skip: []string{"Data"}},
		{name: "batadv", data: &rtlink.LinkinfoBatadvAttrs{AlgoName: nlattr.Some("BATMAN_V")}, skip: []string{"Data"}}, // Never answered.
		{name: "ipvtap", onLower: true, explicit: true, data: &rtlink.LinkinfoIpvlanAttrs{
			Mode: nlattr.Some(rtlink.IpvlanModeL2), Flags: nlattr.Some(rtlink.IpvlanFlagsVepa),
		}},
		{name: "ip6erspan", explicit: true, data: &rtlink.LinkinfoGre6Attrs{
			Local: addr("2001:db8::1"), Remote: addr("2001:db8::9"), Ikey: u32(5), Okey: u32(5), ErspanVer: u8(1), ErspanIndex: u32(0x123),
			Iflags: nlattr.Some(rtlink.GreFlagsKey | rtlink.GreFlagsSeq), Oflags: nlattr.Some(rtlink.GreFlagsKey | rtlink.GreFlagsSeq),
		}},
		{name: "ip6erspan", explicit: true, data: &rtlink.LinkinfoGre6Attrs{
			Local: addr("2001:db8::1"), Remote: addr("2001:db8::9"), Ikey: u32(6), Okey: u32(6), ErspanVer: u8(2), ErspanDir: u8(1), ErspanHwid: u16(7),
			Iflags: nlattr.Some(rtlink.GreFlagsKey | rtlink.GreFlagsSeq), Oflags: nlattr.Some(rtlink.GreFlagsKey | rtlink.GreFlagsSeq),
		}},
		{name: "macsec", onLower: true, data: &rtlink.LinkinfoMacsecAttrs{
			Port: u16(5), CipherSuite: u64(0x0080c20001000002), IcvLen: u8(16), Window: u32(64), EncodingSa: u8(2), Encrypt: yes(), Protect: yes(),
			IncSci: yes(), ReplayProtect: yes(), Validation: nlattr.Some(rtlink.MacsecValidationCheck),
		}, skip: []string{"Port"}},
		{name: "macsec", onLower: true, data: &rtlink.LinkinfoMacsecAttrs{
			Sci: u64(0x020000000007_0009), Es: no(), Scb: no(), IncSci: yes(), CipherSuite: u64(0x0080c20001000001),
			Validation: nlattr.Some(rtlink.MacsecValidationDisabled), Offload: nlattr.Some(rtlink.MacsecOffloadOff),
		}, skip: []string{"CipherSuite"}},
		{name: "hsr", data: &rtlink.LinkinfoHsrAttrs{
			Slave1: u32(lower), Slave2: u32(other), MulticastSpec: u8(45), Version: yes(), Protocol: nlattr.Some(rtlink.HsrProtocolHsr),
		}, skip: []string{"MulticastSpec", "Version"}},
		{name: "hsr", data: &rtlink.LinkinfoHsrAttrs{
			Slave1: u32(lower), Slave2: u32(other), Protocol: nlattr.Some(rtlink.HsrProtocolPrp),
		}},
		{name: "gtp", data: &rtlink.LinkinfoGtpAttrs{
			Role: nlattr.Some(rtlink.GtpRoleSgsn), PdpHashsize: u32(512), RestartCount: u8(3), CreateSockets: yes(),
		}, skip: []string{"CreateSockets"}},
		{name: "gtp", data: &rtlink.LinkinfoGtpAttrs{Role: nlattr.Some(rtlink.GtpRoleGgsn), Local: addr("127.0.0.1"), CreateSockets: yes()},
			skip: []string{"CreateSockets", "Local"}},
		{name: "gtp", data: &rtlink.LinkinfoGtpAttrs{Role: nlattr.Some(rtlink.GtpRoleGgsn), Local6: addr("::1"), CreateSockets: yes()},
			skip: []string{"CreateSockets", "Local6"}},
		{name: "bareudp", data: &rtlink.LinkinfoBareudpAttrs{
			Port: u16(6635), Ethertype: u16(0x8847), SrcportMin: u16(30000), MultiprotoMode: true,
		}},
		{name: "amt", data: &rtlink.LinkinfoAmtAttrs{
			Mode: nlattr.Some(rtlink.AmtModeGateway), RelayPort: u16(2268), GatewayPort: u16(2269), Link: u32(lower),
			LocalIp: addr("192.0.2.1"), DiscoveryIp: addr("192.0.2.2"),
		}},
		{name: "amt", data: &rtlink.LinkinfoAmtAttrs{
			Mode: nlattr.Some(rtlink.AmtModeRelay), RelayPort: u16(2270), Link: u32(lower), LocalIp: addr("192.0.2.1"), MaxTunnels: u32(9),
		}},
		{name: "pfcp"},
		{name: "rmnet", onLower: true, data: &rtlink.LinkinfoRmnetAttrs{
			MuxID: u16(5), Flags: nlattr.Some(rtlink.IflaRmnetFlags{
				Flags: rtlink.RmnetFlagsIngressDeaggregation | rtlink.RmnetFlagsEgressMapCksumv4, Mask: 0x3f,
			}),
		}, skip: []string{"Flags"}}, // The mask is answered as all ones; ip has the flags.
		{name: "caif", data: &rtlink.LinkinfoCaifAttrs{Ipv4Connid: u32(3), Loopback: yes()}},
		{name: "virt_wifi", change: on},
		{name: "wwan", needs: "/sys/class/wwan/wwan0", data: &rtlink.LinkinfoWwanAttrs{LinkID: u32(2)}, change: func(req *rtlink.NewlinkRequest) {
			req.ParentDevName = nlattr.Some("wwan0")
		}},
	}
}

// TestLinkPPP makes a link that a process drives by /dev/ppp.
func TestLinkPPP(t *testing.T) {
	n := witness.NewNamespace(t)
	c := witness.NewTally(t)
	f, err := os.OpenFile("/dev/ppp", os.O_RDWR, 0)
	if err != nil {
		t.Skip(err)
	}
	// The link goes away with the descriptor.
	t.Cleanup(func() { f.Close() })
	n.Create(&rtlink.NewlinkRequest{Ifname: nlattr.Some("ppp7"), Mtu: u32(1492), Linkinfo: &rtlink.LinkinfoAttrs{
		Data: &rtlink.LinkinfoPppAttrs{DevFd: nlattr.Some(int32(f.Fd()))},
	}})
	compareWithIP(n, c, "ppp7")
	c.Report("ppp")
}

// TestLinkMembers compares links of masters that say nothing of their members but their kind.
func TestLinkMembers(t *testing.T) {
	n := witness.NewNamespace(t)
	for _, kind := range []string{"team", "batadv"} {
		n.Run(kind, func(n *witness.Namespace) {
			c := witness.NewTally(n.T)
			master := n.Create(&rtlink.NewlinkRequest{Ifname: nlattr.Some("master0"), Linkinfo: &rtlink.LinkinfoAttrs{Kind: nlattr.Some(kind)}})
			port := n.Plain("port0")
			if err := n.Links.Setlink(n.Ctx, &rtlink.SetlinkRequest{Header: rtlink.Ifinfomsg{IfiIndex: port.Header.IfiIndex},
				Address: net.HardwareAddr{2, 0, 0, 0, 0, 3}, Master: u32(uint32(master.Header.IfiIndex))}); err != nil {
				n.T.Fatal(err)
			}
			if got := n.Link("port0").Linkinfo; got.SlaveKind.V != kind || len(got.Unknown) > 0 {
				n.T.Errorf("the member's link says %+v", got)
			}
			compareWithIP(n, c, "port0")
			compareWithIP(n, c, "master0")
			c.Report(kind)
		})
	}
}
