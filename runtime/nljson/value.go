package nljson

import (
	"encoding/binary"
	"strconv"

	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlpolicy"
)

// value writes the payload of an attribute of the scope.
func (x *appender) value(s *nlpolicy.Scope, a *nlpolicy.Attr, p []byte, depth int) error {
	switch a.Kind {
	case nlpolicy.Nest:
		if a.Struct != nil {
			return x.headed(s, a, p, depth)
		}
		return x.nest(s, setOf(a.Nested), p, depth)
	case nlpolicy.IndexedArray:
		return x.array(s, a, p, depth)
	case nlpolicy.NestTypeValue:
		return x.levels(s, a, p, depth)
	case nlpolicy.SubMessage:
		return x.subMessage(s, a, p, depth)
	case nlpolicy.Binary:
		switch {
		case a.Record != nil:
			return x.records(s, a.Record, p, depth)
		case a.Struct != nil:
			x.object(a.Struct, p, depth)
			return nil
		case a.Elem.Integer():
			return x.packed(a, p)
		}
	}
	return x.leaf(a, a.Kind, p)
}

// nest writes the attributes of a nest as an object.
func (x *appender) nest(s *nlpolicy.Scope, set *nlpolicy.Set, p []byte, depth int) error {
	x.b = append(x.b, '{')
	err := x.content(nil, "", set, p, s, depth+1)
	x.b = append(x.b, '}')
	return err
}

// headed writes a struct and the attributes behind it as an object.
func (x *appender) headed(s *nlpolicy.Scope, a *nlpolicy.Attr, p []byte, depth int) error {
	if len(p) < a.Struct.Size {
		return x.fail(p, nlattr.ErrTruncated)
	}
	x.b = append(x.b, '{')
	err := x.content(a.Struct, "", setOf(a.Nested), p, s, depth+1)
	x.b = append(x.b, '}')
	return err
}

// leaf writes a payload without attributes and structs in it. The kind is that of the attribute or
// of its elements.
func (x *appender) leaf(a *nlpolicy.Attr, k nlpolicy.Kind, p []byte) error {
	switch {
	case k == nlpolicy.Flag:
		x.b = append(x.b, "true"...)
	case k == nlpolicy.String:
		x.b = appendText(x.b, string(untilNul(p)))
	case k.Integer():
		v, ok := nlpolicy.LoadInteger(k, a.Flags, p)
		if n := k.Width(); !ok || n != len(p) && (n != 0 || len(p) != 4 && len(p) != 8) {
			return x.fail(p, nlattr.ErrLength)
		}
		x.integer(k, a.Flags, a.Hint, a.Enum, v)
	case k == nlpolicy.Bitfield32:
		if len(p) != 8 {
			return x.fail(p, nlattr.ErrLength)
		}
		x.b = append(x.b, `{"value":`...)
		x.bits(a.Enum, uint64(binary.NativeEndian.Uint32(p)))
		x.b = append(x.b, `,"selector":`...)
		x.bits(a.Enum, uint64(binary.NativeEndian.Uint32(p[4:])))
		x.b = append(x.b, '}')
	default:
		x.b = appendBytes(x.b, a.Hint, p)
	}
	return nil
}

// integer writes an integer by name, by hint or as a number.
func (x *appender) integer(k nlpolicy.Kind, f nlpolicy.Flags, h nlpolicy.Hint, e *nlpolicy.Enum, v uint64) {
	if flagged(e, f) {
		if w := k.Width(); w != 0 && w < 8 {
			v &= 1<<(8*w) - 1
		}
		x.bits(e, v)
		return
	}
	if name, ok := e.NameOf(v); ok {
		x.b = appendText(x.b, name)
		return
	}
	if e == nil {
		switch {
		case h == nlpolicy.Hex:
			x.b = appendHexNumber(x.b, k.Signed(), v)
			return
		case (h == nlpolicy.IPv4 || h == nlpolicy.IPv4OrV6) && k == nlpolicy.U32:
			var a [4]byte
			binary.BigEndian.PutUint32(a[:], uint32(v))
			x.b = appendBytes(x.b, nlpolicy.IPv4, a[:])
			return
		}
	}
	if k.Signed() {
		x.b = strconv.AppendInt(x.b, int64(v), 10)
	} else {
		x.b = strconv.AppendUint(x.b, v, 10)
	}
}

