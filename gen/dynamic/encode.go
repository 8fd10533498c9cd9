package dynamic

import (
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/nlgen/nlgen/gen/ir"
	"github.com/nlgen/nlgen/runtime/nlattr"
)

// writer writes attributes from JSON.
type writer struct {
	c     *Codec
	e     *nlattr.Encoder
	depth int
	// ragged says that the fixed header of a sub-message was written last. What
	// pads it is written once an attribute follows: the length of a sub-message
	// that is all header does not count padding.
	ragged bool
}

// jsonScope is an object that describes attributes, and those around it: where
// the selector of a sub-message is looked for.
type jsonScope struct {
	set    *set
	object *Object
	up     *jsonScope
}

// check returns the error of the encoder as one about the value that was written
// last.
func (w *writer) check() error {
	err := w.e.Err()
	if err == nil {
		return nil
	}
	var e *nlattr.Error
	if errors.As(err, &e) {
		err = e.Err
	}
	return wrong(err)
}

// content writes a fixed header, but for the member skip, and the attributes
// behind it.
func (w *writer) content(h *ir.Struct, skip *ir.Member, s *set, v any, up *jsonScope) error {
	o, ok := v.(*Object)
	if !ok {
		return wrongf("got %s, want an object", sortOf(v))
	}
	if w.depth > nlattr.MaxDepth {
		return wrong(nlattr.ErrTooDeep)
	}
	w.depth++
	defer func() { w.depth-- }()
	if h != nil {
		b := make([]byte, nlattr.Align(h.Size))
		for i, key := range o.Keys {
			if m := member(h, key); m != nil && m != skip && !w.shadowed(h, s, m, o.Values[i]) {
				if err := w.member(b, m, o.Values[i]); err != nil {
					return within(key, err)
				}
			}
		}
		if up != nil && skip == nil {
			b = b[:h.Size]
		}
		b, err := w.elements(b, h, o)
		if err != nil {
			return err
		}
		w.e.Append(b)
		w.ragged = len(b)%4 != 0
	}
	scope := &jsonScope{set: s, object: o, up: up}
	for i, key := range o.Keys {
		if m := member(h, key); m != nil && m != skip && !w.shadowed(h, s, m, o.Values[i]) || isArray(h, key) {
			continue
		}
		if h != nil && h.Array != nil { // It ends where the content does.
			return within(key, wrongf("%w, struct %q has no such member", ErrUnknown, h.Name))
		}
		if err := w.attr(scope, key, o.Values[i]); err != nil {
			return within(key, err)
		}
	}
	return nil
}

// shadowed reports whether a value that the name of a header's member stands for
// is that of the attribute with this name: the member cannot hold it, as it is too
// large (FRA_TABLE of struct fib_rule_hdr) or of another sort.
func (w *writer) shadowed(h *ir.Struct, s *set, m *ir.Member, v any) bool {
	return s.named[m.Name] != nil && w.member(make([]byte, h.Size), m, v) != nil
}

// attr writes the attribute that a key names, as often as it occurs.
func (w *writer) attr(s *jsonScope, key string, v any) error {
	a := s.set.named[key]
	if a == nil {
		number, ok := unknownNumber(key)
		switch {
		case !ok && s.set.Name == "":
			return wrongf("%w, there are no attributes here", ErrUnknown)
		case !ok:
			return wrongf("%w, attribute set %q has no such attribute", ErrUnknown, s.set.Name)
		}
		return w.unknown(number, v)
	}
	if a.Type == "pad" || a.Type == "unused" {
		return wrongf("an attribute of type %s is never sent", a.Type)
	}
	list, many := v.([]any)
	if !a.Multi || !many {
		return w.present(s, a, v)
	}
	for i, v := range list {
		if err := w.present(s, a, v); err != nil {
			return within(step(i), err)
		}
	}
	return nil
}

// present writes one attribute, or none for null and for a flag that is false.
func (w *writer) present(s *jsonScope, a *ir.Attr, v any) error {
	if v == nil && a.Type != "binary" && a.Type != "record" || v == false && a.Type == "flag" {
		return nil
	}
	w.pad()
	if err := w.value(s, a, v); err != nil {
		return err
	}
	return w.check()
}

// pad pads the fixed header in front of the first attribute of a sub-message.
func (w *writer) pad() {
	if w.ragged {
		w.e.Pad()
		w.ragged = false
	}
}

// value writes an attribute of the scope.
func (w *writer) value(s *jsonScope, a *ir.Attr, v any) error {
	switch a.Type {
	case "flag":
		return w.flag(a, v)
	case "nest":
		return w.nest(a.Number, w.c.set(a.Nested), v, s)
	case "headed":
		return w.headed(s, a, v)
	case "indexed-array":
		return w.array(s, a, v)
	case "nest-type-value":
		return w.levels(s, a, v)
	case "sub-message":
		return w.subMessage(s, a, v)
	case "record":
		return w.records(s, a, v)
	}
	typ := a.Number
	if a.NetOrder {
		typ |= nlattr.NetByteOrder
	}
	return w.leaf(a, a.Type, typ, v)
}

