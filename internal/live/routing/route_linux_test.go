package routing

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/rtaddr"
	"github.com/nlgen/nlgen/generated/rtnexthop"
	"github.com/nlgen/nlgen/generated/rtroute"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// A routing is a namespace with two links, addresses on the first, and a client for routes.
type routing struct {
	*witness.Namespace
	client *rtroute.Client
	first  uint32
	second uint32
}

func newRouting(t *testing.T) *routing {
	t.Helper()
	n := witness.NewNamespace(t)
	a, b := n.Veth("route0", "route1")
	second := n.Plain("route2")
	n.Up(a, b, second)
	addrs := rtaddr.New(n.Conn)
	for _, req := range []*rtaddr.NewaddrRequest{
		{Header: rtaddr.Ifaddrmsg{IfaFamily: unix.AF_INET, IfaPrefixlen: 24}, Local: addr("192.0.2.1")},
		{Header: rtaddr.Ifaddrmsg{IfaFamily: unix.AF_INET6, IfaPrefixlen: 64}, Address: addr("2001:db8::1"), Flags: nlattr.Some(rtaddr.IfaFlagsNodad)},
	} {
		req.Header.IfaIndex = uint32(a.Header.IfiIndex)
		if err := addrs.Newaddr(n.Ctx, req, nlconn.Create); err != nil {
			t.Fatal(err)
		}
	}
	return &routing{n, rtroute.New(n.Conn), uint32(a.Header.IfiIndex), uint32(second.Header.IfiIndex)}
}

// route begins a request for a unicast route of the main table.
func route(dst string) *rtroute.NewrouteRequest {
	p := netip.MustParsePrefix(dst)
	family := uint8(unix.AF_INET6)
	if p.Addr().Is4() {
		family = unix.AF_INET
	}
	return &rtroute.NewrouteRequest{
		Header: rtroute.Rtmsg{
			RtmFamily: family, RtmDstLen: uint8(p.Bits()), RtmTable: rtroute.RtTableMain, RtmProtocol: rtroute.RtProtocolStatic,
			RtmType: rtroute.RtmTypeUnicast,
		},
		Dst: nlattr.Some(p.Addr()),
	}
}

// with changes a request.
func with(req *rtroute.NewrouteRequest, change func(*rtroute.NewrouteRequest)) *rtroute.NewrouteRequest {
	change(req)
	return req
}

// routeCase is a route with a name.
type routeCase struct {
	name string
	req  *rtroute.NewrouteRequest
	skip []string // what is not answered as it was asked
}

