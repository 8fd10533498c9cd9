package nlconn

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
	"sync/atomic"

	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlmsg"
	"github.com/nlgen/nlgen/runtime/socket"
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

// listener is what subscriptions of all types have in common.
type listener struct {
	c      *Conn
	family *Family
	id     atomic.Uint32 // message type of a generic family
	sock   Socket
	prompt PromptSocket // sock if it can be read without waiting, else nil

	reading sync.Mutex // held by the loop
	pkts    []Packet
	got     []Packet
	lost    bool // messages were, and nobody was told yet
	drained bool // the queue was empty behind what was received last
	cur     nlmsg.Cursor
	at      Packet // that cur is in
	note    Notification
}

// Subscribe joins multicast groups of a family and returns a subscription to
// them. From its return on no event is missed, or the loss is reported. Groups
// that have no ID are looked up by name. The decode function is called for every
// message of the family, whatever its number; an error of it stands in the place
// of an event. The context is for the start alone: the subscription lives until
// it is closed.
func Subscribe[E any](ctx context.Context, c *Conn, f *Family, decode func(*Notification) (E, error), groups ...Group) (*Subscription[E], error) {
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
	if err := l.Join(ctx, groups...); err != nil {
		s.Close()
		return nil, err
	}
	return &Subscription[E]{listener: l, decode: decode}, nil
}

// readable returns a socket as one that can be read without waiting; nil if it
// cannot. That of a process may, though it is not prompt.
func readable(s Socket) PromptSocket {
	if u, ok := s.(unprompt); ok {
		if s, ok := u.Socket.(*socket.Socket); ok {
			return s
		}
	}
	p, _ := s.(PromptSocket)
	return p
}

// Join joins more groups.
func (l *listener) Join(ctx context.Context, groups ...Group) error {
	return l.each(ctx, groups, "join", l.sock.Join)
}

// Leave leaves groups. What they sent before is still received.
func (l *listener) Leave(ctx context.Context, groups ...Group) error {
	return l.each(ctx, groups, "leave", l.sock.Leave)
}

func (l *listener) each(ctx context.Context, groups []Group, verb string, f func(uint32) error) error {
	ids, err := l.resolve(ctx, groups)
	if err != nil {
		return fmt.Errorf("%s: %s: %w", l.family.Name, verb, err)
	}
	for i, id := range ids {
		if err := f(id); err != nil {
			return fmt.Errorf("%s: %s group %q: %w", l.family.Name, verb, groups[i].Name, err)
		}
	}
	return nil
}

// resolve returns the numbers of groups. What was remembered of a family may be
// out of date, and a wrong number can be another family's group: so it is asked
// for anew.
func (l *listener) resolve(ctx context.Context, groups []Group) ([]uint32, error) {
	var info *FamilyInfo
	if l.family.Generic {
		var err error
		if info, err = l.c.lookUp(ctx, l.family.Name); err != nil {
			return nil, err
		}
		l.id.Store(uint32(info.ID))
	}
	ids := make([]uint32, len(groups))
	for i, g := range groups {
		if g.ID == 0 {
			if info == nil {
				return nil, fmt.Errorf("group %q has no number", g.Name)
			}
			known, ok := info.Group(g.Name)
			if !ok {
				return nil, fmt.Errorf("family has no group %q", g.Name)
			}
			g = known
		}
		ids[i] = g.ID
	}
	return ids, nil
}

// PortID returns the port that the subscription's socket is bound to.
func (l *listener) PortID() uint32 { return l.sock.PortID() }

// Close ends the subscription and wakes its loop.
func (l *listener) Close() error { return l.sock.Close() }

// All yields what the decode function makes of the notifications. The loop ends
// when ctx ends or the subscription is closed; another loop goes on where it
// ended. Errors stand in the place of events, and the loop goes on behind them;
// only when the socket fails that error is the last.
//
// [ErrOverrun] says that events were lost here. What was queued before them comes
// before it, and nothing that happens from then on is lost without another one: so
// this is where whoever keeps a state reads it anew.
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

