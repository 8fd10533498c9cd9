package kind

import (
	"github.com/dave/jennifer/jen"

	"github.com/nlgen/nlgen/gen/diag"
	"github.com/nlgen/nlgen/gen/ir"
)

func init() { register("nest", nest{}) }

// nest is a payload of attributes of another set.
type nest struct{}

func (nest) Reads(*ir.Attr) Keys            { return KeyNested }
func (nest) Presence(*ir.Attr) ir.Presence  { return ir.Pointer }
func (nest) Type(a *ir.Attr) *jen.Statement { return jen.Id(a.Nested.Go) }
func (nest) ByRef(*ir.Attr) bool            { return true }
func (nest) Row(a *ir.Attr) Row             { return Row{Kind: "Nest", Nested: a.Nested} }

func (nest) Check(a *ir.Attr, r *diag.Report) { checkNested(a, r) }

func checkNested(a *ir.Attr, r *diag.Report) {
	if a.Nested == nil {
		r.Errorf(a.Pos, "attribute %q of type %s needs nested-attributes", a.Name, a.Type)
	}
}

// nest := e.Begin(AttrX)
// v.encode(e)
// e.End(nest)
func (nest) Put(a *ir.Attr, typ, v *jen.Statement, s *Scope) []jen.Code {
	return []jen.Code{
		jen.Id("nest").Op(":=").Add(call("e", "Begin", typ)),
		v.Clone().Dot("encode").Call(append([]jen.Code{jen.Id("e")}, s.outer(a.Nested)...)...),
		call("e", "End", jen.Id("nest")),
	}
}

// v := nlattr.New[T](d)
// nest := d.Enter()
// v.decode(d)
//
//	if d.Close(nest) {
//		x.F = v
//	} else {
//		x.Unknown = d.Unknown(x.Unknown)
//	}
//
// Of several the last one counts that can be read.
func (nest) Take(a *ir.Attr, dst Dest, s *Scope) []jen.Code {
	room, place := dst.Place(jen.Id(a.Nested.Go))
	closed := call("d", "Close", jen.Id("nest"))
	end := jen.If(jen.Op("!").Add(closed)).Block(dst.Undo)
	if dst.Keep != nil {
		end = jen.If(closed).Block(dst.Keep).Else().Block(dst.Undo)
	}
	return append(room,
		jen.Id("nest").Op(":=").Add(call("d", "Enter")),
		place.Dot("decode").Call(append([]jen.Code{jen.Id("d")}, s.outer(a.Nested)...)...),
		end,
	)
}

func (nest) Sample(a *ir.Attr, s Samples) *jen.Statement { return s.Set(a.Nested) }
