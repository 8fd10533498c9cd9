package tc

import (
	"errors"
	"fmt"
	"syscall"
	"testing"

	"github.com/nlgen/nlgen/generated/tc"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// ofBlock is the index for what belongs to a block, whose number then is the parent (TCM_IFINDEX_MAGIC_BLOCK).
const ofBlock = -1

// TestChains makes chains of a qdisc, of one end of a link and of a block, reads each back, compares all of a place with what tc lists,
// and deletes them.
func TestChains(t *testing.T) {
	b := newBench(t)
	b.qdisc(qdisc("htb", &tc.HtbAttrs{Init: &tc.HtbGlob{Version: 3, Rate2quantum: 10}}).req)
	for _, req := range []*tc.NewqdiscRequest{
		{Header: tc.Tcmsg{Ifindex: b.index, Parent: tc.HandleIngress, Handle: 0xffff0000}, Kind: some("clsact")},
		{Header: tc.Tcmsg{Ifindex: int32(b.peer), Parent: tc.HandleIngress, Handle: 0xffff0000}, Kind: some("clsact"), IngressBlock: u32(31)},
	} {
		if err := b.tc.Newqdisc(b.Ctx, req, nlconn.Create); err != nil {
			t.Fatal(err)
		}
	}
	for _, place := range []struct {
		name string
		at   tc.Tcmsg
	}{
		{"qdisc", tc.Tcmsg{Ifindex: b.index, Parent: 1 << 16}},
		{"ingress", tc.Tcmsg{Ifindex: b.index, Parent: 0xffff<<16 | tc.MinIngress}},
		{"egress", tc.Tcmsg{Ifindex: b.index, Parent: 0xffff<<16 | tc.MinEgress}},
		{"block", tc.Tcmsg{Ifindex: ofBlock, Parent: 31}},
	} {
		b.run(place.name, func(b *bench) {
			tally := witness.NewTally(b.T)
			numbers := []uint32{0, 7, 0xfffffff} // the last that there is
			for _, n := range numbers {
				req := &tc.NewchainRequest{Header: place.at, Chain: u32(n)}
				if err := b.tc.Newchain(b.Ctx, req, nlconn.Create, nlconn.Exclusive); err != nil {
					b.Fatal(err)
				}
				got, err := b.tc.Getchain(b.Ctx, &tc.GetchainRequest{Header: place.at, Chain: u32(n)})
				if err != nil {
					b.Fatal(err)
				}
				witness.Known(b, "chain", got)
				tally.Within("chain", req, got, "Parent") // It tells the qdisc, not the end of it.
			}
			if got := b.seeChains(tally, place.at); got != len(numbers) {
				b.Errorf("%d chains are listed, %d were made", got, len(numbers))
			}
			for _, n := range numbers {
				if err := b.tc.Delchain(b.Ctx, &tc.DelchainRequest{Header: place.at, Chain: u32(n)}); err != nil {
					b.Error(err)
				}
				_, err := b.tc.Getchain(b.Ctx, &tc.GetchainRequest{Header: place.at, Chain: u32(n)})
				if !errors.Is(err, syscall.EINVAL) { // "Cannot find specified filter chain"
					b.Errorf("chain %d after it was deleted: %v", n, err)
				}
			}
			if got := b.seeChains(tally, place.at); got != 0 {
				b.Errorf("%d chains are left", got)
			}
			tally.Report(place.name)
		})
	}
}

// seeChains compares the chains of a place with what tc lists, and returns how many there are.
func (b *bench) seeChains(tally *witness.Tally, at tc.Tcmsg) int {
	b.T.Helper()
	list, err := b.tc.GetchainCollect(b.Ctx, &tc.GetchainDumpRequest{Header: tc.Tcmsg{Ifindex: at.Ifindex, Parent: at.Parent}})
	if err != nil {
		b.Fatal(err)
	}
	witness.Known(b, "chains", list)
	w := new(words)
	for _, x := range list {
		w.put("chain")
		if x.Header.Parent != at.Parent {
			w.put("parent %s", parentText(x.Header.Parent))
		}
		b.putChainBody(w, x)
	}
	args := []string{"-s", "-d", "chain", "show"}
	if at.Ifindex == ofBlock {
		args = append(args, "block", fmt.Sprint(at.Parent))
	} else {
		args = append(args, "dev", b.dev, "parent", handleText(at.Parent))
	}
	w.same(tally, "chains", witness.Output(b.T, "tc", args...))
	return len(list)
}

// putChainBody is what tc prints of a chain behind its place: its number, and a template of its filters.
func (b *bench) putChainBody(w *words, x *tc.GetchainReply) {
	opt(w, "%s", x.Kind)
	opt(w, "chain %d", x.Chain)
	if o, ok := x.Options.(*tc.FlowerAttrs); ok {
		putFlower(w, o)
	}
}
