package spec

import (
	"slices"
	"strings"
	"testing"
)

// TestTraps makes sure that what keys mean together, and where specs of the kernel go their own ways, is in a golden case that generates
// something.
func TestTraps(t *testing.T) {
	families, _ := goldenTrees(t)
	for _, trap := range traps {
		found := false
		for _, f := range families {
			found = found || trap.in(f)
		}
		if !found {
			t.Errorf("no golden case has %s", trap.what)
		}
	}
}

type trap struct {
	what string
	in   func(*Family) bool
}

var traps = slices.Concat(numberTraps, attributeTraps, checkTraps, definitionTraps, subMessageTraps, operationTraps, nameTraps)

// attribute finds an attribute in any set.
func attribute(is func(f *Family, s *AttributeSet, a *Attribute) bool) func(*Family) bool {
	return func(f *Family) bool {
		return slices.ContainsFunc(f.AttributeSets, func(s *AttributeSet) bool {
			return slices.ContainsFunc(s.Attributes, func(a *Attribute) bool { return is(f, s, a) })
		})
	}
}

// attributeIs finds an attribute by its own keys.
func attributeIs(is func(a *Attribute) bool) func(*Family) bool {
	return attribute(func(_ *Family, _ *AttributeSet, a *Attribute) bool { return is(a) })
}

func definitionIs(is func(d *Definition) bool) func(*Family) bool {
	return func(f *Family) bool { return slices.ContainsFunc(f.Definitions, is) }
}

func memberIs(is func(m *Member) bool) func(*Family) bool {
	return definitionIs(func(d *Definition) bool { return slices.ContainsFunc(d.Members, is) })
}

func operation(is func(f *Family, o *Operation) bool) func(*Family) bool {
	return func(f *Family) bool {
		return f.Operations != nil && slices.ContainsFunc(f.Operations.List, func(o *Operation) bool { return is(f, o) })
	}
}

func operationIs(is func(o *Operation) bool) func(*Family) bool {
	return operation(func(_ *Family, o *Operation) bool { return is(o) })
}

func multi(types ...string) func(*Family) bool {
	return attributeIs(func(a *Attribute) bool { return a.MultiAttr.V && slices.Contains(types, a.Type.V) })
}

func enumOn(types ...string) func(*Family) bool {
	return attributeIs(func(a *Attribute) bool { return a.Enum.Set && slices.Contains(types, a.Type.V) })
}

// byName returns the definition, set or operation with a name, or nil.
func byName[T any](list []*T, name string, nameOf func(*T) Val[string]) *T {
	if i := slices.IndexFunc(list, func(v *T) bool { return nameOf(v).V == name }); i >= 0 {
		return list[i]
	}
	return nil
}

func definitionOf(f *Family, name string) *Definition {
	return byName(f.Definitions, name, func(d *Definition) Val[string] { return d.Name })
}

func operationOf(f *Family, name string) *Operation {
	return byName(f.Operations.List, name, func(o *Operation) Val[string] { return o.Name })
}

// step finds two attributes of a set that stand one behind the other.
func step(is func(first, second uint64) bool) func(*Family) bool {
	return func(f *Family) bool {
		numbers := numbersOf(f)
		return slices.ContainsFunc(f.AttributeSets, func(s *AttributeSet) bool {
			for i := range len(s.Attributes) - 1 {
				if !s.SubsetOf.Set && s.Attributes[i+1].Value.Set && is(numbers[s.Attributes[i]].Abs, numbers[s.Attributes[i+1]].Abs) {
					return true
				}
			}
			return false
		})
	}
}

var numberTraps = []trap{
	{"an attribute with number 0", attributeIs(func(a *Attribute) bool { return a.Value.Set && a.Value.V == 0 })},
	{"an attribute with number 0 that is sent", attributeIs(func(a *Attribute) bool { return a.Value.Set && a.Value.V == 0 && a.Type.V != "unused" })},
	{"the greatest number of an attribute", attributeIs(func(a *Attribute) bool { return a.Value.V == 0x3fff })},
	{"a gap in the numbers of attributes", step(func(first, second uint64) bool { return second > first+1 })},
	{"a number lower than that before it", step(func(first, second uint64) bool { return second < first })},
	{"a number twice in a set", step(func(first, second uint64) bool { return second == first })},
}

