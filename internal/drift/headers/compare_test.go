package headers

import (
	"debug/dwarf"
	"slices"
	"strings"
	"testing"

	"github.com/nlgen/nlgen/gen/ir"
)

func integer(name string, size int64) dwarf.Type {
	return &dwarf.TypedefType{CommonType: dwarf.CommonType{Name: name}, Type: &dwarf.UintType{BasicType: dwarf.BasicType{CommonType: dwarf.CommonType{ByteSize: size}}}}
}

func enum(values ...*dwarf.EnumValue) *dwarf.EnumType { return &dwarf.EnumType{Val: values} }

// toy is a family and what a kernel has of it. They agree.
func toy() (*ir.Family, *Types) {
	f := &ir.Family{Name: "toy", Level: ir.NetlinkRaw, Protocol: 5}
	f.Consts = []*ir.Const{{Name: "limit", C: "TOY_LIMIT", Value: 7}}
	f.Enums = []*ir.Enum{
		{Name: "color", Entries: []*ir.Entry{{Name: "red", C: "TOY_RED", Value: 0}, {Name: "blue", C: "TOY_BLUE", Value: 1}}},
		{Name: "mask", Flags: true, Entries: []*ir.Entry{{Name: "a", C: "TOY_F_A", Number: 0, Value: 1}, {Name: "b", C: "TOY_F_B", Number: 1, Value: 2}}},
		{Name: "bits", Flags: true, Entries: []*ir.Entry{{Name: "a", C: "TOY_BIT_A", Number: 0, Value: 1}, {Name: "b", C: "TOY_BIT_B", Number: 1, Value: 2}}},
		{Name: "way", Entries: []*ir.Entry{{Name: "back", C: "TOY_BACK", Value: 0xffffffff}}},
	}
	f.Sets = []*ir.Set{{Name: "attrs", Attrs: []*ir.Attr{{Name: "size", C: "TOY_A_SIZE", Number: 1}, {Name: "kind", C: "TOY_A_KIND", Number: 2}}}}
	f.Ops = []*ir.Op{{Name: "get", C: "TOY_GET", Number: 18, Do: &ir.Mode{HasReply: true, ReplyNumber: 16}}}
	f.Groups = []*ir.Group{{Name: "toygrp-link", ID: 3}}
	f.Structs = []*ir.Struct{{Name: "toy-hdr", Size: 12, Members: []*ir.Member{
		{Name: "family", Go: "Family", Type: "u8", Offset: 0, Size: 1},
		{Name: "pad", Type: "pad", Offset: 1, Size: 3},
		{Name: "port", Go: "Port", Type: "u16", Offset: 4, Size: 2, Order: ir.BigEndian},
		{Name: "rest0", Go: "Rest0", Type: "u16", Offset: 6, Size: 2},
		{Name: "rest1", Go: "Rest1", Type: "u16", Offset: 8, Size: 2},
		{Name: "word", Go: "Word", Type: "u16", Offset: 10, Size: 2},
	}}}
	t := newTypes()
	t.Of = "a test"
	t.add(enum(&dwarf.EnumValue{Name: "TOY_RED"}, &dwarf.EnumValue{Name: "TOY_BLUE", Val: 1}, &dwarf.EnumValue{Name: "__TOY_COLOR_MAX", Val: 2}))
	t.add(enum(&dwarf.EnumValue{Name: "TOY_F_A", Val: 1}, &dwarf.EnumValue{Name: "TOY_F_B", Val: 2}))
	t.add(enum(&dwarf.EnumValue{Name: "TOY_BIT_A"}, &dwarf.EnumValue{Name: "TOY_BIT_B", Val: 1}))
	t.add(enum(&dwarf.EnumValue{Name: "TOY_BACK", Val: -1}))
	t.add(enum(&dwarf.EnumValue{Name: "TOY_A_UNSPEC"}, &dwarf.EnumValue{Name: "TOY_A_SIZE", Val: 1}, &dwarf.EnumValue{Name: "TOY_A_KIND", Val: 2}))
	t.add(enum(&dwarf.EnumValue{Name: "TOY_NEW", Val: 16}, &dwarf.EnumValue{Name: "TOY_GET", Val: 18}))
	t.add(enum(&dwarf.EnumValue{Name: "TOYGRP_LINK", Val: 3}))
	t.constants["TOY_LIMIT"], t.constants["NETLINK_TOY"] = constantOf{value: 7}, constantOf{value: 5}
	t.add(&dwarf.StructType{StructName: "toy_hdr", Kind: "struct", CommonType: dwarf.CommonType{ByteSize: 12}, Field: []*dwarf.StructField{
		{Name: "th_family", Type: integer("__u8", 1)},
		{Name: "__pad", Type: &dwarf.ArrayType{Type: integer("__u8", 1), Count: 3, CommonType: dwarf.CommonType{ByteSize: 3}}, ByteOffset: 1},
		{Name: "port", Type: integer("__be16", 2), ByteOffset: 4},
		{Name: "rest", Type: &dwarf.ArrayType{Type: integer("__u16", 2), Count: 2, CommonType: dwarf.CommonType{ByteSize: 4}}, ByteOffset: 6},
		{Name: "", Type: &dwarf.StructType{Kind: "union", CommonType: dwarf.CommonType{ByteSize: 2}, Field: []*dwarf.StructField{
			{Name: "bytes", Type: &dwarf.ArrayType{Type: integer("__u8", 1), Count: 2, CommonType: dwarf.CommonType{ByteSize: 2}}},
			{Name: "word", Type: integer("__u16", 2)},
		}}, ByteOffset: 10},
	}})
	return f, t
}

