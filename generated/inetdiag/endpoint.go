package inetdiag

import "net/netip"

// afInet is the address family of IPv4, with Linux's number on every system.
const afInet = 2

// Local returns the address and port of this end of the socket.
func (x *InetDiagMsg) Local() netip.AddrPort { return x.endpoint(x.ID.Src, x.ID.Sport) }

// Remote returns the address and port of the other end, which are unspecified and 0 if there is none.
func (x *InetDiagMsg) Remote() netip.AddrPort { return x.endpoint(x.ID.Dst, x.ID.Dport) }

func (x *InetDiagMsg) endpoint(addr [16]byte, port uint16) netip.AddrPort {
	if x.IdiagFamily == afInet {
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte(addr[:4])), port)
	}
	return netip.AddrPortFrom(netip.AddrFrom16(addr), port)
}
