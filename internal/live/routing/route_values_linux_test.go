package routing

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"strconv"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/rtlink"
	"github.com/nlgen/nlgen/generated/rtroute"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// make makes a route and compares it with what was asked for.
func (r *routing) make(c *witness.Tally, name string, req *rtroute.NewrouteRequest, skip ...string) {
	r.T.Helper()
	if err := r.client.Newroute(r.Ctx, req, nlconn.Create, nlconn.Exclusive); err != nil {
		r.T.Fatalf("%s: %v", name, err)
	}
	r.forget(req)
	got := find(r.list(req.Header.RtmFamily), req)
	if got == nil {
		r.T.Fatalf("%s: not in the dump", name)
	}
	witness.Known(r.T, name, got)
	c.Within(name, req, got, append(skip, "RtmTable", "RtmFlags")...)
	comparePaths(c, name, req.Multipath, got.Multipath)
}

// TestRouteValues makes a route of each protocol, scope, type and preference, with all locks and features, and compares every field with
// what was asked for and with what ip prints.
func TestRouteValues(t *testing.T) {
	r := newRouting(t)
	c := witness.NewTally(t)
	type req = *rtroute.NewrouteRequest
	on := func(change func(req)) func(req) { return func(q req) { q.Oif = u32(r.first); change(q) } }
	for p := range 256 {
		protocol := rtroute.RtProtocol(p)
		if protocol.String() != strconv.Itoa(p) {
			r.make(c, protocol.String(), with(route(fmt.Sprintf("10.90.%d.0/24", p)), on(func(q req) { q.Header.RtmProtocol = protocol })))
		}
	}
	for i, scope := range []rtroute.RtScope{rtroute.RtScopeUniverse, rtroute.RtScopeSite, rtroute.RtScopeLink, rtroute.RtScopeHost} {
		r.make(c, scope.String(), with(route(fmt.Sprintf("10.91.%d.0/24", i)), on(func(q req) { q.Header.RtmScope = scope })))
	}
	for i, kind := range []rtroute.RtmType{rtroute.RtmTypeLocal, rtroute.RtmTypeBroadcast, rtroute.RtmTypeAnycast} {
		r.make(c, kind.String(), with(route(fmt.Sprintf("10.92.%d.0/24", i)), on(func(q req) {
			q.Header.RtmType, q.Header.RtmTable = kind, rtroute.RtTableDefault
			q.Header.RtmScope = map[bool]rtroute.RtScope{true: rtroute.RtScopeHost, false: rtroute.RtScopeLink}[kind == rtroute.RtmTypeLocal]
		})))
	}
	for i, pref := range []rtroute.RtPref{rtroute.RtPrefLow, rtroute.RtPrefMedium, rtroute.RtPrefHigh} {
		r.make(c, pref.String(), with(route(fmt.Sprintf("2001:db8:93%d::/64", i)), on(func(q req) { q.Pref = nlattr.Some(pref) })))
	}
	r.make(c, "realms", with(route("10.94.0.0/24"), on(func(q req) { q.Flow = u32(3<<16 | 4) })))
	r.make(c, "realms of next hops", with(route("10.94.1.0/24"), func(q req) {
		q.Multipath = []rtroute.Nexthop{
			{Header: rtroute.Rtnexthop{RtnhIfindex: int32(r.first)}, Gateway: addr("192.0.2.2"), Flow: u32(5<<16 | 6)},
			{Header: rtroute.Rtnexthop{RtnhIfindex: int32(r.first)}, Gateway: addr("192.0.2.3"), Flow: u32(7)},
		}
	}), "Multipath")
	var locks rtroute.MetricLock
	for bit := range 32 {
		if lock := rtroute.MetricLock(1) << bit; lock.String() != fmt.Sprintf("0x%x", uint32(lock)) {
			locks |= lock
		}
	}
	r.make(c, "locks", with(route("10.95.0.0/24"), on(func(q req) {
		q.Metrics = &rtroute.MetricsAttrs{
			Lock: nlattr.Some(locks), Mtu: u32(1400), Cwnd: u32(9), // which can not be locked without a value
			Features: nlattr.Some(rtroute.RtaxFeaturesEcn | rtroute.RtaxFeaturesSack | rtroute.RtaxFeaturesTimestamp | rtroute.RtaxFeaturesAllfrag),
		}
	})))
	for _, family := range []uint8{unix.AF_INET, unix.AF_INET6} {
		c.Steady(func(c *witness.Tally) { r.compareWithIP(c, family) })
	}
	for _, kind := range []rtroute.RtmType{rtroute.RtmTypeNat, rtroute.RtmTypeXresolve} {
		err := r.client.Newroute(r.Ctx, with(route("10.92.9.0/24"), on(func(q req) { q.Header.RtmType = kind })), nlconn.Create)
		witness.Refused(t, kind.String(), err, syscall.EINVAL, `rt-route: newroute: EINVAL: "Invalid scope"`)
	}
	err := r.client.Newroute(r.Ctx, with(route("10.92.9.0/24"), on(func(q req) { q.Header.RtmScope = rtroute.RtScopeNowhere })), nlconn.Create)
	witness.Refused(t, "nowhere", err, syscall.EINVAL, `rt-route: newroute: EINVAL: "Invalid scope"`)

	// A link that loses its carrier, and one that goes down.
	r.make(c, "paths", with(route("10.96.0.0/24"), func(q req) {
		q.Multipath = []rtroute.Nexthop{
			{Header: rtroute.Rtnexthop{RtnhIfindex: int32(r.first)}, Gateway: addr("192.0.2.2")}, {Header: rtroute.Rtnexthop{RtnhIfindex: int32(r.second)}},
		}
	}), "Multipath")
	r.SetFlags(r.Link("route1"), 0, rtlink.IfinfoFlagsUp)
	c.Steady(func(c *witness.Tally) {
		got := find(r.list(unix.AF_INET), route("10.96.0.0/24"))
		if got == nil || len(got.Multipath) != 2 || got.Multipath[0].Header.RtnhFlags&rtroute.RtnhFlagsLinkdown == 0 {
			c.Errorf("without a carrier: %+v", got)
		}
		r.compareWithIP(c, unix.AF_INET)
	})
	r.SetFlags(r.Link("route2"), 0, rtlink.IfinfoFlagsUp)
	got := find(r.list(unix.AF_INET), route("10.96.0.0/24"))
	if got == nil || len(got.Multipath) != 2 || got.Multipath[1].Header.RtnhFlags&rtroute.RtnhFlagsDead == 0 {
		t.Errorf("down: %+v", got)
	}
	r.compareWithIP(c, unix.AF_INET)
	c.Report("values of routes")
}

