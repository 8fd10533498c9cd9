package emit

import (
	"strconv"

	"github.com/dave/jennifer/jen"

	"github.com/nlgen/nlgen/gen/ir"
	"github.com/nlgen/nlgen/gen/kind"
)

// bytesArray says that the elements of an array are bytes without a meaning of their own.
func bytesArray(a *ir.Array) bool { return a.Struct == nil && a.Type == "binary" }

// elementType is the Go type of an element: T of []T.
func elementType(a *ir.Array) *jen.Statement {
	if bytesArray(a) {
		return jen.Byte()
	}
	return memberType(a.Member)
}

// arrayIntro begins the doc of a struct that ends in an array.
func arrayIntro(s *ir.Struct) string {
	intro := s.Go + " is " + cStruct(s)
	if s.Size > 0 {
		return intro + " of " + bytesOf(s.Size) + " and an array behind them"
	}
	return intro + ", an array"
}

// countDoc says who counts the elements of an array.
func countDoc(s *ir.Struct) []jen.Code {
	if s.Array == nil || s.Array.Count == nil {
		return nil
	}
	text := s.Array.Count.Go + " is the number of " + s.Array.Go + ", and filled in where it is zero."
	return comments(append([]string{"//"}, wrap(text, commentWidth-len("// "))...))
}

// arrayEncode emits the encode of a struct that ends in an array. It appends by itself, since it alone knows the length:
//
//	func (x *T) encode(e *nlattr.Encoder) {
//		count := x.Nkeys
//		if count == 0 {
//			count = nlattr.FitMember[uint8](e, "nkeys", len(x.Keys))
//		}
//		b := e.Extend(16 + 16*len(x.Keys))
//		...
//		b[2] = count
//		b = b[16:]
//		for i := range x.Keys {
//			x.Keys[i].encode(b[:16])
//			b = b[16:]
//		}
//	}
//
// A number of elements that the caller set stays as it is.
func arrayEncode(s *ir.Struct) []jen.Code {
	a := s.Array
	array := jen.Id("x").Dot(a.Go)
	var body []jen.Code
	if c := a.Count; c != nil {
		typ := wireType(c)
		body = append(body,
			jen.Id("count").Op(":=").Id("x").Dot(c.Go),
			jen.If(jen.Id("count").Op("==").Lit(0)).Block(
				jen.Id("count").Op("=").Qual(nlattr, "FitMember").Types(jen.Id(typ)).Call(jen.Id("e"), jen.Lit(c.Name), jen.Int64().Call(jen.Len(array)))))
	}
	room := jen.Len(array)
	if a.Size > 1 {
		room = jen.Lit(a.Size).Op("*").Add(room)
	}
	if s.Size > 0 {
		room = jen.Lit(s.Size).Op("+").Add(room)
	}
	body = append(body, jen.Id("b").Op(":=").Id("e").Dot("Extend").Call(room))
	for _, m := range s.Members {
		switch {
		case m.Go == "":
		case m == a.Count:
			body = append(body, integerEncode(m, jen.Id("count")))
		default:
			body = append(body, memberEncode(m))
		}
	}
	if bytesArray(a) {
		body = append(body, jen.Copy(slice(s.Size), array))
	} else {
		if s.Size > 0 {
			body = append(body, jen.Id("b").Op("=").Add(slice(s.Size)))
		}
		body = append(body, jen.For(jen.Id("i").Op(":=").Range().Add(array)).Block(
			elementEncode(a, array.Clone().Index(jen.Id("i"))),
			jen.Id("b").Op("=").Add(slice(a.Size))))
	}
	return []jen.Code{method(s.Go, "encode").Params(encoderParam()).Block(body...), jen.Line()}
}

func elementEncode(a *ir.Array, x *jen.Statement) jen.Code {
	if a.Struct == nil {
		m := *a.Member
		m.Offset = 0
		return integerEncode(&m, x)
	}
	at := jen.Id("b").Index(jen.Empty(), jen.Lit(a.Size))
	if kind.Narrow(a.Struct) {
		return x.Clone().Dot("encode").Call(jen.Id("e"), at)
	}
	return x.Clone().Dot("encode").Call(at)
}

// arrayDecode emits the decode of a struct that ends in an array, around the statements that read the other members:
//
//	func (x *T) decode(b []byte) {
//		var rest []byte
//		if len(b) > 16 {
//			rest = b[16:]
//		}
//		...
//		if n := min(len(rest)/16, 255); n > 0 {
//			x.Keys = make([]Key, n)
//			for i := range x.Keys {
//				x.Keys[i].decode(rest[:16])
//				rest = rest[16:]
//			}
//		}
//	}
//
// The payload tells how many elements there are, whatever a member says, but no more than that could say.
func arrayDecode(s *ir.Struct, members []jen.Code) []jen.Code {
	a := s.Array
	array, rest := jen.Id("x").Dot(a.Go), jen.Id("rest")
	var body []jen.Code
	if s.Size == 0 {
		body = append(body, rest.Clone().Op(":=").Id("b"))
	} else {
		body = append(body, jen.Var().Add(rest).Index().Byte(),
			jen.If(jen.Len(jen.Id("b")).Op(">").Lit(s.Size)).Block(rest.Clone().Op("=").Add(slice(s.Size))))
		if len(members) > 1 { // NB: one statement comes before the members.
			body = append(body, members...)
		}
	}
	number := jen.Len(rest)
	if a.Size > 1 {
		number.Op("/").Lit(a.Size)
	}
	if c := a.Count; c != nil && c.Size < 4 {
		number = jen.Id("min").Call(number, jen.Lit(1<<(8*c.Size)-1))
	}
	fill := []jen.Code{array.Clone().Op("=").Make(jen.Index().Add(elementType(a)), jen.Id("n"))}
	if bytesArray(a) {
		fill = append(fill, jen.Copy(array, rest))
	} else {
		fill = append(fill, jen.For(jen.Id("i").Op(":=").Range().Add(array)).Block(
			elementDecode(a, array.Clone().Index(jen.Id("i"))),
			rest.Clone().Op("=").Id("rest").Index(jen.Lit(a.Size), jen.Empty())))
	}
	body = append(body, jen.If(jen.Id("n").Op(":=").Add(number), jen.Id("n").Op(">").Lit(0)).Block(fill...))
	return []jen.Code{method(s.Go, "decode").Params(jen.Id("b").Index().Byte()).Block(body...), jen.Line()}
}

func elementDecode(a *ir.Array, x *jen.Statement) jen.Code {
	if a.Struct != nil {
		return x.Dot("decode").Call(jen.Id("rest").Index(jen.Empty(), jen.Lit(a.Size)))
	}
	v := jen.Id("rest").Index(jen.Lit(0))
	if a.Size > 1 {
		v = jen.Qual(nlattr, "GetUint"+strconv.Itoa(8*a.Size)+kind.Suffix(a.Order)).Call(jen.Id("rest"))
	}
	return x.Op("=").Add(asMember(a.Member, v))
}
