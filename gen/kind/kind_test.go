package kind

import (
	"fmt"
	"strings"
	"testing"

	"github.com/dave/jennifer/jen"

	"github.com/nlgen/nlgen/gen/diag"
	"github.com/nlgen/nlgen/gen/ir"
)

// code returns statements as they stand in a generated function.
func code(stmts ...jen.Code) string {
	s := fmt.Sprintf("%#v", jen.Func().Id("f").Params().Block(stmts...))
	lines := strings.Split(s, "\n")
	if len(lines) < 3 {
		return ""
	}
	for i := range lines {
		lines[i] = strings.TrimPrefix(lines[i], "\t")
	}
	return strings.Join(lines[1:len(lines)-1], "\n")
}

func expr(s *jen.Statement) string { return fmt.Sprintf("%#v", s) }

// field is the destination x.F.
func field() Dest {
	x := func() *jen.Statement { return jen.Id("x").Dot("F") }
	return Dest{
		Set: func(v *jen.Statement) jen.Code { return x().Op("=").Add(v) },
		Place: func(typ *jen.Statement) ([]jen.Code, *jen.Statement) {
			return []jen.Code{x().Op("=").New(typ)}, x()
		},
		Misfit: Keep(),
	}
}

var (
	small   = &ir.Struct{Name: "small", Go: "Small", Size: 8}
	wide    = &ir.Enum{Name: "wide", Go: "Wide", Bits: 32, Entries: []*ir.Entry{{Name: "one", Go: "WideOne", Value: 1}}}
	numbers = &ir.Enum{Name: "numbers", Go: "Numbers", Bits: 8, Entries: []*ir.Entry{{Name: "two", Go: "NumbersTwo", Number: 2, Value: 2}}}
	inner   = &ir.Set{Name: "inner", Go: "InnerAttrs"}
	outward = &ir.Set{Name: "outward", Go: "OutwardAttrs", Outer: []string{"kind"}}
)

// attr returns an attribute with the presence that its kind gives it.
func attr(a ir.Attr) *ir.Attr {
	a.Name, a.Go, a.Const, a.Number = "f", "F", "AttrF", 7
	a.Presence = Presence(&a)
	return &a
}