// flag writes an attribute whose presence is its value.
func (w *writer) flag(a *ir.Attr, v any) error {
	on, ok := v.(bool)
	if n, number := v.(json.Number); number {
		on, ok = n != "0", true
	}
	if !ok {
		return wrongf("got %s, want true or false", sortOf(v))
	}
	if on {
		w.e.Flag(a.Number)
	}
	return nil
}

// nest writes an object as a nest.
func (w *writer) nest(typ uint16, s *set, v any, up *jsonScope) error {
	nest := w.e.Begin(typ)
	if err := w.content(nil, nil, s, v, up); err != nil {
		return err
	}
	w.e.End(nest)
	return nil
}

// leaf writes an attribute without attributes inside. The type is that of a or
// of its elements.
func (w *writer) leaf(a *ir.Attr, typ string, number uint16, v any) error {
	if n, ok := integerOf(typ, a); ok {
		x, err := n.read(v)
		if err == nil {
			w.e.Bytes(number, n.bytes(x))
		}
		return err
	}
	switch typ {
	case "string":
		return w.text(a, number, v)
	case "bitfield32":
		return w.bitfield(a, number, v)
	case "flag":
		w.e.Flag(number)
		return nil
	}
	if o, ok := v.(*Object); ok && a.Struct != nil {
		b, err := w.structure(a.Struct, o)
		w.e.Bytes(number, b)
		return err
	}
	if list, ok := v.([]any); ok && typ == "binary" && a.Elem != "" && a.Type == typ {
		return w.packed(a, number, list)
	}
	b, err := readBytes(a.Hint, v)
	w.e.Bytes(number, b)
	return err
}

// text writes a string. One whose length is fixed is filled up to it with NUL bytes,
// any other ends in one.
func (w *writer) text(a *ir.Attr, number uint16, v any) error {
	var s string
	switch v := v.(type) {
	case string:
		s = v
	case json.Number:
		s = v.String()
	default:
		return wrongf("got %s, want a string", sortOf(v))
	}
	if a.Checks != nil && a.Checks.ExactLen != nil {
		w.e.PaddedText(number, s, *a.Checks.ExactLen)
	} else {
		w.e.String(number, s)
	}
	return nil
}

// packed writes an array without headers.
func (w *writer) packed(a *ir.Attr, number uint16, list []any) error {
	n, ok := integerOf(a.Elem, a)
	if !ok {
		return wrongf("got an array, want hex digits")
	}
	var b []byte
	for i, v := range list {
		x, err := n.read(v)
		if err != nil {
			return within(step(i), err)
		}
		b = append(b, n.bytes(x)...)
	}
	w.e.Bytes(number, b)
	return nil
}

// bitfield writes a struct nla_bitfield32. A selector that is missing has the
// bits of the value.
func (w *writer) bitfield(a *ir.Attr, number uint16, v any) error {
	o, ok := v.(*Object)
	if !ok {
		return wrongf("got %s, want an object of value and selector", sortOf(v))
	}
	n := integer{width: 4, enum: a.Enum, flags: a.Enum != nil}
	var f nlattr.Bitfield32
	chosen := false
	for i, key := range o.Keys {
		bits, err := n.read(o.Values[i])
		switch {
		case err != nil:
			return within(key, err)
		case key == "value":
			f.Value = uint32(bits)
		case key == "selector":
			f.Selector, chosen = uint32(bits), true
		default:
			return within(key, wrong(ErrUnknown))
		}
	}
	if !chosen {
		f.Selector = f.Value
	}
	w.e.Bitfield32(number, f)
	return nil
}

// array writes an indexed array.
func (w *writer) array(s *jsonScope, a *ir.Attr, v any) error {
	list, ok := v.([]any)
	if !ok {
		return wrongf("got %s, want an array", sortOf(v))
	}
	if len(list) > nlattr.TypeMask+1 {
		return wrong(nlattr.ErrTooLong)
	}
	nest := w.e.Begin(a.Number)
	for i, entry := range list {
		index := uint16(i)
		var err error
		inner := w.c.set(a.Nested)
		if content, number, ok := indexed(inner, entry); ok {
			entry, index = content, number
		}
		if a.Elem == "nest" {
			err = w.nest(index, inner, entry, s)
		} else {
			err = w.leaf(a, a.Elem, index, entry)
		}
		if err == nil {
			err = w.check()
		}
		if err != nil {
			return within(step(i), err)
		}
	}
	w.e.End(nest)
	return nil
}

// indexed returns the index and the content of an entry that is written with its
// index, {"<index>": {...}}.
func indexed(s *set, v any) (content any, index uint16, ok bool) {
	o, ok := v.(*Object)
	if !ok || len(o.Keys) != 1 || s.named[o.Keys[0]] != nil {
		return nil, 0, false
	}
	if _, ok := o.Values[0].(*Object); !ok {
		return nil, 0, false
	}
	n, err := strconv.ParseUint(o.Keys[0], 10, 14)
	return o.Values[0], uint16(n), err == nil
}

