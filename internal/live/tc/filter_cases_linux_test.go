package tc

import (
	"encoding/binary"

	"github.com/nlgen/nlgen/generated/tc"
	"github.com/nlgen/nlgen/runtime/nlattr"
)

// A filterCase is a filter to make.
type filterCase struct {
	name  string
	proto uint16
	req   *tc.NewtfilterRequest
	skip  []string // what is not answered as it was asked
	vm    string   // why it may run in the virtual machine only
}

// filter begins a case. The kind follows from the options.
func filter(name string, proto uint16, options tc.FilterOptionsMsg, skip ...string) filterCase {
	return filterCase{name: name, proto: proto, req: &tc.NewtfilterRequest{Options: options}, skip: skip}
}

// Ethertypes.
const (
	all, ip, ipv6, arp, vlan, ad, mpls uint16 = 3, 0x0800, 0x86dd, 0x0806, 0x8100, 0x88a8, 0x8847
)

// info is the header member of a filter with a priority and an ethertype.
func info(prio uint32, proto uint16) uint32 { return prio<<16 | uint32(swap(proto)) }

// swap is a number in network byte order, as the kernel has it in a u16.
func swap(v uint16) uint16 {
	return binary.NativeEndian.Uint16(binary.BigEndian.AppendUint16(nil, v))
}

// acts numbers actions from 1.
func acts(list ...tc.ActAttrs) []nlattr.Indexed[tc.ActAttrs] {
	var out []nlattr.Indexed[tc.ActAttrs]
	for i, a := range list {
		out = append(out, nlattr.Indexed[tc.ActAttrs]{Index: uint16(i + 1), V: a})
	}
	return out
}

// drop and next are simple actions.
func drop() tc.ActAttrs {
	return tc.ActAttrs{Options: &tc.ActGactAttrs{Parms: &tc.Gact{Action: tc.ActVerdictShot}}}
}

func next() tc.ActAttrs {
	return tc.ActAttrs{Options: &tc.ActGactAttrs{Parms: &tc.Gact{Action: tc.ActVerdictPipe}}}
}

// ematches is a tree of three matches: a comparison, bytes, and a word, which must not match.
func ematches() *tc.EmatchAttrs {
	return tc.NewEmatchTree(
		ematch(&tc.EmCmp{Val: 0x11, Off: 6, AlignFlags: 1, LayerOpnd: 1}, tc.EmatchFlagsRelAnd),
		ematch(&tc.EmNbyte{Off: 2, LenLayer: 2<<12 | 4, Needle: []byte("abcd")}, tc.EmatchFlagsRelAnd),
		ematch(&tc.U32Key{Mask: 0xff00, Val: 0x1200, Off: 4}, tc.EmatchFlagsInvert),
	)
}

func ematch(content tc.EmatchContent, flags tc.EmatchFlags) tc.Ematch {
	m, err := tc.NewEmatch(content, flags)
	if err != nil {
		panic(err)
	}
	return m
}

// police is the limit that most kinds of filters have an attribute for.
func police() *tc.PoliceAttrs {
	rate := tc.Ratespec{Linklayer: tc.LinklayerEthernet, Rate: 125_000}
	table := rate.Table(1500)
	return &tc.PoliceAttrs{Tbf: &tc.Police{Action: tc.ActVerdictShot, Burst: tc.Ticks(1250, 125_000), Mtu: 1500, Rate: rate}, Rate: table}
}

