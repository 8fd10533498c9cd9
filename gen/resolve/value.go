package resolve

import (
	"strconv"
	"strings"

	"github.com/nlgen/nlgen/gen/ir"
	"github.com/nlgen/nlgen/gen/spec"
)

// value returns the number that a limit stands for. A name is looked for among the consts, then among the consts with their prefix,
// then with the name of the family in front, and last among the limits of the integer types (`u32-max`).
func (f *family) value(l spec.Limit) (spec.Int, bool) {
	v := l.Int
	if !l.IsInt {
		var ok bool
		if v, ok = f.named(l.Name); !ok {
			return spec.Int{}, false
		}
	}
	if l.Minus == 0 {
		return v, true
	}
	if v.Neg || l.Minus > v.Abs {
		return spec.Int{}, false
	}
	return spec.Int{Abs: v.Abs - l.Minus}, true
}

func (f *family) named(name string) (spec.Int, bool) {
	c := f.byC[name]
	if d := f.defs[f.Name+"-"+name]; c == nil && d != nil {
		c = d.con
	}
	if d := f.defs[name]; d != nil && d.con != nil {
		c = d.con
	}
	if c == nil {
		return typeLimit(name)
	}
	return constInt(c)
}

// constInt returns the value of a const that is a number.
func constInt(c *ir.Const) (spec.Int, bool) {
	switch {
	case c.IsString:
		return spec.Int{}, false
	case c.Unsigned:
		return spec.UintOf(uint64(c.Value)), true
	default:
		return spec.IntOf(c.Value), true
	}
}

// typeLimit returns the value of `u8-min` to `s64-max`.
func typeLimit(name string) (spec.Int, bool) {
	typ, end, ok := strings.Cut(name, "-")
	r, known := rangeOf(typ)
	switch {
	case !ok || !known || typ == "uint" || typ == "sint":
		return spec.Int{}, false
	case end == "min":
		return r.min, true
	case end == "max":
		return r.max, true
	default:
		return spec.Int{}, false
	}
}

// integer describes an integer type.
type integer struct {
	bits     int
	signed   bool
	min, max spec.Int
}

// rangeOf returns what an integer type can hold, or false if typ is none.
func rangeOf(typ string) (integer, bool) {
	switch typ {
	case "uint":
		typ = "u64"
	case "sint":
		typ = "s64"
	}
	if len(typ) < 2 || typ[0] != 'u' && typ[0] != 's' {
		return integer{}, false
	}
	n, err := strconv.Atoi(typ[1:])
	if err != nil || n != 8 && n != 16 && n != 32 && n != 64 || strconv.Itoa(n) != typ[1:] {
		return integer{}, false
	}
	if typ[0] == 'u' {
		return integer{bits: n, max: spec.UintOf(^uint64(0) >> (64 - n))}, true
	}
	half := uint64(1) << (n - 1)
	return integer{bits: n, signed: true, min: spec.Int{Neg: true, Abs: half}, max: spec.UintOf(half - 1)}, true
}

func (r integer) holds(v spec.Int) bool { return !less(v, r.min) && !less(r.max, v) }

// String describes the type for a message: "8 bits", "16 bits with a sign".
func (r integer) String() string {
	s := strconv.Itoa(r.bits) + " bits"
	if r.signed {
		s += " with a sign"
	}
	return s
}