// bits writes the bits of v as an array of names, in their order; without an
// enum it writes a number.
func (x *appender) bits(e *nlpolicy.Enum, v uint64) {
	if e == nil {
		x.b = strconv.AppendUint(x.b, v, 10)
		return
	}
	x.b = append(x.b, '[')
	for bit := uint64(1); bit != 0 && bit <= v; bit <<= 1 {
		if v&bit == 0 {
			continue
		}
		x.comma()
		if name, ok := bitName(e, bit); ok {
			x.b = appendText(x.b, name)
		} else {
			x.b = strconv.AppendUint(x.b, bit, 10)
		}
	}
	x.b = append(x.b, ']')
}

// bitName returns the name of a bit.
func bitName(e *nlpolicy.Enum, bit uint64) (string, bool) {
	for i := range e.Names {
		if mask(e, e.Names[i].Value) == bit {
			return e.Names[i].Name, true
		}
	}
	return "", false
}

// packed writes an array without headers.
func (x *appender) packed(a *nlpolicy.Attr, p []byte) error {
	w := a.Elem.Width()
	if w == 0 || len(p)%w != 0 {
		return x.fail(p, nlattr.ErrLength)
	}
	x.b = append(x.b, '[')
	for ; len(p) > 0; p = p[w:] {
		x.comma()
		v, _ := nlpolicy.LoadInteger(a.Elem, a.Flags, p[:w])
		x.integer(a.Elem, a.Flags, a.Hint, a.Enum, v)
	}
	x.b = append(x.b, ']')
	return nil
}

// array writes an indexed array.
func (x *appender) array(s *nlpolicy.Scope, a *nlpolicy.Attr, p []byte, depth int) error {
	x.b = append(x.b, '[')
	for len(p) > 0 {
		typ, payload, rest, err := cut(p)
		if err != nil {
			return x.fail(p, err)
		}
		x.comma()
		switch {
		case a.Elem == nlpolicy.Nest:
			x.numbered(typ)
			err = x.nest(s, setOf(a.Nested), payload, depth+1)
			x.b = append(x.b, '}')
		case a.Struct != nil:
			x.numbered(typ)
			x.object(a.Struct, payload, depth+1)
			x.b = append(x.b, '}')
		default:
			err = x.leaf(a, a.Elem, payload)
		}
		if err != nil {
			return err
		}
		p = rest
	}
	x.b = append(x.b, ']')
	return nil
}

// numbered begins an entry that keeps its index.
func (x *appender) numbered(typ uint16) {
	x.b = append(x.b, `{"`...)
	x.b = strconv.AppendUint(x.b, uint64(typ&nlattr.TypeMask), 10)
	x.b = append(x.b, `":`...)
}

// levels writes a nest-type-value: one object for each innermost attribute, in
// an array unless there is exactly one.
func (x *appender) levels(s *nlpolicy.Scope, a *nlpolicy.Attr, p []byte, depth int) error {
	if len(a.Levels) == 0 {
		return x.nest(s, setOf(a.Nested), p, depth)
	}
	if depth+len(a.Levels) > nlattr.MaxDepth {
		return x.fail(p, nlattr.ErrTooDeep)
	}
	start := len(x.b)
	x.b = append(x.b, '[')
	n, err := x.level(s, a, p, make([]uint16, 0, len(a.Levels)), 0, depth)
	if err != nil {
		return err
	}
	if n == 1 {
		x.b = append(x.b[:start], x.b[start+1:]...)
	} else {
		x.b = append(x.b, ']')
	}
	return nil
}

// level writes what stands behind the numbers of the outer levels and returns
// how many objects there are by now.
func (x *appender) level(s *nlpolicy.Scope, a *nlpolicy.Attr, p []byte, numbers []uint16, n, depth int) (int, error) {
	inner := len(numbers) == len(a.Levels)
	if inner || len(p) == 0 && len(numbers) > 0 {
		x.comma()
		x.b = append(x.b, '{')
		for i, number := range numbers {
			x.key(a.Levels[i])
			x.b = strconv.AppendUint(x.b, uint64(number), 10)
		}
		if err := x.content(nil, "", setOf(a.Nested), p, s, depth+len(numbers)+1); err != nil {
			return n, err
		}
		x.b = append(x.b, '}')
		return n + 1, nil
	}
	for len(p) > 0 {
		typ, payload, rest, err := cut(p)
		if err != nil {
			return n, x.fail(p, err)
		}
		if n, err = x.level(s, a, payload, append(numbers, typ&nlattr.TypeMask), n, depth); err != nil {
			return n, err
		}
		p = rest
	}
	return n, nil
}

