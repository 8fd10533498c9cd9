package mptcppm

import (
	"net/netip"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/mptcppm"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
)

// TestImplicit announces an address that connections reach from one that is no endpoint: the kernel makes an endpoint of that by itself.
func TestImplicit(t *testing.T) {
	n, client := newNamespace(t)
	announced, from := hosts[unix.AF_INET][1], netip.MustParseAddr("192.0.2.9")
	witness.Output(t, "ip", "address", "add", from.String()+"/32", "dev", "lo")
	witness.Output(t, "ip", "route", "replace", "local", announced.String(), "dev", "lo", "table", "local", "src", from.String())
	if err := client.SetLimits(n.Ctx, &mptcppm.SetLimitsRequest{RcvAddAddrs: nlattr.Some(uint32(2)), Subflows: nlattr.Some(uint32(2))}); err != nil {
		t.Fatal(err)
	}
	signal := address(unix.AF_INET, announced)
	signal.Flags = nlattr.Some(mptcppm.AddrFlagsSignal)
	if err := client.AddAddr(n.Ctx, &mptcppm.AddAddrRequest{Addr: signal}); err != nil {
		t.Fatal(err)
	}
	x := connect(t, n.Ctx, unix.AF_INET)
	defer x.close(t)
	c := witness.NewTally(t)
	c.Steady(func(c *witness.Tally) {
		all, err := client.GetAddrCollect(n.Ctx, nil)
		if err != nil {
			t.Fatal(err)
		}
		theirs := witness.IP(t, "mptcp", "endpoint")
		if len(all) != 2 || len(theirs) != 2 {
			c.Errorf("we see %d endpoints, ip %d", len(all), len(theirs))
			return
		}
		for i, x := range all {
			implicit := x.Addr.Flags.V&mptcppm.AddrFlagsImplicit != 0
			if implicit != (x.Addr.Addr4.V == from) {
				c.Errorf("the endpoint %v has the flags %v", x.Addr.Addr4.V, x.Addr.Flags)
			}
			witness.Compare(c, x.Addr.Addr4.V.String(), x.Addr, endpoint(""), theirs[i])
		}
	})
	c.Report("implicit endpoints")
}
