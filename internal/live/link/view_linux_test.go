package link

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"

	"github.com/nlgen/nlgen/generated/rtlink"
	"github.com/nlgen/nlgen/internal/witness"
)

// Types of links (ARPHRD_*), as ip names them.
var linkTypes = map[uint16]string{
	0: "netrom", 1: "ether", 32: "infiniband", 280: "can", 512: "ppp", 768: "ipip", 769: "tunnel6", 772: "loopback", 776: "sit", 778: "gre", 804: "ieee802.15.4",
	823: "gre6", 824: "netlink", 825: "6lowpan", 65534: "none",
}

// linkType names a type as ip does; it has no names for the newer ones.
func linkType(n uint16) string {
	if name, ok := linkTypes[n]; ok {
		return name
	}
	return fmt.Sprintf("[%d]", n)
}

// linkFlags are the flags of a link in ip's words. IFF_RUNNING has none; its absence has.
var linkFlags = map[rtlink.IfinfoFlags]string{
	rtlink.IfinfoFlagsUp: "UP", rtlink.IfinfoFlagsBroadcast: "BROADCAST", rtlink.IfinfoFlagsDebug: "DEBUG",
	rtlink.IfinfoFlagsLoopback: "LOOPBACK", rtlink.IfinfoFlagsPointToPoint: "POINTOPOINT", rtlink.IfinfoFlagsNoTrailers: "NOTRAILERS",
	rtlink.IfinfoFlagsNoArp: "NOARP", rtlink.IfinfoFlagsPromisc: "PROMISC", rtlink.IfinfoFlagsAllMulti: "ALLMULTI",
	rtlink.IfinfoFlagsMaster: "MASTER", rtlink.IfinfoFlagsSlave: "SLAVE", rtlink.IfinfoFlagsMulticast: "MULTICAST",
	rtlink.IfinfoFlagsPortsel: "PORTSEL", rtlink.IfinfoFlagsAutoMedia: "AUTOMEDIA", rtlink.IfinfoFlagsDynamic: "DYNAMIC",
	rtlink.IfinfoFlagsLowerUp: "LOWER_UP", rtlink.IfinfoFlagsDormant: "DORMANT", rtlink.IfinfoFlagsEcho: "ECHO",
}

// A linkView knows all links, to name those that others refer to.
type linkView struct {
	byIndex map[int32]*rtlink.GetlinkReply
}

func newLinkView(links map[string]*rtlink.GetlinkReply) *linkView {
	v := &linkView{byIndex: map[int32]*rtlink.GetlinkReply{}}
	for _, link := range links {
		v.byIndex[link.Header.IfiIndex] = link
	}
	return v
}

// name returns the name of a link.
func (v *linkView) name(index uint32) any {
	if link := v.byIndex[int32(index)]; link != nil {
		return link.Ifname.V
	}
	return nil
}

// view is how "ip -s -s -d -j link show" prints a link.
func (v *linkView) view() witness.View[*rtlink.GetlinkReply] {
	type reply = *rtlink.GetlinkReply
	return witness.View[reply]{
		"ifindex":           func(x reply) any { return x.Header.IfiIndex },
		"link_type":         func(x reply) any { return linkType(x.Header.IfiType) },
		"flags":             v.flags,
		"link":              func(x reply) any { return v.name(x.Link.V) },
		"link_index":        func(x reply) any { return x.Link },
		"linkmode_index":    func(x reply) any { return x.Linkmode },
		"master":            func(x reply) any { return v.name(x.Master.V) },
		"group":             func(x reply) any { return groupName(x.Group.V) },
		"address":           func(x reply) any { return hardware(x.Header.IfiType, x.Address) },
		"broadcast":         func(x reply) any { return hardware(x.Header.IfiType, x.Broadcast) },
		"permaddr":          func(x reply) any { return hardware(x.Header.IfiType, x.PermAddress) },
		"link_pointtopoint": func(x reply) any { return x.Header.IfiFlags&rtlink.IfinfoFlagsPointToPoint != 0 },
		"altnames":          func(x reply) any { return x.PropList.AltIfname },
		"parentbus":         func(x reply) any { return x.ParentDevBusName },
		"parentdev":         func(x reply) any { return x.ParentDevName },
		"inet6_addr_gen_mode": func(x reply) any {
			return map[rtlink.In6AddrGenMode]string{0: "eui64", 1: "none", 2: "stable_secret", 3: "random"}[x.AfSpec.Inet6.AddrGenMode.V]
		},
		"stats64":     v.stats,
		"vfinfo_list": functions,
		"proto_down_reason": func(x reply) any {
			reasons := witness.Set{}
			for bit := range 32 {
				if x.ProtoDownReason.Value.V>>bit&1 != 0 {
					reasons = append(reasons, strconv.Itoa(bit))
				}
			}
			return reasons
		},
		"phys_switch_id": func(x reply) any {
			id := x.PhysSwitchID
			return id[:min(len(id), 31)] // ip has room for so many.
		},
	}
}

