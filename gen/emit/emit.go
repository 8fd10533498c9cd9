// Package emit turns a resolved family into Go: one function for each noun of a
// generated package. It decides nothing that resolve could have decided, and
// nothing that depends on one attribute type alone, which is package kind's.
//
// It knows nothing of YAML and writes no file.
package emit

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/dave/jennifer/jen"

	"github.com/nlgen/nlgen/gen/ir"
	"github.com/nlgen/nlgen/gen/kind"
	"github.com/nlgen/nlgen/gen/output"
)

const (
	nlattr       = kind.Nlattr
	nlpolicy     = kind.Nlpolicy
	nljson       = "github.com/nlgen/nlgen/runtime/nljson"
	nlconn       = "github.com/nlgen/nlgen/runtime/nlconn"
	nlserve      = "github.com/nlgen/nlgen/runtime/nlserve"
	nltest       = "github.com/nlgen/nlgen/runtime/nltest"
	nlroundtrip  = "github.com/nlgen/nlgen/runtime/nlroundtrip"
	importPrefix = "github.com/nlgen/nlgen/runtime/"
)

// A file is split at a declaration before it becomes longer than this. The budget
// is 6,000 lines and 200 KB.
const (
	maxLines = 5500
	maxBytes = 180 << 10
)

// Family returns the files of the package for a family, without a folder in their
// names. The same family gives the same bytes.
func Family(f *ir.Family) ([]output.File, error) {
	g := newGenerator(f)
	var files []output.File
	about, err := g.about()
	if err != nil {
		return nil, err
	}
	files = append(files, about)
	for _, part := range []struct {
		name  string
		decls []jen.Code
	}{
		{"consts", g.consts()},
		{"enums", g.enums()},
		{"structs", g.structs()},
		{"attrs", g.sets()},
		{"submsgs", g.subMessages()},
		{"messages", g.messages()},
		{"policy", g.policies()},
		{"client", g.client()},
		{"events", g.events()},
		{"server", g.server()},
		{"roundtrip_test", g.tests()},
	} {
		more, err := g.files(part.name, part.decls)
		if err != nil {
			return nil, err
		}
		files = append(files, more...)
	}
	return files, nil
}

// generator writes one family.
type generator struct {
	f *ir.Family
	// reached holds the sets that some message has, at any depth. Only they
	// need encode and decode for messages, and policy tables.
	reached map[*ir.Set]bool
	// typed holds the sets that have a Go type. Those that only stand behind the
	// header of a record or of a format are part of its type.
	typed map[*ir.Set]bool
	// held holds the structs that stand in a field, as a header or as the content
	// of an attribute.
	held map[*ir.Struct]bool
	// subs holds the sub-messages that some emitted type has a field for.
	subs map[*ir.SubMessage]*subUse
	// fieldCount says how many fields an attribute has, see countFields.
	fieldCount map[string]int
	// picks remembers how many samples a set has, see picksOf.
	picks map[*ir.Set]int
}

func newGenerator(f *ir.Family) *generator {
	g := &generator{f: f, reached: map[*ir.Set]bool{}, typed: map[*ir.Set]bool{}, held: map[*ir.Struct]bool{}, subs: map[*ir.SubMessage]*subUse{}, picks: map[*ir.Set]int{}, fieldCount: map[string]int{}}
	for _, m := range f.Messages {
		g.reachAttrs(m.Attrs)
		if m.Set != nil {
			g.useSubs(messageScope(m))
		}
	}
	for _, s := range f.Sets {
		for _, a := range s.Attrs {
			if a.Nested != nil && a.Record == nil {
				g.typed[a.Nested] = true
			}
			if a.Record != nil && a.Nested != nil {
				g.useSubs(setScope(a.Nested))
			}
		}
	}
	for _, sub := range f.SubMessages {
		for _, format := range sub.Formats {
			if format.Set != nil && !format.Own {
				g.typed[format.Set] = true
			}
			if format.Set != nil {
				g.useSubs(setScope(format.Set))
			}
		}
	}
	for _, s := range f.Sets {
		if g.typed[s] {
			g.useSubs(setScope(s))
		}
	}
	g.countFields()
	return g
}

func (g *generator) reachAttrs(attrs []*ir.Attr) {
	for _, a := range attrs {
		if a.Nested != nil {
			g.reach(a.Nested)
		}
		if a.Sub != nil {
			for _, f := range a.Sub.Formats {
				if f.Set != nil {
					g.reach(f.Set)
				}
			}
		}
	}
}

func (g *generator) reach(s *ir.Set) {
	if !g.reached[s] {
		g.reached[s] = true
		g.reachAttrs(fieldsOf(s.Attrs))
	}
}

// fieldsOf returns the attributes that have a field.
func fieldsOf(attrs []*ir.Attr) []*ir.Attr {
	var list []*ir.Attr
	for _, a := range attrs {
		if a.Presence != ir.Never {
			list = append(list, a)
		}
	}
	return list
}

// setScope is the scope of a set's own type.
func setScope(s *ir.Set) *kind.Scope {
	return withDerived(&kind.Scope{Set: s, Fields: fieldsOf(s.Attrs), Inner: true})
}

