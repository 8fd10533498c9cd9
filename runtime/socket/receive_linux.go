package socket

import (
	"encoding/binary"
	"math/bits"
	"os"
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
func (s *Socket) TryReceive(pkts []Packet) (int, error) {
	if !s.acquire() {
		return 0, ErrClosed
	}
	defer s.release()
	pkts = pkts[:min(len(pkts), maxPackets)]
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

// share returns the part of the overflow area that belongs to packet i of n.
func (s *Socket) share(i, n int) []byte {
	size := len(s.overflow) / n
	return s.overflow[i*size : (i+1)*size]
}

// prepare points h to where packet i of n goes: its buffer, then the overflow
// area. The kernel sizes the datagrams of a dump by what it is offered, but not
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

// recv is recvmsg or recvmmsg. With MSG_TRUNC the length is the datagram's own,
// also of one that is cut.
func (s *Socket) recv(msgs []message) (int, error) {
	const flags = unix.MSG_DONTWAIT | unix.MSG_TRUNC
	for {
		n, errno := 1, unix.Errno(0)
		if len(msgs) == 1 {
			var size uintptr
			size, _, errno = unix.Syscall(unix.SYS_RECVMSG, uintptr(s.fd), uintptr(unsafe.Pointer(&msgs[0].hdr)), flags)
			msgs[0].len = uint32(size)
		} else {
			var got uintptr
			got, _, errno = unix.Syscall6(unix.SYS_RECVMMSG, uintptr(s.fd), uintptr(unsafe.Pointer(&msgs[0])),
				uintptr(len(msgs)), flags, 0, 0)
			n = int(got)
		}
		switch errno {
		case 0:
			return n, nil
		case unix.EAGAIN:
			return 0, nil
		case unix.EINTR:
		case unix.ENOBUFS:
			return 0, ErrOverrun
		default:
			return 0, os.NewSyscallError("recvmsg", errno)
		}
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
	p.Port, p.Group = 0, 0
	if m.hdr.Namelen >= unix.SizeofSockaddrNetlink {
		p.Port = v.name.Pid
		if v.name.Groups != 0 {
			p.Group = uint32(bits.TrailingZeros32(v.name.Groups)) + 1
		}
	}
	p.NSID, p.HasNSID = 0, false
	if m.hdr.Control != nil {
		p.control(v.control[:min(uint64(m.hdr.Controllen), controlLen)])
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
