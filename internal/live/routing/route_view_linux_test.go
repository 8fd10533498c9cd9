package routing

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/rtlink"
	"github.com/nlgen/nlgen/generated/rtroute"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
)

// routeView is how "ip -d -j route show" and "ip -j route get" print a route.
func routeView(links map[string]*rtlink.GetlinkReply) witness.View[*rtroute.GetrouteReply] {
	type reply = *rtroute.GetrouteReply
	return witness.View[reply]{
		"type": func(x reply) any { return x.Header.RtmType },
		"dst": func(x reply) any {
			if x.Header.RtmFamily == unix.AF_MPLS {
				return labelStack([]uint32{binary.BigEndian.Uint32(x.Dst.V.AsSlice())})
			}
			return prefix(x.Dst, x.Header.RtmDstLen, x.Header.RtmFamily)
		},
		"to":   func(x reply) any { return labelStack(x.Newdst) },
		"flow": func(x reply) any { return realms(x.Flow.V) },
		"from": func(x reply) any { return prefix(x.Src, x.Header.RtmSrcLen, x.Header.RtmFamily) },
		"tos":  func(x reply) any { return fmt.Sprintf("0x%02x", x.Header.RtmTos) },
		"nhid": func(x reply) any { return x.NhID },
		"nh_info": func(reply) any {
			return witness.Unseen("a nexthop object, of another family, that ip asks for besides")
		},
		"gateway":   func(x reply) any { return x.Gateway },
		"via":       func(x reply) any { return via(x.Via) },
		"dev":       func(x reply) any { return witness.LinkName(links, x.Oif.V) },
		"iif":       func(x reply) any { return witness.LinkName(links, x.Iif.V) },
		"table":     func(x reply) any { return tableName(tableOf(x)) },
		"protocol":  func(x reply) any { return protocolName(x.Header.RtmProtocol) },
		"scope":     func(x reply) any { return witness.ScopeName(uint8(x.Header.RtmScope)) },
		"prefsrc":   func(x reply) any { return x.Prefsrc },
		"metric":    func(x reply) any { return x.Priority },
		"flags":     func(x reply) any { return routeFlags(x.Header.RtmFlags) },
		"mark":      func(x reply) any { return x.Mark },
		"uid":       func(x reply) any { return x.Uid },
		"cache":     func(x reply) any { return cacheFlags(x) },
		"expires":   func(x reply) any { return witness.Near(x.Cacheinfo.RtaExpires) / userHertz },
		"metrics":   func(x reply) any { return routeMetrics(x.Metrics) },
		"pref":      func(x reply) any { return x.Pref },
		"encap":     func(x reply) any { return encapName(x.EncapType.V) },
		"encapData": func(x reply) any { return encapData(links, x.Encap) },
		"nexthops": func(x reply) any {
			var list []witness.Object
			for i := range x.Multipath {
				list = append(list, nexthop(links, x.Header.RtmFamily, &x.Multipath[i]))
			}
			return list
		},
		"ttl-propogate": func(x reply) any { return x.TtlPropagate },
	}
}

func prefix(a nlattr.Opt[netip.Addr], length, family uint8) string {
	switch {
	case length == 0:
		return "default"
	case length == map[uint8]uint8{unix.AF_INET: 32, unix.AF_INET6: 128}[family]:
		return a.V.String()
	}
	return netip.PrefixFrom(a.V, int(length)).String()
}

// tableOf is the table of a route. MPLS, which has just one, has it in the header only.
func tableOf(x *rtroute.GetrouteReply) uint32 {
	if x.Table.OK {
		return x.Table.V
	}
	return uint32(x.Header.RtmTable)
}

// realms are two numbers for the classifier.
func realms(flow uint32) witness.Object {
	out := witness.Object{"to": strconv.Itoa(int(flow & 0xffff))}
	if flow>>16 != 0 {
		out["from"] = strconv.Itoa(int(flow >> 16))
	}
	return out
}

func via(x *rtroute.Rtvia) any {
	if x == nil {
		return nil
	}
	a, _ := netip.AddrFromSlice(x.RtviaAddr)
	return witness.Object{"family": map[bool]string{true: "inet", false: "inet6"}[a.Is4()], "host": a}
}

func routeFlags(flags rtroute.RtmFlags) any {
	names := witness.Set{}
	for flag, name := range map[rtroute.RtmFlags]string{
		rtroute.RtmFlagsNhDead: "dead", rtroute.RtmFlagsNhPervasive: "pervasive", rtroute.RtmFlagsNhOnlink: "onlink",
		rtroute.RtmFlagsNhOffload: "offload", rtroute.RtmFlagsNhTrap: "trap", rtroute.RtmFlagsNotify: "notify",
		rtroute.RtmFlagsNhLinkdown: "linkdown", rtroute.RtmFlagsNhUnresolved: "unresolved", rtroute.RtmFlagsOffload: "rt_offload",
		rtroute.RtmFlagsTrap: "rt_trap", rtroute.RtmFlagsOffloadFailed: "rt_offload_failed",
	} {
		if flags&flag != 0 {
			names = append(names, name)
		}
	}
	return names
}

