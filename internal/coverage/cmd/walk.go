package main

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strconv"

	"github.com/nlgen/nlgen/gen/ir"
	"github.com/nlgen/nlgen/runtime/nlattr"
)

// A walk goes through a message and notes what it shows. What does not fit the spec is unknown.
type walk struct {
	*family
	sent bool
}

// A scope is a list of attributes and the lists around it: where the selector of a sub-message is looked for.
type scope struct {
	set  *ir.Set
	last map[uint16][]byte // payloads by number
	up   *scope
}

// content walks through a fixed header and the attributes behind it. Either may be nil.
func (w walk) content(header *ir.Struct, set *ir.Set, b []byte, up *scope) {
	if header != nil {
		if len(b) < header.Size {
			w.note(header.Name + ": " + strconv.Itoa(len(b)) + " bytes")
			return
		}
		w.members(header, b)
		if header.Array != nil {
			return // It ends where the content does.
		}
		b = b[min(nlattr.Align(header.Size), len(b)):]
	}
	if set == nil {
		return
	}
	in := &scope{set, map[uint16][]byte{}, up}
	type item struct {
		number  uint16
		payload []byte
	}
	var items []item
	d := nlattr.NewDecoder(b)
	for d.Next() {
		items = append(items, item{d.Type(), d.Payload()})
		in.last[d.Type()] = d.Payload()
	}
	for _, it := range items {
		i := slices.IndexFunc(set.Attrs, func(a *ir.Attr) bool { return a.Number == it.number })
		if i < 0 {
			w.note(set.Name + "/" + strconv.Itoa(int(it.number)))
			continue
		}
		w.see(root(set.Attrs[i]), w.sent)
		w.value(set.Attrs[i], it.payload, in)
	}
}

// root returns the attribute that one of a subset stands for.
func root(a *ir.Attr) *ir.Attr {
	for a.Set.Parent != nil {
		up := a.Set.Parent.Attr(a.Name)
		if up == nil {
			break
		}
		a = up
	}
	return a
}

// value walks through the payload of an attribute.
func (w walk) value(a *ir.Attr, p []byte, in *scope) {
	switch a.Type {
	case "nest":
		w.content(nil, a.Nested, p, in)
	case "headed":
		w.content(a.Struct, a.Nested, p, in)
	case "indexed-array":
		for d := nlattr.NewDecoder(p); d.Next(); {
			if a.Elem == "nest" {
				w.content(nil, a.Nested, d.Payload(), in)
			} else {
				w.leaf(a, a.Elem, d.Payload())
			}
		}
	case "nest-type-value":
		w.levels(a, len(a.Levels), p, in)
	case "sub-message":
		f := in.format(a)
		if f == nil {
			w.note(a.Set.Name + "/" + a.Name + ": no such format")
			return
		}
		w.see(f, w.sent)
		w.content(f.Header, f.Set, p, in)
	case "record":
		for len(p) >= a.Struct.Size {
			size := int(binary.NativeEndian.Uint16(p[a.Record.Length.Offset:]))
			if size < a.Struct.Size || size > len(p) {
				return
			}
			w.content(a.Struct, a.Nested, p[:size], in)
			p = p[min(nlattr.Align(size), len(p)):]
		}
	default:
		w.leaf(a, a.Type, p)
	}
}

// levels walks through the nests of a nest-type-value, whose numbers are values.
func (w walk) levels(a *ir.Attr, depth int, p []byte, in *scope) {
	if depth == 0 {
		w.content(nil, a.Nested, p, in)
		return
	}
	for d := nlattr.NewDecoder(p); d.Next(); {
		w.levels(a, depth-1, d.Payload(), in)
	}
}

// leaf walks through a payload without attributes.
func (w walk) leaf(a *ir.Attr, typ string, p []byte) {
	switch {
	case a.Struct != nil:
		w.members(a.Struct, p)
	case a.Enum == nil:
	case typ == "bitfield32" && len(p) == 8:
		w.number(a.Enum, true, p[:4], a.Order)
		w.number(a.Enum, true, p[4:], a.Order)
	case typ == "binary":
		for size := width(a.Elem); size > 0 && len(p) >= size; p = p[size:] {
			w.number(a.Enum, a.EnumFlags, p[:size], a.Order)
		}
	default:
		w.number(a.Enum, a.EnumFlags, p, a.Order)
	}
}

// members walks through a struct. A member that is zero shows nothing but the zero of its enum.
func (w walk) members(s *ir.Struct, b []byte) {
	for _, m := range s.Members {
		w.member(m, b[min(m.Offset, len(b)):])
	}
	if s.Array == nil {
		return
	}
	for at := s.Array.Offset; s.Array.Size > 0 && at+s.Array.Size <= len(b); at += s.Array.Size {
		w.member(s.Array.Member, b[at:])
	}
}

func (w walk) member(m *ir.Member, b []byte) {
	if len(b) < m.Size || m.Type == "pad" {
		return
	}
	b = b[:m.Size]
	if bytes.Trim(b, "\x00") != nil {
		w.see(m, w.sent)
	}
	if m.Struct != nil {
		w.members(m.Struct, b)
	}
	if m.Enum != nil {
		w.number(m.Enum, m.EnumFlags, b, m.Order)
	}
}

// number notes the entries of an enum that a number of some bytes is, or has the bits of.
func (w walk) number(e *ir.Enum, flags bool, b []byte, order ir.Order) {
	v, ok := load(b, order)
	if !ok {
		return
	}
	for _, x := range e.Entries {
		value := x.Value
		if n := len(b); n < 8 {
			value &= 1<<(8*n) - 1 // A negative one has all bits of 64.
		}
		if v == value || (flags || e.Flags) && value != 0 && v&value == value {
			w.see(x, w.sent)
		}
	}
}

// format returns the format of a sub-message, or nil.
func (s *scope) format(a *ir.Attr) *ir.Format {
	for ; s != nil; s = s.up {
		selector := s.set.Attr(a.Selector.Name)
		if selector == nil {
			continue
		}
		value := text(selector, s.last[selector.Number])
		for _, f := range a.Sub.Formats {
			if f.Value == value {
				return f
			}
		}
		return nil
	}
	return nil
}
