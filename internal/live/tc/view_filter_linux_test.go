package tc

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/nlgen/nlgen/generated/tc"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
)

// seeFilters compares all filters of a parent with what tc lists.
func (b *bench) seeFilters(tally *witness.Tally, parent uint32) {
	b.T.Helper()
	w := new(words)
	for _, f := range b.filters(parent, nil) {
		w.put("filter")
		b.putFilterBody(w, f)
	}
	w.same(tally, "filters", witness.Output(b.T, "tc", "-s", "-d", "filter", "show", "dev", b.dev, "parent", handleText(parent)))
}

// putFilterBody is what tc prints of a filter behind its place.
func (b *bench) putFilterBody(w *words, f *tc.GettfilterReply) {
	w.put("protocol %s pref %d %s", ethertype(swap(uint16(f.Header.Info))), f.Header.Info>>16, f.Kind.V)
	opt(w, "chain %d", f.Chain)
	h := f.Header.Handle
	switch o := f.Options.(type) {
	case *tc.U32Attrs:
		b.putU32(w, h, o)
	case *tc.BpfAttrs:
		w.put("handle 0x%x", h)
		putClass(w, "flowid", o.Classid)
		if o.Ops == nil {
			w.word(o.Name.V)
		}
		if o.Flags.V&tc.BpfFlagsActDirect != 0 {
			w.put("direct-action")
		}
		putWhere(w, o.FlagsGen)
		putProgram(w, o.Ops, o.ID, o.Tag)
		putPolice(w, o.Police)
		b.putActs(w, o.Act, true)
	case *tc.BasicAttrs:
		w.put("handle 0x%x", h)
		putClass(w, "flowid", o.Classid)
		putEmatches(w, o.Ematches)
		putPolice(w, o.Police)
		b.putActs(w, o.Act, true)
	case *tc.CgroupAttrs:
		w.put("handle 0x%x", h)
		putEmatches(w, o.Ematches)
		putPolice(w, o.Police)
		b.putActs(w, o.Act, true)
	case *tc.FlowAttrs:
		b.putFlow(w, h, o)
	case *tc.FwAttrs:
		w.put("handle 0x%x", h)
		if o.Mask.OK {
			w.glue("/0x%x", o.Mask.V)
		}
		putClass(w, "classid", o.Classid)
		putPolice(w, o.Police)
		opt(w, "input dev %s", o.Indev)
		b.putActs(w, o.Act, true)
	case *tc.RouteAttrs:
		w.put("fh 0x%08x", h)
		putClass(w, "flowid", o.Classid)
		opt(w, "to %d", o.To)
		if o.Iif.OK {
			w.put("fromif %s", b.linkName(o.Iif.V))
		}
		opt(w, "from %d", o.From)
		putPolice(w, o.Police)
		b.putActs(w, o.Act, true)
	case *tc.MatchallAttrs:
		w.put("handle 0x%x", h)
		putClass(w, "flowid", o.Classid)
		putWhere(w, o.Flags)
		w.put("(rule hit %d)", o.Pcnt.V.Rhit)
		b.putActs(w, o.Act, true)
	case *tc.FlowerAttrs:
		w.put("handle 0x%x", h)
		putClass(w, "classid", o.Classid)
		opt(w, "indev %s", o.Indev)
		putFlower(w, o)
		putWhere(w, o.Flags)
		if o.Flags.V&tc.ClsFlagsInHw != 0 {
			opt(w, "in_hw_count %d", o.InHwCount)
		}
		b.putActs(w, o.Act, true)
	}
	if s := f.Stats; s != nil {
		w.put("Sent %d bytes %d pkts (dropped %d, overlimits %d)", s.Bytes, s.Packets, s.Drops, s.Overlimits)
		if s.Bps != 0 {
			w.put("rate %s", rateText(uint64(s.Bps)))
		}
		if s.Pps != 0 {
			w.put("%dpps", s.Pps)
		}
	}
}

func putClass(w *words, name string, class nlattr.Opt[uint32]) {
	if class.OK {
		w.put("%s %s", name, handleText(class.V))
	}
}

// putWhere is where a filter works.
func putWhere(w *words, f nlattr.Opt[tc.ClsFlags]) {
	if f.V&tc.ClsFlagsSkipHw != 0 {
		w.put("skip_hw")
	}
	if f.V&tc.ClsFlagsSkipSw != 0 {
		w.put("skip_sw")
	}
	if f.V&tc.ClsFlagsInHw != 0 {
		w.put("in_hw")
	} else if f.V&tc.ClsFlagsNotInHw != 0 {
		w.put("not_in_hw")
	}
}

