package emit

import (
	"slices"
	"strconv"

	"github.com/dave/jennifer/jen"

	"github.com/nlgen/nlgen/gen/ir"
	"github.com/nlgen/nlgen/gen/kind"
)

// sampler writes functions that return samples of the generated types. Each is
// written once, when it is first wanted. A function whose samples differ in the
// forms of sub-messages takes a pick; one whose sub-messages look for outer
// selectors takes these.
type sampler struct {
	g     *generator
	done  map[string]bool
	todo  []func() jen.Code
	decls []jen.Code

	// The type whose sample is being written.
	scope   *kind.Scope
	set     *ir.Set // nil for messages
	choices []choice
	chosen  *choice // that the current attribute's content depends on
}

func (s *sampler) want(name string, f func() jen.Code) {
	if !s.done[name] {
		s.done[name] = true
		s.todo = append(s.todo, f)
	}
}

// body writes
//
//	func sampleLinkinfoAttrs(pick int) *LinkinfoAttrs {
//		kind := []string{"vxlan", "bridge"}[pick%2]
//		return &LinkinfoAttrs{
//			Kind: nlattr.Some[string](kind),
//			Data: sampleLinkinfoData(kind, pick/2),
//		}
//	}
func (s *sampler) body(typ string, header *ir.Struct, scope *kind.Scope, set *ir.Set) jen.Code {
	body, values := s.content(header, scope, set)
	body = append(body, jen.Return(jen.Op("&").Id(typ).Custom(jen.Options{Open: "{", Close: "}", Separator: ",", Multi: true}, values...)))
	return jen.Func().Id("sample" + typ).Params(s.params(scope)...).Op("*").Id(typ).Block(body...).Line()
}

// content begins the sample of a type: it returns the variables with the texts of
// selectors, and the values of the fields.
func (s *sampler) content(header *ir.Struct, scope *kind.Scope, set *ir.Set) (vars, values []jen.Code) {
	s.scope, s.set, s.choices = scope, set, choices(scope)
	for i := range s.choices {
		if c := &s.choices[i]; len(c.values) > 0 {
			vars = append(vars, jen.Id(kind.Local(c.attr)).Op(":=").Add(byTurns(jen.String(), c.values, func(v string) *jen.Statement { return jen.Lit(v) })))
		}
	}
	if header != nil {
		values = append(values, key("Header", jen.Op("*").Add(s.Struct(header))))
	}
	for _, a := range scope.Fields {
		values = append(values, key(a.Go, s.field(a)))
	}
	return vars, values
}

// byTurns is []T{...}[pick%n].
func byTurns(typ *jen.Statement, values []string, f func(string) *jen.Statement) *jen.Statement {
	var list []jen.Code
	for _, v := range values {
		list = append(list, f(v))
	}
	which := jen.Lit(0)
	if len(values) > 1 {
		which = jen.Id("pick").Op("%").Lit(len(values))
	}
	return jen.Index().Add(typ).Values(list...).Index(which)
}

// params are the pick and the outer selectors.
func (s *sampler) params(scope *kind.Scope) []jen.Code {
	var params []jen.Code
	if s.picks(scope) > 1 {
		params = append(params, jen.Id("pick").Int())
	}
	if scope.Inner {
		for _, name := range scope.Set.Outer {
			params = append(params, jen.Id(kind.Param(name)).String())
		}
	}
	return params
}

func (s *sampler) picks(scope *kind.Scope) int {
	if scope.Inner && scope.Set.Name != "" {
		return s.g.picksOfSet(scope.Set, nil)
	}
	return s.g.picksOf(scope, nil)
}

// field is the value of a field, presence included.
func (s *sampler) field(a *ir.Attr) *jen.Statement {
	k := kind.Of(a)
	s.chosen = nil
	if c := find(s.choices, a.Name); c != nil && c.attr == a && len(c.values) > 0 {
		return jen.Qual(nlattr, "Some").Types(k.Type(a)).Call(selectorValue(k, c))
	}
	switch {
	case kind.Many(a):
		values := []jen.Code{s.value(a, true)}
		if !k.ByRef(a) && a.Sub == nil {
			next := *a
			next.Number++
			values = append(values, s.value(&next, true))
		}
		return jen.Index().Add(k.Type(a)).Values(values...)
	case a.Presence == ir.Opt:
		return jen.Qual(nlattr, "Some").Types(k.Type(a)).Call(s.value(a, true))
	default:
		return s.value(a, false)
	}
}

// selectorValue is the variable with the selector's text, or a value of the
// selector's own type that stands for the same text.
func selectorValue(k kind.Kind, c *choice) *jen.Statement {
	if c.attr.Type == "string" {
		return jen.Id(kind.Local(c.attr))
	}
	return byTurns(k.Type(c.attr), c.values, func(v string) *jen.Statement {
		value, _ := kind.Choose(c.attr, v)
		return value
	})
}

