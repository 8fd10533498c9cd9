package kind

import (
	"github.com/dave/jennifer/jen"

	"github.com/nlgen/nlgen/gen/ir"
)

func init() { register("flag", flag{}) }

// flag is an attribute without payload: its presence is the value.
type flag struct{ plain }

func (flag) Presence(*ir.Attr) ir.Presence { return ir.Bool }
func (flag) Type(*ir.Attr) *jen.Statement  { return jen.Bool() }
func (flag) Row(*ir.Attr) Row              { return Row{Kind: "Flag"} }

// e.Flag(AttrX)
func (flag) Put(_ *ir.Attr, typ, _ *jen.Statement, _ *Scope) []jen.Code {
	return one(call("e", "Flag", typ))
}

// e.OptFlag(AttrX, x.F)
func (flag) PutOpt(_ *ir.Attr, typ, v *jen.Statement, _ *Scope) *jen.Statement {
	return call("e", "OptFlag", typ, v)
}

// x.F = true
func (flag) Take(_ *ir.Attr, dst Dest, _ *Scope) []jen.Code { return one(dst.Set(jen.True())) }

func (flag) Sample(*ir.Attr, Samples) *jen.Statement { return jen.True() }
