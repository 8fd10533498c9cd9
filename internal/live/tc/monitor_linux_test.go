package tc

import (
	"fmt"
	"iter"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/tc"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
	"github.com/nlgen/nlgen/runtime/nlmsg"
)

// TestMonitor makes, changes and deletes an object of each sort. Each change is told, and what we are told is, word by word, what tc's
// monitor prints.
func TestMonitor(t *testing.T) {
	b := newBench(t)
	ctx := witness.Patience(t)
	sub, err := b.tc.Subscribe(ctx, tc.GroupTc)
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	printed := witness.Watch(t, unix.NETLINK_ROUTE, "tc", "-s", "-d", "monitor")
	next, stop := iter.Pull2(sub.Events(ctx))
	defer stop()
	w, steps := new(words), b.steps()
	for _, step := range steps {
		if err := step.do(); err != nil {
			t.Fatalf("%s: %v", step.told, err)
		}
		// What else is told is what changes by itself, such as the chain that a filter needs.
		for told := ""; told != step.told; {
			ev, err, ok := next()
			if err != nil || !ok {
				t.Fatalf("%s is not told: %v", step.told, err)
			}
			witness.Known(b, "event", ev.Value)
			told = b.putEvent(w, ev)
		}
	}
	last := steps[len(steps)-1].told
	var theirs []string
	for len(theirs) == 0 || !strings.HasPrefix(theirs[len(theirs)-1], last) {
		theirs = append(theirs, printed(1)...)
	}
	theirs = append(theirs, printed(2)...) // what the last one has counted
	tally := witness.NewTally(t)
	w.same(tally, "events", []byte(strings.Join(theirs, "\n")))
	tally.Report("events")
}

// A step is a change, and the event that tells it, as putEvent calls it.
type step struct {
	told string
	do   func() error
}

