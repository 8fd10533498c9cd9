// Package socket opens AF_NETLINK sockets and moves datagrams through them.
//
// A [Socket] is a bare descriptor: receiving tries at once, and only if there is
// nothing does it wait, through the runtime's poller, for as long as the wait
// lasts. So a request whose answer is there when send returns, as the kernel's
// answers are, costs two system calls, wakes no thread and allocates nothing.
// No goroutine stands behind a socket.
//
// The package knows nothing of what is in a datagram. It builds everywhere; on
// systems other than Linux [Open] fails with [errors.ErrUnsupported].
package socket

import (
	"errors"
	"os"
)

// ErrOverrun reports that the receive queue was full and datagrams were lost
// (ENOBUFS). The socket works on.
var ErrOverrun = errors.New("receive queue overran: messages were lost")

// ErrClosed reports that the socket is closed.
var ErrClosed = os.ErrClosed

// Options are what a socket is opened with. The zero Options give a socket for
// requests that is bound to a port of the kernel's choice.
type Options struct {
	// Port is the port id to bind to; 0 lets the kernel choose.
	Port uint32
	// Peer is the port id that datagrams are sent to; 0 is the kernel.
	Peer uint32
	// Lax leaves strict checking of requests off (NETLINK_GET_STRICT_CHK).
	Lax bool
	// ReceiveQueue and SendQueue are the sizes of the queues in bytes, beyond
	// the system's limits if the process may (SO_RCVBUFFORCE); 0 leaves the
	// system's default. The kernel counts its own overhead, several hundred
	// bytes a message.
	ReceiveQueue, SendQueue int
	// ListenAllNSID also delivers what is multicast in those network namespaces
	// that have an id in the socket's own (NETLINK_LISTEN_ALL_NSID).
	ListenAllNSID bool
	// NoOverrun asks the kernel not to report lost datagrams
	// (NETLINK_NO_ENOBUFS).
	NoOverrun bool
	// BroadcastError makes the multicasts of this socket fail if a listener
	// loses them (NETLINK_BROADCAST_ERROR).
	BroadcastError bool
	// Namespace is the network namespace that the socket belongs to; nil is the
	// calling thread's.
	Namespace *Namespace
	// Listen prepares the socket for waiting over and over, as subscriptions do:
	// it stays registered with the runtime's poller.
	Listen bool
}

// A Packet is room for a datagram, then the datagram.
type Packet struct {
	// Buf is where the datagram goes. A datagram that does not fit is put in
	// memory of its own. All packets of a call share 4 MiB for what exceeds their
	// buffers, each a part of the same size.
	Buf []byte

	// Data is the datagram: part of Buf, or memory of its own.
	Data []byte
	// Len is the datagram's length. If it is larger than len(Data), the rest is
	// lost.
	Len int
	// Port is the sender's port id, 0 for the kernel.
	Port uint32
	// Group is the multicast group that the datagram was sent to, 0 for none.
	// Numbers above 32 are seen only after [Socket.Join] of one.
	Group uint32
	// NSID is the id of the network namespace that the datagram comes from, if
	// HasNSID says so: it is not the socket's own.
	NSID    int32
	HasNSID bool
}

// Truncated reports whether a part of the datagram is lost.
func (p *Packet) Truncated() bool { return p.Len > len(p.Data) }
