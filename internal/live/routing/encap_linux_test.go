package routing

import (
	"errors"
	"fmt"
	"net/netip"
	"os"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/rtlink"
	"github.com/nlgen/nlgen/generated/rtroute"
	"github.com/nlgen/nlgen/internal/nettest"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// An encapCase is a lightweight tunnel with a name, and the way that packets take behind it.
type encapCase struct {
	name    string
	dst     string // a network that is routed there
	oif     uint32
	gateway string
	data    rtroute.EncapMsg
	skip    []string // what is not answered as it was asked
}

// route is the route through the tunnel.
func (e *encapCase) route() routeCase {
	req := with(route(e.dst), func(r *rtroute.NewrouteRequest) {
		r.Oif, r.Encap = u32(e.oif), e.data
		if e.gateway != "" {
			r.Gateway = addr(e.gateway)
		}
	})
	return routeCase{"encap " + e.name, req, e.skip}
}

// encaps are tunnels of every kind that the kernel may have, with all that each can be told.
func (r *routing) encaps() []encapCase {
	var list []encapCase
	add := func(name string, family uint8, data rtroute.EncapMsg, changes ...func(e *encapCase)) {
		dst := fmt.Sprintf("10.70.%d.0/24", len(list))
		if family == unix.AF_INET6 {
			dst = fmt.Sprintf("2001:db8:70%02x::/64", len(list))
		}
		e := encapCase{name: fmt.Sprint(name, " ", dst), dst: dst, oif: r.first, data: data}
		for _, change := range changes {
			change(&e)
		}
		list = append(list, e)
	}
	const v4, v6 = unix.AF_INET, unix.AF_INET6
	via := func(gateway string) func(*encapCase) { return func(e *encapCase) { e.gateway = gateway } }
	add("mpls", v4, &rtroute.EncapMplsAttrs{Dst: []uint32{100 << 12, 200<<12 | 1<<8}, Ttl: u8(5)}, via("192.0.2.2"))

	// The bits that say that there are options are the kernel's.
	const flags = rtroute.EncapIpFlagsCsum | rtroute.EncapIpFlagsRouting | rtroute.EncapIpFlagsKey | rtroute.EncapIpFlagsSeq | rtroute.EncapIpFlagsStrict |
		rtroute.EncapIpFlagsRec | rtroute.EncapIpFlagsVersion | rtroute.EncapIpFlagsNoKey | rtroute.EncapIpFlagsDontFragment | rtroute.EncapIpFlagsOam |
		rtroute.EncapIpFlagsCritOpt | rtroute.EncapIpFlagsNocache
	add("ip", v4, &rtroute.EncapIpAttrs{
		ID: u64(7), Src: addr("192.0.2.1"), Dst: addr("198.51.100.2"), Ttl: u8(4), Tos: u8(8), Flags: nlattr.Some(flags),
	})
	add("ip6", v6, &rtroute.EncapIp6Attrs{
		ID: u64(8), Src: addr("2001:db8::1"), Dst: addr("2001:db8::5"), Hoplimit: u8(4), Tc: u8(8), Flags: nlattr.Some(flags),
	})
	list = append(list, r.optionEncaps(len(list))...)

	for _, mode := range []rtroute.Seg6Mode{rtroute.Seg6ModeInline, rtroute.Seg6ModeEncap, rtroute.Seg6ModeL2encap, rtroute.Seg6ModeEncapRed, rtroute.Seg6ModeL2encapRed} {
		add("seg6 "+mode.String(), v6, &rtroute.EncapSeg6Attrs{Srh: segmentRouting(mode, "2001:db8::7", "2001:db8::8")})
	}
	local := func(action rtroute.Seg6LocalAction, data rtroute.EncapSeg6LocalAttrs, changes ...func(e *encapCase)) {
		data.Action = nlattr.Some(action)
		add("seg6-local "+action.String(), v6, &data, changes...)
	}
	psp := &rtroute.Seg6LocalFlvAttrs{Operation: nlattr.Some(rtroute.Seg6LocalFlvOpPsp)}
	compressed := &rtroute.Seg6LocalFlvAttrs{
		Operation: nlattr.Some(rtroute.Seg6LocalFlvOpNextCsid), LcblockBits: u8(40), LcnodeFnBits: u8(8),
	}
	counters := &rtroute.Seg6LocalCntAttrs{Packets: u64(0), Bytes: u64(0), Errors: u64(0)}
	header := segmentRouting(0, "2001:db8::7")[4:]
	local(rtroute.Seg6LocalActionEnd, rtroute.EncapSeg6LocalAttrs{Flavors: psp})
	local(rtroute.Seg6LocalActionEnd, rtroute.EncapSeg6LocalAttrs{Flavors: compressed, Counters: counters})
	local(rtroute.Seg6LocalActionEndX, rtroute.EncapSeg6LocalAttrs{Nh6: addr("2001:db8::2")})
	local(rtroute.Seg6LocalActionEndT, rtroute.EncapSeg6LocalAttrs{Table: u32(77)})
	local(rtroute.Seg6LocalActionEndDx2, rtroute.EncapSeg6LocalAttrs{Oif: u32(r.second)})
	local(rtroute.Seg6LocalActionEndDx4, rtroute.EncapSeg6LocalAttrs{Nh4: addr("192.0.2.2")})
	local(rtroute.Seg6LocalActionEndDx6, rtroute.EncapSeg6LocalAttrs{Nh6: addr("2001:db8::2")})
	local(rtroute.Seg6LocalActionEndDt6, rtroute.EncapSeg6LocalAttrs{Table: u32(77)})
	local(rtroute.Seg6LocalActionEndB6, rtroute.EncapSeg6LocalAttrs{Srh: header})
	local(rtroute.Seg6LocalActionEndB6Encap, rtroute.EncapSeg6LocalAttrs{Srh: header})
	program := &rtroute.Seg6LocalBpfProgAttrs{Prog: u32(uint32(witness.Program(r.Namespace.T, unix.BPF_PROG_TYPE_LWT_SEG6LOCAL, 0, 0))), ProgName: nlattr.Some("endpoint")}
	local(rtroute.Seg6LocalActionEndBpf, rtroute.EncapSeg6LocalAttrs{Bpf: program}, func(e *encapCase) { e.skip = []string{"Prog"} }) // Its number comes back.
	if r.link("vrf7", &rtlink.LinkinfoVrfAttrs{Table: u32(7)}) != 0 {
		if err := os.WriteFile("/proc/sys/net/vrf/strict_mode", []byte("1"), 0); err != nil {
			r.T.Fatal(err)
		}
		for _, action := range []rtroute.Seg6LocalAction{rtroute.Seg6LocalActionEndDt4, rtroute.Seg6LocalActionEndDt6, rtroute.Seg6LocalActionEndDt46} {
			local(action, rtroute.EncapSeg6LocalAttrs{Vrftable: u32(7)})
		}
	}

	ila := func(mode rtroute.IlaCsumMode, kind rtroute.IlaIdentType, hook rtroute.IlaHookType, changes ...func(*encapCase)) {
		add("ila "+mode.String(), v6, &rtroute.EncapIlaAttrs{
			Locator: u64(0x1000200030004), CsumMode: nlattr.Some(mode), IdentType: nlattr.Some(kind), HookType: nlattr.Some(hook),
		}, changes...)
	}
	ila(rtroute.IlaCsumModeAdjustTransport, rtroute.IlaIdentTypeLuid, rtroute.IlaHookTypeRouteOutput)
	ila(rtroute.IlaCsumModeNeutralMap, rtroute.IlaIdentTypeLuid, rtroute.IlaHookTypeRouteInput)
	ila(rtroute.IlaCsumModeNoAction, rtroute.IlaIdentTypeLuid, rtroute.IlaHookTypeRouteOutput)
	ila(rtroute.IlaCsumModeNeutralMapAuto, rtroute.IlaIdentTypeLuid, rtroute.IlaHookTypeRouteInput)
	ila(rtroute.IlaCsumModeNeutralMap, rtroute.IlaIdentTypeUseFormat, rtroute.IlaHookTypeRouteOutput, func(e *encapCase) {
		e.dst = "2001:db8:6f:0:2000::/80" // The three bits behind the locator say that it is a luid.
	})
	if xfrm := r.link("xfrm7", &rtlink.LinkinfoXfrmAttrs{CollectMetadata: true}); xfrm != 0 {
		for _, family := range []uint8{v4, v6} {
			add("xfrm", family, &rtroute.EncapXfrmAttrs{IfID: u32(0x1234), Link: u32(r.first)}, func(e *encapCase) { e.oif = xfrm })
		}
	}
	bpf := func(kind uint32, name string) *rtroute.LwtBpfProgAttrs {
		return &rtroute.LwtBpfProgAttrs{Fd: u32(uint32(witness.Program(r.Namespace.T, kind, 0, 0))), Name: nlattr.Some(name)}
	}
	for _, family := range []uint8{v4, v6} {
		add("bpf", family, &rtroute.EncapBpfAttrs{
			In: bpf(unix.BPF_PROG_TYPE_LWT_IN, "first"), Out: bpf(unix.BPF_PROG_TYPE_LWT_OUT, "second"), Xmit: bpf(unix.BPF_PROG_TYPE_LWT_XMIT, "third"), XmitHeadroom: u32(14),
		}, func(e *encapCase) { e.skip = []string{"Fd", "XmitHeadroom"} }) // They are not told.
	}
	return list
}

// optionEncaps are tunnels with options of a tunnel protocol. Some kernels crash when they release them.
func (r *routing) optionEncaps(from int) []encapCase {
	if !nettest.Guest() {
		r.T.Log("tunnels with options only in the virtual machine: some kernels crash")
		return nil
	}
	list := []encapCase{
		{name: "ip geneve", skip: []string{"Geneve"}, data: &rtroute.EncapIpAttrs{ID: u64(1), Dst: addr("198.51.100.2"), Opts: &rtroute.EncapIpOptsAttrs{
			Geneve: []rtroute.EncapIpOptGeneveAttrs{
				{Class: []uint16{0x102}, Type: []uint8{3}, Data: [][]byte{{1, 2, 3, 4}}},
				{Class: []uint16{0x103}, Type: []uint8{0x84}, Data: [][]byte{{1, 2, 3, 4, 5, 6, 7, 8}}},
			},
		}}},
		{name: "ip vxlan", data: &rtroute.EncapIpAttrs{ID: u64(1), Dst: addr("198.51.100.2"), Opts: &rtroute.EncapIpOptsAttrs{
			Vxlan: &rtroute.EncapIpOptVxlanAttrs{Gbp: u32(0x1234)},
		}}},
		{name: "ip erspan 1", data: &rtroute.EncapIpAttrs{ID: u64(1), Dst: addr("198.51.100.2"), Opts: &rtroute.EncapIpOptsAttrs{
			Erspan: &rtroute.EncapIpOptErspanAttrs{Ver: u8(1), Index: u32(0x12345)},
		}}},
		{name: "ip6 erspan 2", data: &rtroute.EncapIp6Attrs{ID: u64(1), Dst: addr("2001:db8::5"), Opts: &rtroute.EncapIpOptsAttrs{
			Erspan: &rtroute.EncapIpOptErspanAttrs{Ver: u8(2), Dir: u8(1), Hwid: u8(9)},
		}}},
	}
	for i := range list {
		list[i].dst, list[i].oif = fmt.Sprintf("10.70.%d.0/24", 100+from+i), r.first
	}
	return list
}

// link makes a link, and returns its number, or 0 if this kernel lacks its kind.
func (r *routing) link(name string, data rtlink.LinkinfoDataMsg) uint32 {
	r.T.Helper()
	err := r.Links.Newlink(r.Ctx, &rtlink.NewlinkRequest{Ifname: nlattr.Some(name), Linkinfo: &rtlink.LinkinfoAttrs{Data: data}}, nlconn.Create)
	if errors.Is(err, errors.ErrUnsupported) {
		r.T.Logf("%s: %v", name, err)
		return 0
	}
	if err != nil {
		r.T.Fatal(err)
	}
	link := r.Link(name)
	r.T.Cleanup(func() { _ = r.Links.Dellink(r.Ctx, &rtlink.DellinkRequest{Header: link.Header}) })
	r.Up(link)
	return uint32(link.Header.IfiIndex)
}

// segmentRouting is a struct seg6_iptunnel_encap, and behind it the path, last first. Inline, the kernel wants room for the destination
// of each packet there.
func segmentRouting(mode rtroute.Seg6Mode, path ...string) []byte {
	segments := []netip.Addr{}
	for i := range path {
		segments = append(segments, netip.MustParseAddr(path[len(path)-1-i]))
	}
	if mode == rtroute.Seg6ModeInline {
		segments = append([]netip.Addr{netip.IPv6Unspecified()}, segments...)
	}
	last := uint8(len(segments) - 1)
	b, _ := (&rtroute.Seg6IptunnelEncap{Mode: mode, Srh: rtroute.Ipv6SrHdr{
		Hdrlen: 2 * (last + 1), Type: 4, SegmentsLeft: last, FirstSegment: last,
	}}).AppendBinary(nil) // NB: it can not fail.
	for _, a := range segments {
		b = append(b, a.AsSlice()...)
	}
	return b
}
