package socket

import (
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A Socket is an AF_NETLINK socket. Its methods may be called concurrently but
// for TryReceive and Receive, of which one may run at a time. One that is never
// closed is when the garbage collector finds it.
type Socket struct {
	// use counts the calls that are using fd, and has the bit closed once Close
	// was called. The descriptor is closed by whoever brings it to closed alone,
	// so that no call ever sees a descriptor that was given to somebody else.
	use    atomic.Int64
	fd     int
	port   uint32
	strict bool
	listen bool

	peer *unix.RawSockaddrNetlink // where Send goes; nil is the kernel

	control atomic.Bool // control data is to be received
	vectors []vector    // one per packet, grown to the most that was asked for
	room    []byte      // for a datagram, or for what outgrows the packets' buffers
	spilled bool        // pages of it were used beyond the first plainLen bytes
	from    struct {    // the sender of a datagram that was received plainly
		name unix.RawSockaddrNetlink
		len  uint32
	}

	wait waiter

	forgotten runtime.Cleanup
}

const closed = 1 << 62

// Open opens a socket of the given protocol and binds it.
func Open(protocol int, o Options) (*Socket, error) {
	var s *Socket
	open := func() (err error) {
		s, err = open(protocol, o)
		return err
	}
	var err error
	if o.Namespace != nil {
		err = o.Namespace.Do(open)
	} else {
		err = open()
	}
	if err != nil {
		return nil, err
	}
	return s, nil
}

func open(protocol int, o Options) (*Socket, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, protocol)
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	s := &Socket{fd: fd, listen: o.Listen}
	if err := s.setup(o); err != nil {
		unix.Close(fd)
		return nil, err
	}
	s.room = takeRoom()
	s.forgotten = runtime.AddCleanup(s, remains.free, remains{fd, s.room})
	return s, nil
}

// remains is what a socket has outside of the Go heap.
type remains struct {
	fd   int
	room []byte
}

func (r remains) free() {
	unix.Close(r.fd)
	giveRoom(r.room, true)
}

// setup sets the options and binds the socket: one that is not bound gets no
// notifications, although it may join groups.
func (s *Socket) setup(o Options) error {
	// Kernels before 4.3 and 4.12 have neither of these two: acks are longer
	// then, and errors shorter.
	_ = s.SetOption(unix.NETLINK_CAP_ACK, 1)
	_ = s.SetOption(unix.NETLINK_EXT_ACK, 1)
	if !o.Lax {
		// Since 4.20.
		s.strict = s.SetOption(unix.NETLINK_GET_STRICT_CHK, 1) == nil
	}
	if o.ListenAllNSID {
		if err := s.SetOption(unix.NETLINK_LISTEN_ALL_NSID, 1); err != nil {
			return err
		}
		s.control.Store(true)
	}
	for _, b := range []struct {
		want   bool
		option int
	}{{o.NoOverrun, unix.NETLINK_NO_ENOBUFS}, {o.BroadcastError, unix.NETLINK_BROADCAST_ERROR}} {
		if b.want {
			if err := s.SetOption(b.option, 1); err != nil {
				return err
			}
		}
	}
	if err := s.queue(o.ReceiveQueue, unix.SO_RCVBUFFORCE, unix.SO_RCVBUF); err != nil {
		return err
	}
	if err := s.queue(o.SendQueue, unix.SO_SNDBUFFORCE, unix.SO_SNDBUF); err != nil {
		return err
	}
	if err := unix.Bind(s.fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Pid: o.Port}); err != nil {
		return os.NewSyscallError("bind", err)
	}
	name, err := unix.Getsockname(s.fd)
	if err != nil {
		return os.NewSyscallError("getsockname", err)
	}
	if name, ok := name.(*unix.SockaddrNetlink); ok {
		s.port = name.Pid
	}
	if o.Peer != 0 {
		s.peer = &unix.RawSockaddrNetlink{Family: unix.AF_NETLINK, Pid: o.Peer}
	}
	return nil
}

// queue sets the size of a queue, beyond the system's limit if it may.
func (s *Socket) queue(bytes, force, plain int) error {
	if bytes <= 0 {
		return nil
	}
	if unix.SetsockoptInt(s.fd, unix.SOL_SOCKET, force, bytes) == nil {
		return nil
	}
	return os.NewSyscallError("setsockopt", unix.SetsockoptInt(s.fd, unix.SOL_SOCKET, plain, bytes))
}

// acquire keeps the descriptor open until release. It reports false if the
// socket is closed.
func (s *Socket) acquire() bool {
	for {
		n := s.use.Load()
		if n&closed != 0 {
			return false
		}
		if s.use.CompareAndSwap(n, n+1) {
			return true
		}
	}
}

func (s *Socket) release() {
	if s.use.Add(-1) == closed {
		s.destroy()
	}
}

