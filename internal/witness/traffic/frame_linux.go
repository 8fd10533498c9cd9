package traffic

import (
	"encoding/binary"
	"net/netip"
	"syscall"
	"testing"
)

// SendFrame sends a frame out of a link.
func SendFrame(t testing.TB, link uint32, frame []byte) {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_PACKET, syscall.SOCK_RAW|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(fd)
	if err := syscall.Sendto(fd, frame, 0, &syscall.SockaddrLinklayer{Ifindex: int(link)}); err != nil {
		t.Fatal(err)
	}
}

// IPv4 is a packet of a protocol, with options of 4, 8, ... bytes in its header.
func IPv4(src, dst netip.Addr, protocol, ttl uint8, options, payload []byte) []byte {
	length := 20 + len(options)
	b := []byte{0x40 | byte(length/4), 0, byte((length + len(payload)) >> 8), byte(length + len(payload)), 0, 0, 0, 0, ttl, protocol, 0, 0}
	b = append(append(append(b, src.AsSlice()...), dst.AsSlice()...), options...)
	binary.BigEndian.PutUint16(b[10:], Checksum(b))
	return append(b, payload...)
}

// IPv6 is a packet of a protocol.
func IPv6(src, dst netip.Addr, protocol, hops uint8, payload []byte) []byte {
	b := append([]byte{0x60, 0, 0, 0, byte(len(payload) >> 8), byte(len(payload)), protocol, hops}, src.AsSlice()...)
	return append(append(b, dst.AsSlice()...), payload...)
}

// ICMPv6 is a message with its checksum, which counts the addresses as well.
func ICMPv6(src, dst netip.Addr, message []byte) []byte {
	const protocol = 58
	b := append([]byte{}, message...)
	pseudo := append(append(src.AsSlice(), dst.AsSlice()...), 0, 0, byte(len(b)>>8), byte(len(b)), 0, 0, 0, protocol)
	binary.BigEndian.PutUint16(b[2:], Checksum(pseudo, b))
	return b
}

// GroupMAC is the address on Ethernet of a group.
func GroupMAC(group netip.Addr) []byte {
	b := group.AsSlice()
	if group.Is4() {
		return []byte{1, 0, 0x5e, b[1] & 0x7f, b[2], b[3]}
	}
	return append([]byte{0x33, 0x33}, b[12:]...)
}

// IGMP is a packet with a message, which gets its checksum.
func IGMP(src, dst netip.Addr, message []byte) []byte {
	b := append([]byte{}, message...)
	binary.BigEndian.PutUint16(b[2:], Checksum(b))
	return IPv4(src, dst, syscall.IPPROTO_IGMP, 1, []byte{0x94, 4, 0, 0}, b) // with the option router alert
}

// MLD is IGMP for IPv6.
func MLD(src, dst netip.Addr, message []byte) []byte {
	alert := []byte{syscall.IPPROTO_ICMPV6, 0, 5, 2, 0, 0, 1, 0}
	return IPv6(src, dst, 0, 1, append(alert, ICMPv6(src, dst, message)...)) // behind hop-by-hop options
}

// Checksum is that of the internet, over parts of even length.
func Checksum(parts ...[]byte) uint16 {
	var sum uint32
	for _, part := range parts {
		for i := 0; i+1 < len(part); i += 2 {
			sum += uint32(binary.BigEndian.Uint16(part[i:]))
		}
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return ^uint16(sum)
}
