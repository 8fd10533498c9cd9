package routing

import (
	"github.com/nlgen/nlgen/generated/rtlink"
	"github.com/nlgen/nlgen/generated/rtnexthop"
	"github.com/nlgen/nlgen/internal/witness"
)

// userHertz is the unit of times that the kernel tells in ticks (USER_HZ).
const userHertz = 100

// hopView is how "ip -d -j nexthop" prints a nexthop. Those with tunnels are tested beside routes with the same.
func hopView(links map[string]*rtlink.GetlinkReply) witness.View[*rtnexthop.GetnexthopReply] {
	type reply = *rtnexthop.GetnexthopReply
	flag := func(get func(reply) bool) func(reply) any {
		return func(x reply) any { return map[bool]any{true: nil, false: 0}[get(x)] }
	}
	return witness.View[reply]{
		"id":        func(x reply) any { return x.ID },
		"gateway":   func(x reply) any { return x.Gateway },
		"dev":       func(x reply) any { return witness.LinkName(links, x.Oif.V) },
		"scope":     func(x reply) any { return witness.ScopeName(uint8(x.Header.NhScope)) },
		"protocol":  func(x reply) any { return x.Header.NhProtocol },
		"flags":     func(x reply) any { return hopFlags(x.Header.NhFlags) },
		"blackhole": flag(func(x reply) bool { return x.Blackhole }),
		"fdb":       flag(func(x reply) bool { return x.Fdb }),
		"group":     func(x reply) any { return groupView(x) },
		"type": func(x reply) any {
			return map[rtnexthop.NexthopGrpType]string{0: "mpath", 1: "resilient"}[x.GroupType.V]
		},
		"resilient_args": func(x reply) any { return resilientView(x.ResGroup) },
	}
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
