package live

import (
	"net/netip"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/rtaddr"
	"github.com/nlgen/nlgen/generated/rtlink"
	"github.com/nlgen/nlgen/generated/rtroute"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/internal/witness/traffic"
)

// advertise sends a router's advertisement out of a link: it wants addresses and the rest to be configured, tells an MTU of 1400 and the
// prefix 2001:db8:77::/64, and lives for half an hour.
func advertise(t *testing.T, link *rtlink.GetlinkReply) {
	t.Helper()
	source, all := netip.MustParseAddr("fe80::99"), netip.MustParseAddr("ff02::1")
	message := []byte{134, 0, 0, 0, 64, 0xc0, 7, 8, 0, 0, 0, 0, 0, 0, 0, 0}
	message = append(message, 5, 1, 0, 0, 0, 0, 5, 0x78)
	message = append(message, 3, 4, 64, 0xc0, 0, 1, 0x51, 0x80, 0, 0, 0x38, 0x40, 0, 0, 0, 0)
	message = append(message, netip.MustParseAddr("2001:db8:77::").AsSlice()...)
	frame := []byte{0x33, 0x33, 0, 0, 0, 1, 2, 0, 0, 0, 0, 0x99, 0x86, 0xdd}
	packet := traffic.IPv6(source, all, unix.IPPROTO_ICMPV6, 255, traffic.ICMPv6(source, all, message))
	traffic.SendFrame(t, uint32(link.Header.IfiIndex), append(frame, packet...))
}

// TestRouter lets a router advertise itself, and compares what the kernel makes of it with what ip prints: addresses, routes, and what the
// link remembers.
func TestRouter(t *testing.T) {
	r := newRouting(t)
	c := witness.NewTally(t)
	far := r.Link("route1")
	advertise(t, far)
	addrs := rtaddr.New(r.Conn)
	c.Steady(func(c *witness.Tally) {
		protocols := map[rtaddr.IfaProto]bool{}
		for _, a := range addresses(r.Namespace, addrs, r.first) {
			protocols[a.Proto.V] = true
		}
		if !protocols[rtaddr.IfaProtoKernelRa] || !protocols[rtaddr.IfaProtoKernelLl] {
			c.Errorf("addresses are made by %v", protocols)
		}
		found := 0
		for _, x := range r.list(unix.AF_INET6) {
			if x.Header.RtmProtocol == rtroute.RtProtocolRa {
				found++
			}
		}
		if found == 0 {
			c.Errorf("no route is a router's")
		}
		compareAddresses(r.Namespace, c, addrs, "route0", 3)
		r.compareWithIP(c, unix.AF_INET6)
	})
	prefixes, err := r.client.GetrouteCollect(r.Ctx, &rtroute.GetrouteDumpRequest{Header: rtroute.Rtmsg{RtmFamily: unix.AF_INET6, RtmFlags: rtroute.RtmFlagsPrefix}})
	if err != nil || len(prefixes) == 0 {
		t.Fatal(len(prefixes), err)
	}
	for _, x := range prefixes {
		if x.Header.RtmDstLen != 64 || x.Dst != addr("2001:db8:77::") {
			t.Errorf("%v/%d is no prefix of a router", x.Dst.V, x.Header.RtmDstLen)
		}
	}
	// It is remembered for good once this host has asked for routers, a second after the link came up.
	const told = rtlink.Inet6IfFlagsRaRcvd | rtlink.Inet6IfFlagsRaManaged | rtlink.Inet6IfFlagsRaOtherconf
	await(r.Namespace, "a router", func() bool {
		advertise(t, far)
		return r.Link("route0").AfSpec.Inet6.Flags.V&told == told
	})
	if six := r.Link("route0").AfSpec.Inet6; six.RaMtu != u32(1400) {
		t.Errorf("the MTU is %v", six.RaMtu)
	}
	c.Report("a router")
}
