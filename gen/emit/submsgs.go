package emit

import (
	"slices"
	"strings"

	"github.com/dave/jennifer/jen"

	"github.com/nlgen/nlgen/gen/ir"
	"github.com/nlgen/nlgen/gen/kind"
)

// subUse says how the emitted types use a sub-message.
type subUse struct {
	selectors []string // names of the attributes that choose the format
}

// useSubs notes the sub-messages that a type has fields for.
func (g *generator) useSubs(s *kind.Scope) {
	for _, a := range s.Fields {
		if a.Sub == nil {
			continue
		}
		u := g.subs[a.Sub]
		if u == nil {
			u = new(subUse)
			g.subs[a.Sub] = u
		}
		if name := a.Selector.Name; !slices.Contains(u.selectors, name) {
			u.selectors = append(u.selectors, name)
		}
	}
}

// selector is what errors call the selector of a sub-message.
func (u *subUse) selector() string {
	if len(u.selectors) == 1 {
		return u.selectors[0]
	}
	return "selector"
}

// subMessages emits an interface for each sub-message, with one type for each form
// of the content.
func (g *generator) subMessages() []jen.Code {
	var decls []jen.Code
	for _, sub := range g.f.SubMessages {
		decls = append(decls, g.subInterface(sub))
		for _, f := range ownFormats(sub) {
			decls = append(decls, g.format(sub, f))
		}
		u := g.subs[sub]
		if u == nil {
			continue
		}
		decls = append(decls, g.subEncode(sub, u), g.subDecode(sub))
	}
	return decls
}

// contents returns the formats with different Go types.
func contents(sub *ir.SubMessage) []*ir.Format {
	var list []*ir.Format
	for _, f := range sub.Formats {
		if f.Go != "" && !slices.ContainsFunc(list, func(o *ir.Format) bool { return o.Go == f.Go }) {
			list = append(list, f)
		}
	}
	return list
}

// ownFormats returns the formats that have a type of their own.
func ownFormats(sub *ir.SubMessage) []*ir.Format {
	var list []*ir.Format
	for _, f := range contents(sub) {
		if f.Own {
			list = append(list, f)
		}
	}
	return list
}

// values lists the selector's values that choose the format's Go type.
func values(sub *ir.SubMessage, f *ir.Format) []string {
	var list []string
	for _, o := range sub.Formats {
		if o.Go == f.Go {
			list = append(list, o.Value)
		}
	}
	return list
}

// subInterface emits the sealed interface, the type for unknown content, and the
// methods that mark both.
func (g *generator) subInterface(sub *ir.SubMessage) jen.Code {
	var names []string
	for _, f := range contents(sub) {
		names = append(names, "*"+f.Go)
	}
	names = append(names, sub.RawGo)
	text := "It is " + enumerate(names) + "."
	mark := "by" + sub.Go
	intro := doc(sub.Go+" is the content of the sub-message "+clean(sub.Name), sub.Doc)
	for _, line := range wrap(text, commentWidth-3) {
		intro = append(intro, jen.Comment(line))
	}
	parts := [][]jen.Code{
		intro,
		{jen.Type().Id(sub.Go).Interface(
			lineComment(jen.Id(mark).Params().String(), "what chooses this form"),
		), jen.Line()},
		{jen.Comment("// " + sub.RawGo + " is content whose form the spec does not know."), jen.Type().Id(sub.RawGo).Index().Byte(), jen.Line()},
	}
	for _, f := range contents(sub) {
		chosen := jen.Lit(strings.Join(values(sub, f), ", "))
		parts = append(parts, []jen.Code{jen.Func().Params(jen.Op("*").Id(f.Go)).Id(mark).Params().String().Add(oneLine(jen.Return(chosen)))})
	}
	parts = append(parts, []jen.Code{jen.Func().Params(jen.Id(sub.RawGo)).Id(mark).Params().String().Add(oneLine(jen.Return(jen.Lit(""))))})
	return group(parts...)
}

// enumerate joins names by commas and a final "or".
func enumerate(names []string) string {
	if len(names) == 1 {
		return names[0]
	}
	return strings.Join(names[:len(names)-1], ", ") + " or " + names[len(names)-1]
}

// formatScope is the scope of a format's own type.
func formatScope(f *ir.Format) *kind.Scope {
	if f.Set == nil {
		return &kind.Scope{Set: &ir.Set{}, Inner: true}
	}
	return setScope(f.Set)
}

// format emits the type of a format that has a fixed header and attributes.
func (g *generator) format(sub *ir.SubMessage, f *ir.Format) jen.Code {
	s := formatScope(f)
	text, begin := "", "BeginRaw"
	if f.Set != nil {
		text, begin = f.Set.Doc, "Begin"
	}
	end := closeNest()
	if f.Header != nil && f.Header.Size%4 != 0 {
		end = []jen.Code{putUnknown(), jen.Id("e").Dot("EndFixed").Call(jen.Id("n"), jen.Lit(f.Header.Size))}
	}
	return group(
		doc(f.Go+" is the sub-message "+clean(sub.Name)+" for "+clean(f.Value), text),
		[]jen.Code{jen.Type().Id(f.Go).Struct(g.fields(s, f.Header)...), jen.Line()},
		nestCodec(f.Go, f.Set, begin, encodeBody(s, f.Header), end, decodeBody(s, f.Header)),
	)
}

