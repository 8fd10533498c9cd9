package emit

import (
	"strconv"
	"strings"

	"github.com/dave/jennifer/jen"

	"github.com/nlgen/nlgen/gen/ir"
)

// consts emits the constants of the spec, and the numbers of operations, groups
// and attributes.
func (g *generator) consts() []jen.Code {
	var decls []jen.Code
	for _, c := range g.f.Consts {
		if !c.Kernel {
			decls = append(decls, constant(c))
		}
	}
	decls = append(decls, g.commands()...)
	decls = append(decls, g.groups()...)
	for _, s := range g.f.Sets {
		decls = append(decls, g.attrNumbers(s)...)
	}
	return decls
}

// const KeyLen = 32
func constant(c *ir.Const) jen.Code {
	value := jen.Lit(c.Text)
	switch {
	case c.IsString:
	case c.Unsigned:
		value = jen.Id(strconv.FormatUint(uint64(c.Value), 10))
	default:
		value = jen.Id(strconv.FormatInt(c.Value, 10))
	}
	return decl(doc(c.Go+" is the constant "+clean(c.Name), c.Doc), jen.Const().Id(c.Go).Op("=").Add(value))
}

// const (
//
//	CmdAdd uint16 = 1
//
// )
func (g *generator) commands() []jen.Code {
	var rows []jen.Code
	for _, op := range g.f.Ops {
		text := op.Doc
		if g.methodTells(op) {
			text = ""
		}
		rows = append(rows, row(jen.Id(op.Const).Uint16().Op("=").Lit(int(op.Number)), text)...)
	}
	if len(rows) == 0 {
		return nil
	}
	what := "The numbers of the operations: message types"
	if g.f.Generic() {
		what = "The numbers of the operations: commands in struct genlmsghdr"
	}
	return []jen.Code{decl(doc(what+cNames(g.f.OpPrefix, ""), ""), jen.Const().Defs(rows...))}
}

// var GroupLink = nlconn.Group{Name: "rtnlgrp-link", ID: 1}
func (g *generator) groups() []jen.Code {
	var rows []jen.Code
	for _, gr := range g.f.Groups {
		value := []jen.Code{jen.Id("Name").Op(":").Lit(gr.Name)}
		if gr.ID != 0 {
			value = append(value, jen.Id("ID").Op(":").Lit(int(gr.ID)))
		}
		rows = append(rows, row(jen.Id(gr.Go).Op("=").Qual(nlconn, "Group").Values(value...), g.carries(gr))...)
	}
	if len(rows) == 0 {
		return nil
	}
	what := "The multicast groups of the family"
	if len(g.f.Events) > 0 {
		what += ", for [Client.Subscribe]"
	}
	return []jen.Code{decl(doc(what, ""), jen.Var().Defs(rows...))}
}

// carries lists the notifications that come through a group, as far as the spec tells.
func (g *generator) carries(gr *ir.Group) string {
	var names []string
	for _, e := range g.f.Events {
		if e.Op.Group == gr {
			names = append(names, "["+e.Go+"]")
		}
	}
	if len(names) == 0 {
		return ""
	}
	return "carries " + strings.Join(names, ", ")
}

// attrNumbers emits the numbers of a set's attributes. A subset has those of its
// parent.
func (g *generator) attrNumbers(s *ir.Set) []jen.Code {
	if s.Parent != nil || len(s.Attrs) == 0 {
		return nil
	}
	var rows []jen.Code
	for _, a := range s.Attrs {
		text := attrDoc(a)
		if !g.constTells(a) {
			text = ""
		}
		rows = append(rows, row(jen.Id(a.Const).Uint16().Op("=").Lit(int(a.Number)), text)...)
	}
	intro := doc("The numbers of the attributes in the set "+clean(s.Name)+cNames(s.Prefix, s.Doc), s.Doc)
	if g.typed[s] {
		intro = doc("The attributes of ["+s.Go+"]"+cNames(s.Prefix, ""), "")
	}
	return []jen.Code{decl(intro, jen.Const().Defs(rows...))}
}
