package nltest

import (
	"context"
	"fmt"
	"os"
	"sync"
	"syscall"
	"testing"

	"github.com/nlgen/nlgen/runtime/nlconn"
	"github.com/nlgen/nlgen/runtime/nlserve"
)

// A Kernel is a kernel in memory, an [nlconn.Transport]. It answers requests by
// the methods that it is given; a generic family gets an id and can be looked up
// by name. Its methods may be called concurrently, and so are those that it is
// given, where connections are used concurrently.
//
// Like the kernel it carries out a request while it is being sent, so a method
// that waits for something makes the client wait, whatever its context says;
// with [Slow] it does not. A dump goes on while its messages are being read.
type Kernel struct {
	server nlserve.Server
	config kernelConfig

	mu       sync.Mutex
	sockets  map[address]*kernelSocket
	lastPort uint32
}

// address is what a socket is bound to.
type address struct {
	protocol int
	port     uint32
}

type kernelConfig struct {
	slow, noStrict, uncapped, noExtAck bool
	room                               int
}

// KernelOption changes how a [Kernel] works.
type KernelOption func(*kernelConfig)

// Slow makes a kernel that works on requests while the client waits for the
// answer: what is sent has not been carried out yet when Send returns.
func Slow() KernelOption { return func(c *kernelConfig) { c.slow = true } }

// WithoutStrict makes a kernel that has no strict checking: no socket has it
// (NETLINK_GET_STRICT_CHK, Linux 4.20).
func WithoutStrict() KernelOption { return func(c *kernelConfig) { c.noStrict = true } }

// Uncapped makes a kernel that sends whole requests back with errors
// (NETLINK_CAP_ACK, Linux 4.3).
func Uncapped() KernelOption { return func(c *kernelConfig) { c.uncapped = true } }

// WithoutExtAck makes a kernel that has nothing to say beside error numbers
// (NETLINK_EXT_ACK, Linux 4.12).
func WithoutExtAck() KernelOption { return func(c *kernelConfig) { c.noExtAck = true } }

// DumpRoom sets how many bytes of a dump go into one datagram at most; without
// it 32 KiB. With 1, each message has its own.
func DumpRoom(bytes int) KernelOption { return func(c *kernelConfig) { c.room = bytes } }

// NewKernel returns a kernel that knows no family but nlctrl.
func NewKernel(opts ...KernelOption) *Kernel {
	k := &Kernel{sockets: make(map[address]*kernelSocket), lastPort: firstPort}
	for _, o := range opts {
		o(&k.config)
	}
	k.server.OnMulticast(func(protocol int, group uint32, datagram []byte, except uint32) {
		k.multicast(protocol, group, 0, datagram, except)
	})
	return k
}

// firstPort is the port before the first that is given to a socket.
const firstPort = 1000

// Handle adds methods, see [nlserve.Do], [nlserve.Exec], [nlserve.DoAll] and
// [nlserve.Dump]. Their families need no other registration. It panics if an
// operation has such a method already.
func (k *Kernel) Handle(methods ...nlserve.Method) {
	for _, m := range methods {
		k.Register(nlserve.Service{Family: m.Op.Family, Methods: []nlserve.Method{m}})
	}
}

// Groups adds multicast groups to a family. Those of generic families need no ID.
func (k *Kernel) Groups(f *nlconn.Family, groups ...nlconn.Group) {
	k.Register(nlserve.Service{Family: f, Groups: groups})
}

// Register adds services, such as those that generated packages make. It panics
// if that is not possible, see [nlserve.Server.Register].
func (k *Kernel) Register(services ...nlserve.Service) {
	if err := k.server.Register(services...); err != nil {
		panic("nltest: " + err.Error())
	}
}

// Unregister removes a family, as if its module were unloaded. A generic family
// that is registered again has another id. It reports whether there was such a
// family.
func (k *Kernel) Unregister(f *nlconn.Family) bool { return k.server.Unregister(f.Name) }

