package link

import (
	"net"
	"net/netip"

	"github.com/nlgen/nlgen/generated/rtlink"
	"github.com/nlgen/nlgen/runtime/nlattr"
)

// A linkKind is a kind of link with settings.
type linkKind struct {
	name     string
	data     rtlink.LinkinfoDataMsg // nil for kinds without
	explicit bool                   // several kinds have this data: name the one that is meant
	onLower  bool                   // stands on another link
	needs    string                 // a file that tells of the device it belongs to
	up       bool                   // bring it up before it is read
	skip     []string               // fields of the request that the kernel does not answer
	change   func(req *rtlink.NewlinkRequest)
}

// linkKinds lists what TestLinks makes. The lower link is the one that others can stand on.
func linkKinds(lower uint32) []linkKind {
	key := rtlink.GreFlagsKey
	return []linkKind{
		{name: "dummy"},
		{name: "ifb"},
		{name: "nlmon"},
		{name: "vcan", up: true},
		{name: "veth", data: &rtlink.LinkinfoVethAttrs{Peer: &rtlink.VethPeerVeth{Ifname: nlattr.Some("test1")}}, skip: []string{"Data"}},
		{name: "netkit", data: &rtlink.LinkinfoNetkitAttrs{
			Mode: nlattr.Some(rtlink.NetkitModeL3), PeerInfo: &rtlink.NetkitPeerNetkit{Ifname: nlattr.Some("test1")},
		}},
		{name: "bridge", up: true, data: &rtlink.LinkinfoBridgeAttrs{
			ForwardDelay: u32(400), HelloTime: u32(300), MaxAge: u32(1000), AgeingTime: u32(20000), Priority: u16(0x1000),
			StpState: nlattr.Some(rtlink.BridgeStpStateKernel), GroupFwdMask: u16(8), McastSnooping: yes(), McastQuerier: yes(),
			McastQueryUseIfaddr: yes(), McastHashMax: u32(1024), McastLastMemberCnt: u32(3), McastStartupQueryCnt: u32(4),
			McastLastMemberIntvl: u64(200), McastMembershipIntvl: u64(20000), McastQuerierIntvl: u64(21000), McastQueryIntvl: u64(10000),
			McastQueryResponseIntvl: u64(900), McastStartupQueryIntvl: u64(2000), McastIgmpVersion: u8(3), McastStatsEnabled: yes(),
			GroupAddr: net.HardwareAddr{1, 0x80, 0xc2, 0, 0, 4},
			MultiBoolopt: nlattr.Some(rtlink.BrBooloptMulti{
				Optval: rtlink.BrBooloptNoLlLearn, Optmask: rtlink.BrBooloptNoLlLearn,
			}),
		}, skip: []string{"MultiBoolopt"}},
		{name: "bridge", up: true, data: &rtlink.LinkinfoBridgeAttrs{
			VlanFiltering: yes(), VlanProtocol: nlattr.Some(rtlink.VlanProtocols8021ad), VlanDefaultPvid: u16(7), VlanStatsEnabled: yes(),
			VlanStatsPerPort: yes(), McastRouter: nlattr.Some(rtlink.MdbRtrTypePerm), FdbMaxLearned: u32(50),
		}},
		{name: "vlan", onLower: true, up: true, data: &rtlink.LinkinfoVlanAttrs{
			ID: u16(5), Protocol: nlattr.Some(rtlink.VlanProtocols8021ad),
			Flags: nlattr.Some(rtlink.IflaVlanFlags{
				Flags: rtlink.VlanFlagsBridgeBinding | rtlink.VlanFlagsLooseBinding | rtlink.VlanFlagsReorderHdr, Mask: 0x1f,
			}),
			EgressQos:  &rtlink.IflaVlanQosAttrs{Mapping: []rtlink.IflaVlanQosMapping{{From: 5, To: 6}, {From: 6, To: 1}}},
			IngressQos: &rtlink.IflaVlanQosAttrs{Mapping: []rtlink.IflaVlanQosMapping{{From: 1, To: 2}, {From: 3, To: 4}}},
		}, skip: []string{"Flags"}},
		{name: "vlan", onLower: true, data: &rtlink.LinkinfoVlanAttrs{ID: u16(4094)}},
		{name: "vlan", onLower: true, data: &rtlink.LinkinfoVlanAttrs{
			ID: u16(1), Protocol: nlattr.Some(rtlink.VlanProtocols8021q),
			Flags: nlattr.Some(rtlink.IflaVlanFlags{Flags: rtlink.VlanFlagsGvrp | rtlink.VlanFlagsMvrp, Mask: 0x1f}),
		}, skip: []string{"Flags"}}, // The mask is answered as all ones; ip has the flags.
		{name: "vxlan", data: &rtlink.LinkinfoVxlanAttrs{
			ID: u32(42), Group: addr("192.0.2.2"), Local: addr("192.0.2.1"), Link: u32(lower), Ttl: u8(5), Tos: u8(3), Learning: no(),
			Ageing: u32(100), Limit: u32(50), PortRange: nlattr.Some(rtlink.IflaVxlanPortRange{Low: 1000, High: 2000}), Port: u16(4790),
			Proxy: yes(), Rsc: yes(), L2miss: yes(), L3miss: yes(), UdpCsum: no(), UdpZeroCsum6Tx: yes(), UdpZeroCsum6Rx: yes(),
			Gbp: true, Df: nlattr.Some(rtlink.VxlanDfSet),
		}},
		{name: "vxlan", data: &rtlink.LinkinfoVxlanAttrs{
			ID: u32(0xffffff), Group6: addr("ff05::100"), Link: u32(lower), RemcsumTx: yes(), RemcsumRx: yes(), Label: u32(0x1234),
			RemcsumNopartial: true, Port: u16(4791), Tos: u8(1),
		}},
		{name: "vxlan", data: &rtlink.LinkinfoVxlanAttrs{CollectMetadata: yes(), Vnifilter: yes(), Port: u16(4792)}},
		{name: "vxlan", data: &rtlink.LinkinfoVxlanAttrs{CollectMetadata: yes(), Gpe: true, Learning: no(), Port: u16(4793)}},
		{name: "vxlan", data: &rtlink.LinkinfoVxlanAttrs{ID: u32(9), Group: addr("239.1.1.1"), Link: u32(lower), Local: addr("192.0.2.7")}},
		{name: "vrf", up: true, data: &rtlink.LinkinfoVrfAttrs{Table: u32(1000)}},
		{name: "bond", data: &rtlink.LinkinfoBondAttrs{
			Mode: nlattr.Some(rtlink.BondMode8023ad), Miimon: u32(100), Updelay: u32(200), Downdelay: u32(300),
			AdLacpRate: nlattr.Some(rtlink.BondLacpRateFast), XmitHashPolicy: nlattr.Some(rtlink.BondXmitHashPolicyLayer34),
			AdSelect: nlattr.Some(rtlink.BondAdSelectCount), AdActorSysPrio: u16(5), AdUserPortKey: u16(9), MinLinks: u32(2), LpInterval: u32(4),
			AdActorSystem: net.HardwareAddr{2, 0, 0, 0, 0, 7}, ResendIgmp: u32(3), AllSlavesActive: yes(), AdLacpActive: yes(),
		}},
		{name: "bond", data: &rtlink.LinkinfoBondAttrs{
			Mode: nlattr.Some(rtlink.BondModeActivebackup), ArpInterval: u32(500), NumPeerNotif: u8(4),
			ArpIpTarget: []netip.Addr{netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")},
			NsIp6Target: []netip.Addr{netip.MustParseAddr("2001:db8::1")},
			ArpValidate: nlattr.Some(rtlink.BondArpValidateAll), ArpAllTargets: nlattr.Some(rtlink.BondArpAllTargetsAll),
			PrimaryReselect: nlattr.Some(rtlink.BondPrimaryReselectBetter), FailOverMac: nlattr.Some(rtlink.BondFailOverMacActive),
			MissedMax: u8(5),
		}},
		{name: "macvlan", onLower: true, explicit: true, data: &rtlink.LinkinfoMacvlanAttrs{
			Mode: nlattr.Some(rtlink.MacvlanModeBridge), BcQueueLen: u32(500), BcCutoff: nlattr.Some(int32(2)),
		}},
		{name: "macvlan", onLower: true, explicit: true, data: &rtlink.LinkinfoMacvlanAttrs{
			Mode: nlattr.Some(rtlink.MacvlanModeSource), MacaddrMode: nlattr.Some(rtlink.MacvlanMacaddrModeSet),
			MacaddrData: &rtlink.MacvlanMacaddrAttrs{Macaddr: []net.HardwareAddr{{2, 0, 0, 0, 0, 1}, {2, 0, 0, 0, 0, 2}}},
		}, skip: []string{"MacaddrMode", "MacaddrData"}},
		{name: "macvtap", onLower: true, explicit: true, data: &rtlink.LinkinfoMacvlanAttrs{Mode: nlattr.Some(rtlink.MacvlanModeVepa)}},
		{name: "ipvlan", onLower: true, explicit: true, data: &rtlink.LinkinfoIpvlanAttrs{
			Mode: nlattr.Some(rtlink.IpvlanModeL3s), Flags: nlattr.Some(rtlink.IpvlanFlagsPrivate),
		}},
		{name: "geneve", data: &rtlink.LinkinfoGeneveAttrs{
			ID: u32(7), Remote: addr("192.0.2.9"), Ttl: u8(4), Tos: u8(8), Port: u16(6082), Df: nlattr.Some(rtlink.GeneveDfSet), UdpCsum: yes(),
		}},
		{name: "geneve", data: &rtlink.LinkinfoGeneveAttrs{
			ID: u32(8), Remote6: addr("2001:db8::9"), Label: u32(0x321), UdpZeroCsum6Tx: yes(), UdpZeroCsum6Rx: yes(), TtlInherit: yes(),
		}},
		{name: "geneve", data: &rtlink.LinkinfoGeneveAttrs{CollectMetadata: true}},
		{name: "gre", explicit: true, up: true, data: &rtlink.LinkinfoGreAttrs{
			Local: addr("192.0.2.1"), Remote: addr("192.0.2.2"), Iflags: nlattr.Some(key | rtlink.GreFlagsSeq), Oflags: nlattr.Some(key | rtlink.GreFlagsCsum),
			Ikey: u32(1), Okey: u32(0x01020304), Ttl: u8(9), Tos: u8(4), Pmtudisc: yes(), Fwmark: u32(0x11), Link: u32(lower),
		}},
		{name: "gretap", explicit: true, data: &rtlink.LinkinfoGreAttrs{
			Local: addr("192.0.2.1"), Remote: addr("192.0.2.3"), Pmtudisc: no(), IgnoreDf: yes(), Tos: u8(1),
		}},
		{name: "erspan", explicit: true, data: &rtlink.LinkinfoGreAttrs{
			Local: addr("192.0.2.1"), Remote: addr("192.0.2.4"), Iflags: nlattr.Some(key | rtlink.GreFlagsSeq), Oflags: nlattr.Some(key | rtlink.GreFlagsSeq),
			Ikey: u32(5), Okey: u32(5), ErspanVer: u8(2), ErspanDir: u8(1), ErspanHwid: u16(9),
		}},
		{name: "ip6gre", explicit: true, data: &rtlink.LinkinfoGre6Attrs{
			Local: addr("2001:db8::1"), Remote: addr("2001:db8::2"), Ttl: u8(7), EncapLimit: u8(3), Flowinfo: u32(0x01100012),
			Iflags: nlattr.Some(key), Oflags: nlattr.Some(key), Ikey: u32(3), Okey: u32(4),
		}},
		{name: "ip6gretap", explicit: true, data: &rtlink.LinkinfoGre6Attrs{Local: addr("2001:db8::1"), Remote: addr("2001:db8::3"), Ttl: u8(64)}},
		{name: "ipip", explicit: true, data: &rtlink.LinkinfoIptunAttrs{
			Local: addr("192.0.2.1"), Remote: addr("192.0.2.5"), Ttl: u8(9), Tos: u8(0x10), Proto: u8(4), Pmtudisc: yes(), Link: u32(lower), Fwmark: u32(3),
		}},
		{name: "sit", explicit: true, data: &rtlink.LinkinfoIptunAttrs{
			Local: addr("192.0.2.1"), Remote: addr("192.0.2.6"), Ttl: u8(9), Proto: u8(41), Pmtudisc: yes(),
		}},
		{name: "sit", explicit: true, data: &rtlink.LinkinfoIptunAttrs{
			Local: addr("192.0.2.1"), Ttl: u8(9), X6rdPrefix: addr("2001:db8::"), X6rdPrefixlen: u16(32), X6rdRelayPrefix: addr("192.0.2.0"),
			X6rdRelayPrefixlen: u16(24),
		}},
		{name: "ip6tnl", data: &rtlink.LinkinfoIp6tnlAttrs{
			Local: addr("2001:db8::1"), Remote: addr("2001:db8::4"), Proto: u8(41), Ttl: u8(7), EncapLimit: u8(3), Flowinfo: u32(0x01100012), Fwmark: u32(9),
		}},
		{name: "vti", data: &rtlink.LinkinfoVtiAttrs{Local: addr("192.0.2.1"), Remote: addr("192.0.2.7"), Ikey: u32(5), Okey: u32(6)}},
		{name: "vti6", data: &rtlink.LinkinfoVti6Attrs{Local: addr("2001:db8::1"), Remote: addr("2001:db8::7"), Ikey: u32(5), Okey: u32(6)}},
		{name: "xfrm", data: &rtlink.LinkinfoXfrmAttrs{Link: u32(lower), IfID: u32(7)}},
	}
}
