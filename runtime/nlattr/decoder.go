package nlattr

import (
	"bytes"
	"encoding/binary"
	"net/netip"
)

// A Decoder reads a list of attributes one after the other. It keeps the first
// error; after it [Decoder.Next] returns false and the accessors return zero
// values.
//
//	for d.Next() {
//		switch d.Type() {
//		case AttrFouPort:
//			x.Port = nlattr.Some(d.Uint16BE())
//		}
//	}
//
// Values are copied out of the input unless the decoder borrows (see [Arena]).
// A Decoder is not safe for concurrent use.
type Decoder struct {
	b     []byte // the input up to the end of the nest that is open
	val   []byte // payload of the current attribute
	next  int    // offset in b of what stands behind it; see Rest
	head  uint32 // header of the current attribute, in host byte order
	depth uint8
	ended bool // Next found no attribute; see stuck
	err   *Error
	arena *Arena
}

// A Frame is where a decoder goes on when it leaves a nest.
//
// NB: It has four words, so that it travels in registers. Longer ones are written
// to the stack word by word and read two words at a time, which the processor has
// to wait for.
type Frame struct {
	start, next, end int
	attr             attrWord
}

// An attrWord holds the length and the type of an attribute, and whether it was
// entered after an error, which is not to blame on it.
type attrWord uint64

const (
	lateBit  = 16 // the type stands below it
	lenStart = 32
)

func (w attrWord) raw() uint16 { return uint16(w) }
func (w attrWord) len() int    { return int(w >> lenStart) }
func (w attrWord) late() bool  { return w>>lateBit&1 != 0 }

// frame is the current attribute and what stands behind it.
func (d *Decoder) frame() Frame {
	w := attrWord(len(d.val))<<lenStart | attrWord(d.RawType())
	if d.err != nil {
		w |= 1 << lateBit
	}
	return Frame{d.start(), d.next, len(d.b), w}
}

// at makes the attribute of a frame the current one.
func (d *Decoder) at(f Frame) {
	d.val, d.head = d.b[f.start:f.start+f.attr.len()], uint32(f.attr.raw())<<typeShift
}

// NewDecoder returns a decoder of the attributes in b.
func NewDecoder(b []byte) Decoder { return Decoder{b: b} }

// Reset makes the decoder read the attributes in b and take memory from arena,
// which may be nil.
func (d *Decoder) Reset(b []byte, arena *Arena) {
	d.b, d.val, d.next, d.head, d.depth, d.ended, d.err, d.arena = b, nil, 0, 0, 0, false, nil, arena
}

// Err returns the first error, a *[Error], or nil.
func (d *Decoder) Err() error {
	if d.stuck() {
		d.settle()
	}
	if d.err == nil {
		return nil
	}
	return d.err
}

// Header takes the first n bytes, a fixed header that stands before the
// attributes, and the padding behind it. It is an error if there are fewer
// bytes; then zero bytes are returned.
func (d *Decoder) Header(n int) []byte {
	b := d.Rest()
	if len(b) < n {
		d.broken(ErrTruncated)
		return make([]byte, n)
	}
	d.next += min(Align(n), len(b))
	return b[:n]
}

// Next steps to the next attribute of the nest that is open and reports whether
// there is one.
//
// NB: It is just short enough to be inlined, which a test holds, and so leaves
// what is to be said about bytes that are no attribute to settle. Attributes
// start at multiples of four. The next one is found by adding up integers: the
// start of a slice of the rest would be known some cycles later, and each step
// waits for the one before.
func (d *Decoder) Next() bool {
	b, i := d.b, d.next
	j := i + HeaderLen
	if j <= len(b) {
		h := native.Uint32(b[i:j:j])
		if n := i + int(uint16(h>>lenShift)); n >= j && n <= len(b) {
			d.head, d.val, d.next = h, b[j:n], (n+3)&^3
			return true
		}
	}
	d.ended = true
	return false
}

// Errors are recorded out of line, so that what reads a value is short enough to
// be inlined.

// stuck reports whether Next ended before bytes that are no attribute.
func (d *Decoder) stuck() bool { return d.ended && d.next < len(d.b) }

