package emit

import (
	"slices"

	"github.com/dave/jennifer/jen"

	"github.com/nlgen/nlgen/gen/ir"
	"github.com/nlgen/nlgen/gen/kind"
)

// sets emits a Go type for each attribute set that stands inside an attribute,
// and for each record.
func (g *generator) sets() []jen.Code {
	var decls []jen.Code
	for _, s := range g.f.Sets {
		if g.typed[s] {
			decls = append(decls, g.set(s))
		}
	}
	for _, a := range g.records() {
		decls = append(decls, g.record(a))
	}
	return decls
}

// set emits
//
//	type PeerAttrs struct { ... }
//
//	func (x *PeerAttrs) encode(e *nlattr.Encoder, typ uint16) { ... }
//	func (x *PeerAttrs) decode(d *nlattr.Decoder, odd *[]nlattr.Attr) bool { ... }
func (g *generator) set(s *ir.Set) jen.Code {
	scope := setScope(s)
	encode, end, decode := encodeBody(scope, nil), closeNest(), decodeBody(scope, nil)
	parts := [][]jen.Code{
		doc(s.Go+" is the attribute set "+clean(s.Name), s.Doc),
		{jen.Type().Id(s.Go).Struct(g.fields(scope, nil)...), jen.Line()},
	}
	if !g.reached[s] {
		parts = append(parts, setPublic(s, append(encode, putUnknown()), decode))
		end = []jen.Code{jen.Id("e").Dot("End").Call(jen.Id("n"))}
		encode = []jen.Code{jen.Id("x").Dot("encodeAttrs").Call(outerArgs("e", s)...)}
		decode = []jen.Code{jen.Id("x").Dot("decodeAttrs").Call(outerArgs("d", s)...)}
	}
	return group(append(parts, nestCodec(s.Go, s, "Begin", encode, end, decode))...)
}

// nestCodec emits encode and decode of a type that is the content of an attribute:
//
//	func (x *PeerAttrs) encode(e *nlattr.Encoder, typ uint16) {
//		n := e.Begin(typ)
//		...
//		e.Close(n, x.Unknown)
//	}
//
//	func (x *PeerAttrs) decode(d *nlattr.Decoder, odd *[]nlattr.Attr) bool {
//		n := d.Enter()
//		...
//		return d.Close(n, odd)
//	}
//
// A nest that cannot be read is odd: it stays whole, and decode reports false.
// What begins and ends the attribute is a choice, since formats have fixed headers.
func nestCodec(typ string, s *ir.Set, begin string, encode, end, decode []jen.Code) []jen.Code {
	encode = slices.Concat([]jen.Code{
		jen.Id("n").Op(":=").Id("e").Dot(begin).Call(jen.Id("typ")),
	}, encode, end)
	decode = slices.Concat([]jen.Code{jen.Id("n").Op(":=").Id("d").Dot("Enter").Call()}, decode,
		[]jen.Code{jen.Return(jen.Id("d").Dot("Close").Call(jen.Id("n"), jen.Id("odd")))})
	number, odd := jen.Id("typ").Uint16(), jen.Id("odd").Op("*").Index().Qual(nlattr, "Attr")
	return []jen.Code{
		method(typ, "encode").Params(codecParams(s, encoderParam(), number)...).Block(encode...), jen.Line(),
		method(typ, "decode").Params(codecParams(s, decoderParam(), odd)...).Bool().Block(decode...),
	}
}

// e.Raw(x.Unknown)
func putUnknown() jen.Code { return jen.Id("e").Dot("Raw").Call(jen.Id("x").Dot("Unknown")) }

// e.Close(n, x.Unknown)
func closeNest() []jen.Code {
	return []jen.Code{jen.Id("e").Dot("Close").Call(jen.Id("n"), jen.Id("x").Dot("Unknown"))}
}

// codecParams are some parameters and the selectors from enclosing sets.
func codecParams(s *ir.Set, params ...jen.Code) []jen.Code {
	if s != nil && len(s.Outer) > 0 {
		for i, name := range s.Outer {
			p := jen.Id(kind.Param(name))
			if i == len(s.Outer)-1 {
				p.String()
			}
			params = append(params, p)
		}
	}
	return params
}