// cases are routes of every sort.
func (r *routing) cases() []routeCase {
	first, second := r.first, r.second
	type req = *rtroute.NewrouteRequest
	via := func(gateway string) func(req) { return func(r req) { r.Gateway = addr(gateway) } }
	special := func(kind rtroute.RtmType) func(req) {
		return func(r req) {
			r.Header.RtmType, r.Header.RtmTable = kind, rtroute.RtTableUnspec
			r.Table, r.Priority = u32(100000+uint32(kind)), u32(uint32(kind))
		}
	}
	metrics := &rtroute.MetricsAttrs{
		Lock: nlattr.Some(rtroute.MetricLockMtu | rtroute.MetricLockCwnd), Mtu: u32(1400), Window: u32(100), Rtt: u32(800), Rttvar: u32(200),
		Ssthresh: u32(7), Cwnd: u32(5), Advmss: u32(1300), Reordering: u32(3), Hoplimit: u32(9), Initcwnd: u32(10),
		Features: nlattr.Some(rtroute.RtaxFeaturesEcn), RtoMin: u32(20), Initrwnd: u32(11), Quickack: u32(1),
		CcAlgo: nlattr.Some("reno"), FastopenNoCookie: u32(1),
	}
	cases := []routeCase{
		{"gateway", with(route("10.0.0.0/24"), via("192.0.2.2")), nil},
		{"onlink, prefsrc, tos, priority", with(route("10.0.1.0/24"), func(r req) {
			r.Gateway, r.Oif, r.Prefsrc, r.Priority = addr("198.51.100.1"), u32(first), addr("192.0.2.1"), u32(50)
			r.Header.RtmFlags, r.Header.RtmTos, r.Header.RtmProtocol = rtroute.RtmFlagsNhOnlink, 0x10, rtroute.RtProtocolBgp
		}), nil},
		{"metrics", with(route("10.0.2.0/24"), func(r req) { r.Gateway, r.Metrics = addr("192.0.2.2"), metrics }), nil},
		{"multipath", with(route("10.0.3.0/24"), func(r req) {
			r.Multipath = []rtroute.Nexthop{
				{Header: rtroute.Rtnexthop{RtnhHops: 2, RtnhIfindex: int32(first)}, Gateway: addr("192.0.2.2")},
				{Header: rtroute.Rtnexthop{RtnhHops: 4, RtnhIfindex: int32(second)}},
				{Header: rtroute.Rtnexthop{RtnhFlags: rtroute.RtnhFlagsOnlink, RtnhIfindex: int32(first)}, Gateway: addr("203.0.113.1")},
			}
		}), []string{"Multipath"}},
		{"blackhole", with(route("10.1.0.0/24"), special(rtroute.RtmTypeBlackhole)), nil},
		{"unreachable", with(route("10.1.0.0/24"), special(rtroute.RtmTypeUnreachable)), nil},
		{"prohibit", with(route("10.1.0.0/24"), special(rtroute.RtmTypeProhibit)), nil},
		{"throw", with(route("10.1.0.0/24"), special(rtroute.RtmTypeThrow)), nil},
		{"multicast", with(route("239.1.0.0/16"), func(r req) { r.Header.RtmType, r.Oif = rtroute.RtmTypeMulticast, u32(first) }), nil},
		{"default in a table", with(route("0.0.0.0/0"), func(r req) {
			r.Gateway, r.Table, r.Header.RtmTable = addr("192.0.2.254"), u32(300), rtroute.RtTableUnspec
		}), []string{"Dst"}},
		{"link scope", with(route("10.0.9.0/24"), func(r req) { r.Oif, r.Header.RtmScope = u32(second), rtroute.RtScopeLink }), nil},
		{"via of another family", with(route("10.0.4.0/24"), func(r req) {
			r.Oif, r.Via = u32(first), &rtroute.Rtvia{RtviaFamily: unix.AF_INET6, RtviaAddr: netip.MustParseAddr("2001:db8::9").AsSlice()}
		}), nil},
		{"IPv6 gateway", with(route("2001:db8:1::/64"), func(r req) {
			r.Gateway, r.Pref, r.Priority = addr("2001:db8::2"), nlattr.Some(rtroute.RtPrefHigh), u32(7)
		}), nil},
		{"IPv6 expires", with(route("2001:db8:2::/64"), func(r req) { r.Oif, r.Expires = u32(first), u64(500) }), []string{"Expires"}},
		{"IPv6 source", with(route("2001:db8:3::/64"), func(r req) {
			r.Oif, r.Src, r.Header.RtmSrcLen = u32(first), addr("2001:db8::"), 64
		}), nil},
		{"IPv6 metrics", with(route("2001:db8:4::/64"), func(r req) {
			r.Oif, r.Metrics = u32(first), &rtroute.MetricsAttrs{Mtu: u32(1400), Hoplimit: u32(77)}
		}), nil},
		{"IPv6 multipath", with(route("2001:db8:5::/64"), func(r req) {
			r.Multipath = []rtroute.Nexthop{
				{Header: rtroute.Rtnexthop{RtnhHops: 2, RtnhIfindex: int32(first)}, Gateway: addr("2001:db8::2")},
				{Header: rtroute.Rtnexthop{RtnhIfindex: int32(first)}, Gateway: addr("2001:db8::3")},
			}
		}), []string{"Multipath"}},
		{"IPv6 blackhole", with(route("2001:db8:6::/64"), special(rtroute.RtmTypeBlackhole)), nil},
		{"IPv6 default in a table", with(route("::/0"), func(r req) {
			r.Gateway, r.Table, r.Header.RtmTable = addr("2001:db8::5"), u32(70000), rtroute.RtTableUnspec
		}), []string{"Dst"}},
	}
	for _, e := range r.encaps() {
		cases = append(cases, e.route())
	}
	return cases
}

// forget deletes a route when the test ends. Most are gone with their link by then, but not those without one.
func (r *routing) forget(req *rtroute.NewrouteRequest) {
	r.T.Cleanup(func() { _ = r.client.Delroute(r.Ctx, req) })
}