func (b *bench) putU32(w *words, h uint32, o *tc.U32Attrs) {
	w.put("fh %x:", h>>20)
	if bucket := h >> 12 & 0xff; bucket != 0 {
		w.glue("%x", bucket)
	}
	if node := h & 0xfff; node != 0 {
		w.glue(":%x", node)
		w.put("order %d", node)
	}
	if o.Divisor.OK {
		w.put("ht divisor %d", o.Divisor.V)
		return
	}
	w.put("key ht %x bkt %x", o.Hash.V>>20, o.Hash.V>>12&0xff)
	switch terminal := o.Sel.Flags&tc.U32FlagsTerminal != 0; {
	case terminal && o.Classid.OK:
		w.put("*flowid %s", handleText(o.Classid.V))
	case terminal:
		w.put("terminal flowid")
	default:
		putClass(w, "flowid", o.Classid)
	}
	if o.Link.OK {
		w.put("link %x:", o.Link.V>>20)
	}
	putWhere(w, o.Flags)
	if p := o.Pcnt; p != nil {
		w.put("(rule hit %d success %d)", p.Rcnt, p.Rhit)
	}
	if m := o.Mark; m.OK {
		w.put("mark 0x%04x 0x%04x (success %d)", m.V.Val, m.V.Mask, m.V.Success)
	}
	s := o.Sel
	for i, k := range s.Keys {
		next := ""
		if k.Offmask != 0 {
			next = "nexthdr+"
		}
		w.put("match %08x/%08x at %s%d", k.Val, k.Mask, next, k.Off)
		if p := o.Pcnt; p != nil {
			w.put("(success %d )", p.Kcnts[i])
		}
	}
	if s.Flags&(tc.U32FlagsVaroffset|tc.U32FlagsOffset) != 0 {
		w.put("offset")
		if s.Flags&tc.U32FlagsVaroffset != 0 {
			w.put("%04x>>%d at %d", s.Offmask, s.Offshift, s.Offoff)
		}
		if s.Off != 0 {
			w.put("plus %d", s.Off)
		}
	}
	if s.Flags&tc.U32FlagsEat != 0 {
		w.put("eat")
	}
	if s.Hmask != 0 {
		w.put("hash mask %08x at %d", s.Hmask, s.Hoff)
	}
	putPolice(w, o.Police)
	opt(w, "input dev %s", o.Indev)
	b.putActs(w, o.Act, true)
}

func (b *bench) putFlow(w *words, h uint32, o *tc.FlowAttrs) {
	w.put("handle 0x%x", h)
	opt(w, "%s", o.Mode)
	var keys []string
	for key := tc.FlowKeysSrc; key <= tc.FlowKeysRxhash; key <<= 1 {
		if o.Keys.V&key != 0 {
			name, ok := map[tc.FlowKeys]string{tc.FlowKeysRtclassid: "rt-classid", tc.FlowKeysSkuid: "sk-uid", tc.FlowKeysSkgid: "sk-gid"}[key]
			if !ok {
				name = key.String()
			}
			keys = append(keys, name)
		}
	}
	w.put("keys %s", strings.Join(keys, ","))
	// The mask and what is flipped are 0 and all ones if nothing was asked for.
	if o.Mask.OK {
		w.put("and 0x%08x", o.Mask.V)
	}
	if o.Xor.V != 0 {
		w.put("xor 0x%08x", o.Xor.V)
	}
	opt(w, "rshift %d", o.Rshift)
	opt(w, "addend 0x%x", o.Addend)
	opt(w, "divisor %d", o.Divisor)
	putClass(w, "baseclass", o.Baseclass)
	opt(w, "perturb %dsec", o.Perturb)
	putEmatches(w, o.Ematches)
	putPolice(w, o.Police)
	b.putActs(w, o.Act, true)
}

// putEmatches is a tree of matches, of those kinds that the filters here use; what tc shows of the others has a test of its own.
func putEmatches(w *words, tree *tc.EmatchAttrs) {
	if tree == nil {
		return
	}
	for _, m := range tree.TreeList {
		if m.V.Flags&tc.EmatchFlagsInvert != 0 {
			w.put("NOT")
		}
		content, err := m.V.Content()
		switch c := content.(type) {
		case *tc.EmCmp:
			w.put("cmp(u%d at %d layer %d %s %d)", 8*c.AlignFlags&15, c.Off, c.LayerOpnd&15, []string{"eq", "gt", "lt"}[c.LayerOpnd>>4], c.Val)
		case *tc.EmNbyte:
			w.put("nbyte(% x \"%s\" at %d layer %d)", c.Needle, c.Needle, c.Off, c.LenLayer>>12)
		case *tc.U32Key:
			w.put("u32(%08x/%08x at %d)", c.Val, c.Mask, c.Off)
		case *tc.EmText: // What tc does not know was compared with the request.
			w.put("[unknown ematch %d]", m.V.Kind)
		default:
			w.put("%T %v", content, err)
		}
		switch m.V.Flags & (tc.EmatchFlagsRelAnd | tc.EmatchFlagsRelOr) {
		case tc.EmatchFlagsRelAnd:
			w.put("AND")
		case tc.EmatchFlagsRelOr:
			w.put("OR")
		}
	}
}

// ipv4 is an address that stands in a struct.
func ipv4(v uint32) netip.Addr { return netip.AddrFrom4([4]byte(big4(v))) }

// linkName is the name of a link; there is none with the number 0.
func (b *bench) linkName(index uint32) string {
	switch index {
	case 0:
		return "*"
	case 1:
		return "lo"
	case uint32(b.index):
		return "tc0"
	case b.peer:
		return "tc1"
	}
	return fmt.Sprint(index)
}