var attributeTraps = []trap{
	{"multi-attr of an integer", multi("u8", "u16", "u32", "u64")},
	{"multi-attr of uint or sint", multi("uint", "sint")},
	{"multi-attr of a string", multi("string")},
	{"multi-attr of bytes", attributeIs(func(a *Attribute) bool {
		return a.MultiAttr.V && a.Type.V == "binary" && !a.Struct.Set && !a.SubType.Set
	})},
	{"multi-attr of a struct", attributeIs(func(a *Attribute) bool { return a.MultiAttr.V && a.Struct.Set })},
	{"multi-attr of a packed array", attributeIs(func(a *Attribute) bool { return a.MultiAttr.V && a.Type.V == "binary" && a.SubType.Set })},
	{"multi-attr of a nest", multi("nest")},
	{"multi-attr of a bitfield32", multi("bitfield32")},
	{"multi-attr of an indexed-array", multi("indexed-array")},
	{"multi-attr of a nest-type-value", multi("nest-type-value")},
	{"multi-attr of a sub-message", multi("sub-message")},
	{"a nest of its own set", attribute(func(_ *Family, s *AttributeSet, a *Attribute) bool {
		return a.Type.V == "nest" && a.NestedAttributes.V == s.Name.V
	})},
	{"a nest of an empty set", attribute(func(f *Family, _ *AttributeSet, a *Attribute) bool {
		return slices.ContainsFunc(f.AttributeSets, func(s *AttributeSet) bool {
			return a.Type.V == "nest" && a.NestedAttributes.V == s.Name.V && len(s.Attributes) == 0
		})
	})},
	{"a set that is both a message and a nest", attribute(func(f *Family, _ *AttributeSet, a *Attribute) bool {
		return a.Type.V == "nest" && operationIs(func(o *Operation) bool { return o.AttributeSet.V == a.NestedAttributes.V })(f)
	})},
	{"a set that nothing uses", func(f *Family) bool {
		return slices.ContainsFunc(f.AttributeSets, func(s *AttributeSet) bool {
			return !attributeIs(func(a *Attribute) bool { return a.NestedAttributes.V == s.Name.V })(f) &&
				!operationIs(func(o *Operation) bool { return o.AttributeSet.V == s.Name.V })(f) && len(f.SubMessages) == 0
		})
	}},
	{"two pads in a set", func(f *Family) bool {
		return slices.ContainsFunc(f.AttributeSets, func(s *AttributeSet) bool {
			pads := 0
			for _, a := range s.Attributes {
				if a.Type.V == "pad" {
					pads++
				}
			}
			return pads > 1
		})
	}},
	{"byte order of bytes", attributeIs(func(a *Attribute) bool { return a.Type.V == "binary" && a.SubType.V == "" && a.ByteOrder.Set })},
	{"byte order of a packed array", attributeIs(func(a *Attribute) bool { return a.Type.V == "binary" && a.SubType.Set && a.ByteOrder.Set })},
	{"byte order of an indexed-array", attributeIs(func(a *Attribute) bool { return a.Type.V == "indexed-array" && a.ByteOrder.Set })},
	{"byte order of a uint", attributeIs(func(a *Attribute) bool { return a.Type.V == "uint" && a.ByteOrder.Set })},
	{"an address in an integer", attributeIs(func(a *Attribute) bool {
		return a.Type.V == "u32" && a.DisplayHint.V == "ipv4" && a.ByteOrder.V == "big-endian"
	})},
	{"enum of a big-endian integer", attributeIs(func(a *Attribute) bool { return a.Enum.Set && a.ByteOrder.V == "big-endian" })},
	{"enum of a u64", enumOn("u64")},
	{"enum of a uint", enumOn("uint")},
	{"enum of a bitfield32", enumOn("bitfield32")},
	{"enum of an indexed-array", enumOn("indexed-array")},
	{"enum of a packed array", enumOn("binary")},
	{"an enum read as flags", attributeIs(func(a *Attribute) bool { return a.EnumAsFlags.V })},
	{"a subset with another type", attribute(func(_ *Family, s *AttributeSet, a *Attribute) bool { return s.SubsetOf.Set && a.Type.Set })},
	{"a subset with another hint", attribute(func(_ *Family, s *AttributeSet, a *Attribute) bool { return s.SubsetOf.Set && a.DisplayHint.Set })},
	{"a subset with another nest", attribute(func(_ *Family, s *AttributeSet, a *Attribute) bool { return s.SubsetOf.Set && a.NestedAttributes.Set })},
	{"a subset with other checks", attribute(func(_ *Family, s *AttributeSet, a *Attribute) bool { return s.SubsetOf.Set && a.Checks != nil })},
	{"a subset with multi-attr", attribute(func(_ *Family, s *AttributeSet, a *Attribute) bool { return s.SubsetOf.Set && a.MultiAttr.V })},
}

