package nlconn

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlmsg"
	"github.com/nlgen/nlgen/runtime/socket"
)

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

// hearOfEnd joins the group in which the end of a generic family is told, before
// anything is known of the family: no end comes between.
func (l *listener) hearOfEnd() error {
	if !l.family.Generic || l.family.Name == controlFamily.Name {
		return nil
	}
	if err := l.sock.Join(controlGroup); err != nil {
		return fmt.Errorf("%s: join group %q of nlctrl: %w", l.family.Name, "notify", err)
	}
	return nil
}

// Join joins more groups, or those of a generic family that is back. After an error
// some of them may have been joined.
func (l *listener) Join(ctx context.Context, groups ...Group) error {
	return l.each(ctx, groups, "join", l.sock.Join)
}

// Leave leaves groups. What they sent before is still received. After an error some
// of them may have been left.
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
		if t, ok := l.c.cfg.transport.(*oneSocket); ok {
			t.tell(info.ID, l.family)
		}
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
			n, msg := &l.note, l.cur.Message()
			h := &n.Header
			h.Get(msg)
			if hooks.In != nil {
				hooks.In(l.family.Protocol, *h, msg)
			}
			if h.Type == nlmsg.TypeOverrun {
				return ErrOverrun
			}
			n.Number, n.Body = h.Type, msg[nlmsg.HeaderLen:]
			if l.family.Generic && uint32(h.Type) == l.id.Load() && len(n.Body) >= nlmsg.GenericLen {
				n.Number, n.Body = uint16(n.Body[0]), n.Body[nlmsg.GenericLen:]
			} else if l.family.Generic && !l.at.HasNSID && endOf(l.id.Load(), *h, n.Body) {
				return fmt.Errorf("%s: %w", l.family.Name, ErrFamilyGone)
			} else if l.family.Generic || h.Type < nlmsg.MinType {
				hooks.skipped(l.family.Protocol, *h, msg)
				continue
			}
			n.Group = l.at.Group
			n.NSID = nlattr.Opt[int32]{V: l.at.NSID, OK: l.at.HasNSID}
			return nil
		}
		if err := l.cur.Err(); err != nil {
			l.cur.Reset(nil)
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
		l.cur.Reset(l.at.Data)
	}
}

// receive gets datagrams. A kernel reports a loss before it hands out what it had
// queued until then, and drops what is sent until that has been read to its end,
// without another report. Who asked for the state meanwhile would never hear of
// these changes; so the loss is told when the queue is empty.
func (l *listener) receive(ctx context.Context) error {
	n, err := 0, ctx.Err()
	switch {
	case err != nil:
		return err
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
