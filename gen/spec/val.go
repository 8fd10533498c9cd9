package spec

import (
	"math"
	"strconv"

	"github.com/nlgen/nlgen/gen/diag"
)

// Val is a scalar of a spec with its position.
//
// There are four states. Absent: everything is zero. Given: Set is true. Null (`enum-name:` with nothing behind it): Set is false and
// Pos is that of the key. Bad: a value that was refused, or that is required and missing; Bad is true, Set is false, V is zero, and the
// report already says so, therefore nobody should complain about it again.
//
// The position of a value reached through a YAML alias is that of the anchored value.
type Val[T any] struct {
	V   T
	Pos diag.Pos
	Set bool
	Bad bool
}

// Null reports whether the key stands in the spec without a value.
func (v Val[T]) Null() bool { return !v.Set && !v.Bad && v.Pos.IsValid() }

// Or returns the value if it is set, and def otherwise.
func (v Val[T]) Or(def T) T {
	if v.Set {
		return v.V
	}
	return def
}

// Int is an integer from -2^63 to 2^64-1, the range that netlink attributes can hold. The zero Int is 0. Equal numbers are equal
// values, so Ints can be compared with ==.
type Int struct {
	Neg bool   // The number is less than 0.
	Abs uint64 // The absolute value, at most 2^63 if Neg.
}

// IntOf returns v as an Int.
func IntOf(v int64) Int {
	if v < 0 {
		return Int{Neg: true, Abs: -uint64(v)}
	}
	return Int{Abs: uint64(v)}
}

// UintOf returns v as an Int.
func UintOf(v uint64) Int { return Int{Abs: v} }

// Int64 returns the number, and whether it fits.
func (i Int) Int64() (int64, bool) {
	if i.Neg {
		return -int64(i.Abs-1) - 1, i.Abs-1 <= math.MaxInt64
	}
	return int64(i.Abs), i.Abs <= math.MaxInt64
}

// Uint64 returns the number, and whether it is in the range of a uint64.
func (i Int) Uint64() (uint64, bool) { return i.Abs, !i.Neg }

// String returns the number in decimal.
func (i Int) String() string {
	s := strconv.FormatUint(i.Abs, 10)
	if i.Neg {
		return "-" + s
	}
	return s
}

// Limit is an integer, or the name of one, perhaps with a number subtracted from it: `15`, `u32-max`, `ifname-size`,
// `ifname-size - 1`. Checks, the length of struct members and value-start are limits.
type Limit struct {
	IsInt bool
	Int   Int    // The number, if IsInt.
	Name  string // The name, if not IsInt.
	Minus uint64 // What is subtracted from the named number.
}

// String returns the limit as a spec would write it.
func (l Limit) String() string {
	switch {
	case l.IsInt:
		return l.Int.String()
	case l.Minus != 0:
		return l.Name + " - " + strconv.FormatUint(l.Minus, 10)
	default:
		return l.Name
	}
}

// Const is the value of a const definition: an integer or a text.
type Const struct {
	IsInt bool
	Int   Int    // The number, if IsInt.
	Text  string // The text, if not IsInt.
}

// String returns the number in decimal, or the text.
func (c Const) String() string {
	if c.IsInt {
		return c.Int.String()
	}
	return c.Text
}