func TestCode(t *testing.T) {
	n := 16
	for _, tc := range []struct {
		name           string
		attr           ir.Attr
		typ, put, take string
	}{
		{"u8", ir.Attr{Type: "u8"}, "uint8", "e.Uint8(AttrF, v)", "x.F = d.Uint8()"},
		{"s16", ir.Attr{Type: "s16"}, "int16", "e.Int16(AttrF, v)", "x.F = d.Int16()"},
		{"big-endian", ir.Attr{Type: "u32", Order: ir.BigEndian}, "uint32", "e.Uint32BE(AttrF, v)", "x.F = d.Uint32BE()"},
		{"little-endian", ir.Attr{Type: "s64", Order: ir.LittleEndian}, "int64", "e.Int64LE(AttrF, v)", "x.F = d.Int64LE()"},
		{"enum", ir.Attr{Type: "u32", Enum: wide}, "Wide", "e.Uint32(AttrF, uint32(v))", "x.F = Wide(d.Uint32())"},
		{"narrow enum", ir.Attr{Type: "u8", Enum: wide}, "Wide", "e.Uint8(AttrF, nlattr.Fit[uint8](e, AttrF, v))", "x.F = Wide(d.Uint8())"},
		{"enum of numbers as bits", ir.Attr{Type: "u8", Enum: numbers, EnumFlags: true}, "uint8", "e.Uint8(AttrF, v)", "x.F = d.Uint8()"},
		{"address in u32", ir.Attr{Type: "u32", Order: ir.BigEndian, Hint: ir.IPv4}, "netip.Addr", "e.Addr4(AttrF, v)", "x.F = d.Addr4()"},
		{"uint", ir.Attr{Type: "uint"}, "uint64", "e.Uint(AttrF, v)", "x.F = d.Uint()"},
		{"sint", ir.Attr{Type: "sint", Order: ir.BigEndian}, "int64", "e.IntBE(AttrF, v)", "x.F = d.IntBE()"},
		{"flag", ir.Attr{Type: "flag"}, "bool", "e.Flag(AttrF)", "x.F = true"},
		{"string", ir.Attr{Type: "string"}, "string", "e.String(AttrF, v)", "x.F = d.String()"},
		{"fixed string", ir.Attr{Type: "string", Checks: &ir.Checks{ExactLen: &n}}, "string", "e.PaddedText(AttrF, v, 16)", "x.F = d.String()"},
		{"bitfield32", ir.Attr{Type: "bitfield32"}, "nlattr.Bitfield32", "e.Bitfield32(AttrF, v)", "x.F = d.Bitfield32()"},
		{"binary", ir.Attr{Type: "binary"}, "[]byte", "e.Bytes(AttrF, v)", "x.F = d.Bytes()"},
		{"mac", ir.Attr{Type: "binary", Hint: ir.MAC}, "net.HardwareAddr", "e.Bytes(AttrF, v)", "x.F = d.Bytes()"},
		{
			"address", ir.Attr{Type: "binary", Hint: ir.IPv4OrV6}, "netip.Addr", "e.Addr(AttrF, v)",
			"if v, ok := d.Addr(); ok {\n\tx.F = v\n} else {\n\td.Keep(&x.Unknown)\n}",
		},
		{
			"struct", ir.Attr{Type: "binary", Struct: small}, "Small",
			"v.encode(e.Struct(AttrF, 8))",
			"x.F = new(Small)\nx.F.decode(d.Payload())",
		},
		{
			"packed array", ir.Attr{Type: "binary", Elem: "u16", Order: ir.BigEndian}, "[]uint16",
			"nlattr.PutArrayBE[uint16](e, AttrF, v)", "x.F = nlattr.ArrayBE[uint16, uint16](d)",
		},
		{
			"packed array of an enum", ir.Attr{Type: "binary", Elem: "u8", Enum: wide}, "[]Wide",
			"nlattr.PutArray[uint8](e, AttrF, v)", "x.F = nlattr.Array[uint8, Wide](d)",
		},
		{
			"nest", ir.Attr{Type: "nest", Nested: inner}, "InnerAttrs",
			"v.encode(e, AttrF)",
			"if v := nlattr.New[InnerAttrs](d); v.decode(d, &x.Unknown) {\n\tx.F = v\n}",
		},
		{
			"indexed-array of nests", ir.Attr{Type: "indexed-array", Elem: "nest", Nested: inner}, "[]nlattr.Indexed[InnerAttrs]",
			"array := e.Begin(AttrF)\nfor i := range v {\n\tv[i].V.encode(e, e.Entry(v[i].Index))\n}\ne.End(array)",
			"list := nlattr.MakeSlice[nlattr.Indexed[InnerAttrs]](d, d.Members())\narray := d.Enter()\nfor d.Next() {\n" +
				"\tlist = append(list, nlattr.Indexed[InnerAttrs]{Index: d.Type()})\n\tif !list[len(list)-1].V.decode(d, nil) {\n\t\td.Fail(nlattr.ErrLength)\n\t}\n}\nif d.Close(array, &x.Unknown) {\n\tx.F = list\n}",
		},
		{
			"indexed-array of integers", ir.Attr{Type: "indexed-array", Elem: "u32"}, "[]uint32",
			"array := e.Begin(AttrF)\nfor i, v := range v {\n\te.Uint32(uint16(i), v)\n}\ne.End(array)",
			"list := nlattr.MakeSlice[uint32](d, d.Members())\narray := d.Enter()\nfor d.Next() {\n\tlist = append(list, d.Uint32())\n}\nif d.Close(array, &x.Unknown) {\n\tx.F = list\n}",
		},
		{
			"nest-type-value", ir.Attr{Type: "nest-type-value", Nested: inner, Levels: []string{"a"}}, "[]nlattr.Indexed[InnerAttrs]",
			"array := e.Begin(AttrF)\nfor i0 := range v {\n\tv[i0].V.encode(e, e.Entry(v[i0].Index))\n}\ne.End(array)",
			"list0 := nlattr.MakeSlice[nlattr.Indexed[InnerAttrs]](d, d.Members())\narray0 := d.Enter()\nfor d.Next() {\n" +
				"\tlist0 = append(list0, nlattr.Indexed[InnerAttrs]{Index: d.Type()})\n\tif !list0[len(list0)-1].V.decode(d, nil) {\n\t\td.Fail(nlattr.ErrLength)\n\t}\n}\nif d.Close(array0, &x.Unknown) {\n\tx.F = list0\n}",
		},
		{
			"record", ir.Attr{Type: "record", Struct: small, Nested: inner, Record: &ir.Record{Go: "Rec", Length: &ir.Member{Offset: 2}}}, "[]Rec",
			"nest := e.BeginRaw(AttrF)\nfor i := range v {\n\tv[i].encode(e)\n}\ne.End(nest)",
			"list := nlattr.MakeSlice[Rec](d, d.Records(8, 2))\nnest := d.Enter()\nvar rec nlattr.Frame\nfor d.NextRecord(&rec, 8, 2) {\n" +
				"\tlist = append(list, Rec{})\n\tlist[len(list)-1].decode(d)\n\td.LeaveRecord(&rec)\n}\nif d.Close(nest, &x.Unknown) {\n\tx.F = list\n}",
		},
		{
			"headed", ir.Attr{Type: "headed", Struct: small, Nested: inner, Record: &ir.Record{Go: "Head"}}, "Head",
			"v.encode(e, AttrF)",
			"if v := nlattr.New[Head](d); v.decode(d, &x.Unknown) {\n\tx.F = v\n}",
		},
		{"pad", ir.Attr{Type: "pad"}, "struct{}", "", ""},
		{"unused", ir.Attr{Type: "unused"}, "struct{}", "", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			a := attr(tc.attr)
			scope := &Scope{Set: &ir.Set{Attrs: []*ir.Attr{a}}, Fields: []*ir.Attr{a}}
			k := Of(a)
			if got := expr(k.Type(a)); got != tc.typ {
				t.Errorf("type %s, want %s", got, tc.typ)
			}
			if got := code(k.Put(a, jen.Id("AttrF"), jen.Id("v"), scope)...); got != tc.put {
				t.Errorf("put\n%s\nwant\n%s", got, tc.put)
			}
			if got := code(k.Take(a, field(), scope)...); got != tc.take {
				t.Errorf("take\n%s\nwant\n%s", got, tc.take)
			}
		})
	}
}

