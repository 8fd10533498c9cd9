package nlconn

import (
	"context"
	"errors"
	"sync"
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
// reads the rest of its dump. Such a Conn refuses [Lax], since a socket is strict or
// not. And the queues keep their sizes, which [WithSendQueue] and [WithReceiveQueue]
// set: a transaction that outgrows the send queue is not sent (EMSGSIZE), where
// another Conn would have made room for it.
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

// tell makes listeners of the family's protocol get its private messages.
func (t *oneSocket) tell(id uint16, f *Family) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if s := t.shared[f.Protocol]; s != nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.private.add(id, f)
	}
}

// A sharedSocket is a socket with several users. Who has the turn receives, and
// gives each user what is its own.
type sharedSocket struct {
	sock   Socket
	prompt PromptSocket  // sock if it is prompt, else nil
	turn   chan struct{} // full while somebody receives
	limit  int           // of bytes kept for one user

	mu      sync.Mutex
	views   []*view
	private privates // what listeners get although it looks like an answer
}

func (s *sharedSocket) view(listen bool) *view {
	ctx, cancel := context.WithCancel(context.Background())
	v := &view{s: s, listen: listen, wake: make(chan struct{}, 1), done: ctx, end: cancel}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.views = append(s.views, v)
	return v
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
