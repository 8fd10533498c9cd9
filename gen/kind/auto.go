package kind

import (
	"github.com/dave/jennifer/jen"

	"github.com/nlgen/nlgen/gen/ir"
)

func init() {
	register("uint", auto{})
	register("sint", auto{signed: true})
}

// auto is uint and sint: four bytes where the value fits, else eight.
type auto struct {
	plain
	signed bool
}

func (auto) Reads(*ir.Attr) Keys           { return KeyByteOrder | KeyEnum | KeyHint | KeyRange }
func (auto) Presence(*ir.Attr) ir.Presence { return ir.Opt }

func (k auto) Row(*ir.Attr) Row {
	if k.signed {
		return Row{Kind: "Sint"}
	}
	return Row{Kind: "Uint"}
}

// uint64 or PortType
func (k auto) Type(a *ir.Attr) *jen.Statement {
	if enumTyped(a) {
		return jen.Id(a.Enum.Go)
	}
	return jen.Id(goInt(64, k.signed))
}

// e.Uint(AttrX, v)
// e.Uint(AttrX, uint64(v))   with an enum
func (k auto) Put(a *ir.Attr, typ, v *jen.Statement, _ *Scope) []jen.Code {
	return one(call("e", k.method(a), typ, onWire(a, 64, k.signed, typ, v)))
}

// e.OptUint(AttrX, x.F)
// nlattr.OptEnumUint(e, AttrX, x.F)   with an enum
func (k auto) PutOpt(a *ir.Attr, typ, v *jen.Statement, _ *Scope) *jen.Statement {
	return optInteger(a, 64, k.method(a), k.method(a), typ, v)
}

// x.F = d.OptUint()
// x.F = nlattr.Some(PortType(d.Uint()))   with an enum
func (k auto) Take(a *ir.Attr, dst Dest, _ *Scope) []jen.Code {
	if !enumTyped(a) {
		return takeOpt(dst, k.method(a))
	}
	return one(dst.Set(inGo(a, call("d", k.method(a)))))
}

// method is Uint, IntBE.
func (k auto) method(a *ir.Attr) string {
	if k.signed {
		return "Int" + Suffix(a.Order)
	}
	return "Uint" + Suffix(a.Order)
}

func (k auto) Sample(a *ir.Attr, _ Samples) *jen.Statement { return sampleInt(a, 0, k.signed) }

func (k auto) Text(a *ir.Attr, opt *jen.Statement) *jen.Statement { return numberText(a, opt) }

func (k auto) FromText(a *ir.Attr, text *jen.Statement) *jen.Statement {
	return numberFromText(a, goInt(64, k.signed), text)
}

func (auto) Choose(a *ir.Attr, text string) (*jen.Statement, bool) { return chooseNumber(a, text) }