// settle records why Next could not go on.
//
//go:noinline
func (d *Decoder) settle() {
	if len(d.b)-d.next < HeaderLen {
		d.broken(ErrTrailing)
	} else {
		d.broken(ErrTruncated)
	}
}

// broken records an error about the bytes that Next would read.
//
//go:noinline
func (d *Decoder) broken(err error) {
	if d.err == nil {
		d.err = &Error{Offset: min(d.next, len(d.b)), Err: err}
	}
	d.next = len(d.b)
}

// Fail records an error about the current attribute. It does nothing but end
// the loop if an error is recorded already.
//
//go:noinline
func (d *Decoder) Fail(err error) {
	if d.err == nil {
		d.err = &Error{Path: []uint16{d.Type()}, Offset: d.Offset(), Err: err}
	}
	d.next = len(d.b)
}

// Type returns the number of the current attribute, flags masked off.
func (d *Decoder) Type() uint16 { return uint16(d.head>>typeShift) & TypeMask }

// RawType returns the type of the current attribute with its flags.
func (d *Decoder) RawType() uint16 { return uint16(d.head >> typeShift) }

// Payload returns the payload of the current attribute. It is part of the
// input: copy what is kept.
func (d *Decoder) Payload() []byte { return d.val }

// Offset returns how many bytes of input stand before the header of the current
// attribute.
func (d *Decoder) Offset() int { return d.start() - HeaderLen }

// start returns how many bytes of input stand before the payload of the current
// attribute.
func (d *Decoder) start() int { return cap(d.b) - cap(d.val) }

// Count returns how many attributes with the number of the current one are left
// in this nest, the current one included.
func (d *Decoder) Count() int {
	n, want := 1, d.Type()
	for b := d.Rest(); len(b) >= HeaderLen; {
		l := int(native.Uint16(b))
		if l < HeaderLen || l > len(b) {
			break
		}
		if native.Uint16(b[2:])&TypeMask == want {
			n++
		}
		b = b[min(Align(l), len(b)):]
	}
	return n
}

// Members returns how many attributes the payload of the current attribute
// holds.
func (d *Decoder) Members() int {
	n := 0
	for b := d.val; len(b) >= HeaderLen; n++ {
		l := int(native.Uint16(b))
		if l < HeaderLen || l > len(b) {
			break
		}
		b = b[min(Align(l), len(b)):]
	}
	return n
}

// Enter goes into the current attribute: [Decoder.Next] then reads the
// attributes of its payload, until [Decoder.Leave].
func (d *Decoder) Enter() Frame {
	f := d.frame()
	d.next, d.ended = f.start, false
	d.b = d.b[:d.next+len(d.val)]
	d.depth++
	if d.err != nil || d.depth > MaxDepth {
		d.refuse()
	}
	return f
}

// refuse lets nothing be read of the nest that was entered.
//
//go:noinline
func (d *Decoder) refuse() {
	if d.err == nil {
		d.err = &Error{Offset: d.Offset(), Err: ErrTooDeep} // Leave tells the path
	}
	d.next = len(d.b)
}

// Leave goes back to the attribute after the one that was entered.
func (d *Decoder) Leave(f Frame) {
	if d.stuck() {
		d.settle()
	}
	d.back(f)
	if d.err != nil {
		d.blame(f.attr.late())
	}
}

// back makes the attribute that was entered the current one again.
func (d *Decoder) back(f Frame) {
	d.depth--
	d.b, d.next, d.ended = d.b[:f.end], f.next, false
	d.at(f)
}

// Close is [Decoder.Leave] for a nest that may turn out not to be what its
// attribute's type says. It reports whether the nest could be read. If not, the
// error is forgotten and the nest is kept as a whole at the end of unknown, unless
// that is nil: one odd attribute spoils no message.
func (d *Decoder) Close(f Frame, unknown *[]Attr) bool {
	ok := d.err == nil && !d.stuck()
	d.back(f)
	if ok {
		return true
	}
	d.forget(f.attr.late())
	if unknown != nil {
		d.Keep(unknown)
	}
	return false
}

// forget forgets the error about the nest that is being left, if it is about that.
//
//go:noinline
func (d *Decoder) forget(late bool) {
	if late {
		d.next = len(d.b)
	} else {
		d.err = nil
	}
}

