package routing

import (
	"fmt"
	"net"
	"net/netip"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/rtaddr"
	"github.com/nlgen/nlgen/generated/rtneigh"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/internal/witness/traffic"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// TestNeighbourProbes has somebody ask for an address here, all hosts and then this one, and compares what the table of neighbours counts
// with what ip prints.
func TestNeighbourProbes(t *testing.T) {
	n := witness.NewNamespace(t)
	client := rtneigh.New(n.Conn)
	link, far := n.Veth("probe0", "probe1")
	n.Up(link, far)
	here, there := netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("2001:db8::9")
	if err := rtaddr.New(n.Conn).Newaddr(n.Ctx, &rtaddr.NewaddrRequest{
		Header:  rtaddr.Ifaddrmsg{IfaFamily: unix.AF_INET6, IfaPrefixlen: 64, IfaIndex: uint32(link.Header.IfiIndex)},
		Address: nlattr.Some(here), Flags: nlattr.Some(rtaddr.IfaFlagsNodad),
	}, nlconn.Create); err != nil {
		t.Fatal(err)
	}
	// table is that of IPv6, among all.
	table := func() (x *rtneigh.GetneightblReply, at int) {
		t.Helper()
		all, err := client.GetneightblCollect(n.Ctx, &rtneigh.GetneightblDumpRequest{})
		if err != nil {
			t.Fatal(err)
		}
		for i, x := range all {
			if x.Header.Family == unix.AF_INET6 && x.Stats != nil {
				return x, i
			}
		}
		t.Fatal("IPv6 has no table of neighbours")
		return nil, 0
	}
	before, _ := table()
	const solicitation = 135
	message := append(append([]byte{solicitation, 0, 0, 0, 0, 0, 0, 0}, here.AsSlice()...), append([]byte{1, 1}, mac(9)...)...)
	ask := func() {
		t.Helper()
		for dst, to := range map[string]net.HardwareAddr{"ff02::1:ff00:1": {0x33, 0x33, 0xff, 0, 0, 1}, here.String(): link.Address} {
			dst := netip.MustParseAddr(dst)
			packet := traffic.IPv6(there, dst, unix.IPPROTO_ICMPV6, 255, traffic.ICMPv6(there, dst, message))
			traffic.SendFrame(t, uint32(far.Header.IfiIndex), append(append(append(append([]byte{}, to...), mac(9)...), 0x86, 0xdd), packet...))
		}
	}
	c := witness.NewTally(t)
	c.Steady(func(c *witness.Tally) { // The link listens a little later. Others can be asked, too: there is one table for all namespaces.
		ask()
		now, i := table()
		if now.Stats.RcvProbesMcast == before.Stats.RcvProbesMcast || now.Stats.RcvProbesUcast == before.Stats.RcvProbesUcast {
			c.Errorf("counted are %+v, before %+v", now.Stats, before.Stats)
		}
		witness.Compare(c, fmt.Sprint("ntable", i), now, tableView(n.Dump()), witness.IP(t, "-s", "ntable")[i])
	})
	c.Report("probes")
}
