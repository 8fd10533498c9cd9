package emit

import (
	"strconv"
	"strings"

	"github.com/dave/jennifer/jen"

	"github.com/nlgen/nlgen/gen/ir"
)

// enums emits a named integer type for each enum and flags definition.
func (g *generator) enums() []jen.Code {
	var decls []jen.Code
	for _, e := range g.f.Enums {
		decls = append(decls, enum(e))
	}
	return decls
}

// enum emits
//
//	type PortType uint8
//
//	const (
//		PortTypeEth PortType = 2
//	)
//
// and its text form.
func enum(e *ir.Enum) jen.Code {
	what := "enum"
	if e.Flags {
		what = "set of flags"
	}
	parts := [][]jen.Code{
		doc(e.Go+" is the "+what+" "+clean(e.Name)+cNames(e.Prefix, e.Doc), e.Doc),
		{jen.Type().Id(e.Go).Id(goInt(e)), jen.Line()},
	}
	var rows []jen.Code
	bare := false
	for _, v := range e.Entries {
		bare = bare || strings.TrimSpace(v.Doc) == ""
		rows = append(rows, row(jen.Id(v.Go).Id(e.Go).Op("=").Add(enumValue(e, v)), v.Doc)...)
	}
	if bare {
		parts = append(parts, []jen.Code{jen.Comment("// The values of " + e.Go + ".")})
	}
	if len(rows) > 0 {
		parts = append(parts, []jen.Code{jen.Const().Defs(rows...), jen.Line()})
	}
	return group(append(parts, enumMethods(e))...)
}

// enumValue is the constant: decimal for numbers, hexadecimal for masks.
func enumValue(e *ir.Enum, entry *ir.Entry) *jen.Statement {
	switch {
	case e.Signed:
		// The highest bit of a mask is the sign.
		shift := 64 - e.Bits
		return jen.Id(strconv.FormatInt(int64(entry.Value<<shift)>>shift, 10))
	case e.Flags:
		return jen.Id("0x" + strconv.FormatUint(entry.Value, 16))
	default:
		return jen.Id(strconv.FormatUint(entry.Value, 10))
	}
}

func goInt(e *ir.Enum) string {
	if e.Signed {
		return "int" + strconv.Itoa(e.Bits)
	}
	return "uint" + strconv.Itoa(e.Bits)
}

// enumMethods emits the text form, over the enum's table.
func enumMethods(e *ir.Enum) []jen.Code {
	table := "enum" + e.Go
	text, value := "Text", jen.Uint64().Call(jen.Id("v"))
	switch {
	case e.Signed && e.Flags:
		value = jen.Uint64().Call(jen.Id("uint" + strconv.Itoa(e.Bits)).Call(jen.Id("v")))
	case e.Signed:
		text, value = "SignedText", jen.Int64().Call(jen.Id("v"))
	}
	recv := jen.Id("v").Id(e.Go)
	what, reads := "the name, or digits", "a name"
	if e.Flags {
		what, reads = "the names, joined by |", "names"
	}
	return []jen.Code{
		jen.Comment("// String returns " + what + "."),
		jen.Func().Params(recv).Id("String").Params().String().Add(oneLine(
			jen.Return(jen.Id(table).Dot(text).Call(value)))),
		jen.Line(),
		jen.Comment("// Parse" + e.Go + " reads " + reads + " or a number."),
		jen.Func().Id("Parse"+e.Go).Params(jen.Id("s").String()).Params(jen.Id(e.Go), jen.Error()).Add(oneLine(
			jen.Return(jen.Qual(nlpolicy, "ParseEnum").Types(jen.Id(e.Go)).Call(address(table), jen.Id("s"))))),
		jen.Line(),
		jen.Comment("// MarshalText is String."),
		jen.Func().Params(recv).Id("MarshalText").Params().Params(jen.Index().Byte(), jen.Error()).Add(oneLine(
			jen.Return(jen.Index().Byte().Call(jen.Id("v").Dot("String").Call()), jen.Nil()))),
		jen.Line(),
		jen.Comment("// UnmarshalText is Parse" + e.Go + "."),
		jen.Func().Params(jen.Id("v").Op("*").Id(e.Go)).Id("UnmarshalText").Params(jen.Id("b").Index().Byte()).Error().Add(oneLine(
			jen.Return(jen.Qual(nlpolicy, "UnmarshalEnum").Call(address(table), jen.Id("b"), jen.Id("v"))))),
	}
}

// oneLine is the body of a short function, on the line of the function itself.
func oneLine(body ...jen.Code) *jen.Statement {
	s := jen.Op("{")
	for i, c := range body {
		if i > 0 {
			s.Op(";")
		}
		s.Add(c)
	}
	return s.Op("}")
}
