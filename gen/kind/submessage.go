package kind

import (
	"github.com/dave/jennifer/jen"

	"github.com/nlgen/nlgen/gen/diag"
	"github.com/nlgen/nlgen/gen/ir"
)

func init() { register("sub-message", subMessage{}) }

// subMessage is a payload whose form another attribute chooses. Its Go type is an
// interface with one type for each form.
type subMessage struct{ plain }

func (subMessage) Reads(*ir.Attr) Keys            { return KeySubMessage }
func (subMessage) Presence(*ir.Attr) ir.Presence  { return ir.Iface }
func (subMessage) Type(a *ir.Attr) *jen.Statement { return jen.Id(a.Sub.Go) }
func (subMessage) Row(a *ir.Attr) Row             { return Row{Kind: "SubMessage", Sub: a.Sub} }

func (subMessage) Check(a *ir.Attr, r *diag.Report) {
	switch {
	case a.Sub == nil:
		r.Errorf(a.Pos, "attribute %q of type sub-message needs sub-message", a.Name)
	case a.Selector == nil:
		r.Errorf(a.Pos, "attribute %q of type sub-message needs a selector", a.Name)
	case a.Selector.Attr != nil && !CanSelect(a.Selector.Attr):
		r.Errorf(a.Pos, "attribute %q: the selector %q must be a string, or an integer that is no set of flags", a.Name, a.Selector.Name)
	}
}

// args returns the selector and what the formats need from enclosing sets.
func (subMessage) args(a *ir.Attr, s *Scope) []jen.Code {
	args := []jen.Code{s.Selector(a.Selector.Name)}
	for _, name := range SubOuter(a.Sub) {
		args = append(args, s.Selector(name))
	}
	return args
}

// encodeLinkinfoData(e, AttrX, kind.V, v)
func (k subMessage) Put(a *ir.Attr, typ, v *jen.Statement, s *Scope) []jen.Code {
	args := append([]jen.Code{jen.Id("e"), typ}, k.args(a, s)...)
	return one(jen.Id("encode" + a.Sub.Go).Call(append(args, v)...))
}

// x.F = decodeLinkinfoData(d, x.Kind.V)
func (k subMessage) Take(a *ir.Attr, dst Dest, s *Scope) []jen.Code {
	return one(dst.Set(jen.Id("decode" + a.Sub.Go).Call(append([]jen.Code{jen.Id("d")}, k.args(a, s)...)...)))
}

func (subMessage) Sample(a *ir.Attr, s Samples) *jen.Statement { return s.Sub(a) }
