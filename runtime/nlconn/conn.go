package nlconn

import (
	"errors"
	"math/rand/v2"
	"os"
	"sync"
	"sync/atomic"

	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/socket"
)

// A Conn talks to the kernel in one network namespace, in all protocols. Its
// methods, and the functions that take one, may be called concurrently.
type Conn struct {
	cfg    config
	owned  *socket.Namespace // closed with the Conn
	shared *oneSocket        // its transport, if that is one

	mu     sync.Mutex
	closed bool
	pools  map[poolKey]*pool
	open   map[Socket]struct{} // every socket that is not closed

	families atomic.Pointer[map[string]*FamilyInfo]
	famMu    sync.Mutex // held while families is replaced

	scratchMu sync.Mutex
	scratch   []*nlattr.Arena // unused arenas of DumpInto and DoInto
}

// config is what the options of Open come to.
type config struct {
	socket     SocketOptions
	transport  Transport
	hooks      Hooks
	noValidate bool
	namespace  func() (*socket.Namespace, error)
	protocol   nlattr.Opt[int] // of all sockets
	oneSocket  bool            // see WithOneSocket
	retries    nlattr.Opt[int] // of Collect
}

// Option changes how a [Conn] works.
type Option func(*config)

// WithNamespace opens the Conn in the network namespace of a file, such as
// /proc/PID/ns/net.
func WithNamespace(path string) Option {
	return func(c *config) {
		c.namespace = func() (*socket.Namespace, error) { return socket.OpenNamespace(path) }
	}
}

// WithNamedNamespace opens the Conn in a network namespace that "ip netns" knows
// by name.
func WithNamedNamespace(name string) Option {
	return func(c *config) {
		c.namespace = func() (*socket.Namespace, error) { return socket.OpenNamedNamespace(name) }
	}
}

// WithNamespaceFD opens the Conn in the network namespace that a descriptor
// stands for. The descriptor stays the caller's.
func WithNamespaceFD(fd int) Option {
	return func(c *config) {
		c.namespace = func() (*socket.Namespace, error) { return socket.NamespaceFD(fd) }
	}
}

// WithReceiveQueue sets the size of receive queues in bytes, beyond the system's
// limit if the process may. Subscriptions have at least [MinReceiveQueue].
func WithReceiveQueue(bytes int) Option {
	return func(c *config) { c.socket.ReceiveQueue = bytes }
}

// WithSendQueue sets the size of send queues in bytes. A datagram must fit.
func WithSendQueue(bytes int) Option { return func(c *config) { c.socket.SendQueue = bytes } }

// WithPort binds the sockets of requests to a port id. Only one socket of a protocol
// can be bound to it: a second request at the same time, such as one inside the loop
// of a dump, fails with EADDRINUSE. Subscriptions have ports of the kernel's choice.
func WithPort(port uint32) Option { return func(c *config) { c.socket.Port = port } }

// WithPeer sends requests to a process that is bound to the given port id, and
// takes answers from there, in place of the kernel. Calls wait where that process
// has no room for a request.
func WithPeer(port uint32) Option { return func(c *config) { c.socket.Peer = port } }

// WithProtocol opens all sockets for one protocol, whatever the families'
// protocols are: with [WithPeer], for servers that speak a family over another
// protocol, such as [ProtocolUser].
func WithProtocol(protocol int) Option {
	return func(c *config) { c.protocol = nlattr.Some(protocol) }
}

// WithoutStrict leaves strict checking of requests by the kernel off
// (NETLINK_GET_STRICT_CHK). Without this option a kernel that cannot check
// strictly is used as it is, and [Lax] turns it off for a call.
func WithoutStrict() Option { return func(c *config) { c.socket.Lax = true } }

// WithListenAllNSID makes subscriptions also see what happens in those network
// namespaces that have an id in this one. [Notification] tells which.
func WithListenAllNSID() Option { return func(c *config) { c.socket.ListenAllNSID = true } }

// WithoutValidation sends requests without looking at them.
func WithoutValidation() Option { return func(c *config) { c.noValidate = true } }

// WithRetries is how often [Collect] repeats dumps that were interrupted, for calls
// without [Retries]. Where links or routes change all the time the default,
// [DefaultRetries], can be too low.
func WithRetries(n int) Option {
	return func(c *config) { c.retries = nlattr.Some(n) }
}

// WithHooks sets functions that are called on what happens to messages.
func WithHooks(h Hooks) Option { return func(c *config) { c.hooks = h } }

// WithTransport takes sockets from t and not from the system. The options about
// sockets are handed to t, which may refuse them.
func WithTransport(t Transport) Option { return func(c *config) { c.transport = t } }

// Open returns a Conn for the network namespace of the calling thread, or the
// one that an option names. Sockets are opened when they are needed, always in
// that namespace, whatever thread needs them.
func Open(opts ...Option) (*Conn, error) {
	c := &Conn{pools: make(map[poolKey]*pool), open: make(map[Socket]struct{})}
	for _, o := range opts {
		o(&c.cfg)
	}
	find := c.cfg.namespace
	if c.cfg.transport == nil {
		c.cfg.transport = kernel{}
		if find == nil {
			find = currentNamespace
		}
	}
	if find != nil {
		ns, err := find()
		if err != nil {
			return nil, err
		}
		c.cfg.socket.Namespace, c.owned = ns, ns
	}
	c.share()
	return c, nil
}

