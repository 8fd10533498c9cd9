package link

import (
	"testing"

	"github.com/nlgen/nlgen/generated/rtlink"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
)

// TestLinkBondDelays takes the carrier from a port of a bond that waits before it believes it, gives it back, and compares each state with
// what ip prints.
func TestLinkBondDelays(t *testing.T) {
	n := witness.NewNamespace(t)
	c := witness.NewTally(t)
	bond := n.Create(&rtlink.NewlinkRequest{Ifname: nlattr.Some("bond0"), Linkinfo: &rtlink.LinkinfoAttrs{Data: &rtlink.LinkinfoBondAttrs{
		Mode: nlattr.Some(rtlink.BondModeActivebackup), Miimon: u32(10),
	}}})
	n.Up(bond)
	var far [2]*rtlink.GetlinkReply
	for i, name := range []string{"port0", "port1"} {
		var port *rtlink.GetlinkReply
		port, far[i] = n.Veth(name, "far-"+name)
		n.Up(far[i])
		if err := n.Links.Setlink(n.Ctx, &rtlink.SetlinkRequest{Header: rtlink.Ifinfomsg{IfiIndex: port.Header.IfiIndex}, Master: u32(uint32(bond.Header.IfiIndex))}); err != nil {
			t.Fatal(err)
		}
	}
	state := func(want rtlink.BondLinkStatus) {
		t.Helper()
		c.Steady(func(c *witness.Tally) {
			if got := n.Link("port0").Linkinfo.SlaveData.(*rtlink.BondSlaveAttrs).MiiStatus; got != nlattr.Some(want) {
				c.Errorf("the port is %v, not %v", got, want)
			}
			compareWithIP(n, c, "port0")
		})
	}
	delay := func(up, down uint32) {
		t.Helper()
		if err := n.Links.Newlink(n.Ctx, &rtlink.NewlinkRequest{Header: rtlink.Ifinfomsg{IfiIndex: bond.Header.IfiIndex},
			Linkinfo: &rtlink.LinkinfoAttrs{Data: &rtlink.LinkinfoBondAttrs{Updelay: u32(up), Downdelay: u32(down)}}}); err != nil {
			t.Fatal(err)
		}
	}
	const long = 60_000 // milliseconds
	state(rtlink.BondLinkStatusUp)
	delay(long, long)
	n.SetFlags(far[0], 0, rtlink.IfinfoFlagsUp)
	state(rtlink.BondLinkStatusFail)
	n.Up(far[0])
	state(rtlink.BondLinkStatusUp)
	delay(long, 0)
	n.SetFlags(far[0], 0, rtlink.IfinfoFlagsUp)
	state(rtlink.BondLinkStatusDown)
	n.Up(far[0])
	state(rtlink.BondLinkStatusBack)
	c.Report("delays of a bond")
}
