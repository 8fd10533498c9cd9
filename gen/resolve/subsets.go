package resolve

import (
	"github.com/nlgen/nlgen/gen/diag"
	"github.com/nlgen/nlgen/gen/spec"
)

// subsets gives the sets with subset-of their attributes: the number is that of the parent's attribute, and so is every key that the
// subset does not write itself.
func (f *family) subsets(report *diag.Report) {
	place := make(map[*set]int, len(f.setList))
	for i, s := range f.setList {
		place[s] = i
	}
	for i, s := range f.setList {
		if !isSubset(s.src) {
			continue
		}
		if parent := f.parent(report, s, i, place); parent != nil {
			s.parent, s.Parent = parent, parent.Set
		}
		for _, src := range s.src.Attributes {
			if a := f.inherit(report, s, src); a != nil {
				s.attrs = append(s.attrs, a)
			} else if src.Name.Set {
				s.lost[src.Name.V] = true
			}
		}
		s.attrs = dropTwins(report, s)
		s.fill()
	}
}

// parent returns the set that s, at some place in the list of sets, is a subset of; nil, with an error, if it cannot be.
func (f *family) parent(report *diag.Report, s *set, at int, place map[*set]int) *set {
	v := s.src.SubsetOf
	if !v.Set {
		return nil // What stands there was refused.
	}
	parent := f.set(report, "subset", s.Name, v)
	switch {
	case parent == nil:
		return nil
	case parent == s:
		report.Errorf(v.Pos, "set %q is a subset of itself", s.Name)
		return nil
	case isSubset(parent.src):
		report.Errorf(v.Pos, "set %q is a subset of %q, which is a subset itself", s.Name, parent.Name).See(parent.Pos, "declared here")
		return nil
	case place[parent] > at:
		report.Errorf(v.Pos, "set %q is a subset of %q, which stands behind it", s.Name, parent.Name).See(parent.Pos, "declared here")
		return nil
	}
	return parent
}

// inherit makes an attribute of a subset; nil, with an error, if the parent has none of that name.
func (f *family) inherit(report *diag.Report, s *set, src *spec.Attribute) *attr {
	if s.parent == nil || !src.Name.Set || src.Type.Bad || src.Type.Set && !knownType(report, src) {
		return nil
	}
	from := s.parent.attr(src.Name.V)
	if from == nil {
		if s.parent.lost[src.Name.V] {
			return nil // That was reported.
		}
		report.Errorf(src.Name.Pos, "subset %q has attribute %q, which its parent %q lacks%s", s.Name, src.Name.V, s.parent.Name,
			guess(f, src.Name.V, s.parent.attrs, (*attr).name)).See(s.parent.Pos, "declared here")
		return nil
	}
	if v := src.Value; v.Set && v.V == uint64(from.Number) {
		report.Warnf(v.Pos, "attribute %q of a subset has the number of its parent; it needs no value", src.Name.V)
	} else if v.Set {
		report.Errorf(v.Pos, "attribute %q of a subset has a value, but its number is that of its parent, %d", src.Name.V, from.Number).
			See(from.Pos, "declared here")
	}
	a := newAttr(s, overlay(from.src, src), uint64(from.Number))
	a.parent = from
	a.own = src
	return a
}

// overlay returns the keys of an attribute in a subset: those that it writes itself, and else those of the parent. A key counts as a
// whole, so checks replace all checks.
func overlay(parent, own *spec.Attribute) *spec.Attribute {
	a := *parent
	a.Pos, a.Name = own.Pos, own.Name
	over(&a.Type, own.Type)
	over(&a.Doc, own.Doc)
	over(&a.ByteOrder, own.ByteOrder)
	over(&a.MultiAttr, own.MultiAttr)
	over(&a.NestedAttributes, own.NestedAttributes)
	over(&a.Enum, own.Enum)
	over(&a.EnumAsFlags, own.EnumAsFlags)
	over(&a.SubType, own.SubType)
	over(&a.DisplayHint, own.DisplayHint)
	over(&a.Struct, own.Struct)
	over(&a.SubMessage, own.SubMessage)
	over(&a.Selector, own.Selector)
	over(&a.NamePrefix, own.NamePrefix)
	if own.TypeValue != nil {
		a.TypeValue = own.TypeValue
	}
	if own.Checks != nil {
		a.Checks = own.Checks
	}
	return &a
}

func over[T any](v *spec.Val[T], own spec.Val[T]) {
	if own.Set || own.Bad {
		*v = own
	}
}
