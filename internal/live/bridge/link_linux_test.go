package bridge

import (
	"errors"
	"fmt"
	"slices"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/rtbridgelink"
	"github.com/nlgen/nlgen/generated/rtlink"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// linkView is how "bridge -d -j link" prints a port.
func linkView(names map[uint32]string) witness.View[*rtbridgelink.GetlinkReply] {
	type reply = *rtbridgelink.GetlinkReply
	view := witness.View[reply]{
		"ifindex": func(x reply) any { return x.Header.IfiIndex },
		"link":    func(x reply) any { return names[x.Link.V] },
		"master":  func(x reply) any { return names[x.Master.V] },
		"flags": func(x reply) any {
			set := witness.Set{}
			for flag, name := range map[rtbridgelink.IfinfoFlags]string{
				rtbridgelink.IfinfoFlagsUp: "UP", rtbridgelink.IfinfoFlagsBroadcast: "BROADCAST", rtbridgelink.IfinfoFlagsMulticast: "MULTICAST",
				rtbridgelink.IfinfoFlagsLowerUp: "LOWER_UP", rtbridgelink.IfinfoFlagsPromisc: "PROMISC",
			} {
				if x.Header.IfiFlags&flag != 0 {
					set = append(set, name)
				}
			}
			return set
		},
		"backup_port": func(x reply) any { return names[x.Protinfo.BackupPort.V] },
	}
	for key, get := range map[string]func(p *rtbridgelink.BrportAttrs) any{
		"state": func(p *rtbridgelink.BrportAttrs) any { return p.State.V.String() }, "priority": func(p *rtbridgelink.BrportAttrs) any { return p.Priority },
		"cost": func(p *rtbridgelink.BrportAttrs) any { return p.Cost }, "hairpin": func(p *rtbridgelink.BrportAttrs) any { return p.Mode },
		"guard": func(p *rtbridgelink.BrportAttrs) any { return p.Guard }, "root_block": func(p *rtbridgelink.BrportAttrs) any { return p.Protect },
		"fastleave": func(p *rtbridgelink.BrportAttrs) any { return p.FastLeave }, "learning": func(p *rtbridgelink.BrportAttrs) any { return p.Learning },
		"flood": func(p *rtbridgelink.BrportAttrs) any { return p.UnicastFlood }, "mcast_flood": func(p *rtbridgelink.BrportAttrs) any { return p.McastFlood },
		"bcast_flood": func(p *rtbridgelink.BrportAttrs) any { return p.BcastFlood }, "mcast_router": func(p *rtbridgelink.BrportAttrs) any { return p.MulticastRouter.V },
		"mcast_to_unicast": func(p *rtbridgelink.BrportAttrs) any { return p.McastToUcast }, "neigh_suppress": func(p *rtbridgelink.BrportAttrs) any { return p.NeighSuppress },
		"vlan_tunnel": func(p *rtbridgelink.BrportAttrs) any { return p.VlanTunnel }, "isolated": func(p *rtbridgelink.BrportAttrs) any { return p.Isolated },
		"locked": func(p *rtbridgelink.BrportAttrs) any { return p.Locked }, "mab": func(p *rtbridgelink.BrportAttrs) any { return p.Mab },
	} {
		view[key] = func(x reply) any { return get(x.Protinfo) }
	}
	return view
}

// compareLinks compares all ports with what bridge prints of them.
func (l *lab) compareLinks(c *witness.Tally) {
	l.T.Helper()
	c.Steady(func(c *witness.Tally) {
		ours, theirs := l.list(0), witness.List(l.T, "bridge", "-d", "-j", "link", "show")
		if len(ours) != len(theirs) {
			c.Errorf("we see %d ports, bridge %d", len(ours), len(theirs))
			return
		}
		for _, t := range theirs {
			index, _ := t["ifindex"].(float64)
			x := ours[uint32(index)]
			if x == nil {
				c.Errorf("we do not see %v", t["ifname"])
				continue
			}
			witness.Compare(c, x.Ifname.V, x, linkView(l.names), t)
		}
	})
}

// TestPorts changes every setting of a port, forth and back, and compares it with what was asked for and with what bridge prints.
func TestPorts(t *testing.T) {
	l := newLab(t, &rtlink.LinkinfoBridgeAttrs{})
	l.forwarding()
	c := witness.NewTally(t)
	client := rtbridgelink.New(l.Conn)
	l.compareLinks(c)
	before := l.list(0)[l.ports[0]]
	for _, want := range []*rtbridgelink.BrportAttrs{
		{
			State: nlattr.Some(rtbridgelink.BrStateLearning), Priority: u16(5), Cost: u32(77), Mode: u8(1), Guard: u8(1), Protect: u8(1),
			FastLeave: u8(1), Learning: u8(1), UnicastFlood: u8(0), Proxyarp: u8(1), ProxyarpWifi: u8(1), McastFlood: u8(0), McastToUcast: u8(1),
			VlanTunnel: u8(1), BcastFlood: u8(0), GroupFwdMask: u16(0x4008), NeighSuppress: u8(1), Isolated: u8(1), BackupPort: u32(l.ports[1]),
			MulticastRouter: nlattr.Some(rtbridgelink.MdbRtrTypePerm), McastEhtHostsLimit: u32(99), Locked: u8(1), Mab: u8(1), McastMaxGroups: u32(55),
			NeighVlanSuppress: u8(1), BackupNhid: u32(9),
		},
		{
			State: nlattr.Some(rtbridgelink.BrStateForwarding), Priority: u16(32), Cost: u32(2), Mode: u8(0), Guard: u8(0), Protect: u8(0),
			FastLeave: u8(0), Learning: u8(0), UnicastFlood: u8(1), Proxyarp: u8(0), ProxyarpWifi: u8(0), McastFlood: u8(1), McastToUcast: u8(0),
			VlanTunnel: u8(0), BcastFlood: u8(1), GroupFwdMask: u16(0), NeighSuppress: u8(0), Isolated: u8(0), BackupPort: u32(0),
			MulticastRouter: nlattr.Some(rtbridgelink.MdbRtrTypeTempQuery), McastEhtHostsLimit: u32(512), Locked: u8(0), Mab: u8(0), McastMaxGroups: u32(0),
			NeighVlanSuppress: u8(0), BackupNhid: u32(0),
		},
	} {
		if err := client.Setlink(l.Ctx, &rtbridgelink.SetlinkRequest{Header: header(l.ports[0]), Protinfo: want}); err != nil {
			t.Fatal(err)
		}
		got := l.list(0)[l.ports[0]]
		asked := *want
		if want.BackupPort.V == 0 { // None is told by leaving it out.
			asked.BackupPort, asked.BackupNhid = nlattr.Opt[uint32]{}, nlattr.Opt[uint32]{}
			if got.Protinfo.BackupPort.OK || got.Protinfo.BackupNhid.OK {
				t.Errorf("there is still a backup: %v, %v", got.Protinfo.BackupPort.V, got.Protinfo.BackupNhid.V)
			}
		}
		c.Within("port0", &asked, got.Protinfo)
		l.compareLinks(c)
	}
	// What is not to be set, as rt-link tells it.
	after := l.list(0)[l.ports[0]].Protinfo
	link := l.Link("port0").Linkinfo.SlaveData.(*rtlink.LinkinfoBrportAttrs)
	for name, pair := range map[string][2]any{
		"root":        {after.RootID.V.Prio, link.RootID.V.Prio},
		"bridge":      {after.BridgeID.V.Addr, link.BridgeID.V.Addr},
		"designated":  {after.DesignatedPort, link.DesignatedPort},
		"cost":        {after.DesignatedCost, link.DesignatedCost},
		"id":          {after.ID, link.ID},
		"number":      {after.No, link.No},
		"change":      {after.TopologyChangeAck, link.TopologyChangeAck},
		"pending":     {after.ConfigPending, link.ConfigPending},
		"groups":      {after.McastNGroups, link.McastNGroups},
		"hosts":       {after.McastEhtHostsCnt, link.McastEhtHostsCnt},
		"ring":        {after.MrpRingOpen, link.MrpRingOpen},
		"connections": {after.MrpInOpen, link.MrpInOpen},
	} {
		if c.Fields++; fmt.Sprint(pair[0]) != fmt.Sprint(pair[1]) {
			t.Errorf("%s: %v, rt-link says %v", name, pair[0], pair[1])
		}
	}
	if before.Mtu.V != 1500 || before.Operstate.V != rtbridgelink.OperstateUp || before.Address.String() != l.Link("port0").Address.String() {
		t.Errorf("port0: %+v", before)
	}
	c.Report("ports")
}

// TestPortFlush has a port forget the addresses that it has learnt.
func TestPortFlush(t *testing.T) {
	l := newLab(t, &rtlink.LinkinfoBridgeAttrs{})
	l.forwarding()
	learnt := func() bool {
		return slices.ContainsFunc(witness.List(t, "bridge", "-j", "fdb", "show", "brport", "port0", "dynamic"), func(o witness.Object) bool {
			return o["mac"] == "02:00:00:00:00:99" // from where send sends
		})
	}
	witness.Await(t, "an address that is learnt", func() bool {
		l.send("far0", []byte{255, 255, 255, 255, 255, 255}, 0, 0x88b5, make([]byte, 46))
		return learnt()
	})
	client := rtbridgelink.New(l.Conn)
	if err := client.Setlink(l.Ctx, &rtbridgelink.SetlinkRequest{Header: header(l.ports[0]), Protinfo: &rtbridgelink.BrportAttrs{Flush: true}}); err != nil {
		t.Fatal(err)
	}
	if learnt() {
		t.Error("the address is still there")
	}
}

// TestPortEvents reads what the kernel tells of ports that change, leave and come.
func TestPortEvents(t *testing.T) {
	l := newLab(t, &rtlink.LinkinfoBridgeAttrs{})
	ctx := witness.Patience(t)
	client := rtbridgelink.New(l.Conn)
	sub, err := client.Subscribe(ctx, rtbridgelink.GroupLink)
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	port := func(x *rtbridgelink.GetlinkReply, match func(p *rtbridgelink.GetlinkReply) bool) error {
		if x.Header.IfiFamily != unix.AF_BRIDGE || uint32(x.Header.IfiIndex) != l.ports[0] || !match(x) {
			return witness.ErrOther
		}
		return nil
	}
	came := func(match func(x *rtbridgelink.GetlinkReply) bool) func(ev rtbridgelink.Event) error {
		return func(ev rtbridgelink.Event) error {
			if x, ok := ev.(*rtbridgelink.NewlinkNtf); ok {
				return port(&x.GetlinkReply, match)
			}
			return witness.ErrOther
		}
	}
	enslave := func(master uint32) func() error {
		return func() error {
			return l.Links.Setlink(l.Ctx, &rtlink.SetlinkRequest{Header: rtlink.Ifinfomsg{IfiIndex: int32(l.ports[0])}, Master: u32(master)})
		}
	}
	witness.Play(t, ctx, sub.All(ctx), []witness.Step[rtbridgelink.Event]{
		{Name: "change", Do: func() error {
			return client.Setlink(l.Ctx, &rtbridgelink.SetlinkRequest{Header: header(l.ports[0]), Protinfo: &rtbridgelink.BrportAttrs{Cost: u32(44)}})
		}, Match: came(func(x *rtbridgelink.GetlinkReply) bool { return x.Protinfo != nil && x.Protinfo.Cost == u32(44) })},
		{Name: "leave", Do: enslave(0), Match: func(ev rtbridgelink.Event) error {
			if x, ok := ev.(*rtbridgelink.DellinkNtf); ok {
				return port(&x.GetlinkReply, func(x *rtbridgelink.GetlinkReply) bool { return x.Master == u32(l.bridge) })
			}
			return witness.ErrOther
		}},
		{Name: "come", Do: enslave(l.bridge), Match: came(func(x *rtbridgelink.GetlinkReply) bool {
			return x.Master == u32(l.bridge) && x.Protinfo != nil && x.Protinfo.Cost != u32(44)
		})},
	})
}

// TestPortRefusals makes the kernel refuse requests about ports.
func TestPortRefusals(t *testing.T) {
	l := newLab(t, &rtlink.LinkinfoBridgeAttrs{})
	client := rtbridgelink.New(l.Conn)
	set := func(index uint32, port *rtbridgelink.BrportAttrs, spec *rtbridgelink.AfSpecBridgeAttrs) error {
		return client.Setlink(l.Ctx, &rtbridgelink.SetlinkRequest{Header: header(index), Protinfo: port, AfSpec: spec})
	}
	for _, r := range []struct {
		name  string
		err   error
		errno syscall.Errno
		want  string
	}{
		{"no such link", set(9999, &rtbridgelink.BrportAttrs{Cost: u32(1)}, nil), syscall.ENODEV, `rt-bridge-link: setlink: ENODEV: "unknown ifindex"`},
		{"a cost of nothing", set(l.ports[0], &rtbridgelink.BrportAttrs{Cost: u32(0)}, nil), syscall.ERANGE, `rt-bridge-link: setlink: ERANGE: numerical result out of range`},
		{"mab of a port that is open", set(l.ports[0], &rtbridgelink.BrportAttrs{Mab: u8(1)}, nil), syscall.EINVAL, `rt-bridge-link: setlink: EINVAL: "Bridge port must be locked and have learning enabled when MAB is enabled"`},
		{"a switch that is neither on nor off", client.Setlink(l.Ctx, &rtbridgelink.SetlinkRequest{
			Header: header(l.ports[0]), Protinfo: &rtbridgelink.BrportAttrs{NeighVlanSuppress: u8(2)},
		}, nlconn.NoValidate), syscall.ERANGE, `rt-bridge-link: setlink: ERANGE: numerical result out of range`},
		{"one port of a dump", func() error {
			_, err := client.GetlinkCollect(l.Ctx, &rtbridgelink.GetlinkDumpRequest{Header: header(l.ports[0])})
			return err
		}(), syscall.EINVAL, `rt-bridge-link: getlink: EINVAL: "Invalid values in header for bridge link dump request"`},
		{"a link of no bridge", set(uint32(l.Link("far0").Header.IfiIndex), nil, &rtbridgelink.AfSpecBridgeAttrs{
			Flags: nlattr.Some(rtbridgelink.BridgeFlagsMaster), VlanInfo: []rtbridgelink.BridgeVlanInfo{{Vid: 5}},
		}), syscall.EOPNOTSUPP, `rt-bridge-link: setlink: EOPNOTSUPP: operation not supported`},
	} {
		witness.Refused(t, r.name, r.err, r.errno, r.want)
	}
	// Kernels without MRP or CFM know their attributes, and that they have neither.
	for name, spec := range map[string]*rtbridgelink.AfSpecBridgeAttrs{
		"MRP": {Mrp: &rtbridgelink.MrpAttrs{Instance: &rtbridgelink.MrpInstanceAttrs{RingID: u32(1), PIfindex: u32(l.ports[0]), SIfindex: u32(l.ports[1])}}},
		"CFM": {Cfm: &rtbridgelink.CfmAttrs{MepCreate: &rtbridgelink.CfmMepCreateAttrs{
			Instance: u32(1), Domain: nlattr.Some(rtbridgelink.CfmDomainPort), Direction: nlattr.Some(rtbridgelink.CfmMepDirectionDown), Ifindex: u32(l.ports[0]),
		}}},
	} {
		spec.Flags = nlattr.Some(rtbridgelink.BridgeFlagsSelf)
		if err := set(l.bridge, nil, spec); err != nil && !errors.Is(err, syscall.EOPNOTSUPP) {
			t.Errorf("%s: %v", name, err)
		} else {
			t.Logf("%s: %v", name, err)
		}
	}
}
