package emit

import (
	"strconv"

	"github.com/dave/jennifer/jen"

	"github.com/nlgen/nlgen/gen/ir"
	"github.com/nlgen/nlgen/gen/kind"
)

// structs emits a Go struct for each C struct, with a codec that follows the
// layout member by member.
func (g *generator) structs() []jen.Code {
	var decls []jen.Code
	for _, s := range g.f.Structs {
		parts := [][]jen.Code{structType(s), structEncode(s), structDecode(s)}
		if !g.held[s] {
			parts = append(parts, structPublic(s))
		}
		decls = append(decls, group(parts...))
	}
	return decls
}

// type IfaCacheinfo struct {
//
//	IfaPrefered uint32 // ...
//
// }
func structType(s *ir.Struct) []jen.Code {
	var fields []jen.Code
	for _, m := range s.Members {
		if m.Go == "" {
			continue
		}
		fields = append(fields, row(jen.Id(m.Go).Add(memberType(m)), memberDoc(m))...)
	}
	intro := s.Go + " is " + cStruct(s)
	if s.Array != nil {
		fields = append(fields, row(jen.Id(s.Array.Go).Index().Add(elementType(s.Array)), memberDoc(s.Array.Member))...)
		intro = arrayIntro(s)
	}
	return append(append(doc(intro, s.Doc), countDoc(s)...), jen.Type().Id(s.Go).Struct(fields...), jen.Line())
}

func bytesOf(n int) string {
	if n == 1 {
		return "1 byte"
	}
	return strconv.Itoa(n) + " bytes"
}

func memberType(m *ir.Member) *jen.Statement {
	switch {
	case m.Struct != nil:
		return jen.Id(m.Struct.Go)
	case m.Type == "binary":
		return jen.Index(jen.Lit(m.Size)).Byte()
	case m.Type == "string":
		return jen.String()
	case kind.EnumMember(m):
		return jen.Id(m.Enum.Go)
	default:
		return jen.Id(wireType(m))
	}
}

// wireType is the Go integer with the width and sign of the member.
func wireType(m *ir.Member) string {
	if m.Type[0] == 's' {
		return "int" + strconv.Itoa(8*m.Size)
	}
	return "uint" + strconv.Itoa(8*m.Size)
}

// slice is b[from:], or b where from is 0.
func slice(from int) *jen.Statement {
	if from == 0 {
		return jen.Id("b")
	}
	return jen.Id("b").Index(jen.Lit(from), jen.Empty())
}

// window is b = b[:16]: it checks the length once for all members.
func window(s *ir.Struct) jen.Code {
	return jen.Id("b").Op("=").Id("b").Index(jen.Empty(), jen.Lit(s.Size))
}

// func (x *T) encode(b []byte) { ... }
//
// A struct with a member that can overflow takes the encoder, too.
func structEncode(s *ir.Struct) []jen.Code {
	if s.Array != nil {
		return arrayEncode(s)
	}
	var body []jen.Code
	for _, m := range s.Members {
		if m.Go != "" {
			body = append(body, memberEncode(m))
		}
	}
	if len(body) > 2 {
		body = append([]jen.Code{window(s)}, body...)
	}
	params := []jen.Code{jen.Id("b").Index().Byte()}
	if kind.Narrow(s) {
		params = append([]jen.Code{encoderParam()}, params...)
	}
	return []jen.Code{method(s.Go, "encode").Params(params...).Block(body...), jen.Line()}
}

func memberEncode(m *ir.Member) jen.Code {
	x := jen.Id("x").Dot(m.Go)
	switch {
	case m.Struct != nil:
		at := jen.Id("b").Index(jen.Lit(m.Offset), jen.Lit(m.Offset+m.Size))
		if kind.Narrow(m.Struct) {
			return x.Dot("encode").Call(jen.Id("e"), at)
		}
		return x.Dot("encode").Call(at)
	case m.Type == "binary":
		return jen.Copy(slice(m.Offset), x.Index(jen.Empty(), jen.Empty()))
	case m.Type == "string":
		at := jen.Id("b").Index(jen.Lit(m.Offset), jen.Lit(m.Offset+m.Size))
		return jen.Qual(nlattr, "PutCString").Call(jen.Id("e"), jen.Lit(m.Name), at, x)
	}
	return integerEncode(m, x)
}

// integerEncode stores an integer at the place of a member.
func integerEncode(m *ir.Member, x *jen.Statement) jen.Code {
	unsigned := "uint" + strconv.Itoa(8*m.Size)
	switch {
	case kind.NarrowMember(m):
		x = jen.Qual(nlattr, "FitMember").Types(jen.Id(wireType(m))).Call(jen.Id("e"), jen.Lit(m.Name), x)
		if wireType(m) != unsigned {
			x = jen.Id(unsigned).Call(x)
		}
	case kind.EnumMember(m), wireType(m) != unsigned:
		x = jen.Id(unsigned).Call(x)
	}
	if m.Size == 1 {
		return jen.Id("b").Index(jen.Lit(m.Offset)).Op("=").Add(x)
	}
	return jen.Qual(nlattr, "PutUint"+strconv.Itoa(8*m.Size)+kind.Suffix(m.Order)).Call(slice(m.Offset), x)
}