// steps are changes of every sort.
func (b *bench) steps() []step {
	root := tc.Tcmsg{Ifindex: b.index, Parent: tc.HandleRoot, Handle: 1 << 16}
	onto := tc.Tcmsg{Ifindex: int32(b.peer), Parent: tc.HandleIngress, Handle: 0xffff0000}
	child := tc.Tcmsg{Ifindex: b.index, Parent: 1 << 16, Handle: 1<<16 | 1}
	chain := tc.Tcmsg{Ifindex: b.index, Parent: 1 << 16}
	block := tc.Tcmsg{Ifindex: ofBlock, Parent: 31}
	egress := tc.Tcmsg{Ifindex: int32(b.peer), Parent: 0xffff<<16 | tc.MinEgress, Info: info(5, ip)}
	at := tc.Tcmsg{Ifindex: b.index, Parent: 1 << 16, Info: info(7, all)}
	mirred := func(index uint32) []nlattr.Indexed[tc.ActAttrs] {
		return acts(tc.ActAttrs{Options: &tc.ActMirredAttrs{Parms: &tc.Mirred{
			Index: index, Action: tc.ActVerdictPipe, Eaction: tc.MirredActionEgressMirror, Ifindex: b.peer,
		}}})
	}
	action := func(index uint32, opt nlconn.CallOption) func() error {
		return func() error {
			return b.tc.Newaction(b.Ctx, &tc.NewactionRequest{Tab: mirred(index)}, nlconn.Create, opt)
		}
	}
	qdisc := func(at tc.Tcmsg, kind string, o tc.QdiscOptionsMsg, block nlattr.Opt[uint32]) func() error {
		return func() error {
			return b.tc.Newqdisc(b.Ctx, &tc.NewqdiscRequest{Header: at, Kind: some(kind), Options: o, IngressBlock: block}, nlconn.Create)
		}
	}
	class := func(bytes uint32, opts ...nlconn.CallOption) func() error {
		return func() error {
			return b.tc.Newtclass(b.Ctx, &tc.NewtclassRequest{
				Header: child, Options: &tc.HtbAttrs{Parms: &tc.HtbOpt{Rate: rate(bytes), Ceil: rate(bytes), Buffer: 1e5, Cbuffer: 1e5}},
			}, opts...)
		}
	}
	filter := func(at tc.Tcmsg, handle uint32, o *tc.U32Attrs, opts ...nlconn.CallOption) func() error {
		return func() error {
			at.Handle, o.Sel = handle, &tc.U32Sel{Flags: tc.U32FlagsTerminal}
			return b.tc.Newtfilter(b.Ctx, &tc.NewtfilterRequest{Header: at, Options: o}, append(opts, nlconn.Create)...)
		}
	}
	return []step{
		{"qdisc htb", qdisc(root, "htb", &tc.HtbAttrs{Init: &tc.HtbGlob{Version: 3, Rate2quantum: 10, Defcls: 0x20}}, nlattr.Opt[uint32]{})},
		{"class htb 1:1", class(1e6, nlconn.Create)},
		{"class htb 1:1", class(2e6)},
		{"added chain 9", func() error {
			return b.tc.Newchain(b.Ctx, &tc.NewchainRequest{Header: chain, Chain: u32(9)}, nlconn.Create, nlconn.Exclusive)
		}},
		{"added filter u32", filter(at, 0x800, &tc.U32Attrs{}, nlconn.Exclusive)},
		{"replaced filter u32", filter(at, 0x80000800, &tc.U32Attrs{Classid: u32(1<<16 | 1)})},
		{"qdisc clsact", qdisc(onto, "clsact", nil, u32(31))},
		{"added chain 4", func() error {
			return b.tc.Newchain(b.Ctx, &tc.NewchainRequest{Header: block, Chain: u32(4)}, nlconn.Create, nlconn.Exclusive)
		}},
		{"Added action mirred", action(4, nlconn.Exclusive)},
		{"added filter u32", filter(egress, 0, &tc.U32Attrs{Act: mirred(3)}, nlconn.Exclusive)},
		{"Replaced action mirred", action(4, nlconn.Replace)},
		{"deleted filter u32", func() error { return b.tc.Deltfilter(b.Ctx, &tc.DeltfilterRequest{Header: egress}) }},
		{"Deleted action mirred", func() error {
			return b.tc.Delaction(b.Ctx, &tc.DelactionRequest{Tab: acts(tc.ActAttrs{Kind: some("mirred"), Index: u32(4)})})
		}},
		{"deleted filter u32", func() error { return b.tc.Deltfilter(b.Ctx, &tc.DeltfilterRequest{Header: at}) }},
		{"deleted chain 4", func() error { return b.tc.Delchain(b.Ctx, &tc.DelchainRequest{Header: block, Chain: u32(4)}) }},
		{"deleted chain 9", func() error { return b.tc.Delchain(b.Ctx, &tc.DelchainRequest{Header: chain, Chain: u32(9)}) }},
		{"deleted class htb 1:1", func() error { return b.tc.Deltclass(b.Ctx, &tc.DeltclassRequest{Header: child}) }},
		{"deleted qdisc clsact", func() error { return b.tc.Delqdisc(b.Ctx, &tc.DelqdiscRequest{Header: onto}) }},
		{"deleted qdisc htb", func() error { return b.tc.Delqdisc(b.Ctx, &tc.DelqdiscRequest{Header: root}) }},
	}
}

