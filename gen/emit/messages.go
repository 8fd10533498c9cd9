package emit

import (
	"github.com/dave/jennifer/jen"

	"github.com/nlgen/nlgen/gen/ir"
)

// messages emits a Go type for each message: the fixed header, a field for each
// attribute that is listed for it, and its public codec. A message of the same
// shape as an earlier one is an alias.
func (g *generator) messages() []jen.Code {
	var decls []jen.Code
	for _, m := range g.f.Messages {
		if m.Same != nil {
			decls = append(decls, decl(messageDoc(m), jen.Type().Id(m.Go).Op("=").Id(m.Same.Go)))
			continue
		}
		decls = append(decls, g.message(m))
	}
	return decls
}

// messageDoc refers to the method that takes or returns the message, which says what
// the operation does.
func messageDoc(m *ir.Message) []jen.Code {
	do, dump := "[Client."+m.Op.Go+"]", "[Client."+m.Op.Go+"Dump]"
	op := m.Op
	switch {
	case len(m.Fields) > len(m.Attrs) && m.Same == nil:
		return doc(m.Go+" is the "+clean(m.Name)+", and the type of others that have attributes of the set "+clean(m.Set.Name),
			"There are many of them, and each has some of the fields.")
	case op.Do != nil && op.Do.Request == m:
		return doc(m.Go+" is the request of "+do, "")
	case op.Dump != nil && op.Dump.Request == m && op.Reply != nil:
		return doc(m.Go+" is the request of "+dump, "")
	case op.Reply == m && op.Do != nil && op.Do.HasReply:
		return doc(m.Go+" is the reply of "+do, "")
	case op.Reply == m && op.Dump != nil && op.Dump.HasReply:
		return doc(m.Go+" is the reply of "+dump, "")
	}
	return doc(m.Go+" is the "+clean(m.Name), m.Doc)
}

// message emits the type and its methods.
func (g *generator) message(m *ir.Message) jen.Code {
	s := messageScope(m)
	encode := []jen.Code{jen.If(jen.Id("x").Op("==").Nil()).Block(
		jen.Id("x").Op("=").New(jen.Id(m.Go)))}
	encode = append(append(encode, encodeBody(s, m.Header)...), putUnknown())
	parts := [][]jen.Code{
		messageDoc(m),
		{jen.Type().Id(m.Go).Struct(g.fields(s, m.Header)...), jen.Line()},
		{
			jen.Comment("// EncodeTo appends the message; a nil one is empty."),
			method(m.Go, "EncodeTo").Params(encoderParam()).Block(encode...), jen.Line(),
			jen.Comment("// DecodeFrom reads the message into x, which must be zero."),
			method(m.Go, "DecodeFrom").Params(decoderParam()).Block(decodeBody(s, m.Header)...), jen.Line(),
		},
		messagePublic(m),
		messageJSON(m),
	}
	if m.Request {
		parts = append(parts, messageValidate(m))
	}
	return group(parts...)
}

// messagePublic emits AppendBinary and UnmarshalBinary, whose errors name the
// attribute by the policy tables.
func messagePublic(m *ir.Message) []jen.Code {
	policy := jen.Id(policyName(m))
	return []jen.Code{
		jen.Comment("// AppendBinary appends the message, without header."),
		method(m.Go, "AppendBinary").Params(jen.Id("b").Index().Byte()).Params(jen.Index().Byte(), jen.Error()).Block(
			jen.Id("e").Op(":=").Qual(nlattr, "NewEncoder").Call(jen.Id("b")),
			jen.Id("x").Dot("EncodeTo").Call(jen.Op("&").Id("e")),
			jen.Return(policy.Clone().Dot("Finish").Call(jen.Op("&").Id("e"))),
		),
		jen.Line(),
		jen.Comment("// UnmarshalBinary reads the message in place of x."),
		method(m.Go, "UnmarshalBinary").Params(jen.Id("b").Index().Byte()).Error().Block(
			jen.Op("*").Id("x").Op("=").Id(m.Go).Values(),
			jen.Id("d").Op(":=").Qual(nlattr, "NewDecoder").Call(jen.Id("b")),
			jen.Id("x").Dot("DecodeFrom").Call(jen.Op("&").Id("d")),
			jen.Return(policy.Clone().Dot("Check").Call(jen.Op("&").Id("d"), jen.Id("b"))),
		),
	}
}

// messageValidate emits Validate, for messages that go to the kernel.
func messageValidate(m *ir.Message) []jen.Code {
	policy := jen.Id(policyName(m))
	if len(m.Fields) > len(m.Attrs) {
		// Other operations take what this one does not.
		policy.Dot("Whole").Call()
	}
	return []jen.Code{
		jen.Line(),
		jen.Comment("// Validate reports what the kernel would refuse by its policy."),
		method(m.Go, "Validate").Params().Error().Add(oneLine(
			jen.Return(policy.Dot("ValidateBinary").Call(jen.Id("x"), mode(m.Op))))),
	}
}

// messageJSON emits MarshalJSON and UnmarshalJSON.
func messageJSON(m *ir.Message) []jen.Code {
	return []jen.Code{
		jen.Line(),
		jen.Comment("// MarshalJSON returns the JSON of the kernel's ynl tool."),
		method(m.Go, "MarshalJSON").Params().Params(jen.Index().Byte(), jen.Error()).Add(oneLine(
			jen.Return(jen.Qual(nljson, "Marshal").Call(address(policyName(m)), jen.Id("x"))))),
		jen.Line(),
		jen.Comment("// UnmarshalJSON reads what MarshalJSON returns."),
		method(m.Go, "UnmarshalJSON").Params(jen.Id("b").Index().Byte()).Error().Add(oneLine(
			jen.Return(jen.Qual(nljson, "Unmarshal").Call(address(policyName(m)), jen.Id("b"), jen.Id("x"))))),
	}
}

// mode is how strictly the kernel parses the requests of an operation.
func mode(op *ir.Op) *jen.Statement {
	if lenient(op) {
		return jen.Qual(nlpolicy, "Liberal")
	}
	return jen.Qual(nlpolicy, "Strict")
}

func lenient(op *ir.Op) bool {
	if op.Do == nil {
		return op.LenientDump
	}
	return op.Lenient
}