func limitIs(is func(f *Family, l Limit) bool) func(*Family) bool {
	return attribute(func(f *Family, _ *AttributeSet, a *Attribute) bool {
		if c := a.Checks; c != nil {
			for _, v := range []Val[Limit]{c.Min, c.Max, c.MinLen, c.MaxLen, c.ExactLen} {
				if v.Set && !v.V.IsInt && is(f, v.V) {
					return true
				}
			}
		}
		return false
	})
}

func checked(typ string, is func(c *Checks) bool) func(*Family) bool {
	return attributeIs(func(a *Attribute) bool { return a.Checks != nil && a.Type.V == typ && is(a.Checks) })
}

var checkTraps = []trap{
	{"a limit that is a const", limitIs(func(f *Family, l Limit) bool { return definitionOf(f, l.Name) != nil })},
	{"a limit that is a const of the kernel alone", limitIs(func(f *Family, l Limit) bool {
		d := definitionOf(f, l.Name)
		return d != nil && d.Scope.V == "kernel"
	})},
	{"a limit that is a const less a number", limitIs(func(_ *Family, l Limit) bool { return l.Minus > 0 })},
	{"a limit that is a const by its C name", limitIs(func(f *Family, l Limit) bool {
		return definitionIs(func(d *Definition) bool { return d.NamePrefix.Set && d.NamePrefix.V+d.Name.V == l.Name })(f)
	})},
	{"a limit that is a const of the family", limitIs(func(f *Family, l Limit) bool { return definitionOf(f, f.Name.V+"-"+l.Name) != nil })},
	{"a limit that is that of a type", limitIs(func(_ *Family, l Limit) bool { return strings.HasPrefix(l.Name, "u32-") })},
	{"a negative limit", attributeIs(func(a *Attribute) bool { return a.Checks != nil && a.Checks.Min.V.Int.Neg })},
	{"flags-mask of flags", attribute(func(f *Family, _ *AttributeSet, a *Attribute) bool {
		return a.Checks != nil && definitionOf(f, a.Checks.FlagsMask.V.Name) != nil
	})},
	{"exact-len of a string", checked("string", func(c *Checks) bool { return c.ExactLen.Set })},
	{"exact-len of bytes", checked("binary", func(c *Checks) bool { return c.ExactLen.Set })},
	{"exact-len of an indexed-array", checked("indexed-array", func(c *Checks) bool { return c.ExactLen.Set })},
	{"a string that may be unterminated", checked("string", func(c *Checks) bool { return c.UnterminatedOk.V })},
}

func entries(is func(d *Definition, before, e *Entry) bool) func(*Family) bool {
	return definitionIs(func(d *Definition) bool {
		var before *Entry
		return slices.ContainsFunc(d.Entries, func(e *Entry) bool {
			found := is(d, before, e)
			before = e
			return found
		})
	})
}

