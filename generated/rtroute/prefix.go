package rtroute

import (
	"net/netip"

	"github.com/nlgen/nlgen/runtime/nlattr"
)

// The address families, with Linux's numbers on every system.
const (
	afInet  = 2
	afInet6 = 10
)

// Prefix returns the destination of the route. That of a default route, which has no attribute dst, is 0.0.0.0/0 or ::/0. The zero Prefix
// says that the route is of another family than IPv4 and IPv6.
func (x *GetrouteReply) Prefix() netip.Prefix {
	var unspecified netip.Addr
	switch x.Header.RtmFamily {
	case afInet:
		unspecified = netip.IPv4Unspecified()
	case afInet6:
		unspecified = netip.IPv6Unspecified()
	default:
		return netip.Prefix{}
	}
	return netip.PrefixFrom(x.Dst.Or(unspecified), int(x.Header.RtmDstLen))
}

// SetPrefix sets the destination of the route: the family and the length in the header, and the attribute dst, which a default route has
// not. All other addresses must be of this family: the kernel takes its number of bytes from each, however many there are.
func (x *NewrouteRequest) SetPrefix(p netip.Prefix) {
	x.Header.RtmFamily, x.Header.RtmDstLen, x.Dst = afInet6, uint8(p.Bits()), nlattr.Opt[netip.Addr]{}
	if p.Addr().Is4() {
		x.Header.RtmFamily = afInet
	}
	if p.Bits() > 0 {
		x.Dst = nlattr.Some(p.Addr())
	}
}
