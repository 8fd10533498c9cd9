package wireguard

import (
	"fmt"
	"net/netip"
	"strconv"

	"github.com/nlgen/nlgen/runtime/nlattr"
)

// The address families of endpoints and allowed addresses, with Linux's numbers on every system.
const (
	afInet  = 2
	afInet6 = 10
)

// AddrPort returns the endpoint of the peer. The zone of an IPv6 address is the index of its link as a decimal number. It is false if
// there is no endpoint, or one that is of neither family.
func (x *PeerAttrs) AddrPort() (netip.AddrPort, bool) {
	if len(x.Endpoint) < 2 {
		return netip.AddrPort{}, false
	}
	switch family := nlattr.GetUint16(x.Endpoint); {
	case family == afInet && len(x.Endpoint) >= 16:
		var s SockaddrIn
		s.decode(x.Endpoint)
		return netip.AddrPortFrom(netip.AddrFrom4(s.Addr), s.Port), true
	case family == afInet6 && len(x.Endpoint) >= 28:
		var s SockaddrIn6
		s.decode(x.Endpoint)
		addr := netip.AddrFrom16(s.Addr)
		if s.ScopeID != 0 {
			addr = addr.WithZone(strconv.FormatUint(uint64(s.ScopeID), 10))
		}
		return netip.AddrPortFrom(addr, s.Port), true
	}
	return netip.AddrPort{}, false
}

// SetAddrPort sets the endpoint of the peer. The zone of an address must be the index of a link as a decimal number.
func (x *PeerAttrs) SetAddrPort(a netip.AddrPort) error {
	if !a.IsValid() {
		return fmt.Errorf("wireguard: invalid endpoint %v", a)
	}
	if addr := a.Addr(); addr.Is4() {
		s := SockaddrIn{Family: afInet, Port: a.Port(), Addr: addr.As4()}
		x.Endpoint = make([]byte, 16)
		s.encode(x.Endpoint)
		return nil
	}
	s := SockaddrIn6{Family: afInet6, Port: a.Port(), Addr: a.Addr().As16()}
	if zone := a.Addr().Zone(); zone != "" {
		index, err := strconv.ParseUint(zone, 10, 32)
		if err != nil {
			return fmt.Errorf("wireguard: the zone of endpoint %v is not the index of a link", a)
		}
		s.ScopeID = uint32(index)
	}
	x.Endpoint = make([]byte, 28)
	s.encode(x.Endpoint)
	return nil
}

// Prefix returns the range of addresses. It is false if one of its attributes is missing, or they do not go together.
func (x *AllowedIPAttrs) Prefix() (netip.Prefix, bool) {
	p := netip.PrefixFrom(x.Ipaddr.V, int(x.CidrMask.V))
	return p, x.Ipaddr.OK && x.CidrMask.OK && p.IsValid()
}

// SetPrefix sets the three attributes of a range of addresses. The zero Prefix takes them away.
func (x *AllowedIPAttrs) SetPrefix(p netip.Prefix) {
	x.Family, x.Ipaddr, x.CidrMask = nlattr.Opt[uint16]{}, nlattr.Opt[netip.Addr]{}, nlattr.Opt[uint8]{}
	if !p.IsValid() {
		return
	}
	x.Family = nlattr.Some[uint16](afInet6)
	if p.Addr().Is4() {
		x.Family = nlattr.Some[uint16](afInet)
	}
	x.Ipaddr, x.CidrMask = nlattr.Some(p.Addr()), nlattr.Some(uint8(p.Bits()))
}
