package dynamic

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"math"
	"math/bits"
	"net/netip"
	"strconv"
	"strings"

	"github.com/nlgen/nlgen/gen/ir"
)

// integer is what is known of an integer: of an attribute, an element of an
// array, a member of a struct or a bitfield.
type integer struct {
	width  int // bytes; 0 for four or eight, as the value needs
	signed bool
	order  ir.Order
	hint   ir.Hint
	enum   *ir.Enum
	flags  bool // the value holds bits of the enum
}

// integerOf returns the integer of an attribute or its elements, by the name of
// its type, and false for a type that is none.
func integerOf(typ string, a *ir.Attr) (integer, bool) {
	n := integer{order: a.Order, hint: a.Hint, enum: a.Enum, flags: a.Enum != nil && (a.EnumFlags || a.Enum.Flags)}
	var ok bool
	n.width, n.signed, ok = widthOf(typ)
	return n, ok
}

// integerMember returns the integer that a member of a struct is.
func integerMember(m *ir.Member) (integer, bool) {
	n := integer{order: m.Order, hint: m.Hint, enum: m.Enum, flags: m.Enum != nil && (m.EnumFlags || m.Enum.Flags)}
	var ok bool
	n.width, n.signed, ok = widthOf(m.Type)
	return n, ok
}

// widthOf takes the name of an integer type apart.
func widthOf(typ string) (width int, signed, ok bool) {
	switch typ {
	case "u8", "u16", "u32", "u64", "s8", "s16", "s32", "s64":
		size, err := strconv.Atoi(typ[1:])
		return size / 8, typ[0] == 's', err == nil
	case "uint", "sint":
		return 0, typ == "sint", true
	}
	return 0, false, false
}

// byteOrder returns the order of bytes on the wire.
func (n integer) byteOrder() binary.ByteOrder {
	switch n.order {
	case ir.BigEndian:
		return binary.BigEndian
	case ir.LittleEndian:
		return binary.LittleEndian
	}
	return binary.NativeEndian
}

// load reads the value from a payload of the right length. Negative numbers come
// as the uint64 with the same bits.
func (n integer) load(b []byte) (uint64, bool) {
	if n.width != 0 && len(b) != n.width {
		return 0, false
	}
	var v uint64
	switch len(b) {
	case 1:
		v = uint64(b[0])
	case 2:
		v = uint64(n.byteOrder().Uint16(b))
	case 4:
		v = uint64(n.byteOrder().Uint32(b))
	case 8:
		v = n.byteOrder().Uint64(b)
	}
	if n.width == 0 && len(b) != 4 && len(b) != 8 {
		return 0, false
	}
	if n.signed {
		shift := 64 - 8*len(b)
		v = uint64(int64(v<<shift) >> shift)
	}
	return v, true
}

// bytes returns the value as it stands on the wire.
func (n integer) bytes(v uint64) []byte {
	width := n.width
	if width == 0 {
		width = 8
		if !n.signed && v <= math.MaxUint32 || n.signed && int64(v) == int64(int32(v)) {
			width = 4
		}
	}
	b := make([]byte, width)
	switch width {
	case 1:
		b[0] = byte(v)
	case 2:
		n.byteOrder().PutUint16(b, uint16(v))
	case 4:
		n.byteOrder().PutUint32(b, uint32(v))
	case 8:
		n.byteOrder().PutUint64(b, v)
	}
	return b
}

// digits returns the value as a decimal number.
func (n integer) digits(v uint64) string {
	if n.signed {
		return strconv.FormatInt(int64(v), 10)
	}
	return strconv.FormatUint(v, 10)
}

// show returns the value as JSON has it.
func (n integer) show(v uint64) any {
	switch {
	case n.flags:
		return n.bits(v)
	case n.enum != nil:
		if name, ok := nameOf(n.enum, v); ok {
			return name
		}
	case n.hint == ir.Hex:
		if n.signed && int64(v) < 0 {
			return "-0x" + strconv.FormatUint(-v, 16)
		}
		return "0x" + strconv.FormatUint(v, 16)
	case n.address():
		return netip.AddrFrom4([4]byte{byte(v >> 24), byte(v >> 16), byte(v >> 8), byte(v)}).String()
	}
	return json.Number(n.digits(v))
}

// address reports whether the number stands for an IPv4 address.
func (n integer) address() bool {
	return n.width == 4 && !n.signed && (n.hint == ir.IPv4 || n.hint == ir.IPv4OrV6)
}

