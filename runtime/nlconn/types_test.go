package nlconn_test

import (
	"testing"

	"github.com/nlgen/nlgen/internal/nettest"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
	"github.com/nlgen/nlgen/runtime/nlpolicy"
)

func TestMain(m *testing.M) { nettest.Main(m) }

// What the tests need of rt-link, by hand.

var ifinfomsg = &nlpolicy.Struct{Name: "ifinfomsg", Size: 16}

var infoSet = &nlpolicy.Set{Name: "linkinfo-attrs", Attrs: []nlpolicy.Attr{
	{Name: "kind", Number: 1, Kind: nlpolicy.String},
	{Name: "data", Number: 2, Kind: nlpolicy.Binary},
}}

var linkSet = &nlpolicy.Set{Name: "link-attrs", Attrs: []nlpolicy.Attr{
	{Name: "address", Number: 1, Kind: nlpolicy.Binary},
	{Name: "ifname", Number: 3, Kind: nlpolicy.String, Limits: &nlpolicy.Limits{Has: nlpolicy.HasMaxLen, MaxLen: 15}},
	{Name: "mtu", Number: 4, Kind: nlpolicy.U32},
	{Name: "qdisc", Number: 6, Kind: nlpolicy.String},
	{Name: "linkinfo", Number: 18, Kind: nlpolicy.Nest, Nested: infoSet},
	{Name: "ext-mask", Number: 29, Kind: nlpolicy.U32},
}}

var (
	rtLink  = nlconn.Family{Name: "rt-link", Protocol: nlconn.ProtocolRoute}
	linkMsg = nlpolicy.Message{Family: "rt-link", Op: "getlink", Header: ifinfomsg, Attrs: linkSet}

	opGetlink = nlconn.Operation{Family: &rtLink, Name: "getlink", Request: 18, Reply: 16, Single: true,
		Policy: &linkMsg, ReplyPolicy: &linkMsg, Mode: nlpolicy.Liberal}
	opNewlink = nlconn.Operation{Family: &rtLink, Name: "newlink", Request: 16, Policy: &linkMsg, Mode: nlpolicy.Liberal}
	opSetlink = nlconn.Operation{Family: &rtLink, Name: "setlink", Request: 19, Policy: &linkMsg, Mode: nlpolicy.Liberal}
	opDellink = nlconn.Operation{Family: &rtLink, Name: "dellink", Request: 17, Policy: &linkMsg, Mode: nlpolicy.Liberal}

	groupLink = nlconn.Group{Name: "rtnlgrp-link", ID: 1}
)

// acked is an operation that does ask for an ack.
func acked(op nlconn.Operation) *nlconn.Operation {
	op.Single = false
	return &op
}

// link is both request and reply.
type link struct {
	Index  int32
	Flags  uint32
	Change uint32
	Name   string
	MTU    nlattr.Opt[uint32]
	Qdisc  string
	Mac    []byte
	Info   *linkInfo
}

type linkInfo struct {
	Kind string
	Data []byte
}

func (l *link) EncodeTo(e *nlattr.Encoder) {
	if l == nil {
		l = new(link)
	}
	h := e.Extend(16)
	nlattr.PutUint32(h[4:], uint32(l.Index))
	nlattr.PutUint32(h[8:], l.Flags)
	nlattr.PutUint32(h[12:], l.Change)
	if l.Name != "" {
		e.String(3, l.Name)
	}
	if l.MTU.OK {
		e.Uint32(4, l.MTU.V)
	}
	if l.Info != nil {
		n := e.Begin(18)
		e.String(1, l.Info.Kind)
		if l.Info.Data != nil {
			e.Bytes(2|nlattr.Nested, l.Info.Data)
		}
		e.End(n)
	}
}

func (l *link) DecodeFrom(d *nlattr.Decoder) {
	h := d.Header(16)
	l.Index = int32(nlattr.GetUint32(h[4:]))
	l.Flags = nlattr.GetUint32(h[8:])
	for d.Next() {
		switch d.Type() {
		case 1:
			l.Mac = d.Bytes()
		case 3:
			l.Name = d.String()
		case 4:
			l.MTU = nlattr.Some(d.Uint32())
		case 6:
			l.Qdisc = d.String()
		case 18:
			l.Info = nlattr.New[linkInfo](d)
			f := d.Enter()
			for d.Next() {
				switch d.Type() {
				case 1:
					l.Info.Kind = d.String()
				case 2:
					l.Info.Data = d.Bytes()
				}
			}
			d.Leave(f)
		}
	}
}
