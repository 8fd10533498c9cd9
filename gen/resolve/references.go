package resolve

import (
	"github.com/nlgen/nlgen/gen/diag"
	"github.com/nlgen/nlgen/gen/ir"
	"github.com/nlgen/nlgen/gen/spec"
)

// references binds what attributes refer to: enums, structs, sets, sub-messages and their selectors.
func (f *family) references(report *diag.Report) {
	for _, s := range f.setList {
		for _, a := range s.attrs {
			f.bind(report, s, a)
		}
	}
}

func (f *family) bind(report *diag.Report, s *set, a *attr) {
	src := a.src
	if src.Enum.Set {
		a.Enum = f.enum(report, "attribute", a.Name, src.Enum)
		a.EnumFlags = a.Enum != nil && (a.Enum.Flags || src.EnumAsFlags.V || a.Type == "bitfield32")
		a.broken = a.Enum == nil
	}
	if src.NestedAttributes.Set {
		a.Nested = irSet(f.set(report, "attribute", a.Name, src.NestedAttributes))
		a.broken = a.broken || a.Nested == nil
	}
	if src.Struct.Set {
		if d := f.structDef(report, "attribute", a.Name, src.Struct); d != nil {
			a.Struct = d.str
		} else {
			a.broken = true
		}
	}
	if src.SubMessage.Set {
		if m := f.subs[src.SubMessage.V]; m != nil {
			a.Sub = m.SubMessage
		} else {
			report.Errorf(src.SubMessage.Pos, "attribute %q refers to unknown sub-message %q%s", a.Name, src.SubMessage.V,
				guess(f, src.SubMessage.V, f.subList, (*sub).name))
			a.broken = true
		}
	}
	if src.Selector.Set {
		// A selector of an enclosing set is found in the pass nests.
		a.Selector = &ir.Selector{Name: src.Selector.V}
		if own := s.attr(src.Selector.V); own != nil {
			a.Selector.Attr = own.Attr
		} else if s.lost[src.Selector.V] {
			a.Selector, a.broken = nil, true
		}
	}
	if src.NestedAttributes.Bad || src.Struct.Bad || src.SubMessage.Bad || src.Selector.Bad || src.SubType.Bad || src.Enum.Bad {
		a.broken = true
	}
}

// enum returns the enum or flags that v names; nil, with an error, if there are none.
func (f *family) enum(report *diag.Report, what, name string, v spec.Val[string]) *ir.Enum {
	d := f.defs[v.V]
	switch {
	case d == nil:
		report.Errorf(v.Pos, "%s %q refers to unknown enum %q%s", what, name, v.V, guess(f, v.V, f.defList, (*definition).name))
	case d.enu == nil:
		report.Errorf(v.Pos, "%s %q refers to %q as an enum, but that is a %s", what, name, v.V, d.src.Type.V).See(d.pos(), "declared here")
	default:
		return d.enu
	}
	return nil
}

// structDef returns the struct that v names; nil, with an error, if there is none.
func (f *family) structDef(report *diag.Report, what, name string, v spec.Val[string]) *definition {
	d := f.defs[v.V]
	switch {
	case d == nil:
		report.Errorf(v.Pos, "%s %q refers to unknown struct %q%s", what, name, v.V, guess(f, v.V, f.defList, (*definition).name))
	case d.str == nil:
		report.Errorf(v.Pos, "%s %q refers to %q as a struct, but that is a %s", what, name, v.V, d.src.Type.V).See(d.pos(), "declared here")
	default:
		return d
	}
	return nil
}

// header returns the struct that v names as a fixed header; nil if v is not set, or, with an error, if there is no such struct.
func (f *family) header(report *diag.Report, what, name string, v spec.Val[string]) *ir.Struct {
	if !v.Set {
		return nil
	}
	d := f.structDef(report, what, name, v)
	if d == nil {
		return nil
	}
	if d.str.Array != nil {
		report.Errorf(v.Pos, "%s %q has the fixed header %q, which ends in an array of any length", what, name, v.V).See(d.pos(), "declared here")
		return nil
	}
	d.str.Header = true
	return d.str
}

// set returns the attribute set that v names; nil, with an error, if there is none.
func (f *family) set(report *diag.Report, what, name string, v spec.Val[string]) *set {
	s := f.sets[v.V]
	if s == nil {
		report.Errorf(v.Pos, "%s %q refers to unknown set %q%s", what, name, v.V, guess(f, v.V, f.setList, (*set).name))
	}
	return s
}

// irSet returns the resolved form of a set that may be nil.
func irSet(s *set) *ir.Set {
	if s == nil {
		return nil
	}
	return s.Set
}
