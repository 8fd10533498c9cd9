package routing

import (
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/rtaddr"
	"github.com/nlgen/nlgen/generated/rtnexthop"
	"github.com/nlgen/nlgen/generated/rtroute"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// TestRouteOffload makes routes and a nexthop in a namespace with a switch, which is simulated and takes all packets to itself, and compares
// them with what ip prints.
func TestRouteOffload(t *testing.T) {
	n := witness.NewNamespace(t)
	link := n.Simulated()
	n.Up(link)
	index := uint32(link.Header.IfiIndex)
	r := &routing{Namespace: n, client: rtroute.New(n.Conn), first: index, second: index}
	addrs := rtaddr.New(n.Conn)
	for _, req := range []*rtaddr.NewaddrRequest{
		{Header: rtaddr.Ifaddrmsg{IfaFamily: unix.AF_INET, IfaPrefixlen: 24, IfaIndex: index}, Local: addr("192.0.2.1")},
		{Header: rtaddr.Ifaddrmsg{IfaFamily: unix.AF_INET6, IfaPrefixlen: 64, IfaIndex: index}, Address: addr("2001:db8::1"), Flags: nlattr.Some(rtaddr.IfaFlagsNodad)},
	} {
		if err := addrs.Newaddr(n.Ctx, req, nlconn.Create); err != nil {
			t.Fatal(err)
		}
	}
	hop := &rtnexthop.NewnexthopRequest{Header: rtnexthop.Nhmsg{NhFamily: unix.AF_INET}, ID: u32(7), Gateway: addr("192.0.2.2"), Oif: u32(index)}
	if err := rtnexthop.New(n.Conn).Newnexthop(n.Ctx, hop, nlconn.Create); err != nil {
		t.Fatal(err)
	}
	c := witness.NewTally(t)
	r.make(c, "IPv4", with(route("10.0.0.0/24"), func(q *rtroute.NewrouteRequest) { q.Gateway = addr("192.0.2.2") }))
	r.make(c, "by the nexthop", with(route("10.0.1.0/24"), func(q *rtroute.NewrouteRequest) { q.NhID = u32(7) }))
	r.make(c, "IPv6", with(route("2001:db8:1::/64"), func(q *rtroute.NewrouteRequest) { q.Gateway = addr("2001:db8::2") }))
	c.Steady(func(c *witness.Tally) {
		for _, dst := range []string{"10.0.0.0/24", "10.0.1.0/24", "2001:db8:1::/64"} {
			x := find(r.list(route(dst).Header.RtmFamily), route(dst))
			if x.Header.RtmFlags&rtroute.RtmFlagsTrap == 0 {
				c.Errorf("%s: flags are %v", dst, x.Header.RtmFlags)
			}
		}
		r.compareWithIP(c, unix.AF_INET)
		r.compareWithIP(c, unix.AF_INET6)
	})
	x, err := rtnexthop.New(n.Conn).Getnexthop(n.Ctx, &rtnexthop.GetnexthopRequest{ID: u32(7)})
	if err != nil || x.Header.NhFlags&rtnexthop.RtnhFlagsTrap == 0 {
		t.Errorf("the nexthop: %+v, %v", x, err)
	}
	c.Report("routes of a switch")
}
