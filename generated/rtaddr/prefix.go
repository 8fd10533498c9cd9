package rtaddr

import (
	"net/netip"

	"github.com/nlgen/nlgen/runtime/nlattr"
)

// The address families, with Linux's numbers on every system.
const (
	afInet  = 2
	afInet6 = 10
)

// Prefix returns the address of this host with the length of its prefix: the attribute local, or address where that stands for both, as
// it does for most of IPv6. The zero Prefix says that there is neither.
func (x *GetaddrReply) Prefix() netip.Prefix {
	return netip.PrefixFrom(x.Local.Or(x.Address.V), int(x.Header.IfaPrefixlen))
}

// SetPrefix sets the address of this host and the length of its prefix: the family and the length in the header, and the attribute local.
func (x *NewaddrRequest) SetPrefix(p netip.Prefix) { x.Local = x.Header.set(p) }

// SetPrefix names the address to take away as [NewaddrRequest.SetPrefix] names one to add.
func (x *DeladdrRequest) SetPrefix(p netip.Prefix) { x.Local = x.Header.set(p) }

func (h *Ifaddrmsg) set(p netip.Prefix) nlattr.Opt[netip.Addr] {
	h.IfaFamily, h.IfaPrefixlen = afInet6, uint8(p.Bits())
	if p.Addr().Is4() {
		h.IfaFamily = afInet
	}
	return nlattr.Some(p.Addr())
}
