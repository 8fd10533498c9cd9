package nlattr

import (
	"encoding/binary"
	"math"
	"net/netip"
	"strings"
)

// An Encoder appends attributes to a buffer. It keeps the first error and
// ignores every later call; [Encoder.Finish] returns it. Nothing is allocated
// but the growth of the buffer.
//
// The zero Encoder appends to an empty buffer. An Encoder must not be copied
// while a nest is open, and is not safe for concurrent use.
type Encoder struct {
	b     []byte
	base  int // where the first byte written by this encoder stands in b
	err   *Error
	depth int
	path  [MaxDepth]uint16 // numbers of the open nests
}

// A Nest is an attribute whose payload is being written: where it starts.
type Nest int

// NewEncoder returns an encoder that appends to b.
func NewEncoder(b []byte) Encoder { return Encoder{b: b, base: len(b)} }

// Reset makes the encoder append to b, without error and open nests.
func (e *Encoder) Reset(b []byte) {
	e.b, e.base, e.err, e.depth = b, len(b), nil, 0
}

// Len returns the number of bytes written so far.
func (e *Encoder) Len() int { return len(e.b) - e.base }

// Err returns the first error, a *[Error], or nil.
func (e *Encoder) Err() error {
	if e.err == nil {
		return nil
	}
	return e.err
}

// Written returns what was written so far, also after an error. Nests that are
// still open have the length of an empty one. It is part of the buffer.
func (e *Encoder) Written() []byte { return e.b[e.base:] }

// Finish returns the buffer with everything that was appended, or the first
// error. With an error the buffer comes back as it was given.
func (e *Encoder) Finish() ([]byte, error) {
	if e.err != nil {
		return e.b[:e.base], e.err
	}
	return e.b, nil
}

// Fail records an error about the attribute typ in the nest that is open. It
// does nothing if an error is recorded already.
func (e *Encoder) Fail(typ uint16, err error) {
	if e.err != nil {
		return
	}
	n := min(e.depth, MaxDepth)
	path := make([]uint16, 0, n+1)
	path = append(path, e.path[:n]...)
	e.err = &Error{Path: append(path, typ&TypeMask), Offset: e.Len(), Err: err}
}

// zeros is what [Encoder.Extend] appends from.
var zeros [256]byte

// Extend appends n zero bytes and returns them to be filled in. It is how C
// structs are written. The slice is valid until the next call.
func (e *Encoder) Extend(n int) []byte {
	start := len(e.b)
	for n > len(zeros) {
		e.b = append(e.b, zeros[:]...)
		n -= len(zeros)
	}
	e.b = append(e.b, zeros[:n]...)
	return e.b[start:]
}

// Pad appends zero bytes up to a multiple of four. It stands after a fixed
// header.
func (e *Encoder) Pad() {
	if n := e.Len() & 3; n != 0 {
		e.b = append(e.b, zeros[:4-n]...)
	}
}

// Append appends bytes as they are, without a header.
func (e *Encoder) Append(b []byte) { e.b = append(e.b, b...) }

// header appends the header of an attribute with n bytes of payload and reports
// whether there is room for it.
func (e *Encoder) header(typ uint16, n int) bool {
	if e.err != nil {
		return false
	}
	if n > MaxLen-HeaderLen {
		e.Fail(typ, ErrTooLong)
		return false
	}
	l := uint16(n + HeaderLen)
	b := e.b
	b = append(b, 0, 0, 0, 0)
	h := b[len(b)-4:]
	native.PutUint16(h, l)
	native.PutUint16(h[2:], typ)
	e.b = b
	return true
}

// Flag appends an attribute without payload (NLA_FLAG).
func (e *Encoder) Flag(typ uint16) { e.header(typ, 0) }

// Uint8 appends a u8, padded with three zero bytes.
func (e *Encoder) Uint8(typ uint16, v uint8) {
	if e.err != nil {
		return
	}
	b := append(e.b, 0, 0, 0, 0, v, 0, 0, 0)
	h := b[len(b)-8:]
	native.PutUint16(h, 5)
	native.PutUint16(h[2:], typ)
	e.b = b
}

// word appends an attribute of 8 bytes, header and padding included, of which
// the caller fills in the payload.
func (e *Encoder) word(typ, n uint16) []byte {
	b := append(e.b, 0, 0, 0, 0, 0, 0, 0, 0)
	h := b[len(b)-8:]
	native.PutUint16(h, n)
	native.PutUint16(h[2:], typ)
	e.b = b
	return h[4:8]
}

