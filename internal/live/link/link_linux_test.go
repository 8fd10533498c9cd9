package link

import (
	"errors"
	"net"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/nlgen/nlgen/generated/rtlink"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// volatile are fields that change between two readings of one link.
var volatile = []string{"Cacheinfo"}

// sameLink compares two readings of a link.
func sameLink(c *witness.Tally, what string, a, b *rtlink.GetlinkReply) {
	skip := cmp.FilterPath(func(p cmp.Path) bool {
		field, ok := p.Last().(cmp.StructField)
		return ok && (slices.Contains(volatile, field.Name()) || strings.HasSuffix(field.Name(), "Timer"))
	}, cmp.Ignore())
	if a == nil || b == nil {
		c.Errorf("%s: one of two readings is missing", what)
		return
	}
	if diff := cmp.Diff(a, b, witness.Addresses, skip); diff != "" {
		c.Errorf("%s: do -, dump +:\n%s", what, diff)
	}
}

// TestLinks makes a link of each kind and compares every field with what was asked for, with the dump, and with what ip prints.
func TestLinks(t *testing.T) {
	n := witness.NewNamespace(t)
	lower, other := n.Veth("lower0", "lower1")
	n.Up(n.Link("lo"), lower, other)
	all := witness.NewTally(t)
	first, second := uint32(lower.Header.IfiIndex), uint32(other.Header.IfiIndex)
	third := uint32(n.Plain("third0").Header.IfiIndex)
	for _, kind := range slices.Concat(linkKinds(first), specialKinds(first, second), variants(first, second, third)) {
		n.Run(kind.name, func(n *witness.Namespace) {
			if _, err := os.Stat(kind.needs); kind.needs != "" && err != nil {
				n.T.Skip("the kernel has no such device: ", err)
			}
			c := witness.NewTally(n.T)
			req := &rtlink.NewlinkRequest{Ifname: nlattr.Some("test0"), Linkinfo: &rtlink.LinkinfoAttrs{Data: kind.data}}
			if kind.data == nil || kind.explicit {
				req.Linkinfo.Kind = nlattr.Some(kind.name)
			}
			if kind.onLower {
				req.Link = nlattr.Some(uint32(lower.Header.IfiIndex))
			}
			if kind.change != nil {
				kind.change(req)
			}
			link := n.Create(req)
			if got := link.Linkinfo.Kind.V; got != kind.name {
				n.T.Errorf("kind is %q", got)
			}
			// The peer is another link, which a reply does not repeat.
			c.Within("reply", req, link, append(kind.skip, "Header", "Kind", "Peer", "PeerInfo", "NumRxQueues")...)
			if kind.up {
				n.Up(link)
			}
			compareWithIP(n, c, "test0")
			c.Report(kind.name)
			all.Fields += c.Fields
		})
	}
	all.Report("all kinds")
}

// compareWithIP compares one link with what ip prints.
func compareWithIP(n *witness.Namespace, c *witness.Tally, name string) {
	n.T.Helper()
	witness.Known(n.T, name, n.Link(name))
	c.Steady(func(c *witness.Tally) {
		theirs := witness.IP(n.T, "-s", "-s", "-d", "link", "show", "dev", name)
		links := n.Dump()
		do := n.Link(name)
		sameLink(c, name, do, links[name])
		if len(theirs) != 1 {
			n.T.Fatalf("ip shows %d links named %s", len(theirs), name)
		}
		view := newLinkView(links)
		info, _ := theirs[0]["linkinfo"].(witness.Object)
		programs, attached := theirs[0]["xdp"].(witness.Object)
		delete(theirs[0], "linkinfo")
		delete(theirs[0], "xdp")
		witness.Compare(c, name, do, view.view(), theirs[0])
		view.linkinfo(c, name, do, info)
		if attached {
			compareXDP(c, name+".xdp", do.Xdp, programs)
		}
	})
}

// linkinfo compares the part about the kind.
func (v *linkView) linkinfo(c *witness.Tally, name string, x *rtlink.GetlinkReply, info witness.Object) {
	for _, key := range witness.SortedKeys(info) {
		switch key {
		case "info_kind":
			c.Field(name+"."+key, x.Linkinfo.Kind, info[key])
		case "info_slave_kind":
			c.Field(name+"."+key, x.Linkinfo.SlaveKind, info[key])
		case "info_data":
			v.data(c, name+"."+key, x.Linkinfo.Data, info[key].(witness.Object))
		case "info_xstats":
			witness.Compare(c, name+"."+key, x.Linkinfo.Xstats, witness.View[rtlink.LinkinfoXstatsMsg]{}, info[key].(witness.Object))
		case "info_slave_data":
			v.data(c, name+"."+key, x.Linkinfo.SlaveData, info[key].(witness.Object))
		default:
			c.Errorf("%s.%s: nothing of ours is known to be %v", name, key, info[key])
		}
	}
}

// TestLinkCommon compares the attributes that every link has, on a pair with everything set that can be, and on lo.
func TestLinkCommon(t *testing.T) {
	n := witness.NewNamespace(t)
	c := witness.NewTally(t)
	peer := &rtlink.VethPeerVeth{
		Ifname: nlattr.Some("peer0"), Mtu: nlattr.Some(uint32(1400)), Address: net.HardwareAddr{2, 0, 0, 0, 0, 2},
		NumTxQueues: nlattr.Some(uint32(3)), NumRxQueues: nlattr.Some(uint32(2)), Txqlen: nlattr.Some(uint32(55)),
	}
	req := &rtlink.NewlinkRequest{
		Ifname: nlattr.Some("common0"), Mtu: nlattr.Some(uint32(1300)), Address: net.HardwareAddr{2, 0, 0, 0, 0, 1},
		Txqlen: nlattr.Some(uint32(77)), Group: nlattr.Some(uint32(7)),
		NumTxQueues: nlattr.Some(uint32(4)), NumRxQueues: nlattr.Some(uint32(4)),
		Linkinfo: &rtlink.LinkinfoAttrs{Data: &rtlink.LinkinfoVethAttrs{Peer: peer}},
	}
	link := n.Create(req)
	c.Within("common0", req, link, "Header", "Linkinfo")
	c.Within("peer0", peer, n.Link("peer0"), "Header")
	n.Up(n.Link("peer0"))
	change := &rtlink.SetlinkRequest{
		Header:  rtlink.Ifinfomsg{IfiIndex: link.Header.IfiIndex, IfiFlags: rtlink.IfinfoFlagsUp, IfiChange: uint32(rtlink.IfinfoFlagsUp)},
		Ifalias: nlattr.Some("an alias"), GsoMaxSize: nlattr.Some(uint32(30000)), GsoMaxSegs: nlattr.Some(uint32(100)),
		GroMaxSize: nlattr.Some(uint32(40000)), Linkmode: nlattr.Some(rtlink.LinkModeDormant),
		AfSpec: &rtlink.AfSpecAttrs{Inet6: &rtlink.Ifla6Attrs{AddrGenMode: nlattr.Some(rtlink.In6AddrGenModeNone)}},
	}
	if err := n.Links.Setlink(n.Ctx, change); err != nil {
		t.Fatal(err)
	}
	if err := n.Links.Setlink(n.Ctx, &rtlink.SetlinkRequest{Header: link.Header, ProtoDown: nlattr.Some(uint8(1))}); err != nil {
		t.Log("proto-down:", err)
	}
	props := &rtlink.NewlinkpropRequest{Header: rtlink.Ifinfomsg{IfiIndex: link.Header.IfiIndex},
		PropList: &rtlink.PropListLinkAttrs{AltIfname: []string{"another-name-of-this-link", "a-second-name"}}}
	if err := n.Links.Newlinkprop(n.Ctx, props, nlconn.Create, nlconn.Exclusive, nlconn.Append); err != nil {
		t.Fatal(err)
	}
	c.Within("common0", change, n.Link("common0"), "Header")
	c.Within("common0", props, n.Link("common0"), "Header")
	n.SetFlags(n.Link("lo"), rtlink.IfinfoFlagsUp, rtlink.IfinfoFlagsUp)
	compareWithIP(n, c, "common0")
	compareWithIP(n, c, "peer0")
	compareWithIP(n, c, "lo")

	// By an alternative name, and without one of them.
	byName, err := n.Links.Getlink(n.Ctx, &rtlink.GetlinkRequest{AltIfname: nlattr.Some("another-name-of-this-link")})
	if err != nil || byName.Ifname.V != "common0" {
		t.Errorf("by alternative name: %v, %v", byName, err)
	}
	drop := &rtlink.DellinkpropRequest{Header: props.Header, PropList: &rtlink.PropListLinkAttrs{AltIfname: []string{"a-second-name"}}}
	if err := n.Links.Dellinkprop(n.Ctx, drop); err != nil {
		t.Error(err)
	}
	if got := n.Link("common0").PropList.AltIfname; !slices.Equal(got, []string{"another-name-of-this-link"}) {
		t.Errorf("alternative names are %q", got)
	}
	c.Report("common attributes")
}

// TestLinkChanges changes a link by setlink and newlink, and reads each change back.
func TestLinkChanges(t *testing.T) {
	n := witness.NewNamespace(t)
	c := witness.NewTally(t)
	bridge := n.Create(&rtlink.NewlinkRequest{Ifname: nlattr.Some("bridge0"), Linkinfo: &rtlink.LinkinfoAttrs{Data: &rtlink.LinkinfoBridgeAttrs{}}})
	link, _ := n.Veth("before0", "peer0")
	header := rtlink.Ifinfomsg{IfiIndex: link.Header.IfiIndex}
	for _, change := range []*rtlink.SetlinkRequest{
		{Header: header, Mtu: nlattr.Some(uint32(1234))},
		{Header: header, Ifname: nlattr.Some("after0")},
		{Header: header, Address: net.HardwareAddr{2, 0, 0, 0, 0, 9}},
		{Header: header, Master: nlattr.Some(uint32(bridge.Header.IfiIndex))},
		{Header: header, Txqlen: nlattr.Some(uint32(3))},
		{Header: header, Ifalias: nlattr.Some("alias")},
		{Header: header, Group: nlattr.Some(uint32(9))},
	} {
		if err := n.Links.Setlink(n.Ctx, change); err != nil {
			t.Fatal(err)
		}
		got, err := n.Links.Getlink(n.Ctx, &rtlink.GetlinkRequest{Header: header})
		if err != nil {
			t.Fatal(err)
		}
		c.Within("after", change, got, "Header")
	}
	n.Up(bridge, link, n.Link("peer0"))
	if got := n.Link("after0").Header.IfiFlags; got&(rtlink.IfinfoFlagsUp|rtlink.IfinfoFlagsRunning) != rtlink.IfinfoFlagsUp|rtlink.IfinfoFlagsRunning {
		t.Errorf("flags are %v after the link was brought up", got)
	}
	compareWithIP(n, c, "after0")

	// Of a port of the bridge, by newlink.
	port := &rtlink.LinkinfoBrportAttrs{
		Priority: nlattr.Some(uint16(5)), Cost: nlattr.Some(uint32(77)), Mode: nlattr.Some(uint8(1)), Guard: nlattr.Some(uint8(1)),
		FastLeave: nlattr.Some(uint8(1)), Learning: nlattr.Some(uint8(0)), UnicastFlood: nlattr.Some(uint8(0)),
		Isolated: nlattr.Some(uint8(1)), McastFlood: nlattr.Some(uint8(0)), BcastFlood: nlattr.Some(uint8(0)),
		NeighSuppress: nlattr.Some(uint8(1)), GroupFwdMask: nlattr.Some(uint16(8)),
	}
	set := &rtlink.NewlinkRequest{Header: header, Linkinfo: &rtlink.LinkinfoAttrs{SlaveData: port}}
	if err := n.Links.Newlink(n.Ctx, set); err != nil {
		t.Fatal(err)
	}
	c.Within("port", port, n.Link("after0").Linkinfo.SlaveData)
	compareWithIP(n, c, "after0")

	// Of the bridge itself.
	data := &rtlink.LinkinfoBridgeAttrs{AgeingTime: nlattr.Some(uint32(1000)), ForwardDelay: nlattr.Some(uint32(500))}
	if err := n.Links.Newlink(n.Ctx, &rtlink.NewlinkRequest{Header: rtlink.Ifinfomsg{IfiIndex: bridge.Header.IfiIndex},
		Linkinfo: &rtlink.LinkinfoAttrs{Data: data}}); err != nil {
		t.Fatal(err)
	}
	c.Within("bridge", data, n.Link("bridge0").Linkinfo.Data)
	compareWithIP(n, c, "bridge0")

	// A dump can be narrowed to the ports of a master and to a kind.
	ports, err := n.Links.GetlinkCollect(n.Ctx, &rtlink.GetlinkDumpRequest{Master: nlattr.Some(uint32(bridge.Header.IfiIndex))})
	if err != nil || len(ports) != 1 || ports[0].Ifname.V != "after0" {
		t.Errorf("ports of the bridge: %d, %v", len(ports), err)
	}
	kind, err := n.Links.GetlinkCollect(n.Ctx, &rtlink.GetlinkDumpRequest{Linkinfo: &rtlink.LinkinfoAttrs{Kind: nlattr.Some("bridge")}})
	if err != nil || len(kind) != 1 || kind[0].Ifname.V != "bridge0" {
		t.Errorf("bridges: %d, %v", len(kind), err)
	}

	// Out of the bridge, down, and away with both ends.
	if err := n.Links.Setlink(n.Ctx, &rtlink.SetlinkRequest{Header: header, Master: nlattr.Some(uint32(0))}); err != nil {
		t.Fatal(err)
	}
	n.SetFlags(link, 0, rtlink.IfinfoFlagsUp)
	if got := n.Link("after0"); got.Master.OK || got.Header.IfiFlags&rtlink.IfinfoFlagsUp != 0 {
		t.Errorf("master is %v and flags are %v after both were taken away", got.Master, got.Header.IfiFlags)
	}
	if err := n.Links.Dellink(n.Ctx, &rtlink.DellinkRequest{Ifname: nlattr.Some("after0")}); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"after0", "peer0"} {
		if _, err := n.Links.Getlink(n.Ctx, &rtlink.GetlinkRequest{Ifname: nlattr.Some(name)}); !errors.Is(err, syscall.ENODEV) {
			t.Errorf("%s after the pair was deleted: %v", name, err)
		}
	}
	c.Report("changes")
}