// cacheFlags are the upper half of the flags of a route that was looked up.
func cacheFlags(x *rtroute.GetrouteReply) any {
	names := witness.Set{}
	if x.Header.RtmFlags&rtroute.RtmFlagsCloned == 0 {
		return nil
	}
	for flag, name := range map[uint32]string{0x80000000: "local", 0x10000000: "brd", 0x20000000: "mc", 0x40000: "redirected",
		0x01000000: "redirect", 0x04000000: "src-direct", 0x00010000: "notify"} {
		if uint32(x.Header.RtmFlags)&flag != 0 {
			names = append(names, name)
		}
	}
	return names
}

// routeMetrics lists metrics in ip's words. It prints a locked one even if it has no value, but which are locked only as text.
func routeMetrics(x *rtroute.MetricsAttrs) any {
	out := witness.Object{}
	for name, m := range map[string]struct {
		value nlattr.Opt[uint32]
		lock  rtroute.MetricLock
		unit  uint32 // Older units: eighths and quarters of a millisecond.
	}{
		"mtu": {x.Mtu, rtroute.MetricLockMtu, 1}, "window": {x.Window, rtroute.MetricLockWindow, 1}, "rtt": {x.Rtt, rtroute.MetricLockRtt, 8},
		"rttvar": {x.Rttvar, rtroute.MetricLockRttvar, 4}, "ssthresh": {x.Ssthresh, rtroute.MetricLockSsthresh, 1},
		"cwnd": {x.Cwnd, rtroute.MetricLockCwnd, 1}, "advmss": {x.Advmss, rtroute.MetricLockAdvmss, 1},
		"reordering": {x.Reordering, rtroute.MetricLockReordering, 1}, "hoplimit": {x.Hoplimit, rtroute.MetricLockHoplimit, 1},
		"initcwnd": {x.Initcwnd, rtroute.MetricLockInitcwnd, 1}, "rto_min": {x.RtoMin, rtroute.MetricLockRtoMin, 1},
		"initrwnd": {x.Initrwnd, rtroute.MetricLockInitrwnd, 1}, "quickack": {x.Quickack, rtroute.MetricLockQuickack, 1},
		"fastopen_no_cookie": {x.FastopenNoCookie, 0, 1},
	} {
		if m.value.OK || x.Lock.V&m.lock != 0 {
			out[name] = m.value.V / m.unit
		}
	}
	if x.CcAlgo.OK {
		out["congestion"] = x.CcAlgo
	}
	if x.Features.V&rtroute.RtaxFeaturesEcn != 0 {
		out["ecn"] = nil
	}
	if x.Features.V&^rtroute.RtaxFeaturesEcn != 0 {
		out["features"] = fmt.Sprintf("0x%x", uint32(x.Features.V))
	}
	return []witness.Object{out}
}

func nexthop(links map[string]*rtlink.GetlinkReply, family uint8, x *rtroute.Nexthop) witness.Object {
	out := witness.Object{
		"dev": witness.LinkName(links, uint32(x.Header.RtnhIfindex)), "flags": routeFlags(rtroute.RtmFlags(x.Header.RtnhFlags)),
	}
	if family != unix.AF_MPLS { // It weighs all the same.
		out["weight"] = int(x.Header.RtnhHops) + 1
	}
	if x.Newdst != nil {
		out["to"] = labelStack(x.Newdst)
	}
	if x.Flow.OK {
		out["flow"] = realms(x.Flow.V)
	}
	if x.Gateway.OK {
		out["gateway"] = x.Gateway
	}
	if x.Via != nil {
		out["via"] = via(x.Via)
	}
	return out
}

// routes runs ip and returns the routes it prints. The keys of an encapsulation stand among those of the route, some of them a second
// time: they become an object of their own under "encapData".
func routes(t *testing.T, args ...string) []witness.Object {
	t.Helper()
	out := witness.Output(t, "ip", append([]string{"-j"}, args...)...)
	if len(bytes.TrimSpace(out)) == 0 {
		return nil
	}
	var list []pairs
	if err := json.Unmarshal(out, &list); err != nil {
		t.Fatalf("ip %v: %v: %s", args, err, out)
	}
	var objects []witness.Object
	for _, l := range list {
		if len(l) > 0 {
			objects = append(objects, l.route())
		}
	}
	return objects
}

// pairs is a JSON object with the order of its keys.
type pairs []struct {
	key   string
	value any
}

// UnmarshalJSON reads the pairs one by one.
func (p *pairs) UnmarshalJSON(b []byte) error {
	d := json.NewDecoder(bytes.NewReader(b))
	if _, err := d.Token(); err != nil {
		return err
	}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return err
		}
		var value any
		if err := d.Decode(&value); err != nil {
			return err
		}
		*p = append(*p, struct {
			key   string
			value any
		}{key.(string), value})
	}
	return nil
}

// route puts the keys of an encapsulation apart, which stand in one row behind its kind.
func (p pairs) route() witness.Object {
	out := witness.Object{}
	for i := 0; i < len(p); i++ {
		out[p[i].key] = p[i].value
		if p[i].key != "encap" {
			continue
		}
		keys, data := encapKeys[p[i].value], witness.Object{}
		for ; i+1 < len(p) && slices.Contains(keys, p[i+1].key) && data[p[i+1].key] == nil; i++ {
			data[p[i+1].key] = p[i+1].value
		}
		out["encapData"] = data
	}
	return out
}