func filterCases() []filterCase {
	class := u32(1<<16 | 0x10)
	list := []filterCase{
		filter("u32", ip, &tc.U32Attrs{Classid: class, Sel: &tc.U32Sel{Flags: tc.U32FlagsTerminal}, Act: acts(next(), drop())}, "Act"),
		filter("u32 acts", ip, &tc.U32Attrs{Sel: &tc.U32Sel{}, Classid: class, Act: acts(
			tc.ActAttrs{Options: &tc.ActMirredAttrs{Parms: &tc.Mirred{Action: tc.ActVerdictPipe, Eaction: tc.MirredActionEgressMirror, Ifindex: 1}}},
			tc.ActAttrs{Options: &tc.ActMirredAttrs{Parms: &tc.Mirred{Action: tc.ActVerdictStolen, Eaction: tc.MirredActionIngressRedir, Ifindex: 1}}},
		)}, "Act"),
		filter("u32 mark", ip, &tc.U32Attrs{
			Classid: class, Sel: &tc.U32Sel{Flags: tc.U32FlagsTerminal | tc.U32FlagsOffset, Off: 20}, Mark: some(tc.U32Mark{Val: 5, Mask: 15}),
			Indev: some("tc1"), Flags: some(tc.ClsFlagsSkipHw),
		}, "Flags"),
		filter("u32 keys", ip, &tc.U32Attrs{Classid: class, Sel: &tc.U32Sel{
			Flags: tc.U32FlagsTerminal,
			Keys:  []tc.U32Key{{Mask: be(255, 255, 255, 0), Val: be(10, 1, 2, 0), Off: 16}, {Mask: 0xffff, Val: 80, Off: 0, Offmask: -1}},
		}}, "Nkeys"),
		filter("u32 hardware", ip, &tc.U32Attrs{Sel: &tc.U32Sel{Flags: tc.U32FlagsTerminal}, Flags: some(tc.ClsFlagsSkipSw | tc.ClsFlagsVerbose)}, "Flags"),
		filter("u32 table", ip, &tc.U32Attrs{Divisor: u32(16)}),
		filter("u32 police", all, &tc.U32Attrs{
			Classid: class, Sel: &tc.U32Sel{Flags: tc.U32FlagsTerminal},
			Police: police(),
		}, "Rate"),
		filter("basic text", ip, &tc.BasicAttrs{Ematches: tc.NewEmatchTree(ematch(&tc.EmText{
			Algo: "kmp", ToOffset: 100, PatternLen: 4, Layers: 0x21, Pattern: []byte("link"),
		}, tc.EmatchFlagsInvert))}),
		filter("basic police", ip, &tc.BasicAttrs{Classid: class, Ematches: ematches(), Police: police()}, "Rate"),
		filter("bpf police", all, &tc.BpfAttrs{Classid: class, OpsLen: u16(5), Ops: program(), Police: police()}, "Rate"),
		filter("bpf acts", all, &tc.BpfAttrs{Classid: class, OpsLen: u16(5), Ops: program(), Act: acts(next(), drop())}, "Act"),
		filter("cgroup police", all, &tc.CgroupAttrs{Police: police()}, "Rate"),
		filter("flow police", all, &tc.FlowAttrs{Keys: some(tc.FlowKeysDst), Mode: some(tc.FlowModeMap), Baseclass: class, Police: police()}, "Rate"),
		filter("fw goto", ip, &tc.FwAttrs{Classid: class, Act: acts(tc.ActAttrs{Options: &tc.ActGactAttrs{Parms: &tc.Gact{Action: 0x20000000 | 7}}})}, "Act"),
		filter("fw police", ip, &tc.FwAttrs{Classid: class, Police: police()}, "Rate"),
		filter("route police", ip, &tc.RouteAttrs{Classid: class, To: u32(12), From: u32(3), Police: police()}, "Rate"),
		filter("bpf", all, &tc.BpfAttrs{
			Classid: class, OpsLen: u16(5), Ops: program(), Name: some("two"), Flags: some(tc.BpfFlagsActDirect), FlagsGen: some(tc.ClsFlagsSkipHw),
		}, "FlagsGen", "Name"),
		filter("basic", ip, &tc.BasicAttrs{Classid: class, Ematches: ematches(), Act: acts(drop())}, "Act"),
		filter("cgroup", all, &tc.CgroupAttrs{Act: acts(drop()), Ematches: ematches()}, "Act"),
		filter("flow hash", all, &tc.FlowAttrs{
			Keys: some(tc.FlowKeysSrc | tc.FlowKeysDst | tc.FlowKeysProtoDst), Mode: some(tc.FlowModeHash), Baseclass: class, Divisor: u32(64), Perturb: u32(30),
		}),
		filter("flow map", all, &tc.FlowAttrs{
			Keys: some(tc.FlowKeysDst), Mode: some(tc.FlowModeMap), Baseclass: class, Rshift: u32(3), Addend: u32(7), Mask: u32(0xff), Xor: u32(0x55),
			Divisor: u32(16), Act: acts(next()),
		}, "Act"),
		filter("flow keys", all, &tc.FlowAttrs{Keys: some(2*tc.FlowKeysRxhash - 1), Mode: some(tc.FlowModeHash), Baseclass: class, Ematches: ematches()}),
		filter("fw", ip, &tc.FwAttrs{Classid: class, Mask: u32(0xff), Indev: some("tc1"), Act: acts(drop())}, "Act"),
		filter("route", ip, &tc.RouteAttrs{Classid: class, To: u32(10), From: u32(20), Act: acts(next())}, "Act"),
		filter("route iif", ip, &tc.RouteAttrs{Classid: class, To: u32(11), Iif: u32(1)}),
		filter("matchall", all, &tc.MatchallAttrs{Classid: class, Flags: some(tc.ClsFlagsSkipHw), Act: acts(drop())}, "Act", "Flags"),
	}
	return append(list, flowerCases()...)
}
