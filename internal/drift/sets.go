package drift

import (
	"fmt"

	"github.com/nlgen/nlgen/gen/ir"
)

// set compares two attribute sets that are reached from the same place.
func (c *comparer) set(at, what string, ours, theirs *ir.Set) {
	if !meet(c, at, what, ours, theirs, func(s *ir.Set) string { return s.Name }) {
		return
	}
	match(ours.Attrs, theirs.Attrs, numberOf, func(o, t *ir.Attr) {
		c.Facts++
		switch {
		case o == nil:
			if !ignored(t) {
				c.MissingHere(ours.Name+"/"+t.Name, fmt.Sprintf("%d %s", t.Number, t.Type))
			}
		case t == nil:
			if !ignored(o) {
				c.MissingThere(ours.Name+"/"+o.Name, fmt.Sprintf("%d %s", o.Number, o.Type))
			}
		default:
			c.attr(ours.Name+"/"+o.Name, o, t)
		}
	})
	c.numbers(ours.Name+"/", attrs(ours.Attrs), attrs(theirs.Attrs))
}

// ignored reports whether an attribute has no content.
func ignored(a *ir.Attr) bool { return a.Presence == ir.Never }

func attrs(list []*ir.Attr) map[string]int64 {
	m := map[string]int64{}
	for _, a := range list {
		if !ignored(a) {
			m[plain(a.Name)] = int64(a.Number)
		}
	}
	return m
}

// numbers compares the numbers of things that have the same name on both sides. Things are matched by number, so this finds two that
// are swapped.
func (c *comparer) numbers(at string, ours, theirs map[string]int64) {
	for name, o := range ours {
		if t, ok := theirs[name]; ok {
			Fact(c.Comparison, at+name, "number", o, t)
		}
	}
}

func (c *comparer) attr(at string, ours, theirs *ir.Attr) {
	if ignored(ours) && ignored(theirs) {
		return
	}
	c.name(at, ours.Name, theirs.Name)
	Fact(c.Comparison, at, "type", ours.Type, theirs.Type)
	Fact(c.Comparison, at, "sub-type", ours.Elem, theirs.Elem)
	Fact(c.Comparison, at, "byte-order", ours.Order, theirs.Order)
	c.hint(at, ours.Hint, theirs.Hint)
	Fact(c.Comparison, at, "multi-attr", ours.Multi, theirs.Multi)
	Fact(c.Comparison, at, "type-value", fmt.Sprint(ours.Levels), fmt.Sprint(theirs.Levels))
	c.enum(at, ours.Enum, theirs.Enum)
	if ours.Enum != nil && theirs.Enum != nil {
		Fact(c.Comparison, at, "enum-as-flags", ours.EnumFlags, theirs.EnumFlags)
	}
	c.checks(at, ours.Checks, theirs.Checks)
	c.structs(at, "struct", ours.Struct, theirs.Struct)
	c.set(at, "nested-attributes", ours.Nested, theirs.Nested)
	c.subMessage(at, ours.Sub, theirs.Sub)
	if ours.Sub != nil && theirs.Sub != nil {
		Fact(c.Comparison, at, "selector", selector(ours), selector(theirs))
	}
}

// hint compares what a value is shown as. A spec that says nothing of it is right, too.
func (c *comparer) hint(at string, ours, theirs ir.Hint) {
	if ours != ir.NoHint && theirs != ir.NoHint {
		Fact(c.Comparison, at, "display-hint", ours, theirs)
	}
}

// selector returns where the selector of an attribute is found.
func selector(a *ir.Attr) string {
	switch {
	case a.Selector == nil:
		return ""
	case a.Selector.Attr == nil:
		return "outer " + a.Selector.Name
	}
	return fmt.Sprintf("attribute %d", a.Selector.Attr.Number)
}

func (c *comparer) checks(at string, ours, theirs *ir.Checks) {
	if ours == nil {
		ours = new(ir.Checks)
	}
	if theirs == nil {
		theirs = new(ir.Checks)
	}
	Fact(c.Comparison, at, "min", limit(ours.Min), limit(theirs.Min))
	Fact(c.Comparison, at, "max", limit(ours.Max), limit(theirs.Max))
	Fact(c.Comparison, at, "flags-mask", optional(ours.Mask), optional(theirs.Mask))
	Fact(c.Comparison, at, "min-len", optional(ours.MinLen), optional(theirs.MinLen))
	Fact(c.Comparison, at, "max-len", optional(ours.MaxLen), optional(theirs.MaxLen))
	Fact(c.Comparison, at, "exact-len", optional(ours.ExactLen), optional(theirs.ExactLen))
	Fact(c.Comparison, at, "unterminated-ok", ours.Unterminated, theirs.Unterminated)
}

func limit(l *ir.Limit) string {
	switch {
	case l == nil:
		return ""
	case l.Unsigned:
		return fmt.Sprint(uint64(l.Value))
	}
	return fmt.Sprint(l.Value)
}

func optional[T int | uint64](v *T) string {
	if v == nil {
		return ""
	}
	return fmt.Sprint(*v)
}

// subMessage compares the formats of two sub-messages, by what selects them.
func (c *comparer) subMessage(at string, ours, theirs *ir.SubMessage) {
	if !meet(c, at, "sub-message", ours, theirs, func(s *ir.SubMessage) string { return s.Name }) {
		return
	}
	match(ours.Formats, theirs.Formats, func(f *ir.Format) string { return f.Value }, func(o, t *ir.Format) {
		c.Facts++
		switch {
		case o == nil:
			c.MissingHere(ours.Name+"/"+t.Value, "format")
		case t == nil:
			c.MissingThere(ours.Name+"/"+o.Value, "format")
		default:
			at := ours.Name + "/" + o.Value
			c.fixedHeader(at, o.Header, t.Header)
			c.set(at, "attribute-set", o.Set, t.Set)
		}
	})
}
