package kind

import (
	"strings"

	"github.com/dave/jennifer/jen"

	"github.com/nlgen/nlgen/gen/diag"
	"github.com/nlgen/nlgen/gen/ir"
)

func init() {
	for _, bits := range []int{8, 16, 32, 64} {
		register(name("u", bits), integer{bits: bits})
		register(name("s", bits), integer{bits: bits, signed: true})
	}
}

// integer is u8 to u64 and s8 to s64: so many bytes, in the byte order that the
// spec names.
type integer struct {
	plain
	bits   int
	signed bool
}

func (integer) Reads(*ir.Attr) Keys           { return KeyByteOrder | KeyEnum | KeyHint | KeyRange }
func (integer) Presence(*ir.Attr) ir.Presence { return ir.Opt }

func (k integer) Row(*ir.Attr) Row { return Row{Kind: upper(k.bits, k.signed)} }

func (k integer) Check(a *ir.Attr, r *diag.Report) {
	if a.Hint == ir.IPv4 && k.bits == 32 && a.Order != ir.BigEndian {
		r.Warnf(a.Pos, "attribute %q: hint ipv4 needs byte-order big-endian", a.Name)
	}
}

// address says that the integer is an IPv4 address.
func (k integer) address(a *ir.Attr) bool {
	return k.bits == 32 && a.Order == ir.BigEndian && a.Enum == nil && (a.Hint == ir.IPv4 || a.Hint == ir.IPv4OrV6)
}

// uint16, PortType or netip.Addr
func (k integer) Type(a *ir.Attr) *jen.Statement {
	switch {
	case k.address(a):
		return jen.Qual("net/netip", "Addr")
	case enumTyped(a):
		return jen.Id(a.Enum.Go)
	}
	return jen.Id(goInt(k.bits, k.signed))
}

// e.Uint32(AttrX, v)
// e.Uint32(AttrX, uint32(v))                       with an enum
// e.Uint8(AttrX, nlattr.Fit[uint8](e, AttrX, v))   with an enum that is wider elsewhere
// e.Addr4(AttrX, v)                                with hint ipv4
func (k integer) Put(a *ir.Attr, typ, v *jen.Statement, _ *Scope) []jen.Code {
	if k.address(a) {
		return one(call("e", "Addr4", typ, v))
	}
	return one(call("e", k.method(a), typ, onWire(a, k.bits, k.signed, typ, v)))
}

// e.OptUint32(AttrX, x.F)
// nlattr.OptEnum32(e, AttrX, x.F)   with an enum
// e.OptAddr4(AttrX, x.F)            with hint ipv4
func (k integer) PutOpt(a *ir.Attr, typ, v *jen.Statement, _ *Scope) *jen.Statement {
	if k.address(a) {
		return call("e", "OptAddr4", typ, v)
	}
	return optInteger(a, k.bits, k.method(a), strings.TrimLeft(k.method(a), "UIint"), typ, v)
}

// x.F = d.OptUint32()
// x.F = nlattr.Some(PortType(d.Uint8()))   with an enum
// x.F = d.OptAddr4()                       with hint ipv4
func (k integer) Take(a *ir.Attr, dst Dest, _ *Scope) []jen.Code {
	switch {
	case k.address(a):
		return takeOpt(dst, "Addr4")
	case enumTyped(a):
		return one(dst.Set(inGo(a, call("d", k.method(a)))))
	}
	return takeOpt(dst, k.method(a))
}

// method is Uint32, Int16BE, Uint64LE.
func (k integer) method(a *ir.Attr) string {
	m := "Uint"
	if k.signed {
		m = "Int"
	}
	m = name(m, k.bits)
	if k.bits > 8 {
		m += Suffix(a.Order)
	}
	return m
}

func (k integer) Sample(a *ir.Attr, _ Samples) *jen.Statement {
	if k.address(a) {
		return sampleAddr(a.Number, false)
	}
	return sampleInt(a, k.bits, k.signed)
}

func (k integer) Text(a *ir.Attr, opt *jen.Statement) *jen.Statement { return numberText(a, opt) }

func (k integer) FromText(a *ir.Attr, text *jen.Statement) *jen.Statement {
	return numberFromText(a, goInt(k.bits, k.signed), text)
}

func (integer) Choose(a *ir.Attr, text string) (*jen.Statement, bool) { return chooseNumber(a, text) }
