package nlconn

import (
	"context"
	"fmt"
	"iter"

	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlmsg"
)

// MinReceiveQueue is the size of a subscription's receive queue in bytes, unless
// a larger one is asked for. The kernel doubles it; a short event takes some 830
// bytes of it, so it holds ten thousand of them.
const MinReceiveQueue = 4 << 20

const (
	batchLen = 32      // datagrams received at once
	eventLen = 8 << 10 // room for each; larger ones get memory of their own
)

// A Notification is a message that a subscription received. It is valid until
// the decode function that was given it returns.
type Notification struct {
	Header nlmsg.Header
	// Number is the command, or the message type of protocols other than generic
	// netlink.
	Number uint16
	// Body is the fixed header, if there is one, and the attributes.
	Body []byte
	// Group is the multicast group that the message was sent to.
	Group uint32
	// NSID is the namespace that it comes from, by its id in this one. It is
	// absent for what happened in this one.
	NSID nlattr.Opt[int32]

	dec     nlattr.Decoder
	scratch *nlattr.Arena
}

// DecodeInto decodes the body into v, which is the caller's for ever.
func (n *Notification) DecodeInto(v Decodable) error {
	n.dec.Reset(n.Body, nil)
	v.DecodeFrom(&n.dec)
	return n.dec.Err()
}

// DecodeBorrowed decodes the body into v without allocating once warm. What v
// refers to, nests and byte slices, is valid until the next notification is
// decoded; strings are valid for ever.
func (n *Notification) DecodeBorrowed(v Decodable) error {
	if n.scratch == nil {
		n.scratch = nlattr.NewScratch()
	}
	n.scratch.Rewind()
	n.dec.Reset(n.Body, n.scratch)
	v.DecodeFrom(&n.dec)
	return n.dec.Err()
}

// An Event is what a decode function made of a notification, with where that
// came from.
type Event[E any] struct {
	Value  E
	Header nlmsg.Header
	Number uint16
	Group  uint32
	NSID   nlattr.Opt[int32] // absent for what happened in the Conn's own namespace
}

// A Subscription receives the notifications of multicast groups, through a
// socket of its own. Its methods may be called concurrently, but only one loop
// may run at a time.
type Subscription[E any] struct {
	*listener
	decode func(*Notification) (E, error)
}

// Subscribe joins multicast groups of a family and returns a subscription to
// them. From its return on no event is missed, or the loss is reported. Groups
// that have no ID are looked up by name. The decode function is called for every
// message of the family, whatever its number; an error of it stands in the place
// of an event. The context is for the start alone: the subscription lives until
// it is closed.
func Subscribe[E any](ctx context.Context, c *Conn, f *Family, decode func(*Notification) (E, error), groups ...Group) (*Subscription[E], error) {
	if f.Unicast && len(groups) == 0 && !c.cfg.oneSocket {
		return nil, fmt.Errorf("%s: subscribe: %w", f.Name, ErrNotOneSocket)
	}
	l := &listener{c: c, family: f}
	o := c.cfg.socket
	// A port that was asked for is that of the requests.
	o.Port, o.Listen, o.ReceiveQueue = 0, true, max(o.ReceiveQueue, MinReceiveQueue)
	s, err := c.OpenSocket(f.Protocol, o)
	if err != nil {
		return nil, fmt.Errorf("%s: subscribe: %w", f.Name, err)
	}
	l.sock, l.prompt = s, readable(s.(*connSocket).Socket)
	l.pkts = make([]Packet, batchLen)
	buf := make([]byte, batchLen*eventLen)
	for i := range l.pkts {
		l.pkts[i].Buf = buf[i*eventLen : (i+1)*eventLen : (i+1)*eventLen]
	}
	if err := l.hearOfEnd(); err != nil {
		s.Close()
		return nil, err
	}
	if err := l.Join(ctx, groups...); err != nil {
		s.Close()
		return nil, err
	}
	return &Subscription[E]{listener: l, decode: decode}, nil
}

// All yields what the decode function makes of the notifications. The loop ends
// when ctx ends or the subscription is closed; another loop goes on where it
// ended. Errors stand in the place of events, and the loop goes on behind them;
// only when the socket fails that error is the last.
//
// [ErrOverrun] says that events were lost here. What was queued before them comes
// before it, and nothing that happens from then on is lost without another one: so
// this is where whoever keeps a state reads it anew. [ErrFamilyGone] says that nothing
// more will come, and ends the loop.
func (s *Subscription[E]) All(ctx context.Context) iter.Seq2[E, error] {
	return func(yield func(E, error) bool) {
		s.loop(ctx, func(n *Notification, err error) bool {
			if err != nil {
				var none E
				return yield(none, err)
			}
			return yield(s.decode(n))
		})
	}
}

// Events is [Subscription.All] with where each event came from.
func (s *Subscription[E]) Events(ctx context.Context) iter.Seq2[Event[E], error] {
	return func(yield func(Event[E], error) bool) {
		s.loop(ctx, func(n *Notification, err error) bool {
			if err != nil {
				return yield(Event[E]{}, err)
			}
			v, err := s.decode(n)
			return yield(Event[E]{Value: v, Header: n.Header, Number: n.Number, Group: n.Group, NSID: n.NSID}, err)
		})
	}
}
