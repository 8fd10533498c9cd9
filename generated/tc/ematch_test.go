package tc

import (
	"errors"
	"reflect"
	"testing"

	"github.com/nlgen/nlgen/runtime/nlattr"
)

// TestEmatch takes a match of each kind to bytes and back.
func TestEmatch(t *testing.T) {
	var list []Ematch
	contents := []EmatchContent{
		&EmContainer{First: 2},
		&EmCmp{Val: 17, Mask: 0xff, Off: 9, AlignFlags: 1, LayerOpnd: 1},
		&EmNbyte{Off: 2, LenLayer: 2<<12 | 3, Needle: []byte("abc")},
		&U32Key{Mask: 1, Val: 2, Off: 3, Offmask: 4},
		&EmMeta{
			Header: EmMetaHdr{
				Left:  EmMetaVal{Kind: EmMetaInt | EmMetaNfmark, Shift: 2, Op: EmOperandGt},
				Right: EmMetaVal{Kind: EmMetaInt},
			},
			Left: []byte{1, 0, 0, 0}, Right: []byte{2, 0, 0, 0},
		},
		&EmText{Algo: "bm", FromOffset: 1, ToOffset: 9, PatternLen: 2, Layers: 0x11, Pattern: []byte("hi")},
		&EmIpt{Hook: 1, MatchName: "addrtype", MatchRevision: 1, Nfproto: 10, MatchData: []byte{1, 0, 2, 0}},
	}
	for _, c := range contents {
		m, err := NewEmatch(c, EmatchFlagsRelOr)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, m)
	}
	b, err := (&NewtfilterRequest{Options: &BasicAttrs{Ematches: NewEmatchTree(list...)}}).AppendBinary(nil)
	if err != nil {
		t.Fatal(err)
	}
	var back NewtfilterRequest
	if err := back.UnmarshalBinary(b); err != nil {
		t.Fatal(err)
	}
	tree := back.Options.(*BasicAttrs).Ematches
	if tree.TreeHdr.V.Nmatches != uint16(len(contents)) || len(tree.TreeList) != len(contents) {
		t.Fatalf("%+v", tree)
	}
	for i, want := range contents {
		m := &tree.TreeList[i]
		got, err := m.V.Content()
		if err != nil || !reflect.DeepEqual(got, want) || m.Index != uint16(i+1) || m.V.Flags != EmatchFlagsRelOr {
			t.Errorf("%d: got %+v, %v, want %+v", m.Index, got, err, want)
		}
	}
}

// TestEmatchContent has matches whose content has no type, or another length.
func TestEmatchContent(t *testing.T) {
	for _, m := range []Ematch{
		{Kind: EmatchKindIpset, Data: []byte{1, 0, 1, 1}},
		{Kind: EmatchKindCmp, Flags: EmatchFlagsSimple, Data: []byte{1, 0, 0, 0}},
	} {
		if c, err := m.Content(); c != nil || err != nil {
			t.Errorf("%v: got %+v, %v", m, c, err)
		}
	}
	m := Ematch{Kind: EmatchKindContainer, Data: []byte{1}}
	if _, err := m.Content(); !errors.Is(err, nlattr.ErrLength) {
		t.Error(err)
	}
	for _, kind := range []EmatchKind{EmatchKindMeta, EmatchKindIpt} {
		m = Ematch{Kind: kind, Data: []byte{12, 0, 1, 0, 1}}
		if _, err := m.Content(); !errors.Is(err, nlattr.ErrTruncated) {
			t.Errorf("%v: %v", kind, err)
		}
	}
}
