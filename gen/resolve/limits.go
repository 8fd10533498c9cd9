package resolve

import (
	"math"

	"github.com/nlgen/nlgen/gen/diag"
	"github.com/nlgen/nlgen/gen/ir"
	"github.com/nlgen/nlgen/gen/kind"
	"github.com/nlgen/nlgen/gen/spec"
)

// limits resolves the checks of attributes.
func (f *family) limits(report *diag.Report) {
	for _, s := range f.setList {
		for _, a := range s.attrs {
			if a.src.Checks != nil && !a.broken {
				f.checks(report, a)
			}
		}
	}
}

func (f *family) checks(report *diag.Report, a *attr) {
	c := a.src.Checks
	inherited := a.parent != nil && a.own.Checks == nil && a.parent.Type != a.Type
	reads := kind.Of(a.Attr).Reads(a.Attr)
	number := valueType(a.Attr)
	isInt, isLong := reads&kind.KeyRange != 0, reads&kind.KeyLength != 0

	// applies reports whether a check can be asked of this type at all.
	applies := func(v spec.Val[spec.Limit], name string, ok bool) bool {
		if v.Set && !ok && !inherited {
			report.Errorf(v.Pos, "attribute %q is of type %s, which has no check %q", a.Name, a.Type, name)
		}
		return v.Set && ok
	}
	out := &ir.Checks{Unterminated: c.UnterminatedOk.V}
	if c.UnterminatedOk.Set && reads&kind.KeyUnterminated == 0 {
		out.Unterminated = false
		if !inherited {
			report.Warnf(c.UnterminatedOk.Pos, "attribute %q is of type %s, which has no check %q; it is ignored", a.Name, a.Type, "unterminated-ok")
		}
	}
	if applies(c.Min, "min", isInt) {
		out.Min = f.limit(report, a, number, c.Min)
	}
	if applies(c.Max, "max", isInt) {
		out.Max = f.limit(report, a, number, c.Max)
	}
	if out.Min != nil && out.Max != nil && less(limitInt(out.Max), limitInt(out.Min)) {
		report.Errorf(c.Min.Pos, "attribute %q has a smallest value, %s, above its greatest, %s", a.Name, out.Min.Text, out.Max.Text)
	}
	if applies(c.FlagsMask, "flags-mask", isInt && !number.signed) {
		out.Mask = f.mask(report, a, number, c.FlagsMask)
	}
	if applies(c.MinLen, "min-len", isLong) {
		out.MinLen = f.length(report, a, c.MinLen, maxPayload)
	}
	if applies(c.MaxLen, "max-len", isLong) {
		out.MaxLen = f.length(report, a, c.MaxLen, math.MaxInt32)
	}
	says, _ := f.value(c.ExactLen.V)
	same := isInt && says == spec.IntOf(int64(number.bits/8)) // It says what the type says.
	if !same && applies(c.ExactLen, "exact-len", isLong) {
		out.ExactLen = f.length(report, a, c.ExactLen, maxPayload)
	}
	if out.Mask != nil && (out.Min != nil || out.Max != nil) {
		// NB: struct nla_policy has room for one of them.
		report.Warnf(c.FlagsMask.Pos, "attribute %q has a flags-mask, beside which the kernel has no smallest and greatest value; those are ignored", a.Name)
		out.Min, out.Max = nil, nil
	}
	if e := out.ExactLen; e != nil && (out.MinLen != nil && *e < *out.MinLen || out.MaxLen != nil && *e > *out.MaxLen) {
		report.Errorf(c.ExactLen.Pos, "attribute %q has an exact length, %d, that its other checks do not admit", a.Name, *e)
	}
	if out.MinLen != nil && out.MaxLen != nil && *out.MinLen > *out.MaxLen {
		report.Errorf(c.MinLen.Pos, "attribute %q has a smallest length, %d, above its greatest, %d", a.Name, *out.MinLen, *out.MaxLen)
	}
	if *out != (ir.Checks{}) {
		a.Checks = out
	}
}

// resolveLimit returns the number of a limit. That of an unknown name is dropped: kernel code may know names that the spec lacks, and
// without the check nlgen only lets more pass, which the kernel then refuses.
func (f *family) resolveLimit(report *diag.Report, a *attr, v spec.Val[spec.Limit]) (spec.Int, bool) {
	n, ok := f.value(v.V)
	if !ok {
		report.Warnf(v.Pos, "attribute %q has an unknown limit %q, which is ignored", a.Name, v.V.String())
	}
	return n, ok
}

// limit resolves min and max.
func (f *family) limit(report *diag.Report, a *attr, number integer, v spec.Val[spec.Limit]) *ir.Limit {
	n, ok := f.resolveLimit(report, a, v)
	if !ok {
		return nil
	}
	if !number.holds(n) {
		report.Errorf(v.Pos, "the limit %s of attribute %q is not within its type, %s", v.V, a.Name, a.Type)
		return nil
	}
	value, _ := bits(n)
	return &ir.Limit{Value: value, Unsigned: !number.signed, Text: v.V.String()}
}

func limitInt(l *ir.Limit) spec.Int {
	if l.Unsigned {
		return spec.UintOf(uint64(l.Value))
	}
	return spec.IntOf(l.Value)
}

// mask resolves flags-mask: the bits of a definition, or a number.
func (f *family) mask(report *diag.Report, a *attr, number integer, v spec.Val[spec.Limit]) *uint64 {
	if d := f.defs[v.V.Name]; !v.V.IsInt && d != nil && d.enu != nil {
		mask := uint64(0)
		for _, e := range d.enu.Entries {
			if n := f.numbers[e]; !n.Neg && n.Abs < 64 {
				mask |= 1 << n.Abs
			}
		}
		if !number.holds(spec.UintOf(mask)) {
			report.Errorf(v.Pos, "the flags %q do not fit attribute %q, which is of type %s", d.name(), a.Name, a.Type)
			return nil
		}
		return &mask
	}
	n, ok := f.resolveLimit(report, a, v)
	if !ok {
		return nil
	}
	if !number.holds(n) {
		report.Errorf(v.Pos, "the mask %s of attribute %q is not within its type, %s", v.V, a.Name, a.Type)
		return nil
	}
	return &n.Abs
}

// length resolves the checks of a payload's length. A max-len may be more than any payload has; then it limits nothing.
func (f *family) length(report *diag.Report, a *attr, v spec.Val[spec.Limit], most uint64) *int {
	n, ok := f.resolveLimit(report, a, v)
	if !ok {
		return nil
	}
	if n.Neg || n.Abs > most {
		report.Errorf(v.Pos, "no payload can have the length of attribute %q, %s", a.Name, v.V)
		return nil
	}
	length := int(n.Abs)
	return &length
}
