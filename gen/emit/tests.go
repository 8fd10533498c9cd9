package emit

import (
	"slices"

	"github.com/dave/jennifer/jen"

	"github.com/nlgen/nlgen/gen/ir"
	"github.com/nlgen/nlgen/gen/kind"
)

// maxPicks bounds how many samples of one message are tried.
const maxPicks = 2000

// tests emits a table with samples of each message, and the round trip and the
// fuzz test over it.
func (g *generator) tests() []jen.Code {
	s := &sampler{g: g, done: map[string]bool{}}
	var cases []jen.Code
	for _, m := range g.f.Messages {
		if m.Same != nil {
			continue
		}
		picks := g.picksOf(messageScope(m), nil)
		s.want(m.Go, func() jen.Code { return s.body(m.Go, m.Header, messageScope(m), nil) })
		sample := jen.Id("sample" + m.Go)
		c := jen.Qual(nlroundtrip, "One").Call(jen.Lit(m.Name), sample)
		if picks > 1 {
			c = jen.Qual(nlroundtrip, "Each").Call(jen.Lit(m.Name), jen.Lit(picks), sample)
		}
		if shadows(m.Header, m.Fields) || shadowed(m.Fields, map[*ir.Set]bool{}) {
			c.Dot("Shadowed").Call()
		}
		cases = append(cases, c)
	}
	if len(cases) == 0 {
		return nil
	}
	for len(s.todo) > 0 {
		next := s.todo[0]
		s.todo = s.todo[1:]
		s.decls = append(s.decls, next())
	}
	decls := []jen.Code{
		decl(comments([]string{"// messages holds samples of each message type, with every field set."}),
			jen.Var().Id("messages").Op("=").Add(rows(jen.Qual(nlroundtrip, "Case"), cases))),
		testFunc("TestRoundTrip", "T", "Run"),
		testFunc("FuzzDecode", "F", "Fuzz"),
	}
	if len(g.served()) > 0 {
		decls = append(decls, serviceTest())
	}
	return append(decls, s.decls...)
}

//	func TestService(t *testing.T) {
//		nltest.Refuses(t, NewService(UnimplementedHandler{}))
//	}
func serviceTest() jen.Code {
	return jen.Func().Id("TestService").Params(jen.Id("t").Op("*").Qual("testing", "T")).Block(
		jen.Qual(nltest, "Refuses").Call(jen.Id("t"), jen.Id("NewService").Call(jen.Id("UnimplementedHandler").Values()))).Line()
}

func testFunc(name, typ, run string) jen.Code {
	return jen.Func().Id(name).Params(jen.Id("t").Op("*").Qual("testing", typ)).Block(
		jen.Qual(nlroundtrip, run).Call(jen.Id("t"), jen.Id("messages"))).Line()
}

// choice is a selector of a scope and the values that samples give it by turns.
type choice struct {
	attr   *ir.Attr
	values []string
}

// choices returns the selectors of the scope that some sub-message looks for, in
// this type or below.
func choices(s *kind.Scope) []choice {
	var list []choice
	for _, sel := range s.Fields {
		if !kind.CanSelect(sel) {
			continue
		}
		c := choice{attr: sel}
		wanted := false
		for _, a := range s.Fields {
			if chooses(s, sel, a) {
				wanted = true
				c.add(a.Sub)
			}
			for _, set := range inside(a) {
				if slices.Contains(set.Outer, sel.Name) {
					wanted = true
					c.addOuter(set, nil)
				}
			}
		}
		if wanted {
			list = append(list, c)
		}
	}
	return list
}

// add adds the values of a sub-message's formats.
func (c *choice) add(sub *ir.SubMessage) {
	for _, f := range sub.Formats {
		if _, ok := kind.Choose(c.attr, f.Value); ok && !slices.Contains(c.values, f.Value) {
			c.values = append(c.values, f.Value)
		}
	}
}

// addOuter adds the values of sub-messages in a set that look for the selector
// outside.
func (c *choice) addOuter(set *ir.Set, within []*ir.Set) {
	if slices.Contains(within, set) {
		return
	}
	for _, a := range set.Attrs {
		if a.Sub != nil && a.Selector != nil && a.Selector.Attr == nil && a.Selector.Name == c.attr.Name {
			c.add(a.Sub)
		}
		for _, below := range inside(a) {
			if slices.Contains(below.Outer, c.attr.Name) {
				c.addOuter(below, append(within, set))
			}
		}
	}
}

// inside returns the sets that may stand in an attribute.
func inside(a *ir.Attr) []*ir.Set {
	var list []*ir.Set
	if a.Nested != nil {
		list = append(list, a.Nested)
	}
	if a.Sub != nil {
		for _, f := range a.Sub.Formats {
			if f.Set != nil {
				list = append(list, f.Set)
			}
		}
	}
	return list
}

// picksOf returns how many samples of a type differ in the forms of sub-messages.
func (g *generator) picksOf(s *kind.Scope, within []*ir.Set) int {
	most := 1
	chosen := choices(s)
	for _, c := range chosen {
		most = max(most, len(c.values))
	}
	for _, a := range s.Fields {
		n := 1
		for _, set := range inside(a) {
			n = max(n, g.picksOfSet(set, within))
		}
		if a.Sub != nil {
			if c := find(chosen, a.Selector.Name); c != nil {
				n *= max(1, len(c.values))
			}
		}
		most = max(most, min(n, maxPicks))
	}
	return most
}

func (g *generator) picksOfSet(set *ir.Set, within []*ir.Set) int {
	if n, ok := g.picks[set]; ok {
		return n
	}
	if slices.Contains(within, set) {
		return 1
	}
	n := g.picksOf(setScope(set), append(within, set))
	g.picks[set] = n
	return n
}

// picksOfSub is picksOf for the content of a sub-message, the selector apart.
func (g *generator) picksOfSub(sub *ir.SubMessage) int {
	n := 1
	for _, f := range sub.Formats {
		if f.Set != nil {
			n = max(n, g.picksOfSet(f.Set, nil))
		}
	}
	return n
}

func find(list []choice, name string) *choice {
	for i := range list {
		if list[i].attr.Name == name {
			return &list[i]
		}
	}
	return nil
}

// shadows reports whether a fixed header has a member with the name of one of the
// attributes behind it.
func shadows(header *ir.Struct, attrs []*ir.Attr) bool {
	return header != nil && slices.ContainsFunc(header.Members, func(m *ir.Member) bool {
		return slices.ContainsFunc(attrs, func(a *ir.Attr) bool { return a.Name == m.Name })
	})
}

// shadowed reports whether some header inside the attributes shadows others.
func shadowed(attrs []*ir.Attr, seen map[*ir.Set]bool) bool {
	for _, a := range attrs {
		if a.Record != nil && a.Nested != nil && shadows(a.Struct, a.Nested.Attrs) {
			return true
		}
		if a.Sub != nil {
			for _, f := range a.Sub.Formats {
				if f.Set != nil && shadows(f.Header, f.Set.Attrs) {
					return true
				}
			}
		}
		for _, set := range inside(a) {
			if !seen[set] {
				seen[set] = true
				if shadowed(set.Attrs, seen) {
					return true
				}
			}
		}
	}
	return false
}