// TestPutOpt shows which fields take one line.
func TestPutOpt(t *testing.T) {
	n := 16
	for _, tc := range []struct {
		attr ir.Attr
		want string
	}{
		{ir.Attr{Type: "u8"}, "e.OptUint8(AttrF, x.F)"},
		{ir.Attr{Type: "s32", Order: ir.BigEndian}, "e.OptInt32BE(AttrF, x.F)"},
		{ir.Attr{Type: "u32", Enum: wide}, "nlattr.OptEnum32(e, AttrF, x.F)"},
		{ir.Attr{Type: "s16", Enum: numbers, Order: ir.LittleEndian}, "nlattr.OptEnum16LE(e, AttrF, x.F)"},
		{ir.Attr{Type: "u8", Enum: wide}, ""},
		{ir.Attr{Type: "u8", Enum: numbers, EnumFlags: true}, "e.OptUint8(AttrF, x.F)"},
		{ir.Attr{Type: "u32", Order: ir.BigEndian, Hint: ir.IPv4}, "e.OptAddr4(AttrF, x.F)"},
		{ir.Attr{Type: "uint"}, "e.OptUint(AttrF, x.F)"},
		{ir.Attr{Type: "uint", Enum: wide, Order: ir.BigEndian}, "nlattr.OptEnumUintBE(e, AttrF, x.F)"},
		{ir.Attr{Type: "sint", Enum: wide}, "nlattr.OptEnumInt(e, AttrF, x.F)"},
		{ir.Attr{Type: "flag"}, "e.OptFlag(AttrF, x.F)"},
		{ir.Attr{Type: "string"}, "e.OptString(AttrF, x.F)"},
		{ir.Attr{Type: "string", Checks: &ir.Checks{ExactLen: &n}}, "e.OptPaddedText(AttrF, x.F, 16)"},
		{ir.Attr{Type: "string", Multi: true}, ""},
		{ir.Attr{Type: "bitfield32"}, "e.OptBitfield32(AttrF, x.F)"},
		{ir.Attr{Type: "binary"}, "e.OptBytes(AttrF, x.F)"},
		{ir.Attr{Type: "binary", Hint: ir.IPv6}, "e.OptAddr(AttrF, x.F)"},
		{ir.Attr{Type: "binary", Elem: "u16", Order: ir.BigEndian}, "nlattr.OptArrayBE[uint16](e, AttrF, x.F)"},
		{ir.Attr{Type: "binary", Struct: small}, ""},
		{ir.Attr{Type: "nest", Nested: inner}, ""},
	} {
		a, got := attr(tc.attr), ""
		if line := PutOpt(a, jen.Id("AttrF"), jen.Id("x").Dot("F"), &Scope{}); line != nil {
			got = code(line)
		}
		if got != tc.want {
			t.Errorf("%+v: %q, want %q", tc.attr, got, tc.want)
		}
	}
}