// double appends an attribute of 12 bytes of which the caller fills in the
// payload.
func (e *Encoder) double(typ uint16) []byte {
	b := append(e.b, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
	h := b[len(b)-12:]
	native.PutUint16(h, 12)
	native.PutUint16(h[2:], typ)
	e.b = b
	return h[4:12]
}

// Uint16 appends a u16 in host byte order.
func (e *Encoder) Uint16(typ, v uint16) {
	if e.err == nil {
		native.PutUint16(e.word(typ, 6), v)
	}
}

// Uint16BE appends a u16 in big-endian byte order.
func (e *Encoder) Uint16BE(typ, v uint16) {
	if e.err == nil {
		binary.BigEndian.PutUint16(e.word(typ, 6), v)
	}
}

// Uint16LE appends a u16 in little-endian byte order.
func (e *Encoder) Uint16LE(typ, v uint16) {
	if e.err == nil {
		binary.LittleEndian.PutUint16(e.word(typ, 6), v)
	}
}

// Uint32 appends a u32 in host byte order.
func (e *Encoder) Uint32(typ uint16, v uint32) {
	if e.err == nil {
		native.PutUint32(e.word(typ, 8), v)
	}
}

// Uint32BE appends a u32 in big-endian byte order.
func (e *Encoder) Uint32BE(typ uint16, v uint32) {
	if e.err == nil {
		binary.BigEndian.PutUint32(e.word(typ, 8), v)
	}
}

// Uint32LE appends a u32 in little-endian byte order.
func (e *Encoder) Uint32LE(typ uint16, v uint32) {
	if e.err == nil {
		binary.LittleEndian.PutUint32(e.word(typ, 8), v)
	}
}

// Uint64 appends a u64 in host byte order.
func (e *Encoder) Uint64(typ uint16, v uint64) {
	if e.err == nil {
		native.PutUint64(e.double(typ), v)
	}
}

// Uint64BE appends a u64 in big-endian byte order.
func (e *Encoder) Uint64BE(typ uint16, v uint64) {
	if e.err == nil {
		binary.BigEndian.PutUint64(e.double(typ), v)
	}
}

// Uint64LE appends a u64 in little-endian byte order.
func (e *Encoder) Uint64LE(typ uint16, v uint64) {
	if e.err == nil {
		binary.LittleEndian.PutUint64(e.double(typ), v)
	}
}

// Int8 appends an s8.
func (e *Encoder) Int8(typ uint16, v int8) { e.Uint8(typ, uint8(v)) }

// Int16 appends an s16 in host byte order.
func (e *Encoder) Int16(typ uint16, v int16) { e.Uint16(typ, uint16(v)) }

// Int16BE appends an s16 in big-endian byte order.
func (e *Encoder) Int16BE(typ uint16, v int16) { e.Uint16BE(typ, uint16(v)) }

// Int16LE appends an s16 in little-endian byte order.
func (e *Encoder) Int16LE(typ uint16, v int16) { e.Uint16LE(typ, uint16(v)) }

// Int32 appends an s32 in host byte order.
func (e *Encoder) Int32(typ uint16, v int32) { e.Uint32(typ, uint32(v)) }

// Int32BE appends an s32 in big-endian byte order.
func (e *Encoder) Int32BE(typ uint16, v int32) { e.Uint32BE(typ, uint32(v)) }

// Int32LE appends an s32 in little-endian byte order.
func (e *Encoder) Int32LE(typ uint16, v int32) { e.Uint32LE(typ, uint32(v)) }

// Int64 appends an s64 in host byte order.
func (e *Encoder) Int64(typ uint16, v int64) { e.Uint64(typ, uint64(v)) }

// Int64BE appends an s64 in big-endian byte order.
func (e *Encoder) Int64BE(typ uint16, v int64) { e.Uint64BE(typ, uint64(v)) }

// Int64LE appends an s64 in little-endian byte order.
func (e *Encoder) Int64LE(typ uint16, v int64) { e.Uint64LE(typ, uint64(v)) }

// Uint appends an integer of type uint (NLA_UINT) in host byte order: four
// bytes if the value is below 2^32, else eight.
func (e *Encoder) Uint(typ uint16, v uint64) {
	if v <= math.MaxUint32 {
		e.Uint32(typ, uint32(v))
	} else {
		e.Uint64(typ, v)
	}
}

// UintBE is [Encoder.Uint] in big-endian byte order.
func (e *Encoder) UintBE(typ uint16, v uint64) {
	if v <= math.MaxUint32 {
		e.Uint32BE(typ, uint32(v))
	} else {
		e.Uint64BE(typ, v)
	}
}

// UintLE is [Encoder.Uint] in little-endian byte order.
func (e *Encoder) UintLE(typ uint16, v uint64) {
	if v <= math.MaxUint32 {
		e.Uint32LE(typ, uint32(v))
	} else {
		e.Uint64LE(typ, v)
	}
}

// Int appends an integer of type sint (NLA_SINT) in host byte order: four bytes
// if the value fits an int32, else eight.
func (e *Encoder) Int(typ uint16, v int64) {
	if v == int64(int32(v)) {
		e.Int32(typ, int32(v))
	} else {
		e.Int64(typ, v)
	}
}

// IntBE is [Encoder.Int] in big-endian byte order.
func (e *Encoder) IntBE(typ uint16, v int64) {
	if v == int64(int32(v)) {
		e.Int32BE(typ, int32(v))
	} else {
		e.Int64BE(typ, v)
	}
}

// IntLE is [Encoder.Int] in little-endian byte order.
func (e *Encoder) IntLE(typ uint16, v int64) {
	if v == int64(int32(v)) {
		e.Int32LE(typ, int32(v))
	} else {
		e.Int64LE(typ, v)
	}
}

// Bitfield32 appends a struct nla_bitfield32.
func (e *Encoder) Bitfield32(typ uint16, v Bitfield32) {
	if e.err == nil {
		b := e.double(typ)
		native.PutUint32(b, v.Value)
		native.PutUint32(b[4:], v.Selector)
	}
}

// Bytes appends a binary payload.
func (e *Encoder) Bytes(typ uint16, v []byte) {
	if e.header(typ, len(v)) {
		e.b = append(e.b, v...)
		e.b = append(e.b, zeros[:-len(v)&3]...)
	}
}

// String appends a string and the NUL byte that ends it (NLA_NUL_STRING). A NUL
// inside the string is an error.
func (e *Encoder) String(typ uint16, v string) {
	if e.err == nil && strings.IndexByte(v, 0) >= 0 {
		e.Fail(typ, ErrNul)
	}
	if e.header(typ, len(v)+1) {
		e.b = append(e.b, v...)
		e.b = append(e.b, zeros[:1+-(len(v)+1)&3]...)
	}
}

// Text appends a string without a NUL byte at its end, which attributes of the
// kernel's type NLA_STRING may lack. What is inside is not looked at.
func (e *Encoder) Text(typ uint16, v string) {
	if e.header(typ, len(v)) {
		e.b = append(e.b, v...)
		e.b = append(e.b, zeros[:-len(v)&3]...)
	}
}

// Addr appends an IP address: 4 bytes for IPv4, 16 for IPv6, in network byte
// order. An IPv4-mapped IPv6 address takes 16. The zone is not written.
func (e *Encoder) Addr(typ uint16, v netip.Addr) {
	switch {
	case v.Is4():
		if e.err == nil {
			a := v.As4()
			copy(e.word(typ, 8), a[:])
		}
	case v.IsValid():
		if e.header(typ, 16) {
			a := v.As16()
			e.b = append(e.b, a[:]...)
		}
	default:
		e.Fail(typ, ErrAddress)
	}
}

// Addr4 appends an IPv4 address in network byte order; any other address is an
// error.
func (e *Encoder) Addr4(typ uint16, v netip.Addr) {
	if !v.Is4() {
		e.Fail(typ, ErrAddress)
		return
	}
	e.Addr(typ, v)
}

// Struct appends an attribute of n zero bytes and returns them to be filled in,
// which is how C structs are written. The slice is valid until the next call.
func (e *Encoder) Struct(typ uint16, n int) []byte {
	e.header(typ, n)
	return e.Extend(Align(n))[:n]
}

// Raw appends attributes as they were read, flags included.
func (e *Encoder) Raw(attrs []Attr) {
	for i := range attrs {
		e.Bytes(attrs[i].Type, attrs[i].Data)
	}
}

// Begin starts a nest with the flag [Nested]; its attributes follow, then
// [Encoder.End].
func (e *Encoder) Begin(typ uint16) Nest { return e.BeginRaw(typ | Nested) }

// BeginRaw starts an attribute whose payload is written piece by piece, such as
// a C struct. The flag [Nested] is not set.
func (e *Encoder) BeginRaw(typ uint16) Nest {
	start := Nest(len(e.b))
	if e.depth >= MaxDepth {
		e.Fail(typ, ErrTooDeep)
	} else if e.header(typ, 0) {
		e.path[e.depth] = typ & TypeMask
	}
	// Counted even after an error, so that End finds its Begin.
	e.depth++
	return start
}

// End finishes the attribute that [Encoder.Begin] or [Encoder.BeginRaw] started:
// it fills in the length and pads.
func (e *Encoder) End(n Nest) {
	e.depth--
	if e.err != nil {
		return
	}
	size := len(e.b) - int(n)
	if size > MaxLen {
		path := append([]uint16(nil), e.path[:e.depth+1]...)
		e.err = &Error{Path: path, Offset: int(n) - e.base, Err: ErrTooLong}
		return
	}
	native.PutUint16(e.b[n:], uint16(size))
	e.b = append(e.b, zeros[:-size&3]...)
}

// Close is [Encoder.End] behind the attributes that were read and had no field.
func (e *Encoder) Close(n Nest, unknown []Attr) {
	e.Raw(unknown)
	e.End(n)
}

// EndFixed is [Encoder.End] for an attribute whose payload starts with a C struct
// of n bytes, as that of a sub-message with a fixed header does. What pads the
// struct counts only if attributes follow it.
func (e *Encoder) EndFixed(nest Nest, n int) {
	e.End(nest)
	if size := HeaderLen + n; e.err == nil && len(e.b)-int(nest) == Align(size) {
		native.PutUint16(e.b[nest:], uint16(size))
	}
}

// Cancel removes the attribute that [Encoder.Begin] started, with its payload.
func (e *Encoder) Cancel(n Nest) {
	e.depth--
	if e.err == nil {
		e.b = e.b[:n]
	}
}

// Depth returns how many nests are open.
func (e *Encoder) Depth() int { return e.depth }