// loop calls f with each notification or error until it returns false.
func (l *listener) loop(ctx context.Context, f func(*Notification, error) bool) {
	if !l.reading.TryLock() {
		f(nil, ErrBusy)
		return
	}
	defer l.reading.Unlock()
	for ctx.Err() == nil {
		err := l.next(ctx)
		switch {
		case err == nil:
			if !f(&l.note, nil) {
				return
			}
		case ctx.Err() != nil || errors.Is(err, ErrClosed):
			return
		case errors.Is(err, ErrOverrun):
			l.c.cfg.hooks.overrun(l.family.Protocol)
			if !f(nil, err) {
				return
			}
		default:
			var lasting *lostError
			if !f(nil, err) || !errors.As(err, &lasting) {
				return
			}
		}
	}
}

// lostError is an error about one datagram, after which the next can be read.
type lostError struct{ err error }

func (e *lostError) Error() string { return e.err.Error() }
func (e *lostError) Unwrap() error { return e.err }

// next makes the next message of the family the current notification.
func (l *listener) next(ctx context.Context) error {
	hooks := &l.c.cfg.hooks
	for {
		for l.cur.Next() {
			h, msg := l.cur.Header(), l.cur.Message()
			if hooks.In != nil {
				hooks.In(l.family.Protocol, h, msg)
			}
			if h.Type == nlmsg.TypeOverrun {
				return ErrOverrun
			}
			n := &l.note
			n.Header, n.Number, n.Body = h, h.Type, msg[nlmsg.HeaderLen:]
			if l.family.Generic && uint32(h.Type) == l.id.Load() && len(n.Body) >= nlmsg.GenericLen {
				n.Number, n.Body = uint16(n.Body[0]), n.Body[nlmsg.GenericLen:]
			} else if l.family.Generic || h.Type < nlmsg.MinType {
				hooks.skipped(l.family.Protocol, h, msg)
				continue
			}
			n.Group = l.at.Group
			n.NSID = nlattr.Opt[int32]{V: l.at.NSID, OK: l.at.HasNSID}
			return nil
		}
		if err := l.cur.Err(); err != nil {
			l.cur = nlmsg.Cursor{}
			return &lostError{fmt.Errorf("%s: malformed datagram: %w", l.family.Name, err)}
		}
		if len(l.got) == 0 {
			if err := l.receive(ctx); err != nil {
				return err
			}
			if len(l.got) == 0 {
				continue
			}
		}
		l.at, l.got = l.got[0], l.got[1:]
		if l.at.Port != l.c.cfg.socket.Peer {
			hooks.foreign(l.family.Protocol, l.at.Port, l.at.Data)
			continue
		}
		if l.at.Truncated() {
			return &lostError{fmt.Errorf("%s: %w: %d of %d bytes", l.family.Name, ErrTruncated, len(l.at.Data), l.at.Len)}
		}
		l.cur = nlmsg.NewCursor(l.at.Data)
	}
}

// receive gets datagrams. A kernel reports a loss before it hands out what it had
// queued until then, and drops what is sent until that has been read to its end,
// without another report. Who asked for the state meanwhile would never hear of
// these changes; so the loss is told when the queue is empty.
func (l *listener) receive(ctx context.Context) error {
	n, err := 0, error(nil)
	switch {
	case !l.lost:
		n, err = l.sock.Receive(ctx, l.pkts)
	case !l.drained:
		n, err = l.prompt.TryReceive(l.pkts)
	}
	if l.prompt != nil && errors.Is(err, ErrOverrun) {
		l.lost, l.drained = true, false
		return nil
	}
	l.got, l.drained = l.pkts[:n], n < len(l.pkts)
	if l.lost && n == 0 && err == nil {
		l.lost, err = false, ErrOverrun
	}
	return err
}