const toyNames = `
toy | protocol | NETLINK_TOY
toy | op get do reply | TOY_NEW
`

func TestCompare(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(f *ir.Family, t *Types)
		want   []string
	}{
		{"nothing", func(*ir.Family, *Types) {}, nil},
		{"protocol", func(f *ir.Family, _ *Types) { f.Protocol = 6 }, []string{"protocol: number 6, theirs 5"}},
		{"version", func(f *ir.Family, t *Types) {
			f.Level, f.Version, t.constants["TOY_FAMILY_VERSION"] = ir.Genetlink, 2, constantOf{value: 1}
		}, []string{"version: number 2, theirs 1"}},
		{"constant", func(f *ir.Family, _ *Types) { f.Consts[0].Value = 8 }, []string{"const limit: number 8, theirs 7"}},
		{"constant that is not there", func(_ *ir.Family, t *Types) { delete(t.constants, "TOY_LIMIT") }, []string{"const limit: missing there, ours 7 (TOY_LIMIT)"}},
		{"entry", func(f *ir.Family, _ *Types) { f.Enums[0].Entries[1].Value = 2 }, []string{"color/blue: number 2, theirs 1"}},
		{"entry that we lack", func(f *ir.Family, _ *Types) { f.Enums[0].Entries = f.Enums[0].Entries[:1] },
			[]string{"color: missing here, theirs TOY_BLUE (1)"}},
		{"mask", func(f *ir.Family, _ *Types) { f.Enums[1].Entries[1].Value = 4 }, []string{"mask/b: number 4, theirs 2"}},
		{"bit", func(f *ir.Family, _ *Types) { f.Enums[2].Entries[1].Number, f.Enums[2].Entries[1].Value = 2, 4 },
			[]string{"bits/a: number 1, theirs 0", "bits/b: number 4, theirs 1"}},
		{"negative entry", func(f *ir.Family, _ *Types) { f.Enums[3].Entries[0].Value-- }, []string{"way/back: number 4294967294, theirs -1"}},
		{"attribute", func(f *ir.Family, _ *Types) { f.Sets[0].Attrs[0].Number = 3 }, []string{"attrs/size: number 3, theirs 1"}},
		{"attribute that is not there", func(_ *ir.Family, t *Types) { delete(t.constants, "TOY_A_SIZE") },
			[]string{"attrs/size: missing there, ours 1 (TOY_A_SIZE)"}},
		{"operation", func(f *ir.Family, _ *Types) { f.Ops[0].Number = 19 }, []string{"op get: number 19, theirs 18"}},
		{"reply", func(f *ir.Family, _ *Types) { f.Ops[0].Do.ReplyNumber = 17 }, []string{"op get do reply: number 17, theirs 16"}},
		{"group", func(f *ir.Family, _ *Types) { f.Groups[0].ID = 4 }, []string{"group toygrp-link: number 4, theirs 3"}},
		{"struct that is not there", func(_ *ir.Family, t *Types) { delete(t.structs, "toy_hdr") }, []string{"struct toy-hdr: missing there, ours struct toy_hdr"}},
		{"size", func(f *ir.Family, _ *Types) { f.Structs[0].Size = 16 }, []string{"toy-hdr: size 16, theirs 12"}},
		{"offset", func(f *ir.Family, _ *Types) { f.Structs[0].Members[0].Offset = 3 },
			[]string{"toy-hdr/family: missing there, ours 1 bytes at 3", "toy-hdr: missing here, theirs th_family at 0"}},
		{"order of members", func(f *ir.Family, _ *Types) {
			m := f.Structs[0].Members
			m[3].Offset, m[4].Offset = m[4].Offset, m[3].Offset
		}, []string{"toy-hdr/rest0: name rest0, theirs rest1", "toy-hdr/rest1: name rest1, theirs rest0"}},
		{"byte order", func(f *ir.Family, _ *Types) { f.Structs[0].Members[2].Order = ir.Host }, []string{"toy-hdr/port: byte-order none, theirs big-endian"}},
		{"sign", func(f *ir.Family, _ *Types) { f.Structs[0].Members[2].Type = "s16" }, []string{"toy-hdr/port: signed true, theirs false"}},
		{"member that we lack", func(f *ir.Family, _ *Types) { f.Structs[0].Members = slices.Delete(f.Structs[0].Members, 2, 3) },
			[]string{"toy-hdr: missing here, theirs port at 4"}},
		{"kernel that was built without", func(f *ir.Family, t *Types) {
			f.Sets[0].Attrs = append(f.Sets[0].Attrs, &ir.Attr{Name: "new", C: "TOY_A_NEW", Number: 3})
			f.Enums = append(f.Enums, &ir.Enum{Name: "other", Entries: []*ir.Entry{{Name: "x", C: "OTHER_X", Value: 1}}})
			t.structs, t.Partial = nil, true
		}, []string{"attrs/new: missing there, ours 3 (TOY_A_NEW)"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			f, types := toy()
			test.change(f, types)
			names, err := ParseNames(toyNames)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, d := range NewPlan(names, []*ir.Family{f}).Compare(types)[0].Differences {
				got = append(got, d.String())
			}
			slices.Sort(got)
			if !slices.Equal(got, test.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(test.want, "\n"))
			}
		})
	}
}