// find returns the route of a request from a list.
func find(list []*rtroute.GetrouteReply, req *rtroute.NewrouteRequest) *rtroute.GetrouteReply {
	table := req.Table.V
	if !req.Table.OK {
		table = uint32(req.Header.RtmTable)
	}
	for _, r := range list {
		h := r.Header
		same := h.RtmFamily == req.Header.RtmFamily && h.RtmDstLen == req.Header.RtmDstLen && tableOf(r) == table
		if same && (h.RtmDstLen == 0 || r.Dst == req.Dst) {
			return r
		}
	}
	return nil
}

// list dumps all routes of a family.
func (r *routing) list(family uint8) []*rtroute.GetrouteReply {
	r.T.Helper()
	list, err := r.client.GetrouteCollect(r.Ctx, &rtroute.GetrouteDumpRequest{Header: rtroute.Rtmsg{RtmFamily: family}})
	if err != nil {
		r.T.Fatal(err)
	}
	return list
}

// TestRoutes makes routes, and compares every field with what was asked for and with what ip prints.
func TestRoutes(t *testing.T) {
	r := newRouting(t)
	c := witness.NewTally(t)
	cases := r.cases()
	hop := &rtnexthop.NewnexthopRequest{Header: rtnexthop.Nhmsg{NhFamily: unix.AF_INET}, ID: u32(5), Gateway: addr("192.0.2.7"), Oif: u32(r.first)}
	if err := rtnexthop.New(r.Conn).Newnexthop(r.Ctx, hop, nlconn.Create); err != nil {
		t.Fatal(err)
	}
	cases = append(cases, routeCase{"nexthop object", with(route("10.0.5.0/24"), func(r *rtroute.NewrouteRequest) { r.NhID = u32(5) }), nil})
	var made []routeCase
	for _, rc := range cases {
		t.Run(rc.name, func(t *testing.T) {
			err := r.client.Newroute(r.Ctx, rc.req, nlconn.Create, nlconn.Exclusive)
			if errors.Is(err, syscall.EOPNOTSUPP) {
				t.Skip(err)
			}
			if err != nil {
				t.Fatal(err)
			}
			r.forget(rc.req)
			made = append(made, rc)
		})
	}
	for _, family := range []uint8{unix.AF_INET, unix.AF_INET6} {
		for _, rc := range made {
			if rc.req.Header.RtmFamily != family {
				continue
			}
			got := find(r.list(family), rc.req)
			if got == nil {
				c.Errorf("%s: not in the dump", rc.name)
				continue
			}
			witness.Known(t, rc.name, got)
			// The header of the reply has more flags, and a table and a scope where the request leaves the choice.
			c.Within(rc.name, rc.req, got, append(rc.skip, "RtmTable", "RtmFlags")...)
			if rc.req.Header.RtmFlags&^got.Header.RtmFlags != 0 {
				c.Errorf("%s: flags are %v", rc.name, got.Header.RtmFlags)
			}
			if slices.Contains(rc.skip, "Geneve") {
				asked, answer := encapData(nil, rc.req.Encap), encapData(nil, got.Encap)
				c.Field(rc.name+" options", fmt.Sprint(answer.(witness.Object)["geneve_opts"]), fmt.Sprint(asked.(witness.Object)["geneve_opts"]))
			}
			comparePaths(c, rc.name, rc.req.Multipath, got.Multipath)
		}
		c.Steady(func(c *witness.Tally) { r.compareWithIP(c, family) })
	}
	c.Report("routes")
}

// comparePaths compares next hops with those of a request. Their length is the encoder's, and flags such as linkdown are the kernel's.
func comparePaths(c *witness.Tally, at string, asked, got []rtroute.Nexthop) {
	if len(asked) != len(got) {
		c.Errorf("%s: asked for %d next hops, got %d", at, len(asked), len(got))
		return
	}
	for i := range asked {
		c.Within(fmt.Sprintf("%s[%d]", at, i), &asked[i], &got[i], "RtnhLen")
	}
}

