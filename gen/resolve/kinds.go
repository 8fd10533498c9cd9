package resolve

import (
	"github.com/nlgen/nlgen/gen/diag"
	"github.com/nlgen/nlgen/gen/goname"
	"github.com/nlgen/nlgen/gen/ir"
	"github.com/nlgen/nlgen/gen/kind"
	"github.com/nlgen/nlgen/gen/spec"
)

// kinds compares the keys of attributes with what their kinds read. What a kind does not read is an error if it would change the bytes
// on the wire, and a warning otherwise; it is ignored from here on. That nothing is missing is seen by the pass check.
func (f *family) kinds(report *diag.Report) {
	for _, s := range f.setList {
		for _, a := range s.attrs {
			checkKeys(report, a)
			checkLevels(report, a)
			take(a)
			a.NetOrder = f.opts.NetByteorder && inNetOrder(a)
		}
	}
}

// check lets the kinds look at their attributes, now that these are complete. Attributes with a broken reference are left out: what is
// missing there was reported.
func (f *family) check(report *diag.Report) {
	for _, s := range f.setList {
		for _, a := range s.attrs {
			if !a.broken {
				kind.Check(a.Attr, report)
			}
		}
	}
}

// keyMulti stands for multi-attr, which every kind admits whose values can be told from their absence.
const keyMulti kind.Keys = 1 << 15

// keys are the keys that not every kind reads.
var keys = []key{
	keyOf("nested-attributes", kind.KeyNested, true, func(a *spec.Attribute) *spec.Val[string] { return &a.NestedAttributes }),
	keyOf("sub-type", kind.KeySubType, true, func(a *spec.Attribute) *spec.Val[string] { return &a.SubType }),
	keyOf("struct", kind.KeyStruct, true, func(a *spec.Attribute) *spec.Val[string] { return &a.Struct }),
	keyOf("sub-message", kind.KeySubMessage, true, func(a *spec.Attribute) *spec.Val[string] { return &a.SubMessage }),
	keyOf("selector", kind.KeySubMessage, true, func(a *spec.Attribute) *spec.Val[string] { return &a.Selector }),
	keyOf("enum", kind.KeyEnum, true, func(a *spec.Attribute) *spec.Val[string] { return &a.Enum }),
	keyOf("enum-as-flags", kind.KeyEnum, false, func(a *spec.Attribute) *spec.Val[bool] { return &a.EnumAsFlags }),
	keyOf("byte-order", kind.KeyByteOrder, false, func(a *spec.Attribute) *spec.Val[string] { return &a.ByteOrder }),
	keyOf("display-hint", kind.KeyHint, false, func(a *spec.Attribute) *spec.Val[string] { return &a.DisplayHint }),
	keyOf("multi-attr", keyMulti, false, func(a *spec.Attribute) *spec.Val[bool] { return &a.MultiAttr }),
	{
		name:  "type-value",
		reads: kind.KeyTypeValue,
		given: func(a *spec.Attribute) bool { return a.TypeValue != nil },
		pos: func(a *spec.Attribute) diag.Pos {
			if len(a.TypeValue) == 0 {
				return a.Name.Pos
			}
			return a.TypeValue[0].Pos
		},
		clear: func(a *spec.Attribute) { a.TypeValue = nil },
	},
}

// key is a key of an attribute.
type key struct {
	name   string
	reads  kind.Keys
	weighs bool // A kind that does not read it cannot be what was meant.
	given  func(*spec.Attribute) bool
	pos    func(*spec.Attribute) diag.Pos
	clear  func(*spec.Attribute)
}

func keyOf[T any](name string, reads kind.Keys, weighs bool, field func(*spec.Attribute) *spec.Val[T]) key {
	return key{
		name:   name,
		reads:  reads,
		weighs: weighs,
		given:  func(a *spec.Attribute) bool { v := field(a); return v.Set || v.Bad },
		pos:    func(a *spec.Attribute) diag.Pos { return field(a).Pos },
		clear:  func(a *spec.Attribute) { *field(a) = spec.Val[T]{} },
	}
}

// reads returns which keys the kind of an attribute reads. Nothing is bound yet, so the kind gets a likeness of the attribute that shows
// which keys are given.
func reads(src *spec.Attribute) kind.Keys {
	likeness := &ir.Attr{Type: src.Type.V, Elem: src.SubType.V, Hint: ir.Hint(src.DisplayHint.V), Order: ir.Order(src.ByteOrder.V)}
	if src.Struct.Set {
		likeness.Struct = new(ir.Struct)
	}
	k := kind.Of(likeness)
	keys := k.Reads(likeness)
	if p := k.Presence(likeness); p != ir.Never && p != ir.Bool {
		keys |= keyMulti
	}
	return keys
}

// checkKeys takes away the keys that the kind does not read. What a subset inherits for a type of the parent that it overrides is no
// mistake.
func checkKeys(report *diag.Report, a *attr) {
	known := reads(a.src)
	for _, k := range keys {
		if !k.given(a.src) || known&k.reads != 0 {
			continue
		}
		if a.parent == nil || a.parent.Type == a.Type || k.given(a.own) {
			refuseKey(report, a, k)
		}
		k.clear(a.src)
	}
}

func refuseKey(report *diag.Report, a *attr, k key) {
	typ := a.Type
	if a.src.SubType.Set && typ == "indexed-array" {
		typ += " of " + a.src.SubType.V
	}
	if k.weighs {
		report.Errorf(k.pos(a.src), "attribute %q is of type %s, which has no %q", a.Name, typ, k.name)
	} else {
		report.Warnf(k.pos(a.src), "attribute %q is of type %s, which has no %q; it is ignored", a.Name, typ, k.name)
	}
}

// checkLevels checks the names in a type-value: they become fields.
func checkLevels(report *diag.Report, a *attr) {
	seen := map[string]bool{}
	for _, v := range a.src.TypeValue {
		if !v.Set {
			continue
		}
		name := goname.Exported(goname.Camel(v.V))
		if problem := goname.Problem(v.V); problem != "" {
			report.Errorf(v.Pos, "level %q of attribute %q %s", v.V, a.Name, problem)
		} else if seen[name] {
			report.Errorf(v.Pos, "attribute %q has two levels that become Go name %q", a.Name, name)
		}
		seen[name] = true
	}
}

// take copies what needs no binding into the IR.
func take(a *attr) {
	src := a.src
	a.Elem = src.SubType.V
	a.Order = ir.Order(src.ByteOrder.V)
	a.Hint = ir.Hint(src.DisplayHint.V)
	a.Multi = src.MultiAttr.V
	if t := a.Type; t == "u8" || t == "s8" || a.Elem == "u8" || a.Elem == "s8" {
		a.Order = ir.Host
	}
	for _, v := range src.TypeValue {
		a.Levels = append(a.Levels, v.V)
	}
}

// inNetOrder reports whether the value is a big-endian integer or an address.
func inNetOrder(a *attr) bool {
	if a.Order == ir.BigEndian {
		return true
	}
	return a.Type == "binary" && (a.Hint == ir.IPv4 || a.Hint == ir.IPv6 || a.Hint == ir.IPv4OrV6)
}