// blame puts the number of the nest that is being left in front of the path of
// the error, unless that is older than the nest: so the path is known without
// keeping it on the way in.
//
//go:noinline
func (d *Decoder) blame(late bool) {
	d.next = len(d.b)
	if !late {
		d.err.Path = append([]uint16{d.Type()}, d.err.Path...)
	}
}

// Skip leaves the current attribute for later: [Decoder.Resume] comes back to
// it. Sub-messages whose selector has not been read yet need it.
func (d *Decoder) Skip() Frame { return d.frame() }

// Skipped reports whether the frame is of [Decoder.Skip], and not the zero one.
func (f Frame) Skipped() bool { return f.next > 0 }

// Resume makes the attribute that was skipped the current one again and returns
// the place to hand to [Decoder.Return] afterwards.
func (d *Decoder) Resume(f Frame) Frame {
	now := d.frame()
	d.at(f)
	return now
}

// Return undoes [Decoder.Resume].
func (d *Decoder) Return(f Frame) {
	d.at(f)
	if d.err == nil {
		d.next = f.next
	}
}

// wrong records that the payload has the wrong length.
//
//go:noinline
func (d *Decoder) wrong() { d.Fail(ErrLength) }

// Uint8 returns a u8.
func (d *Decoder) Uint8() uint8 {
	if len(d.val) != 1 {
		d.wrong()
		return 0
	}
	return d.val[0]
}

// Uint16 returns a u16 in host byte order.
func (d *Decoder) Uint16() uint16 {
	if len(d.val) != 2 {
		d.wrong()
		return 0
	}
	return native.Uint16(d.val)
}

// Uint16BE returns a u16 in big-endian byte order.
func (d *Decoder) Uint16BE() uint16 {
	if len(d.val) != 2 {
		d.wrong()
		return 0
	}
	return binary.BigEndian.Uint16(d.val)
}

// Uint16LE returns a u16 in little-endian byte order.
func (d *Decoder) Uint16LE() uint16 {
	if len(d.val) != 2 {
		d.wrong()
		return 0
	}
	return binary.LittleEndian.Uint16(d.val)
}

// Uint32 returns a u32 in host byte order.
func (d *Decoder) Uint32() uint32 {
	if len(d.val) != 4 {
		d.wrong()
		return 0
	}
	return native.Uint32(d.val)
}

// Uint32BE returns a u32 in big-endian byte order.
func (d *Decoder) Uint32BE() uint32 {
	if len(d.val) != 4 {
		d.wrong()
		return 0
	}
	return binary.BigEndian.Uint32(d.val)
}

// Uint32LE returns a u32 in little-endian byte order.
func (d *Decoder) Uint32LE() uint32 {
	if len(d.val) != 4 {
		d.wrong()
		return 0
	}
	return binary.LittleEndian.Uint32(d.val)
}

// Uint64 returns a u64 in host byte order.
func (d *Decoder) Uint64() uint64 {
	if len(d.val) != 8 {
		d.wrong()
		return 0
	}
	return native.Uint64(d.val)
}

// Uint64BE returns a u64 in big-endian byte order.
func (d *Decoder) Uint64BE() uint64 {
	if len(d.val) != 8 {
		d.wrong()
		return 0
	}
	return binary.BigEndian.Uint64(d.val)
}

// Uint64LE returns a u64 in little-endian byte order.
func (d *Decoder) Uint64LE() uint64 {
	if len(d.val) != 8 {
		d.wrong()
		return 0
	}
	return binary.LittleEndian.Uint64(d.val)
}

// Int8 returns an s8.
func (d *Decoder) Int8() int8 { return int8(d.Uint8()) }

// Int16 returns an s16 in host byte order.
func (d *Decoder) Int16() int16 { return int16(d.Uint16()) }

// Int16BE returns an s16 in big-endian byte order.
func (d *Decoder) Int16BE() int16 { return int16(d.Uint16BE()) }

// Int16LE returns an s16 in little-endian byte order.
func (d *Decoder) Int16LE() int16 { return int16(d.Uint16LE()) }

