package nlserve_test

import (
	"context"
	"iter"
	"testing"
	"time"

	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
	"github.com/nlgen/nlgen/runtime/nlpolicy"
)

// A family of generic netlink that counts, by hand.

var (
	counter    = nlconn.Family{Name: "counter", Protocol: nlconn.ProtocolGeneric, Generic: true, Version: 2}
	groupTicks = nlconn.Group{Name: "ticks"}

	optionSet  = &nlpolicy.Set{Name: "option", Attrs: []nlpolicy.Attr{{Name: "step", Number: 1, Kind: nlpolicy.U32}}}
	counterSet = &nlpolicy.Set{Name: "counter", Attrs: []nlpolicy.Attr{
		{Name: "value", Number: 1, Kind: nlpolicy.U32, Limits: &nlpolicy.Limits{Has: nlpolicy.HasMax, Max: 1000}},
		{Name: "name", Number: 2, Kind: nlpolicy.String, Limits: &nlpolicy.Limits{Has: nlpolicy.HasMaxLen, MaxLen: 7}},
		{Name: "option", Number: 3, Kind: nlpolicy.Nest, Nested: optionSet},
	}}
	counterMsg = nlpolicy.Message{Family: "counter", Attrs: counterSet}

	opGet  = nlconn.Operation{Family: &counter, Name: "get", Request: 1, Reply: 2, Policy: &counterMsg, ReplyPolicy: &counterMsg}
	opSet  = nlconn.Operation{Family: &counter, Name: "set", Request: 3, Policy: &counterMsg}
	opList = nlconn.Operation{Family: &counter, Name: "list", Request: 4, Reply: 5, Policy: &counterMsg}
)

const numberTick = 9

// count is every message of the family.
type count struct {
	Value uint32
	Name  string
	Step  nlattr.Opt[uint32] // in a nest
}

func (c *count) EncodeTo(e *nlattr.Encoder) {
	if c == nil {
		return
	}
	e.Uint32(1, c.Value)
	if c.Name != "" {
		e.String(2, c.Name)
	}
	if c.Step.OK {
		n := e.Begin(3)
		e.Uint32(1, c.Step.V)
		e.End(n)
	}
}

func (c *count) DecodeFrom(d *nlattr.Decoder) {
	for d.Next() {
		switch d.Type() {
		case 1:
			c.Value = d.Uint32()
		case 2:
			c.Name = d.String()
		case 3:
			f := d.Enter()
			for d.Next() {
				if d.Type() == 1 {
					c.Step = nlattr.Some(d.Uint32())
				}
			}
			d.Leave(f)
		}
	}
}

// upTo yields the numbers below n.
func upTo(n uint32, end error) iter.Seq2[*count, error] {
	return func(yield func(*count, error) bool) {
		for i := range n {
			if !yield(&count{Value: i}, nil) {
				return
			}
		}
		if end != nil {
			yield(nil, end)
		}
	}
}

func soon(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// decodeCount is a decode function of subscriptions.
func decodeCount(n *nlconn.Notification) (count, error) {
	var c count
	err := n.DecodeInto(&c)
	return c, err
}
