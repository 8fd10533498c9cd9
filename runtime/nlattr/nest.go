package nlattr

import (
	"bytes"
	"fmt"
	"net/netip"
	"strings"
)

// Indexed is an entry of an array whose attributes are numbered by the entries'
// indexes. Kernels count from 0 or from 1, leave gaps, or use the index to carry
// a number, so it is kept as it came.
type Indexed[T any] struct {
	Index uint16 // 14 bits
	V     T
}

// Entry returns the number of an attribute that is an entry of an array: its index.
// One above 14 bits is an error.
func (e *Encoder) Entry(index uint16) uint16 {
	if index > TypeMask {
		e.failOpen(fmt.Errorf("entry %d: %w", index, ErrNumber))
	}
	return index & TypeMask
}

// BeginEntry starts an entry of an array that is a nest.
func (e *Encoder) BeginEntry(index uint16) Nest { return e.Begin(e.Entry(index)) }

// EndRecord finishes a record, a C struct with the attributes that follow it. It
// started when e had written start bytes ([Encoder.Len]); the u16 at the given
// offset of the struct gets the length, and the record is padded.
func (e *Encoder) EndRecord(start, offset int) {
	if e.err != nil {
		return
	}
	b := e.b[e.base+start:]
	if len(b) > MaxLen {
		e.failOpen(ErrTooLong)
		return
	}
	native.PutUint16(b[offset:], uint16(len(b)))
	e.b = append(e.b, zeros[:-len(b)&3]...)
}

// NextRecord steps to the next record in the nest that is open and reports
// whether there is one: the u16 at the given offset holds its length, which is at
// least size. The decoder then reads the record alone, until
// [Decoder.LeaveRecord] with the same frame.
func (d *Decoder) NextRecord(f *Frame, size, offset int) bool {
	b := d.Rest()
	if len(b) == 0 {
		return false
	}
	if len(b) < size {
		d.broken(ErrTrailing)
		return false
	}
	n := int(native.Uint16(b[offset:]))
	if n < size || n > len(b) {
		d.broken(ErrTruncated)
		return false
	}
	*f = d.frame()
	f.next = d.next + min(Align(n), len(b))
	d.b, d.ended = d.b[:d.next+n], false
	return true
}

// Records returns how many records the payload of the current attribute holds.
func (d *Decoder) Records(size, offset int) int {
	n := 0
	for b := d.val; len(b) >= size; n++ {
		l := int(native.Uint16(b[offset:]))
		if l < size || l > len(b) {
			break
		}
		b = b[min(Align(l), len(b)):]
	}
	return n
}

// LeaveRecord goes on behind the record that [Decoder.NextRecord] stepped to.
func (d *Decoder) LeaveRecord(f *Frame) {
	if d.stuck() {
		d.settle()
	}
	d.b, d.next, d.ended = d.b[:f.end], f.next, false
	d.at(*f)
	if d.err != nil {
		d.next = len(d.b)
	}
}

// PaddedText appends a string in n bytes, filled up with NUL bytes. A longer string
// is written as it is, since one that comes from the kernel may be: whether the
// kernel takes it is for validation to say. A NUL byte inside is an error.
func (e *Encoder) PaddedText(typ uint16, v string, n int) {
	n = max(n, len(v))
	if strings.IndexByte(v, 0) >= 0 {
		e.Fail(typ, ErrNul)
	} else if e.header(typ, n) {
		copy(e.Extend(Align(n)), v)
	}
}

// Addr4 returns an IPv4 address. Any other length than 4 is an error.
func (d *Decoder) Addr4() netip.Addr {
	if len(d.val) != 4 {
		d.wrong()
		return netip.Addr{}
	}
	return netip.AddrFrom4([4]byte(d.val))
}

// PutCString copies a string into a member of a C struct, which is zero so far. A
// string that is longer than the member is an error about the attribute that is
// open.
func PutCString(e *Encoder, name string, member []byte, v string) {
	switch {
	case len(v) > len(member):
		e.failOpen(fmt.Errorf("%s: %w: %d bytes of %d", name, ErrLength, len(v), len(member)))
	case strings.IndexByte(v, 0) >= 0:
		e.failOpen(fmt.Errorf("%s: %w", name, ErrNul))
	default:
		copy(member, v)
	}
}

// CString returns the text in a member of a C struct: up to its first NUL byte, or
// all of it if there is none.
func CString(member []byte) string {
	if i := bytes.IndexByte(member, 0); i >= 0 {
		member = member[:i]
	}
	return string(member)
}
