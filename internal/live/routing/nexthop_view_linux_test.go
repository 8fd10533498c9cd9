package routing

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"strconv"

	"github.com/nlgen/nlgen/generated/rtlink"
	"github.com/nlgen/nlgen/generated/rtnexthop"
	"github.com/nlgen/nlgen/internal/witness"
)

// userHertz is the unit of times that the kernel tells in ticks (USER_HZ).
const userHertz = 100

// scopeName is the name of a scope in ip's table.
func scopeName(scope uint8) string {
	if name := map[uint8]string{0: "global", 200: "site", 253: "link", 254: "host", 255: "nowhere"}[scope]; name != "" {
		return name
	}
	return strconv.Itoa(int(scope))
}

// linkName is the name of a link.
func linkName(links map[string]*rtlink.GetlinkReply, index uint32) string {
	for name, link := range links {
		if uint32(link.Header.IfiIndex) == index {
			return name
		}
	}
	return ""
}

// hopView is how "ip -d -j nexthop" prints a nexthop. The keys of an encapsulation stand among those of the nexthop; a second "id" is
// that of the encapsulation.
func hopView(links map[string]*rtlink.GetlinkReply) witness.View[*rtnexthop.GetnexthopReply] {
	type reply = *rtnexthop.GetnexthopReply
	flag := func(get func(reply) bool) func(reply) any {
		return func(x reply) any { return map[bool]any{true: nil, false: 0}[get(x)] }
	}
	encap := func(ip, ip6 func(reply) any) func(reply) any {
		return func(x reply) any {
			switch x.Encap.(type) {
			case *rtnexthop.EncapIpAttrs:
				return ip(x)
			case *rtnexthop.EncapIp6Attrs:
				return ip6(x)
			}
			return nil
		}
	}
	v4 := func(x reply) *rtnexthop.EncapIpAttrs { return x.Encap.(*rtnexthop.EncapIpAttrs) }
	v6 := func(x reply) *rtnexthop.EncapIp6Attrs { return x.Encap.(*rtnexthop.EncapIp6Attrs) }
	tunnel := func(x reply) rtnexthop.EncapIpFlags {
		if e, ok := x.Encap.(*rtnexthop.EncapIpAttrs); ok {
			return e.Flags.V
		}
		return v6(x).Flags.V
	}
	return witness.View[reply]{
		"id": func(x reply) any {
			switch e := x.Encap.(type) {
			case *rtnexthop.EncapIpAttrs:
				return e.ID
			case *rtnexthop.EncapIp6Attrs:
				return e.ID
			}
			return x.ID
		},
		"gateway":   func(x reply) any { return x.Gateway },
		"dev":       func(x reply) any { return linkName(links, x.Oif.V) },
		"scope":     func(x reply) any { return scopeName(uint8(x.Header.NhScope)) },
		"protocol":  func(x reply) any { return x.Header.NhProtocol },
		"flags":     func(x reply) any { return hopFlags(x.Header.NhFlags) },
		"blackhole": flag(func(x reply) bool { return x.Blackhole }),
		"fdb":       flag(func(x reply) bool { return x.Fdb }),
		"group":     func(x reply) any { return groupView(x) },
		"type": func(x reply) any {
			return map[rtnexthop.NexthopGrpType]string{0: "mpath", 1: "resilient"}[x.GroupType.V]
		},
		"resilient_args": func(x reply) any { return resilientView(x.ResGroup) },
		"encap":          func(x reply) any { return encapName(x.EncapType.V) },
		"src":            encap(func(x reply) any { return v4(x).Src }, func(x reply) any { return v6(x).Src }),
		"dst": func(x reply) any {
			if e, ok := x.Encap.(*rtnexthop.EncapMplsAttrs); ok {
				return stack(e.Dst)
			}
			return encap(func(x reply) any { return v4(x).Dst }, func(x reply) any { return v6(x).Dst })(x)
		},
		"ttl": func(x reply) any {
			if e, ok := x.Encap.(*rtnexthop.EncapMplsAttrs); ok {
				return e.Ttl
			}
			return v4(x).Ttl
		},
		"tos":      func(x reply) any { return v4(x).Tos },
		"hoplimit": func(x reply) any { return v6(x).Hoplimit },
		"tc":       func(x reply) any { return v6(x).Tc },
		"key":      func(x reply) any { return tunnel(x)&rtnexthop.EncapIpFlagsKey != 0 },
		"csum":     func(x reply) any { return tunnel(x)&rtnexthop.EncapIpFlagsCsum != 0 },
		"seq":      func(x reply) any { return tunnel(x)&rtnexthop.EncapIpFlagsSeq != 0 },
		"mode": func(x reply) any {
			return rtnexthop.Seg6Mode(binary.NativeEndian.Uint32(x.Encap.(*rtnexthop.EncapSeg6Attrs).Srh))
		},
		"segs": func(x reply) any { return segments(x.Encap.(*rtnexthop.EncapSeg6Attrs).Srh) },
		"action": func(x reply) any {
			return map[rtnexthop.Seg6LocalAction]string{rtnexthop.Seg6LocalActionEndX: "End.X"}[x.Encap.(*rtnexthop.EncapSeg6LocalAttrs).Action.V]
		},
		"nh6": func(x reply) any { return x.Encap.(*rtnexthop.EncapSeg6LocalAttrs).Nh6 },
	}
}

func encapName(kind rtnexthop.EncapType) string {
	if kind == rtnexthop.EncapTypeSeg6Local {
		return "seg6local"
	}
	return kind.String()
}

func hopFlags(flags rtnexthop.RtnhFlags) any {
	names := witness.Set{}
	for flag, name := range map[rtnexthop.RtnhFlags]string{
		rtnexthop.RtnhFlagsDead: "dead", rtnexthop.RtnhFlagsOnlink: "onlink", rtnexthop.RtnhFlagsOffload: "offload",
		rtnexthop.RtnhFlagsLinkdown: "linkdown", rtnexthop.RtnhFlagsTrap: "trap",
	} {
		if flags&flag != 0 {
			names = append(names, name)
		}
	}
	return names
}

// groupView lists members in ip's words. It knows the low eight bits of a weight only, and leaves out a weight of one.
func groupView(x *rtnexthop.GetnexthopReply) any {
	var list []witness.Object
	for _, m := range x.Group.Members {
		o := witness.Object{"id": m.ID}
		if m.Weight != 0 {
			o["weight"] = int(m.Weight) + 1
		}
		list = append(list, o)
	}
	return list
}

// resilientView is a resilient group in ip's words, with times in seconds.
func resilientView(x *rtnexthop.ResGroupAttrs) any {
	return witness.Object{
		"buckets": x.Buckets, "idle_timer": x.IdleTimer.V / userHertz, "unbalanced_timer": x.UnbalancedTimer.V / userHertz,
		"unbalanced_time": float64(x.UnbalancedTime.V) / userHertz,
	}
}

// stack prints MPLS labels, each in the upper 20 bits of an entry.
func stack(entries []uint32) string {
	var b []byte
	for i, entry := range entries {
		if i > 0 {
			b = append(b, '/')
		}
		b = strconv.AppendUint(b, uint64(entry>>12), 10)
	}
	return string(b)
}

// segments reads the segments behind the mode and the header of eight bytes, in the order of the path.
func segments(b []byte) []string {
	var list []string
	for rest := b[12:]; len(rest) >= 16; rest = rest[16:] {
		list = append(list, netip.AddrFrom16([16]byte(rest)).String())
	}
	slices.Reverse(list)
	return list
}
