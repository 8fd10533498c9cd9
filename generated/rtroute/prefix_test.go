package rtroute_test

import (
	"net/netip"
	"testing"

	"github.com/nlgen/nlgen/generated/rtroute"
)

func TestPrefix(t *testing.T) {
	for text, family := range map[string]uint8{"192.0.2.0/24": 2, "0.0.0.0/0": 2, "2001:db8::/64": 10, "::/0": 10, "::ffff:192.0.2.1/128": 10} {
		p := netip.MustParsePrefix(text)
		var route rtroute.NewrouteRequest
		route.SetPrefix(netip.MustParsePrefix("198.51.100.0/24"))
		route.SetPrefix(p)
		if route.Header.RtmFamily != family || route.Dst.OK != (p.Bits() > 0) {
			t.Errorf("%s: %+v, %+v", text, route.Header, route.Dst)
		}
		reply := rtroute.GetrouteReply{Header: route.Header, Dst: route.Dst}
		if got := reply.Prefix(); got != p {
			t.Errorf("%s is read as %s", text, got)
		}
	}
	label := rtroute.GetrouteReply{Header: rtroute.Rtmsg{RtmFamily: 28, RtmDstLen: 20}}
	if got := label.Prefix(); got.IsValid() {
		t.Errorf("a label of MPLS is read as %s", got)
	}
}