// setPublic emits AppendBinary and UnmarshalBinary for a set that no message has,
// so that it serves the attributes that a spec leaves as bytes.
func setPublic(s *ir.Set, encode, decode []jen.Code) []jen.Code {
	enc := []jen.Code{jen.Op("&").Id("e")}
	dec := []jen.Code{jen.Op("&").Id("d")}
	for range s.Outer {
		enc, dec = append(enc, jen.Lit("")), append(dec, jen.Lit(""))
	}
	return []jen.Code{
		method(s.Go, "encodeAttrs").Params(codecParams(s, encoderParam())...).Block(encode...),
		jen.Line(),
		method(s.Go, "decodeAttrs").Params(codecParams(s, decoderParam())...).Block(decode...),
		jen.Line(),
		jen.Comment("// AppendBinary appends the attributes."),
		method(s.Go, "AppendBinary").Params(jen.Id("b").Index().Byte()).Params(jen.Index().Byte(), jen.Error()).Block(
			jen.Id("e").Op(":=").Qual(nlattr, "NewEncoder").Call(jen.Id("b")),
			jen.Id("x").Dot("encodeAttrs").Call(enc...),
			jen.Return(jen.Id("e").Dot("Finish").Call()),
		),
		jen.Line(),
		jen.Comment("// UnmarshalBinary reads attributes; what x held before is gone."),
		method(s.Go, "UnmarshalBinary").Params(jen.Id("b").Index().Byte()).Error().Block(
			jen.Op("*").Id("x").Op("=").Id(s.Go).Values(),
			jen.Id("d").Op(":=").Qual(nlattr, "NewDecoder").Call(jen.Id("b")),
			jen.Id("x").Dot("decodeAttrs").Call(dec...),
			jen.Return(jen.Id("d").Dot("Err").Call()),
		),
		jen.Line(),
	}
}

// fields returns the fields of a type: the fixed header, one line per attribute,
// and what is unknown.
func (g *generator) fields(s *kind.Scope, header *ir.Struct) []jen.Code {
	var list []jen.Code
	if header != nil {
		list = append(list, jen.Id("Header").Id(header.Go))
	}
	for _, a := range s.Fields {
		list = append(list, g.field(a)...)
	}
	return append(list, jen.Id("Unknown").Index().Qual(nlattr, "Attr"))
}

// fieldType is the Go type of a field, presence included.
func fieldType(a *ir.Attr) *jen.Statement {
	t := kind.Of(a).Type(a)
	switch {
	case kind.Many(a):
		return jen.Index().Add(t)
	case a.Presence == ir.Opt:
		return jen.Qual(nlattr, "Opt").Types(t)
	case a.Presence == ir.Pointer:
		return jen.Op("*").Add(t)
	default:
		return t
	}
}

// encodeBody appends the fixed header and the attributes in the order of the spec.
// What is unknown comes behind it.
func encodeBody(s *kind.Scope, header *ir.Struct) []jen.Code {
	body := encodeHeader(header)
	for _, sel := range s.Derived {
		body = append(body, derive(s, sel)...)
	}
	for _, a := range s.Fields {
		body = append(body, putField(s, a))
	}
	return body
}

// x.Header.encode(e.Extend(12))
//
// and e.Pad() where the size is no multiple of four.
func encodeHeader(header *ir.Struct) []jen.Code {
	if header == nil {
		return nil
	}
	body := []jen.Code{kind.EncodeStruct(header, jen.Id("x").Dot("Header"))}
	if header.Size%4 != 0 {
		body = append(body, jen.Id("e").Dot("Pad").Call())
	}
	return body
}

// derive emits the variable for a selector that may follow from what it chooses:
//
//	kind := x.Kind
//	if !kind.OK && x.Data != nil {
//		kind = e.Selector(AttrLinkinfoData, "kind", x.Data.byLinkinfoData())
//	}
func derive(s *kind.Scope, sel *ir.Attr) []jen.Code {
	v := kind.Local(sel)
	body := []jen.Code{jen.Id(v).Op(":=").Id("x").Dot(sel.Go)}
	for _, a := range s.Fields {
		if !chooses(s, sel, a) {
			continue
		}
		content, present := jen.Id("x").Dot(a.Go), jen.Id("x").Dot(a.Go).Op("!=").Nil()
		if kind.Many(a) {
			present = jen.Len(content).Op(">").Lit(0)
			content = content.Clone().Index(jen.Lit(0))
		}
		text := jen.Id("e").Dot("Selector").Call(jen.Id(a.Const), jen.Lit(sel.Name), content.Clone().Dot("by"+a.Sub.Go).Call())
		body = append(body, jen.If(jen.Op("!").Id(v).Dot("OK").Op("&&").Add(present)).Block(
			jen.Id(v).Op("=").Add(kind.FromText(sel, text))))
	}
	return body
}

