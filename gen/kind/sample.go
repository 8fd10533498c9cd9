package kind

import (
	"fmt"

	"github.com/dave/jennifer/jen"

	"github.com/nlgen/nlgen/gen/ir"
)

// sampleInt is an integer whose bytes differ from one another and from those of
// other attributes, as far as the limits of the attribute leave room. Bits 0
// stands for the kinds with four or eight bytes; they get both by turns.
func sampleInt(a *ir.Attr, bits int, signed bool) *jen.Statement {
	if a.Enum != nil {
		if v := sampleEnum(a, bits, signed); v != nil {
			return v
		}
	}
	n := uint64(a.Number)
	if bits == 0 {
		bits = 32
		if n%2 == 0 && a.Enum == nil {
			bits = 64
		}
	}
	v := n%100 + 1
	switch bits {
	case 16:
		v = 0x1000 + n
	case 32:
		v = 0x10203000 + n
	case 64:
		v = 0x1020304050600000 + n
	}
	if c := a.Checks; c != nil && c.Mask != nil && v&*c.Mask != v {
		if v &= *c.Mask; v == 0 {
			v = *c.Mask & -*c.Mask
		}
	}
	switch {
	case signed:
		v = uint64(clampSigned(a.Checks, -int64(v)))
	case a.Checks != nil:
		v = clamp(a.Checks, v, n, bits)
	}
	return constant(a, v, signed)
}

// constant is the integer with the bits v, of the type of the attribute's enum if it
// has that: an integer with a sign may have an enum without, and the other way round.
func constant(a *ir.Attr, v uint64, signed bool) *jen.Statement {
	if enumTyped(a) {
		shift := 64 - a.Enum.Bits
		if signed = a.Enum.Signed; signed {
			v = uint64(int64(v<<shift) >> shift)
		} else {
			v = v << shift >> shift
		}
	}
	if signed {
		return signedNumber(int64(v))
	}
	return number(v)
}

// clamp moves v, of so many bits, into the limits, to another value for every n if
// they are wide.
func clamp(c *ir.Checks, v, n uint64, bits int) uint64 {
	low, high := uint64(0), ^uint64(0)>>(64-bits)
	if c.Min != nil {
		low = uint64(c.Min.Value)
	}
	if c.Max != nil {
		high = uint64(c.Max.Value)
	}
	switch {
	case low <= v && v <= high:
		return v
	case high <= low:
		return low
	}
	return low + n%(high-low+1)
}

// clampSigned moves v into the limits, if there are any.
func clampSigned(c *ir.Checks, v int64) int64 {
	if c == nil {
		return v
	}
	if c.Min != nil && v < c.Min.Value {
		v = c.Min.Value
	}
	if c.Max != nil && v > c.Max.Value {
		v = c.Max.Value
	}
	return v
}

// sampleEnum is an entry of the attribute's enum that fits its bits and limits,
// or nil if there is none.
func sampleEnum(a *ir.Attr, bits int, signed bool) *jen.Statement {
	if bits == 0 {
		bits = 64
	}
	entries := a.Enum.Entries
	for i := range entries {
		e := entries[(int(a.Number)+i)%len(entries)]
		v := e.Value
		if a.EnumFlags && !a.Enum.Flags {
			if v >= uint64(bits) {
				continue
			}
			v = 1 << v
		}
		if !fits(v, bits, signed) || !within(a.Checks, v, signed) {
			continue
		}
		if enumTyped(a) {
			return jen.Id(e.Go)
		}
		return constant(a, v, signed)
	}
	return nil
}

// fits reports whether an integer of so many bits holds v, the bits of an int64
// if it is signed.
func fits(v uint64, bits int, signed bool) bool {
	if bits >= 64 {
		return true
	}
	if signed {
		shift := uint(64 - bits)
		return int64(v<<shift)>>shift == int64(v)
	}
	return v>>uint(bits) == 0
}

// within reports whether v keeps the limits of requests.
func within(c *ir.Checks, v uint64, signed bool) bool {
	switch {
	case c == nil:
		return true
	case c.Mask != nil && v&^*c.Mask != 0:
		return false
	case signed:
		return clampSigned(c, int64(v)) == int64(v)
	default:
		return clamp(c, v, 0, 64) == v
	}
}

// netip.AddrFrom4([4]byte{192, 0, 2, 1})
// netip.AddrFrom16([16]byte{0: 0x20, 1: 0x01, 2: 0x0d, 3: 0xb8, 15: 1})
func sampleAddr(n uint16, six bool) *jen.Statement {
	if six {
		return jen.Qual("net/netip", "MustParseAddr").Call(jen.Lit(fmt.Sprintf("2001:db8::%x", n+1)))
	}
	return jen.Qual("net/netip", "MustParseAddr").Call(jen.Lit(fmt.Sprintf("192.0.%d.%d", n>>8, n&0xff)))
}

// sampleBytes is so many bytes, starting with a number that depends on n.
func sampleBytes(n uint16, length int) []jen.Code {
	list := make([]jen.Code, length)
	for i := range list {
		list[i] = jen.Lit(int(byte(int(n) + 1 + i)))
	}
	return list
}
