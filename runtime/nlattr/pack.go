package nlattr

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// ErrRange reports a value that does not fit the integer that the wire has for
// it.
var ErrRange = errors.New("value does not fit")

// Integer is any integer type of a fixed width, the types of enums included.
type Integer interface {
	~uint8 | ~uint16 | ~uint32 | ~uint64 | ~int8 | ~int16 | ~int32 | ~int64
}

// Fit returns v as an N. A value that N cannot hold is an error about the
// attribute typ. It stands where one enum is used at several widths.
func Fit[N, V Integer](e *Encoder, typ uint16, v V) N {
	n := N(v)
	if V(n) != v {
		e.Fail(typ, fmt.Errorf("%w: %d", ErrRange, v))
	}
	return n
}

// FitMember is [Fit] for a member of a C struct, which has a name in place of a
// number. The error blames the attribute that is open.
func FitMember[N, V Integer](e *Encoder, name string, v V) N {
	n := N(v)
	if V(n) != v {
		e.failOpen(fmt.Errorf("%s: %w: %d", name, ErrRange, v))
	}
	return n
}

// failOpen records an error about the innermost attribute that is open, or about
// none if none is.
func (e *Encoder) failOpen(err error) {
	if e.err == nil {
		n := min(e.depth, MaxDepth)
		e.err = &Error{Path: append([]uint16(nil), e.path[:n]...), Offset: e.Len(), Err: err}
	}
}

// A packed array is a payload of integers side by side, without headers. N is
// the integer on the wire, T that of the slice.

// PutArray appends a packed array in host byte order.
func PutArray[N, T Integer](e *Encoder, typ uint16, v []T) {
	switch b := arrayOf[N](e, typ, v); width[N]() {
	case 1:
		for i := range b {
			b[i] = uint8(v[i])
		}
	case 2:
		for ; len(b) > 0; b, v = b[2:], v[1:] {
			native.PutUint16(b, uint16(v[0]))
		}
	case 4:
		for ; len(b) > 0; b, v = b[4:], v[1:] {
			native.PutUint32(b, uint32(v[0]))
		}
	case 8:
		for ; len(b) > 0; b, v = b[8:], v[1:] {
			native.PutUint64(b, uint64(v[0]))
		}
	}
}

// PutArrayBE is [PutArray] in big-endian byte order.
func PutArrayBE[N, T Integer](e *Encoder, typ uint16, v []T) {
	putArray[N](e, typ, v, binary.BigEndian)
}

// PutArrayLE is [PutArray] in little-endian byte order.
func PutArrayLE[N, T Integer](e *Encoder, typ uint16, v []T) {
	putArray[N](e, typ, v, binary.LittleEndian)
}

func putArray[N, T Integer](e *Encoder, typ uint16, v []T, order binary.ByteOrder) {
	w := width[N]()
	for b := arrayOf[N](e, typ, v); len(b) > 0; b, v = b[w:], v[1:] {
		switch w {
		case 1:
			b[0] = uint8(v[0])
		case 2:
			order.PutUint16(b, uint16(v[0]))
		case 4:
			order.PutUint32(b, uint32(v[0]))
		case 8:
			order.PutUint64(b, uint64(v[0]))
		}
	}
}

// arrayOf appends an attribute with room for the elements of v and returns the
// payload without padding, or nothing if there is an error.
func arrayOf[N, T Integer](e *Encoder, typ uint16, v []T) []byte {
	for _, x := range v {
		if T(N(x)) != x {
			e.Fail(typ, fmt.Errorf("%w: %d", ErrRange, x))
			return nil
		}
	}
	n := len(v) * width[N]()
	if !e.header(typ, n) {
		return nil
	}
	return e.Extend(Align(n))[:n]
}

// Array returns a packed array in host byte order. A payload that is no multiple
// of the element is an error.
func Array[N, T Integer](d *Decoder) []T {
	s := elements[N, T](d)
	b := d.val
	switch width[N]() {
	case 1:
		for i := range s {
			s[i] = T(N(b[i]))
		}
	case 2:
		for i := range s {
			s[i] = T(N(native.Uint16(b[2*i:])))
		}
	case 4:
		r := s
		for ; len(r) >= 4 && len(b) >= 16; r, b = r[4:], b[16:] {
			r[0] = T(N(native.Uint32(b)))
			r[1] = T(N(native.Uint32(b[4:])))
			r[2] = T(N(native.Uint32(b[8:])))
			r[3] = T(N(native.Uint32(b[12:])))
		}
		for i := range r {
			r[i] = T(N(native.Uint32(b[4*i:])))
		}
	case 8:
		r := s
		for ; len(r) >= 4 && len(b) >= 32; r, b = r[4:], b[32:] {
			r[0] = T(N(native.Uint64(b)))
			r[1] = T(N(native.Uint64(b[8:])))
			r[2] = T(N(native.Uint64(b[16:])))
			r[3] = T(N(native.Uint64(b[24:])))
		}
		for i := range r {
			r[i] = T(N(native.Uint64(b[8*i:])))
		}
	}
	return s
}

// ArrayBE is [Array] in big-endian byte order.
func ArrayBE[N, T Integer](d *Decoder) []T { return takeArray[N, T](d, binary.BigEndian) }

// ArrayLE is [Array] in little-endian byte order.
func ArrayLE[N, T Integer](d *Decoder) []T { return takeArray[N, T](d, binary.LittleEndian) }

func takeArray[N, T Integer](d *Decoder, order binary.ByteOrder) []T {
	s, w := elements[N, T](d), width[N]()
	for i := range s {
		switch b := d.val[w*i:]; w {
		case 1:
			s[i] = T(N(b[0]))
		case 2:
			s[i] = T(N(order.Uint16(b)))
		case 4:
			s[i] = T(N(order.Uint32(b)))
		case 8:
			s[i] = T(N(order.Uint64(b)))
		}
	}
	return s
}

// elements returns a slice with room for the elements of the payload.
func elements[N, T Integer](d *Decoder) []T {
	w := width[N]()
	if len(d.val)%w != 0 {
		d.wrong()
		return nil
	}
	n := len(d.val) / w
	return MakeSlice[T](d, n)[:n]
}

// width returns the bytes of an integer on the wire. The compiler makes a constant
// of it.
func width[N Integer]() int {
	bit := uint64(1)
	switch {
	case N(bit<<8) == 0:
		return 1
	case N(bit<<16) == 0:
		return 2
	case N(bit<<32) == 0:
		return 4
	}
	return 8
}

// AppendStruct appends a C struct of n bytes to b, which encode fills in.
func AppendStruct(b []byte, n int, encode func([]byte)) ([]byte, error) {
	b = append(b, make([]byte, n)...)
	encode(b[len(b)-n:])
	return b, nil
}

// Fixed returns the first n bytes of b. What b lacks is zero: a shorter struct comes
// from an older kernel, and of a longer one the end is ignored.
func Fixed(b []byte, n int) []byte {
	if len(b) < n {
		b = append(make([]byte, 0, n), b...)
	}
	return b[:n]
}
