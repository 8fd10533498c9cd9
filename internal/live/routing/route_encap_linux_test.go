package routing

import (
	"encoding"
	"errors"
	"fmt"
	"net/netip"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/rtnexthop"
	"github.com/nlgen/nlgen/generated/rtroute"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// rplPath is a struct ipv6_rpl_sr_hdr and the addresses to visit.
func rplPath(hops ...string) []byte {
	b := []byte{0, byte(2 * len(hops)), 3, byte(len(hops)), 0, 0, 0, 0}
	for _, hop := range hops {
		a := netip.MustParseAddr(hop).As16()
		b = append(b, a[:]...)
	}
	return b
}

// TestRouteHeaders makes routes that put RPL source routing or a trace option of IOAM into packets, and compares every field with what
// was asked for and with what ip prints. Both are a module of their own here, since the kernels are built without them.
func TestRouteHeaders(t *testing.T) {
	witness.Load(t, "ip6encaps")
	r := newRouting(t)
	const traceType = 0xd0000000 // hop limit and node, interfaces, transit delay: three words
	trace := rtroute.Ioam6TraceHdr{NamespaceID: 0x1234, Remlen: 6, Type: traceType}
	c := witness.NewTally(t)
	for _, x := range []struct {
		name, dst string
		encap     rtroute.EncapMsg
	}{
		{"rpl", "2001:db8:10::/64", &rtroute.EncapRplAttrs{Srh: rplPath("2001:db8::7", "2001:db8::8", "2001:db8::9")}},
		{"ioam6 inline", "2001:db8:11::/64", &rtroute.EncapIoam6Attrs{Mode: nlattr.Some(rtroute.Ioam6ModeInline), Trace: nlattr.Some(trace)}},
		{"ioam6 encap", "2001:db8:12::/64", &rtroute.EncapIoam6Attrs{Mode: nlattr.Some(rtroute.Ioam6ModeEncap), Trace: nlattr.Some(trace),
			Src: addr("2001:db8::1"), Dst: addr("2001:db8::77"), FreqK: u32(2), FreqN: u32(7)}},
		{"ioam6 auto", "2001:db8:13::/64", &rtroute.EncapIoam6Attrs{Mode: nlattr.Some(rtroute.Ioam6ModeAuto), Trace: nlattr.Some(trace),
			Dst: addr("2001:db8::77")}},
	} {
		req := with(route(x.dst), func(q *rtroute.NewrouteRequest) { q.Oif, q.Encap = u32(r.first), x.encap })
		if err := r.client.Newroute(r.Ctx, req, nlconn.Create, nlconn.Exclusive); err != nil {
			t.Fatalf("%s: %v", x.name, err)
		}
		r.forget(req)
		got := find(r.list(unix.AF_INET6), req)
		if got == nil {
			t.Fatalf("%s: not in the dump", x.name)
		}
		witness.Known(t, x.name, got)
		// The kernel fills in how many words each node adds.
		c.Within(x.name, req, got, "RtmTable", "Trace")
		if asked, ok := x.encap.(*rtroute.EncapIoam6Attrs); ok {
			answer := got.Encap.(*rtroute.EncapIoam6Attrs).Trace.V
			c.Field(x.name+" words of a node", answer.Nodelen>>3, 3.0)
			answer.Nodelen = asked.Trace.V.Nodelen
			c.Field(x.name+" trace", answer == asked.Trace.V, true)
		}
	}
	c.Steady(func(c *witness.Tally) { r.compareWithIP(c, unix.AF_INET6) })
	c.Report("headers")

	refused := func(what, text string, encap rtroute.EncapMsg) {
		t.Helper()
		req := with(route("2001:db8:14::/64"), func(q *rtroute.NewrouteRequest) { q.Oif, q.Encap = u32(r.first), encap })
		witness.Refused(t, what, r.client.Newroute(r.Ctx, req, nlconn.Create), syscall.EINVAL, "rt-route: newroute: EINVAL: "+text)
	}
	refused("a path that is shorter than it says", "invalid argument", &rtroute.EncapRplAttrs{Srh: rplPath("2001:db8::7", "2001:db8::8")[:32]})
	refused("ioam6 without a destination", `"this mode needs a tunnel destination"`,
		&rtroute.EncapIoam6Attrs{Mode: nlattr.Some(rtroute.Ioam6ModeEncap), Trace: nlattr.Some(trace)})
	refused("ioam6 more often than always", `"freq: k > n is forbidden"`,
		&rtroute.EncapIoam6Attrs{Trace: nlattr.Some(trace), FreqK: u32(3), FreqN: u32(2)})
	trace.Type = 0
	refused("ioam6 that traces nothing", `"invalid trace validation" [attribute encap.trace]`, &rtroute.EncapIoam6Attrs{Trace: nlattr.Some(trace)})
}

// TestEncapRefusals asks for what no kernel does yet.
func TestEncapRefusals(t *testing.T) {
	r := newRouting(t)
	refused := func(what, text string, errno syscall.Errno, encap rtroute.EncapMsg) {
		t.Helper()
		req := with(route("2001:db8:14::/64"), func(q *rtroute.NewrouteRequest) { q.Oif, q.Encap = u32(r.first), encap })
		err := r.client.Newroute(r.Ctx, req, nlconn.Create)
		if _, ila := encap.(*rtroute.EncapIlaAttrs); ila && errors.Is(err, errors.ErrUnsupported) {
			t.Logf("%s: %v", what, err)
			return
		}
		witness.Refused(t, what, err, errno, "rt-route: newroute: "+text)
	}
	for _, action := range []rtroute.Seg6LocalAction{
		rtroute.Seg6LocalActionUnspec, rtroute.Seg6LocalActionEndBm, rtroute.Seg6LocalActionEndS, rtroute.Seg6LocalActionEndAs, rtroute.Seg6LocalActionEndAm,
	} {
		refused(action.String(), "EINVAL: invalid argument", syscall.EINVAL, &rtroute.EncapSeg6LocalAttrs{
			Action: nlattr.Some(action), Table: u32(77), Iif: u32(r.first), Oif: u32(r.first), Srh: segmentRouting(0, "2001:db8::7")[4:],
		})
	}
	for _, flavor := range []rtroute.Seg6LocalFlvOp{rtroute.Seg6LocalFlvOpUsp, rtroute.Seg6LocalFlvOpUsd} {
		refused(flavor.String(), `EOPNOTSUPP: "Unsupported Flavor operation(s)"`, syscall.EOPNOTSUPP, &rtroute.EncapSeg6LocalAttrs{
			Action: nlattr.Some(rtroute.Seg6LocalActionEnd), Flavors: &rtroute.Seg6LocalFlvAttrs{Operation: nlattr.Some(flavor)},
		})
	}
	for _, kind := range []rtroute.IlaIdentType{
		rtroute.IlaIdentTypeIid, rtroute.IlaIdentTypeVirtV4, rtroute.IlaIdentTypeVirtUniV6, rtroute.IlaIdentTypeVirtMultiV6,
		rtroute.IlaIdentTypeNonlocalAddr, rtroute.IlaIdentTypeRsvd1, rtroute.IlaIdentTypeRsvd2,
	} {
		refused("ila "+kind.String(), "EINVAL: invalid argument", syscall.EINVAL, &rtroute.EncapIlaAttrs{Locator: u64(1), IdentType: nlattr.Some(kind)})
	}
}

// TestNexthopHeaders puts the same into nexthop objects.
func TestNexthopHeaders(t *testing.T) {
	witness.Load(t, "ip6encaps")
	r := newRouting(t)
	trace := nlattr.Some(rtroute.Ioam6TraceHdr{NamespaceID: 5, Nodelen: 1 << 3, Remlen: 1, Type: 1 << 31})
	r.nexthops([]encapCase{
		{name: "rpl", dst: "2001:db8:10::/64", oif: r.first, data: &rtroute.EncapRplAttrs{Srh: rplPath("2001:db8::7", "2001:db8::8")}},
		{name: "ioam6", dst: "2001:db8:11::/64", oif: r.first, data: &rtroute.EncapIoam6Attrs{
			Mode: nlattr.Some(rtroute.Ioam6ModeEncap), Src: addr("2001:db8::1"), Dst: addr("2001:db8::77"), FreqK: u32(1), FreqN: u32(3), Trace: trace,
		}},
	})
}

// TestNexthopEncaps puts tunnels of every kind into nexthop objects.
func TestNexthopEncaps(t *testing.T) {
	r := newRouting(t)
	r.nexthops(r.encaps())
}

// nexthops makes nexthop objects with tunnels, and compares every field with what was asked for and with what ip prints.
func (r *routing) nexthops(cases []encapCase) {
	r.T.Helper()
	client := rtnexthop.New(r.Conn)
	c := witness.NewTally(r.T)
	for i, e := range cases {
		if ila, ok := e.data.(*rtroute.EncapIlaAttrs); ok && ila.IdentType.V == rtroute.IlaIdentTypeUseFormat {
			continue // It takes the destination of a route, which a nexthop does not have.
		}
		req := &rtnexthop.NewnexthopRequest{ID: u32(uint32(i + 1)), Oif: u32(e.oif), Encap: hopEncap(r.T, e.data)}
		if diff := cmp.Diff(e.data, routeEncap(r.T, req.Encap), witness.Addresses); diff != "" {
			r.T.Fatalf("%s: as a route's -, as a nexthop's +:\n%s", e.name, diff)
		}
		req.Header.NhFamily = e.route().req.Header.RtmFamily
		if e.gateway != "" {
			req.Gateway = addr(e.gateway)
		}
		err := client.Newnexthop(r.Ctx, req, nlconn.Create, nlconn.Exclusive)
		if errors.Is(err, errors.ErrUnsupported) {
			r.T.Logf("%s: %v", e.name, err)
			continue
		}
		if err != nil {
			r.T.Fatalf("%s: %v", e.name, err)
		}
		got, err := client.Getnexthop(r.Ctx, &rtnexthop.GetnexthopRequest{ID: req.ID})
		if err != nil {
			r.T.Fatal(err)
		}
		witness.Known(r.T, e.name, got)
		c.Within(e.name, req, got, append(e.skip, "NhScope", "NhFlags")...)
		theirs := routes(r.T, "-d", "-s", "nexthop", "show", "id", fmt.Sprint(i+1))
		if len(theirs) != 1 {
			r.T.Fatalf("ip shows %d nexthops of number %d", len(theirs), i+1)
		}
		links := r.Dump()
		witness.Compare(c, e.name, got, witness.View[*rtnexthop.GetnexthopReply]{
			"dev":       func(x *rtnexthop.GetnexthopReply) any { return witness.LinkName(links, x.Oif.V) },
			"scope":     func(x *rtnexthop.GetnexthopReply) any { return witness.ScopeName(uint8(x.Header.NhScope)) },
			"protocol":  func(x *rtnexthop.GetnexthopReply) any { return x.Header.NhProtocol },
			"flags":     func(x *rtnexthop.GetnexthopReply) any { return routeFlags(rtroute.RtmFlags(x.Header.NhFlags)) },
			"encap":     func(x *rtnexthop.GetnexthopReply) any { return encapName(rtroute.EncapType(x.EncapType.V)) },
			"encapData": func(x *rtnexthop.GetnexthopReply) any { return encapData(links, routeEncap(r.T, x.Encap)) },
		}, theirs[0])
	}
	c.Report("tunnels of nexthops")
}

// The bytes of fixed headers.
const (
	sizeRtmsg = 12
	sizeNhmsg = 8
)

// hopEncap is the tunnel of a route as that of a nexthop, which has the same form under other numbers.
func hopEncap(t *testing.T, e rtroute.EncapMsg) rtnexthop.EncapMsg {
	t.Helper()
	var hop rtnexthop.NewnexthopRequest
	renumber(t, &rtroute.NewrouteRequest{Encap: e}, &hop, sizeRtmsg, sizeNhmsg, map[uint16]uint16{
		rtroute.AttrRouteEncap: rtnexthop.AttrNexthopEncap, rtroute.AttrRouteEncapType: rtnexthop.AttrNexthopEncapType,
	})
	return hop.Encap
}

// routeEncap is the reverse of hopEncap.
func routeEncap(t *testing.T, e rtnexthop.EncapMsg) rtroute.EncapMsg {
	t.Helper()
	var route rtroute.NewrouteRequest
	renumber(t, &rtnexthop.NewnexthopRequest{Encap: e}, &route, sizeNhmsg, sizeRtmsg, map[uint16]uint16{
		rtnexthop.AttrNexthopEncap: rtroute.AttrRouteEncap, rtnexthop.AttrNexthopEncapType: rtroute.AttrRouteEncapType,
	})
	return route.Encap
}

// renumber reads a message as another one, whose fixed header has another length and whose attributes have other numbers.
func renumber(t *testing.T, from encoding.BinaryAppender, to encoding.BinaryUnmarshaler, skip, header int, numbers map[uint16]uint16) {
	t.Helper()
	b, err := from.AppendBinary(nil)
	if err != nil {
		t.Fatal(err)
	}
	e := nlattr.NewEncoder(make([]byte, header))
	for d := nlattr.NewDecoder(b[skip:]); d.Next(); {
		e.Bytes(numbers[d.Type()], d.Payload())
	}
	if b, err = e.Finish(); err == nil {
		err = to.UnmarshalBinary(b)
	}
	if err != nil {
		t.Fatal(err)
	}
}
