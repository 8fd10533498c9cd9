package bridge

import (
	"encoding/binary"
	"net/netip"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/internal/witness/traffic"
)

// query sends an IGMP general query of 192.0.2.1 out of a link, in a VLAN if vid is not 0.
func query(l *lab, link string, vid uint16) {
	l.T.Helper()
	source, all := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("224.0.0.1")
	message := []byte{0x11, 100, 0, 0, 0, 0, 0, 0, 2, 125, 0, 0}
	l.send(link, traffic.GroupMAC(all), vid, unix.ETH_P_IP, traffic.IGMP(source, all, message))
}

// query6 is query of fe80::99, by MLD.
func query6(l *lab, link string, vid uint16) {
	l.T.Helper()
	source, all := netip.MustParseAddr("fe80::99"), netip.MustParseAddr("ff02::1")
	message := append([]byte{130, 0, 0, 0, 0x27, 0x10, 0, 0}, make([]byte, 16)...)
	l.send(link, traffic.GroupMAC(all), vid, unix.ETH_P_IPV6, traffic.MLD(source, all, message))
}

// send sends a packet out of a link, in a VLAN if vid is not 0.
func (l *lab) send(link string, to []byte, vid, kind uint16, packet []byte) {
	l.T.Helper()
	frame := append(to, 2, 0, 0, 0, 0, 0x99)
	if vid != 0 {
		frame = binary.BigEndian.AppendUint16(append(frame, 0x81, 0), vid)
	}
	frame = append(binary.BigEndian.AppendUint16(frame, kind), packet...)
	l.sendFrame(link, frame)
}

// sendFrame sends a frame out of a link.
func (l *lab) sendFrame(link string, frame []byte) {
	l.T.Helper()
	traffic.SendFrame(l.T, uint32(l.Link(link).Header.IfiIndex), frame)
}
