package tc

import (
	"net"
	"net/netip"

	"github.com/nlgen/nlgen/generated/tc"
	"github.com/nlgen/nlgen/runtime/nlattr"
)

// flowerCases have each field of flower at least once, most with a mask.
//
// The answer to a filter for tags has the ethertype behind them as key-eth-type as well.
func flowerCases() []filterCase {
	mask4 := func(bits int) nlattr.Opt[netip.Addr] {
		a, _ := netip.AddrFromSlice(net.CIDRMask(bits, 32))
		return some(a)
	}
	mask6 := func(bits int) nlattr.Opt[netip.Addr] {
		a, _ := netip.AddrFromSlice(net.CIDRMask(bits, 128))
		return some(a)
	}
	oui := net.HardwareAddr{255, 255, 255, 0, 0, 0}
	list := []filterCase{
		filter("flower eth ipv4 tcp", ip, &tc.FlowerAttrs{
			Classid: u32(0x10010), Indev: some("tc1"), Flags: some(tc.ClsFlagsSkipHw),
			KeyEthDst: net.HardwareAddr{2, 0, 0, 0, 0, 0}, KeyEthDstMask: oui, KeyEthSrc: macB, KeyEthSrcMask: net.HardwareAddr{255, 255, 255, 255, 255, 255},
			KeyIpProto: u8(6), KeyIpv4Src: v4, KeyIpv4SrcMask: mask4(32), KeyIpv4Dst: other, KeyIpv4DstMask: mask4(24),
			KeyTcpSrc: u16(1000), KeyTcpSrcMask: u16(0xfff8), KeyTcpDst: u16(80), KeyTcpDstMask: u16(0xffff), KeyTcpFlags: u16(2), KeyTcpFlagsMask: u16(0x12),
			KeyIpTos: u8(0x20), KeyIpTosMask: u8(0xfc), KeyIpTtl: u8(64), KeyIpTtlMask: u8(0xff),
			KeyFlags: some(tc.FlowerKeyCtrlFlagsFrag), KeyFlagsMask: some(tc.FlowerKeyCtrlFlagsFrag | tc.FlowerKeyCtrlFlagsFirstfrag),
			Act: acts(next(), drop()),
		}, "Act", "Flags"),
		filter("flower ipv6 udp", ipv6, &tc.FlowerAttrs{
			KeyIpProto: u8(17), KeyIpv6Src: v6, KeyIpv6SrcMask: mask6(128), KeyIpv6Dst: some(netip.MustParseAddr("2001:db8::")), KeyIpv6DstMask: mask6(32),
			KeyUdpSrc: u16(53), KeyUdpSrcMask: u16(0xffff), KeyUdpDst: u16(0x1230), KeyUdpDstMask: u16(0xfff0),
		}),
		filter("flower sctp", ip, &tc.FlowerAttrs{
			KeyIpProto: u8(132), KeySctpSrc: u16(5), KeySctpSrcMask: u16(0xff), KeySctpDst: u16(6), KeySctpDstMask: u16(0xffff),
		}),
		filter("flower ranges", ip, &tc.FlowerAttrs{
			KeyIpProto: u8(6), KeyPortSrcMin: u16(1000), KeyPortSrcMax: u16(2000), KeyPortDstMin: u16(10), KeyPortDstMax: u16(20),
		}),
		filter("flower icmp", ip, &tc.FlowerAttrs{
			KeyIpProto: u8(1), KeyIcmpv4Type: u8(8), KeyIcmpv4TypeMask: u8(0xff), KeyIcmpv4Code: u8(1), KeyIcmpv4CodeMask: u8(0x3),
		}),
		filter("flower icmpv6", ipv6, &tc.FlowerAttrs{
			KeyIpProto: u8(58), KeyIcmpv6Type: u8(128), KeyIcmpv6TypeMask: u8(0xff), KeyIcmpv6Code: u8(1), KeyIcmpv6CodeMask: u8(0xff),
		}),
		filter("flower arp", arp, &tc.FlowerAttrs{
			KeyArpSip: v4, KeyArpSipMask: mask4(32), KeyArpTip: other, KeyArpTipMask: mask4(16), KeyArpOp: u8(1), KeyArpOpMask: u8(0xff),
			KeyArpSha: macA, KeyArpShaMask: net.HardwareAddr{255, 255, 255, 255, 255, 255}, KeyArpTha: net.HardwareAddr{2, 0, 0, 0, 0, 0}, KeyArpThaMask: oui,
		}),
		filter("flower vlan", vlan, &tc.FlowerAttrs{KeyVlanID: u16(100), KeyVlanPrio: u8(5), KeyVlanEthType: u16(ip), KeyIpProto: u8(17)}, "KeyEthType"),
		filter("flower qinq", ad, &tc.FlowerAttrs{
			KeyVlanID: u16(100), KeyVlanEthType: u16(vlan), KeyCvlanID: u16(7), KeyCvlanPrio: u8(1), KeyCvlanEthType: u16(ip),
		}, "KeyEthType"),
		filter("flower tags", all, &tc.FlowerAttrs{KeyNumOfVlans: u8(3)}),
		filter("flower mpls", mpls, &tc.FlowerAttrs{KeyMplsLabel: u32(0x12345), KeyMplsTc: u8(5), KeyMplsBos: u8(1), KeyMplsTtl: u8(9)}),
		filter("flower mpls lse", mpls, &tc.FlowerAttrs{KeyMplsOpts: &tc.FlowerKeyMplsOptsAttrs{Lse: []tc.FlowerKeyMplsOptAttrs{
			{LseDepth: u8(1), LseLabel: u32(0x12345), LseTtl: u8(7)}, {LseDepth: u8(2), LseTc: u8(3), LseBos: u8(1)},
		}}}),
		filter("flower pppoe", 0x8864, &tc.FlowerAttrs{KeyPppoeSid: u16(77), KeyPppProto: u16(0x0021)}, "KeyEthType"),
		filter("flower l2tp", ip, &tc.FlowerAttrs{KeyIpProto: u8(115), KeyL2tpv3Sid: u32(0x01020304)}),
		filter("flower esp", ip, &tc.FlowerAttrs{KeyIpProto: u8(50), KeySpi: u32(0x01020304), KeySpiMask: u32(0xffffff00)}),
		filter("flower cfm", 0x8902, &tc.FlowerAttrs{KeyCfm: &tc.FlowerKeyCfmAttrs{MdLevel: u8(3), Opcode: u8(1)}}),
		filter("flower hash", all, &tc.FlowerAttrs{KeyHash: u32(0x1234), KeyHashMask: u32(0xffff)}),
		filter("flower miss", all, &tc.FlowerAttrs{L2Miss: u8(1)}),
		filter("flower ct", ip, &tc.FlowerAttrs{
			KeyCtState:     some(tc.FlowerKeyCtFlagsTracked | tc.FlowerKeyCtFlagsEstablished),
			KeyCtStateMask: some(tc.FlowerKeyCtFlagsTracked | tc.FlowerKeyCtFlagsEstablished | tc.FlowerKeyCtFlagsInvalid),
			KeyCtZone:      u16(4), KeyCtZoneMask: u16(0xffff), KeyCtMark: u32(9), KeyCtMarkMask: u32(0xff), KeyCtLabels: pattern(1), KeyCtLabelsMask: pattern(0xff),
		}),
		filter("flower ct new", ip, &tc.FlowerAttrs{
			KeyCtState: some(tc.FlowerKeyCtFlagsTracked | tc.FlowerKeyCtFlagsNew), KeyCtStateMask: some(tc.FlowerKeyCtFlagsTracked | tc.FlowerKeyCtFlagsNew),
		}),
		filter("flower ct reply", ip, &tc.FlowerAttrs{
			KeyCtState:     some(tc.FlowerKeyCtFlagsTracked | tc.FlowerKeyCtFlagsEstablished | tc.FlowerKeyCtFlagsRelated | tc.FlowerKeyCtFlagsReply),
			KeyCtStateMask: some(tc.FlowerKeyCtFlagsTracked | tc.FlowerKeyCtFlagsEstablished | tc.FlowerKeyCtFlagsRelated | tc.FlowerKeyCtFlagsReply),
		}),
		filter("flower tunnel", all, &tc.FlowerAttrs{
			KeyEncKeyID: u32(42), KeyEncIpv4Src: v4, KeyEncIpv4SrcMask: mask4(32), KeyEncIpv4Dst: other, KeyEncIpv4DstMask: mask4(24),
			KeyEncUdpSrcPort: u16(1), KeyEncUdpSrcPortMask: u16(0xffff), KeyEncUdpDstPort: u16(4789), KeyEncUdpDstPortMask: u16(0xffff),
			KeyEncIpTos: u8(0x10), KeyEncIpTosMask: u8(0xff), KeyEncIpTtl: u8(3), KeyEncIpTtlMask: u8(0xf),
			KeyEncFlags:     some(tc.FlowerKeyCtrlFlagsTuncsum),
			KeyEncFlagsMask: some(tc.FlowerKeyCtrlFlagsTuncsum | tc.FlowerKeyCtrlFlagsTunoam | tc.FlowerKeyCtrlFlagsTundf | tc.FlowerKeyCtrlFlagsTuncrit),
		}),
		filter("flower tunnel v6", all, &tc.FlowerAttrs{
			KeyEncKeyID: u32(43), KeyEncIpv6Src: v6, KeyEncIpv6SrcMask: mask6(128), KeyEncIpv6Dst: far, KeyEncIpv6DstMask: mask6(48),
		}),
	}
	for _, c := range []struct {
		name      string
		key, mask *tc.FlowerKeyEncOptsAttrs
	}{
		{
			"geneve",
			&tc.FlowerKeyEncOptsAttrs{Geneve: []tc.GeneveOptAttrs{
				geneve(0x0102, 0x80, 1, 2, 3, 4), geneve(0x0103, 1, 5, 6, 7, 8),
			}},
			&tc.FlowerKeyEncOptsAttrs{Geneve: []tc.GeneveOptAttrs{
				geneve(0xffff, 0xff, 255, 255, 255, 255), geneve(0xffff, 0xff, 255, 0, 0, 0),
			}},
		},
		{"vxlan", &tc.FlowerKeyEncOptsAttrs{Vxlan: &tc.VxlanOptAttrs{Gbp: u32(77)}}, &tc.FlowerKeyEncOptsAttrs{Vxlan: &tc.VxlanOptAttrs{Gbp: u32(0xff)}}},
		{
			"erspan", &tc.FlowerKeyEncOptsAttrs{Erspan: &tc.ErspanOptAttrs{Ver: u8(1), Index: u32(9)}},
			&tc.FlowerKeyEncOptsAttrs{Erspan: &tc.ErspanOptAttrs{Ver: u8(1), Index: u32(0xffffffff)}},
		},
		{
			"gtp", &tc.FlowerKeyEncOptsAttrs{Gtp: &tc.FlowerKeyEncOptGtpAttrs{PduType: u8(1), Qfi: u8(5)}},
			&tc.FlowerKeyEncOptsAttrs{Gtp: &tc.FlowerKeyEncOptGtpAttrs{PduType: u8(255), Qfi: u8(255)}},
		},
		{
			"pfcp", &tc.FlowerKeyEncOptsAttrs{Pfcp: &tc.FlowerKeyEncOptPfcpAttrs{Type: u8(1), Seid: u64(0x0102030405060708)}},
			&tc.FlowerKeyEncOptsAttrs{Pfcp: &tc.FlowerKeyEncOptPfcpAttrs{Type: u8(255), Seid: u64(0xffffffffffffffff)}},
		},
	} {
		f := filter("flower "+c.name, all, &tc.FlowerAttrs{KeyEncKeyID: u32(1), KeyEncOpts: c.key, KeyEncOptsMask: c.mask})
		f.vm = oops
		list = append(list, f)
	}
	for _, f := range list {
		if f.proto != all {
			f.req.Options.(*tc.FlowerAttrs).KeyEthType = u16(f.proto)
		}
	}
	return list
}