// subMessage writes the format that the selector chooses, or hex digits.
func (x *appender) subMessage(s *nlpolicy.Scope, a *nlpolicy.Attr, p []byte, depth int) error {
	f := s.Format(a)
	switch {
	case f == nil,
		f.Header != nil && len(p) < f.Header.Size,
		f.Header == nil && f.Nested == nil && len(p) > 0:
		x.b = appendHex(x.b, p)
		return nil
	case f.Nested == nil && (f.Header == nil || f.Header.Array == nil):
		p = p[:headerLen(f.Header, len(p))]
	}
	x.b = append(x.b, '{')
	err := x.content(f.Header, "", setOf(f.Nested), p, s, depth+1)
	x.b = append(x.b, '}')
	return err
}

// records writes structs with attributes behind them as an array of objects,
// without the lengths.
func (x *appender) records(s *nlpolicy.Scope, r *nlpolicy.Record, p []byte, depth int) error {
	x.b = append(x.b, '[')
	for len(p) > 0 {
		size, ok := r.Len(p)
		if !ok {
			return x.fail(p, nlattr.ErrTruncated)
		}
		x.comma()
		x.b = append(x.b, '{')
		if err := x.content(r.Header, r.Length, setOf(r.Nested), p[:size], s, depth+1); err != nil {
			return err
		}
		x.b = append(x.b, '}')
		p = p[min(nlattr.Align(size), len(p)):]
	}
	x.b = append(x.b, ']')
	return nil
}

// object writes a C struct as an object.
func (x *appender) object(s *nlpolicy.Struct, b []byte, depth int) {
	x.b = append(x.b, '{')
	x.members(s, "", b, depth, nil)
	x.b = append(x.b, '}')
}

// members writes the members of a struct, but for skip and those that are
// replaced, into the object that is open.
func (x *appender) members(s *nlpolicy.Struct, skip string, b []byte, depth int, replaced func(m *nlpolicy.Member) bool) {
	for i := range s.Members {
		m := &s.Members[i]
		if m.Type() == nlpolicy.Pad || m.Name == skip || replaced != nil && replaced(m) {
			continue
		}
		x.key(m.Name)
		x.member(m, part(b, s.Offset(m), m.Size), depth)
	}
	if s.Array != nil {
		x.key(s.Array.Name)
		x.elements(s, b, depth)
	}
}

// member writes one member of a struct.
func (x *appender) member(m *nlpolicy.Member, p []byte, depth int) {
	switch {
	case m.Struct != nil && depth < nlattr.MaxDepth:
		x.object(m.Struct, p, depth+1)
	case m.Type() == nlpolicy.String:
		x.b = appendText(x.b, string(untilNul(p)))
	case m.Type().Integer():
		v, _ := nlpolicy.LoadInteger(m.Type(), m.Flags, p)
		x.integer(m.Type(), m.Flags, m.Hint, m.Enum, v)
	default:
		x.b = appendBytes(x.b, m.Hint, p)
	}
}

// elements writes the array that a struct ends in: bytes as one text, others as
// an array.
func (x *appender) elements(s *nlpolicy.Struct, b []byte, depth int) {
	a, b := s.Array, s.Elements(b)
	if isBytes(a) {
		x.b = appendBytes(x.b, a.Hint, b)
		return
	}
	x.b = append(x.b, '[')
	for len(b) > 0 {
		x.comma()
		x.member(&a.Member, b[:a.Size], depth)
		b = b[a.Size:]
	}
	x.b = append(x.b, ']')
}

// isBytes says that the elements of an array are bytes without a meaning of their
// own.
func isBytes(a *nlpolicy.Array) bool { return a.Kind == nlpolicy.Binary && a.Struct == nil }

// part returns n bytes of b, with zero bytes for those that are missing.
func part(b []byte, offset, n int) []byte {
	if offset >= 0 && n >= 0 && offset <= len(b) && n <= len(b)-offset {
		return b[offset : offset+n]
	}
	p := make([]byte, max(n, 0))
	if offset >= 0 && offset < len(b) {
		copy(p, b[offset:])
	}
	return p
}

// untilNul returns b up to its first NUL byte.
func untilNul(b []byte) []byte {
	for i, c := range b {
		if c == 0 {
			return b[:i]
		}
	}
	return b
}
