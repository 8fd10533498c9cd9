package dynamic

import (
	"github.com/nlgen/nlgen/gen/ir"
	"github.com/nlgen/nlgen/runtime/nlattr"
)

// structure returns the bytes of a struct and of the array that it may end in.
func (w *writer) structure(s *ir.Struct, o *Object) ([]byte, error) {
	b := make([]byte, s.Size)
	if err := w.members(b, s, o); err != nil {
		return nil, err
	}
	return w.elements(b, s, o)
}

// members stores the members of an object in the bytes of a struct.
func (w *writer) members(b []byte, s *ir.Struct, o *Object) error {
	for i, key := range o.Keys {
		if isArray(s, key) {
			continue
		}
		m := member(s, key)
		if m == nil {
			return within(key, wrongf("%w, struct %q has no such member", ErrUnknown, s.Name))
		}
		if err := w.member(b, m, o.Values[i]); err != nil {
			return within(key, err)
		}
	}
	return nil
}

// member stores one member of a struct. Null is zero.
func (w *writer) member(b []byte, m *ir.Member, v any) error {
	b = b[m.Offset : m.Offset+m.Size]
	clear(b) // A key that comes twice counts the second time.
	if v == nil {
		return nil
	}
	if o, ok := v.(*Object); ok && m.Struct != nil {
		return w.members(b, m.Struct, o)
	}
	if n, ok := integerMember(m); ok {
		x, err := n.read(v)
		copy(b, n.bytes(x))
		return err
	}
	var content []byte
	if m.Type == "string" {
		s, ok := v.(string)
		if !ok {
			return wrongf("got %s, want a string", sortOf(v))
		}
		content = []byte(s)
	} else {
		var err error
		if content, err = readBytes(m.Hint, v); err != nil {
			return err
		}
	}
	if len(content) > m.Size {
		return wrongf("%w: %d bytes of %d", nlattr.ErrLength, len(content), m.Size)
	}
	copy(b, content)
	return nil
}

// showStruct adds the members of a struct, but for skip, to an object. If b is
// too short, the members that are missing are zero; bytes behind the struct are
// ignored.
func showStruct(o *Object, s *ir.Struct, skip *ir.Member, b []byte) {
	if s.Array != nil {
		defer func(rest []byte) { o.Add(s.Array.Name, showElements(s.Array, rest)) }(b[min(s.Size, len(b)):])
	}
	if len(b) < s.Size {
		b = append(b[:len(b):len(b)], make([]byte, s.Size-len(b))...)
	}
	for _, m := range s.Members {
		if m.Type == "pad" || m == skip {
			continue
		}
		o.Add(m.Name, showMember(m, b[m.Offset:m.Offset+m.Size]))
	}
}

// showMember returns one member of a struct as JSON has it.
func showMember(m *ir.Member, b []byte) any {
	if m.Struct != nil {
		o := new(Object)
		showStruct(o, m.Struct, nil, b)
		return o
	}
	if n, ok := integerMember(m); ok {
		v, _ := n.load(b)
		return n.show(v)
	}
	if m.Type == "string" {
		return untilNul(b)
	}
	return showBytes(m.Hint, b)
}
