package emit

import (
	"github.com/dave/jennifer/jen"

	"github.com/nlgen/nlgen/gen/ir"
)

// client emits the family, its operations and the client with a method for each.
func (g *generator) client() []jen.Code {
	decls := []jen.Code{g.family()}
	var ops []jen.Code
	for _, op := range g.f.Ops {
		if op.Do != nil || op.Dump != nil {
			ops = append(ops, operation(op))
		}
	}
	if len(ops) > 0 {
		decls = append(decls, decl(comments([]string{"// The operations of the family."}), jen.Var().Defs(ops...)))
	}
	decls = append(decls, group(
		comments(wrap("Client calls the operations of the family "+clean(g.f.Name)+" over a connection. It may be used by several goroutines at a time.", commentWidth-3)),
		[]jen.Code{
			jen.Type().Id("Client").Struct(jen.Id("conn").Op("*").Qual(nlconn, "Conn")),
			jen.Line(),
			jen.Comment("// New returns a client that uses conn. It has no state of its own."),
			jen.Func().Id("New").Params(jen.Id("conn").Op("*").Qual(nlconn, "Conn")).Op("*").Id("Client").Block(
				jen.Return(jen.Op("&").Id("Client").Values(key("conn", jen.Id("conn"))))),
		}))
	for _, op := range g.f.Ops {
		if op.Do != nil {
			decls = append(decls, doMethod(op))
		}
		if op.Dump != nil && op.Reply != nil {
			decls = append(decls, dumpMethods(op)...)
		}
	}
	return decls
}

// var Family = nlconn.Family{Name: "fou", Protocol: 16, Generic: true, Version: 1}
func (g *generator) family() jen.Code {
	values := []jen.Code{key("Name", jen.Lit(g.f.Name)), key("Protocol", jen.Lit(g.f.Protocol))}
	if g.f.Generic() {
		values = append(values, key("Generic", jen.True()), key("Version", jen.Lit(g.f.Version)))
	}
	var private []jen.Code
	for _, e := range g.f.Events {
		if e.Private {
			private = append(private, number(e.Op, e.Number))
		}
	}
	if len(private) > 0 {
		values = append(values, key("Private", jen.Index().Uint16().Values(private...)))
	}
	if g.f.Errors != nil {
		values = append(values, key("Errors", address("enum"+g.f.Errors.Go)))
	}
	if g.f.Unicast() {
		values = append(values, key("Unicast", jen.True()))
	}
	return decl(comments(wrap("Family is the netlink family "+clean(g.f.Name)+".", commentWidth-3)),
		jen.Var().Id("Family").Op("=").Qual(nlconn, "Family").Values(values...))
}

// OpAdd = nlconn.Operation{Family: &Family, Name: "add", Request: CmdAdd, Policy: &policyAddRequest}
func operation(op *ir.Op) jen.Code {
	values := []jen.Code{key("Family", address("Family")), key("Name", jen.Lit(op.Name))}
	add := func(name string, v jen.Code) { values = append(values, key(name, v)) }
	first := op.Do
	if first == nil {
		first = op.Dump
	}
	add("Request", number(op, first.RequestNumber))
	if op.Do != nil && op.Dump != nil && op.Dump.RequestNumber != op.Do.RequestNumber {
		add("DumpRequest", jen.Lit(int(op.Dump.RequestNumber)))
	}
	if op.Do != nil && op.Do.HasReply {
		add("Reply", number(op, op.Do.ReplyNumber))
	}
	if op.Dump != nil && op.Dump.HasReply && (op.Do == nil || !op.Do.HasReply || op.Do.ReplyNumber != op.Dump.ReplyNumber) {
		add("DumpReply", number(op, op.Dump.ReplyNumber))
	}
	if op.Single {
		add("Single", jen.True())
	}
	add("Policy", address(policyName(first.Request)))
	if op.Do != nil && op.Dump != nil {
		add("DumpPolicy", address(policyName(op.Dump.Request)))
	}
	if op.Reply != nil {
		add("ReplyPolicy", address(policyName(op.Reply)))
	}
	if lenient(op) {
		add("Mode", mode(op))
	}
	return jen.Id("Op"+op.Go).Op("=").Qual(nlconn, "Operation").Values(values...)
}

