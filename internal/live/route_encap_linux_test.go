package live

import (
	"net/netip"
	"syscall"
	"testing"

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
		witness.LogUnknown(t, x.name, got)
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

// TestNexthopHeaders puts the same into nexthop objects.
func TestNexthopHeaders(t *testing.T) {
	witness.Load(t, "ip6encaps")
	r := newRouting(t)
	client := rtnexthop.New(r.Conn)
	c := witness.NewTally(t)
	for id, encap := range map[uint32]rtnexthop.EncapMsg{
		1: &rtnexthop.EncapRplAttrs{Srh: rplPath("2001:db8::7", "2001:db8::8")},
		2: &rtnexthop.EncapIoam6Attrs{Mode: nlattr.Some(rtnexthop.Ioam6ModeEncap), Dst: addr("2001:db8::77"), FreqK: u32(1), FreqN: u32(3),
			Trace: nlattr.Some(rtnexthop.Ioam6TraceHdr{NamespaceID: 5, Nodelen: 1 << 3, Remlen: 1, Type: 1 << 31})},
	} {
		req := &rtnexthop.NewnexthopRequest{Header: rtnexthop.Nhmsg{NhFamily: unix.AF_INET6}, ID: u32(id), Oif: u32(r.first), Encap: encap}
		if err := client.Newnexthop(r.Ctx, req, nlconn.Create, nlconn.Exclusive); err != nil {
			t.Fatal(err)
		}
		got, err := client.Getnexthop(r.Ctx, &rtnexthop.GetnexthopRequest{ID: u32(id)})
		if err != nil {
			t.Fatal(err)
		}
		witness.LogUnknown(t, "nexthop", got)
		c.Within("nexthop", req, got)
	}
	c.Report("nexthops")
}