func (v *linkView) flags(x *rtlink.GetlinkReply) any {
	var names witness.Set
	flags := x.Header.IfiFlags
	if flags&rtlink.IfinfoFlagsUp != 0 && flags&rtlink.IfinfoFlagsRunning == 0 {
		names = append(names, "NO-CARRIER")
	}
	if lower := v.byIndex[int32(x.Link.V)]; x.Link.OK && lower != nil && lower.Header.IfiFlags&rtlink.IfinfoFlagsUp == 0 {
		names = append(names, "M-DOWN")
	}
	for flag, name := range linkFlags {
		if flags&flag != 0 {
			names = append(names, name)
		}
	}
	return names
}

func (v *linkView) stats(x *rtlink.GetlinkReply) any {
	s := x.Stats64
	if s == nil {
		return nil
	}
	out := witness.Object{
		"rx": witness.Object{
			"bytes": s.RxBytes, "packets": s.RxPackets, "errors": s.RxErrors, "dropped": s.RxDropped, "over_errors": s.RxOverErrors,
			"multicast": s.Multicast, "length_errors": s.RxLengthErrors, "crc_errors": s.RxCrcErrors, "frame_errors": s.RxFrameErrors,
			"fifo_errors": s.RxFifoErrors, "missed_errors": s.RxMissedErrors,
		},
		"tx": witness.Object{
			"bytes": s.TxBytes, "packets": s.TxPackets, "errors": s.TxErrors, "dropped": s.TxDropped,
			"carrier_errors": s.TxCarrierErrors, "collisions": s.Collisions, "aborted_errors": s.TxAbortedErrors,
			"fifo_errors": s.TxFifoErrors, "window_errors": s.TxWindowErrors, "heartbeat_errors": s.TxHeartbeatErrors,
			"carrier_changes": x.CarrierChanges,
		},
	}
	// ip shows these only if they counted anything.
	if s.RxNohandler != 0 {
		out["rx"].(witness.Object)["nohandler"] = s.RxNohandler
	}
	if s.RxOtherhostDropped != 0 {
		out["rx"].(witness.Object)["otherhost"] = s.RxOtherhostDropped
	}
	if s.RxCompressed != 0 {
		out["rx"].(witness.Object)["compressed"] = s.RxCompressed
	}
	if s.TxCompressed != 0 {
		out["tx"].(witness.Object)["compressed"] = s.TxCompressed
	}
	return out
}

// groupName is the name of a group of links in iproute2's table.
func groupName(group uint32) string {
	if group == 0 {
		return "default"
	}
	return strconv.FormatUint(uint64(group), 10)
}

// hardware prints a hardware address; those of tunnels over IP are IP addresses.
func hardware(linkType uint16, address net.HardwareAddr) string {
	switch linkType {
	case 768, 769, 776, 778, 823:
		if ip, ok := netip.AddrFromSlice(address); ok {
			return ip.String()
		}
	}
	return address.String()
}

// bridgeID prints the identifier of a bridge: priority, dot, address, which some versions of ip print without leading zeros.
func bridgeID(id rtlink.IflaBridgeID) any {
	a := id.Addr
	return witness.OneOf{
		fmt.Sprintf("%04x.%s", id.Prio, net.HardwareAddr(a[:])),
		fmt.Sprintf("%04x.%x:%x:%x:%x:%x:%x", id.Prio, a[0], a[1], a[2], a[3], a[4], a[5]),
	}
}

// seconds is a time in hundredths of a second, counted down.
func seconds(hundredths uint64) witness.Near { return witness.Near(float64(hundredths) / 100) }

// hexadecimal prints a number as C's %#x does: a zero has no prefix.
func hexadecimal[T ~uint8 | ~uint16 | ~uint32 | ~uint64](n T) string {
	if n == 0 {
		return "0"
	}
	return fmt.Sprintf("%#x", n)
}

// onOff is how ip prints some switches.
func onOff(n uint8) string {
	if n != 0 {
		return "on"
	}
	return "off"
}