// destroy closes the descriptor. Nobody uses the socket any more.
func (s *Socket) destroy() {
	s.forgotten.Stop()
	unix.Close(s.fd)
	giveRoom(s.room, s.spilled)
	s.room = nil
}

// Close closes the socket and wakes a Receive that waits. It may be called more
// than once and at any time.
func (s *Socket) Close() error {
	for {
		n := s.use.Load()
		if n&closed != 0 {
			return nil
		}
		if s.use.CompareAndSwap(n, n|closed) {
			s.wait.close()
			if n == 0 {
				s.destroy()
			}
			return nil
		}
	}
}

// PortID returns the port that the socket is bound to.
func (s *Socket) PortID() uint32 { return s.port }

// Strict reports whether the kernel checks requests strictly
// (NETLINK_GET_STRICT_CHK).
func (s *Socket) Strict() bool { return s.strict }

// SetOption sets an integer option of the level SOL_NETLINK.
func (s *Socket) SetOption(option, value int) error {
	if !s.acquire() {
		return ErrClosed
	}
	defer s.release()
	return os.NewSyscallError("setsockopt", unix.SetsockoptInt(s.fd, unix.SOL_NETLINK, option, value))
}

// Join makes the socket receive what is multicast to a group.
func (s *Socket) Join(group uint32) error {
	if group > 32 && !s.control.Load() {
		// The sender's address names groups by a mask of 32 bits.
		if err := s.SetOption(unix.NETLINK_PKTINFO, 1); err != nil {
			return err
		}
		s.control.Store(true)
	}
	return s.SetOption(unix.NETLINK_ADD_MEMBERSHIP, int(group))
}

// Leave undoes Join. What is already in the queue is still received.
func (s *Socket) Leave(group uint32) error {
	return s.SetOption(unix.NETLINK_DROP_MEMBERSHIP, int(group))
}

// Send sends a datagram. For the kernel's protocols it returns when the kernel
// has dealt with the requests in it.
func (s *Socket) Send(b []byte) error { return s.sendTo(b, s.peer) }

// SendTo sends a datagram to a port, whatever the socket's peer is, and to the
// members of a group from 1 to 32 if group is not 0. It does not wait: if the
// receiver's queue is full its error is EAGAIN.
func (s *Socket) SendTo(b []byte, port, group uint32) error {
	to := &unix.RawSockaddrNetlink{Family: unix.AF_NETLINK, Pid: port}
	if group > 32 {
		return os.NewSyscallError("sendto", unix.EINVAL)
	}
	if group > 0 {
		to.Groups = 1 << (group - 1)
	}
	return s.sendTo(b, to)
}

// sendTo sends a datagram to an address; nil is the kernel's.
func (s *Socket) sendTo(b []byte, to *unix.RawSockaddrNetlink) error {
	if !s.acquire() {
		return ErrClosed
	}
	var size uintptr
	if to != nil {
		size = unix.SizeofSockaddrNetlink
	}
	errno := syscall.EINTR
	for errno == syscall.EINTR { // nothing was sent
		_, _, errno = syscall.Syscall6(unix.SYS_SENDTO, uintptr(s.fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))),
			uintptr(len(b)), 0, uintptr(unsafe.Pointer(to)), size)
	}
	s.release()
	if errno != 0 {
		return os.NewSyscallError("sendto", errno)
	}
	return nil
}

const (
	// overflowSize is how much datagrams may exceed the buffers of their packets by,
	// all packets of one call together: four share it while a long dump is received
	// ahead, and each must hold the megabyte that answers may have.
	overflowSize = 4 << 20
	// plainLen is the largest buffer of a packet that recvfrom stands in for.
	plainLen = 64 << 10
)

// rooms holds the rooms that no socket has. They are address space outside the Go
// heap, of which pages exist as far as a datagram has reached: so every socket can
// afford one. They are never unmapped, but no slice of them ever leaves this
// package either.
var rooms struct {
	sync.Mutex
	free [][]byte
}

// takeRoom returns a room, or nil if there is no memory for one.
func takeRoom() []byte {
	rooms.Lock()
	defer rooms.Unlock()
	if n := len(rooms.free); n > 0 {
		b := rooms.free[n-1]
		rooms.free = rooms.free[:n-1]
		return b
	}
	b, err := unix.Mmap(-1, 0, plainLen+overflowSize, unix.PROT_READ|unix.PROT_WRITE,
		unix.MAP_PRIVATE|unix.MAP_ANONYMOUS|unix.MAP_NORESERVE)
	if err != nil {
		return nil
	}
	_ = unix.Madvise(b, unix.MADV_NOHUGEPAGE)
	return b
}

// giveRoom takes a room back, and its pages if it has many.
func giveRoom(b []byte, spilled bool) {
	if b == nil {
		return
	}
	if spilled {
		_ = unix.Madvise(b, unix.MADV_DONTNEED)
	}
	rooms.Lock()
	defer rooms.Unlock()
	rooms.free = append(rooms.free, b)
}
