package routing

import (
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/rtroute"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/internal/witness/traffic"
)

// TestRouterOfRoutes lets a router advertise itself and a prefix, and compares the routes that the kernel makes of it with what ip prints.
func TestRouterOfRoutes(t *testing.T) {
	r := newRouting(t)
	c := witness.NewTally(t)
	var first *rtroute.GetrouteReply
	witness.Await(t, "a default route", func() bool {
		traffic.Advertise(t, r.Link("route1")) // A link that has just come up does not listen.
		first = find(r.list(unix.AF_INET6), route("::/0"))
		return first != nil
	})
	if first.Header.RtmProtocol != rtroute.RtProtocolRa || first.Gateway != addr("fe80::99") {
		t.Errorf("the default route is %+v", first)
	}
	c.Steady(func(c *witness.Tally) { r.compareWithIP(c, unix.AF_INET6) })
	req := &rtroute.GetrouteDumpRequest{Header: rtroute.Rtmsg{RtmFamily: unix.AF_INET6, RtmFlags: rtroute.RtmFlagsPrefix}}
	prefixes, err := r.client.GetrouteCollect(r.Ctx, req)
	if err != nil || len(prefixes) == 0 {
		t.Fatal(len(prefixes), err)
	}
	for _, x := range prefixes {
		if x.Header.RtmDstLen != 64 || x.Dst != addr("2001:db8:77::") {
			t.Errorf("%v/%d is no prefix of a router", x.Dst.V, x.Header.RtmDstLen)
		}
	}
	c.Report("routes of a router")
}
