package kind

import (
	"fmt"
	"strings"

	"github.com/dave/jennifer/jen"

	"github.com/nlgen/nlgen/gen/ir"
)

func init() { register("string", str{}) }

// str is text. The NUL byte at its end is no part of it.
type str struct{ plain }

func (str) Reads(*ir.Attr) Keys           { return KeyLength | KeyUnterminated }
func (str) Presence(*ir.Attr) ir.Presence { return ir.Opt }
func (str) Type(*ir.Attr) *jen.Statement  { return jen.String() }
func (str) Row(*ir.Attr) Row              { return Row{Kind: "String"} }

// e.String(AttrX, v)
// e.PaddedText(AttrX, v, 16)   with exact-len
func (str) Put(a *ir.Attr, typ, v *jen.Statement, _ *Scope) []jen.Code {
	if a.Checks != nil && a.Checks.ExactLen != nil {
		return one(call("e", "PaddedText", typ, v, jen.Lit(*a.Checks.ExactLen)))
	}
	return one(call("e", "String", typ, v))
}

// e.OptString(AttrX, x.F)
// e.OptPaddedText(AttrX, x.F, 16)   with exact-len
func (str) PutOpt(a *ir.Attr, typ, v *jen.Statement, _ *Scope) *jen.Statement {
	if a.Checks != nil && a.Checks.ExactLen != nil {
		return call("e", "OptPaddedText", typ, v, jen.Lit(*a.Checks.ExactLen))
	}
	return call("e", "OptString", typ, v)
}

// x.F = d.OptString()
func (str) Take(_ *ir.Attr, dst Dest, _ *Scope) []jen.Code { return takeOpt(dst, "String") }

// "name-7"
func (str) Sample(a *ir.Attr, _ Samples) *jen.Statement {
	s := fmt.Sprintf("text-%d", a.Number)
	n := admitted(a.Checks, len(s))
	if n < len(s) {
		s = s[len(s)-n:] // the end tells attributes apart
	}
	return jen.Lit(s + strings.Repeat("z", n-len(s)))
}

// x.Kind.V
func (str) Text(_ *ir.Attr, opt *jen.Statement) *jen.Statement { return opt.Dot("V") }

func (str) FromText(_ *ir.Attr, text *jen.Statement) *jen.Statement { return text }

func (str) Choose(_ *ir.Attr, text string) (*jen.Statement, bool) { return jen.Lit(text), true }
