package routing

import (
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/rtaddr"
	"github.com/nlgen/nlgen/generated/rtlink"
	"github.com/nlgen/nlgen/generated/rtnexthop"
	"github.com/nlgen/nlgen/generated/rtroute"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// A hopping is a namespace with links that nexthops can use. The second link is a port of a bridge.
type hopping struct {
	*witness.Namespace
	client        *rtnexthop.Client
	first, second uint32
	bridge        uint32
}

func newHopping(t *testing.T) *hopping {
	t.Helper()
	n := witness.NewNamespace(t)
	a, b := n.Veth("hop0", "hop1")
	bridge := n.Create(&rtlink.NewlinkRequest{Ifname: text("hopbr0"), Linkinfo: &rtlink.LinkinfoAttrs{Kind: text("bridge")}})
	n.Up(n.Link("lo"), a, b, bridge) // A blackhole needs lo.
	if err := n.Links.Setlink(n.Ctx, &rtlink.SetlinkRequest{Header: rtlink.Ifinfomsg{IfiIndex: b.Header.IfiIndex}, Master: u32(uint32(bridge.Header.IfiIndex))}); err != nil {
		t.Fatal(err)
	}
	addrs := rtaddr.New(n.Conn)
	for _, req := range []*rtaddr.NewaddrRequest{
		{Header: rtaddr.Ifaddrmsg{IfaFamily: unix.AF_INET, IfaPrefixlen: 24}, Local: addr("192.0.2.1")},
		{Header: rtaddr.Ifaddrmsg{IfaFamily: unix.AF_INET6, IfaPrefixlen: 64}, Address: addr("2001:db8::1"), Flags: nlattr.Some(rtaddr.IfaFlagsNodad)},
	} {
		req.Header.IfaIndex = uint32(a.Header.IfiIndex)
		if err := addrs.Newaddr(n.Ctx, req, nlconn.Create); err != nil {
			t.Fatal(err)
		}
	}
	return &hopping{n, rtnexthop.New(n.Conn), uint32(a.Header.IfiIndex), uint32(b.Header.IfiIndex), uint32(bridge.Header.IfiIndex)}
}

// group is a group with members. A weight is one less on the wire.
func group(members ...rtnexthop.NexthopGrp) *rtnexthop.NexthopGroup {
	return &rtnexthop.NexthopGroup{Members: members}
}

// A hopCase is a nexthop with a name.
type hopCase struct {
	name string
	req  *rtnexthop.NewnexthopRequest
}

func hopCases(first, second uint32) []hopCase {
	type req = *rtnexthop.NewnexthopRequest
	var cases []hopCase
	add := func(name string, family uint8, id uint32, change func(req)) {
		r := &rtnexthop.NewnexthopRequest{Header: rtnexthop.Nhmsg{NhFamily: family}, ID: u32(id)}
		change(r)
		cases = append(cases, hopCase{name, r})
	}
	v4, v6 := uint8(unix.AF_INET), uint8(unix.AF_INET6)
	add("gateway", v4, 1, func(r req) {
		r.Gateway, r.Oif, r.Header.NhProtocol = addr("192.0.2.2"), u32(first), rtnexthop.RtProtocolBgp
	})
	add("onlink", v4, 2, func(r req) {
		r.Gateway, r.Oif, r.Header.NhFlags = addr("198.51.100.1"), u32(first), rtnexthop.RtnhFlagsOnlink
	})
	add("blackhole", v4, 3, func(r req) { r.Blackhole = true })
	add("device", v4, 4, func(r req) { r.Oif, r.Header.NhProtocol = u32(second), 200 })
	add("IPv6 gateway", v6, 5, func(r req) { r.Gateway, r.Oif = addr("2001:db8::2"), u32(first) })
	add("IPv6 device", v6, 6, func(r req) { r.Oif = u32(second) })
	add("IPv6 blackhole", v6, 7, func(r req) { r.Blackhole = true })
	add("the largest number", v4, 0xffffffff, func(r req) { r.Gateway, r.Oif = addr("192.0.2.3"), u32(first) })
	add("for a database", v4, 20, func(r req) { r.Fdb, r.Gateway = true, addr("192.0.2.9") })
	add("for a database, IPv6", v6, 21, func(r req) { r.Fdb, r.Gateway = true, addr("2001:db8::9") })
	add("group", 0, 30, func(r req) { r.Group = group(rtnexthop.NexthopGrp{ID: 1}, rtnexthop.NexthopGrp{ID: 2, Weight: 255}) })
	add("group for a database", 0, 31, func(r req) { r.Group, r.Fdb = group(rtnexthop.NexthopGrp{ID: 20}), true })
	add("group with hardware counters", 0, 32, func(r req) { r.Group, r.HwStatsEnable = group(rtnexthop.NexthopGrp{ID: 5}), u32(1) })
	add("resilient group", 0, 33, func(r req) {
		r.Group, r.GroupType = group(rtnexthop.NexthopGrp{ID: 1}, rtnexthop.NexthopGrp{ID: 2, Weight: 2}), nlattr.Some(rtnexthop.NexthopGrpTypeRes)
		r.ResGroup = &rtnexthop.ResGroupAttrs{Buckets: u16(8), IdleTimer: u32(6000), UnbalancedTimer: u32(30000)}
	})
	add("group with large weights", 0, 34, func(r req) { r.Group = group(rtnexthop.NexthopGrp{ID: 1, Weight: 3, WeightHigh: 2}) })
	return cases
}

// make makes the nexthops that this kernel knows.
func (h *hopping) make(cases []hopCase) (made []hopCase) {
	h.T.Helper()
	for _, hc := range cases {
		err := h.client.Newnexthop(h.Ctx, hc.req, nlconn.Create, nlconn.Exclusive)
		if errors.Is(err, errors.ErrUnsupported) || errors.Is(err, syscall.EINVAL) && hc.name == "group with large weights" {
			h.T.Logf("%s: %v", hc.name, err)
			continue
		}
		if err != nil {
			h.T.Fatalf("%s: %v", hc.name, err)
		}
		h.T.Cleanup(func() { _ = h.client.Delnexthop(h.Ctx, &rtnexthop.DelnexthopRequest{ID: hc.req.ID}) })
		made = append(made, hc)
	}
	return made
}

// list dumps nexthops.
func (h *hopping) list(req *rtnexthop.GetnexthopDumpRequest) []*rtnexthop.GetnexthopReply {
	h.T.Helper()
	list, err := h.client.GetnexthopCollect(h.Ctx, req)
	if err != nil {
		h.T.Fatal(err)
	}
	for _, x := range list {
		witness.Known(h.T, "nexthop", x)
	}
	return list
}

// get reads one nexthop.
func (h *hopping) get(req *rtnexthop.GetnexthopRequest) *rtnexthop.GetnexthopReply {
	h.T.Helper()
	x, err := h.client.Getnexthop(h.Ctx, req)
	if err != nil {
		h.T.Fatal(err)
	}
	return x
}

// sameHop compares a nexthop with the one that was asked for. The kernel adds flags of the link's state, and tells of counters only if
// it is asked to (TestNexthopStats).
func sameHop(c *witness.Tally, hc hopCase, got *rtnexthop.GetnexthopReply) {
	c.T.Helper()
	c.Within(hc.name, hc.req, got, "NhFlags", "NhScope", "HwStatsEnable")
	if hc.req.Header.NhFlags&^got.Header.NhFlags != 0 {
		c.Errorf("%s: flags are %v", hc.name, got.Header.NhFlags)
	}
}

// TestNexthops makes nexthops, compares every field with what was asked for and with what ip prints, and removes them.
func TestNexthops(t *testing.T) {
	h := newHopping(t)
	c := witness.NewTally(t)
	made := h.make(hopCases(h.first, h.second))
	all := h.list(&rtnexthop.GetnexthopDumpRequest{})
	if len(all) != len(made) {
		t.Errorf("made %d nexthops, the dump has %d", len(made), len(all))
	}
	byID := map[uint32]*rtnexthop.GetnexthopReply{}
	for _, x := range all {
		byID[x.ID.V] = x
	}
	for _, hc := range made {
		got := byID[hc.req.ID.V]
		if got == nil {
			t.Fatalf("%s: not in the dump", hc.name)
		}
		sameHop(c, hc, got)
		// A do that asks for nothing more says the same.
		c.Steady(func(c *witness.Tally) {
			c.Within(hc.name+" by do", got, h.get(&rtnexthop.GetnexthopRequest{ID: hc.req.ID}), "UnbalancedTime")
		})
	}
	theirs := witness.IP(t, "-d", "nexthop")
	if len(theirs) != len(all) {
		t.Fatalf("we see %d nexthops, ip %d", len(all), len(theirs))
	}
	view := hopView(h.Dump())
	for i, x := range all {
		witness.Compare(c, fmt.Sprintf("nexthop %d", x.ID.V), x, view, theirs[i])
	}

	for _, f := range []struct {
		name string
		req  *rtnexthop.GetnexthopDumpRequest
		args []string
		ok   func(x *rtnexthop.GetnexthopReply) bool
	}{
		{"oif", &rtnexthop.GetnexthopDumpRequest{Oif: u32(h.second)}, []string{"dev", "hop1"}, func(x *rtnexthop.GetnexthopReply) bool { return x.Oif.V == h.second }},
		{"master", &rtnexthop.GetnexthopDumpRequest{Master: u32(h.bridge)}, []string{"master", "hopbr0"}, func(x *rtnexthop.GetnexthopReply) bool { return x.Oif.V == h.second }},
		{"groups", &rtnexthop.GetnexthopDumpRequest{Groups: true}, []string{"groups"}, func(x *rtnexthop.GetnexthopReply) bool { return x.Group != nil }},
	} {
		want := 0
		for _, x := range all {
			if f.ok(x) {
				want++
			}
		}
		got := h.list(f.req)
		for _, x := range got {
			if !f.ok(x) {
				t.Errorf("filter %s: %+v", f.name, x)
			}
		}
		theirs := witness.IP(t, append([]string{"nexthop", "list"}, f.args...)...)
		if len(got) != want || len(theirs) != want || want == 0 {
			t.Errorf("filter %s: %d nexthops, ip sees %d, want %d", f.name, len(got), len(theirs), want)
		}
	}

	for _, hc := range made[len(made)-3:] {
		if err := h.client.Newnexthop(h.Ctx, hc.req, nlconn.Create, nlconn.Exclusive); !errors.Is(err, os.ErrExist) {
			t.Errorf("%s a second time: %v", hc.name, err)
		}
		del := &rtnexthop.DelnexthopRequest{ID: hc.req.ID}
		if err := h.client.Delnexthop(h.Ctx, del); err != nil {
			t.Errorf("delete %s: %v", hc.name, err)
		}
		if err := h.client.Delnexthop(h.Ctx, del); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("delete %s again: %v", hc.name, err)
		}
	}
	if after := len(h.list(&rtnexthop.GetnexthopDumpRequest{})); after != len(made)-3 {
		t.Errorf("%d nexthops are left of %d", after, len(made))
	}
	c.Report("nexthops")
}