var definitionTraps = []trap{
	{"an enum without entries", definitionIs(func(d *Definition) bool { return d.Type.V == "enum" && len(d.Entries) == 0 })},
	{"an enum with a gap", entries(func(d *Definition, before, e *Entry) bool {
		return d.Type.V == "enum" && before != nil && e.Value.V.Abs > 1
	})},
	{"a negative entry", entries(func(_ *Definition, _, e *Entry) bool { return e.Value.V.Neg })},
	{"two entries with one value", func(f *Family) bool {
		numbers := numbersOf(f)
		return entries(func(_ *Definition, before, e *Entry) bool { return before != nil && numbers[before] == numbers[e] })(f)
	}},
	{"flags with bit numbers", entries(func(d *Definition, _, e *Entry) bool { return d.Type.V == "flags" && e.Value.Set })},
	{"flags with bit 63", entries(func(d *Definition, _, e *Entry) bool { return d.Type.V == "flags" && e.Value.V.Abs == 63 })},
	{"flags that start at a bit", definitionIs(func(d *Definition) bool { return d.Type.V == "flags" && d.ValueStart.Set })},
	{"an enum that starts at a number", definitionIs(func(d *Definition) bool { return d.Type.V == "enum" && d.ValueStart.V.IsInt })},
	{"an enum that starts at a const", definitionIs(func(d *Definition) bool { return d.Type.V == "enum" && d.ValueStart.Set && !d.ValueStart.V.IsInt })},
	{"a const that is a text", definitionIs(func(d *Definition) bool { return d.Value.Set && !d.Value.V.IsInt })},
	{"a negative const", definitionIs(func(d *Definition) bool { return d.Value.V.Int.Neg })},
	{"a const of 64 bits", definitionIs(func(d *Definition) bool { return d.Value.V.Int.Abs == 1<<64-1 })},
	{"an enum without a name in C", definitionIs(func(d *Definition) bool { return d.EnumName.Null() })},
	{"a struct without members", definitionIs(func(d *Definition) bool { return d.Type.V == "struct" && len(d.Members) == 0 })},
	{"a member that is a struct", memberIs(func(m *Member) bool { return m.Struct.Set })},
	{"a member that is padding", memberIs(func(m *Member) bool { return m.Type.V == "pad" })},
	{"a member that is a string", memberIs(func(m *Member) bool { return m.Type.V == "string" })},
	{"a member with an enum", memberIs(func(m *Member) bool { return m.Enum.Set && !m.EnumAsFlags.V })},
	{"a member with flags", memberIs(func(m *Member) bool { return m.EnumAsFlags.V })},
	{"a length that is a const", memberIs(func(m *Member) bool { return m.Len.Set && !m.Len.V.IsInt && m.Len.V.Minus == 0 })},
	{"a length that is a const less a number", memberIs(func(m *Member) bool { return m.Len.V.Minus > 0 })},
	{"a member that C aligns", definitionIs(func(d *Definition) bool {
		return len(d.Members) > 1 && d.Members[0].Type.V == "u8" && slices.Contains([]string{"u16", "u32", "u64"}, d.Members[1].Type.V)
	})},
}

func formatIs(is func(m *Format) bool) func(*Family) bool {
	return func(f *Family) bool {
		return slices.ContainsFunc(f.SubMessages, func(s *SubMessage) bool { return slices.ContainsFunc(s.Formats, is) })
	}
}

// selectorIs finds a sub-message by its selector, which is nil if its own set has none.
func selectorIs(is func(selector *Attribute) bool) func(*Family) bool {
	return attribute(func(_ *Family, s *AttributeSet, a *Attribute) bool {
		return a.Selector.Set && is(byName(s.Attributes, a.Selector.V, func(a *Attribute) Val[string] { return a.Name }))
	})
}