// putField emits one attribute, if it is present.
func putField(s *kind.Scope, a *ir.Attr) jen.Code {
	k, typ := kind.Of(a), jen.Id(a.Const)
	if a.NetOrder {
		typ = typ.Op("|").Qual(nlattr, "NetByteOrder")
	}
	x := jen.Id("x").Dot(a.Go)
	if slices.Contains(s.Derived, a) {
		x = jen.Id(kind.Local(a))
	}
	if line := kind.PutOpt(a, typ, x, s); line != nil {
		return line
	}
	switch {
	case kind.Many(a) && k.ByRef(a):
		return jen.For(jen.Id("i").Op(":=").Range().Add(x)).Block(k.Put(a, typ, x.Clone().Index(jen.Id("i")), s)...)
	case kind.Many(a):
		v := jen.List(jen.Id("_"), jen.Id("v")).Op(":=").Range().Add(x)
		return jen.For(v).Block(k.Put(a, typ, jen.Id("v"), s)...)
	case a.Presence == ir.Opt:
		return jen.If(x.Clone().Dot("OK")).Block(k.Put(a, typ, x.Clone().Dot("V"), s)...)
	default:
		return jen.If(x.Clone().Op("!=").Nil()).Block(k.Put(a, typ, x, s)...)
	}
}

// decodeBody reads the fixed header and the attributes. Those whose form depends
// on one of the others are left for later.
func decodeBody(s *kind.Scope, header *ir.Struct) []jen.Code {
	s = &kind.Scope{Set: s.Set, Fields: s.Fields, Inner: s.Inner} // selectors are what was read
	var body, cases, after []jen.Code
	if header != nil {
		body = append(body, jen.Id("x").Dot("Header").Dot("decode").Call(jen.Id("d").Dot("Header").Call(jen.Lit(header.Size))))
	}
	for _, a := range s.Fields {
		if !s.Late(a) {
			cases = append(cases, jen.Case(jen.Id(a.Const)).Block(take(s, a)...))
			continue
		}
		vars, now, then := takeLate(s, a)
		body = append(body, vars...)
		cases = append(cases, jen.Case(jen.Id(a.Const)).Block(now))
		after = append(after, then)
	}
	if skipped := skipped(s.Set); len(skipped) > 0 {
		cases = append(cases, jen.Case(skipped...))
	}
	var each jen.Code = kind.Keep()
	if len(cases) > 0 {
		cases = append(cases, jen.Default().Block(kind.Keep()))
		each = jen.Switch(jen.Id("d").Dot("Type").Call()).Block(cases...)
	}
	body = append(body, jen.For(jen.Id("d").Dot("Next").Call()).Block(each))
	return append(body, after...)
}

// skipped returns the constants of the attributes that have no field.
func skipped(s *ir.Set) []jen.Code {
	if s == nil {
		return nil
	}
	var list []jen.Code
	for _, a := range s.Attrs {
		if a.Presence == ir.Never {
			list = append(list, jen.Id(a.Const))
		}
	}
	return list
}

// take emits what reads an attribute into its field.
func take(s *kind.Scope, a *ir.Attr) []jen.Code { return kind.Of(a).Take(a, dest(a), s) }

// dest is where the value of an attribute goes. A slice for an attribute that occurs
// many times is made once, with room for all.
func dest(a *ir.Attr) kind.Dest {
	x := func() *jen.Statement { return jen.Id("x").Dot(a.Go) }
	d := kind.Dest{Misfit: kind.Keep()}
	switch {
	case kind.Many(a):
		d.Undo = x().Op("=").Add(x()).Index(jen.Empty(), jen.Len(x()).Op("-").Lit(1))
		d.Set = func(v *jen.Statement) jen.Code {
			return x().Op("=").Append(jen.Qual(nlattr, "Room").Call(jen.Id("d"), x()), v)
		}
		d.Place = func(typ *jen.Statement) ([]jen.Code, *jen.Statement) {
			return []jen.Code{d.Set(typ.Clone().Values())}, x().Index(jen.Len(x()).Op("-").Lit(1))
		}
	case a.Presence == ir.Opt:
		d.Set = func(v *jen.Statement) jen.Code { return x().Op("=").Qual(nlattr, "Some").Call(v) }
		d.Opt = x()
		d.Place = func(*jen.Statement) ([]jen.Code, *jen.Statement) {
			return []jen.Code{x().Dot("OK").Op("=").True()}, x().Dot("V")
		}
	default:
		d.Set = func(v *jen.Statement) jen.Code { return x().Op("=").Add(v) }
		d.Place = func(typ *jen.Statement) ([]jen.Code, *jen.Statement) {
			return []jen.Code{x().Op("=").Qual(nlattr, "New").Types(typ).Call(jen.Id("d"))}, x()
		}
	}
	return d
}

