package drift

import (
	"fmt"
	"slices"

	"github.com/nlgen/nlgen/gen/ir"
)

// structs compares the layout of two structs: members with the same offset.
func (c *comparer) structs(at, what string, ours, theirs *ir.Struct) {
	if !meet(c, at, what, ours, theirs, func(s *ir.Struct) string { return s.Name }) {
		return
	}
	Fact(c.Comparison, ours.Name, "size", ours.Size, theirs.Size)
	match(visible(ours), visible(theirs), func(m *ir.Member) int { return m.Offset }, func(o, t *ir.Member) {
		c.Facts++
		switch {
		case o == nil:
			c.MissingHere(ours.Name+"/"+t.Name, describeMember(t))
		case t == nil:
			c.MissingThere(ours.Name+"/"+o.Name, describeMember(o))
		default:
			c.member(ours.Name+"/"+o.Name, o, t)
		}
	})
	Fact(c.Comparison, ours.Name, "array", ours.Array != nil, theirs.Array != nil)
	if ours.Array != nil && theirs.Array != nil {
		c.member(ours.Name+"/"+ours.Array.Name, ours.Array.Member, theirs.Array.Member)
	}
	c.numbers(ours.Name+"/", members(ours), members(theirs))
}

// visible returns the members that are not padding.
func visible(s *ir.Struct) []*ir.Member {
	return slices.DeleteFunc(slices.Clone(s.Members), func(m *ir.Member) bool { return m.Go == "" })
}

func describeMember(m *ir.Member) string { return fmt.Sprintf("%s at %d", m.Type, m.Offset) }

func members(s *ir.Struct) map[string]int64 {
	m := map[string]int64{}
	for _, x := range visible(s) {
		m[plain(x.Name)] = int64(x.Offset)
	}
	return m
}

func (c *comparer) member(at string, ours, theirs *ir.Member) {
	c.name(at, ours.Name, theirs.Name)
	Fact(c.Comparison, at, "type", ours.Type, theirs.Type)
	Fact(c.Comparison, at, "size", ours.Size, theirs.Size)
	Fact(c.Comparison, at, "byte-order", ours.Order, theirs.Order)
	c.hint(at, ours.Hint, theirs.Hint)
	c.enum(at, ours.Enum, theirs.Enum)
	if ours.Enum != nil && theirs.Enum != nil {
		Fact(c.Comparison, at, "enum-as-flags", ours.EnumFlags, theirs.EnumFlags)
	}
	c.structs(at, "struct", ours.Struct, theirs.Struct)
}

// enum compares the entries of two enums by what is sent for them.
func (c *comparer) enum(at string, ours, theirs *ir.Enum) {
	if !meet(c, at, "enum", ours, theirs, func(e *ir.Enum) string { return e.Name }) {
		return
	}
	Fact(c.Comparison, ours.Name, "flags", ours.Flags, theirs.Flags)
	match(ours.Entries, theirs.Entries, func(e *ir.Entry) uint64 { return e.Value }, func(o, t *ir.Entry) {
		c.Facts++
		switch {
		case o == nil:
			c.MissingHere(ours.Name+"/"+t.Name, fmt.Sprint(t.Number))
		case t == nil:
			c.MissingThere(ours.Name+"/"+o.Name, fmt.Sprint(o.Number))
		default:
			c.name(ours.Name+"/"+o.Name, o.Name, t.Name)
		}
	})
	c.numbers(ours.Name+"/", entries(ours), entries(theirs))
}

func entries(e *ir.Enum) map[string]int64 {
	m := map[string]int64{}
	for _, x := range e.Entries {
		m[plain(x.Name)] = int64(x.Value)
	}
	return m
}

// rest compares what has not been reached: by name. Some of what a spec defines is never referred to, because
// the language has no way to, or because it serves readers. What only we define is not listed: if it is in use, the place that uses it is.
func (c *comparer) rest(ours, theirs *ir.Family) {
	byName(c, "set", ours.Sets, theirs.Sets, func(s *ir.Set) string { return s.Name }, func(at string, o, t *ir.Set) { c.set(at, "attribute-set", o, t) })
	byName(c, "sub-message", ours.SubMessages, theirs.SubMessages, func(s *ir.SubMessage) string { return s.Name }, c.subMessage)
	byName(c, "struct", ours.Structs, theirs.Structs, func(s *ir.Struct) string { return s.Name }, func(at string, o, t *ir.Struct) { c.structs(at, "struct", o, t) })
	byName(c, "enum", ours.Enums, theirs.Enums, func(e *ir.Enum) string { return e.Name }, c.enum)
	byName(c, "const", ours.Consts, theirs.Consts, func(x *ir.Const) string { return x.Name }, func(at string, o, t *ir.Const) {
		Fact(c.Comparison, at, "value", valueOf(o), valueOf(t))
	})
}

func valueOf(x *ir.Const) string {
	if x.IsString {
		return x.Text
	}
	return fmt.Sprint(x.Value)
}

// byName compares those of theirs that nothing of ours has met.
func byName[T any](c *comparer, what string, ours, theirs []*T, name func(*T) string, compare func(at string, ours, theirs *T)) {
	for _, t := range theirs {
		if c.met[t] {
			continue
		}
		at := what + " " + name(t)
		i := slices.IndexFunc(ours, func(o *T) bool { return plain(name(o)) == plain(name(t)) })
		if i < 0 {
			c.MissingHere(at, "defined")
			continue
		}
		compare(what+" "+name(ours[i]), ours[i], t)
	}
}