// compareWithIP compares all routes of a family with what ip prints. Both lists are in the kernel's order.
func (r *routing) compareWithIP(c *witness.Tally, family uint8) {
	r.T.Helper()
	option := map[uint8]string{unix.AF_INET: "-4", unix.AF_INET6: "-6", unix.AF_MPLS: "-M"}[family]
	theirs := routes(r.T, "-d", "-s", option, "route", "show", "table", "all")
	ours := r.list(family)
	view := routeView(r.Dump())
	if len(ours) != len(theirs) {
		c.Errorf("%s: we see %d routes, ip %d", option, len(ours), len(theirs))
		return
	}
	for i := range ours {
		witness.Compare(c, fmt.Sprintf("%s[%d] %v", option, i, theirs[i]["dst"]), ours[i], view, theirs[i])
	}
}

// TestRouteChanges replaces, appends and deletes routes.
func TestRouteChanges(t *testing.T) {
	r := newRouting(t)
	base := func(gateway string) *rtroute.NewrouteRequest {
		return with(route("10.5.0.0/16"), func(q *rtroute.NewrouteRequest) { q.Gateway = addr(gateway) })
	}
	gateways := func() (out []string) {
		for _, x := range r.list(unix.AF_INET) {
			if x.Dst == addr("10.5.0.0") {
				out = append(out, x.Gateway.V.String())
			}
		}
		return out
	}
	steps := []struct {
		name  string
		call  func() error
		err   error
		after string
	}{
		{"replace what is not there", func() error { return r.client.Newroute(r.Ctx, base("192.0.2.2"), nlconn.Replace) }, os.ErrNotExist, "[]"},
		{"create", func() error { return r.client.Newroute(r.Ctx, base("192.0.2.2"), nlconn.Create, nlconn.Exclusive) }, nil, "[192.0.2.2]"},
		{"create what is there", func() error { return r.client.Newroute(r.Ctx, base("192.0.2.3"), nlconn.Create, nlconn.Exclusive) }, os.ErrExist, "[192.0.2.2]"},
		{"append", func() error { return r.client.Newroute(r.Ctx, base("192.0.2.3"), nlconn.Create, nlconn.Append) }, nil, "[192.0.2.2 192.0.2.3]"},
		{"prepend", func() error { return r.client.Newroute(r.Ctx, base("192.0.2.4"), nlconn.Create) }, nil, "[192.0.2.4 192.0.2.2 192.0.2.3]"},
		{"replace the first", func() error { return r.client.Newroute(r.Ctx, base("192.0.2.5"), nlconn.Create, nlconn.Replace) }, nil, "[192.0.2.5 192.0.2.2 192.0.2.3]"},
		{"delete one", func() error { return r.client.Delroute(r.Ctx, base("192.0.2.2")) }, nil, "[192.0.2.5 192.0.2.3]"},
		{"delete what is not there", func() error { return r.client.Delroute(r.Ctx, base("192.0.2.2")) }, syscall.ESRCH, "[192.0.2.5 192.0.2.3]"},
	}
	for _, step := range steps {
		if err := step.call(); !errors.Is(err, step.err) {
			t.Errorf("%s: %v, want %v", step.name, err, step.err)
		}
		if got := fmt.Sprint(gateways()); got != step.after {
			t.Errorf("%s: the gateways are %s, want %s", step.name, got, step.after)
		}
	}
}

