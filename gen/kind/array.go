package kind

import (
	"github.com/dave/jennifer/jen"

	"github.com/nlgen/nlgen/gen/diag"
	"github.com/nlgen/nlgen/gen/ir"
)

// array is a binary that holds integers side by side. Byte order and enum are
// those of the elements.
type array struct{ plain }

func (array) Reads(*ir.Attr) Keys {
	return KeyByteOrder | KeySubType | KeyEnum | KeyHint | KeyLength
}

func (array) Presence(*ir.Attr) ir.Presence { return ir.Slice }

func (array) Row(a *ir.Attr) Row {
	return Row{Kind: "Binary", Elem: Of(element(a)).Row(element(a)).Kind}
}

func (k array) Check(a *ir.Attr, r *diag.Report) {
	if _, ok := kinds[a.Elem].(integer); !ok {
		r.Errorf(a.Pos, "attribute %q: a packed array has integers of a fixed width, not sub-type %s", a.Name, a.Elem)
	} else if !admits(a.Checks, k.length(a)) {
		r.Errorf(a.Pos, "attribute %q: its checks admit no length of an array of %s", a.Name, a.Elem)
	}
}

// length is how many bytes an array with some elements has, within the checks.
func (k array) length(a *ir.Attr) int {
	size := k.elem(a).bits / 8
	n := admitted(a.Checks, 2*size) / size * size
	if !admits(a.Checks, n) {
		n += size
	}
	return n
}

// elem returns the integers that the array consists of.
func (array) elem(a *ir.Attr) integer { return kinds[a.Elem].(integer) }

// goType is the Go type of an element.
func (k array) goType(a *ir.Attr) *jen.Statement {
	if enumTyped(a) {
		return jen.Id(a.Enum.Go)
	}
	return k.wire(a)
}

// wire is the Go type of an element on the wire.
func (k array) wire(a *ir.Attr) *jen.Statement {
	e := k.elem(a)
	return jen.Id(goInt(e.bits, e.signed))
}

// order is the end of the functions for the array's byte order.
func (k array) order(a *ir.Attr) string {
	if k.elem(a).bits == 8 {
		return ""
	}
	return Suffix(a.Order)
}

// []uint32
func (k array) Type(a *ir.Attr) *jen.Statement { return jen.Index().Add(k.goType(a)) }

// nlattr.PutArray[uint32](e, AttrX, v)
func (k array) Put(a *ir.Attr, typ, v *jen.Statement, _ *Scope) []jen.Code {
	return one(jen.Qual(Nlattr, "PutArray"+k.order(a)).Types(k.wire(a)).Call(jen.Id("e"), typ, v))
}

// nlattr.OptArray[uint32](e, AttrX, x.F)
func (k array) PutOpt(a *ir.Attr, typ, v *jen.Statement, _ *Scope) *jen.Statement {
	return jen.Qual(Nlattr, "OptArray"+k.order(a)).Types(k.wire(a)).Call(jen.Id("e"), typ, v)
}

// x.F = nlattr.Array[uint32, uint32](d)
func (k array) Take(a *ir.Attr, dst Dest, _ *Scope) []jen.Code {
	return one(dst.Set(jen.Qual(Nlattr, "Array"+k.order(a)).Types(k.wire(a), k.goType(a)).Call(jen.Id("d"))))
}

// []uint32{0x10203001, 0x10203002}
func (k array) Sample(a *ir.Attr, _ Samples) *jen.Statement {
	e := k.elem(a)
	list := make([]jen.Code, k.length(a)*8/e.bits)
	for i := range list {
		at := *a
		at.Number += uint16(i)
		at.Checks = nil
		list[i] = sampleInt(&at, e.bits, e.signed)
	}
	return k.Type(a).Values(list...)
}
