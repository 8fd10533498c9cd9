package kind

import (
	"github.com/dave/jennifer/jen"

	"github.com/nlgen/nlgen/gen/diag"
	"github.com/nlgen/nlgen/gen/ir"
)

// structBytes is a binary that holds a C struct.
type structBytes struct{}

func (structBytes) Reads(*ir.Attr) Keys            { return KeyByteOrder | KeyStruct | KeyHint | KeyLength }
func (structBytes) Type(a *ir.Attr) *jen.Statement { return jen.Id(a.Struct.Go) }
func (structBytes) ByRef(*ir.Attr) bool            { return true }

func (structBytes) Row(a *ir.Attr) Row { return Row{Kind: "Binary", Struct: a.Struct} }

func (structBytes) Check(a *ir.Attr, r *diag.Report) {
	if a.Struct.Array == nil && !admits(a.Checks, a.Struct.Size) {
		r.Errorf(a.Pos, "attribute %q: its checks do not admit the %d bytes of struct %q", a.Name, a.Struct.Size, a.Struct.Name)
	}
}

func (structBytes) Presence(a *ir.Attr) ir.Presence {
	if a.Struct.Large() {
		return ir.Pointer
	}
	return ir.Opt
}

// v.encode(e.Struct(AttrX, 16))
//
// Where errors blame the attribute, or only encode knows the length:
//
// nest := e.BeginRaw(AttrX)
// v.encode(e, e.Extend(16))
// e.End(nest)
func (structBytes) Put(a *ir.Attr, typ, v *jen.Statement, _ *Scope) []jen.Code {
	return PutStruct(a.Struct, typ, v)
}

// PutStruct returns the statements that append a struct as an attribute.
func PutStruct(s *ir.Struct, typ, v *jen.Statement) []jen.Code {
	if s.Array == nil && !Narrow(s) {
		return one(v.Clone().Dot("encode").Call(call("e", "Struct", typ, jen.Lit(s.Size))))
	}
	return []jen.Code{
		jen.Id("nest").Op(":=").Add(call("e", "BeginRaw", typ)),
		EncodeStruct(s, v),
		call("e", "End", jen.Id("nest")),
	}
}

// x.F.OK = true
// x.F.V.decode(d.Payload())
//
// x.F = nlattr.New[T](d)
// x.F.decode(d.Payload())
func (structBytes) Take(a *ir.Attr, dst Dest, _ *Scope) []jen.Code {
	code, place := dst.Place(jen.Id(a.Struct.Go))
	return append(code, place.Dot("decode").Call(call("d", "Payload")))
}

func (structBytes) Sample(a *ir.Attr, s Samples) *jen.Statement { return s.Struct(a.Struct) }

// EncodeStruct returns the statement that appends a struct:
//
//	v.encode(e.Extend(16))
//	v.encode(e, e.Extend(16))   if the struct is Narrow
//	v.encode(e)                 if it ends in an array
func EncodeStruct(s *ir.Struct, v *jen.Statement) *jen.Statement {
	if s.Array != nil {
		return v.Clone().Dot("encode").Call(jen.Id("e"))
	}
	room := call("e", "Extend", jen.Lit(s.Size))
	if Narrow(s) {
		return v.Clone().Dot("encode").Call(jen.Id("e"), room)
	}
	return v.Clone().Dot("encode").Call(room)
}

// Narrow reports whether a value of the struct's Go type can be too large for the
// C struct, since a string has any length and an enum may be wider elsewhere. Then
// encode needs the encoder, to report it.
func Narrow(s *ir.Struct) bool {
	for _, m := range s.Members {
		if m.Struct != nil && Narrow(m.Struct) || m.Type == "string" || NarrowMember(m) {
			return true
		}
	}
	return false
}

// NarrowMember reports whether the enum of an integer is wider than the member.
func NarrowMember(m *ir.Member) bool { return EnumMember(m) && m.Enum.Bits > 8*m.Size }

// EnumMember reports whether the Go type of the member is that of its enum.
func EnumMember(m *ir.Member) bool {
	return m.Enum != nil && (m.Enum.Flags || !m.EnumFlags) && m.Type != "binary" && m.Type != "string"
}