// Int32 returns an s32 in host byte order.
func (d *Decoder) Int32() int32 { return int32(d.Uint32()) }

// Int32BE returns an s32 in big-endian byte order.
func (d *Decoder) Int32BE() int32 { return int32(d.Uint32BE()) }

// Int32LE returns an s32 in little-endian byte order.
func (d *Decoder) Int32LE() int32 { return int32(d.Uint32LE()) }

// Int64 returns an s64 in host byte order.
func (d *Decoder) Int64() int64 { return int64(d.Uint64()) }

// Int64BE returns an s64 in big-endian byte order.
func (d *Decoder) Int64BE() int64 { return int64(d.Uint64BE()) }

// Int64LE returns an s64 in little-endian byte order.
func (d *Decoder) Int64LE() int64 { return int64(d.Uint64LE()) }

// Uint returns a uint (NLA_UINT): four or eight bytes in host byte order.
func (d *Decoder) Uint() uint64 {
	if len(d.val) == 4 {
		return uint64(native.Uint32(d.val))
	}
	return d.Uint64()
}

// UintBE is [Decoder.Uint] in big-endian byte order.
func (d *Decoder) UintBE() uint64 {
	if len(d.val) == 4 {
		return uint64(binary.BigEndian.Uint32(d.val))
	}
	return d.Uint64BE()
}

// UintLE is [Decoder.Uint] in little-endian byte order.
func (d *Decoder) UintLE() uint64 {
	if len(d.val) == 4 {
		return uint64(binary.LittleEndian.Uint32(d.val))
	}
	return d.Uint64LE()
}

// Int returns an sint (NLA_SINT): four or eight bytes in host byte order.
func (d *Decoder) Int() int64 {
	if len(d.val) == 4 {
		return int64(int32(native.Uint32(d.val)))
	}
	return d.Int64()
}

// IntBE is [Decoder.Int] in big-endian byte order.
func (d *Decoder) IntBE() int64 {
	if len(d.val) == 4 {
		return int64(int32(binary.BigEndian.Uint32(d.val)))
	}
	return d.Int64BE()
}

// IntLE is [Decoder.Int] in little-endian byte order.
func (d *Decoder) IntLE() int64 {
	if len(d.val) == 4 {
		return int64(int32(binary.LittleEndian.Uint32(d.val)))
	}
	return d.Int64LE()
}

// Bitfield32 returns a struct nla_bitfield32.
func (d *Decoder) Bitfield32() Bitfield32 {
	if len(d.val) != 8 {
		d.wrong()
		return Bitfield32{}
	}
	return Bitfield32{Value: native.Uint32(d.val), Selector: native.Uint32(d.val[4:])}
}

// Bytes returns the payload, never nil. It is a copy unless the decoder
// borrows.
func (d *Decoder) Bytes() []byte {
	if d.arena != nil && d.arena.borrow {
		return d.val[:len(d.val):len(d.val)]
	}
	return d.arena.copy(d.val)
}

// String returns the payload up to its first NUL byte, or all of it if there is
// none. The string is the caller's for ever.
func (d *Decoder) String() string {
	b := d.val
	if i := bytes.IndexByte(b, 0); i >= 0 {
		b = b[:i]
	}
	return d.arena.string(b)
}

// Addr returns an IP address of 4 or 16 bytes in network byte order. It reports
// false for any other length.
func (d *Decoder) Addr() (netip.Addr, bool) {
	if len(d.val) == 4 {
		return netip.AddrFrom4([4]byte(d.val)), true
	}
	return d.addr16()
}

func (d *Decoder) addr16() (netip.Addr, bool) {
	if len(d.val) != 16 {
		return netip.Addr{}, false
	}
	return netip.AddrFrom16([16]byte(d.val)), true
}

// Keep appends the current attribute to *list as it is.
func (d *Decoder) Keep(list *[]Attr) { *list = d.Unknown(*list) }

// Unknown appends the current attribute to list as it is.
func (d *Decoder) Unknown(list []Attr) []Attr {
	if len(list) == cap(list) {
		list = append(MakeSlice[Attr](d, max(2, 2*len(list))), list...)
	}
	return append(list, Attr{Type: d.RawType(), Data: d.Bytes()})
}
