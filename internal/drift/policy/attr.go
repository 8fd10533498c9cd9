package policy

import (
	"fmt"
	"slices"

	"github.com/nlgen/nlgen/gen/ir"
	"github.com/nlgen/nlgen/generated/nlctrl"
	"github.com/nlgen/nlgen/internal/drift"
)

// types are the kernel's words for ours.
var types = map[string][]nlctrl.AttrType{
	"flag": {nlctrl.AttrTypeFlag}, "u8": {nlctrl.AttrTypeU8}, "u16": {nlctrl.AttrTypeU16}, "u32": {nlctrl.AttrTypeU32},
	"u64": {nlctrl.AttrTypeU64}, "s8": {nlctrl.AttrTypeS8}, "s16": {nlctrl.AttrTypeS16}, "s32": {nlctrl.AttrTypeS32},
	"s64": {nlctrl.AttrTypeS64}, "uint": {nlctrl.AttrTypeUint}, "sint": {nlctrl.AttrTypeSint}, "binary": {nlctrl.AttrTypeBinary},
	"string": {nlctrl.AttrTypeNulString, nlctrl.AttrTypeString}, "bitfield32": {nlctrl.AttrTypeBitfield32},
	"nest": {nlctrl.AttrTypeNested}, "sub-message": {nlctrl.AttrTypeNested}, "nest-type-value": {nlctrl.AttrTypeNested},
	"indexed-array": {nlctrl.AttrTypeNestedArray, nlctrl.AttrTypeNested, nlctrl.AttrTypeBinary},
}

// widths are the bits of unsigned types.
var widths = map[nlctrl.AttrType]int{
	nlctrl.AttrTypeU8: 8, nlctrl.AttrTypeU16: 16, nlctrl.AttrTypeU32: 32, nlctrl.AttrTypeU64: 64, nlctrl.AttrTypeUint: 64,
}

// attr compares one attribute that the kernel accepts, and the set in it.
func (c *comparer) attr(at string, a *ir.Attr, k *nlctrl.PolicyAttrs) {
	if !slices.Contains(types[a.Type], k.Type.V) {
		drift.Fact(c.Comparison, at, "type", a.Type, k.Type.V.String())
		return
	}
	checks := a.Checks
	if checks == nil {
		checks = new(ir.Checks)
	}
	if bits, ok := widths[k.Type.V]; ok && k.MinValueU.OK {
		ours := unsigned(a, checks, ^uint64(0)>>(64-bits), k.MaxValueU.V)
		drift.Fact(c.Comparison, at, "range", ours, fmt.Sprintf("%d..%d", k.MinValueU.V, k.MaxValueU.V))
	}
	if k.MinValueS.OK {
		drift.Fact(c.Comparison, at, "range", signed(checks, &k.MinValueS.V, &k.MaxValueS.V), fmt.Sprintf("%d..%d", k.MinValueS.V, k.MaxValueS.V))
	}
	c.mask(at, a, checks, k)
	c.length(at, checks, k)
	if k.Type.V == nlctrl.AttrTypeNulString {
		drift.Fact(c.Comparison, at, "unterminated-ok", checks.Unterminated, false)
	}
	if k.PolicyIdx.OK && a.Nested != nil {
		c.set(a.Nested.Name, uint16(k.PolicyIdx.V), a.Nested)
	}
}

// unsigned returns the range that we accept. The kernel makes a range of an enum, which a spec need not repeat.
func unsigned(a *ir.Attr, checks *ir.Checks, full, theirs uint64) string {
	least, most := uint64(0), full
	if checks.Min != nil {
		least = uint64(checks.Min.Value)
	}
	switch {
	case checks.Max != nil:
		most = uint64(checks.Max.Value)
	case a.Enum != nil && !a.EnumFlags && theirs < full:
		most = 0
		for _, e := range a.Enum.Entries {
			most = max(most, e.Value)
		}
	}
	return fmt.Sprintf("%d..%d", least, most)
}

// signed returns the range that we accept: theirs where a spec has no limit.
func signed(checks *ir.Checks, least, most *int64) string {
	if checks.Min != nil {
		least = &checks.Min.Value
	}
	if checks.Max != nil {
		most = &checks.Max.Value
	}
	return fmt.Sprintf("%d..%d", *least, *most)
}

// mask compares the bits that may be set. Those of an enum are accepted without a mask.
func (c *comparer) mask(at string, a *ir.Attr, checks *ir.Checks, k *nlctrl.PolicyAttrs) {
	theirs := k.Mask
	if k.Bitfield32Mask.OK {
		theirs.V, theirs.OK = uint64(k.Bitfield32Mask.V), true
	}
	if !theirs.OK || theirs.V == 0 {
		return
	}
	ours := "any bit"
	switch {
	case checks.Mask != nil:
		ours = fmt.Sprintf("%#x", *checks.Mask)
	case a.Enum != nil:
		bits := uint64(0)
		for _, e := range a.Enum.Entries {
			if a.Enum.Flags {
				bits |= e.Value
			} else {
				bits |= 1 << e.Value
			}
		}
		ours = fmt.Sprintf("%#x", bits)
	}
	drift.Fact(c.Comparison, at, "bits", ours, fmt.Sprintf("%#x", theirs.V))
}

// length compares how long a payload may be.
func (c *comparer) length(at string, checks *ir.Checks, k *nlctrl.PolicyAttrs) {
	least, most := "", ""
	switch {
	case checks.ExactLen != nil:
		least, most = fmt.Sprint(*checks.ExactLen), fmt.Sprint(*checks.ExactLen)
	default:
		if checks.MinLen != nil {
			least = fmt.Sprint(*checks.MinLen)
		}
		if checks.MaxLen != nil {
			most = fmt.Sprint(*checks.MaxLen)
		}
	}
	if k.MinLength.OK {
		drift.Fact(c.Comparison, at, "fewest bytes", least, fmt.Sprint(k.MinLength.V))
	}
	if k.MaxLength.OK {
		drift.Fact(c.Comparison, at, "most bytes", most, fmt.Sprint(k.MaxLength.V))
	}
}
