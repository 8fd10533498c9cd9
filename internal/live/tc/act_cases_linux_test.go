package tc

import (
	"encoding/binary"
	"math"
	"net"
	"net/netip"
	"slices"

	"github.com/nlgen/nlgen/generated/tc"
	"github.com/nlgen/nlgen/runtime/nlattr"
)

// An actCase is an action to make.
type actCase struct {
	name string
	act  tc.ActAttrs
	skip []string // what is not answered as it was asked
	vm   string   // why it may run in the virtual machine only
}

// act begins a case. The kind follows from the options.
func act(name string, options tc.ActOptionsMsg, skip ...string) actCase {
	return actCase{name: name, act: tc.ActAttrs{Options: options}, skip: skip}
}

// The addresses of the tests.
var (
	macA  = net.HardwareAddr{2, 0, 0, 0, 0, 0xa}
	macB  = net.HardwareAddr{2, 0, 0, 0, 0, 0xb}
	v4    = nlattr.Some(netip.MustParseAddr("192.0.2.1"))
	other = nlattr.Some(netip.MustParseAddr("198.51.100.0"))
	v6    = nlattr.Some(netip.MustParseAddr("2001:db8::1"))
	far   = nlattr.Some(netip.MustParseAddr("2001:db8:f::2"))
)

// be is four bytes in network byte order as a number of struct members that are in it.
func be(a, b, c, d byte) uint32 { return binary.BigEndian.Uint32([]byte{a, b, c, d}) }

// oops is why options of tunnel headers are made in the virtual machine only.
const oops = "kernels of 6.18 have died of options of tunnel headers"

