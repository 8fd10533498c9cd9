package link

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/nlgen/nlgen/generated/rtlink"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
)

func (v *linkView) gre() witness.View[*rtlink.LinkinfoGreAttrs] {
	type data = *rtlink.LinkinfoGreAttrs
	return witness.View[data]{
		"remote":    func(x data) any { return anyEnd(x.Remote) },
		"local":     func(x data) any { return anyEnd(x.Local) },
		"link":      func(x data) any { return v.name(x.Link.V) },
		"tos":       func(x data) any { return tos(x.Tos.V) },
		"ikey":      func(x data) any { return dotted(x.Ikey.V) },
		"okey":      func(x data) any { return dotted(x.Okey.V) },
		"iseq":      func(x data) any { return x.Iflags.V&rtlink.GreFlagsSeq != 0 },
		"oseq":      func(x data) any { return x.Oflags.V&rtlink.GreFlagsSeq != 0 },
		"icsum":     func(x data) any { return x.Iflags.V&rtlink.GreFlagsCsum != 0 },
		"ocsum":     func(x data) any { return x.Oflags.V&rtlink.GreFlagsCsum != 0 },
		"external":  func(x data) any { return x.CollectMetadata },
		"ignore_df": func(x data) any { return x.IgnoreDf },
		"fwmark":    func(x data) any { return hexadecimal(x.Fwmark.V) },
		"encap":     func(x data) any { return encap(x.EncapType.V, x.EncapFlags.V, x.EncapSport.V, x.EncapDport.V) },
		"erspan_dir": func(x data) any {
			return witness.Pick(x.ErspanDir.V, "ingress", "egress")
		},
		"erspan_hwid": func(x data) any { return fmt.Sprintf("0x%x", x.ErspanHwid.V) },
	}
}

func (v *linkView) gre6() witness.View[*rtlink.LinkinfoGre6Attrs] {
	type data = *rtlink.LinkinfoGre6Attrs
	return witness.View[data]{
		"remote":    func(x data) any { return anyEnd(x.Remote) },
		"local":     func(x data) any { return anyEnd(x.Local) },
		"link":      func(x data) any { return v.name(x.Link.V) },
		"ikey":      func(x data) any { return dotted(x.Ikey.V) },
		"okey":      func(x data) any { return dotted(x.Okey.V) },
		"iseq":      func(x data) any { return x.Iflags.V&rtlink.GreFlagsSeq != 0 },
		"oseq":      func(x data) any { return x.Oflags.V&rtlink.GreFlagsSeq != 0 },
		"icsum":     func(x data) any { return x.Iflags.V&rtlink.GreFlagsCsum != 0 },
		"ocsum":     func(x data) any { return x.Oflags.V&rtlink.GreFlagsCsum != 0 },
		"external":  func(x data) any { return x.CollectMetadata },
		"fwmark":    func(x data) any { return hexadecimal(x.Fwmark.V) },
		"tclass":    func(x data) any { return trafficClass(x.Flowinfo.V) },
		"flowlabel": func(x data) any { return flowLabel(x.Flowinfo.V) },
		"encap":     func(x data) any { return encap(x.EncapType.V, x.EncapFlags.V, x.EncapSport.V, x.EncapDport.V) },
		"erspan_dir": func(x data) any {
			return witness.Pick(x.ErspanDir.V, "ingress", "egress")
		},
		"erspan_hwid": func(x data) any { return fmt.Sprintf("0x%x", x.ErspanHwid.V) },
	}
}

func (v *linkView) iptun() witness.View[*rtlink.LinkinfoIptunAttrs] {
	type data = *rtlink.LinkinfoIptunAttrs
	return witness.View[data]{
		"proto":           func(x data) any { return innerProtocol(x.Proto.V) },
		"remote":          func(x data) any { return anyEnd(x.Remote) },
		"local":           func(x data) any { return anyEnd(x.Local) },
		"link":            func(x data) any { return v.name(x.Link.V) },
		"tos":             func(x data) any { return tos(x.Tos.V) },
		"isatap":          func(x data) any { return x.Flags.V&1 != 0 },
		"external":        func(x data) any { return x.CollectMetadata },
		"fwmark":          func(x data) any { return hexadecimal(x.Fwmark.V) },
		"encap":           func(x data) any { return encap(x.EncapType.V, x.EncapFlags.V, x.EncapSport.V, x.EncapDport.V) },
		"prefix":          func(x data) any { return x.X6rdPrefix },
		"prefixlen":       func(x data) any { return x.X6rdPrefixlen },
		"relay_prefix":    func(x data) any { return x.X6rdRelayPrefix },
		"relay_prefixlen": func(x data) any { return x.X6rdRelayPrefixlen },
	}
}

func (v *linkView) ip6tnl() witness.View[*rtlink.LinkinfoIp6tnlAttrs] {
	type data = *rtlink.LinkinfoIp6tnlAttrs
	view := witness.View[data]{
		"proto":     func(x data) any { return map[uint8]string{0: "any", 4: "ipip6", 41: "ip6ip6"}[x.Proto.V] },
		"remote":    func(x data) any { return anyEnd(x.Remote) },
		"local":     func(x data) any { return anyEnd(x.Local) },
		"link":      func(x data) any { return v.name(x.Link.V) },
		"external":  func(x data) any { return x.CollectMetadata },
		"fwmark":    func(x data) any { return hexadecimal(x.Fwmark.V) },
		"tclass":    func(x data) any { return trafficClass(x.Flowinfo.V) },
		"flowlabel": func(x data) any { return flowLabel(x.Flowinfo.V) },
		"encap":     func(x data) any { return encap(x.EncapType.V, x.EncapFlags.V, x.EncapSport.V, x.EncapDport.V) },
	}
	for _, f := range ip6tnlFlags {
		view["ip6_tnl_f_"+strings.ReplaceAll(f.String(), "-", "_")] = func(x data) any { return x.Flags.V&f != 0 }
	}
	return view
}

// ip6tnlFlags are those that a request can have.
var ip6tnlFlags = []rtlink.Ip6TnlFlags{
	rtlink.Ip6TnlFlagsIgnEncapLimit, rtlink.Ip6TnlFlagsUseOrigTclass, rtlink.Ip6TnlFlagsUseOrigFlowlabel, rtlink.Ip6TnlFlagsMip6Dev,
	rtlink.Ip6TnlFlagsRcvDscpCopy, rtlink.Ip6TnlFlagsUseOrigFwmark, rtlink.Ip6TnlFlagsAllowLocalRemote,
}

// anyEnd is an end of a tunnel: "any" if it is unspecified.
func anyEnd(x nlattr.Opt[netip.Addr]) any {
	if x.OK && x.V.IsUnspecified() {
		return "any"
	}
	return x
}

// innerProtocol is what a tunnel carries, by its IP protocol.
func innerProtocol(p uint8) string {
	return map[uint8]string{0: "any", 4: "ipip", 41: "ip6ip", 137: "mplsip"}[p]
}

func trafficClass(flowinfo uint32) string { return fmt.Sprintf("0x%02x", flowinfo>>20&0xff) }

func flowLabel(flowinfo uint32) string { return fmt.Sprintf("0x%05x", flowinfo&0xfffff) }

// encap is the additional encapsulation of a tunnel.
func encap(kind rtlink.TunnelEncapType, flags rtlink.TunnelEncapFlags, sport, dport uint16) any {
	return witness.Object{
		"type": witness.Pick(kind, "none", "fou", "gue"), "sport": sport, "dport": dport,
		"csum": flags&1 != 0, "csum6": flags&2 != 0, "remcsum": flags&4 != 0,
	}
}