// TestTakeOpt shows fields that the decoder sets as present.
func TestTakeOpt(t *testing.T) {
	dst := field()
	dst.Opt = jen.Id("x").Dot("F")
	for _, tc := range []struct {
		attr ir.Attr
		want string
	}{
		{ir.Attr{Type: "u16", Order: ir.BigEndian}, "x.F = d.OptUint16BE()"},
		{ir.Attr{Type: "u32", Enum: wide}, "x.F = Wide(d.Uint32())"},
		{ir.Attr{Type: "u32", Order: ir.BigEndian, Hint: ir.IPv4}, "x.F = d.OptAddr4()"},
		{ir.Attr{Type: "sint"}, "x.F = d.OptInt()"},
		{ir.Attr{Type: "uint", Enum: wide}, "x.F = Wide(d.Uint())"},
		{ir.Attr{Type: "string"}, "x.F = d.OptString()"},
		{ir.Attr{Type: "bitfield32"}, "x.F = d.OptBitfield32()"},
		{ir.Attr{Type: "binary", Hint: ir.IPv6}, "d.OptAddr(&x.F, &x.Unknown)"},
	} {
		a := attr(tc.attr)
		if got := code(Of(a).Take(a, dst, &Scope{})...); got != tc.want {
			t.Errorf("%+v: %q, want %q", tc.attr, got, tc.want)
		}
	}
}

