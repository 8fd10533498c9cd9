package emit

import (
	"github.com/dave/jennifer/jen"

	"github.com/nlgen/nlgen/gen/ir"
)

// server emits the other side of the client: the interface of what carries out
// the operations, one that refuses them all, and what puts it behind a socket.
func (g *generator) server() []jen.Code {
	methods := g.served()
	if len(methods) == 0 {
		return nil
	}
	name := clean(g.f.Name)
	var declared, bound []jen.Code
	for _, m := range methods {
		declared = append(declared, m.signature())
		bound = append(bound, jen.Line().Add(m.bind()))
	}
	bound = append(bound, jen.Line())
	service := []jen.Code{key("Family", address("Family")), jen.Line().Add(key("Methods", jen.Index().Qual(nlserve, "Method").Values(bound...)))}
	if len(g.f.Groups) > 0 {
		var groups []jen.Code
		for _, gr := range g.f.Groups {
			groups = append(groups, jen.Id(gr.Go))
		}
		service = append(service, jen.Line().Add(key("Groups", jen.Index().Qual(nlconn, "Group").Values(groups...))))
	}
	service = append(service, jen.Line())

	decls := []jen.Code{
		decl(comments(wrap("Handler carries out the operations of the family "+name+". Its methods are those of Client. A request was "+
			"checked against its policy, and is the handler's to keep. Package nlserve says which errors a client gets to see.", commentWidth-3)),
			jen.Type().Id("Handler").Interface(declared...)),
		decl(comments(wrap("UnimplementedHandler refuses every operation with EOPNOTSUPP. What implements Handler embeds it, so that it "+
			"need not have all methods, nor those that a later spec adds.", commentWidth-3)),
			jen.Type().Id("UnimplementedHandler").Struct()),
	}
	for _, m := range methods {
		decls = append(decls, decl(comments([]string{"// " + m.name + " refuses."}),
			jen.Func().Params(jen.Id("UnimplementedHandler")).Add(m.signature()).Block(jen.Return(m.refusal()...))))
	}
	return append(decls,
		decl(comments(wrap("NewService returns the family, carried out by a handler, for an nlserve.Server or an nltest.Kernel.", commentWidth-3)),
			jen.Func().Id("NewService").Params(jen.Id("h").Id("Handler")).Qual(nlserve, "Service").Block(
				jen.Return(jen.Qual(nlserve, "Service").Values(service...)))),
		decl(comments(wrap("Serve answers the requests that come through a socket, such as that of nlserve.Listen, until ctx ends or the "+
			"socket is closed.", commentWidth-3)),
			jen.Func().Id("Serve").Params(jen.Id("ctx").Qual("context", "Context"), jen.Id("sock").Qual(nlserve, "Socket"), jen.Id("h").Id("Handler")).Error().Block(
				jen.Return(jen.Qual(nlserve, "Serve").Call(jen.Id("ctx"), jen.Id("sock"), jen.Id("NewService").Call(jen.Id("h")))))))
}

// A served operation is one method of a handler: a do or a dump.
type served struct {
	op   *ir.Op
	name string
	dump bool
}

// served lists the methods of a handler: those of the client. Where several
// operations share a number no server can tell them apart, and the first stands
// for all.
func (g *generator) served() []served {
	type which struct {
		number uint16
		dump   bool
	}
	var list []served
	taken := map[which]bool{}
	add := func(op *ir.Op, name string, m *ir.Mode, dump bool) {
		if w := (which{m.RequestNumber, dump}); !taken[w] {
			taken[w] = true
			list = append(list, served{op, name, dump})
		}
	}
	for _, op := range g.f.Ops {
		if op.Do != nil {
			add(op, op.Go, op.Do, false)
		}
		if op.Dump != nil && op.Reply != nil {
			add(op, op.Go+"Dump", op.Dump, true)
		}
	}
	return list
}

func (m *served) replies() bool { return m.dump || m.op.Do.HasReply && m.op.Reply != nil }

func (m *served) request() *ir.Message {
	if m.dump {
		return m.op.Dump.Request
	}
	return m.op.Do.Request
}

// Getaddr(ctx context.Context, req *GetaddrRequest) (*GetaddrReply, error)
func (m *served) signature() *jen.Statement {
	s := jen.Id(m.name).Params(jen.Id("ctx").Qual("context", "Context"), jen.Id("req").Op("*").Id(m.request().Go))
	switch {
	case m.dump:
		return s.Qual("iter", "Seq2").Types(m.reply(), jen.Error())
	case m.replies():
		return s.Params(m.reply(), jen.Error())
	}
	return s.Error()
}

func (m *served) reply() *jen.Statement { return jen.Op("*").Id(m.op.Reply.Go) }

// nlserve.Do(&OpGetaddr, h.Getaddr)
func (m *served) bind() jen.Code {
	how := "Exec"
	switch {
	case m.dump:
		how = "Dump"
	case m.replies():
		how = "Do"
	}
	return jen.Qual(nlserve, how).Call(address("Op"+m.op.Go), jen.Id("h").Dot(m.name))
}

// refusal is what the method of UnimplementedHandler returns.
func (m *served) refusal() []jen.Code {
	err := jen.Qual(nlserve, "ErrUnimplemented")
	switch {
	case m.dump:
		return []jen.Code{jen.Qual(nlserve, "Refuse").Types(jen.Id(m.op.Reply.Go)).Call(err)}
	case m.replies():
		return []jen.Code{jen.Nil(), err}
	}
	return []jen.Code{err}
}