// TestNexthopChanges replaces nexthops, lets the kernel choose a number, and sees a member leave its group.
func TestNexthopChanges(t *testing.T) {
	h := newHopping(t)
	h.make(hopCases(h.first, h.second)[:2])
	one := &rtnexthop.NewnexthopRequest{Header: rtnexthop.Nhmsg{NhFamily: unix.AF_INET}, ID: u32(1), Gateway: addr("192.0.2.77"), Oif: u32(h.first)}
	if err := h.client.Newnexthop(h.Ctx, one, nlconn.Create, nlconn.Replace); err != nil {
		t.Fatal(err)
	}
	if got := h.get(&rtnexthop.GetnexthopRequest{ID: u32(1)}); got.Gateway != one.Gateway {
		t.Errorf("after the replacement: %+v", got)
	}
	auto := &rtnexthop.NewnexthopRequest{Header: rtnexthop.Nhmsg{NhFamily: unix.AF_INET}, Gateway: addr("192.0.2.88"), Oif: u32(h.first)}
	if err := h.client.Newnexthop(h.Ctx, auto, nlconn.Create); err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, x := range h.list(&rtnexthop.GetnexthopDumpRequest{}) {
		if x.Gateway == auto.Gateway && x.ID.V > 2 {
			found++
		}
	}
	if found != 1 {
		t.Errorf("%d nexthops with a number of the kernel's choice", found)
	}
	both := &rtnexthop.NewnexthopRequest{ID: u32(900), Group: group(rtnexthop.NexthopGrp{ID: 1}, rtnexthop.NexthopGrp{ID: 2})}
	if err := h.client.Newnexthop(h.Ctx, both, nlconn.Create); err != nil {
		t.Fatal(err)
	}
	if err := h.client.Delnexthop(h.Ctx, &rtnexthop.DelnexthopRequest{ID: u32(1)}); err != nil {
		t.Fatal(err)
	}
	if got := h.get(&rtnexthop.GetnexthopRequest{ID: u32(900)}).Group.Members; len(got) != 1 || got[0].ID != 2 {
		t.Errorf("without its first member the group is %v", got)
	}
	if err := h.client.Delnexthop(h.Ctx, &rtnexthop.DelnexthopRequest{ID: u32(2)}); err != nil {
		t.Fatal(err)
	}
	if _, err := h.client.Getnexthop(h.Ctx, &rtnexthop.GetnexthopRequest{ID: u32(900)}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a group without members: %v", err)
	}
}

