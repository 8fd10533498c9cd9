package kind

import (
	"github.com/dave/jennifer/jen"

	"github.com/nlgen/nlgen/gen/diag"
	"github.com/nlgen/nlgen/gen/ir"
)

func init() { register("indexed-array", indexed{}) }

// indexed is a nest whose attributes are the entries of an array and are numbered
// by their indexes. Entries that are nests or C structs keep their index; others
// are counted from 0.
type indexed struct{ plain }

func (indexed) Reads(a *ir.Attr) Keys {
	keys := KeySubType
	if e := kinds[a.Elem]; e != nil && a.Elem != "indexed-array" {
		keys |= e.Reads(element(a)) | KeyHint | KeyByteOrder
	}
	return keys
}

func (indexed) Presence(*ir.Attr) ir.Presence { return ir.Slice }

func (indexed) Row(a *ir.Attr) Row {
	r := Of(element(a)).Row(element(a))
	return Row{Kind: "IndexedArray", Elem: r.Kind, Nested: r.Nested, Struct: r.Struct}
}

func (indexed) Check(a *ir.Attr, r *diag.Report) {
	switch e := kinds[a.Elem].(type) {
	case nest:
		checkNested(a, r)
	case integer, auto, str, bitfield32:
	case binary:
		e.Check(element(a), r)
	case nil:
		r.Errorf(a.Pos, "attribute %q of type indexed-array needs a sub-type", a.Name)
	default:
		r.Errorf(a.Pos, "attribute %q: an indexed-array cannot have the sub-type %s", a.Name, a.Elem)
	}
}

// nests says that the entries are nests.
func (indexed) nests(a *ir.Attr) bool { return a.Elem == "nest" }

// keeps says that the entries keep their index.
func (k indexed) keeps(a *ir.Attr) bool { return k.nests(a) || a.Struct != nil }

// entry is the Go type of an entry.
func (k indexed) entry(a *ir.Attr) *jen.Statement {
	t := Of(element(a)).Type(element(a))
	if k.keeps(a) {
		return jen.Qual(Nlattr, "Indexed").Types(t)
	}
	return t
}

// []uint32 or []nlattr.Indexed[T]
func (k indexed) Type(a *ir.Attr) *jen.Statement { return jen.Index().Add(k.entry(a)) }

// array := e.Begin(AttrX)
//
//	for i := range v {
//		v[i].V.encode(e, e.Entry(v[i].Index))
//	}
//
// e.End(array)
//
//	for i, v := range v {
//		e.Uint32(uint16(i), v)
//	}
func (k indexed) Put(a *ir.Attr, typ, v *jen.Statement, s *Scope) []jen.Code {
	elem := element(a)
	at := v.Clone().Index(jen.Id("i"))
	var loop jen.Code
	switch {
	case k.keeps(a):
		number := call("e", "Entry", at.Clone().Dot("Index"))
		loop = jen.For(jen.Id("i").Op(":=").Range().Add(v)).Block(Of(elem).Put(elem, number, at.Clone().Dot("V"), s)...)
	default:
		loop = jen.For(jen.List(jen.Id("i"), jen.Id("v")).Op(":=").Range().Add(v)).Block(
			Of(elem).Put(elem, jen.Uint16().Call(jen.Id("i")), jen.Id("v"), s)...)
	}
	return []jen.Code{
		jen.Id("array").Op(":=").Add(call("e", "Begin", typ)),
		loop,
		call("e", "End", jen.Id("array")),
	}
}

// list := nlattr.MakeSlice[nlattr.Indexed[T]](d, d.Members())
// array := d.Enter()
//
//	for d.Next() {
//		list = append(list, nlattr.Indexed[T]{Index: d.Type()})
//		if !list[len(list)-1].V.decode(d, nil) {
//			d.Fail(nlattr.ErrLength)
//		}
//	}
//
//	if d.Close(array, &x.Unknown) {
//		x.F = list
//	}
//
// One entry that cannot be read makes the whole array such.
func (k indexed) Take(a *ir.Attr, dst Dest, s *Scope) []jen.Code {
	elem := element(a)
	var body []jen.Code
	grown := grow(k.entry(a).Values(jen.Id("Index").Op(":").Add(call("d", "Type"))))
	switch {
	case k.nests(a):
		body = []jen.Code{grown, orFail(decodeNest(a.Nested, last().Dot("V"), jen.Nil(), s))}
	case k.keeps(a):
		body = Of(elem).Take(elem, Dest{Place: func(*jen.Statement) ([]jen.Code, *jen.Statement) { return one(grown), last().Dot("V") }}, s)
	default:
		body = Of(elem).Take(elem, entryDest(), s)
	}
	return takeList(k.entry(a), call("d", "Members"), body, dst)
}

// takeList wraps the statements that append one entry to the variable list.
func takeList(entry, count *jen.Statement, body []jen.Code, dst Dest) []jen.Code {
	return []jen.Code{
		jen.Id("list").Op(":=").Qual(Nlattr, "MakeSlice").Types(entry).Call(jen.Id("d"), count),
		jen.Id("array").Op(":=").Add(call("d", "Enter")),
		jen.For(call("d", "Next")).Block(body...),
		closeList("array", "list", dst),
	}
}

// closeList leaves an array whose entries are in a variable.
func closeList(array, list string, dst Dest) jen.Code {
	return jen.If(call("d", "Close", jen.Id(array), unknown())).Block(dst.Set(jen.Id(list)))
}

// orFail makes an entry of an array that cannot be read an error.
func orFail(read *jen.Statement) jen.Code { return jen.If(jen.Op("!").Add(read)).Block(misfit()) }

// d.Fail(nlattr.ErrLength)
func misfit() jen.Code { return call("d", "Fail", jen.Qual(Nlattr, "ErrLength")) }

// entryDest is the end of the variable list. What does not fit cannot stay in
// Unknown, since its number is an index.
func entryDest() Dest {
	return Dest{
		Set: func(v *jen.Statement) jen.Code { return grow(v) },
		Place: func(typ *jen.Statement) ([]jen.Code, *jen.Statement) {
			return one(grow(typ.Clone().Values())), last()
		},
		Misfit: misfit(),
	}
}

// list = append(list, v)
func grow(v *jen.Statement) jen.Code {
	return jen.Id("list").Op("=").Append(jen.Id("list"), v)
}

// list[len(list)-1]
func last() *jen.Statement {
	return jen.Id("list").Index(jen.Len(jen.Id("list")).Op("-").Lit(1))
}

// []uint32{1, 2} or []nlattr.Indexed[T]{{Index: 1, V: *sampleT()}}
func (k indexed) Sample(a *ir.Attr, s Samples) *jen.Statement {
	elem := element(a)
	if k.keeps(a) {
		return k.Type(a).Values(jen.Values(
			jen.Id("Index").Op(":").Lit(1), jen.Id("V").Op(":").Op("*").Add(Of(elem).Sample(elem, s))))
	}
	var list []jen.Code
	for range 2 {
		list = append(list, Of(elem).Sample(elem, s))
		elem.Number++
	}
	return k.Type(a).Values(list...)
}
