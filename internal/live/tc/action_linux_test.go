package tc

import (
	"errors"
	"syscall"
	"testing"

	"github.com/nlgen/nlgen/generated/tc"
	"github.com/nlgen/nlgen/internal/nettest"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// TestActions makes an action of each kind, reads it back, compares it with what tc shows, and deletes it.
func TestActions(t *testing.T) {
	for _, c := range actCases() {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t)
			b.qdisc(&tc.NewqdiscRequest{Header: tc.Tcmsg{Parent: tc.HandleIngress, Handle: 0xffff0000}, Kind: some("clsact")})
			if o, ok := c.act.Options.(*tc.ActMirredAttrs); ok && !o.Blockid.OK {
				o.Parms.Ifindex = b.peer
			}
			if c.vm != "" && !nettest.Guest() {
				b.Skip("in the virtual machine only: " + c.vm)
			}
			err := b.tc.Newaction(b.Ctx, &tc.NewactionRequest{Tab: acts(c.act)}, nlconn.Create, nlconn.Exclusive)
			b.lacks(c.name, err)
			if err != nil {
				b.Fatal(err)
			}
			b.T.Cleanup(func() { b.flush(kindOfAct(c.act.Options)) })
			list := b.actions(kindOfAct(c.act.Options))
			if o, ok := c.act.Options.(*tc.ActTunnelKeyAttrs); ok && o.EncOpts != nil && o.EncOpts.Geneve != nil {
				o.EncOpts.Geneve = merged(o.EncOpts.Geneve)
			}
			if len(list) != 1 {
				b.Fatalf("there are %d actions", len(list))
			}
			tally := witness.NewTally(b.T)
			tally.Within(c.name, c.act, list[0].V, append([]string{"Index", "HwStats", "Flags"}, c.skip...)...)
			one := acts(tc.ActAttrs{Kind: list[0].V.Kind, Index: some(genOf(list[0].V.Options).index)})
			got, err := b.tc.Getaction(b.Ctx, &tc.GetactionRequest{Tab: one})
			if err != nil {
				b.Fatal(err)
			}
			witness.Known(b, "action", got)
			tally.Within(c.name, c.act, got.Tab[0].V, append([]string{"Index", "HwStats", "Flags"}, c.skip...)...)
			tally.Steady(func(tally *witness.Tally) { b.seeActions(tally, list[0].V.Kind.V) })
			general(c.act.Options).FieldByName("Index").SetUint(uint64(one[0].V.Index.V))
			b.use(tally, list[0].V.Kind.V, c.act.Options)
			if err := b.tc.Delaction(b.Ctx, &tc.DelactionRequest{Tab: one}); err != nil {
				b.Error(err)
			}
			if _, err := b.tc.Getaction(b.Ctx, &tc.GetactionRequest{Tab: one}); !errors.Is(err, syscall.ENOENT) {
				b.Errorf("the action is still there: %v", err)
			}
			tally.Report(c.name)
		})
	}
}

// use has a filter carry out an action that is there, sends packets, and compares what both have counted.
func (b *bench) use(tally *witness.Tally, kind string, act tc.ActOptionsMsg) {
	b.T.Helper()
	at := tc.Tcmsg{Ifindex: b.index, Parent: 0xffff<<16 | tc.MinEgress, Info: info(9, all)}
	rule := &tc.U32Attrs{Sel: &tc.U32Sel{Flags: tc.U32FlagsTerminal}, Act: acts(tc.ActAttrs{Options: act})}
	if err := b.tc.Newtfilter(b.Ctx, &tc.NewtfilterRequest{Header: at, Options: rule}, nlconn.Create, nlconn.Exclusive); err != nil {
		b.Fatal(err)
	}
	b.flood(4)
	now := func() *tc.ActAttrs { return &b.actions(kind)[0].V }
	if binds, packets := genOf(now().Options).binds, now().Stats.Basic.V.Packets; binds != 1 || packets == 0 {
		b.Errorf("%d filters use it, which carried it out on %d packets", binds, packets)
	}
	tally.Steady(func(tally *witness.Tally) { b.seeFilters(tally, at.Parent) })
	tally.Steady(func(tally *witness.Tally) { b.seeActions(tally, kind) })
	if err := b.tc.Deltfilter(b.Ctx, &tc.DeltfilterRequest{Header: at}); err != nil {
		b.Fatal(err)
	}
	// A filter is freed when no packet can be in it any more.
	witness.Await(b, "the end of a filter that uses it", func() bool { return genOf(now().Options).binds == 0 })
}

// flush deletes all actions of a kind.
func (b *bench) flush(kind string) {
	b.T.Helper()
	err := b.tc.Delaction(b.Ctx, &tc.DelactionRequest{Tab: acts(tc.ActAttrs{Kind: some(kind)})}, nlconn.Flags(syscall.NLM_F_ROOT))
	if err != nil {
		b.T.Error(err)
	}
}

// actions lists the actions of a kind.
func (b *bench) actions(kind string) []nlattr.Indexed[tc.ActAttrs] {
	b.T.Helper()
	replies, err := b.tc.GetactionCollect(b.Ctx, &tc.GetactionDumpRequest{Tab: acts(tc.ActAttrs{Kind: some(kind)})})
	if err != nil {
		b.Fatal(err)
	}
	witness.Known(b, "actions", replies)
	var list []nlattr.Indexed[tc.ActAttrs]
	for _, r := range replies {
		list = append(list, r.Tab...)
	}
	return list
}