// send sends packets to as many hosts, by a route through a nexthop.
func (h *hopping) send(id uint32, packets int) {
	h.T.Helper()
	err := rtroute.New(h.Conn).Newroute(h.Ctx, &rtroute.NewrouteRequest{
		Header: rtroute.Rtmsg{RtmFamily: unix.AF_INET, RtmDstLen: 15, RtmType: rtroute.RtmTypeUnicast, RtmTable: rtroute.RtTableMain},
		Dst:    addr("198.18.0.0"), NhID: u32(id),
	}, nlconn.Create)
	if err != nil {
		h.T.Fatal(err)
	}
	for i := range packets {
		c, err := net.Dial("udp4", fmt.Sprintf("198.18.0.%d:9", i+1))
		if err != nil {
			h.T.Fatal(err)
		}
		_, _ = c.Write([]byte("x"))
		c.Close()
	}
}

// TestNexthopStats sends packets by a route through a group, and sees them counted.
func TestNexthopStats(t *testing.T) {
	h := newHopping(t)
	h.make(hopCases(h.first, h.second)[:2])
	both := &rtnexthop.NewnexthopRequest{ID: u32(9), Group: group(rtnexthop.NexthopGrp{ID: 1}, rtnexthop.NexthopGrp{ID: 2}), HwStatsEnable: u32(1)}
	if err := h.client.Newnexthop(h.Ctx, both, nlconn.Create); err != nil {
		t.Fatal(err)
	}
	stats := func(flags rtnexthop.NhaOpFlag) *rtnexthop.GetnexthopReply {
		return h.get(&rtnexthop.GetnexthopRequest{ID: u32(9), OpFlags: nlattr.Some(flags)})
	}
	before := stats(rtnexthop.NhaOpFlagDumpStats)
	if before.GroupStats == nil {
		t.Skip("this kernel does not count packets of groups")
	}
	h.send(9, 20)
	after := stats(rtnexthop.NhaOpFlagDumpStats | rtnexthop.NhaOpFlagDumpHwStats)
	var sent uint64
	for i, entry := range after.GroupStats.Entry {
		if entry.ID != u32(uint32(i)+1) || !entry.PacketsHw.OK || entry.PacketsHw.V != 0 || before.GroupStats.Entry[i].PacketsHw.OK {
			t.Errorf("member %d: %+v, before %+v", i, entry, before.GroupStats.Entry[i])
		}
		sent += entry.Packets.V - before.GroupStats.Entry[i].Packets.V
	}
	if sent < 20 {
		t.Errorf("20 packets were sent, %d are counted", sent)
	}
	if after.HwStatsEnable != u32(1) || after.HwStatsUsed != u32(0) || after.OpFlags.V&rtnexthop.NhaOpFlagRespGrpResvd0 == 0 {
		t.Errorf("hardware: enabled %v, used %v, flags %v", after.HwStatsEnable, after.HwStatsUsed, after.OpFlags)
	}
}