// TestTakeMany shows a nest that may occur many times.
func TestTakeMany(t *testing.T) {
	x := func() *jen.Statement { return jen.Id("x").Dot("F") }
	dst := field()
	dst.Undo = jen.Id("undo").Call()
	dst.Place = func(*jen.Statement) ([]jen.Code, *jen.Statement) { return []jen.Code{jen.Id("room").Call()}, x() }
	a := attr(ir.Attr{Type: "nest", Nested: inner, Multi: true})
	want := "room()\nif !x.F.decode(d, &x.Unknown) {\n\tundo()\n}"
	if got := code(Of(a).Take(a, dst, &Scope{})...); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// TestSubMessage shows where the selector of a sub-message comes from.
func TestSubMessage(t *testing.T) {
	kindAttr := &ir.Attr{Name: "kind", Go: "Kind", Const: "AttrKind", Type: "string", Presence: ir.Opt}
	sub := &ir.SubMessage{Name: "data", Go: "Data", RawGo: "DataRaw", Formats: []*ir.Format{{Value: "a", Set: inner, Go: "InnerAttrs"}}}
	data := &ir.Attr{Name: "data", Go: "F", Const: "AttrF", Type: "sub-message", Sub: sub, Presence: ir.Iface,
		Selector: &ir.Selector{Name: "kind", Attr: kindAttr}}
	set := &ir.Set{Name: "s", Attrs: []*ir.Attr{kindAttr, data}}
	enumAttr := *kindAttr
	enumAttr.Type, enumAttr.Enum = "u32", wide
	plainAttr := *kindAttr
	plainAttr.Type = "u16"
	for _, tc := range []struct {
		name  string
		scope *Scope
		put   string
		late  bool
	}{
		{"beside it", &Scope{Set: set, Fields: set.Attrs}, "encodeData(e, AttrF, x.Kind.V, v)", true},
		{"derived", &Scope{Set: set, Fields: set.Attrs, Derived: []*ir.Attr{kindAttr}}, "encodeData(e, AttrF, kind.V, v)", true},
		{"not listed for the message", &Scope{Set: set, Fields: []*ir.Attr{data}}, `encodeData(e, AttrF, "", v)`, false},
		{
			"an enum", &Scope{Set: &ir.Set{Attrs: []*ir.Attr{&enumAttr, data}}, Fields: []*ir.Attr{&enumAttr, data}},
			"encodeData(e, AttrF, nlattr.NamedSelector(x.Kind), v)", true,
		},
		{
			"a number", &Scope{Set: &ir.Set{Attrs: []*ir.Attr{&plainAttr, data}}, Fields: []*ir.Attr{&plainAttr, data}},
			"encodeData(e, AttrF, nlattr.NumberSelector(x.Kind), v)", true,
		},
		{
			"outside", &Scope{Set: &ir.Set{Attrs: []*ir.Attr{data}, Outer: []string{"kind"}}, Fields: []*ir.Attr{data}, Inner: true},
			"encodeData(e, AttrF, kind, v)", false,
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := code(Of(data).Put(data, jen.Id("AttrF"), jen.Id("v"), tc.scope)...); got != tc.put {
				t.Errorf("put %s, want %s", got, tc.put)
			}
			if got := tc.scope.Late(data); got != tc.late {
				t.Errorf("late is %v", got)
			}
		})
	}
	nested := attr(ir.Attr{Type: "nest", Nested: outward})
	scope := &Scope{Set: set, Fields: set.Attrs}
	want := "v.encode(e, AttrF, x.Kind.V)"
	if got := code(Of(nested).Put(nested, jen.Id("AttrF"), jen.Id("v"), scope)...); got != want {
		t.Errorf("put of a nest that needs an outer selector\n%s\nwant\n%s", got, want)
	}
	if !scope.Late(nested) {
		t.Error("a nest that needs the selector beside it is not late")
	}
}

func TestParam(t *testing.T) {
	for name, want := range map[string]string{"kind": "kind", "slave-kind": "slaveKind", "type": "typeText", "typ": "typText", "x": "xText", "nest": "nestText"} {
		if got := Param(name); got != want {
			t.Errorf("Param(%q) = %s, want %s", name, got, want)
		}
	}
}

func TestPresence(t *testing.T) {
	large := &ir.Struct{Size: 17}
	for _, tc := range []struct {
		attr ir.Attr
		want ir.Presence
	}{
		{ir.Attr{Type: "u8"}, ir.Opt},
		{ir.Attr{Type: "u8", Multi: true}, ir.Slice},
		{ir.Attr{Type: "flag"}, ir.Bool},
		{ir.Attr{Type: "flag", Multi: true}, ir.Bool},
		{ir.Attr{Type: "pad", Multi: true}, ir.Never},
		{ir.Attr{Type: "binary"}, ir.Bytes},
		{ir.Attr{Type: "binary", Hint: ir.IPv6}, ir.Opt},
		{ir.Attr{Type: "binary", Struct: small}, ir.Opt},
		{ir.Attr{Type: "binary", Struct: large}, ir.Pointer},
		{ir.Attr{Type: "nest"}, ir.Pointer},
		{ir.Attr{Type: "sub-message"}, ir.Iface},
		{ir.Attr{Type: "indexed-array", Elem: "u32"}, ir.Slice},
	} {
		if got := Presence(&tc.attr); got != tc.want {
			t.Errorf("%+v: presence %d, want %d", tc.attr, got, tc.want)
		}
	}
}

