package kind

import (
	"strconv"

	"github.com/dave/jennifer/jen"

	"github.com/nlgen/nlgen/gen/diag"
	"github.com/nlgen/nlgen/gen/ir"
)

func init() { register("nest-type-value", typeValue{}) }

// maxLevels is how many levels can be encoded: nests are at most 32 deep
// (nlattr.MaxDepth), and the attribute itself is one.
const maxLevels = 31

// typeValue is nests in nests whose attribute numbers carry values: one level for
// each name in type-value, then the attributes of a set.
type typeValue struct{ plain }

func (typeValue) Reads(*ir.Attr) Keys           { return KeyNested | KeyTypeValue }
func (typeValue) Presence(*ir.Attr) ir.Presence { return ir.Slice }

func (typeValue) Row(a *ir.Attr) Row {
	return Row{Kind: "NestTypeValue", Nested: a.Nested, Levels: a.Levels}
}

func (typeValue) Check(a *ir.Attr, r *diag.Report) {
	checkNested(a, r)
	switch n := len(a.Levels); {
	case n == 0:
		r.Errorf(a.Pos, "attribute %q of type nest-type-value needs type-value", a.Name)
	case n > maxLevels:
		r.Errorf(a.Pos, "attribute %q has %d levels; there is room for %d", a.Name, n, maxLevels)
	}
}

// entry is the Go type of what stands so many levels down, the first being 0.
func (k typeValue) entry(a *ir.Attr, level int) *jen.Statement {
	if level == len(a.Levels)-1 {
		return jen.Qual(Nlattr, "Indexed").Types(jen.Id(a.Nested.Go))
	}
	return jen.Qual(Nlattr, "Indexed").Types(jen.Index().Add(k.entry(a, level+1)))
}

// []nlattr.Indexed[[]nlattr.Indexed[T]]
func (k typeValue) Type(a *ir.Attr) *jen.Statement { return jen.Index().Add(k.entry(a, 0)) }

// array := e.Begin(AttrX)
//
//	for i0 := range v {
//		entry0 := e.BeginEntry(v[i0].Index)
//		for i1 := range v[i0].V {
//			v[i0].V[i1].V.encode(e, e.Entry(v[i0].V[i1].Index))
//		}
//		e.End(entry0)
//	}
//
// e.End(array)
func (k typeValue) Put(a *ir.Attr, typ, v *jen.Statement, s *Scope) []jen.Code {
	return []jen.Code{
		jen.Id("array").Op(":=").Add(call("e", "Begin", typ)),
		k.put(a, v, s, 0),
		call("e", "End", jen.Id("array")),
	}
}

func (k typeValue) put(a *ir.Attr, v *jen.Statement, s *Scope, level int) jen.Code {
	i, entry := "i"+strconv.Itoa(level), "entry"+strconv.Itoa(level)
	at := v.Clone().Index(jen.Id(i))
	index, content := at.Clone().Dot("Index"), at.Clone().Dot("V")
	loop := jen.For(jen.Id(i).Op(":=").Range().Add(v))
	if level == len(a.Levels)-1 {
		return loop.Block(nest{}.Put(a, call("e", "Entry", index), content, s)...)
	}
	return loop.Block(
		jen.Id(entry).Op(":=").Add(call("e", "BeginEntry", index)),
		k.put(a, content, s, level+1),
		call("e", "End", jen.Id(entry)),
	)
}

// list0 := nlattr.MakeSlice[nlattr.Indexed[[]nlattr.Indexed[T]]](d, d.Members())
// array0 := d.Enter()
//
//	for d.Next() {
//		entry0 := nlattr.Indexed[[]nlattr.Indexed[T]]{Index: d.Type()}
//		list1 := nlattr.MakeSlice[nlattr.Indexed[T]](d, d.Members())
//		array1 := d.Enter()
//		for d.Next() {
//			...
//		}
//		d.Leave(array1)
//		entry0.V = list1
//		list0 = append(list0, entry0)
//	}
//
//	if d.Close(array0, &x.Unknown) {
//		x.F = list0
//	}
func (k typeValue) Take(a *ir.Attr, dst Dest, s *Scope) []jen.Code {
	return append(k.take(a, s, 0), closeList("array0", "list0", dst))
}

func (k typeValue) take(a *ir.Attr, s *Scope, level int) []jen.Code {
	n := strconv.Itoa(level)
	list, array, entry := "list"+n, "array"+n, "entry"+n
	var body []jen.Code
	if level == len(a.Levels)-1 {
		end := jen.Id(list).Index(jen.Len(jen.Id(list)).Op("-").Lit(1))
		body = []jen.Code{
			jen.Id(list).Op("=").Append(jen.Id(list), k.entry(a, level).Values(jen.Id("Index").Op(":").Add(call("d", "Type")))),
			orFail(decodeNest(a.Nested, end.Dot("V"), jen.Nil(), s)),
		}
	} else {
		body = append(body, jen.Id(entry).Op(":=").Add(k.entry(a, level)).Values(jen.Id("Index").Op(":").Add(call("d", "Type"))))
		body = append(body, k.take(a, s, level+1)...)
		body = append(body,
			call("d", "Leave", jen.Id("array"+strconv.Itoa(level+1))),
			jen.Id(entry).Dot("V").Op("=").Id("list"+strconv.Itoa(level+1)),
			jen.Id(list).Op("=").Append(jen.Id(list), jen.Id(entry)))
	}
	return []jen.Code{
		jen.Id(list).Op(":=").Qual(Nlattr, "MakeSlice").Types(k.entry(a, level)).Call(jen.Id("d"), call("d", "Members")),
		jen.Id(array).Op(":=").Add(call("d", "Enter")),
		jen.For(call("d", "Next")).Block(body...),
	}
}

// []nlattr.Indexed[[]nlattr.Indexed[T]]{{Index: 1, V: []nlattr.Indexed[T]{{Index: 2, V: *sampleT()}}}}
func (k typeValue) Sample(a *ir.Attr, s Samples) *jen.Statement { return k.sample(a, s, 0) }

func (k typeValue) sample(a *ir.Attr, s Samples, level int) *jen.Statement {
	v := jen.Op("*").Add(s.Set(a.Nested))
	if level < len(a.Levels)-1 {
		v = k.sample(a, s, level+1)
	}
	return jen.Index().Add(k.entry(a, level)).Values(jen.Values(
		jen.Id("Index").Op(":").Lit(level+1), jen.Id("V").Op(":").Add(v)))
}