func actCases() []actCase {
	pipe := tc.Gact{Action: tc.ActVerdictPipe}
	gact := some2(pipe)
	cookie := act("gact", &tc.ActGactAttrs{
		Parms: &tc.Gact{Index: 7, Action: tc.ActVerdictOk}, Prob: some(tc.GactP{Ptype: tc.GactPtypeDeterm, Pval: 5, Paction: tc.ActVerdictShot}),
	})
	cookie.act.Cookie = []byte{0xde, 0xad, 0xbe, 0xef}
	cookie.act.Flags = some(nlattr.Bitfield32{Value: uint32(tc.ActFlagsNoPercpuStats), Selector: uint32(tc.ActFlagsNoPercpuStats)})
	cookie.act.HwStats = some(nlattr.Bitfield32{Value: uint32(tc.ActHwStatsDelayed), Selector: 3})
	list := []actCase{cookie}
	for _, v := range []tc.ActVerdict{tc.ActVerdictReclassify, tc.ActVerdictQueued, tc.ActVerdictRepeat, tc.ActVerdictTrap} {
		list = append(list, act("gact "+v.String(), &tc.ActGactAttrs{Parms: &tc.Gact{Action: v}}))
	}
	list = append(list,
		act("gact netrand", &tc.ActGactAttrs{
			Parms: &tc.Gact{Action: tc.ActVerdictPipe}, Prob: some(tc.GactP{Ptype: tc.GactPtypeNetrand, Pval: 3, Paction: tc.ActVerdictStolen}),
		}),
		act("gact jump", &tc.ActGactAttrs{Parms: &tc.Gact{Action: 0x10000000 | 2}}),
		act("mirred", &tc.ActMirredAttrs{Parms: &tc.Mirred{Action: tc.ActVerdictPipe, Eaction: tc.MirredActionEgressMirror}}),
		act("mirred redirect", &tc.ActMirredAttrs{Parms: &tc.Mirred{Action: tc.ActVerdictStolen, Eaction: tc.MirredActionEgressRedir}}),
		act("mirred mirror in", &tc.ActMirredAttrs{Parms: &tc.Mirred{Action: tc.ActVerdictPipe, Eaction: tc.MirredActionIngressMirror}}),
		act("mirred in", &tc.ActMirredAttrs{Parms: &tc.Mirred{Action: tc.ActVerdictStolen, Eaction: tc.MirredActionIngressRedir}}),
		act("mirred block", &tc.ActMirredAttrs{
			Parms: &tc.Mirred{Action: tc.ActVerdictPipe, Eaction: tc.MirredActionEgressMirror}, Blockid: u32(22),
		}),
		act("police", &tc.PoliceAttrs{
			Tbf:    &tc.Police{Action: tc.ActVerdictShot, Burst: 160_000, Mtu: 1500, Rate: slotted(125_000), Peakrate: slotted(250_000)},
			Result: some(tc.ActVerdictPipe), Rate: table(), Peakrate: table(),
		}, "Rate", "Peakrate"),
		act("police wide", &tc.PoliceAttrs{
			Tbf: &tc.Police{
				Action: tc.ActVerdictUnspec, Burst: 160_000, Mtu: 9000,
				Rate:     tc.Ratespec{CellLog: 3, Linklayer: tc.LinklayerEthernet, Rate: math.MaxUint32, Overhead: 24, Mpu: 64, CellAlign: -1},
				Peakrate: tc.Ratespec{CellLog: 3, Linklayer: tc.LinklayerEthernet, Rate: math.MaxUint32},
			},
			Rate64: u64(5_000_000_000), Peakrate64: u64(6_000_000_000), Rate: table(), Peakrate: table(),
		}, "Rate", "Peakrate"),
		act("police atm", &tc.PoliceAttrs{
			Tbf: &tc.Police{Action: tc.ActVerdictPipe, Burst: 160_000, Mtu: 1500, Rate: tc.Ratespec{CellLog: 3, Linklayer: tc.LinklayerAtm, Rate: 125_000}}, Rate: table(),
		}, "Rate"),
		act("police pkts", &tc.PoliceAttrs{Tbf: &tc.Police{Action: tc.ActVerdictReclassify}, Pktrate64: u64(1000), Pktburst64: u64(64)}),
		act("csum", &tc.ActCsumAttrs{Parms: &tc.Csum{Action: tc.ActVerdictPipe, UpdateFlags: tc.CsumFlagsIpv4hdr | tc.CsumFlagsTcp | tc.CsumFlagsSctp}}),
		act("csum others", &tc.ActCsumAttrs{Parms: &tc.Csum{
			Action: tc.ActVerdictUnspec, UpdateFlags: tc.CsumFlagsIcmp | tc.CsumFlagsIgmp | tc.CsumFlagsUdp | tc.CsumFlagsUdplite,
		}}),
		act("connmark", &tc.ActConnmarkAttrs{Parms: &tc.Connmark{Action: tc.ActVerdictPipe, Zone: 9}}),
		act("ct", &tc.ActCtAttrs{
			Parms: gact, Action: some(tc.CtActionCommit | tc.CtActionNat | tc.CtActionNatSrc), Zone: u16(5), Mark: u32(0x11), MarkMask: u32(0xff),
			Labels: pattern(0xf), LabelsMask: pattern(0xff), NatIpv4Min: v4, NatIpv4Max: some(netip.MustParseAddr("192.0.2.9")),
			NatPortMin: u16(1000), NatPortMax: u16(2000),
		}),
		act("ct v6", &tc.ActCtAttrs{
			Parms: gact, Action: some(tc.CtActionCommit | tc.CtActionForce | tc.CtActionNat | tc.CtActionNatDst), NatIpv6Min: v6, NatIpv6Max: far,
		}),
		act("ct helper", &tc.ActCtAttrs{
			Parms: gact, Action: some(tc.CtActionCommit), HelperName: some("ftp"), HelperFamily: u8(2), HelperProto: u8(6),
		}),
		act("ct clear", &tc.ActCtAttrs{Parms: gact, Action: some(tc.CtActionClear)}),
		act("ctinfo", &tc.ActCtinfoAttrs{
			Act: gact, Zone: u16(3), ParmsDscpMask: u32(0xfc000000), ParmsDscpStatemask: u32(0x1000000), ParmsCpmarkMask: u32(0xffff),
		}),
		act("gate", &tc.ActGateAttrs{
			Parms: gact, Priority: some(int32(-1)), BaseTime: u64(200_000_000_000), CycleTime: u64(900_000), CycleTimeExt: u64(1000),
			Clockid: some(int32(11)),
			EntryList: &tc.ActGateEntryListAttrs{OneEntry: []tc.ActGateEntryAttrs{
				{Gate: true, Interval: u32(300_000), Ipv: some(int32(-1)), MaxOctets: some(int32(-1))},
				{Interval: u32(600_000), Ipv: some(int32(2)), MaxOctets: some(int32(8000))},
			}},
		}, "EntryList"),
		act("ife", &tc.ActIfeAttrs{
			Parms: &tc.Ife{Action: tc.ActVerdictPipe, Flags: tc.IfeModeEncode}, Dmac: macA, Smac: macB, Type: u16(0xbeef),
			Metalst: &tc.ActIfeMetadataAttrs{Skbmark: host4(17), Prio: []byte{}},
		}, "Metalst"),
		act("ife decode", &tc.ActIfeAttrs{Parms: &tc.Ife{Action: tc.ActVerdictReclassify, Flags: tc.IfeModeDecode}}),
		act("ife tcindex", &tc.ActIfeAttrs{
			Parms: &tc.Ife{Action: tc.ActVerdictPipe, Flags: tc.IfeModeEncode}, Type: u16(0xbeef), Metalst: &tc.ActIfeMetadataAttrs{Tcindex: []byte{}, Prio: host4(3)},
		}, "Metalst"),
		act("mpls mac push", &tc.ActMplsAttrs{
			Parms: &tc.Mpls{Action: tc.ActVerdictPipe, MAction: tc.MplsActionMacPush}, Proto: u16(0x8847), Label: u32(77), Ttl: u8(1),
		}),
		act("mpls push", &tc.ActMplsAttrs{
			Parms: &tc.Mpls{Action: tc.ActVerdictPipe, MAction: tc.MplsActionPush}, Proto: u16(0x8847), Label: u32(1234), Tc: u8(3), Ttl: u8(9), Bos: u8(1),
		}),
		act("mpls pop", &tc.ActMplsAttrs{Parms: &tc.Mpls{Action: tc.ActVerdictPipe, MAction: tc.MplsActionPop}, Proto: u16(0x0800)}),
		act("mpls modify", &tc.ActMplsAttrs{Parms: &tc.Mpls{Action: tc.ActVerdictPipe, MAction: tc.MplsActionModify}, Label: u32(77)}),
		act("mpls dec ttl", &tc.ActMplsAttrs{Parms: &tc.Mpls{Action: tc.ActVerdictPipe, MAction: tc.MplsActionDecTtl}}),
		act("nat", &tc.ActNatAttrs{Parms: &tc.Nat{
			Action: tc.ActVerdictPipe, OldAddr: be(10, 0, 0, 0), NewAddr: be(192, 0, 2, 0), Mask: be(255, 255, 255, 0), Flags: tc.NatFlagsEgress,
		}}),
		act("pedit", &tc.ActPeditAttrs{Parms: &tc.PeditSel{
			Action: tc.ActVerdictPipe,
			Keys:   []tc.PeditKey{{Mask: 0xffff0000, Val: 0x1234, Off: 12}, {Mask: 0, Val: be(192, 0, 2, 9), Off: 16}},
		}}),
		act("pedit ex", &tc.ActPeditAttrs{
			ParmsEx: &tc.PeditSel{Action: tc.ActVerdictPipe, Keys: []tc.PeditKey{{Mask: 0xffffff, Val: 0xff000000, Off: 8}, {Mask: 0xffff0000, Val: 0x50}}},
			KeysEx: &tc.ActPeditKeysExAttrs{KeyEx: []tc.ActPeditKeyExAttrs{
				{Htype: some(tc.PeditHtypeIp4), Cmd: some(tc.PeditCmdAdd)}, {Htype: some(tc.PeditHtypeTcp), Cmd: some(tc.PeditCmdSet)},
			}},
		}),
		act("pedit headers", &tc.ActPeditAttrs{
			ParmsEx: &tc.PeditSel{Action: tc.ActVerdictPipe, Keys: []tc.PeditKey{
				{Mask: 0xffff0000, Val: 1}, {Mask: 0xffff0000, Val: 2, Off: 8}, {Mask: 0xffff0000, Val: 3}, {Mask: 0xffff0000, Val: 4, Off: 20},
				{Mask: 0xffffff00, Val: 5, At: 0, Offmask: 0xf, Shift: 2},
			}},
			KeysEx: &tc.ActPeditKeysExAttrs{KeyEx: []tc.ActPeditKeyExAttrs{
				{Htype: some(tc.PeditHtypeEth), Cmd: some(tc.PeditCmdSet)}, {Htype: some(tc.PeditHtypeIp6), Cmd: some(tc.PeditCmdSet)},
				{Htype: some(tc.PeditHtypeUdp), Cmd: some(tc.PeditCmdSet)}, {Htype: some(tc.PeditHtypeNetwork), Cmd: some(tc.PeditCmdAdd)},
				{Htype: some(tc.PeditHtypeNetwork), Cmd: some(tc.PeditCmdSet)},
			}},
		}),
		act("sample", &tc.ActSampleAttrs{Parms: gact, Rate: u32(100), TruncSize: u32(64), PsampleGroup: u32(5)}),
		act("simple", &tc.ActSimpleAttrs{Parms: gact, Data: some("hello")}),
		act("skbedit", &tc.ActSkbeditAttrs{Parms: gact, Priority: u32(0x10002), QueueMapping: u16(3), Mark: u32(0x40), Mask: u32(0xf0), Ptype: u16(3)}),
		act("skbedit hash", &tc.ActSkbeditAttrs{
			Parms: gact, QueueMapping: u16(1), QueueMappingMax: u16(3), Flags: some(tc.SkbeditFlagsTxqSkbhash | tc.SkbeditFlagsInheritdsfield),
		}, "Flags"),
		act("skbmod ecn", &tc.ActSkbmodAttrs{Parms: &tc.Skbmod{Action: tc.ActVerdictPipe, Flags: tc.SkbmodFlagsEcn}}),
		act("skbmod", &tc.ActSkbmodAttrs{
			Parms: &tc.Skbmod{Action: tc.ActVerdictPipe, Flags: tc.SkbmodFlagsDmac | tc.SkbmodFlagsSmac | tc.SkbmodFlagsEtype},
			Dmac:  macA, Smac: macB, Etype: u16(0x9000),
		}),
		act("skbmod swap", &tc.ActSkbmodAttrs{Parms: &tc.Skbmod{Action: tc.ActVerdictPipe, Flags: tc.SkbmodFlagsSwapmac}}),
		act("tunnel_key", &tc.ActTunnelKeyAttrs{
			Parms:      &tc.TunnelKey{Action: tc.ActVerdictPipe, TAction: tc.TunnelKeyActionSet},
			EncIpv4Src: v4, EncIpv4Dst: other, EncKeyID: u32(42), EncDstPort: u16(4789), NoCsum: u8(1), EncTos: u8(0x10), EncTtl: u8(33), NoFrag: true,
		}),
		act("tunnel_key v6", &tc.ActTunnelKeyAttrs{
			Parms:      &tc.TunnelKey{Action: tc.ActVerdictPipe, TAction: tc.TunnelKeyActionSet},
			EncIpv6Src: v6, EncIpv6Dst: far, EncKeyID: u32(43), EncDstPort: u16(6081), NoCsum: u8(0),
		}),
		act("tunnel_key release", &tc.ActTunnelKeyAttrs{Parms: &tc.TunnelKey{Action: tc.ActVerdictPipe, TAction: tc.TunnelKeyActionRelease}}),
		act("vlan push", &tc.ActVlanAttrs{
			Parms: &tc.Vlan{Action: tc.ActVerdictPipe, VAction: tc.VlanActionPush}, PushVlanID: u16(100), PushVlanProtocol: u16(0x88a8), PushVlanPriority: u8(5),
		}),
		act("vlan modify", &tc.ActVlanAttrs{
			Parms: &tc.Vlan{Action: tc.ActVerdictPipe, VAction: tc.VlanActionModify}, PushVlanID: u16(7), PushVlanProtocol: u16(0x8100),
		}),
		act("vlan pop", &tc.ActVlanAttrs{Parms: &tc.Vlan{Action: tc.ActVerdictPipe, VAction: tc.VlanActionPop}}),
		act("vlan pop eth", &tc.ActVlanAttrs{Parms: &tc.Vlan{Action: tc.ActVerdictPipe, VAction: tc.VlanActionPopEth}}),
		act("vlan push eth", &tc.ActVlanAttrs{
			Parms: &tc.Vlan{Action: tc.ActVerdictPipe, VAction: tc.VlanActionPushEth}, PushEthDst: macA, PushEthSrc: macB,
		}),
		act("bpf", &tc.ActBpfAttrs{Parms: gact, OpsLen: u16(5), Ops: program(), Name: some("one")}, "Name"),
	)
	for name, opts := range map[string]*tc.ActTunnelKeyEncOptsAttrs{
		"geneve": {Geneve: []tc.GeneveOptAttrs{
			geneve(0x0102, 0x80, 1, 2, 3, 4), geneve(0x0103, 1, 5, 6, 7, 8, 9, 10, 11, 12),
		}},
		"vxlan":     {Vxlan: &tc.VxlanOptAttrs{Gbp: u32(1234)}},
		"erspan v1": {Erspan: &tc.ErspanOptAttrs{Ver: u8(1), Index: u32(5)}},
		"erspan v2": {Erspan: &tc.ErspanOptAttrs{Ver: u8(2), Dir: u8(1), Hwid: u8(7)}},
	} {
		c := act("tunnel_key "+name, &tc.ActTunnelKeyAttrs{
			Parms:      &tc.TunnelKey{Action: tc.ActVerdictPipe, TAction: tc.TunnelKeyActionSet},
			EncIpv4Src: v4, EncIpv4Dst: other, EncKeyID: u32(1), EncDstPort: u16(1000), EncOpts: opts,
		})
		c.vm = oops
		list = append(list, c)
	}
	slices.SortStableFunc(list, func(a, b actCase) int { return len(a.vm) - len(b.vm) })
	return list
}

