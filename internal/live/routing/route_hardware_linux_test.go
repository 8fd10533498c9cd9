package routing

import (
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/rtaddr"
	"github.com/nlgen/nlgen/generated/rtroute"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// TestRouteHardware makes a route that a link takes from the kernel (of a module of ours), and one that a simulated switch can not take.
func TestRouteHardware(t *testing.T) {
	n := witness.NewNamespace(t)
	c := witness.NewTally(t)
	witness.Load(t, "nlgen_offload")
	near, far := n.Veth("nlgen0", "nlgen1")
	port := n.Simulated()
	n.Up(near, far, port)
	debug := t.TempDir()
	if err := unix.Mount("debugfs", debug, "debugfs", 0, ""); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Unmount(debug, 0) })
	if err := os.WriteFile(filepath.Join(debug, "netdevsim", port.ParentDevName.V, "fib", "fail_route_offload"), []byte("1"), 0); err != nil {
		t.Fatal(err)
	}
	for _, link := range []struct {
		index         int32
		prefix, route string
		flag          rtroute.RtmFlags
	}{
		{near.Header.IfiIndex, "192.0.2.", "10.0.0.0/24", rtroute.RtmFlagsOffload},
		{port.Header.IfiIndex, "198.51.100.", "10.0.1.0/24", rtroute.RtmFlagsOffloadFailed},
	} {
		err := rtaddr.New(n.Conn).Newaddr(n.Ctx, &rtaddr.NewaddrRequest{
			Header: rtaddr.Ifaddrmsg{IfaFamily: unix.AF_INET, IfaPrefixlen: 24, IfaIndex: uint32(link.index)}, Local: addr(link.prefix + "1"),
		}, nlconn.Create)
		if err != nil {
			t.Fatal(err)
		}
		r := &routing{Namespace: n, client: rtroute.New(n.Conn), first: uint32(link.index), second: uint32(link.index)}
		r.make(c, link.route, with(route(link.route), func(q *rtroute.NewrouteRequest) { q.Gateway = addr(link.prefix + "2") }))
		c.Steady(func(c *witness.Tally) { // It is taken a little later.
			if x := find(r.list(unix.AF_INET), route(link.route)); x.Header.RtmFlags&link.flag == 0 {
				c.Errorf("%s: flags are %v", link.route, x.Header.RtmFlags)
			}
			r.compareWithIP(c, unix.AF_INET)
		})
	}
	c.Report("routes in hardware")
}
