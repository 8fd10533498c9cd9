package resolve

import (
	"slices"

	"github.com/nlgen/nlgen/gen/diag"
	"github.com/nlgen/nlgen/gen/ir"
	"github.com/nlgen/nlgen/gen/spec"
)

// arrays returns what the user says of structs that end in an array, by their names, without what names no member of a struct.
func (f *family) arrays(report *diag.Report) map[string]Array {
	arrays := map[string]Array{}
	for _, a := range f.opts.Arrays {
		d := f.structDef(report, "array", a.Member, spec.Val[string]{V: a.Struct, Pos: a.Pos, Set: true})
		if d == nil {
			continue
		}
		members := d.src.Members
		at := slices.IndexFunc(members, func(m *spec.Member) bool { return m.Name.V == a.Member })
		first, twice := arrays[a.Struct]
		switch {
		case twice:
			report.Errorf(a.Pos, "struct %q is said to end in an array twice", a.Struct).See(first.Pos, "first said here")
		case at < 0:
			report.Errorf(a.Pos, "struct %q has no member %q%s", a.Struct, a.Member,
				guess(f, a.Member, members, func(m *spec.Member) string { return m.Name.V })).See(d.pos(), "declared here")
		case at < len(members)-1:
			report.Errorf(a.Pos, "member %q of struct %q is no array of any length, it is not the last one", a.Member, a.Struct).
				See(members[at].Name.Pos, "declared here")
		default:
			arrays[a.Struct] = a
		}
	}
	return arrays
}

// array resolves the last member of a struct, the others of which have their places, as an array.
func (l *layouts) array(d *definition, a Array) {
	s, src := d.str, d.src.Members[len(d.src.Members)-1]
	m, align := l.element(d, src, a)
	if m == nil {
		l.broken[s] = true
		return
	}
	s.Align = max(s.Align, align)
	m.Offset = roundUp(s.Size, align)
	s.Size = m.Offset
	if s.Size != roundUp(s.Size, s.Align) {
		l.report.Errorf(a.Pos, "the array %q would begin in the padding of struct %q, behind %d bytes", a.Member, a.Struct, s.Size).
			See(m.Pos, "declared here")
		return
	}
	s.Array = &ir.Array{Member: m}
	if a.Count == "" {
		return
	}
	at := slices.IndexFunc(s.Members, func(m *ir.Member) bool { return m.Name == a.Count })
	if at < 0 {
		l.report.Errorf(a.Pos, "struct %q has no member %q in front of the array to hold the number of its elements%s", a.Struct, a.Count,
			guess(l.family, a.Count, s.Members, func(m *ir.Member) string { return m.Name })).See(d.pos(), "declared here")
		return
	}
	count := s.Members[at]
	if number, isInt := rangeOf(count.Type); !isInt || number.signed || count.Enum != nil {
		l.report.Errorf(a.Pos, "member %q cannot hold the number of elements, it is no unsigned integer", a.Count).See(count.Pos, "declared here")
		return
	}
	s.Array.Count = count
}

// element resolves an element of an array, and returns its alignment; nil, with an error, if it cannot be one.
func (l *layouts) element(d *definition, src *spec.Member, a Array) (*ir.Member, int) {
	if !src.Name.Set || !src.Type.Set || src.Struct.Bad || src.Len.Bad {
		return nil, 0
	}
	_, isInt := rangeOf(src.Type.V)
	switch {
	case src.Type.V == "binary" && !src.Struct.Set && !src.Len.Set:
		m := &ir.Member{Name: src.Name.V, Doc: cleanDoc(src.Doc.V), Type: "binary", Size: 1, Hint: ir.Hint(src.DisplayHint.V), Pos: src.Name.Pos}
		l.memberEnum(m, src, false)
		return m, 1
	case isInt, src.Struct.Set:
		m, align := l.member(d, src, true)
		if m != nil && m.Size == 0 {
			l.report.Errorf(a.Pos, "the elements of array %q have no size", a.Member).See(src.Name.Pos, "declared here")
			return nil, 0
		}
		return m, align
	}
	l.report.Errorf(a.Pos, "member %q is no array of any length: that is a binary with a struct or without a length, or an integer", a.Member).
		See(src.Name.Pos, "declared here")
	return nil, 0
}