// messageScope is the scope of a message. It has only the attributes that are
// listed for it, or for one that shares its type.
func messageScope(m *ir.Message) *kind.Scope {
	return withDerived(&kind.Scope{Set: m.Set, Fields: m.Fields})
}

// withDerived finds the selectors that follow from the content that they choose.
func withDerived(s *kind.Scope) *kind.Scope {
	for _, sel := range s.Fields {
		for _, a := range s.Fields {
			if chooses(s, sel, a) && kind.CanSelect(sel) {
				s.Derived = append(s.Derived, sel)
				break
			}
		}
	}
	return s
}

// chooses reports whether sel is the selector of the sub-message a beside it.
func chooses(s *kind.Scope, sel, a *ir.Attr) bool {
	return a.Sub != nil && a.Selector != nil && a.Selector.Attr == sel && s.Has(sel)
}

// file returns an empty file of the package.
func (g *generator) file() *jen.File {
	f := jen.NewFile(g.f.Package)
	f.HeaderComment(output.Header(clean(g.f.File)))
	for _, name := range []string{"nlattr", "nlpolicy", "nlconn", "nlserve", "nltest", "nlroundtrip", "nljson"} {
		f.ImportName(importPrefix+name, name)
	}
	return f
}

// files renders declarations as one file, or as several where one would be too
// long: attrs.go, attrs_2.go and so on.
func (g *generator) files(name string, decls []jen.Code) ([]output.File, error) {
	if len(decls) == 0 {
		return nil, nil
	}
	whole, err := g.render(name, decls)
	if err != nil {
		return nil, err
	}
	n := max(lines(whole)/maxLines, len(whole.Content)/maxBytes) + 1
	if n == 1 {
		return []output.File{whole}, nil
	}
	groups, err := g.divide(decls, n)
	if err != nil {
		return nil, err
	}
	var files []output.File
	for i, group := range groups {
		part := name
		if i > 0 {
			part += "_" + strconv.Itoa(i+1)
		}
		f, err := g.render(part, group)
		if err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	return files, nil
}

func lines(f output.File) int { return bytes.Count(f.Content, []byte{'\n'}) }

// divide splits declarations into groups that each stay below the limits.
func (g *generator) divide(decls []jen.Code, n int) ([][]jen.Code, error) {
	groups := [][]jen.Code{nil}
	size, length := 0, 0
	for _, d := range decls {
		f, err := g.render("part", []jen.Code{d})
		if err != nil {
			return nil, err
		}
		if l := lines(f); size+len(f.Content) > maxBytes || length+l > maxLines {
			groups = append(groups, nil)
			size, length = 0, 0
		}
		size += len(f.Content)
		length += lines(f)
		last := &groups[len(groups)-1]
		*last = append(*last, d)
	}
	return groups, nil
}

func (g *generator) render(name string, decls []jen.Code) (output.File, error) {
	f := g.file()
	if strings.HasPrefix(name, "policy") {
		f.ImportAlias(nlpolicy, "p") // every row of its tables has the name several times
	}
	for _, d := range decls {
		f.Add(d)
	}
	var b bytes.Buffer
	if err := f.Render(&b); err != nil {
		return output.File{}, fmt.Errorf("package %s, %s.go: %w", g.f.Package, name, err)
	}
	return output.File{Name: name + ".go", Content: groupImports(b.Bytes())}, nil
}

// groupImports puts the standard library's packages into a group of their own, in
// front of the others. Jennifer sorts them all by their path.
func groupImports(src []byte) []byte {
	open := []byte("\nimport (\n")
	start := bytes.Index(src, open)
	if start < 0 {
		return src
	}
	start += len(open)
	end := start + bytes.Index(src[start:], []byte(")\n"))
	var std, others []byte
	for line := range bytes.Lines(src[start:end]) {
		// Only paths outside the standard library have a dot in the first element.
		if first, _, _ := bytes.Cut(line, []byte("/")); bytes.Contains(first, []byte(".")) {
			others = append(others, line...)
		} else {
			std = append(std, line...)
		}
	}
	if len(std) > 0 && len(others) > 0 {
		std = append(std, '\n')
	}
	return slices.Concat(src[:start], std, others, src[end:])
}

// group joins a doc comment and what it documents to one declaration.
func group(parts ...[]jen.Code) jen.Code {
	s := jen.Null()
	for _, p := range parts {
		for _, c := range p {
			s.Add(c).Line()
		}
	}
	return s
}

// decl is group for one declaration.
func decl(comment []jen.Code, d ...jen.Code) jen.Code { return group(comment, d) }

// method starts func (x *T) name.
func method(typ, name string) *jen.Statement {
	return jen.Func().Params(jen.Id("x").Op("*").Id(typ)).Id(name)
}

// encoderParam and decoderParam are the parameters of every codec function.
func encoderParam() *jen.Statement { return jen.Id("e").Op("*").Qual(nlattr, "Encoder") }
func decoderParam() *jen.Statement { return jen.Id("d").Op("*").Qual(nlattr, "Decoder") }
