package nlconn

import (
	"context"

	"github.com/nlgen/nlgen/runtime/socket"
)

// A Transport opens the sockets of a [Conn]. The default is the kernel's
// AF_NETLINK; fakes and bridges to other libraries stand in for it by
// [WithTransport].
type Transport interface {
	// OpenSocket opens a socket of the given protocol. It must not keep o.
	OpenSocket(protocol int, o SocketOptions) (Socket, error)
}

// SocketOptions are what a socket is opened with.
type SocketOptions = socket.Options

// A Packet is room for a datagram, then the datagram.
type Packet = socket.Packet

// A Socket moves datagrams of whole netlink messages. One goroutine uses it at a
// time, but for Close, Join and Leave, which may be called at any time. A
// *[socket.Socket] is one.
type Socket interface {
	// Send sends a datagram of one or more requests.
	Send(datagram []byte) error
	// Receive waits until there is a datagram, then takes as many as there are
	// packets for without waiting again. When ctx ends it returns its error,
	// when the socket is closed [ErrClosed], when datagrams were lost
	// [ErrOverrun].
	Receive(ctx context.Context, pkts []Packet) (int, error)
	Join(group uint32) error
	Leave(group uint32) error
	// PortID is the port that the socket is bound to.
	PortID() uint32
	// Close closes the socket and wakes Receive.
	Close() error
}

// A PromptSocket is a socket whose answers are all in its queue when Send
// returns, as the kernel's are: it works on a request inside sendto. Then an
// empty queue says that no more will come.
type PromptSocket interface {
	Socket
	// TryReceive is Receive without waiting: it returns 0 if the queue is empty.
	TryReceive(pkts []Packet) (int, error)
}

// kernel is the transport of AF_NETLINK.
type kernel struct{}

// unprompt hides that a socket is prompt, for those that talk to a process.
type unprompt struct{ Socket }

func (kernel) OpenSocket(protocol int, o SocketOptions) (Socket, error) {
	s, err := socket.Open(protocol, o)
	if err != nil {
		return nil, err
	}
	if o.Peer != 0 {
		return unprompt{s}, nil
	}
	return s, nil
}
