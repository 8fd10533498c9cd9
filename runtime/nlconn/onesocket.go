package nlconn

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"

	"github.com/nlgen/nlgen/runtime/nlmsg"
)

// WithOneSocket makes all requests and subscriptions of a protocol share one
// socket, and so one port. Some families want that: the kernel sends what they
// have to say to the port that asked for it, and takes what belongs to it from
// there only, as nfqueue and nflog do. A subscription, which needs no group,
// receives what comes to the port by itself; make it before the request that
// asks for it.
//
//	conn, err := nlconn.Open(nlconn.WithOneSocket())
//	queue := nfqueue.New(conn)
//	packets, err := queue.Subscribe(ctx)
//	err = queue.Config(ctx, bind)
//	for packet, err := range packets.All(ctx) {
//		err = queue.Verdict(ctx, verdict)
//	}
//
// A request may be made inside the loop and beside it: whoever waits for an
// answer receives, keeps what belongs to others for them, up to the size of the
// receive queue, and reports what exceeds that as [ErrOverrun].
//
// The port lives until the Conn is closed. The kernel carries out one dump at a
// time on a socket: a second one fails with EBUSY, and a loop that is left first
// reads the rest of its dump. And such a Conn refuses [Lax],
// since a socket is strict or not.
func WithOneSocket() Option { return func(c *config) { c.oneSocket = true } }

// oneSocket is a transport whose sockets are views of one socket a protocol.
type oneSocket struct {
	under   Transport
	options SocketOptions

	mu     sync.Mutex
	closed bool
	shared map[int]*sharedSocket
}

func newOneSocket(under Transport, o SocketOptions) *oneSocket {
	o.Listen, o.ReceiveQueue = true, max(o.ReceiveQueue, MinReceiveQueue)
	return &oneSocket{under: under, options: o, shared: make(map[int]*sharedSocket)}
}

var errOneLax = errors.New("a connection with one socket cannot leave strict checking off for a call")

// OpenSocket returns a view of the protocol's socket, which it opens if it is
// the first.
func (t *oneSocket) OpenSocket(protocol int, o SocketOptions) (Socket, error) {
	if o.Lax != t.options.Lax {
		return nil, errOneLax
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return nil, ErrClosed
	}
	s := t.shared[protocol]
	if s == nil {
		sock, err := t.under.OpenSocket(protocol, t.options)
		if err != nil {
			return nil, err
		}
		s = &sharedSocket{sock: sock, turn: make(chan struct{}, 1), limit: t.options.ReceiveQueue}
		s.prompt, _ = sock.(PromptSocket)
		t.shared[protocol] = s
	}
	v := s.view(o.Listen)
	if s.prompt == nil {
		return unprompt{v}, nil
	}
	return v, nil
}

// Close closes the sockets, which their views survive.
func (t *oneSocket) Close() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.closed = true
	var errs []error
	for _, s := range t.shared {
		errs = append(errs, s.sock.Close())
	}
	clear(t.shared)
	return errors.Join(errs...)
}

// A sharedSocket is a socket with several users. Who has the turn receives, and
// gives each user what is its own.
type sharedSocket struct {
	sock   Socket
	prompt PromptSocket  // sock if it is prompt, else nil
	turn   chan struct{} // full while somebody receives
	limit  int           // of bytes kept for one user

	mu    sync.Mutex
	views []*view
}

func (s *sharedSocket) view(listen bool) *view {
	ctx, cancel := context.WithCancel(context.Background())
	v := &view{s: s, listen: listen, wake: make(chan struct{}, 1), done: ctx, end: cancel}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.views = append(s.views, v)
	return v
}

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

// settle is called when the queue was read to its end: what may be lost is. Answers
// are that if they have ended, too.
func (s *sharedSocket) settle(ended bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, u := range s.views {
		if u.lost && (ended || u.listen) {
			u.lost, u.overrun = false, true
			u.notify()
		}
	}
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
