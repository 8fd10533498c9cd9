package nlconn

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/nlgen/nlgen/runtime/nlmsg"
)

// A view is one user of a shared socket: an exchange, which gets the answers to
// what it sent, or a listener, which gets what answers nobody.
type view struct {
	s      *sharedSocket
	listen bool
	wake   chan struct{} // something was put in
	done   context.Context
	end    context.CancelFunc

	// Held under s.mu.
	asked       bool
	first, last uint32              // sequence numbers of what was sent
	groups      map[uint32]struct{} // that were joined
	in          []Packet            // what others received
	bytes       int                 // in it
	overrun     bool                // something for this view was lost
	lost        bool                // something may be lost; it is once the queue is empty
}

// Send sends a datagram, and makes answers to its messages this view's. The
// numbers of an exchange follow one another.
func (v *view) Send(b []byte) error {
	v.s.mu.Lock()
	for cur := nlmsg.NewCursor(b); cur.Next(); {
		seq := cur.Header().Seq
		if !v.asked || seq != v.last+1 {
			v.first = seq
		}
		v.asked, v.last = true, seq
	}
	if !v.listen {
		v.lost, v.overrun = false, false
	}
	v.s.mu.Unlock()
	return v.s.sock.Send(b)
}

// Receive waits until something for this view is there.
func (v *view) Receive(ctx context.Context, pkts []Packet) (int, error) {
	for {
		if n, err := v.take(pkts); n > 0 || err != nil {
			return n, err
		}
		select {
		case <-v.wake:
			continue
		case <-v.done.Done():
			return 0, ErrClosed
		case <-ctx.Done():
			return 0, ctx.Err()
		case v.s.turn <- struct{}{}:
		}
		n, err := v.receive(ctx, pkts)
		<-v.s.turn
		if n > 0 || err != nil {
			return n, err
		}
	}
}

// TryReceive takes what is there for this view, without waiting for the kernel.
func (v *view) TryReceive(pkts []Packet) (int, error) {
	for {
		if n, err := v.take(pkts); n > 0 || err != nil {
			return n, err
		}
		select {
		case <-v.wake:
			continue
		case v.s.turn <- struct{}{}:
		default:
			// Another user is receiving: what it gets for this one is told by
			// Receive.
			return 0, nil
		}
		n, empty, err := v.try(pkts)
		<-v.s.turn
		if n > 0 || err != nil || empty {
			return n, err
		}
	}
}

// receive waits for the socket. It returns 0 if what came was not for this view.
// The view has the turn.
func (v *view) receive(ctx context.Context, pkts []Packet) (int, error) {
	if v.s.prompt != nil {
		if n, empty, err := v.try(pkts); n > 0 || err != nil || !empty {
			return n, err
		}
	} else if n, err := v.take(pkts); n > 0 || err != nil {
		return n, err
	}
	// The wait ends with the view, too.
	both, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(v.done, cancel)()
	n, err := v.s.sock.Receive(both, pkts)
	n, err = v.sort(pkts, n, err)
	if err != nil && v.done.Err() != nil {
		return 0, ErrClosed
	}
	return n, err
}

// try takes what is in the socket's queue, and tells whether that was nothing.
// The view has the turn.
func (v *view) try(pkts []Packet) (n int, empty bool, err error) {
	// Somebody may have put something in before the turn was had.
	if n, err := v.take(pkts); n > 0 || err != nil {
		return n, false, err
	}
	got, err := v.s.prompt.TryReceive(pkts)
	if got == 0 && err == nil {
		v.s.settle(true)
		n, err := v.take(pkts)
		return n, true, err
	}
	n, serr := v.sort(pkts, got, err)
	if got < len(pkts) && err == nil {
		v.s.settle(false)
	}
	return n, false, serr
}

// take moves what others received for this view.
func (v *view) take(pkts []Packet) (int, error) {
	v.s.mu.Lock()
	defer v.s.mu.Unlock()
	if v.done.Err() != nil {
		return 0, ErrClosed
	}
	n := 0
	for ; n < min(len(pkts), len(v.in)); n++ {
		buf := pkts[n].Buf
		pkts[n], v.in[n] = v.in[n], Packet{}
		pkts[n].Buf = buf
		v.bytes -= len(pkts[n].Data)
	}
	v.in = v.in[n:]
	if len(v.in) == 0 {
		v.in = nil
	}
	if n == 0 && v.overrun {
		v.overrun = false
		return 0, ErrOverrun
	}
	return n, nil
}

