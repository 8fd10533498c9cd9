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

// v.encode(e, AttrX)
func (nest) Put(a *ir.Attr, typ, v *jen.Statement, s *Scope) []jen.Code {
	return one(v.Clone().Dot("encode").Call(append([]jen.Code{jen.Id("e"), typ}, s.outer(a.Nested)...)...))
}

//	if v := nlattr.New[T](d); v.decode(d, &x.Unknown) {
//		x.F = v
//	}
//
// x.F = append(nlattr.Room(d, x.F), T{})
//
//	if !x.F[len(x.F)-1].decode(d, &x.Unknown) {
//		x.F = x.F[:len(x.F)-1]
//	}
//
// Of several for one field the last one counts that can be read.
func (k nest) Take(a *ir.Attr, dst Dest, s *Scope) []jen.Code {
	return takeNest(k.Type(a), a.Nested, dst, s)
}

// takeNest reads an attribute whose whole content a type decodes.
func takeNest(typ *jen.Statement, inner *ir.Set, dst Dest, s *Scope) []jen.Code {
	if dst.Undo == nil {
		v := jen.Id("v")
		room := v.Clone().Op(":=").Qual(Nlattr, "New").Types(typ).Call(jen.Id("d"))
		return one(jen.If(room, decodeNest(inner, v, unknown(), s)).Block(dst.Set(v)))
	}
	room, place := dst.Place(typ)
	return append(room, jen.If(jen.Op("!").Add(decodeNest(inner, place, unknown(), s))).Block(dst.Undo))
}

// decodeNest is v.decode(d, &x.Unknown), which reads the current attribute as a nest. It
// is false if that is none.
func decodeNest(inner *ir.Set, v, unknown *jen.Statement, s *Scope) *jen.Statement {
	return v.Clone().Dot("decode").Call(append([]jen.Code{jen.Id("d"), unknown}, s.outer(inner)...)...)
}

func (nest) Sample(a *ir.Attr, s Samples) *jen.Statement { return s.Set(a.Nested) }