func TestCheck(t *testing.T) {
	for _, tc := range []struct {
		attr ir.Attr
		want []string
	}{
		{ir.Attr{Type: "u32", Order: ir.BigEndian, Hint: ir.IPv4}, nil},
		{ir.Attr{Type: "u32", Hint: ir.IPv4}, []string{`warning: attribute "f": hint ipv4 needs byte-order big-endian`}},
		{ir.Attr{Type: "flag", Enum: wide}, []string{`warning: attribute "f": enum means nothing for type flag`}},
		{ir.Attr{Type: "nest"}, []string{`attribute "f" of type nest needs nested-attributes`}},
		{ir.Attr{Type: "nest-type-value", Nested: inner}, []string{`attribute "f" of type nest-type-value needs type-value`}},
		{ir.Attr{Type: "indexed-array"}, []string{`attribute "f" of type indexed-array needs a sub-type`}},
		{ir.Attr{Type: "indexed-array", Elem: "flag"}, []string{`attribute "f": an indexed-array cannot have the sub-type flag`}},
		{ir.Attr{Type: "indexed-array", Elem: "indexed-array"}, []string{`attribute "f": an indexed-array cannot have the sub-type indexed-array`}},
		{ir.Attr{Type: "binary", Elem: "string"}, []string{`attribute "f": a packed array has integers of a fixed width, not sub-type string`}},
		{ir.Attr{Type: "sub-message"}, []string{`attribute "f" of type sub-message needs sub-message`}},
		{ir.Attr{Type: "record"}, []string{`attribute "f" of type record needs a struct and the member with its length`}},
		{ir.Attr{Type: "headed"}, []string{`attribute "f" of type headed needs a struct and a set`}},
	} {
		var r diag.Report
		tc.attr.Name = "f"
		Check(&tc.attr, &r)
		var got []string
		for _, d := range r.Diagnostics() {
			got = append(got, d.String())
		}
		if strings.Join(got, "\n") != strings.Join(tc.want, "\n") {
			t.Errorf("%s: %q, want %q", tc.attr.Type, got, tc.want)
		}
	}
}

func TestSample(t *testing.T) {
	limit := func(v int64) *ir.Limit { return &ir.Limit{Value: v} }
	length := func(n int) *int { return &n }
	mask := uint64(0xf0)
	for _, tc := range []struct {
		name string
		attr ir.Attr
		want string
	}{
		{"u8", ir.Attr{Type: "u8"}, "8"},
		{"u16", ir.Attr{Type: "u16"}, "4103"},
		{"s32", ir.Attr{Type: "s32"}, "-270544903"},
		{"a range", ir.Attr{Type: "u16", Checks: &ir.Checks{Min: limit(1), Max: limit(5)}}, "3"},
		{"a negative range", ir.Attr{Type: "s16", Checks: &ir.Checks{Min: limit(-5), Max: limit(5)}}, "-5"},
		{"a mask", ir.Attr{Type: "u8", Checks: &ir.Checks{Mask: &mask}}, "16"},
		{"an enum", ir.Attr{Type: "u32", Enum: wide}, "WideOne"},
		{"bits of an enum of numbers", ir.Attr{Type: "u8", Enum: numbers, EnumFlags: true}, "4"},
		{"a string", ir.Attr{Type: "string"}, `"text-7"`},
		{"a short string", ir.Attr{Type: "string", Checks: &ir.Checks{MaxLen: length(3)}}, `"t-7"`},
		{"a fixed string", ir.Attr{Type: "string", Checks: &ir.Checks{ExactLen: length(8)}}, `"text-7zz"`},
		{"bytes", ir.Attr{Type: "binary"}, "[]byte{8, 9, 10, 11, 12}"},
		{"a mac", ir.Attr{Type: "binary", Hint: ir.MAC}, "net.HardwareAddr{8, 9, 10, 11, 12, 13}"},
		{"an address", ir.Attr{Type: "binary", Hint: ir.IPv4}, `netip.MustParseAddr("192.0.0.7")`},
		{"an address of 16 bytes", ir.Attr{Type: "binary", Hint: ir.IPv4OrV6, Checks: &ir.Checks{MinLen: length(16)}}, `netip.MustParseAddr("2001:db8::8")`},
		{"a packed array", ir.Attr{Type: "binary", Elem: "u8"}, "[]uint8{8, 9}"},
	} {
		if got := expr(Of(&tc.attr).Sample(attr(tc.attr), nil)); got != tc.want {
			t.Errorf("%s: %s, want %s", tc.name, got, tc.want)
		}
	}
}