// number is the operation's constant where it holds n.
func number(op *ir.Op, n uint16) *jen.Statement {
	if op.Number == n {
		return jen.Id(op.Const)
	}
	return jen.Lit(int(n))
}

// clientMethod starts func (c *Client) name(ctx context.Context, req *T.
func clientMethod(name string, req *ir.Message, more ...jen.Code) *jen.Statement {
	params := []jen.Code{
		jen.Id("ctx").Qual("context", "Context"),
		jen.Id("req").Op("*").Id(req.Go),
	}
	params = append(params, more...)
	params = append(params, jen.Id("opts").Op("...").Qual(nlconn, "CallOption"))
	return jen.Func().Params(jen.Id("c").Op("*").Id("Client")).Id(name).Params(params...)
}

// connCall is nlconn.F(ctx, c.conn, &OpAdd, req, opts...).
func connCall(f *jen.Statement, op *ir.Op, more ...jen.Code) *jen.Statement {
	args := []jen.Code{jen.Id("ctx"), jen.Id("c").Dot("conn"), address("Op" + op.Go), jen.Id("req")}
	args = append(args, more...)
	return f.Call(append(args, jen.Id("opts").Op("..."))...)
}

func rights(op *ir.Op) string {
	switch {
	case op.AdminPerm:
		return "It needs CAP_NET_ADMIN in the initial user namespace."
	case op.NetAdmin:
		return "It needs CAP_NET_ADMIN in the user namespace of the network namespace."
	}
	return ""
}

// methodDoc is what the spec says about the operation, and whom the kernel lets
// do it.
func methodDoc(intro string, op *ir.Op) []jen.Code {
	text := op.Doc
	if r := rights(op); r != "" {
		text += "\n\n" + r
	}
	return doc(intro, text)
}

//	func (c *Client) Add(ctx context.Context, req *AddRequest, opts ...nlconn.CallOption) error {
//		return nlconn.Exec(ctx, c.conn, &OpAdd, req, opts...)
//	}
//
// With a reply it returns (*AddReply, error).
func doMethod(op *ir.Op) jen.Code {
	m := clientMethod(op.Go, op.Do.Request)
	intro := methodDoc(op.Go+" does the operation "+clean(op.Name), op)
	if !op.Do.HasReply || op.Reply == nil {
		return decl(intro, m.Error().Block(jen.Return(connCall(jen.Qual(nlconn, "Exec"), op))))
	}
	reply := jen.Id(op.Reply.Go)
	return decl(intro, m.Params(jen.Op("*").Add(reply), jen.Error()).Block(
		jen.Return(connCall(jen.Qual(nlconn, "Do").Types(reply), op))))
}

// dumpMethods emits the three ways to take in a dump.
func dumpMethods(op *ir.Op) []jen.Code {
	reply := jen.Id(op.Reply.Go)
	list := jen.Qual("iter", "Seq2").Types(jen.Op("*").Add(reply), jen.Error())
	req := op.Dump.Request
	name := op.Go + "Dump"
	intro := methodDoc(name+" is the dump of the operation "+clean(op.Name), op)
	if op.Do != nil {
		intro = doc(name+" is [Client."+op.Go+"] as a dump", "")
	}
	into := doc(name+"Into is [Client."+name+"] into the memory of *reply, see [nlconn.DumpInto]", "")
	collect := doc(op.Go+"Collect is [Client."+name+"] into a slice, see [nlconn.Collect]", "")
	return []jen.Code{
		decl(intro,
			clientMethod(name, req).Add(list).Block(jen.Return(connCall(jen.Qual(nlconn, "Dump").Types(reply), op)))),
		decl(into,
			clientMethod(name+"Into", req, jen.Id("reply").Op("*").Add(reply)).Qual("iter", "Seq").Types(jen.Error()).Block(
				jen.Return(connCall(jen.Qual(nlconn, "DumpInto"), op, jen.Id("reply"))))),
		decl(collect,
			clientMethod(op.Go+"Collect", req).Params(jen.Index().Op("*").Add(reply), jen.Error()).Block(
				jen.Return(connCall(jen.Qual(nlconn, "Collect").Types(reply), op)))),
	}
}
