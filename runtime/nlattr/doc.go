// Package nlattr writes and reads netlink attributes (struct nlattr).
//
// An attribute is a header of four bytes and a payload, padded with zero bytes
// to a multiple of four. The length counts the header and the payload, not the
// padding; both header fields are in host byte order:
//
//	 0               2               4
//	+---------------+---------------+-----------------+- - - -+
//	| nla_len       | nla_type      | payload         | 0 .. 3|
//	+---------------+---------------+-----------------+- - - -+
//	                 N B number
//
// N is NLA_F_NESTED (the payload is itself a list of attributes), B is
// NLA_F_NET_BYTEORDER; the remaining 14 bits are the attribute's number.
//
// The package knows nothing of sockets, messages, names or policies. It never
// panics on input, never reads past it, and allocates no more than the values
// that it hands out need.
package nlattr

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
)

// HeaderLen is the size of struct nlattr in bytes.
const HeaderLen = 4

// MaxLen is the largest length of one attribute with its header, in bytes: the
// length field has 16 bits.
const MaxLen = 0xffff

// MaxDepth is how deep attributes may be nested in one another. The kernel's
// own bound for validated nests is 10.
const MaxDepth = 32

// Flags in the two highest bits of an attribute's type, and the mask that
// leaves its number.
const (
	Nested       = 0x8000 // NLA_F_NESTED
	NetByteOrder = 0x4000 // NLA_F_NET_BYTEORDER
	TypeMask     = 0x3fff // NLA_TYPE_MASK
)

// Errors that an [Error] unwraps to.
var (
	// ErrTruncated reports an attribute that ends before its length says.
	ErrTruncated = errors.New("attribute is truncated")
	// ErrTrailing reports bytes behind the last attribute that are too few for
	// a header.
	ErrTrailing = errors.New("trailing bytes after the last attribute")
	// ErrLength reports a payload whose length does not fit its type.
	ErrLength = errors.New("payload has the wrong length")
	// ErrTooLong reports an attribute or a nest above [MaxLen].
	ErrTooLong = errors.New("attribute exceeds 65535 bytes")
	// ErrTooDeep reports nests deeper than [MaxDepth].
	ErrTooDeep = errors.New("attributes are nested too deep")
	// ErrNul reports a string with a NUL byte inside, which the wire would cut.
	ErrNul = errors.New("string contains a NUL byte")
	// ErrAddress reports an address of the wrong family.
	ErrAddress = errors.New("address is of the wrong family")
	// ErrNumber reports an attribute number above 14 bits.
	ErrNumber = errors.New("attribute number exceeds 14 bits")
)

// Error is the first thing that went wrong in an [Encoder] or a [Decoder].
type Error struct {
	// Path holds the attribute numbers from the outermost attribute to the one
	// at fault. It is empty where no attribute is to blame.
	Path []uint16
	// Offset is the number of bytes before the attribute at fault, counted
	// from the start of what was given to the decoder or written by the encoder.
	Offset int
	// Name is the path in the words of the spec ("linkinfo.data.id"), once
	// somebody who knows the names has filled it in.
	Name string
	// Err is the cause.
	Err error
}

// Error returns the place and the cause in one line.
func (e *Error) Error() string {
	if e.Name != "" {
		return fmt.Sprintf("attribute %s (offset %d): %v", e.Name, e.Offset, e.Err)
	}
	if len(e.Path) == 0 {
		return fmt.Sprintf("offset %d: %v", e.Offset, e.Err)
	}
	var s strings.Builder
	for i, t := range e.Path {
		if i > 0 {
			s.WriteByte('.')
		}
		fmt.Fprintf(&s, "%d", t)
	}
	return fmt.Sprintf("attribute %s (offset %d): %v", s.String(), e.Offset, e.Err)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Attr is an attribute as it stands on the wire, kept whole because nothing
// here knows what it means.
type Attr struct {
	// Type is the number with the flags [Nested] and [NetByteOrder] as they came.
	Type uint16
	// Data is the payload without header and padding.
	Data []byte
}

// Number returns the attribute's number without flags.
func (a Attr) Number() uint16 { return a.Type & TypeMask }

// native is the byte order of this machine, which netlink uses throughout.
var native = binary.NativeEndian

// Align rounds a length up to the next multiple of four (NLA_ALIGN).
func Align(n int) int { return (n + 3) &^ 3 }

// Host byte order loads and stores for C structs in generated code. Each needs
// as many bytes as its name says.

// GetUint16 loads a u16 in host byte order.
func GetUint16(b []byte) uint16 { return native.Uint16(b) }

// GetUint32 loads a u32 in host byte order.
func GetUint32(b []byte) uint32 { return native.Uint32(b) }

// GetUint64 loads a u64 in host byte order.
func GetUint64(b []byte) uint64 { return native.Uint64(b) }

// GetUint16BE loads a u16 in big-endian byte order.
func GetUint16BE(b []byte) uint16 { return binary.BigEndian.Uint16(b) }

// GetUint32BE loads a u32 in big-endian byte order.
func GetUint32BE(b []byte) uint32 { return binary.BigEndian.Uint32(b) }

// GetUint64BE loads a u64 in big-endian byte order.
func GetUint64BE(b []byte) uint64 { return binary.BigEndian.Uint64(b) }

// GetUint16LE loads a u16 in little-endian byte order.
func GetUint16LE(b []byte) uint16 { return binary.LittleEndian.Uint16(b) }

// GetUint32LE loads a u32 in little-endian byte order.
func GetUint32LE(b []byte) uint32 { return binary.LittleEndian.Uint32(b) }

// GetUint64LE loads a u64 in little-endian byte order.
func GetUint64LE(b []byte) uint64 { return binary.LittleEndian.Uint64(b) }

// PutUint16 stores a u16 in host byte order.
func PutUint16(b []byte, v uint16) { native.PutUint16(b, v) }

// PutUint32 stores a u32 in host byte order.
func PutUint32(b []byte, v uint32) { native.PutUint32(b, v) }

// PutUint64 stores a u64 in host byte order.
func PutUint64(b []byte, v uint64) { native.PutUint64(b, v) }

// PutUint16BE stores a u16 in big-endian byte order.
func PutUint16BE(b []byte, v uint16) { binary.BigEndian.PutUint16(b, v) }

// PutUint32BE stores a u32 in big-endian byte order.
func PutUint32BE(b []byte, v uint32) { binary.BigEndian.PutUint32(b, v) }

// PutUint64BE stores a u64 in big-endian byte order.
func PutUint64BE(b []byte, v uint64) { binary.BigEndian.PutUint64(b, v) }

// PutUint16LE stores a u16 in little-endian byte order.
func PutUint16LE(b []byte, v uint16) { binary.LittleEndian.PutUint16(b, v) }

// PutUint32LE stores a u32 in little-endian byte order.
func PutUint32LE(b []byte, v uint32) { binary.LittleEndian.PutUint32(b, v) }

// PutUint64LE stores a u64 in little-endian byte order.
func PutUint64LE(b []byte, v uint64) { binary.LittleEndian.PutUint64(b, v) }
