package tc

import (
	"encoding/binary"
	"os/exec"
	"reflect"
	"strings"
	"testing"

	"github.com/nlgen/nlgen/generated/tc"
	"github.com/nlgen/nlgen/internal/nettest"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// TestEmatches has tc make trees of matches, reads them, makes each once more, and compares what tc shows of both.
func TestEmatches(t *testing.T) {
	b := newBench(t)
	b.qdisc(qdisc("htb", &tc.HtbAttrs{Init: &tc.HtbGlob{Version: 3, Rate2quantum: 10}}).req)
	number := func(v uint32) []byte { return binary.NativeEndian.AppendUint32(nil, v) }
	for _, c := range []struct {
		name, match string
		contents    []tc.EmatchContent
		flags       []tc.EmatchFlags
	}{
		{
			"all", `cmp(u8 at 9 layer network eq 17) and u32(u32 0x0a010200 0xffffff00 at 16) and meta(nf_mark mask 0xff gt 24) or nbyte("abc" at 2 layer transport)`,
			[]tc.EmatchContent{
				&tc.EmCmp{Val: 17, Off: 9, AlignFlags: 1, LayerOpnd: 1},
				&tc.U32Key{Mask: be(255, 255, 255, 0), Val: be(10, 1, 2, 0), Off: 16},
				&tc.EmMeta{
					Header: tc.EmMetaHdr{
						Left:  tc.EmMetaVal{Kind: tc.EmMetaInt | tc.EmMetaNfmark, Op: tc.EmOperandGt},
						Right: tc.EmMetaVal{Kind: tc.EmMetaInt},
					},
					Left: number(0xff), Right: number(24),
				},
				&tc.EmNbyte{Off: 2, LenLayer: 2<<12 | 3, Needle: []byte("abc\x00")}, // The kernel counts the padding.
			},
			[]tc.EmatchFlags{tc.EmatchFlagsRelAnd, tc.EmatchFlagsRelAnd, tc.EmatchFlagsRelOr, 0},
		},
		{
			"brackets", `not cmp(u16 at 2 layer transport lt 1024) and (meta(priority eq 3) or meta(nf_mark shift 4 eq 5))`,
			[]tc.EmatchContent{
				&tc.EmCmp{Val: 1024, Off: 2, AlignFlags: 2, LayerOpnd: 2<<4 | 2},
				&tc.EmContainer{First: 2},
				&tc.EmMeta{
					Header: tc.EmMetaHdr{Left: tc.EmMetaVal{Kind: tc.EmMetaInt | tc.EmMetaPriority}, Right: tc.EmMetaVal{Kind: tc.EmMetaInt}},
					Left:   number(0), Right: number(3),
				},
				&tc.EmMeta{
					Header: tc.EmMetaHdr{Left: tc.EmMetaVal{Kind: tc.EmMetaInt | tc.EmMetaNfmark, Shift: 4}, Right: tc.EmMetaVal{Kind: tc.EmMetaInt}},
					Left:   number(0), Right: number(5),
				},
			},
			[]tc.EmatchFlags{tc.EmatchFlagsInvert | tc.EmatchFlagsRelAnd, 0, tc.EmatchFlagsRelOr, 0},
		},
		// What has no type is bytes.
		{"set", `ipset(nlgen src) and not ipset(nlgen dst)`, []tc.EmatchContent{nil, nil}, []tc.EmatchFlags{tc.EmatchFlagsRelAnd, tc.EmatchFlagsInvert}},
		{"frames", `canid(sff 0x123:0x7f0 eff 0x10000)`, []tc.EmatchContent{nil}, []tc.EmatchFlags{0}},
	} {
		b.run(c.name, func(b *bench) {
			if c.name == "set" {
				witness.Output(b.T, "ipset", "create", "nlgen", "hash:ip")
			}
			add := exec.Command("tc", "filter", "add", "dev", b.dev, "parent", "1:", "protocol", "ip", "prio", "7", "basic", "match", c.match, "classid", "1:10")
			if out, err := add.CombinedOutput(); err != nil {
				if !nettest.Guest() && strings.Contains(string(out), "classifier not found") {
					b.T.Skipf("this kernel does not have cls_basic: %s", out)
				}
				b.T.Fatalf("%v: %s", err, out)
			}
			at := tc.Tcmsg{Ifindex: b.index, Parent: 1 << 16}
			b.T.Cleanup(func() {
				if err := b.tc.Deltfilter(b.Ctx, &tc.DeltfilterRequest{Header: at}); err != nil {
					b.T.Error(err)
				}
			})
			theirs := string(witness.Output(b.T, "tc", "filter", "show", "dev", b.dev))
			var tree *tc.EmatchAttrs
			for _, f := range b.filters(1<<16, nil) {
				if o, ok := f.Options.(*tc.BasicAttrs); ok {
					tree = o.Ematches
				}
			}
			if tree == nil || len(tree.TreeList) != len(c.contents) {
				b.T.Fatalf("got %+v", tree)
			}
			var list []tc.Ematch
			for i, want := range c.contents {
				m := &tree.TreeList[i].V
				got, err := m.Content()
				if err != nil || !reflect.DeepEqual(got, want) || m.Flags != c.flags[i] || tree.TreeList[i].Index != uint16(i+1) {
					b.T.Errorf("match %d: got %+v of %+v, %v, want %+v, %v", i, got, m, err, want, c.flags[i])
				}
				if want == nil {
					if len(m.Data) == 0 || m.Kind != tc.EmatchKindIpset && m.Kind != tc.EmatchKindCanid {
						b.T.Errorf("match %d is %+v", i, m)
					}
					list = append(list, *m)
					continue
				}
				list = append(list, ematch(want, c.flags[i]))
			}

			if err := b.tc.Deltfilter(b.Ctx, &tc.DeltfilterRequest{Header: at}); err != nil {
				b.T.Fatal(err)
			}
			at.Info = info(7, ip)
			req := &tc.NewtfilterRequest{Header: at, Options: &tc.BasicAttrs{Classid: u32(1<<16 | 0x10), Ematches: tc.NewEmatchTree(list...)}}
			if err := b.tc.Newtfilter(b.Ctx, req, nlconn.Create, nlconn.Exclusive); err != nil {
				b.T.Fatal(err)
			}
			at.Info = 0
			if ours := string(witness.Output(b.T, "tc", "filter", "show", "dev", b.dev)); ours != theirs {
				b.T.Errorf("tc shows of its own\n%s\nand of ours\n%s", theirs, ours)
			}
		})
	}
}
