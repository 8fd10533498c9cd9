package bridge

import (
	"fmt"
	"slices"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/rtbridgevlan"
	"github.com/nlgen/nlgen/generated/rtlink"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// vlanHeader is that of a request about the VLANs of a link.
func vlanHeader(index uint32) rtbridgevlan.BrVlanMsg {
	return rtbridgevlan.BrVlanMsg{Family: unix.AF_BRIDGE, Ifindex: index}
}

// setInstance maps a VLAN of the bridge to a spanning tree instance and gives the VLAN to the first port.
func setInstance(l *lab, vid, msti uint16) {
	l.T.Helper()
	client := rtbridgevlan.New(l.Conn)
	for _, req := range []*rtbridgevlan.NewvlanRequest{
		{Header: vlanHeader(l.bridge), Entry: []rtbridgevlan.VlanEntryAttrs{entry(vid, 0)}},
		{Header: vlanHeader(l.bridge), GlobalOptions: []rtbridgevlan.VlanGlobalAttrs{{ID: u16(vid), Msti: u16(msti)}}},
		{Header: vlanHeader(l.ports[0]), Entry: []rtbridgevlan.VlanEntryAttrs{entry(vid, 0)}},
	} {
		if err := client.Newvlan(l.Ctx, req); err != nil {
			l.T.Fatal(err)
		}
	}
}

// entry is one VLAN.
func entry(vid uint16, flags rtbridgevlan.VlanFlags) rtbridgevlan.VlanEntryAttrs {
	return rtbridgevlan.VlanEntryAttrs{Info: nlattr.Some(rtbridgevlan.BridgeVlanInfo{Vid: vid, Flags: flags})}
}

// vlans dumps the VLAN database of every link.
func (l *lab) vlans(flags rtbridgevlan.DumpFlags) []*rtbridgevlan.GetvlanReply {
	l.T.Helper()
	all, err := rtbridgevlan.New(l.Conn).GetvlanCollect(l.Ctx, &rtbridgevlan.GetvlanDumpRequest{Header: vlanHeader(0), Flags: nlattr.Some(flags)})
	if err != nil {
		l.T.Fatal(err)
	}
	for _, x := range all {
		witness.Known(l.T, l.names[x.Header.Ifindex], x)
	}
	return all
}

// find returns the entry of a link that has a VLAN.
func (l *lab) find(index uint32, vid uint16) *rtbridgevlan.VlanEntryAttrs {
	l.T.Helper()
	for _, x := range l.vlans(0) {
		for i, e := range x.Entry {
			if x.Header.Ifindex == index && e.Info.V.Vid <= vid && vid <= max(e.Range.V, e.Info.V.Vid) {
				return &x.Entry[i]
			}
		}
	}
	return nil
}

// entryView is how "bridge -d -s -j vlan" prints an entry.
var entryView = witness.View[*rtbridgevlan.VlanEntryAttrs]{
	"vlan":    func(e *rtbridgevlan.VlanEntryAttrs) any { return e.Info.V.Vid },
	"vlanEnd": func(e *rtbridgevlan.VlanEntryAttrs) any { return e.Range },
	"flags": func(e *rtbridgevlan.VlanEntryAttrs) any {
		flags := witness.Set{}
		if e.Info.V.Flags&rtbridgevlan.VlanFlagsPvid != 0 {
			flags = append(flags, "PVID")
		}
		if e.Info.V.Flags&rtbridgevlan.VlanFlagsUntagged != 0 {
			flags = append(flags, "Egress Untagged")
		}
		return flags
	},
	"state":        func(e *rtbridgevlan.VlanEntryAttrs) any { return e.State.V.String() },
	"mcast_router": func(e *rtbridgevlan.VlanEntryAttrs) any { return e.McastRouter.V },
	"rx_bytes":     func(e *rtbridgevlan.VlanEntryAttrs) any { return e.Stats.RxBytes },
	"rx_packets":   func(e *rtbridgevlan.VlanEntryAttrs) any { return e.Stats.RxPackets },
	"tx_bytes":     func(e *rtbridgevlan.VlanEntryAttrs) any { return e.Stats.TxBytes },
	"tx_packets":   func(e *rtbridgevlan.VlanEntryAttrs) any { return e.Stats.TxPackets },
}

// globalView is how "bridge -d -s -j vlan global" prints the options of a VLAN.
func globalView(names map[uint32]string) witness.View[*rtbridgevlan.VlanGlobalAttrs] {
	type global = *rtbridgevlan.VlanGlobalAttrs
	return witness.View[global]{
		"vlan":                         func(g global) any { return g.ID },
		"vlanEnd":                      func(g global) any { return g.Range },
		"mcast_last_member_count":      func(g global) any { return g.McastLastMemberCnt },
		"mcast_last_member_interval":   func(g global) any { return g.McastLastMemberIntvl },
		"mcast_startup_query_count":    func(g global) any { return g.McastStartupQueryCnt },
		"mcast_startup_query_interval": func(g global) any { return g.McastStartupQueryIntvl },
		"mcast_membership_interval":    func(g global) any { return g.McastMembershipIntvl },
		"mcast_querier_interval":       func(g global) any { return g.McastQuerierIntvl },
		"mcast_query_interval":         func(g global) any { return g.McastQueryIntvl },
		"mcast_query_response_interval": func(g global) any {
			return g.McastQueryResponseIntvl
		},
		"mcast_querier_ipv4_addr":        func(g global) any { return g.McastQuerierState.IpAddress },
		"mcast_querier_ipv4_port":        func(g global) any { return names[g.McastQuerierState.IpPort.V] },
		"mcast_querier_ipv4_other_timer": func(g global) any { return witness.Near(g.McastQuerierState.IpOtherTimer.V) / 100 },
		"mcast_querier_ipv6_addr":        func(g global) any { return g.McastQuerierState.Ipv6Address },
		"mcast_querier_ipv6_port":        func(g global) any { return names[g.McastQuerierState.Ipv6Port.V] },
		"mcast_querier_ipv6_other_timer": func(g global) any { return witness.Near(g.McastQuerierState.Ipv6OtherTimer.V) / 100 },
		"router_ports": func(g global) any {
			list := []witness.Object{}
			for _, p := range g.McastRouterPorts.Router.Port {
				kind := "temp"
				if p.Type.V == rtbridgevlan.MdbRtrTypePerm {
					kind = "permanent"
				}
				list = append(list, witness.Object{"port": names[p.Header.Ifindex], "timer": around(p.Timer.V), "type": kind})
			}
			return list
		},
	}
}

// seconds is how bridge prints hundredths of a second.
func seconds(n uint32) string { return fmt.Sprintf("%4d.%.2d", n/100, n%100) }

// compareVlans compares the entries or global options of all links with what bridge prints.
func compareVlans[T any](l *lab, c *witness.Tally, of func(x *rtbridgevlan.GetvlanReply) []T, view witness.View[*T], flags rtbridgevlan.DumpFlags, tool ...string) {
	l.T.Helper()
	c.Steady(func(c *witness.Tally) {
		var ours []*rtbridgevlan.GetvlanReply
		for _, x := range l.vlans(flags) {
			if len(of(x)) > 0 {
				ours = append(ours, x)
			}
		}
		theirs := witness.List(l.T, "bridge", tool...)
		if len(ours) != len(theirs) {
			c.Errorf("%v: we see %d links, bridge %d", tool, len(ours), len(theirs))
			return
		}
		for i, x := range ours {
			name, list := l.names[x.Header.Ifindex], of(x)
			printed, _ := theirs[i]["vlans"].([]any)
			if theirs[i]["ifname"] != name || len(printed) != len(list) {
				c.Errorf("%v: %s: we see %d, bridge %v", tool, name, len(list), theirs[i])
				continue
			}
			for j := range list {
				witness.Compare(c, fmt.Sprint(name, " ", j), &list[j], view, printed[j].(witness.Object))
			}
		}
	})
}

func entries(x *rtbridgevlan.GetvlanReply) []rtbridgevlan.VlanEntryAttrs  { return x.Entry }
func globals(x *rtbridgevlan.GetvlanReply) []rtbridgevlan.VlanGlobalAttrs { return x.GlobalOptions }

// TestVlanDatabase adds VLANs with every option to ports and the bridge, and compares them with what was asked for and with what bridge
// prints; then it removes them.
func TestVlanDatabase(t *testing.T) {
	l := newLab(t, filtering(rtlink.BrBooloptMcastVlanSnooping, rtlink.BrBooloptMcastVlanSnooping))
	tunnel := l.tunnels()
	c := witness.NewTally(t)
	client := rtbridgevlan.New(l.Conn)
	set := func(cmd rtbridgevlan.TunnelCmd, id uint32) *rtbridgevlan.VlanTunnelAttrs {
		x := &rtbridgevlan.VlanTunnelAttrs{Cmd: nlattr.Some(cmd)}
		if id != 0 {
			x.ID = u32(id)
		}
		return x
	}
	wide := entry(10, 0)
	wide.Range, wide.State, wide.McastRouter = u16(13), nlattr.Some(rtbridgevlan.BrStateListening), nlattr.Some(rtbridgevlan.MdbRtrTypePerm)
	wide.McastMaxGroups, wide.NeighSuppress = u32(17), u8(1)
	own := entry(20, rtbridgevlan.VlanFlagsPvid|rtbridgevlan.VlanFlagsUntagged)
	own.State = nlattr.Some(rtbridgevlan.BrStateForwarding)
	bridge := entry(10, rtbridgevlan.VlanFlagsUntagged)
	bridge.Range, bridge.McastRouter = u16(12), nlattr.Some(rtbridgevlan.MdbRtrTypeDisabled)
	mapped := entry(40, 0)
	mapped.Range, mapped.TunnelInfo = u16(43), set(rtbridgevlan.TunnelCmdSetlink, 1040)
	for _, r := range []struct {
		index uint32
		list  []rtbridgevlan.VlanEntryAttrs
	}{
		{l.bridge, []rtbridgevlan.VlanEntryAttrs{bridge}},
		{l.ports[0], []rtbridgevlan.VlanEntryAttrs{wide, own}},
		{l.ports[1], []rtbridgevlan.VlanEntryAttrs{entry(30, rtbridgevlan.VlanFlagsMaster)}},
		{tunnel, []rtbridgevlan.VlanEntryAttrs{mapped}},
	} {
		if err := client.Newvlan(l.Ctx, &rtbridgevlan.NewvlanRequest{Header: vlanHeader(r.index), Entry: r.list}); err != nil {
			t.Fatalf("%s: %v", l.names[r.index], err)
		}
		for _, want := range r.list {
			name := fmt.Sprint(l.names[r.index], " ", want.Info.V.Vid)
			got := l.find(r.index, want.Info.V.Vid)
			if got == nil {
				t.Errorf("%s: not in the dump", name)
				continue
			}
			want.Info.V.Flags &^= rtbridgevlan.VlanFlagsMaster
			c.Within(name, &want, got, "Cmd")
		}
	}
	if l.find(l.bridge, 30) == nil {
		t.Error("with the flag master, VLAN 30 must have come to the bridge")
	}
	compareVlans(l, c, entries, entryView, 0, "-d", "-j", "vlan", "show")
	ranges := map[string][]span{}
	for _, x := range l.vlans(0) {
		for _, e := range x.Entry {
			if e.TunnelInfo != nil {
				name := l.names[x.Header.Ifindex]
				ranges[name] = append(ranges[name], span{first: e.Info.V.Vid, last: max(e.Range.V, e.Info.V.Vid), tunnel: e.TunnelInfo.ID.V})
			}
		}
	}
	compareSpans(c, "tunnels", ranges, witness.List(t, "bridge", "-j", "vlan", "tunnelshow"))
	// Options alone: neither VLANs nor flags change.
	only := entry(10, rtbridgevlan.VlanFlagsOnlyOpts)
	only.Range, only.State = u16(11), nlattr.Some(rtbridgevlan.BrStateForwarding)
	gone := entry(41, rtbridgevlan.VlanFlagsOnlyOpts)
	gone.TunnelInfo = set(rtbridgevlan.TunnelCmdDellink, 0)
	for index, e := range map[uint32]rtbridgevlan.VlanEntryAttrs{l.ports[0]: only, tunnel: gone} {
		if err := client.Newvlan(l.Ctx, &rtbridgevlan.NewvlanRequest{Header: vlanHeader(index), Entry: []rtbridgevlan.VlanEntryAttrs{e}}); err != nil {
			t.Fatalf("%s: %v", l.names[index], err)
		}
	}
	if a, b := l.find(l.ports[0], 11), l.find(l.ports[0], 12); a.State != only.State || b.State != wide.State {
		t.Errorf("the state of VLAN 11 must have changed, not of 12: %+v, %+v", a, b)
	}
	if a, b := l.find(tunnel, 41), l.find(tunnel, 42); a.TunnelInfo != nil || b.TunnelInfo == nil || b.TunnelInfo.ID != u32(1042) {
		t.Errorf("the tunnel of VLAN 41 must be gone, not of 42: %+v, %+v", a, b)
	}
	compareVlans(l, c, entries, entryView, 0, "-d", "-j", "vlan", "show")
	// What is removed is gone.
	if err := client.Delvlan(l.Ctx, &rtbridgevlan.DelvlanRequest{Header: vlanHeader(l.ports[0]), Entry: []rtbridgevlan.VlanEntryAttrs{
		entry(20, 0), {Info: nlattr.Some(rtbridgevlan.BridgeVlanInfo{Vid: 10}), Range: u16(12)},
	}}); err != nil {
		t.Error(err)
	}
	if l.find(l.ports[0], 20) != nil || l.find(l.ports[0], 12) != nil || l.find(l.ports[0], 13) == nil {
		t.Errorf("VLANs 20 and 10 to 12 must be gone, 13 must not")
	}
	compareVlans(l, c, entries, entryView, 0, "-d", "-j", "vlan", "show")
	// One link alone.
	list, err := client.GetvlanCollect(l.Ctx, &rtbridgevlan.GetvlanDumpRequest{Header: vlanHeader(l.ports[1])})
	if err != nil || len(list) != 1 || list[0].Header.Ifindex != l.ports[1] || len(list[0].Entry) != 2 {
		t.Errorf("of port1 alone: %+v, %v", list, err)
	}
	// Counters, when nothing counts any longer.
	for _, name := range []string{"far0", "far1", "br0", "tunnel0"} {
		l.SetFlags(l.Link(name), 0, rtlink.IfinfoFlagsUp)
	}
	compareVlans(l, c, entries, entryView, rtbridgevlan.DumpFlagsStats, "-d", "-s", "-j", "vlan", "show")
	counted := uint64(0)
	for _, x := range l.vlans(rtbridgevlan.DumpFlagsStats) {
		for _, e := range x.Entry {
			counted += e.Stats.RxBytes.V + e.Stats.TxBytes.V
		}
	}
	if counted == 0 {
		t.Error("nothing was counted")
	}
	c.Report("VLAN database")
}

// TestVlanGlobalOptions changes every option of a VLAN in the whole bridge, and compares them with what was asked for and with what bridge
// prints, with a port that has a router and a querier in the VLAN.
func TestVlanGlobalOptions(t *testing.T) {
	l := newLab(t, filtering(rtlink.BrBooloptMcastVlanSnooping, rtlink.BrBooloptMcastVlanSnooping))
	l.forwarding()
	c := witness.NewTally(t)
	client := rtbridgevlan.New(l.Conn)
	member := entry(10, 0)
	member.Range, member.McastRouter = u16(12), nlattr.Some(rtbridgevlan.MdbRtrTypePerm)
	own := entry(10, 0)
	own.Range = u16(12)
	for index, e := range map[uint32]rtbridgevlan.VlanEntryAttrs{l.ports[0]: member, l.bridge: own} {
		if err := client.Newvlan(l.Ctx, &rtbridgevlan.NewvlanRequest{Header: vlanHeader(index), Entry: []rtbridgevlan.VlanEntryAttrs{e}}); err != nil {
			t.Fatal(err)
		}
	}
	want := rtbridgevlan.VlanGlobalAttrs{
		ID: u16(10), Range: u16(11), McastSnooping: u8(1), McastIgmpVersion: u8(3), McastMldVersion: u8(2), McastLastMemberCnt: u32(5),
		McastStartupQueryCnt: u32(7), McastLastMemberIntvl: u64(110), McastMembershipIntvl: u64(27000), McastQuerierIntvl: u64(26000),
		McastQueryIntvl: u64(13000), McastQueryResponseIntvl: u64(1100), McastStartupQueryIntvl: u64(3300), McastQuerier: u8(1),
	}
	off := rtbridgevlan.VlanGlobalAttrs{ID: u16(12), McastSnooping: u8(0)}
	if err := client.Newvlan(l.Ctx, &rtbridgevlan.NewvlanRequest{Header: vlanHeader(l.bridge), GlobalOptions: []rtbridgevlan.VlanGlobalAttrs{want, off}}); err != nil {
		t.Fatal(err)
	}
	read := func() map[uint16]*rtbridgevlan.VlanGlobalAttrs {
		all := map[uint16]*rtbridgevlan.VlanGlobalAttrs{}
		for _, x := range l.vlans(rtbridgevlan.DumpFlagsGlobal) {
			for i := range x.GlobalOptions {
				for vid := x.GlobalOptions[i].ID.V; vid <= max(x.GlobalOptions[i].Range.V, x.GlobalOptions[i].ID.V); vid++ {
					all[vid] = &x.GlobalOptions[i]
				}
			}
		}
		return all
	}
	for _, vid := range []uint16{10, 11} {
		got := read()[vid]
		c.Within(fmt.Sprint("VLAN ", vid), &want, got, "ID", "Range")
		if got.McastRouterPorts == nil || len(got.McastRouterPorts.Router.Port) != 1 || got.McastRouterPorts.Router.Port[0].Header.Ifindex != l.ports[0] ||
			got.McastRouterPorts.Router.Port[0].Vid != u16(vid) {
			t.Errorf("VLAN %d: the router of port0 is not told: %+v", vid, got.McastRouterPorts)
		}
	}
	c.Within("VLAN 12", &off, read()[12], "ID")
	compareVlans(l, c, globals, globalView(l.names), rtbridgevlan.DumpFlagsGlobal, "-d", "-s", "-j", "vlan", "global", "show")
	// A querier behind port0 that is better than the bridge, which has no address.
	query(l, "far0", 10)
	c.Steady(func(c *witness.Tally) {
		state := read()[10].McastQuerierState
		if state == nil || state.IpAddress != addr("192.0.2.1") || state.IpPort != u32(l.ports[0]) || state.IpOtherTimer.V == 0 {
			c.Errorf("the querier is not told: %+v", state)
		}
	})
	compareVlans(l, c, globals, globalView(l.names), rtbridgevlan.DumpFlagsGlobal, "-d", "-s", "-j", "vlan", "global", "show")
	c.Report("global options")
}

// TestVlanQuerier6 has a querier of IPv6 behind a port, in a VLAN in which the bridge does not ask.
func TestVlanQuerier6(t *testing.T) {
	l := newLab(t, filtering(rtlink.BrBooloptMcastVlanSnooping, rtlink.BrBooloptMcastVlanSnooping))
	l.forwarding()
	c := witness.NewTally(t)
	for _, index := range []uint32{l.ports[0], l.bridge} {
		err := rtbridgevlan.New(l.Conn).Newvlan(l.Ctx, &rtbridgevlan.NewvlanRequest{Header: vlanHeader(index), Entry: []rtbridgevlan.VlanEntryAttrs{entry(10, 0)}})
		if err != nil {
			t.Fatal(err)
		}
	}
	c.Steady(func(c *witness.Tally) {
		query6(l, "far0", 10)
		for _, x := range l.vlans(rtbridgevlan.DumpFlagsGlobal) {
			for _, g := range x.GlobalOptions {
				state := g.McastQuerierState
				if c.Fields++; g.ID == u16(10) && (state == nil || state.Ipv6Address != addr("fe80::99") || state.Ipv6Port != u32(l.ports[0]) || state.Ipv6OtherTimer.V == 0) {
					c.Errorf("the querier is not told: %+v", state)
				}
			}
		}
	})
	compareVlans(l, c, globals, globalView(l.names), rtbridgevlan.DumpFlagsGlobal, "-d", "-s", "-j", "vlan", "global", "show")
	c.Report("a querier of IPv6")
}

// TestVlanInstance maps a VLAN to a spanning tree instance.
func TestVlanInstance(t *testing.T) {
	l := newLab(t, filtering(rtlink.BrBooloptMstEnable, rtlink.BrBooloptMstEnable))
	setInstance(l, 20, 7)
	found := false
	for _, x := range l.vlans(rtbridgevlan.DumpFlagsGlobal) {
		for _, g := range x.GlobalOptions {
			found = found || g.ID == u16(20) && g.Msti == u16(7)
		}
	}
	if !found {
		t.Error("the instance of VLAN 20 is not 7")
	}
}

// TestVlanEvents reads what the kernel tells of VLANs that come, change and go.
func TestVlanEvents(t *testing.T) {
	l := newLab(t, filtering(rtlink.BrBooloptMcastVlanSnooping, rtlink.BrBooloptMcastVlanSnooping))
	ctx := witness.Patience(t)
	client := rtbridgevlan.New(l.Conn)
	sub, err := client.Subscribe(ctx, rtbridgevlan.GroupBrvlan)
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	has := func(x *rtbridgevlan.GetvlanReply, index uint32, match func(e rtbridgevlan.VlanEntryAttrs) bool) error {
		if x.Header.Ifindex != index || !slices.ContainsFunc(x.Entry, match) {
			return witness.ErrOther
		}
		return nil
	}
	came := func(index uint32, match func(e rtbridgevlan.VlanEntryAttrs) bool) func(ev rtbridgevlan.Event) error {
		return func(ev rtbridgevlan.Event) error {
			if x, ok := ev.(*rtbridgevlan.NewvlanNtf); ok {
				return has(&x.GetvlanReply, index, match)
			}
			return witness.ErrOther
		}
	}
	add := func(index uint32, e rtbridgevlan.VlanEntryAttrs) func() error {
		return func() error {
			return client.Newvlan(l.Ctx, &rtbridgevlan.NewvlanRequest{Header: vlanHeader(index), Entry: []rtbridgevlan.VlanEntryAttrs{e}})
		}
	}
	wide, change := entry(10, 0), entry(11, rtbridgevlan.VlanFlagsOnlyOpts)
	wide.Range, change.State = u16(13), nlattr.Some(rtbridgevlan.BrStateBlocking)
	witness.Play(t, ctx, sub.All(ctx), []witness.Step[rtbridgevlan.Event]{
		{Name: "add to the bridge", Do: add(l.bridge, wide), Match: came(l.bridge, func(e rtbridgevlan.VlanEntryAttrs) bool { return e.Info.V.Vid == 10 })},
		{Name: "add", Do: add(l.ports[0], wide), Match: came(l.ports[0], func(e rtbridgevlan.VlanEntryAttrs) bool {
			return e.Info.V.Vid == 10 && e.Range == u16(13) && e.State.V == rtbridgevlan.BrStateForwarding
		})},
		{Name: "change", Do: add(l.ports[0], change), Match: came(l.ports[0], func(e rtbridgevlan.VlanEntryAttrs) bool { return e.Info.V.Vid == 11 && e.State == change.State })},
		{Name: "change in the bridge", Do: func() error {
			return client.Newvlan(l.Ctx, &rtbridgevlan.NewvlanRequest{Header: vlanHeader(l.bridge), GlobalOptions: []rtbridgevlan.VlanGlobalAttrs{{ID: u16(12), McastQuerier: u8(1)}}})
		}, Match: func(ev rtbridgevlan.Event) error {
			x, ok := ev.(*rtbridgevlan.NewvlanNtf)
			if !ok || x.Header.Ifindex != l.bridge || len(x.GlobalOptions) != 1 || x.GlobalOptions[0].ID != u16(12) || x.GlobalOptions[0].McastQuerier != u8(1) {
				return witness.ErrOther
			}
			return nil
		}},
		{Name: "delete", Do: func() error {
			return client.Delvlan(l.Ctx, &rtbridgevlan.DelvlanRequest{Header: vlanHeader(l.ports[0]), Entry: []rtbridgevlan.VlanEntryAttrs{wide}})
		}, Match: func(ev rtbridgevlan.Event) error {
			if x, ok := ev.(*rtbridgevlan.DelvlanNtf); ok {
				return has(&x.GetvlanReply, l.ports[0], func(e rtbridgevlan.VlanEntryAttrs) bool { return e.Info.V.Vid == 10 && e.Range == u16(13) })
			}
			return witness.ErrOther
		}},
	})
}

// TestVlanRefusals makes the kernel refuse requests about VLANs.
func TestVlanRefusals(t *testing.T) {
	l := newLab(t, filtering(0, 0))
	client := rtbridgevlan.New(l.Conn)
	add := func(index uint32, change func(e *rtbridgevlan.VlanEntryAttrs)) error {
		e := entry(10, 0)
		change(&e)
		return client.Newvlan(l.Ctx, &rtbridgevlan.NewvlanRequest{Header: vlanHeader(index), Entry: []rtbridgevlan.VlanEntryAttrs{e}}, nlconn.NoValidate)
	}
	global := func(index uint32, g rtbridgevlan.VlanGlobalAttrs) error {
		return client.Newvlan(l.Ctx, &rtbridgevlan.NewvlanRequest{Header: vlanHeader(index), GlobalOptions: []rtbridgevlan.VlanGlobalAttrs{g}}, nlconn.NoValidate)
	}
	type e = *rtbridgevlan.VlanEntryAttrs
	for _, r := range []struct {
		name  string
		err   error
		errno syscall.Errno
		want  string
	}{
		{"no VLAN", add(l.ports[0], func(e e) { e.Info = nlattr.Opt[rtbridgevlan.BridgeVlanInfo]{} }), syscall.EINVAL, `rt-bridge-vlan: newvlan: EINVAL: "bridge: Missing vlan entry info"`},
		{"VLAN 0", add(l.ports[0], func(e e) { e.Info.V.Vid = 0 }), syscall.EINVAL, `rt-bridge-vlan: newvlan: EINVAL: "bridge: Vlan id is invalid"`},
		{"a range upside down", add(l.ports[0], func(e e) { e.Range = u16(9) }), syscall.EINVAL, `rt-bridge-vlan: newvlan: EINVAL: "bridge: End vlan id is less than or equal to start vlan id"`},
		{"a range of own ones", add(l.ports[0], func(e e) { e.Range, e.Info.V.Flags = u16(12), rtbridgevlan.VlanFlagsPvid }), syscall.EINVAL, `rt-bridge-vlan: newvlan: EINVAL: "bridge: Pvid isn't allowed in a range"`},
		{"flags of another family", add(l.ports[0], func(e e) { e.Info.V.Flags = rtbridgevlan.VlanFlagsRangeBegin }), syscall.EINVAL, `rt-bridge-vlan: newvlan: EINVAL: "bridge: Old-style vlan ranges are not allowed when using RTM vlan calls"`},
		{"neither on nor off", add(l.ports[0], func(e e) { e.NeighSuppress = u8(2) }), syscall.ERANGE, `rt-bridge-vlan: newvlan: ERANGE: "integer out of range" [attribute entry.neigh-suppress, policy u8 0..1]`},
		{"a number that is counted", add(l.ports[0], func(e e) { e.McastNGroups = u32(1) }), syscall.EINVAL, `rt-bridge-vlan: newvlan: EINVAL: "Attribute failed policy validation" [attribute entry.mcast-n-groups]`},
		{"no such state", add(l.ports[0], func(e e) { e.State = nlattr.Some(rtbridgevlan.BrState(9)) }), syscall.EINVAL, `rt-bridge-vlan: newvlan: EINVAL: "bridge: Invalid vlan state"`},
		{"no tunnels on this port", add(l.ports[0], func(e e) {
			e.TunnelInfo = &rtbridgevlan.VlanTunnelAttrs{ID: u32(1), Cmd: nlattr.Some(rtbridgevlan.TunnelCmdSetlink)}
		}), syscall.EINVAL, `rt-bridge-vlan: newvlan: EINVAL: "bridge: Port doesn't have tunnel flag set"`},
		{"no port", add(uint32(l.Link("far0").Header.IfiIndex), func(e e) {}), syscall.EINVAL, `rt-bridge-vlan: newvlan: EINVAL: "bridge: The device is not a valid bridge or bridge port"`},
		{"nothing", client.Newvlan(l.Ctx, &rtbridgevlan.NewvlanRequest{Header: vlanHeader(l.ports[0])}), syscall.EINVAL, `rt-bridge-vlan: newvlan: EINVAL: "bridge: No vlans found to process"`},
		{"options of a port", global(l.ports[0], rtbridgevlan.VlanGlobalAttrs{ID: u16(1), McastQuerier: u8(1)}), syscall.EINVAL, `rt-bridge-vlan: newvlan: EINVAL: "bridge: Global vlan options can only be set on bridge device"`},
		{"options of no VLAN", global(l.bridge, rtbridgevlan.VlanGlobalAttrs{McastQuerier: u8(1)}), syscall.EINVAL, `rt-bridge-vlan: newvlan: EINVAL: "bridge: Missing vlan entry id"`},
		{"an instance too far", global(l.bridge, rtbridgevlan.VlanGlobalAttrs{ID: u16(1), Msti: u16(5000)}), syscall.ERANGE, `rt-bridge-vlan: newvlan: ERANGE: "integer out of range" [attribute global-options.msti, policy u16 0..4095]`},
	} {
		witness.Refused(t, r.name, r.err, r.errno, r.want)
	}
}
