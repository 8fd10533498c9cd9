package resolve

import (
	"github.com/nlgen/nlgen/gen/diag"
	"github.com/nlgen/nlgen/gen/ir"
	"github.com/nlgen/nlgen/gen/kind"
	"github.com/nlgen/nlgen/gen/spec"
)

// maxAttr is the largest number of an attribute (NLA_TYPE_MASK).
const maxAttr = 0x3fff

// number declares the attribute sets, and the attributes of those that are no subsets with their numbers: from 1 upward, and from each
// explicit value on. Within a set, names and numbers are unique behind this pass.
func (f *family) number(report *diag.Report) {
	for _, src := range f.src.AttributeSets {
		s := &set{src: src, lost: map[string]bool{}}
		if !declare(report, f.sets, "attribute set", src.Name, s, (*set).pos) {
			continue
		}
		s.Set = &ir.Set{Name: src.Name.V, Doc: cleanDoc(src.Doc.V), Pos: src.Name.Pos}
		f.setList = append(f.setList, s)
		f.Sets = append(f.Sets, s.Set)
		if !isSubset(src) {
			s.attrs = numberAttrs(report, s)
			s.attrs = dropTwins(report, s)
			s.attrs = dropPlaceholders(report, s)
		}
		s.fill()
	}
}

func isSubset(src *spec.AttributeSet) bool { return src.SubsetOf.Set || src.SubsetOf.Bad }

func numberAttrs(report *diag.Report, s *set) []*attr {
	list := make([]*attr, 0, len(s.src.Attributes))
	next, ok := uint64(1), true
	used := make(map[uint64]*spec.Attribute, len(s.src.Attributes))
	for i, src := range s.src.Attributes {
		pos := src.Name.Pos
		if src.Value.Set {
			if v := src.Value; ok && v.V < next && i > 0 && !clash(used[v.V], src) {
				report.Warnf(v.Pos, "attribute %q has number %d, which is not above that of the one before it, %d", src.Name.V, v.V, next-1)
			}
			next, ok, pos = src.Value.V, true, src.Value.Pos
		} else if src.Value.Bad {
			ok = false
		}
		if ok && next > maxAttr {
			// What is counted on from here is beyond too, and not worth a line each.
			report.Errorf(pos, "attribute %q has number %d; the largest is %d", src.Name.V, next, maxAttr)
			ok = false
		}
		number := next
		used[number] = src
		next++
		if !src.Name.Set {
			continue
		}
		if known := knownType(report, src); !ok || !known {
			s.lost[src.Name.V] = true
			continue
		}
		list = append(list, newAttr(s, src, number))
	}
	return list
}

// clash reports whether two attributes with one number are reported for that: it is refused, or the name is listed twice.
func clash(a, b *spec.Attribute) bool {
	if a == nil {
		return false
	}
	return a.Name.V == b.Name.V || !isPlaceholder(a.Type.V) && !isPlaceholder(b.Type.V)
}

// knownType reports whether an attribute has a type that a kind handles. The reader admits no other; a tree may come from elsewhere.
func knownType(report *diag.Report, src *spec.Attribute) bool {
	if src.Type.Set && (!kind.Known(src.Type.V) || src.Type.V == "record" || src.Type.V == "headed") {
		report.Errorf(src.Type.Pos, "attribute %q has unknown type %q", src.Name.V, src.Type.V)
		return false
	}
	return src.Type.Set
}

// newAttr makes an attribute with a copy of src, from which the pass kinds may take keys away.
func newAttr(s *set, src *spec.Attribute, number uint64) *attr {
	keys := *src
	return &attr{
		Attr: &ir.Attr{
			Name:   src.Name.V,
			Doc:    cleanDoc(src.Doc.V),
			Set:    s.Set,
			Number: uint16(number), // NB: at most maxAttr, as checked by the caller.
			Type:   src.Type.V,
			Pos:    src.Name.Pos,
		},
		src: &keys,
	}
}

// dropTwins removes the attributes that are listed again further down. The last one counts, as in the kernel's own tool. If they differ
// on the wire, nobody can know which one is meant: that is an error.
func dropTwins(report *diag.Report, s *set) []*attr {
	last := make(map[string]*attr, len(s.attrs))
	for _, a := range s.attrs {
		switch first := last[a.Name]; {
		case first == nil:
		case first.Number != a.Number:
			report.Errorf(a.Pos, "attribute %q is declared twice in set %q, with the numbers %d and %d", a.Name, s.Name, first.Number, a.Number).
				See(first.Pos, "first declared here")
		case first.Type != a.Type:
			report.Errorf(a.Pos, "attribute %q is declared twice in set %q, with the types %s and %s", a.Name, s.Name, first.Type, a.Type).
				See(first.Pos, "first declared here")
		default:
			report.Warnf(a.Pos, "attribute %q is listed twice in set %q; this one counts", a.Name, s.Name).See(first.Pos, "listed before here")
		}
		last[a.Name] = a
	}
	kept := s.attrs[:0]
	for _, a := range s.attrs {
		if last[a.Name] == a {
			kept = append(kept, a)
		}
	}
	return kept
}

// dropPlaceholders makes numbers unique. Two attributes with one number are an error, unless one of them is never sent: that one is a
// placeholder, which the set can do without.
func dropPlaceholders(report *diag.Report, s *set) []*attr {
	byNumber := make(map[uint16]*attr, len(s.attrs))
	for _, a := range s.attrs {
		first := byNumber[a.Number]
		switch {
		case first == nil || isPlaceholder(first.Type):
			byNumber[a.Number] = a
		case !isPlaceholder(a.Type):
			report.Errorf(numberPos(a), "attribute %q of set %q has the number of %q, %d", a.Name, s.Name, first.Name, a.Number).
				See(numberPos(first), "%q stands here", first.Name)
		}
	}
	kept := s.attrs[:0]
	for _, a := range s.attrs {
		if byNumber[a.Number] == a || !isPlaceholder(a.Type) {
			kept = append(kept, a)
		}
	}
	return kept
}

func isPlaceholder(typ string) bool { return typ == "unused" || typ == "pad" }

func numberPos(a *attr) diag.Pos {
	if a.src.Value.Set {
		return a.src.Value.Pos
	}
	return a.Pos
}