// bits returns the names of the bits that are set, lowest first, and the values
// of those that have no name.
func (n integer) bits(v uint64) []any {
	if n.width != 0 && n.width < 8 {
		v &= 1<<(8*n.width) - 1
	}
	list := []any{}
	for ; v != 0; v &= v - 1 {
		at := bits.TrailingZeros64(v)
		if name, ok := nameOfBit(n.enum, at); ok {
			list = append(list, name)
		} else {
			list = append(list, json.Number(strconv.FormatUint(1<<at, 10)))
		}
	}
	return list
}

// nameOf returns the name of a value.
func nameOf(e *ir.Enum, v uint64) (string, bool) {
	for _, x := range e.Entries {
		if x.Number == int64(v) {
			return x.Name, true
		}
	}
	return "", false
}

// nameOfBit returns the name of a bit.
func nameOfBit(e *ir.Enum, at int) (string, bool) { return nameOf(e, uint64(at)) }

// numberOf returns the number of the entry with the given name.
func numberOf(e *ir.Enum, name string) (int64, bool) {
	if e != nil {
		for _, x := range e.Entries {
			if x.Name == name {
				return x.Number, true
			}
		}
	}
	return 0, false
}

// read returns the integer that a JSON value stands for: a number, the same as
// text, the name of a value, names of bits, or the text of its hint.
func (n integer) read(v any) (uint64, error) {
	if _, number := v.(json.Number); n.flags && !number {
		return n.readBits(v)
	}
	var text string
	switch v := v.(type) {
	case json.Number:
		text = v.String()
	case string:
		if number, ok := numberOf(n.enum, v); ok {
			return uint64(number), n.fits(uint64(number), n.signed && number < 0)
		}
		if a, err := netip.ParseAddr(v); err == nil && a.Is4() && n.address() {
			b := a.As4()
			return uint64(binary.BigEndian.Uint32(b[:])), nil
		}
		text = v
		if s, ok := strings.CutPrefix(text, "Unknown("); ok {
			text = strings.TrimSuffix(s, ")")
		}
	default:
		return 0, wrongf("got %s, want a number", sortOf(v))
	}
	x, negative, err := parseNumber(text)
	switch {
	case err == nil:
		return x, n.fits(x, negative)
	case errors.Is(err, strconv.ErrRange):
		return 0, wrong(ErrRange)
	case n.enum != nil:
		return 0, wrongf("%q is no value of %s", text, n.enum.Name)
	}
	return 0, wrongf("%q is no integer", text)
}

// parseNumber reads decimal digits, or hex digits behind 0x, with or without a
// sign.
func parseNumber(s string) (v uint64, negative bool, err error) {
	s, negative = strings.CutPrefix(s, "-")
	base := 10
	if len(s) > 2 && s[0] == '0' && s[1]|0x20 == 'x' {
		s, base = s[2:], 16
	}
	if v, err = strconv.ParseUint(s, base, 64); !negative {
		return v, false, err
	}
	if v > 1<<63 && err == nil {
		err = strconv.ErrRange
	}
	return -v, v != 0, err
}

// fits checks that a value is in the range of the integer.
func (n integer) fits(v uint64, negative bool) error {
	size := 8 * n.width
	if size == 0 {
		size = 64
	}
	ok := true
	switch {
	case n.signed && negative:
		ok = int64(v) >= -1<<(size-1)
	case n.signed:
		ok = v <= 1<<(size-1)-1
	case negative:
		ok = false
	case size < 64:
		ok = v>>size == 0
	}
	if !ok {
		return wrong(ErrRange)
	}
	return nil
}

// readBits returns the bits that a list of names and numbers stands for, or a
// single one of them.
func (n integer) readBits(v any) (uint64, error) {
	list, many := v.([]any)
	if !many {
		return n.readBit(v)
	}
	var all uint64
	for i, x := range list {
		bit, err := n.readBit(x)
		if err != nil {
			return 0, within(step(i), err)
		}
		all |= bit
	}
	return all, nil
}

// readBit returns the bits of one name or number.
func (n integer) readBit(v any) (uint64, error) {
	unsigned := integer{width: n.width}
	switch v := v.(type) {
	case json.Number:
		return unsigned.read(v)
	case string:
		at, ok := numberOf(n.enum, v)
		switch {
		case ok && at >= 0 && at < 64:
			return 1 << at, unsigned.fits(1<<at, false)
		case ok:
			return 0, wrong(ErrRange)
		}
		if x, negative, err := parseNumber(v); err == nil {
			return x, unsigned.fits(x, negative)
		}
		if n.enum == nil {
			return 0, wrongf("%q is no integer", v)
		}
		return 0, wrongf("%q is no value of %s", v, n.enum.Name)
	}
	return 0, wrongf("got %s, want a name or a number", sortOf(v))
}