// TestShared shows that the operations of one family are not missing in another that has some of the same C enum.
func TestShared(t *testing.T) {
	_, types := toy()
	family := func(op string, number uint16) *ir.Family {
		return &ir.Family{Name: op, Ops: []*ir.Op{{Name: op, C: op, Number: number}}}
	}
	names, err := ParseNames("* | version | -\n")
	if err != nil {
		t.Fatal(err)
	}
	one, both := []*ir.Family{family("TOY_NEW", 16)}, []*ir.Family{family("TOY_NEW", 16), family("TOY_GET", 18)}
	if got := NewPlan(names, one).Compare(types)[0].Differences; len(got) != 1 || got[0].String() != "op: missing here, theirs TOY_GET (18)" {
		t.Errorf("one family: %v", got)
	}
	for _, c := range NewPlan(names, both).Compare(types) {
		if len(c.Differences) > 0 {
			t.Errorf("two families: %v", c.Differences)
		}
	}
}

func TestNames(t *testing.T) {
	names, err := ParseNames("# a comment\nrt-* | op get* reply | RTM_NEW* | 0\nrt-* | op * | - \n")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ family, path, want string }{
		{"rt-link", "op get-link reply", "RTM_NEW_LINK | 0"}, {"rt-link", "op x", "-"}, {"rt-link", "set/x", "DEFAULT"}, {"tc", "op x", "DEFAULT"},
	} {
		f := &family{Family: &ir.Family{Name: test.family}, names: names}
		if got := f.expression(test.path, "DEFAULT"); got != test.want {
			t.Errorf("%s %s: %q, want %q", test.family, test.path, got, test.want)
		}
	}
	if _, err := ParseNames("a | b\n"); err == nil {
		t.Error("a line of two fields is taken")
	}
}

func TestEval(t *testing.T) {
	types := newTypes()
	types.constants["A"], types.constants["B"] = constantOf{value: 6}, constantOf{value: -2}
	for expression, want := range map[string]int64{"A": 6, "(A << 8) | 1": 0x601, "1 << (A - 1)": 32, "B": -2, "((A & 0xff) << 8) | (A >> 8)": 0x600} {
		if got, ok := types.eval(expression); !ok || got != want {
			t.Errorf("%s: %d %v, want %d", expression, got, ok, want)
		}
	}
	for _, expression := range []string{"C", "A | C", "", "A +"} {
		if got, ok := types.eval(expression); ok {
			t.Errorf("%q: %d", expression, got)
		}
	}
}

// TestInner shows that what programs do not see is compared only with kernels that tell their types.
func TestInner(t *testing.T) {
	names, err := ParseNames("toy | color/* | kernel TOY_*\ntoy | protocol | NETLINK_TOY\ntoy | op get do reply | TOY_NEW\n")
	if err != nil {
		t.Fatal(err)
	}
	f, types := toy()
	f.Enums[0].Entries[1].Value = 5
	if got := NewPlan(names, []*ir.Family{f}).Compare(types)[0].Differences; len(got) != 1 || got[0].String() != "color/blue: number 5, theirs 1" {
		t.Errorf("with the names: %v", got)
	}
	delete(types.constants, "TOY_BLUE")
	delete(types.constants, "TOY_RED")
	if got := NewPlan(names, []*ir.Family{f}).Compare(types)[0].Differences; len(got) > 0 {
		t.Errorf("without the names: %v", got)
	}
}