// Notify multicasts a notification of a family: a message with the given number.
// A group without an ID is looked up by its name. Where a receive queue is full
// the notification is lost, and the socket says so. A method notifies with its
// own context, so that clients that asked for an echo get it.
func (k *Kernel) Notify(ctx context.Context, f *nlconn.Family, number uint16, g nlconn.Group, v nlconn.Encodable) error {
	return k.server.Notify(ctx, f, number, g, v)
}

// Conn returns a connection to the kernel. It is closed when the test ends.
func (k *Kernel) Conn(tb testing.TB, opts ...nlconn.Option) *nlconn.Conn {
	tb.Helper()
	return open(tb, k, opts)
}

// open opens a connection over a transport.
func open(tb testing.TB, t nlconn.Transport, opts []nlconn.Option) *nlconn.Conn {
	tb.Helper()
	c, err := nlconn.Open(append([]nlconn.Option{nlconn.WithTransport(t)}, opts...)...)
	if err != nil {
		tb.Fatalf("nltest: %v", err)
	}
	tb.Cleanup(func() { c.Close() })
	return c
}

// Sockets returns how many sockets are open.
func (k *Kernel) Sockets() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return len(k.sockets)
}

// Listen returns a socket for [nlserve.Serve], so that clients can talk to a
// server that is not the kernel (see [nlconn.WithPeer]). A port of 0 is chosen.
func (k *Kernel) Listen(protocol int, port uint32) (nlserve.Socket, error) {
	return k.open(protocol, nlconn.SocketOptions{Port: port, ReceiveQueue: 1 << 20})
}

// OpenSocket opens a socket. It implements [nlconn.Transport].
func (k *Kernel) OpenSocket(protocol int, o nlconn.SocketOptions) (nlconn.Socket, error) {
	s, err := k.open(protocol, o)
	switch {
	case err != nil:
		return nil, err
	case o.Peer != 0 || k.config.slow:
		return s, nil
	}
	return &promptSocket{s}, nil
}

func (k *Kernel) open(protocol int, o nlconn.SocketOptions) (*kernelSocket, error) {
	const protocols = 32 // MAX_LINKS
	if protocol < 0 || protocol >= protocols {
		return nil, os.NewSyscallError("socket", syscall.EPROTONOSUPPORT)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	at := address{protocol, o.Port}
	if at.port == 0 {
		for taken := true; taken; _, taken = k.sockets[at] {
			k.lastPort++
			at.port = k.lastPort
		}
	} else if k.sockets[at] != nil {
		return nil, os.NewSyscallError("bind", syscall.EADDRINUSE)
	}
	s := newKernelSocket(k, at, o)
	k.sockets[at] = s
	return s, nil
}

// forget removes a socket that is closed.
func (k *Kernel) forget(s *kernelSocket) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.sockets, s.at)
}

// deliver hands a datagram to the socket that is bound to an address.
func (k *Kernel) deliver(to address, from uint32, datagram []byte) error {
	k.mu.Lock()
	s := k.sockets[to]
	k.mu.Unlock()
	switch {
	case s == nil:
		return os.NewSyscallError("sendto", syscall.ECONNREFUSED)
	case !s.push(entry{Packet: nlconn.Packet{Data: datagram, Port: from}}):
		return os.NewSyscallError("sendto", syscall.EAGAIN)
	}
	return nil
}

// multicast hands a datagram to the members of a group.
func (k *Kernel) multicast(protocol int, group, from uint32, datagram []byte, except uint32) {
	k.mu.Lock()
	var members []*kernelSocket
	for at, s := range k.sockets {
		if at.protocol == protocol && at.port != from && (except == 0 || at.port != except) && s.groups[group] {
			members = append(members, s)
		}
	}
	k.mu.Unlock()
	for _, s := range members {
		p := nlconn.Packet{Data: append([]byte(nil), datagram...), Port: from, Group: group}
		if s.isCongested() || !s.push(entry{Packet: p}) {
			s.lose()
		}
	}
}

// String says what is in the kernel.
func (k *Kernel) String() string { return fmt.Sprintf("nltest.Kernel with %d sockets", k.Sockets()) }
