package socket

import (
	"encoding/binary"
	"math/bits"
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// vector is what the kernel fills in for one packet. It is kept, so that nothing
// is allocated per call.
type vector struct {
	name    unix.RawSockaddrNetlink
	iov     [2]unix.Iovec
	control [controlLen]byte
}

// controlLen holds a struct nl_pktinfo and an nsid, each with its header.
const controlLen = 64

// message is a struct mmsghdr.
type message struct {
	hdr unix.Msghdr
	len uint32
}

// maxPackets is how many datagrams one call receives at most.
const maxPackets = 64

// TryReceive takes the datagrams that are in the queue, as many as there are
// packets. It never waits: it returns 0 if the queue is empty.
//
// NB: A single datagram without control data is received by recvfrom. recvmsg costs
// a fifth of a microsecond more, since the kernel reads and writes structs for it.
// But recvfrom fills one buffer only: that is the socket's room, which holds any
// datagram, and the packet gets a copy. It is called from here, since the processor
// mispredicts every return on the way back from a system call.
func (s *Socket) TryReceive(pkts []Packet) (int, error) {
	if !s.acquire() {
		return 0, ErrClosed
	}
	if len(pkts) != 1 || len(pkts[0].Buf) > plainLen || s.control.Load() {
		n, err := s.some(pkts[:min(len(pkts), maxPackets)])
		s.release()
		return n, err
	}
	p := &pkts[0]
	room := s.room
	if room == nil {
		room = p.Buf
	}
	room = room[:min(len(p.Buf)+overflowSize, len(room))]
	var n uintptr
	errno := syscall.EINTR
	for errno == syscall.EINTR {
		s.from.len = unix.SizeofSockaddrNetlink
		n, _, errno = syscall.Syscall6(unix.SYS_RECVFROM, uintptr(s.fd), uintptr(unsafe.Pointer(unsafe.SliceData(room))),
			uintptr(len(room)), receiveFlags, uintptr(unsafe.Pointer(&s.from.name)), uintptr(unsafe.Pointer(&s.from.len)))
	}
	if errno == 0 {
		p.set(room[:min(int(n), len(room))], int(n))
		p.sender(&s.from.name, s.from.len)
		s.spilled = s.spilled || n > plainLen
	}
	s.release()
	if errno != 0 {
		return 0, failed("recvfrom", errno)
	}
	return 1, nil
}

// set makes a copy of what was received the packet's datagram, which has n bytes.
func (p *Packet) set(got []byte, n int) {
	if p.Len = n; len(got) <= len(p.Buf) {
		p.Data = p.Buf[:copy(p.Buf, got)]
	} else {
		p.Data = append(make([]byte, 0, len(got)), got...)
	}
	p.NSID, p.HasNSID = 0, false
}

// some receives as many datagrams as are there, with their control data.
func (s *Socket) some(pkts []Packet) (int, error) {
	if len(pkts) == 0 {
		return 0, nil
	}
	if len(s.vectors) < len(pkts) {
		s.vectors = make([]vector, len(pkts))
	}
	var msgs [2]message
	if len(pkts) <= len(msgs) {
		return s.receive(pkts, msgs[:len(pkts)])
	}
	var many [maxPackets]message
	return s.receive(pkts, many[:len(pkts)])
}

func (s *Socket) receive(pkts []Packet, msgs []message) (int, error) {
	control := s.control.Load()
	for i := range pkts {
		s.prepare(i, len(pkts), pkts[i].Buf, &msgs[i].hdr, control)
	}
	n, err := s.recv(msgs)
	for i := range pkts[:n] {
		s.fill(&pkts[i], i, len(pkts), &msgs[i])
	}
	return n, err
}

// share returns the part of the room that belongs to what packet i of n outgrows
// its buffer by.
func (s *Socket) share(i, n int) []byte {
	size := min(len(s.room), overflowSize) / n
	return s.room[i*size : (i+1)*size]
}

// prepare points h to where packet i of n goes: its buffer, then its share of the
// room. The kernel sizes the datagrams of a dump by what it is offered, but not
// above 32 KiB, so offering more costs nothing.
func (s *Socket) prepare(i, n int, buf []byte, h *unix.Msghdr, control bool) {
	v := &s.vectors[i]
	v.iov[0].Base = unsafe.SliceData(buf)
	v.iov[0].SetLen(len(buf))
	h.Iov = &v.iov[0]
	h.SetIovlen(1)
	if over := s.share(i, n); len(over) > 0 {
		v.iov[1].Base = unsafe.SliceData(over)
		v.iov[1].SetLen(len(over))
		h.SetIovlen(2)
	}
	h.Name = (*byte)(unsafe.Pointer(&v.name))
	h.Namelen = unix.SizeofSockaddrNetlink
	if control {
		h.Control = &v.control[0]
		h.SetControllen(controlLen)
	}
}

// receiveFlags are those of every call that receives. With MSG_TRUNC the length is
// the datagram's own, also of one that is cut.
const receiveFlags = unix.MSG_DONTWAIT | unix.MSG_TRUNC

// recv is recvmsg or recvmmsg.
func (s *Socket) recv(msgs []message) (int, error) {
	n, errno := uintptr(0), syscall.EINTR
	for errno == syscall.EINTR {
		if len(msgs) == 1 {
			n, _, errno = syscall.Syscall(unix.SYS_RECVMSG, uintptr(s.fd), uintptr(unsafe.Pointer(&msgs[0].hdr)), receiveFlags)
			msgs[0].len, n = uint32(n), 1
		} else {
			n, _, errno = syscall.Syscall6(unix.SYS_RECVMMSG, uintptr(s.fd), uintptr(unsafe.Pointer(&msgs[0])),
				uintptr(len(msgs)), receiveFlags, 0, 0)
		}
	}
	if errno != 0 {
		return 0, failed("recvmsg", errno)
	}
	return int(n), nil
}

// failed returns what is to be said of a call that received nothing; nil if there
// was nothing.
func failed(call string, errno syscall.Errno) error {
	switch errno {
	case unix.EAGAIN:
		return nil
	case unix.ENOBUFS:
		return ErrOverrun
	default:
		return os.NewSyscallError(call, errno)
	}
}

// fill completes packet i of n.
func (s *Socket) fill(p *Packet, i, n int, m *message) {
	v := &s.vectors[i]
	p.Len = int(m.len)
	if p.Len <= len(p.Buf) {
		p.Data = p.Buf[:p.Len]
	} else {
		over := s.share(i, n)
		over = over[:min(p.Len-len(p.Buf), len(over))]
		p.Data = append(append(make([]byte, 0, len(p.Buf)+len(over)), p.Buf...), over...)
		s.spilled = s.spilled || len(over) > 0
	}
	p.sender(&v.name, m.hdr.Namelen)
	p.NSID, p.HasNSID = 0, false
	if m.hdr.Control != nil {
		p.control(v.control[:min(uint64(m.hdr.Controllen), controlLen)])
	}
}

// sender reads the address of the sender, of which n bytes are there.
func (p *Packet) sender(name *unix.RawSockaddrNetlink, n uint32) {
	p.Port, p.Group = 0, 0
	if n >= unix.SizeofSockaddrNetlink {
		p.Port = name.Pid
		if name.Groups != 0 {
			p.Group = uint32(bits.TrailingZeros32(name.Groups)) + 1
		}
	}
}

// control reads control data: the group from a struct nl_pktinfo, and the nsid.
func (p *Packet) control(b []byte) {
	for len(b) >= unix.SizeofCmsghdr {
		h := (*unix.Cmsghdr)(unsafe.Pointer(unsafe.SliceData(b)))
		n := uint64(h.Len)
		if n < unix.SizeofCmsghdr || n > uint64(len(b)) {
			return
		}
		if data := b[unix.CmsgLen(0):n]; h.Level == unix.SOL_NETLINK && len(data) >= 4 {
			v := binary.NativeEndian.Uint32(data)
			switch h.Type {
			case unix.NETLINK_PKTINFO:
				p.Group = v
			case unix.NETLINK_LISTEN_ALL_NSID:
				p.NSID, p.HasNSID = int32(v), true
			}
		}
		b = b[min(unix.CmsgSpace(int(n)-unix.CmsgLen(0)), len(b)):]
	}
}
