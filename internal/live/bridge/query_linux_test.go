package bridge

import (
	"encoding/binary"
	"net"

	"golang.org/x/sys/unix"
)

// query sends an IGMP general query of 192.0.2.1 out of a link, in a VLAN if vid is not 0.
func query(l *lab, link string, vid uint16) {
	l.T.Helper()
	frame := []byte{0x01, 0, 0x5e, 0, 0, 1, 2, 0, 0, 0, 0, 0x99}
	if vid != 0 {
		frame = binary.BigEndian.AppendUint16(append(frame, 0x81, 0), vid)
	}
	frame = append(frame, 8, 0)
	ip := []byte{
		0x46, 0xc0, 0, 36, 0, 0, 0, 0, 1, unix.IPPROTO_IGMP, 0, 0, 192, 0, 2, 1, 224, 0, 0, 1, 0x94, 4, 0, 0, // with the option router alert
	}
	igmp := []byte{0x11, 100, 0, 0, 0, 0, 0, 0, 2, 125, 0, 0}
	binary.BigEndian.PutUint16(ip[10:], sum(ip))
	binary.BigEndian.PutUint16(igmp[2:], sum(igmp))
	l.send(link, append(append(frame, ip...), igmp...))
}

// sum is the checksum of the internet.
func sum(b []byte) uint16 {
	var n uint32
	for i := 0; i+1 < len(b); i += 2 {
		n += uint32(binary.BigEndian.Uint16(b[i:]))
	}
	for n > 0xffff {
		n = n&0xffff + n>>16
	}
	return ^uint16(n)
}

// send sends a frame out of a link.
func (l *lab) send(link string, frame []byte) {
	l.T.Helper()
	i, err := net.InterfaceByName(link)
	if err != nil {
		l.T.Fatal(err)
	}
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		l.T.Fatal(err)
	}
	defer unix.Close(fd)
	if err := unix.Sendto(fd, frame, 0, &unix.SockaddrLinklayer{Ifindex: i.Index}); err != nil {
		l.T.Fatal(err)
	}
}