// subParams are the parameters behind the selector.
func subParams(sub *ir.SubMessage) []jen.Code {
	params := []jen.Code{jen.Id("selector")}
	for _, name := range kind.SubOuter(sub) {
		params = append(params, jen.Id(kind.Param(name)))
	}
	params[len(params)-1].(*jen.Statement).String()
	return params
}

// outerArgs are some arguments, and the selectors from enclosing sets that a set
// takes.
func outerArgs(first string, s *ir.Set, more ...jen.Code) []jen.Code {
	args := append([]jen.Code{jen.Id(first)}, more...)
	if s != nil {
		for _, name := range s.Outer {
			args = append(args, jen.Id(kind.Param(name)))
		}
	}
	return args
}

// headerOnly says that the content is a C struct.
func headerOnly(f *ir.Format) bool { return f.Set == nil && !f.Own }

//	func encodeLinkinfoData(e *nlattr.Encoder, typ uint16, selector string, m LinkinfoData) {
//		e.Select(typ, "kind", selector, m.byLinkinfoData())
//		switch m := m.(type) {
//		case *LinkinfoVxlanAttrs:
//			m.encode(e, typ)
//		case LinkinfoDataRaw:
//			e.Bytes(typ, m)
//		}
//	}
func (g *generator) subEncode(sub *ir.SubMessage, u *subUse) jen.Code {
	var cases []jen.Code
	e, m := jen.Id("e"), jen.Id("m")
	for _, f := range contents(sub) {
		encode := []jen.Code{m.Clone().Dot("encode").Call(outerArgs("e", f.Set, jen.Id("typ"))...)}
		if headerOnly(f) {
			encode = kind.PutStruct(f.Header, jen.Id("typ"), m)
		}
		cases = append(cases, jen.Case(jen.Op("*").Id(f.Go)).Block(encode...))
	}
	cases = append(cases, jen.Case(jen.Id(sub.RawGo)).Block(e.Clone().Dot("Bytes").Call(jen.Id("typ"), m)))
	params := []jen.Code{encoderParam(), jen.Id("typ").Uint16()}
	if len(contents(sub)) > 0 {
		params = append(params, subParams(sub)...)
	} else {
		// Nothing depends on the selector, but the callers hand it over.
		params = append(params, jen.Id("_").String())
	}
	params = append(params, m.Clone().Id(sub.Go))
	name := "encode" + sub.Go
	intro := wrap(name+" appends the sub-message "+clean(sub.Name)+" as the attribute typ.", commentWidth-3)
	body := []jen.Code{jen.Switch(jen.Id("m").Op(":=").Id("m").Assert(jen.Type())).Block(cases...)}
	if len(contents(sub)) > 0 {
		chosen := jen.Id("m").Dot("by" + sub.Go).Call()
		body = append([]jen.Code{
			jen.Id("e").Dot("Select").Call(jen.Id("typ"), jen.Lit(u.selector()), jen.Id("selector"), chosen),
		}, body...)
	}
	return decl(comments(intro), jen.Func().Id(name).Params(params...).Block(body...))
}

//	func decodeLinkinfoData(d *nlattr.Decoder, selector string) LinkinfoData {
//		switch selector {
//		case "vxlan":
//			if m := nlattr.New[LinkinfoVxlanAttrs](d); m.decode(d, nil) {
//				return m
//			}
//		}
//		return LinkinfoDataRaw(d.Bytes())
//	}
func (g *generator) subDecode(sub *ir.SubMessage) jen.Code {
	var cases []jen.Code
	d := jen.Id("d")
	for _, f := range contents(sub) {
		var labels []jen.Code
		for _, v := range values(sub, f) {
			labels = append(labels, jen.Lit(v))
		}
		m := jen.Id("m")
		body := []jen.Code{}
		make := m.Clone().Op(":=").Qual(nlattr, "New").Types(jen.Id(f.Go)).Call(d)
		if f.Header != nil {
			// Not even the header is there: no content of this form.
			body = append(body, jen.If(jen.Len(d.Clone().Dot("Payload").Call()).Op("<").Lit(f.Header.Size)).Block(jen.Break()))
		}
		if headerOnly(f) {
			body = append(body, make, m.Clone().Dot("decode").Call(d.Clone().Dot("Payload").Call()), jen.Return(m))
		} else {
			body = append(body, jen.If(make, m.Clone().Dot("decode").Call(outerArgs("d", f.Set, jen.Nil())...)).Block(jen.Return(m)))
		}
		cases = append(cases, jen.Case(labels...).Block(body...))
	}
	name := "decode" + sub.Go
	intro := wrap(name+" reads the current attribute as the sub-message "+clean(sub.Name)+".", commentWidth-3)
	params := []jen.Code{decoderParam()}
	raw := jen.Return(jen.Id(sub.RawGo).Call(d.Clone().Dot("Bytes").Call()))
	if len(cases) == 0 {
		params = append(params, jen.Id("_").String())
		return decl(comments(intro), jen.Func().Id(name).Params(params...).Id(sub.Go).Block(raw))
	}
	params = append(params, subParams(sub)...)
	return decl(comments(intro), jen.Func().Id(name).Params(params...).Id(sub.Go).Block(
		jen.Switch(jen.Id("selector")).Block(cases...), raw))
}