// TestLabelRoutes makes routes of MPLS, and compares every field with what was asked for and with what ip prints.
func TestLabelRoutes(t *testing.T) {
	r := newRouting(t)
	c := witness.NewTally(t)
	for file, value := range map[string]string{"platform_labels": "1000", "conf/route0/input": "1"} {
		if err := os.WriteFile("/proc/sys/net/mpls/"+file, []byte(value), 0); err != nil {
			t.Skip("this kernel has no MPLS: ", err)
		}
	}
	const bottom = 1 << 8
	label := func(number uint32, change func(q *rtroute.NewrouteRequest)) *rtroute.NewrouteRequest {
		a, _ := netip.AddrFromSlice(binary.BigEndian.AppendUint32(nil, number<<12|bottom))
		q := route("0.0.0.0/0")
		q.Header.RtmFamily, q.Header.RtmDstLen, q.Dst = unix.AF_MPLS, 20, nlattr.Some(a)
		change(q)
		return q
	}
	via := func(gateway string) *rtroute.Rtvia {
		a := netip.MustParseAddr(gateway)
		return &rtroute.Rtvia{RtviaFamily: map[bool]uint16{true: unix.AF_INET, false: unix.AF_INET6}[a.Is4()], RtviaAddr: a.AsSlice()}
	}
	type req = *rtroute.NewrouteRequest
	swap := label(100, func(q req) {
		q.Oif, q.Via, q.Newdst, q.TtlPropagate = u32(r.first), via("192.0.2.2"), []uint32{200 << 12, 300<<12 | bottom}, u8(1)
	})
	r.make(c, "swap", swap)
	r.make(c, "pop", label(101, func(q req) { q.Oif, q.Via, q.TtlPropagate = u32(r.first), via("2001:db8::2"), u8(0) }))
	r.make(c, "paths", label(102, func(q req) {
		q.Multipath = []rtroute.Nexthop{
			{Header: rtroute.Rtnexthop{RtnhIfindex: int32(r.first)}, Via: via("192.0.2.2"), Newdst: []uint32{400<<12 | bottom}},
			{Header: rtroute.Rtnexthop{RtnhIfindex: int32(r.first)}, Via: via("192.0.2.3"), Newdst: []uint32{500<<12 | bottom}},
		}
	}), "Multipath")
	r.compareWithIP(c, unix.AF_MPLS)
	reply, err := r.client.Getroute(r.Ctx, &rtroute.GetrouteRequest{Header: rtroute.Rtmsg{RtmFamily: unix.AF_MPLS, RtmDstLen: 20}, Dst: swap.Dst, Newdst: swap.Newdst})
	if err != nil {
		t.Fatal(err)
	}
	c.Within("look-up", &rtroute.NewrouteRequest{Oif: swap.Oif, Via: swap.Via, Newdst: swap.Newdst}, reply, "Header")
	wrong := label(103, func(q req) {
		q.Oif, q.Via = u32(r.first), &rtroute.Rtvia{RtviaFamily: unix.AF_INET, RtviaAddr: make([]byte, 16)}
	})
	if err := r.client.Newroute(r.Ctx, wrong, nlconn.Create); !errors.Is(err, syscall.EINVAL) {
		t.Errorf("an IPv4 gateway of 16 bytes: %v", err)
	}
	c.Report("routes of labels")
}