// value is a sample of the attribute's kind; deref says that the value itself is
// wanted where the kind has a pointer to it.
func (s *sampler) value(a *ir.Attr, deref bool) *jen.Statement {
	k := kind.Of(a)
	v := k.Sample(a, s)
	if deref && k.ByRef(a) {
		return jen.Op("*").Add(v)
	}
	return v
}

// args are the arguments for the pick and the outer selectors of something below.
func (s *sampler) args(picks int, outer []string) []jen.Code {
	var args []jen.Code
	if picks > 1 {
		pick := jen.Id("pick")
		if s.chosen != nil && len(s.chosen.values) > 1 {
			pick = pick.Op("/").Lit(len(s.chosen.values))
		}
		args = append(args, pick)
	}
	for _, name := range outer {
		args = append(args, s.text(name))
	}
	return args
}

// text is the text of a selector that something below looks for.
func (s *sampler) text(name string) *jen.Statement {
	if c := find(s.choices, name); c != nil && len(c.values) > 0 {
		return jen.Id(kind.Local(c.attr))
	}
	if s.scope.Inner && s.scope.Set.Attr(name) == nil && slices.Contains(s.scope.Set.Outer, name) {
		return jen.Id(kind.Param(name))
	}
	return jen.Lit("")
}

// Set implements kind.Samples. A set that the current one stands inside is left
// empty.
func (s *sampler) Set(set *ir.Set) *jen.Statement {
	if s.set != nil && reaches(set, s.set, nil) {
		return jen.New(jen.Id(set.Go))
	}
	s.want(set.Go, func() jen.Code { return s.body(set.Go, nil, setScope(set), set) })
	return jen.Id("sample" + set.Go).Call(s.args(s.g.picksOfSet(set, nil), set.Outer)...)
}

// reaches reports whether the set to is from, or stands inside it at any depth.
func reaches(from, to *ir.Set, seen map[*ir.Set]bool) bool {
	if from == to {
		return true
	}
	if seen == nil {
		seen = map[*ir.Set]bool{}
	}
	seen[from] = true
	for _, a := range from.Attrs {
		for _, set := range inside(a) {
			if !seen[set] && reaches(set, to, seen) {
				return true
			}
		}
	}
	return false
}

// Struct implements kind.Samples.
func (s *sampler) Struct(st *ir.Struct) *jen.Statement {
	s.want(st.Go, func() jen.Code { return s.structBody(st) })
	return jen.Id("sample" + st.Go).Call()
}

func (s *sampler) structBody(st *ir.Struct) jen.Code {
	var values []jen.Code
	for _, m := range st.Members {
		switch {
		case m.Go == "":
		case st.Array != nil && st.Array.Count == m:
			values = append(values, key(m.Go, jen.Lit(sampleElements)))
		default:
			values = append(values, key(m.Go, s.member(m)))
		}
	}
	if st.Array != nil {
		values = append(values, key(st.Array.Go, s.elements(st.Array)))
	}
	return jen.Func().Id("sample" + st.Go).Params().Op("*").Id(st.Go).Block(
		jen.Return(jen.Op("&").Id(st.Go).Values(values...))).Line()
}

// sampleElements is how many elements arrays at the end of structs have.
const sampleElements = 2

// []T{...} with values that differ.
func (s *sampler) elements(a *ir.Array) *jen.Statement {
	var list []jen.Code
	for i := range sampleElements {
		m := *a.Member
		m.Offset += i * m.Size
		v := s.member(&m)
		if bytesArray(a) {
			v = jen.Lit(m.Offset%255 + 1)
		}
		list = append(list, v)
	}
	return jen.Index().Add(elementType(a)).Values(list...)
}

// member is a value whose bytes differ from those of its neighbours.
func (s *sampler) member(m *ir.Member) *jen.Statement {
	var bytes []jen.Code
	for i := range m.Size {
		bytes = append(bytes, jen.Lit((m.Offset+i)%255+1))
	}
	switch {
	case m.Struct != nil:
		return jen.Op("*").Add(s.Struct(m.Struct))
	case m.Type == "binary":
		return jen.Index(jen.Lit(m.Size)).Byte().Values(bytes...)
	case m.Type == "string":
		return jen.Lit("abcdefgh"[:min(m.Size, 8)])
	}
	if kind.EnumMember(m) {
		for _, e := range m.Enum.Entries {
			if m.Size == 8 || e.Value>>(8*m.Size) == 0 && !(m.Enum.Signed && e.Value>>(8*m.Size-1) != 0) {
				return jen.Id(e.Go)
			}
		}
		return jen.Lit(1)
	}
	v := uint64(m.Offset%100 + 1)
	switch m.Size {
	case 2:
		v += 0x1000
	case 4:
		v += 0x10203000
	case 8:
		v += 0x1020304050600000
	}
	return jen.Id(strconv.FormatUint(v, 10))
}

