package link

import (
	"testing"

	"github.com/nlgen/nlgen/generated/rtlink"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/internal/witness/traffic"
)

// TestRouterOfLink lets a router advertise itself, and looks at what the link remembers of it.
func TestRouterOfLink(t *testing.T) {
	n := witness.NewNamespace(t)
	link, far := n.Veth("router0", "router1")
	n.Up(link, far)
	// It is remembered for good once this host has asked for routers, a second after the link came up.
	const told = rtlink.Inet6IfFlagsRaRcvd | rtlink.Inet6IfFlagsRaManaged | rtlink.Inet6IfFlagsRaOtherconf
	witness.Await(t, "a router that is remembered", func() bool {
		traffic.Advertise(t, far)
		return n.Link("router0").AfSpec.Inet6.Flags.V&told == told
	})
	if six := n.Link("router0").AfSpec.Inet6; six.RaMtu != u32(traffic.AdvertisedMTU) {
		t.Errorf("the MTU is %v", six.RaMtu)
	}
}
