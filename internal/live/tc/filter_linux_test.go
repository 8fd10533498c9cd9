package tc

import (
	"testing"

	"github.com/nlgen/nlgen/generated/tc"
	"github.com/nlgen/nlgen/internal/nettest"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// TestFilters makes a filter of each kind, reads it back, compares it with what tc shows, and deletes it.
func TestFilters(t *testing.T) {
	b := newBench(t)
	b.qdisc(qdisc("htb", &tc.HtbAttrs{Init: &tc.HtbGlob{Version: 3, Rate2quantum: 10}}).req)
	for _, c := range filterCases() {
		b.run(c.name, func(b *bench) {
			if c.vm != "" && !nettest.Guest() {
				b.Skip("in the virtual machine only: " + c.vm)
			}
			c.req.Header = tc.Tcmsg{Ifindex: b.index, Parent: 1 << 16, Info: info(7, c.proto)}
			switch o := c.req.Options.(type) {
			case *tc.FwAttrs, *tc.CgroupAttrs, *tc.BasicAttrs, *tc.FlowAttrs:
				c.req.Header.Handle = 5
			case *tc.RouteAttrs:
				c.req.Header.Handle = o.To.V | o.From.V<<16
				if o.Iif.OK {
					c.req.Header.Handle |= (o.Iif.V | 0x8000) << 16
				}
			case *tc.U32Attrs:
				if o.Divisor.OK {
					c.req.Header.Handle = 0x12300000
				}
			}
			err := b.tc.Newtfilter(b.Ctx, c.req, nlconn.Create, nlconn.Exclusive)
			b.lacks(c.name, err)
			if err != nil {
				b.Fatal(err)
			}
			b.T.Cleanup(func() {
				if err := b.tc.Deltfilter(b.Ctx, &tc.DeltfilterRequest{Header: tc.Tcmsg{Ifindex: b.index, Parent: 1 << 16}}); err != nil {
					b.T.Error(err)
				}
				if list := b.filters(1<<16, nil); len(list) != 0 {
					b.T.Errorf("%d filters are left", len(list))
				}
			})
			if c.name == "u32 mark" && !nettest.Guest() {
				c.skip = append(c.skip, "Mark") // The kernel may be without CLS_U32_MARK, and says nothing.
			}
			if o, ok := c.req.Options.(*tc.FlowerAttrs); ok && o.KeyEncOpts != nil && o.KeyEncOpts.Geneve != nil {
				o.KeyEncOpts.Geneve, o.KeyEncOptsMask.Geneve = merged(o.KeyEncOpts.Geneve), merged(o.KeyEncOptsMask.Geneve)
			}
			tally := witness.NewTally(b.T)
			found := false
			for _, got := range b.filters(1<<16, nil) {
				if got.Header.Handle == 0 || got.Options == nil || isTable(got) && c.name != "u32 table" {
					continue // the head of a hash table
				}
				if c.name == "u32 table" && got.Header.Handle != c.req.Header.Handle {
					continue
				}
				found = true
				tally.Within(c.name, c.req, got, append([]string{"Handle"}, c.skip...)...)
				if got.Kind.V == "cgroup" {
					continue // There is one at most, which cannot be asked for.
				}
				one, err := b.tc.Gettfilter(b.Ctx, &tc.GettfilterRequest{
					Header: tc.Tcmsg{Ifindex: b.index, Parent: 1 << 16, Info: got.Header.Info, Handle: got.Header.Handle}, Kind: got.Kind,
				})
				if err != nil {
					b.Fatal(err)
				}
				witness.Known(b, "filter", one)
				tally.Within(c.name, c.req, one, append([]string{"Handle"}, c.skip...)...)
			}
			if !found {
				b.Error("the filter is not there")
			}
			tally.Steady(func(tally *witness.Tally) { b.seeFilters(tally, 1<<16) })
			tally.Report(c.name)
		})
	}
}

// isTable says that a filter of u32 is a hash table, and no rule in one.
func isTable(f *tc.GettfilterReply) bool {
	o, ok := f.Options.(*tc.U32Attrs)
	return ok && o.Divisor.OK
}

// filters lists the filters of a parent, all of them or those of a chain.
func (b *bench) filters(parent uint32, chain *uint32) []*tc.GettfilterReply {
	b.T.Helper()
	req := &tc.GettfilterDumpRequest{Header: tc.Tcmsg{Ifindex: b.index, Parent: parent}}
	if chain != nil {
		req.Chain = nlattr.Some(*chain)
	}
	list, err := b.tc.GettfilterCollect(b.Ctx, req)
	if err != nil {
		b.Fatal(err)
	}
	witness.Known(b, "filters", list)
	return list
}
