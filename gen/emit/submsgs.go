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
	derived   bool     // some selector follows from the content
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
		u.derived = u.derived || slices.ContainsFunc(s.Derived, func(sel *ir.Attr) bool { return chooses(s, sel, a) })
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
		if u.derived {
			decls = append(decls, subSelector(sub, u))
		}
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
	mark := "is" + sub.Go
	intro := doc(sub.Go+" is the content of the sub-message "+clean(sub.Name), sub.Doc)
	for _, line := range wrap(text, commentWidth-3) {
		intro = append(intro, jen.Comment(line))
	}
	parts := [][]jen.Code{
		intro,
		{jen.Type().Id(sub.Go).Interface(jen.Id(mark).Params()), jen.Line()},
		{jen.Comment("// " + sub.RawGo + " is content whose form the spec does not know."), jen.Type().Id(sub.RawGo).Index().Byte(), jen.Line()},
	}
	for _, f := range contents(sub) {
		parts = append(parts, []jen.Code{jen.Func().Params(jen.Op("*").Id(f.Go)).Id(mark).Params().Block()})
	}
	parts = append(parts, []jen.Code{jen.Func().Params(jen.Id(sub.RawGo)).Id(mark).Params().Block()})
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
	text := ""
	if f.Set != nil {
		text = f.Set.Doc
	}
	return group(
		doc(f.Go+" is the sub-message "+clean(sub.Name)+" for "+clean(f.Value), text),
		[]jen.Code{jen.Type().Id(f.Go).Struct(fields(s, f.Header)...), jen.Line()},
		[]jen.Code{method(f.Go, "encode").Params(codecParams(encoderParam(), f.Set)...).Block(encodeBody(s, f.Header)...), jen.Line()},
		[]jen.Code{method(f.Go, "decode").Params(codecParams(decoderParam(), f.Set)...).Block(decodeBody(s, f.Header)...)},
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

// outerArgs are the selectors from enclosing sets that the format's set takes.
func outerArgs(codec string, f *ir.Format) []jen.Code {
	args := []jen.Code{jen.Id(codec)}
	if f.Set != nil {
		for _, name := range f.Set.Outer {
			args = append(args, jen.Id(kind.Param(name)))
		}
	}
	return args
}

// headerOnly says that the content is a C struct.
func headerOnly(f *ir.Format) bool { return f.Set == nil && !f.Own }

//	func encodeLinkinfoData(e *nlattr.Encoder, typ uint16, selector string, m LinkinfoData) {
//		switch m := m.(type) {
//		case *LinkinfoVxlanAttrs:
//			e.Select(typ, "*LinkinfoVxlanAttrs", "kind", selector, "vxlan")
//			nest := e.Begin(typ)
//			m.encode(e)
//			e.End(nest)
//		case LinkinfoDataRaw:
//			e.Bytes(typ, m)
//		}
//	}
func (g *generator) subEncode(sub *ir.SubMessage, u *subUse) jen.Code {
	var cases []jen.Code
	e, m := jen.Id("e"), jen.Id("m")
	for _, f := range contents(sub) {
		check := []jen.Code{jen.Id("typ"), jen.Lit("*" + f.Go), jen.Lit(u.selector()), jen.Id("selector")}
		for _, v := range values(sub, f) {
			check = append(check, jen.Lit(v))
		}
		begin, encode := "Begin", m.Clone().Dot("encode").Call(outerArgs("e", f)...)
		if f.Set == nil {
			begin = "BeginRaw"
		}
		if headerOnly(f) {
			encode = kind.EncodeStruct(f.Header, m)
		}
		end := e.Clone().Dot("End").Call(jen.Id("nest"))
		if f.Own && f.Header != nil && f.Header.Size%4 != 0 {
			end = e.Clone().Dot("EndFixed").Call(jen.Id("nest"), jen.Lit(f.Header.Size))
		}
		cases = append(cases, jen.Case(jen.Op("*").Id(f.Go)).Block(
			e.Clone().Dot("Select").Call(check...),
			jen.Id("nest").Op(":=").Add(e).Dot(begin).Call(jen.Id("typ")),
			encode,
			end))
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
	return decl(comments(intro), jen.Func().Id(name).Params(params...).Block(
		jen.Switch(jen.Id("m").Op(":=").Id("m").Assert(jen.Type())).Block(cases...)))
}

//	func decodeLinkinfoData(d *nlattr.Decoder, selector string) LinkinfoData {
//		switch selector {
//		case "vxlan":
//			m := nlattr.New[LinkinfoVxlanAttrs](d)
//			nest := d.Enter()
//			m.decode(d)
//			if d.Close(nest) {
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
			body = append(body, make,
				jen.Id("nest").Op(":=").Add(d).Dot("Enter").Call(),
				m.Clone().Dot("decode").Call(outerArgs("d", f)...),
				jen.If(d.Clone().Dot("Close").Call(jen.Id("nest"))).Block(jen.Return(m)))
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

//	func selectorOfLinkinfoData(e *nlattr.Encoder, typ uint16, m LinkinfoData) nlattr.Opt[string] {
//		switch m.(type) {
//		case *LinkinfoVxlanAttrs:
//			return nlattr.Some("vxlan")
//		case *LinkinfoGreAttrs:
//			e.Ambiguous(typ, "*LinkinfoGreAttrs", "kind", "gre, gretap")
//		}
//		return nlattr.Opt[string]{}
//	}
func subSelector(sub *ir.SubMessage, u *subUse) jen.Code {
	name := "selectorOf" + sub.Go
	opt := jen.Qual(nlattr, "Opt").Types(jen.String())
	var cases []jen.Code
	ambiguous := false
	for _, f := range contents(sub) {
		body := jen.Return(jen.Qual(nlattr, "Some").Call(jen.Lit(f.Value)))
		if v := values(sub, f); len(v) > 1 {
			ambiguous = true
			body = jen.Id("e").Dot("Ambiguous").Call(jen.Id("typ"), jen.Lit("*"+f.Go), jen.Lit(u.selector()), jen.Lit(strings.Join(v, ", ")))
		}
		cases = append(cases, jen.Case(jen.Op("*").Id(f.Go)).Block(body))
	}
	params := []jen.Code{encoderParam(), jen.Id("typ").Uint16(), jen.Id("m").Id(sub.Go)}
	if !ambiguous {
		params = []jen.Code{jen.Id("_").Op("*").Qual(nlattr, "Encoder"), jen.Id("_").Uint16(), jen.Id("m").Id(sub.Go)}
	}
	if len(cases) == 0 {
		params[2] = jen.Id("_").Id(sub.Go)
		return decl(comments(wrap(name+" returns nothing, since no content tells the selector.", commentWidth-3)),
			jen.Func().Id(name).Params(params...).Add(opt).Block(jen.Return(opt.Clone().Values())))
	}
	return decl(comments(wrap(name+" returns the value of the selector that the content tells.", commentWidth-3)),
		jen.Func().Id(name).Params(params...).Add(opt).Block(
			jen.Switch(jen.Id("m").Assert(jen.Type())).Block(cases...),
			jen.Return(opt.Clone().Values())))
}