// takeLate emits an attribute that is read when all others are:
//
//	var atData nlattr.Frame
//
//	atData = d.Skip()
//
//	if atData.Skipped() && d.Err() == nil {
//		back := d.Resume(atData)
//		...
//		d.Return(back)
//	}
func takeLate(s *kind.Scope, a *ir.Attr) (vars []jen.Code, now, then jen.Code) {
	at := "at" + a.Go
	code := kind.Of(a).Take(a, dest(a), s)
	resume := func(from string) []jen.Code {
		list := []jen.Code{jen.Id("back").Op(":=").Id("d").Dot("Resume").Call(jen.Id(from))}
		list = append(list, code...)
		return append(list, jen.Id("d").Dot("Return").Call(jen.Id("back")))
	}
	if kind.Many(a) {
		vars = []jen.Code{jen.Var().Id(at).Index().Qual(nlattr, "Frame")}
		now = jen.Id(at).Op("=").Append(jen.Id(at), jen.Id("d").Dot("Skip").Call())
		stop := jen.If(jen.Id("d").Dot("Err").Call().Op("!=").Nil()).Block(jen.Break())
		return vars, now, jen.For(jen.List(jen.Id("_"), jen.Id("at")).Op(":=").Range().Id(at)).Block(append([]jen.Code{stop}, resume("at")...)...)
	}
	vars = []jen.Code{jen.Var().Id(at).Qual(nlattr, "Frame")}
	now = jen.Id(at).Op("=").Id("d").Dot("Skip").Call()
	cond := jen.Id(at).Dot("Skipped").Call().Op("&&").Id("d").Dot("Err").Call().Op("==").Nil()
	return vars, now, jen.If(cond).Block(resume(at)...)
}

// records returns one attribute for each type of records.
func (g *generator) records() []*ir.Attr {
	var list []*ir.Attr
	seen := map[string]bool{}
	for _, s := range g.f.Sets {
		for _, a := range s.Attrs {
			if a.Record != nil && !seen[a.Record.Go] && g.holds(s, a) {
				seen[a.Record.Go] = true
				list = append(list, a)
			}
		}
	}
	return list
}

// holds reports whether some emitted type has a field for the attribute of s.
func (g *generator) holds(s *ir.Set, a *ir.Attr) bool {
	if g.typed[s] {
		return true
	}
	return slices.ContainsFunc(g.f.Messages, func(m *ir.Message) bool { return slices.Contains(m.Fields, a) })
}

// recordScope is the scope of a record's type.
func recordScope(a *ir.Attr) *kind.Scope {
	if a.Nested == nil {
		return &kind.Scope{Set: &ir.Set{}, Inner: true}
	}
	return setScope(a.Nested)
}

// record emits the type of the records in an attribute: a header and attributes,
// with the length that the header holds, if it does.
func (g *generator) record(a *ir.Attr) jen.Code {
	s, typ := recordScope(a), a.Record.Go
	encode, decode := encodeBody(s, a.Struct), decodeBody(s, a.Struct)
	is, text := " is the attribute ", ""
	var codec []jen.Code
	if a.Record.Length == nil {
		end := []jen.Code{putUnknown(), jen.Id("e").Dot("EndFixed").Call(jen.Id("n"), jen.Lit(a.Struct.Size))}
		codec = nestCodec(typ, a.Nested, "BeginRaw", encode, end, decode)
	} else {
		is, text = " is a record of the attribute ", "The length in the header is filled in when it is encoded."
		encode = append([]jen.Code{jen.Id("start").Op(":=").Id("e").Dot("Len").Call()}, encode...)
		encode = append(encode, putUnknown(), jen.Id("e").Dot("EndRecord").Call(jen.Id("start"), jen.Lit(a.Record.Length.Offset)))
		codec = []jen.Code{
			method(typ, "encode").Params(codecParams(a.Nested, encoderParam())...).Block(encode...), jen.Line(),
			method(typ, "decode").Params(codecParams(a.Nested, decoderParam())...).Block(decode...),
		}
	}
	return group(
		doc(typ+is+clean(a.Name)+", a struct followed by attributes", text),
		[]jen.Code{jen.Type().Id(typ).Struct(g.fields(s, a.Struct)...), jen.Line()},
		codec,
	)
}