// geneve is an option.
func geneve(class uint16, typ uint8, data ...byte) tc.GeneveOptAttrs {
	return tc.GeneveOptAttrs{Class: []uint16{class}, Type: []uint8{typ}, Data: [][]byte{data}}
}

// merged is how the kernel answers: all options in one nest.
func merged(list []tc.GeneveOptAttrs) []tc.GeneveOptAttrs {
	var all tc.GeneveOptAttrs
	for _, o := range list {
		all.Class, all.Type, all.Data = append(all.Class, o.Class...), append(all.Type, o.Type...), append(all.Data, o.Data...)
	}
	return []tc.GeneveOptAttrs{all}
}

// some2 is a struct that is too large for an Opt.
func some2[T any](v T) *T { return &v }

// program is a classic BPF program that takes every packet, in one way or another if the first byte is above 127.
func program() *tc.SockFilters {
	return &tc.SockFilters{Instructions: []tc.SockFilter{{Code: 0x30}, {Code: 0x25, K: 127, Jt: 1, Jf: 2}, {Code: 6}, {Code: 6, K: 0xfffffffe}, {Code: 6, K: 0xffffffff}}}
}

// slotted is a rate that comes with a table.
func slotted(bytes uint32) tc.Ratespec {
	return tc.Ratespec{CellLog: 3, Linklayer: tc.LinklayerEthernet, Rate: bytes}
}

// table is a rate table.
func table() []uint32 {
	list := make([]uint32, 256)
	for i := range list {
		list[i] = uint32(100 * (i + 1))
	}
	return list
}

// host4 is a u32 in host byte order.
func host4(v uint32) []byte { return binary.NativeEndian.AppendUint32(nil, v) }

// big4 is one in network byte order.
func big4(v uint32) []byte { return binary.BigEndian.AppendUint32(nil, v) }

// pattern is 16 bytes.
func pattern(b byte) []byte { return []byte{b, b, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, b} }
