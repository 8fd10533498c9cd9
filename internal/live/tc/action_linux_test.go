package tc

import (
	"errors"
	"os"
	"syscall"
	"testing"

	"github.com/nlgen/nlgen/generated/tc"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// TestActions makes an action of each kind, reads it back, compares it with what tc shows, and deletes it.
func TestActions(t *testing.T) {
	b := newBench(t)
	for _, c := range actCases(b.peer) {
		b.run(c.name, func(b *bench) {
			if c.vm != "" && os.Getenv("NLGEN_VM") == "" {
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
			one := acts(tc.ActAttrs{Kind: list[0].V.Kind, Index: some(generalOf(list[0].V.Options).index)})
			got, err := b.tc.Getaction(b.Ctx, &tc.GetactionRequest{Tab: one})
			if err != nil {
				b.Fatal(err)
			}
			b.whole("action", got)
			tally.Within(c.name, c.act, got.Tab[0].V, append([]string{"Index", "HwStats", "Flags"}, c.skip...)...)
			tally.Steady(func(tally *witness.Tally) { b.seeActions(tally, list[0].V.Kind.V) })
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
	b.whole("actions", replies)
	var list []nlattr.Indexed[tc.ActAttrs]
	for _, r := range replies {
		list = append(list, r.Tab...)
	}
	return list
}
