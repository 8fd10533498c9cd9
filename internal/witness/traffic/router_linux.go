package traffic

import (
	"net/netip"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/rtlink"
)

// AdvertisedMTU is the MTU that [Advertise] tells.
const AdvertisedMTU = 1400

// Advertise sends the advertisement of a router, fe80::99, out of a link: it wants addresses and the rest to be configured, tells an MTU
// and the prefix 2001:db8:77::/64, and lives for half an hour.
func Advertise(t testing.TB, link *rtlink.GetlinkReply) {
	t.Helper()
	source, all := netip.MustParseAddr("fe80::99"), netip.MustParseAddr("ff02::1")
	message := []byte{134, 0, 0, 0, 64, 0xc0, 7, 8, 0, 0, 0, 0, 0, 0, 0, 0}
	message = append(message, 5, 1, 0, 0, 0, 0, AdvertisedMTU>>8, AdvertisedMTU&0xff)
	message = append(message, 3, 4, 64, 0xc0, 0, 1, 0x51, 0x80, 0, 0, 0x38, 0x40, 0, 0, 0, 0)
	message = append(message, netip.MustParseAddr("2001:db8:77::").AsSlice()...)
	frame := append(GroupMAC(all), 2, 0, 0, 0, 0, 0x99, 0x86, 0xdd)
	packet := IPv6(source, all, unix.IPPROTO_ICMPV6, 255, ICMPv6(source, all, message))
	SendFrame(t, uint32(link.Header.IfiIndex), append(frame, packet...))
}