var subMessageTraps = []trap{
	{"a format with a set", formatIs(func(m *Format) bool { return m.AttributeSet.Set && !m.FixedHeader.Set })},
	{"a format with a header", formatIs(func(m *Format) bool { return !m.AttributeSet.Set && m.FixedHeader.Set })},
	{"a format with both", formatIs(func(m *Format) bool { return m.AttributeSet.Set && m.FixedHeader.Set })},
	{"a format with neither", formatIs(func(m *Format) bool { return !m.AttributeSet.Set && !m.FixedHeader.Set })},
	{"a selector that is a string", selectorIs(func(s *Attribute) bool { return s != nil && s.Type.V == "string" })},
	{"a selector that is an integer", selectorIs(func(s *Attribute) bool { return s != nil && s.Type.V == "u32" && !s.Enum.Set })},
	{"a selector with an enum", selectorIs(func(s *Attribute) bool { return s != nil && s.Enum.Set && s.ByteOrder.Set })},
	{"a selector in an enclosing set", selectorIs(func(s *Attribute) bool { return s == nil })},
	{"a selector behind its sub-message", attribute(func(_ *Family, s *AttributeSet, a *Attribute) bool {
		place := func(name string) int {
			return slices.IndexFunc(s.Attributes, func(a *Attribute) bool { return a.Name.V == name })
		}
		return a.Selector.Set && place(a.Selector.V) > place(a.Name.V)
	})},
}

func directional(f *Family) bool { return f.Operations.EnumModel.V == "directional" }

func messageValue(m *Message) uint64 {
	if m == nil {
		return 0
	}
	return m.Value.V
}

