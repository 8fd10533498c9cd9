package kind

import (
	"github.com/dave/jennifer/jen"

	"github.com/nlgen/nlgen/gen/diag"
	"github.com/nlgen/nlgen/gen/ir"
)

func init() { register("bitfield32", bitfield32{}) }

// bitfield32 is a set of flags together with the flags that are meant (struct
// nla_bitfield32). An enum names the bits.
type bitfield32 struct{ plain }

func (bitfield32) Reads(*ir.Attr) Keys           { return KeyEnum }
func (bitfield32) Check(*ir.Attr, *diag.Report)  {}
func (bitfield32) Presence(*ir.Attr) ir.Presence { return ir.Opt }
func (bitfield32) Row(*ir.Attr) Row              { return Row{Kind: "Bitfield32"} }

// nlattr.Bitfield32
func (bitfield32) Type(*ir.Attr) *jen.Statement { return jen.Qual(Nlattr, "Bitfield32") }

// e.Bitfield32(AttrX, v)
func (bitfield32) Put(_ *ir.Attr, typ, v *jen.Statement, _ *Scope) []jen.Code {
	return one(call("e", "Bitfield32", typ, v))
}

// e.OptBitfield32(AttrX, x.F)
func (bitfield32) PutOpt(_ *ir.Attr, typ, v *jen.Statement, _ *Scope) *jen.Statement {
	return call("e", "OptBitfield32", typ, v)
}

// x.F = d.OptBitfield32()
func (bitfield32) Take(_ *ir.Attr, dst Dest, _ *Scope) []jen.Code {
	return takeOpt(dst, "Bitfield32")
}

// nlattr.Bitfield32{Value: 1, Selector: 5}
func (bitfield32) Sample(a *ir.Attr, _ Samples) *jen.Statement {
	selector := uint64(a.Number) | 1
	if a.Enum != nil {
		selector = 0
		for _, e := range a.Enum.Entries {
			bit := e.Value
			if !a.Enum.Flags {
				bit = 1 << (e.Value & 63)
			}
			selector |= bit & 0xffffffff
		}
	}
	value := selector & -selector
	return jen.Qual(Nlattr, "Bitfield32").Values(
		jen.Id("Value").Op(":").Lit(int(value)), jen.Id("Selector").Op(":").Add(number(selector)))
}
