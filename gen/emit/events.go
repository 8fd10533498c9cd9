package emit

import (
	"github.com/dave/jennifer/jen"

	"github.com/nlgen/nlgen/gen/ir"
)

// events emits a type for each notification, the interface that they share, and
// Subscribe.
func (g *generator) events() []jen.Code {
	if len(g.f.Events) == 0 {
		return nil
	}
	names := []string{}
	for _, e := range g.f.Events {
		names = append(names, "*"+e.Go)
	}
	names = append(names, "*UnknownEvent")
	decls := []jen.Code{group(
		comments(wrap("Event is a notification of the family: "+enumerate(names)+".", commentWidth-3)),
		[]jen.Code{jen.Type().Id("Event").Interface(jen.Id("isEvent").Params())})}
	for _, e := range g.f.Events {
		decls = append(decls, event(e))
	}
	return append(decls, unknownEvent(), g.decodeEvent(), g.subscribe())
}

// type NewlinkNtf struct{ GetlinkReply }
func event(e *ir.Event) jen.Code {
	content := e.Message
	if content.Same != nil {
		content = content.Same
	}
	return group(
		doc(e.Go+" is the notification "+clean(e.Op.Name), e.Op.Doc),
		[]jen.Code{
			jen.Type().Id(e.Go).Struct(jen.Id(content.Go)),
			jen.Line(),
			jen.Func().Params(jen.Op("*").Id(e.Go)).Id("isEvent").Params().Block(),
		})
}

func unknownEvent() jen.Code {
	return group([]jen.Code{
		jen.Comment("// UnknownEvent is a notification that the spec does not list."),
		jen.Type().Id("UnknownEvent").Struct(
			lineComment(jen.Id("Number").Uint16(), "the number of its operation"),
			lineComment(jen.Id("Body").Index().Byte(), "what stands behind the netlink headers")),
		jen.Line(),
		jen.Func().Params(jen.Op("*").Id("UnknownEvent")).Id("isEvent").Params().Block(),
	})
}

//	func decodeEvent(n *nlconn.Notification) (Event, error) {
//		switch n.Number {
//		case CmdNewlinkNtf:
//			ev := new(NewlinkNtf)
//			return ev, policyGetlinkReply.Locate(n.DecodeInto(ev), n.Body)
//		}
//		return &UnknownEvent{Number: n.Number, Body: bytes.Clone(n.Body)}, nil
//	}
//
// Where several notifications have one number, the first one in the spec stands
// for all: they have the same form.
func (g *generator) decodeEvent() jen.Code {
	var cases []jen.Code
	seen := map[uint16]bool{}
	n := jen.Id("n")
	for _, e := range g.f.Events {
		if seen[e.Number] {
			continue
		}
		seen[e.Number] = true
		cases = append(cases, jen.Case(number(e.Op, e.Number)).Block(
			jen.Id("ev").Op(":=").New(jen.Id(e.Go)),
			jen.Return(jen.Id("ev"), jen.Id(policyName(e.Message)).Dot("Locate").Call(
				n.Clone().Dot("DecodeInto").Call(jen.Id("ev")), n.Clone().Dot("Body"))),
		))
	}
	return decl(comments([]string{"// decodeEvent makes an event of a notification, by its number."}),
		jen.Func().Id("decodeEvent").Params(n.Clone().Op("*").Qual(nlconn, "Notification")).Params(jen.Id("Event"), jen.Error()).Block(
			jen.Switch(n.Clone().Dot("Number")).Block(cases...),
			jen.Return(jen.Op("&").Id("UnknownEvent").Values(
				key("Number", n.Clone().Dot("Number")),
				key("Body", jen.Qual("bytes", "Clone").Call(n.Clone().Dot("Body"))),
			), jen.Nil()),
		))
}

func (g *generator) subscribe() jen.Code {
	conn := jen.Id("c").Dot("conn")
	doc := "Subscribe joins multicast groups and returns their notifications, which come through a socket of their own. " +
		"Nothing is missed from its return on, or the loss is reported. Close it when done."
	if g.f.Unicast() {
		doc = "Subscribe returns the notifications that come to the port of the connection, which has to be opened with nlconn.WithOneSocket. " +
			"Subscribe before asking for them, and nothing is missed, or the loss is reported. Close it when done."
	}
	return decl(comments(wrap(doc, commentWidth-3)),
		jen.Func().Params(jen.Id("c").Op("*").Id("Client")).Id("Subscribe").Params(
			jen.Id("ctx").Qual("context", "Context"),
			jen.Id("groups").Op("...").Qual(nlconn, "Group"),
		).Params(jen.Op("*").Qual(nlconn, "Subscription").Types(jen.Id("Event")), jen.Error()).Block(
			jen.Return(jen.Qual(nlconn, "Subscribe").Call(jen.Id("ctx"), conn, address("Family"), jen.Id("decodeEvent"), jen.Id("groups").Op("...")))))
}