// TestRouteLookup looks routes up, as packets would.
func TestRouteLookup(t *testing.T) {
	r := newRouting(t)
	c := witness.NewTally(t)
	req := with(route("10.6.0.0/16"), func(q *rtroute.NewrouteRequest) {
		q.Gateway, q.Metrics = addr("192.0.2.2"), &rtroute.MetricsAttrs{Mtu: u32(1400)}
	})
	six := with(route("2001:db8:6::/48"), func(q *rtroute.NewrouteRequest) { q.Gateway = addr("2001:db8::2") })
	if err := os.WriteFile("/proc/sys/net/ipv4/conf/route0/forwarding", []byte("1"), 0); err != nil {
		t.Fatal(err)
	}
	for _, q := range []*rtroute.NewrouteRequest{req, six} {
		if err := r.client.Newroute(r.Ctx, q, nlconn.Create); err != nil {
			t.Fatal(err)
		}
	}
	header := func(family, bits uint8, flags rtroute.RtmFlags) rtroute.Rtmsg {
		return rtroute.Rtmsg{RtmFamily: family, RtmDstLen: bits, RtmFlags: flags}
	}
	lookup := rtroute.RtmFlagsLookupTable // IPv4 only
	for _, l := range []struct {
		req  *rtroute.GetrouteRequest
		args []string
	}{
		{&rtroute.GetrouteRequest{Header: header(unix.AF_INET, 32, lookup), Dst: addr("10.6.1.1")}, []string{"10.6.1.1"}},
		{
			&rtroute.GetrouteRequest{Header: header(unix.AF_INET, 32, lookup), Dst: addr("10.6.1.1"), Mark: u32(3), Uid: u32(12)},
			[]string{"10.6.1.1", "mark", "3", "uid", "12"},
		},
		{
			&rtroute.GetrouteRequest{Header: header(unix.AF_INET, 32, lookup|rtroute.RtmFlagsFibMatch), Dst: addr("10.6.1.1")},
			[]string{"fibmatch", "10.6.1.1"},
		},
		{
			&rtroute.GetrouteRequest{
				Header: header(unix.AF_INET, 32, lookup), Dst: addr("10.6.1.1"), Oif: u32(r.first), IpProto: u8(unix.IPPROTO_UDP), Sport: u16(7), Dport: u16(9),
			},
			[]string{"10.6.1.1", "oif", "route0", "ipproto", "udp", "sport", "7", "dport", "9"},
		},
		{&rtroute.GetrouteRequest{Header: header(unix.AF_INET, 32, lookup), Dst: addr("192.0.2.1")}, []string{"192.0.2.1"}},
		{
			&rtroute.GetrouteRequest{
				Header: rtroute.Rtmsg{RtmFamily: unix.AF_INET, RtmDstLen: 32, RtmSrcLen: 32, RtmFlags: lookup}, Dst: addr("10.6.1.1"), Src: addr("192.0.2.9"), Iif: u32(r.first),
			},
			[]string{"10.6.1.1", "from", "192.0.2.9", "iif", "route0"},
		},
		{&rtroute.GetrouteRequest{Header: header(unix.AF_INET, 32, lookup|rtroute.RtmFlagsNotify), Dst: addr("10.6.1.1")}, []string{"notify", "10.6.1.1"}},
		{&rtroute.GetrouteRequest{Header: header(unix.AF_INET6, 128, 0), Dst: addr("2001:db8:6::7")}, []string{"2001:db8:6::7"}},
		{
			&rtroute.GetrouteRequest{Header: header(unix.AF_INET6, 128, rtroute.RtmFlagsFibMatch), Dst: addr("2001:db8:6::7")},
			[]string{"fibmatch", "2001:db8:6::7"},
		},
	} {
		reply, err := r.client.Getroute(r.Ctx, l.req)
		if err != nil || reply == nil {
			c.Errorf("%v: %v", l.args, err)
			continue
		}
		theirs := routes(t, append([]string{"-d", "route", "get"}, l.args...)...)
		if len(theirs) != 1 {
			t.Fatalf("ip route get %v prints %d routes", l.args, len(theirs))
		}
		// ip route get sends its own user id unless it is told one.
		delete(theirs[0], "uid")
		witness.Compare(c, fmt.Sprint(l.args), reply, routeView(r.Dump()), theirs[0])
		if l.req.Mark.OK && reply.Mark != l.req.Mark || l.req.Uid.OK && reply.Uid != l.req.Uid {
			c.Errorf("%v: mark is %v, uid %v", l.args, reply.Mark, reply.Uid)
		}
		if fib := l.req.Header.RtmFlags&rtroute.RtmFlagsFibMatch != 0; fib != (reply.Header.RtmDstLen < l.req.Header.RtmDstLen) {
			c.Errorf("%v: the answer is for %d bits", l.args, reply.Header.RtmDstLen)
		}
	}
	labelled, err := r.client.Getroute(r.Ctx, &rtroute.GetrouteRequest{Header: header(unix.AF_INET6, 128, 0), Dst: addr("2001:db8:6::7"), Flowlabel: u32(0x12345)})
	if errors.Is(err, syscall.EINVAL) {
		t.Log("Linux 6.14 and later look up by flow label: ", err)
	} else if err != nil || labelled.Gateway != addr("2001:db8::2") {
		t.Errorf("by flow label: %+v, %v", labelled, err)
	}
	if _, err := r.client.Getroute(r.Ctx, &rtroute.GetrouteRequest{Header: header(unix.AF_INET, 32, 0), Dst: addr("203.0.113.9")}); !errors.Is(err, syscall.ENETUNREACH) {
		t.Errorf("no route: %v", err)
	}
	c.Report("lookups")
}