// sort keeps what is this view's of n received packets and gives the others
// theirs.
func (v *view) sort(pkts []Packet, n int, err error) (int, error) {
	v.s.mu.Lock()
	defer v.s.mu.Unlock()
	if errors.Is(err, ErrOverrun) {
		// Whose it was, nobody knows. What is not lost is in the queue.
		for _, u := range v.s.views {
			if v.s.prompt != nil {
				u.lost = true
			} else {
				u.overrun = u.overrun || u.listen
			}
			u.notify()
		}
		return 0, nil
	}
	own := 0
	for i := range pkts[:n] {
		mine := false
		for _, u := range v.s.views {
			switch {
			case !u.wants(&pkts[i]):
			case u == v:
				mine = true
			default:
				u.put(&pkts[i])
			}
		}
		if mine {
			pkts[own], pkts[i] = pkts[i], pkts[own]
			own++
		}
	}
	return own, err
}

// wants reports whether a packet is for this view. All messages of a datagram
// belong together.
func (v *view) wants(p *Packet) bool {
	cur := nlmsg.NewCursor(p.Data)
	if !cur.Next() {
		return v.listen // which says what is wrong
	}
	h := cur.Header()
	if p.Group != 0 {
		_, joined := v.groups[p.Group]
		return v.listen && joined
	}
	if !v.listen {
		return v.awaits(h.Seq)
	}
	if v.s.private.has(h.Type, cur.Message()) {
		return true
	}
	// What the kernel tells by itself is numbered by 0, or as the family likes:
	// then only answers have the port they go to.
	return h.Seq == 0 || h.PID == 0 && !slices.ContainsFunc(v.s.views, func(u *view) bool { return u.awaits(h.Seq) })
}

// awaits reports whether an answer with that number is for this view.
func (v *view) awaits(seq uint32) bool { return v.asked && seq != 0 && seq-v.first <= v.last-v.first }

// put keeps a copy of a packet that another user received.
func (v *view) put(p *Packet) {
	if v.bytes+len(p.Data) > v.s.limit {
		v.overrun = true
	} else {
		q := *p
		q.Buf, q.Data = nil, slices.Clone(p.Data)
		v.in = append(v.in, q)
		v.bytes += len(q.Data)
	}
	v.notify()
}

// notify wakes who waits for this view.
func (v *view) notify() {
	select {
	case v.wake <- struct{}{}:
	default:
	}
}

// Join joins a group, whose messages this view gets.
func (v *view) Join(group uint32) error {
	v.s.mu.Lock()
	defer v.s.mu.Unlock()
	if err := v.s.sock.Join(group); err != nil {
		return err
	}
	if v.groups == nil {
		v.groups = make(map[uint32]struct{})
	}
	v.groups[group] = struct{}{}
	return nil
}

// Leave leaves a group; the socket does when no view is in it any more.
func (v *view) Leave(group uint32) error {
	v.s.mu.Lock()
	defer v.s.mu.Unlock()
	delete(v.groups, group)
	for _, u := range v.s.views {
		if _, joined := u.groups[group]; joined {
			return nil
		}
	}
	return v.s.sock.Leave(group)
}

// PortID is the port of the shared socket.
func (v *view) PortID() uint32 { return v.s.sock.PortID() }

// Close ends the view and wakes its Receive. The socket stays.
func (v *view) Close() error {
	v.end()
	for _, group := range v.joined() {
		_ = v.Leave(group) // The socket may be closed.
	}
	v.s.mu.Lock()
	defer v.s.mu.Unlock()
	v.s.views = slices.DeleteFunc(v.s.views, func(u *view) bool { return u == v })
	v.in = nil
	return nil
}

func (v *view) joined() []uint32 {
	v.s.mu.Lock()
	defer v.s.mu.Unlock()
	return slices.Collect(maps.Keys(v.groups))
}