// Record implements kind.Samples. The length in the header is what encode fills
// in.
func (s *sampler) Record(a *ir.Attr) *jen.Statement {
	typ := a.Record.Go
	name := "sample" + typ
	outer := []string(nil)
	picks := 1
	if a.Nested != nil {
		outer, picks = a.Nested.Outer, s.g.picksOfSet(a.Nested, nil)
	}
	// The first function makes the value, the second one sets its length.
	s.want(typ, func() jen.Code { return s.recordBody(a) })
	return jen.Id(name).Call(s.args(picks, outer)...)
}

func (s *sampler) recordBody(a *ir.Attr) jen.Code {
	typ := a.Record.Go
	scope := recordScope(a)
	body, values := s.content(a.Struct, scope, a.Nested)
	name := "sample" + typ
	if a.Record.Length == nil {
		body = append(body, jen.Return(jen.Op("&").Id(typ).Values(values...)))
		return jen.Func().Id(name).Params(s.params(scope)...).Op("*").Id(typ).Block(body...).Line()
	}
	encode := []jen.Code{jen.Op("&").Id("e")}
	if a.Nested != nil {
		for _, name := range a.Nested.Outer {
			encode = append(encode, jen.Id(kind.Param(name)))
		}
	}
	body = append(body,
		jen.Id("x").Op(":=").Op("&").Id(typ).Values(values...),
		jen.Var().Id("e").Qual(nlattr, "Encoder"),
		jen.Id("x").Dot("encode").Call(encode...),
		jen.Id("x").Dot("Header").Dot("decode").Call(jen.Id("e").Dot("Written").Call()),
		jen.Return(jen.Id("x")),
	)
	return jen.Func().Id(name).Params(s.params(scope)...).Op("*").Id(typ).Block(body...).Line()
}

// Sub implements kind.Samples.
func (s *sampler) Sub(a *ir.Attr) *jen.Statement {
	sub := a.Sub
	text := s.text(a.Selector.Name)
	s.chosen = find(s.choices, a.Selector.Name)
	s.want("sub "+sub.Go, func() jen.Code { return s.subBody(sub) })
	args := s.args(s.g.picksOfSub(sub), kind.SubOuter(sub))
	return jen.Id("sample" + sub.Go).Call(append([]jen.Code{text}, args...)...)
}

//	func sampleLinkinfoData(selector string, pick int) LinkinfoData {
//		switch selector {
//		case "vxlan":
//			return sampleLinkinfoVxlanAttrs(pick)
//		}
//		return LinkinfoDataRaw{1, 2, 3}
//	}
func (s *sampler) subBody(sub *ir.SubMessage) jen.Code {
	outer := kind.SubOuter(sub)
	// The parameters stand for the selectors of enclosing sets.
	s.scope, s.set, s.choices, s.chosen = &kind.Scope{Set: &ir.Set{Outer: outer}, Inner: true}, nil, nil, nil
	var cases []jen.Code
	for _, f := range contents(sub) {
		var labels []jen.Code
		for _, v := range values(sub, f) {
			labels = append(labels, jen.Lit(v))
		}
		cases = append(cases, jen.Case(labels...).Block(jen.Return(s.format(sub, f))))
	}
	selector := "selector"
	if len(cases) == 0 {
		selector = "_"
	}
	params := []jen.Code{jen.Id(selector).String()}
	if s.g.picksOfSub(sub) > 1 {
		params = append(params, jen.Id("pick").Int())
	}
	for _, name := range outer {
		params = append(params, jen.Id(kind.Param(name)).String())
	}
	var body []jen.Code
	if len(cases) > 0 {
		body = append(body, jen.Switch(jen.Id("selector")).Block(cases...))
	}
	body = append(body, jen.Return(jen.Id(sub.RawGo).Values(jen.Lit(1), jen.Lit(2), jen.Lit(3))))
	return jen.Func().Id("sample" + sub.Go).Params(params...).Id(sub.Go).Block(body...).Line()
}

// format is a sample of a format.
func (s *sampler) format(sub *ir.SubMessage, f *ir.Format) *jen.Statement {
	switch {
	case f.Set == nil && !f.Own:
		return s.Struct(f.Header)
	case f.Set != nil && holdsSub(f.Set, sub, nil):
		return jen.New(jen.Id(f.Go))
	case !f.Own:
		return s.Set(f.Set)
	}
	scope := formatScope(f)
	s.want(f.Go, func() jen.Code { return s.body(f.Go, f.Header, scope, f.Set) })
	picks, outer := 1, []string(nil)
	if f.Set != nil {
		picks, outer = s.g.picksOfSet(f.Set, nil), f.Set.Outer
	}
	return jen.Id("sample" + f.Go).Call(s.args(picks, outer)...)
}

// holdsSub reports whether a set has the sub-message, at any depth.
func holdsSub(set *ir.Set, sub *ir.SubMessage, seen map[*ir.Set]bool) bool {
	if seen == nil {
		seen = map[*ir.Set]bool{}
	}
	seen[set] = true
	for _, a := range set.Attrs {
		if a.Sub == sub {
			return true
		}
		for _, below := range inside(a) {
			if !seen[below] && holdsSub(below, sub, seen) {
				return true
			}
		}
	}
	return false
}
