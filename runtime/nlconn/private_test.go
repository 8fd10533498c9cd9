package nlconn_test

import (
	"errors"
	"testing"

	"github.com/nlgen/nlgen/runtime/nlconn"
	"github.com/nlgen/nlgen/runtime/nlserve"
	"github.com/nlgen/nlgen/runtime/nltest"
)

var (
	teller    = nlconn.Family{Name: "teller", Protocol: nlconn.ProtocolGeneric, Generic: true, Version: 1, Private: []uint16{9}}
	tellerGet = nlconn.Operation{Family: &teller, Name: "get", Request: 3, Reply: 3, Single: true}
	tellerNtf = nlconn.Operation{Family: &teller, Name: "ntf", Reply: 9}
)

// What the kernel tells the port of a request by and by, with the numbers behind the request's, answers none of the requests that get
// these numbers: those pass it over, and a subscription receives it.
func TestPrivate(t *testing.T) {
	told := nltest.Reply(&tellerNtf, nil)
	answer := func(r nltest.Request) []nltest.Item {
		switch {
		case r.Dump():
			return []nltest.Item{datagram(told), datagram(nltest.DumpReply(&tellerGet, nil)), datagram(told), datagram(nltest.Done())}
		case r.WantsAck():
			return []nltest.Item{datagram(told), datagram(nltest.Reply(&tellerGet, nil)), datagram(told), datagram(nltest.Ack())}
		default:
			return []nltest.Item{datagram(told), datagram(nltest.Reply(&tellerGet, nil))}
		}
	}
	for name, opts := range map[string][]nlconn.Option{"sockets": nil, "one socket": {nlconn.WithOneSocket()}} {
		t.Run(name, func(t *testing.T) {
			ctx := soon(t)
			script := nltest.NewScript(t, nltest.Always(answer))
			script.Family(&teller)
			c := script.Conn(opts...)
			sub, err := nlconn.Subscribe(ctx, c, &teller, func(n *nlconn.Notification) (uint16, error) { return n.Number, nil })
			if err != nil {
				t.Fatal(err)
			}
			for range 3 {
				if x, err := nlconn.Do[nlserve.Empty](ctx, c, &tellerGet, nil); err != nil || x == nil {
					t.Errorf("alone: %v, %v", x, err)
				}
				if x, err := nlconn.Do[nlserve.Empty](ctx, c, acked(tellerGet), nil); err != nil || x == nil {
					t.Errorf("with an ack: %v, %v", x, err)
				}
				if err := nlconn.Exec(ctx, c, &tellerGet, nil); err != nil {
					t.Errorf("without a reply: %v", err)
				}
				if all, err := nlconn.Collect[nlserve.Empty](ctx, c, &tellerGet, nil); err != nil || len(all) != 1 {
					t.Errorf("dump: %d, %v", len(all), err)
				}
				b := c.NewBatch(nlconn.ProtocolGeneric)
				b.AddReply(ctx, &tellerGet, nil, new(nlserve.Empty))
				if err := b.Do(ctx); err != nil {
					t.Errorf("batch: %v", err)
				}
			}
			if opts == nil {
				return
			}
			n := 0
			for number, err := range sub.All(ctx) {
				if err != nil || number != 9 {
					t.Errorf("told %d, %v", number, err)
				}
				if n++; n == 3*9 {
					break
				}
			}
			if n != 3*9 {
				t.Errorf("%d of %d were received", n, 3*9)
			}
		})
	}
}

// A family without groups tells only the port that asks. A subscription with a port of its own would wait for ever, so it is refused.
func TestSubscribeUnicast(t *testing.T) {
	family := nlconn.Family{Name: "whisperer", Protocol: nlconn.ProtocolUser, Unicast: true}
	number := func(n *nlconn.Notification) (uint16, error) { return n.Number, nil }
	for _, c := range []struct {
		name   string
		opts   []nlconn.Option
		groups []nlconn.Group
		want   error
	}{
		{"own port", nil, nil, nlconn.ErrNotOneSocket},
		{"one socket", []nlconn.Option{nlconn.WithOneSocket()}, nil, nil},
		{"a group that the spec does not know", nil, []nlconn.Group{{ID: 3}}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			sub, err := nlconn.Subscribe(soon(t), nltest.NewScript(t).Conn(c.opts...), &family, number, c.groups...)
			if !errors.Is(err, c.want) {
				t.Errorf("%v, want %v", err, c.want)
			}
			if err == nil {
				sub.Close()
			}
		})
	}
}
