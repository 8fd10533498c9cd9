package kind

import (
	"github.com/dave/jennifer/jen"

	"github.com/nlgen/nlgen/gen/diag"
	"github.com/nlgen/nlgen/gen/ir"
)

func init() { register("binary", binary{}) }

// binary is a payload of bytes. Other keys say what they hold: a C struct, a
// packed array, an address. Each of these forms is a kind of its own.
type binary struct{}

func (binary) form(a *ir.Attr) Kind {
	switch {
	case a.Struct != nil:
		return structBytes{}
	case a.Elem != "":
		return array{}
	}
	switch a.Hint {
	case ir.IPv4, ir.IPv6, ir.IPv4OrV6:
		return address{}
	case ir.MAC:
		return raw{mac: true}
	}
	return raw{}
}

func (b binary) Reads(a *ir.Attr) Keys            { return b.form(a).Reads(a) }
func (b binary) Check(a *ir.Attr, r *diag.Report) { b.form(a).Check(a, r) }
func (b binary) Presence(a *ir.Attr) ir.Presence  { return b.form(a).Presence(a) }
func (b binary) Type(a *ir.Attr) *jen.Statement   { return b.form(a).Type(a) }
func (b binary) ByRef(a *ir.Attr) bool            { return b.form(a).ByRef(a) }
func (b binary) Row(a *ir.Attr) Row               { return b.form(a).Row(a) }

func (b binary) Put(a *ir.Attr, typ, v *jen.Statement, s *Scope) []jen.Code {
	return b.form(a).Put(a, typ, v, s)
}

func (b binary) PutOpt(a *ir.Attr, typ, v *jen.Statement, s *Scope) *jen.Statement {
	if k, ok := b.form(a).(optional); ok {
		return k.PutOpt(a, typ, v, s)
	}
	return nil
}

func (b binary) Take(a *ir.Attr, dst Dest, s *Scope) []jen.Code { return b.form(a).Take(a, dst, s) }

func (b binary) Sample(a *ir.Attr, s Samples) *jen.Statement { return b.form(a).Sample(a, s) }

// raw is bytes whose meaning the spec does not tell, and hardware addresses, which
// have any length. Byte order on them is noise that published specs have.
type raw struct {
	plain
	mac bool
}

func (raw) Reads(*ir.Attr) Keys           { return KeyByteOrder | KeyHint | KeyLength }
func (raw) Presence(*ir.Attr) ir.Presence { return ir.Bytes }
func (raw) Row(*ir.Attr) Row              { return Row{Kind: "Binary"} }

// []byte or net.HardwareAddr
func (k raw) Type(*ir.Attr) *jen.Statement {
	if k.mac {
		return jen.Qual("net", "HardwareAddr")
	}
	return jen.Index().Byte()
}

// e.Bytes(AttrX, v)
func (raw) Put(_ *ir.Attr, typ, v *jen.Statement, _ *Scope) []jen.Code {
	return one(call("e", "Bytes", typ, v))
}

// e.OptBytes(AttrX, x.F)
func (raw) PutOpt(_ *ir.Attr, typ, v *jen.Statement, _ *Scope) *jen.Statement {
	return call("e", "OptBytes", typ, v)
}

// x.F = d.Bytes()
func (raw) Take(_ *ir.Attr, dst Dest, _ *Scope) []jen.Code {
	return one(dst.Set(call("d", "Bytes")))
}

// []byte{8, 9, 10, 11, 12}
func (k raw) Sample(a *ir.Attr, _ Samples) *jen.Statement {
	length := 5
	switch {
	case k.mac:
		length = 6
	case a.Hint == ir.UUID:
		length = 16
	}
	return k.Type(a).Values(sampleBytes(a.Number, admitted(a.Checks, length))...)
}

// address is an IP address in network byte order. Its length tells v4 from v6,
// whatever the hint says. A payload of any other length is no address and stays
// as it came.
type address struct{ plain }

func (address) Reads(*ir.Attr) Keys           { return KeyByteOrder | KeyHint | KeyLength }
func (address) Presence(*ir.Attr) ir.Presence { return ir.Opt }
func (address) Row(*ir.Attr) Row              { return Row{Kind: "Binary"} }

// netip.Addr
func (address) Type(*ir.Attr) *jen.Statement { return jen.Qual("net/netip", "Addr") }

// e.Addr(AttrX, v)
func (address) Put(_ *ir.Attr, typ, v *jen.Statement, _ *Scope) []jen.Code {
	return one(call("e", "Addr", typ, v))
}

// e.OptAddr(AttrX, x.F)
func (address) PutOpt(_ *ir.Attr, typ, v *jen.Statement, _ *Scope) *jen.Statement {
	return call("e", "OptAddr", typ, v)
}

// d.OptAddr(&x.F, &x.Unknown)
//
// In an array:
//
//	if v, ok := d.Addr(); ok {
//		x.F = nlattr.Some(v)
//	} else {
//
//		x.Unknown = d.Unknown(x.Unknown)
//	}
func (address) Take(_ *ir.Attr, dst Dest, _ *Scope) []jen.Code {
	if dst.Opt != nil {
		return one(call("d", "OptAddr", jen.Op("&").Add(dst.Opt), unknown()))
	}
	return one(jen.If(
		jen.List(jen.Id("v"), jen.Id("ok")).Op(":=").Add(call("d", "Addr")),
		jen.Id("ok"),
	).Block(dst.Set(jen.Id("v"))).Else().Block(dst.Misfit))
}

func (address) Check(a *ir.Attr, r *diag.Report) {
	if !admits(a.Checks, 4) && !admits(a.Checks, 16) {
		r.Errorf(a.Pos, "attribute %q: its checks admit no length of an address, 4 or 16 bytes", a.Name)
	}
}

func (address) Sample(a *ir.Attr, _ Samples) *jen.Statement {
	six := a.Hint == ir.IPv6 || a.Hint == ir.IPv4OrV6 && a.Number%2 == 0
	if six {
		six = admits(a.Checks, 16)
	} else {
		six = !admits(a.Checks, 4)
	}
	return sampleAddr(a.Number, six)
}
