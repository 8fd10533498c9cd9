package kind

import (
	"github.com/dave/jennifer/jen"

	"github.com/nlgen/nlgen/gen/ir"
)

func init() { register("pad", pad{never{row: "Pad"}}) }

// pad is the attribute that kernels insert in front of a 64-bit payload. It has
// no value and is never sent.
type pad struct{ never }

// never is embedded by kinds that no field stands for. Their attributes are
// skipped when they are read.
type never struct {
	plain
	row string
}

func (never) Presence(*ir.Attr) ir.Presence { return ir.Never }
func (never) Type(*ir.Attr) *jen.Statement  { return jen.Struct() }
func (n never) Row(*ir.Attr) Row            { return Row{Kind: n.row} }

func (never) Put(*ir.Attr, *jen.Statement, *jen.Statement, *Scope) []jen.Code { return nil }
func (never) Take(*ir.Attr, Dest, *Scope) []jen.Code                          { return nil }
func (never) Sample(*ir.Attr, Samples) *jen.Statement                         { return nil }