// currentNamespace returns the namespace of the calling thread, nil without /proc:
// then there is only the one that one is in.
func currentNamespace() (*socket.Namespace, error) {
	ns, err := socket.CurrentNamespace()
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, os.ErrPermission) {
		return nil, nil
	}
	return ns, err
}

// share puts the transport behind one socket a protocol if that was asked for.
func (c *Conn) share() {
	if c.cfg.oneSocket {
		c.shared = newOneSocket(c.cfg.transport, c.cfg.socket)
		c.cfg.transport = c.shared
	}
}

// Close closes the Conn with all its sockets and subscriptions. Calls and loops
// that wait end with [ErrClosed]; subscriptions just end.
func (c *Conn) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil
	}
	c.closed = true
	var errs []error
	for s := range c.open {
		errs = append(errs, s.Close())
	}
	clear(c.open)
	clear(c.pools)
	if c.shared != nil {
		errs = append(errs, c.shared.Close())
	}
	if c.owned != nil {
		errs = append(errs, c.owned.Close())
	}
	return errors.Join(errs...)
}

// OpenSocket opens a socket of the Conn's transport and namespace for messages
// that no spec describes. It is closed with the Conn.
func (c *Conn) OpenSocket(protocol int, o SocketOptions) (Socket, error) {
	if o.Namespace == nil {
		o.Namespace = c.cfg.socket.Namespace
	}
	if c.cfg.protocol.OK {
		protocol = c.cfg.protocol.V
	}
	c.mu.Lock()
	closed := c.closed
	c.mu.Unlock()
	if closed {
		return nil, ErrClosed
	}
	s, err := c.cfg.transport.OpenSocket(protocol, o)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		s.Close()
		return nil, ErrClosed
	}
	c.open[s] = struct{}{}
	return &connSocket{s, c}, nil
}

// connSocket is a socket that its Conn forgets when it is closed.
type connSocket struct {
	Socket
	c *Conn
}

func (s *connSocket) Close() error { return s.c.closeSocket(s.Socket) }

func (c *Conn) closeSocket(s Socket) error {
	c.mu.Lock()
	delete(c.open, s)
	c.mu.Unlock()
	return s.Close()
}

// poolKey tells which exchanges can stand in for one another.
type poolKey struct {
	protocol int
	lax      bool
}

// pool holds the exchanges that nobody uses, the last used at the end.
type pool struct {
	idle []*exchange
}

// maxIdle is how many unused sockets a pool keeps.
const maxIdle = 32

// borrow returns an exchange with a socket that nobody else uses.
func (c *Conn) borrow(protocol int, lax bool) (*exchange, error) {
	key := poolKey{protocol, lax || c.cfg.socket.Lax}
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return nil, ErrClosed
	}
	p := c.pools[key]
	if p == nil {
		p = new(pool)
		c.pools[key] = p
	}
	if n := len(p.idle); n > 0 {
		x := p.idle[n-1]
		p.idle[n-1] = nil
		p.idle = p.idle[:n-1]
		c.mu.Unlock()
		return x, nil
	}
	c.mu.Unlock()

	o := c.cfg.socket
	o.Lax = key.lax
	return c.newExchange(protocol, o, p)
}

// newExchange returns an exchange with a new socket.
func (c *Conn) newExchange(protocol int, o SocketOptions, p *pool) (*exchange, error) {
	o.ListenAllNSID = false
	if o.Port != 0 {
		c.closeIdle(protocol) // Only one socket can have the port.
	}
	s, err := c.OpenSocket(protocol, o)
	if err != nil {
		return nil, err
	}
	// Answers to a socket that had the same port before, or that has it too, are
	// not for this one.
	x := &exchange{c: c, pool: p, protocol: protocol, sock: s.(*connSocket).Socket, seq: rand.Uint32()}
	x.prompt, _ = x.sock.(PromptSocket)
	return x, nil
}

// closeIdle closes the sockets of a protocol that nobody uses.
func (c *Conn) closeIdle(protocol int) {
	var idle []*exchange
	c.mu.Lock()
	for key, p := range c.pools {
		if key.protocol == protocol || c.cfg.protocol.OK {
			idle = append(idle, p.idle...)
			p.idle = nil
		}
	}
	c.mu.Unlock()
	for _, x := range idle {
		c.discard(x)
	}
}

// giveBack ends an exchange whose answer was read to its end.
func (c *Conn) giveBack(x *exchange) {
	x.reset()
	c.mu.Lock()
	if !c.closed && len(x.pool.idle) < maxIdle {
		x.pool.idle = append(x.pool.idle, x)
		c.mu.Unlock()
		return
	}
	c.mu.Unlock()
	c.discard(x)
}

// discard ends an exchange whose answer may still be on its way.
func (c *Conn) discard(x *exchange) { _ = c.closeSocket(x.sock) }

// takeScratch returns a scratch arena that nobody uses.
func (c *Conn) takeScratch() *nlattr.Arena {
	c.scratchMu.Lock()
	defer c.scratchMu.Unlock()
	if n := len(c.scratch); n > 0 {
		a := c.scratch[n-1]
		c.scratch = c.scratch[:n-1]
		return a
	}
	return nlattr.NewScratch()
}

func (c *Conn) giveScratch(a *nlattr.Arena) {
	c.scratchMu.Lock()
	defer c.scratchMu.Unlock()
	if len(c.scratch) < maxIdle {
		c.scratch = append(c.scratch, a)
	}
}
