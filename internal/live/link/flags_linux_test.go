package link

import (
	"os"
	"testing"

	"github.com/nlgen/nlgen/generated/rtlink"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// TestLinkFlags sets each flag of a link that can be set, each way to make its address, and each state and mode, and compares every field
// with what ip prints.
func TestLinkFlags(t *testing.T) {
	n := witness.NewNamespace(t)
	c := witness.NewTally(t)
	link, peer := n.Veth("flags0", "flags1")
	n.Up(link, peer)
	for _, flag := range []rtlink.IfinfoFlags{
		rtlink.IfinfoFlagsDebug, rtlink.IfinfoFlagsNoTrailers, rtlink.IfinfoFlagsNoArp, rtlink.IfinfoFlagsPromisc, rtlink.IfinfoFlagsAllMulti,
		rtlink.IfinfoFlagsPortsel, rtlink.IfinfoFlagsAutoMedia, rtlink.IfinfoFlagsDynamic,
	} {
		n.SetFlags(link, flag, flag)
		if got := n.Link("flags0").Header.IfiFlags; got&flag == 0 {
			t.Errorf("%v is not in %v", flag, got)
		}
		compareWithIP(n, c, "flags0")
		n.SetFlags(link, 0, flag)
	}
	set := func(what string, change *rtlink.SetlinkRequest) {
		t.Helper()
		change.Header = rtlink.Ifinfomsg{IfiIndex: link.Header.IfiIndex}
		if err := n.Links.Setlink(n.Ctx, change); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		c.Within(what, change, n.Link("flags0"), "Header")
		compareWithIP(n, c, "flags0")
	}
	if err := os.WriteFile("/proc/sys/net/ipv6/conf/flags0/stable_secret", []byte("2001:db8::1"), 0); err != nil {
		t.Fatal(err)
	}
	for _, mode := range values[rtlink.In6AddrGenMode](8) {
		set(mode.String(), &rtlink.SetlinkRequest{AfSpec: &rtlink.AfSpecAttrs{Inet6: &rtlink.Ifla6Attrs{AddrGenMode: nlattr.Some(mode)}}})
	}
	for _, mode := range values[rtlink.LinkMode](8) {
		set(mode.String(), &rtlink.SetlinkRequest{Linkmode: nlattr.Some(mode)})
	}
	set("testing", &rtlink.SetlinkRequest{Operstate: nlattr.Some(rtlink.OperstateTesting)})
	c.Report("flags of links")
}

// TestLinkFilters asks for links without what takes long.
func TestLinkFilters(t *testing.T) {
	n := witness.NewNamespace(t)
	n.Veth("filter0", "filter1")
	const bridges = rtlink.RtextFilterBrvlan | rtlink.RtextFilterBrvlanCompressed | rtlink.RtextFilterMrp | rtlink.RtextFilterCfmConfig |
		rtlink.RtextFilterCfmStatus | rtlink.RtextFilterMst // They mean nothing here.
	dump := func(mask rtlink.RtextFilter) *rtlink.GetlinkReply {
		t.Helper()
		list, err := n.Links.GetlinkCollect(n.Ctx, &rtlink.GetlinkDumpRequest{ExtMask: nlattr.Some(mask)})
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range list {
			if x.Ifname.V == "filter0" {
				return x
			}
		}
		t.Fatal("filter0 is not in the dump")
		return nil
	}
	if x := dump(bridges); x.Stats64 == nil || x.AfSpec.Inet6.Stats == nil || x.AfSpec.Inet6.Icmp6stats == nil {
		t.Errorf("with filters of bridges: %+v", x)
	}
	if x := dump(rtlink.RtextFilterSkipStats); x.Stats64 == nil || x.AfSpec.Inet6.Stats != nil || x.AfSpec.Inet6.Icmp6stats != nil {
		t.Errorf("without the statistics of IPv6: %+v, %+v", x, x.AfSpec.Inet6)
	}
	if x := dump(rtlink.RtextFilterNameOnly); x.Mtu.OK && x.Linkinfo != nil && x.AfSpec != nil {
		t.Log("this kernel does not know the filter for names alone")
	} else if x.Mtu.OK || x.Linkinfo != nil || x.AfSpec != nil {
		t.Errorf("names alone: %+v", x)
	}
}

// TestBondEvents has a bond fail over and its options changed, and reads what the kernel tells of it.
func TestBondEvents(t *testing.T) {
	n := witness.NewNamespace(t)
	ctx := witness.Patience(t)
	bond := n.Create(&rtlink.NewlinkRequest{Ifname: nlattr.Some("bond0"), Linkinfo: &rtlink.LinkinfoAttrs{Data: &rtlink.LinkinfoBondAttrs{
		Mode: nlattr.Some(rtlink.BondModeActivebackup), Miimon: u32(10), ResendIgmp: u32(1),
	}}})
	var far [2]*rtlink.GetlinkReply
	for i, name := range []string{"slave0", "slave1"} {
		slave, peer := n.Veth(name, "far"+name)
		far[i] = peer
		n.Up(peer)
		if err := n.Links.Newlink(n.Ctx, &rtlink.NewlinkRequest{
			Header: rtlink.Ifinfomsg{IfiIndex: slave.Header.IfiIndex}, Master: u32(uint32(bond.Header.IfiIndex)),
		}, nlconn.Flags(0)); err != nil {
			t.Fatal(err)
		}
	}
	n.Up(bond)
	witness.Await(t, "an active link", func() bool {
		return n.Link("bond0").Linkinfo.Data.(*rtlink.LinkinfoBondAttrs).ActiveSlave.V == uint32(n.Link("slave0").Header.IfiIndex)
	})
	sub, err := n.Links.Subscribe(ctx, rtlink.GroupLink)
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	told := func(want rtlink.LinkEvent) func(ev rtlink.Event) error {
		return func(ev rtlink.Event) error {
			x, ok := ev.(*rtlink.NewlinkNtf)
			if !ok || x.Header.IfiIndex != bond.Header.IfiIndex || x.Event.V != want {
				return witness.ErrOther
			}
			return nil
		}
	}
	witness.Play(t, ctx, sub.All(ctx), []witness.Step[rtlink.Event]{
		witness.NewStep("options", func() error {
			return os.WriteFile("/sys/class/net/bond0/bonding/downdelay", []byte("0"), 0)
		}, told(rtlink.LinkEventBondingOptions)),
		witness.NewStep("fail over", func() error {
			n.SetFlags(far[0], 0, rtlink.IfinfoFlagsUp)
			return nil
		}, told(rtlink.LinkEventBondingFailover)),
		witness.NewStep("tell the peers", func() error { return nil }, told(rtlink.LinkEventNotifyPeers)),
		witness.NewStep("join groups again", func() error { return nil }, told(rtlink.LinkEventIgmpResend)),
	})
}
