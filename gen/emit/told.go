package emit

import (
	"github.com/dave/jennifer/jen"

	"github.com/nlgen/nlgen/gen/ir"
)

// atFields is up to how many types that have a field for an attribute its doc stands
// at the field. If there are more, it stands once at the constant.
const atFields = 2

// countFields counts the fields of each attribute, by the name of its constant: a
// subset has the attributes of its parent. It notes the structs that are held, too.
func (g *generator) countFields() {
	count := func(header *ir.Struct, attrs []*ir.Attr) {
		g.held[header] = true
		for _, a := range attrs {
			g.fieldCount[a.Const]++
			if a.Elem == "" {
				g.held[a.Struct] = true
			}
		}
	}
	for _, m := range g.f.Messages {
		if m.Same == nil {
			count(m.Header, m.Fields)
		}
	}
	for _, s := range g.f.Sets {
		if g.typed[s] {
			count(nil, fieldsOf(s.Attrs))
		}
	}
	for _, sub := range g.f.SubMessages {
		for _, f := range contents(sub) {
			g.held[f.Header] = true
			if f.Own {
				count(f.Header, formatScope(f).Fields)
			}
		}
	}
	for _, a := range g.records() {
		count(a.Struct, recordScope(a).Fields)
	}
}

// field returns the field of an attribute, with the doc if it stands there.
func (g *generator) field(a *ir.Attr) []jen.Code {
	f := jen.Id(a.Go).Add(fieldType(a))
	if g.constTells(a) {
		return []jen.Code{f}
	}
	return row(f, attrDoc(a))
}

// constTells reports whether the constant of an attribute is where its doc stands.
func (g *generator) constTells(a *ir.Attr) bool {
	n := g.fieldCount[a.Const]
	return n == 0 || n > atFields
}

// methodTells reports whether a method or the type of a notification has the doc of
// an operation.
func (g *generator) methodTells(op *ir.Op) bool {
	if op.Do != nil || op.Dump != nil && op.Reply != nil {
		return true
	}
	for _, e := range g.f.Events {
		if e.Op == op {
			return true
		}
	}
	return false
}
