package tc

import (
	"errors"
	"fmt"
	"net/netip"
	"syscall"
	"testing"

	"github.com/nlgen/nlgen/generated/tc"
	"github.com/nlgen/nlgen/internal/nettest"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// TestChange changes a qdisc, replaces it by one of another kind, and meets the refusals between.
func TestChange(t *testing.T) {
	b := newBench(t)
	root := tc.Tcmsg{Ifindex: b.index, Parent: tc.HandleRoot, Handle: 1 << 16}
	fifo := func(limit uint32) *tc.NewqdiscRequest {
		return &tc.NewqdiscRequest{Header: root, Kind: some("pfifo"), Options: &tc.FifoQopt{Limit: limit}}
	}
	limit := func() uint32 { return b.getQdisc(root).Options.(*tc.FifoQopt).Limit }
	b.qdisc(fifo(10))
	if err := b.tc.Newqdisc(b.Ctx, fifo(20)); err != nil || limit() != 20 {
		t.Errorf("after a change: %v, limit %d", err, limit())
	}
	if err := b.tc.Newqdisc(b.Ctx, fifo(30), nlconn.Create, nlconn.Replace); err != nil || limit() != 30 {
		t.Errorf("after a replacement by itself: %v, limit %d", err, limit())
	}
	other := &tc.NewqdiscRequest{
		Header:  tc.Tcmsg{Ifindex: b.index, Parent: tc.HandleRoot, Handle: 2 << 16},
		Options: &tc.HtbAttrs{Init: &tc.HtbGlob{Version: 3, Rate2quantum: 10}},
	}
	witness.Refused(t, "another kind without Create and Replace", b.tc.Newqdisc(b.Ctx, other), syscall.EEXIST, `tc: newqdisc: EEXIST: "NLM_F_REPLACE needed to override"`)
	if err := b.tc.Newqdisc(b.Ctx, other, nlconn.Create, nlconn.Replace); err != nil {
		t.Fatal(err)
	}
	if got := b.getQdisc(other.Header); got.Kind.V != "htb" || got.Header.Handle != 2<<16 {
		t.Errorf("the root is %s %x", got.Kind.V, got.Header.Handle)
	}
	if err := b.tc.Delqdisc(b.Ctx, &tc.DelqdiscRequest{Header: root}); !errors.Is(err, syscall.EINVAL) && !errors.Is(err, syscall.ENOENT) {
		t.Errorf("the old handle: %v", err)
	}
}

// TestPlug holds packets back and lets them go, by turns and for good.
func TestPlug(t *testing.T) {
	b := newBench(t)
	plug := func(action tc.PlugAction, limit uint32) {
		t.Helper()
		at := tc.Tcmsg{Ifindex: b.index, Parent: tc.HandleRoot, Handle: 1 << 16}
		err := b.tc.Newqdisc(b.Ctx, &tc.NewqdiscRequest{Header: at, Options: &tc.PlugQopt{Action: action, Limit: limit}})
		if err != nil {
			t.Fatal(err)
		}
	}
	stats := func() *tc.GnetStatsQueue {
		return b.getQdisc(tc.Tcmsg{Ifindex: b.index, Parent: tc.HandleRoot}).Stats2.Queue
	}
	waiting := func(when string, want uint32) {
		t.Helper()
		witness.Await(t, fmt.Sprintf("%d packets %s", want, when), func() bool { return stats().Qlen == want })
	}
	b.qdisc(&tc.NewqdiscRequest{Options: &tc.PlugQopt{Action: tc.PlugActionBuffer, Limit: 1 << 20}})
	plug(tc.PlugActionBuffer, 0)
	b.flood(4)
	waiting("behind the first plug", 4)
	plug(tc.PlugActionBuffer, 0)
	b.flood(3)
	plug(tc.PlugActionReleaseOne, 0)
	waiting("behind the second plug", 3)
	plug(tc.PlugActionReleaseIndefinite, 0)
	waiting("without plugs", 0)
	plug(tc.PlugActionBuffer, 0)
	plug(tc.PlugActionLimit, 2500)
	b.flood(8)
	if q := stats(); q.Drops == 0 || q.Backlog > 2500 {
		t.Errorf("with a limit: %+v", q)
	}
}

// TestTables has hash tables of u32: rules in a bucket, and one that leads there by bytes of the packet.
func TestTables(t *testing.T) {
	b := newBench(t)
	b.qdisc(qdisc("htb", &tc.HtbAttrs{Init: &tc.HtbGlob{Version: 3, Rate2quantum: 10}}).req)
	table, class := uint32(0x12300000), u32(1<<16|0x10)
	for _, c := range []struct {
		handle uint32
		rule   *tc.U32Attrs
	}{
		{table, &tc.U32Attrs{Divisor: u32(16)}},
		{0x005, &tc.U32Attrs{Classid: class, Hash: u32(table | 1<<12), Sel: &tc.U32Sel{
			Flags: tc.U32FlagsTerminal, Keys: []tc.U32Key{{Mask: be(0, 0, 255, 255), Val: 2000}}, // the port behind the header
		}, Mark: some(tc.U32Mark{Mask: 15})}},
		{0, &tc.U32Attrs{Link: u32(table), Sel: &tc.U32Sel{
			Flags:   tc.U32FlagsVaroffset | tc.U32FlagsEat,
			Offmask: 0x0f00, Offshift: 6, Hmask: be(0, 0, 0, 15), Hoff: 12,
			Keys: []tc.U32Key{{Mask: be(0, 255, 0, 0), Val: be(0, 17, 0, 0), Off: 8}},
		}}},
	} {
		err := b.tc.Newtfilter(b.Ctx, &tc.NewtfilterRequest{
			Header: tc.Tcmsg{Ifindex: b.index, Parent: 1 << 16, Handle: c.handle, Info: info(7, ip)}, Options: c.rule,
		}, nlconn.Create)
		if err != nil {
			t.Fatalf("%x: %v", c.handle, err)
		}
	}
	b.flood(10)
	for _, f := range b.filters(1<<16, nil) {
		// The kernel may be without CLS_U32_PERF.
		if o, ok := f.Options.(*tc.U32Attrs); ok && o.Sel != nil && (o.Pcnt != nil || nettest.Guest()) {
			if o.Pcnt.Rcnt == 0 || o.Pcnt.Kcnts[0] == 0 || !o.Link.OK && (o.Pcnt.Rhit == 0 || o.Mark.V.Success == 0) {
				t.Errorf("rule %x has counted %+v, %+v", f.Header.Handle, o.Pcnt, o.Mark)
			}
		}
	}
	tally := witness.NewTally(t)
	tally.Steady(func(tally *witness.Tally) { b.seeFilters(tally, 1<<16) })
	tally.Report("tables")
}

// TestBlocks shares filters between the links of a block, in a chain of their own, and lists them in short.
func TestBlocks(t *testing.T) {
	b := newBench(t)
	for _, link := range []int32{b.index, int32(b.peer)} {
		at := tc.Tcmsg{Ifindex: link, Parent: tc.HandleIngress, Handle: 0xffff0000}
		req := &tc.NewqdiscRequest{Header: at, Kind: some("clsact"), IngressBlock: u32(22), EgressBlock: u32(23)}
		if err := b.tc.Newqdisc(b.Ctx, req, nlconn.Create); err != nil {
			t.Fatal(err)
		}
		if got := b.getQdisc(at); got.IngressBlock.V != 22 || got.EgressBlock.V != 23 {
			t.Errorf("blocks %d and %d", got.IngressBlock.V, got.EgressBlock.V)
		}
	}
	block := tc.Tcmsg{Ifindex: ofBlock, Parent: 22}
	if err := b.tc.Newchain(b.Ctx, &tc.NewchainRequest{Header: block, Chain: u32(4)}, nlconn.Create, nlconn.Exclusive); err != nil {
		t.Fatal(err)
	}
	filter := &tc.NewtfilterRequest{
		Header: tc.Tcmsg{Ifindex: ofBlock, Parent: 22, Info: info(3, all)}, Chain: u32(4),
		Options: &tc.U32Attrs{Sel: &tc.U32Sel{Flags: tc.U32FlagsTerminal}, Act: acts(tc.ActAttrs{Options: &tc.ActMirredAttrs{
			Parms: &tc.Mirred{Action: tc.ActVerdictPipe, Eaction: tc.MirredActionEgressMirror, Ifindex: b.peer},
		}})},
	}
	if err := b.tc.Newtfilter(b.Ctx, filter, nlconn.Create); err != nil {
		t.Fatal(err)
	}
	chain, err := b.tc.Getchain(b.Ctx, &tc.GetchainRequest{Header: block, Chain: u32(4)})
	if err != nil || chain.Chain.V != 4 {
		t.Fatalf("chain: %v, %v", chain, err)
	}
	chains, err := b.tc.GetchainCollect(b.Ctx, &tc.GetchainDumpRequest{Header: block})
	if err != nil || len(chains) != 1 || chains[0].Chain.V != 4 {
		t.Errorf("chains: %v, %v", chains, err)
	}
	req := &tc.GettfilterDumpRequest{Header: block, Chain: u32(4)}
	list, err := b.tc.GettfilterCollect(b.Ctx, req)
	if err != nil {
		t.Fatal(err)
	}
	witness.Known(b, "filters", list)
	rules := 0
	for _, f := range list {
		if f.Header.Handle&0xfff != 0 && f.Header.Parent == 22 && f.Header.Ifindex == ofBlock {
			rules++
		}
	}
	if rules != 1 {
		t.Errorf("%d rules are in the block", rules)
	}
	req.DumpFlags = some(nlattr.Bitfield32{Value: uint32(tc.DumpFlagsTerse), Selector: uint32(tc.DumpFlagsTerse)})
	if _, err := b.tc.GettfilterCollect(b.Ctx, req); !errors.Is(err, syscall.EMSGSIZE) {
		t.Errorf("u32 knows terse dumps: %v", err)
	}
	if err := b.tc.Delchain(b.Ctx, &tc.DelchainRequest{Header: block, Chain: u32(4)}); err != nil {
		t.Error(err)
	}
}

// TestTemplate makes a chain that says which fields its filters compare, a filter that keeps to it, and lists it in short.
func TestTemplate(t *testing.T) {
	b := newBench(t)
	at := tc.Tcmsg{Ifindex: b.index, Parent: tc.HandleIngress, Handle: 0xffff0000}
	if err := b.tc.Newqdisc(b.Ctx, &tc.NewqdiscRequest{Header: at, Kind: some("clsact")}, nlconn.Create); err != nil {
		t.Fatal(err)
	}
	egress := tc.Tcmsg{Ifindex: b.index, Parent: 0xffff<<16 | tc.MinEgress, Info: info(1, ip)}
	all32 := some(netip.AddrFrom4([4]byte{255, 255, 255, 255}))
	template := &tc.FlowerAttrs{KeyEthType: u16(ip), KeyIpv4Dst: some(netip.IPv4Unspecified()), KeyIpv4DstMask: all32}
	err := b.tc.Newchain(b.Ctx, &tc.NewchainRequest{Header: egress, Chain: u32(6), Options: template}, nlconn.Create, nlconn.Exclusive)
	b.lacks("flower", err)
	if err != nil {
		t.Fatal(err)
	}
	chain, err := b.tc.Getchain(b.Ctx, &tc.GetchainRequest{Header: egress, Chain: u32(6)})
	if err != nil {
		t.Fatal(err)
	}
	witness.Known(b, "chain", chain)
	if o, ok := chain.Options.(*tc.FlowerAttrs); !ok || o.KeyIpv4DstMask != all32 || chain.Kind.V != "flower" {
		t.Errorf("template %v", chain)
	}
	tally := witness.NewTally(t)
	b.seeChains(tally, egress)
	tally.Report("template")
	filter := func(o *tc.FlowerAttrs) error {
		return b.tc.Newtfilter(b.Ctx, &tc.NewtfilterRequest{Header: egress, Chain: u32(6), Options: o}, nlconn.Create)
	}
	if err := filter(&tc.FlowerAttrs{KeyEthType: u16(ip), KeyIpv4Src: v4, KeyIpv4SrcMask: all32}); !errors.Is(err, syscall.EINVAL) {
		t.Errorf("a field outside of the template: %v", err)
	}
	if err := filter(&tc.FlowerAttrs{KeyEthType: u16(ip), KeyIpv4Dst: v4, KeyIpv4DstMask: all32, Act: acts(drop())}); err != nil {
		t.Fatal(err)
	}
	list, err := b.tc.GettfilterCollect(b.Ctx, &tc.GettfilterDumpRequest{
		Header: egress, DumpFlags: some(nlattr.Bitfield32{Value: uint32(tc.DumpFlagsTerse), Selector: uint32(tc.DumpFlagsTerse)}),
	})
	if err != nil {
		t.Fatal(err)
	}
	witness.Known(b, "filters", list)
	rules := 0
	for _, f := range list {
		if o, ok := f.Options.(*tc.FlowerAttrs); ok && f.Header.Handle != 0 {
			rules++
			if o.KeyIpv4Dst.OK || len(o.Act) != 1 || o.Act[0].V.Kind.V != "gact" || o.Act[0].V.Options != nil || o.Act[0].V.Stats == nil {
				t.Errorf("in short: %+v", o)
			}
		}
	}
	if rules != 1 {
		t.Errorf("%d filters", rules)
	}
}
