package routing

import (
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/rtaddr"
	"github.com/nlgen/nlgen/generated/rtroute"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// TestRouteHardware makes a route that a link takes from the kernel (of a module of ours).
func TestRouteHardware(t *testing.T) {
	n := witness.NewNamespace(t)
	c := witness.NewTally(t)
	witness.Load(t, "nlgen_offload")
	near, far := n.Veth("nlgen0", "nlgen1")
	n.Up(near, far)
	index := uint32(near.Header.IfiIndex)
	err := rtaddr.New(n.Conn).Newaddr(n.Ctx, &rtaddr.NewaddrRequest{
		Header: rtaddr.Ifaddrmsg{IfaFamily: unix.AF_INET, IfaPrefixlen: 24, IfaIndex: index}, Local: addr("192.0.2.1"),
	}, nlconn.Create)
	if err != nil {
		t.Fatal(err)
	}
	r := &routing{Namespace: n, client: rtroute.New(n.Conn), first: index, second: index}
	r.make(c, "IPv4", with(route("10.0.0.0/24"), func(q *rtroute.NewrouteRequest) { q.Gateway = addr("192.0.2.2") }))
	c.Steady(func(c *witness.Tally) { // It is taken a little later.
		if x := find(r.list(unix.AF_INET), route("10.0.0.0/24")); x.Header.RtmFlags&rtroute.RtmFlagsOffload == 0 {
			c.Errorf("flags are %v", x.Header.RtmFlags)
		}
		r.compareWithIP(c, unix.AF_INET)
	})
	c.Report("routes in hardware")
}
