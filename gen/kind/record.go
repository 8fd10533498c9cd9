package kind

import (
	"github.com/dave/jennifer/jen"

	"github.com/nlgen/nlgen/gen/diag"
	"github.com/nlgen/nlgen/gen/ir"
)

func init() { register("record", record{}) }

// record is a binary that holds C structs of varying length, each followed by
// attributes (RTA_MULTIPATH with its struct rtnexthop). No spec says so: it comes
// from nlgen.yaml.
type record struct{ plain }

func (record) Reads(*ir.Attr) Keys            { return KeyStruct | KeyNested | KeyHint | KeyByteOrder | KeyLength }
func (record) Presence(*ir.Attr) ir.Presence  { return ir.Slice }
func (record) Type(a *ir.Attr) *jen.Statement { return jen.Index().Id(a.Record.Go) }

func (record) Row(a *ir.Attr) Row {
	return Row{Kind: "Binary", Record: a.Record, Struct: a.Struct, Nested: a.Nested}
}

func (record) Check(a *ir.Attr, r *diag.Report) {
	if a.Record == nil || a.Struct == nil || a.Record.Length == nil {
		r.Errorf(a.Pos, "attribute %q of type record needs a struct and the member with its length", a.Name)
	}
}

// nest := e.BeginRaw(AttrX)
//
//	for i := range v {
//		v[i].encode(e)
//	}
//
// e.End(nest)
func (record) Put(a *ir.Attr, typ, v *jen.Statement, s *Scope) []jen.Code {
	args := []jen.Code{jen.Id("e")}
	if a.Nested != nil {
		args = append(args, s.outer(a.Nested)...)
	}
	return []jen.Code{
		jen.Id("nest").Op(":=").Add(call("e", "BeginRaw", typ)),
		jen.For(jen.Id("i").Op(":=").Range().Add(v)).Block(
			v.Clone().Index(jen.Id("i")).Dot("encode").Call(args...)),
		call("e", "End", jen.Id("nest")),
	}
}

// list := nlattr.MakeSlice[T](d, d.Records(8, 0))
// nest := d.Enter()
// var rec nlattr.Frame
//
//	for d.NextRecord(&rec, 8, 0) {
//		list = append(list, T{})
//		list[len(list)-1].decode(d)
//		d.LeaveRecord(&rec)
//	}
//
//	if d.Close(nest, &x.Unknown) {
//		x.F = list
//	}
func (record) Take(a *ir.Attr, dst Dest, s *Scope) []jen.Code {
	args := []jen.Code{jen.Id("d")}
	if a.Nested != nil {
		args = append(args, s.outer(a.Nested)...)
	}
	size, offset := jen.Lit(a.Struct.Size), jen.Lit(a.Record.Length.Offset)
	typ := jen.Id(a.Record.Go)
	return []jen.Code{
		jen.Id("list").Op(":=").Qual(Nlattr, "MakeSlice").Types(typ).Call(jen.Id("d"), call("d", "Records", size, offset)),
		jen.Id("nest").Op(":=").Add(call("d", "Enter")),
		jen.Var().Id("rec").Qual(Nlattr, "Frame"),
		jen.For(call("d", "NextRecord", jen.Op("&").Id("rec"), size, offset)).Block(
			grow(typ.Clone().Values()),
			last().Dot("decode").Call(args...),
			call("d", "LeaveRecord", jen.Op("&").Id("rec")),
		),
		closeList("nest", "list", dst),
	}
}

// []T{*sampleT()}
func (k record) Sample(a *ir.Attr, s Samples) *jen.Statement {
	return k.Type(a).Values(jen.Op("*").Add(s.Record(a)))
}