var operationTraps = []trap{
	{"the unified model with values", operation(func(f *Family, o *Operation) bool { return !directional(f) && o.Value.Set && o.Do != nil })},
	{"an operation with number 0", operation(func(f *Family, o *Operation) bool {
		return !directional(f) && o.Value.Set && o.Value.V == 0 && o.Do != nil
	})},
	{"a reserved number", operationIs(func(o *Operation) bool {
		return o.Do == nil && o.Dump == nil && !o.Notify.Set && o.Event == nil
	})},
	{"two requests with one number", operation(func(f *Family, o *Operation) bool {
		return o.Do != nil && messageValue(o.Do.Request) > 0 && operationIs(func(p *Operation) bool {
			return p != o && p.Do != nil && messageValue(p.Do.Request) == messageValue(o.Do.Request)
		})(f)
	})},
	{"a notification with the number of a reply", operation(func(f *Family, o *Operation) bool {
		return directional(f) && o.Notify.Set && o.Value.Set && operationIs(func(p *Operation) bool {
			return p.Do != nil && messageValue(p.Do.Reply) == o.Value.V
		})(f)
	})},
	{"a dump whose reply has another number than that of the do", operationIs(func(o *Operation) bool {
		return o.Do != nil && o.Dump != nil && messageValue(o.Dump.Reply) > 0 && messageValue(o.Dump.Reply) != messageValue(o.Do.Reply)
	})},
	{"the directional model without a request section", operation(func(f *Family, o *Operation) bool {
		return directional(f) && o.Do != nil && o.Do.Request == nil
	})},
	{"the directional model without a reply section", operation(func(f *Family, o *Operation) bool {
		return directional(f) && o.Do != nil && o.Do.Reply == nil
	})},
	{"a do without anything in it", operationIs(func(o *Operation) bool { return o.Do != nil && o.Do.Request == nil && o.Do.Reply == nil })},
	{"a request without attributes", operationIs(func(o *Operation) bool {
		return o.Do != nil && o.Do.Request != nil && len(o.Do.Request.Attributes) == 0
	})},
	{"a dump alone", operationIs(func(o *Operation) bool { return o.Do == nil && o.Dump != nil })},
	{"do and dump with different replies", operationIs(func(o *Operation) bool {
		return o.Do != nil && o.Dump != nil && o.Do.Reply != nil && o.Dump.Reply != nil && len(o.Do.Reply.Attributes) != len(o.Dump.Reply.Attributes)
	})},
	{"a fixed header of the family", func(f *Family) bool { return f.Operations.FixedHeader.Set }},
	{"a fixed header of an operation beside that of the family", operation(func(f *Family, o *Operation) bool {
		return f.Operations.FixedHeader.Set && o.FixedHeader.Set
	})},
	{"a message that lists a member of its header", operation(func(f *Family, o *Operation) bool {
		d := definitionOf(f, f.Operations.FixedHeader.V)
		return d != nil && o.Do != nil && o.Do.Request != nil && slices.ContainsFunc(o.Do.Request.Attributes, func(v Val[string]) bool {
			return slices.ContainsFunc(d.Members, func(m *Member) bool { return m.Name.V == v.V })
		})
	})},
	{"a message that lists what its set lacks", operation(func(f *Family, o *Operation) bool {
		s := byName(f.AttributeSets, o.AttributeSet.V, func(s *AttributeSet) Val[string] { return s.Name })
		return s != nil && !f.Operations.FixedHeader.Set && o.Do != nil && o.Do.Request != nil &&
			slices.ContainsFunc(o.Do.Request.Attributes, func(v Val[string]) bool {
				return !slices.ContainsFunc(s.Attributes, func(a *Attribute) bool { return a.Name.V == v.V })
			})
	})},
	{"a notification in front of its operation", operation(func(f *Family, o *Operation) bool {
		return o.Notify.Set && slices.Index(f.Operations.List, operationOf(f, o.Notify.V)) > slices.Index(f.Operations.List, o)
	})},
	{"a notification of a dump", operation(func(f *Family, o *Operation) bool {
		of := operationOf(f, o.Notify.V)
		return o.Notify.Set && of != nil && of.Do == nil && of.Dump != nil
	})},
	{"a notification of an operation without a reply", operation(func(f *Family, o *Operation) bool {
		of := operationOf(f, o.Notify.V)
		return o.Notify.Set && of != nil && of.Do != nil && of.Do.Reply == nil
	})},
	{"a notification without a group", operationIs(func(o *Operation) bool { return o.Notify.Set && !o.Mcgrp.Set })},
	{"an event without a group", operationIs(func(o *Operation) bool { return o.Event != nil && !o.Mcgrp.Set })},
	{"a group with a number", func(f *Family) bool {
		return f.McastGroups != nil && f.Protocol.V == "netlink-raw" &&
			slices.ContainsFunc(f.McastGroups.List, func(g *McastGroup) bool { return g.Value.Set })
	}},
	{"an operation on a subset", operation(func(f *Family, o *Operation) bool {
		s := byName(f.AttributeSets, o.AttributeSet.V, func(s *AttributeSet) Val[string] { return s.Name })
		return s != nil && s.SubsetOf.Set
	})},
	{"a spec without a protocol", func(f *Family) bool { return !f.Protocol.Set }},
}

func attributeNamed(names ...string) func(*Family) bool {
	return attributeIs(func(a *Attribute) bool { return slices.Contains(names, a.Name.V) })
}

var nameTraps = []trap{
	{"a name that starts with a digit", attributeIs(func(a *Attribute) bool { return a.Name.V != "" && a.Name.V[0] <= '9' && a.Name.V[0] >= '0' })},
	{"an entry that starts with a digit", entries(func(_ *Definition, _, e *Entry) bool {
		return e.Name.V != "" && e.Name.V[0] <= '9' && e.Name.V[0] >= '0'
	})},
	{"names that are words of Go", attributeNamed("type", "map", "goto")},
	{"names that Go declares", attributeNamed("len", "string", "error")},
	{"a name with a blank", attributeIs(func(a *Attribute) bool { return strings.Contains(a.Name.V, " ") })},
	{"a name with an underscore", attributeIs(func(a *Attribute) bool { return strings.Contains(a.Name.V, "_") })},
	{"one name for an enum, a set and an operation", func(f *Family) bool {
		return slices.ContainsFunc(f.AttributeSets, func(s *AttributeSet) bool {
			return definitionOf(f, s.Name.V) != nil && operationOf(f, s.Name.V) != nil
		})
	}},
}