// subMessage writes a sub-message in the format that its selector chooses. Hex
// digits are taken as they are.
func (w *writer) subMessage(s *jsonScope, a *ir.Attr, v any) error {
	if _, raw := v.(string); raw {
		b, err := readBytes(ir.NoHint, v)
		w.e.Bytes(a.Number, b)
		return err
	}
	f := s.format(a)
	if f == nil {
		return wrongf("%w: %q", ErrSelector, a.Selector.Name)
	}
	typ := a.Number
	if f.Set != nil {
		typ |= nlattr.Nested
	}
	nest := w.e.BeginRaw(typ)
	if err := w.content(f.Header, nil, w.c.set(f.Set), v, s); err != nil {
		return err
	}
	w.e.End(nest) // NB: it pads, too.
	w.ragged = false
	return nil
}

// format returns the format of a sub-message, or nil if its selector is absent
// or has a value that the spec does not list. The selector is looked for outward:
// the first set that defines it decides, whether it is there or not.
func (s *jsonScope) format(a *ir.Attr) *ir.Format {
	for ; s != nil; s = s.up {
		selector := s.set.named[a.Selector.Name]
		if selector == nil {
			continue
		}
		v, _ := s.object.Get(selector.Name)
		n, number := integerOf(selector.Type, selector)
		if list, ok := v.([]any); ok && len(list) > 0 && !n.flags {
			v = list[len(list)-1]
		}
		if !number {
			text, _ := v.(string)
			return find(a.Sub, text)
		}
		x, err := n.read(v)
		if err != nil {
			return nil
		}
		return find(a.Sub, n.selects(x))
	}
	return nil
}

// selects returns the text by which a number chooses a format.
func (n integer) selects(v uint64) string {
	if n.enum != nil && !n.flags {
		if name, ok := nameOf(n.enum, v); ok {
			return name
		}
	}
	return n.digits(v)
}

// find returns the format with the given value of the selector, or nil.
func find(s *ir.SubMessage, value string) *ir.Format {
	i := slices.IndexFunc(s.Formats, func(f *ir.Format) bool { return f.Value == value })
	if i < 0 {
		return nil
	}
	return s.Formats[i]
}

// headed writes a struct with attributes behind it. Hex digits are taken as they
// are.
func (w *writer) headed(s *jsonScope, a *ir.Attr, v any) error {
	if _, ok := v.(*Object); !ok {
		b, err := readBytes(ir.NoHint, v)
		w.e.Bytes(a.Number, b)
		return err
	}
	nest := w.e.BeginRaw(a.Number)
	if err := w.content(a.Struct, nil, w.c.set(a.Nested), v, s); err != nil {
		return err
	}
	w.pad()
	w.e.EndFixed(nest, a.Struct.Size)
	return nil
}

// records writes structs with their lengths, each followed by attributes.
func (w *writer) records(s *jsonScope, a *ir.Attr, v any) error {
	list, ok := v.([]any)
	if !ok {
		b, err := readBytes(ir.NoHint, v)
		w.e.Bytes(a.Number, b)
		return err
	}
	nest := w.e.BeginRaw(a.Number)
	for i, entry := range list {
		start := w.e.Len()
		err := w.content(a.Struct, a.Record.Length, w.c.set(a.Nested), entry, s)
		if err == nil {
			w.e.EndRecord(start, a.Record.Length.Offset)
			err = w.check()
		}
		if err != nil {
			return within(step(i), err)
		}
	}
	w.e.End(nest)
	return nil
}

// unknownName is the key of an attribute that is known by its number only.
func unknownName(number uint16) string { return "UnknownAttr(" + strconv.Itoa(int(number)) + ")" }

// unknownNumber returns the number in such a key.
func unknownNumber(key string) (uint16, bool) {
	digits, ok := strings.CutPrefix(key, "UnknownAttr(")
	if !ok {
		return 0, false
	}
	digits, ok = strings.CutSuffix(digits, ")")
	n, err := strconv.ParseUint(digits, 10, 14)
	return uint16(n), ok && err == nil
}

// unknown writes an attribute that is known by its number only.
func (w *writer) unknown(number uint16, v any) error {
	switch v := v.(type) {
	case *Object:
		w.pad()
		if err := w.nest(number, none, v, nil); err != nil {
			return err
		}
	case []any:
		for i, x := range v {
			if _, list := x.([]any); list {
				return within(step(i), wrongf("got an array, want hex digits or an object"))
			}
			if err := w.unknown(number, x); err != nil {
				return within(step(i), err)
			}
		}
	default:
		w.pad()
		b, err := readBytes(ir.NoHint, v)
		if err != nil {
			return err
		}
		w.e.Bytes(number, b)
	}
	return w.check()
}