// putEvent is an event as tc prints it, and returns in short what it is about. Whether something was added or replaced stands in the
// flags of the header alone, which are those of the request.
func (b *bench) putEvent(w *words, ev nlconn.Event[tc.Event]) string {
	verb := ""
	switch f := ev.Header.Flags; {
	case f&nlmsg.FlagCreate != 0 && f&nlmsg.FlagExcl != 0:
		verb = "added "
	case f&nlmsg.FlagCreate != 0:
		verb = "replaced "
	}
	switch ev := ev.Value.(type) {
	case *tc.NewqdiscNtf:
		return b.putQdiscEvent(w, "", &ev.GetqdiscReply)
	case *tc.DelqdiscNtf:
		return b.putQdiscEvent(w, "deleted ", &ev.GetqdiscReply)
	case *tc.NewtclassNtf:
		return b.putClassEvent(w, "", &ev.GettclassReply)
	case *tc.DeltclassNtf:
		return b.putClassEvent(w, "deleted ", &ev.GettclassReply)
	case *tc.NewtfilterNtf:
		return b.putFilterEvent(w, verb, &ev.GettfilterReply)
	case *tc.DeltfilterNtf:
		return b.putFilterEvent(w, "deleted ", &ev.GettfilterReply)
	case *tc.NewchainNtf:
		return b.putChainEvent(w, verb, &ev.GetchainReply)
	case *tc.DelchainNtf:
		return b.putChainEvent(w, "deleted ", &ev.GetchainReply)
	case *tc.NewactionNtf:
		return b.putActionEvent(w, map[string]string{"added ": "Added", "replaced ": "Replaced"}[verb], &ev.GetactionReply)
	case *tc.DelactionNtf:
		return b.putActionEvent(w, "Deleted", &ev.GetactionReply)
	}
	return fmt.Sprintf("%T", ev.Value)
}

func (b *bench) putQdiscEvent(w *words, verb string, x *tc.GetqdiscReply) string {
	w.put("%sqdisc %s %x: dev %s", verb, x.Kind.V, x.Header.Handle>>16, b.linkName(uint32(x.Header.Ifindex)))
	if x.Header.Parent == tc.HandleRoot {
		w.put("root")
	} else {
		w.put("parent %s", parentText(x.Header.Parent))
	}
	if x.Header.Info != 1 {
		w.put("refcnt %d", x.Header.Info)
	}
	opt(w, "ingress_block %d", x.IngressBlock)
	if o, ok := x.Options.(*tc.HtbAttrs); ok {
		g := o.Init
		w.put("r2q %d default %#x direct_packets_stat %d ver %d.%d", g.Rate2quantum, g.Defcls, g.DirectPkts, g.Version>>16, g.Version&0xffff)
		opt(w, "direct_qlen %d", o.DirectQlen)
	}
	putStats(w, x.Stats2.Basic, x.Stats2.BasicHw, x.Stats2.Queue, x.Stats2.RateEst)
	return verb + "qdisc " + x.Kind.V
}

func (b *bench) putClassEvent(w *words, verb string, x *tc.GettclassReply) string {
	what := fmt.Sprintf("%sclass %s %s", verb, x.Kind.V, parentText(x.Header.Handle))
	w.put("%s dev %s", what, b.linkName(uint32(x.Header.Ifindex)))
	putClassBody(w, x)
	return what
}

func (b *bench) putFilterEvent(w *words, verb string, x *tc.GettfilterReply) string {
	w.put("%sfilter %s", verb, b.placeText(x.Header))
	b.putFilterBody(w, x)
	return verb + "filter " + x.Kind.V
}

func (b *bench) putChainEvent(w *words, verb string, x *tc.GetchainReply) string {
	w.put("%schain %s", verb, b.placeText(x.Header))
	b.putChainBody(w, x)
	return fmt.Sprintf("%schain %d", verb, x.Chain.V)
}

func (b *bench) putActionEvent(w *words, verb string, x *tc.GetactionReply) string {
	w.put("total acts %d %s action", x.Count.V, verb)
	b.putActs(w, x.Tab, false)
	return verb + " action " + x.Tab[0].V.Kind.V
}

// placeText is where a filter or a chain is: a block, or a parent at a link.
func (b *bench) placeText(at tc.Tcmsg) string {
	if at.Ifindex == ofBlock {
		return fmt.Sprintf("block %d", at.Parent)
	}
	dev := "dev " + b.linkName(uint32(at.Ifindex))
	switch at.Parent {
	case 0xffff<<16 | tc.MinIngress:
		return dev + " ingress"
	case 0xffff<<16 | tc.MinEgress:
		return dev + " egress"
	}
	return dev + " parent " + parentText(at.Parent)
}