//	func (x *T) decode(b []byte) {
//		b = nlattr.Fixed(b, 16)
//		...
//	}
//
// A shorter payload comes from an older kernel, and what it lacks is zero; of a
// longer one the end is ignored.
func structDecode(s *ir.Struct) []jen.Code {
	body := []jen.Code{
		jen.Id("b").Op("=").Qual(nlattr, "Fixed").Call(jen.Id("b"), jen.Lit(s.Size)),
	}
	members := 0
	for _, m := range s.Members {
		if m.Go != "" {
			body = append(body, memberDecode(m))
			members++
		}
	}
	if s.Array != nil {
		return arrayDecode(s, body)
	}
	if members == 0 {
		return []jen.Code{jen.Func().Params(jen.Op("*").Id(s.Go)).Id("decode").Params(jen.Index().Byte()).Block(), jen.Line()}
	}
	return []jen.Code{method(s.Go, "decode").Params(jen.Id("b").Index().Byte()).Block(body...), jen.Line()}
}

func memberDecode(m *ir.Member) jen.Code {
	x := jen.Id("x").Dot(m.Go)
	window := jen.Id("b").Index(jen.Lit(m.Offset), jen.Lit(m.Offset+m.Size))
	var v *jen.Statement
	switch {
	case m.Struct != nil:
		return x.Dot("decode").Call(window)
	case m.Type == "binary":
		return x.Op("=").Index(jen.Lit(m.Size)).Byte().Call(window)
	case m.Type == "string":
		return x.Op("=").Qual(nlattr, "CString").Call(window)
	case m.Size == 1:
		v = jen.Id("b").Index(jen.Lit(m.Offset))
	default:
		v = jen.Qual(nlattr, "GetUint"+strconv.Itoa(8*m.Size)+kind.Suffix(m.Order)).Call(slice(m.Offset))
	}
	return x.Op("=").Add(asMember(m, v))
}

// asMember converts an integer from the wire to the type of the member.
func asMember(m *ir.Member, v *jen.Statement) *jen.Statement {
	if wireType(m)[0] == 'i' {
		v = jen.Id(wireType(m)).Call(v)
	}
	if kind.EnumMember(m) {
		v = jen.Id(m.Enum.Go).Call(v)
	}
	return v
}

// structPublic emits AppendBinary and UnmarshalBinary, for the attributes that a spec
// leaves as bytes. A struct that is a header or the content of an attribute comes
// and goes with its message.
func structPublic(s *ir.Struct) []jen.Code {
	appendTo := method(s.Go, "AppendBinary").Params(jen.Id("b").Index().Byte()).Params(jen.Index().Byte(), jen.Error())
	read := method(s.Go, "UnmarshalBinary").Params(jen.Id("b").Index().Byte()).Error()
	encode, decode := jen.Id("x").Dot("encode"), jen.Id("x").Dot("decode").Call(jen.Id("b"))
	switch {
	case s.Array != nil:
		appendTo.Block(withEncoder(encode.Call(jen.Op("&").Id("e")))...)
		read.Block(jen.Op("*").Id("x").Op("=").Id(s.Go).Values(), decode, jen.Return(jen.Nil()))
	case kind.Narrow(s):
		appendTo.Block(withEncoder(encode.Call(jen.Op("&").Id("e"), jen.Id("e").Dot("Extend").Call(jen.Lit(s.Size))))...)
		read.Add(oneLine(decode, jen.Return(jen.Nil())))
	default:
		appendTo.Add(oneLine(jen.Return(jen.Qual(nlattr, "AppendStruct").Call(jen.Id("b"), jen.Lit(s.Size), encode))))
		read.Add(oneLine(decode, jen.Return(jen.Nil())))
	}
	return []jen.Code{
		jen.Comment("// AppendBinary appends the struct as the kernel lays it out."),
		appendTo,
		jen.Line(),
		jen.Comment("// UnmarshalBinary reads the struct, of any length. It never fails."),
		read,
	}
}

// e := nlattr.NewEncoder(b)
// x.encode(&e)
// return e.Finish()
func withEncoder(encode jen.Code) []jen.Code {
	return []jen.Code{
		jen.Id("e").Op(":=").Qual(nlattr, "NewEncoder").Call(jen.Id("b")),
		encode,
		jen.Return(jen.Id("e").Dot("Finish").Call()),
	}
}
