package routing

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/rtlink"
	"github.com/nlgen/nlgen/generated/rtneigh"
	"github.com/nlgen/nlgen/generated/rtnexthop"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/internal/witness/traffic"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// databases are the links whose forwarding databases the tests fill: a bridge with a port, whose other end is far, a VXLAN link of one
// network, and one of all networks.
type databases struct {
	*witness.Namespace
	client                      *rtneigh.Client
	far, port, bridge, one, all *rtlink.GetlinkReply
}

// newDatabases makes the links. The bridge filters by VLAN where the test needs that, or else the test is skipped.
func newDatabases(t *testing.T, data *rtlink.LinkinfoBridgeAttrs) *databases {
	t.Helper()
	n := witness.NewNamespace(t)
	d := &databases{Namespace: n, client: rtneigh.New(n.Conn)}
	d.bridge = n.Create(&rtlink.NewlinkRequest{Ifname: text("fdbbr0"), Linkinfo: &rtlink.LinkinfoAttrs{Data: data}})
	d.far, d.port = n.Veth("fdbfar0", "fdbport0")
	vxlan := func(name string, port uint16, data rtlink.LinkinfoVxlanAttrs) *rtlink.GetlinkReply {
		data.Port = u16(port)
		return n.Create(&rtlink.NewlinkRequest{Ifname: text(name), Linkinfo: &rtlink.LinkinfoAttrs{Data: &data}})
	}
	d.one = vxlan("fdbvx0", 4789, rtlink.LinkinfoVxlanAttrs{ID: u32(7)})
	d.all = vxlan("fdbvx1", 4790, rtlink.LinkinfoVxlanAttrs{CollectMetadata: u8(1)})
	if err := n.Links.Setlink(n.Ctx, &rtlink.SetlinkRequest{
		Header: rtlink.Ifinfomsg{IfiIndex: d.port.Header.IfiIndex}, Master: u32(uint32(d.bridge.Header.IfiIndex)),
	}); err != nil {
		t.Fatal(err)
	}
	n.Up(d.far, d.port, d.bridge, d.one, d.all)
	witness.Forwards(t, "fdbport0")
	return d
}

// entry is an entry of a database, made with the state and flags.
func (d *databases) entry(link *rtlink.GetlinkReply, last byte, state rtneigh.NudState, flags rtneigh.NtfFlags, change func(r *rtneigh.NewneighRequest)) *rtneigh.NewneighRequest {
	r := &rtneigh.NewneighRequest{
		Header: rtneigh.Ndmsg{NdmFamily: unix.AF_BRIDGE, NdmIfindex: link.Header.IfiIndex, NdmState: state, NdmFlags: flags}, Lladdr: mac(last),
	}
	if change != nil {
		change(r)
	}
	return r
}

// add makes an entry.
func (d *databases) add(r *rtneigh.NewneighRequest, opts ...nlconn.CallOption) {
	d.T.Helper()
	if err := d.client.Newneigh(d.Ctx, r, append(opts, nlconn.Create)...); err != nil {
		d.T.Fatalf("%v: %v", r.Lladdr, err)
	}
}

// find returns the entries of a request's database with its address, and with its VLAN or network if it says one.
func (d *databases) find(r *rtneigh.NewneighRequest) []*rtneigh.GetneighReply {
	d.T.Helper()
	var list []*rtneigh.GetneighReply
	for _, x := range listNeighbours(d.Namespace, d.client, unix.AF_BRIDGE, 0) {
		if isNeighbour(x, r) && (!r.Vlan.OK || x.Vlan == r.Vlan) && (!r.SrcVni.OK || x.SrcVni == r.SrcVni) && (!r.Dst.OK || x.Dst == r.Dst) {
			list = append(list, x)
		}
	}
	return list
}

// compare compares all databases with what bridge prints.
func (d *databases) compare(c *witness.Tally) {
	d.T.Helper()
	links := d.Dump()
	c.Steady(func(c *witness.Tally) {
		ours, theirs := listNeighbours(d.Namespace, d.client, unix.AF_BRIDGE, 0), witness.List(d.T, "bridge", "-d", "-s", "-j", "fdb", "show")
		if len(ours) != len(theirs) {
			c.Errorf("we see %d entries, bridge %d", len(ours), len(theirs))
			return
		}
		for i, x := range ours {
			witness.Compare(c, fmt.Sprint("entry ", x.Lladdr), x, neighView(links), theirs[i])
		}
	})
}

// remote makes a nexthop group for databases, and returns its number.
func (d *databases) remote() uint32 {
	d.T.Helper()
	hops := rtnexthop.New(d.Conn)
	for _, r := range []*rtnexthop.NewnexthopRequest{
		{Header: rtnexthop.Nhmsg{NhFamily: unix.AF_INET}, ID: u32(20), Fdb: true, Gateway: addr("192.0.2.9")},
		{ID: u32(31), Fdb: true, Group: group(rtnexthop.NexthopGrp{ID: 20})},
	} {
		if err := hops.Newnexthop(d.Ctx, r, nlconn.Create); err != nil {
			d.T.Fatal(err)
		}
		d.T.Cleanup(func() {
			if err := hops.Delnexthop(d.Ctx, &rtnexthop.DelnexthopRequest{ID: r.ID}); err != nil {
				d.T.Error(err)
			}
		})
	}
	return 31
}

const (
	self    = rtneigh.NtfFlagsSelf
	master  = rtneigh.NtfFlagsMaster
	learned = rtneigh.NtfFlagsExtLearned
)

// tunnelEntries are entries with what only VXLAN links have.
func (d *databases) tunnelEntries() []*rtneigh.NewneighRequest {
	type req = *rtneigh.NewneighRequest
	hop := d.remote()
	return []*rtneigh.NewneighRequest{
		d.entry(d.one, 11, rtneigh.NudStatePermanent, self, func(r req) { r.NhID = u32(hop) }),
		d.entry(d.one, 12, rtneigh.NudStateReachable, self|learned, func(r req) { r.Dst = addr("192.0.2.8") }),
		d.entry(d.one, 13, rtneigh.NudStatePermanent, self, func(r req) { r.Dst, r.Vni, r.Port = addr("192.0.2.10"), u32(9), u16(5) }),
		d.entry(d.one, 14, rtneigh.NudStateReachable, self, func(r req) { r.Dst, r.Ifindex = addr("192.0.2.8"), u32(uint32(d.far.Header.IfiIndex)) }),
		d.entry(d.all, 15, rtneigh.NudStatePermanent, self, func(r req) { r.Dst, r.SrcVni, r.Vni = addr("192.0.2.8"), u32(70000), u32(11) }),
		d.entry(d.all, 15, rtneigh.NudStatePermanent, self, func(r req) { r.Dst, r.SrcVni, r.Vni = addr("192.0.2.8"), u32(70001), u32(12) }),
	}
}

// TestTunnelDatabase fills the databases of VXLAN links, compares them with what was asked for and with what bridge prints, looks entries
// up, adds and replaces remote ends, and removes many by one request.
func TestTunnelDatabase(t *testing.T) {
	d := newDatabases(t, &rtlink.LinkinfoBridgeAttrs{})
	c := witness.NewTally(t)
	cases := d.tunnelEntries()
	for _, r := range cases {
		d.add(r, nlconn.Exclusive)
		if list := d.find(r); len(list) != 1 {
			t.Errorf("%v: %d entries", r.Lladdr, len(list))
		} else {
			sameNeighbour(c, r, list[0])
		}
	}
	d.compare(c)
	for _, r := range []*rtneigh.NewneighRequest{cases[0], cases[2], cases[5]} {
		get := &rtneigh.GetneighRequest{Header: rtneigh.Ndmsg{NdmFamily: unix.AF_BRIDGE, NdmIfindex: r.Header.NdmIfindex, NdmFlags: self}, Lladdr: r.Lladdr, Vni: r.SrcVni}
		x, err := d.client.Getneigh(d.Ctx, get)
		if err != nil {
			t.Errorf("%v: %v", r.Lladdr, err)
			continue
		}
		sameNeighbour(c, r, x)
	}
	// Several remote ends of what is flooded, and another one in place of one.
	flood := d.entry(d.one, 0, rtneigh.NudStatePermanent, self, nil)
	clear(flood.Lladdr)
	for _, end := range []string{"192.0.2.17", "192.0.2.18"} {
		more := *flood
		more.Dst = addr(end)
		d.add(&more, nlconn.Append)
	}
	if list := d.find(flood); len(list) != 2 {
		t.Errorf("%d remote ends, not 2", len(list))
	}
	d.compare(c)
	changed := *cases[2]
	changed.Dst = addr("192.0.2.28")
	d.add(&changed, nlconn.Replace)
	any := changed
	any.Dst = nlattr.Opt[netip.Addr]{}
	if list := d.find(&any); len(list) != 1 || list[0].Dst != changed.Dst {
		t.Errorf("%v: not replaced: %d remote ends", changed.Lladdr, len(list))
	}
	d.compare(c)
	for _, f := range []struct {
		name  string
		link  *rtlink.GetlinkReply
		del   rtneigh.DelneighRequest
		takes func(r *rtneigh.NewneighRequest) bool
	}{
		{"a nexthop", d.one, rtneigh.DelneighRequest{NhID: u32(31)}, func(r *rtneigh.NewneighRequest) bool { return r.NhID.OK }},
		{"a remote end", d.one, rtneigh.DelneighRequest{Dst: addr("192.0.2.8")}, func(r *rtneigh.NewneighRequest) bool { return r.Dst == addr("192.0.2.8") }},
		{"a network", d.one, rtneigh.DelneighRequest{Vni: u32(9)}, func(r *rtneigh.NewneighRequest) bool { return r.Vni == u32(9) }},
		{"a port", d.one, rtneigh.DelneighRequest{Port: u16(5)}, func(r *rtneigh.NewneighRequest) bool { return r.Port == u16(5) }},
		{"a source", d.all, rtneigh.DelneighRequest{SrcVni: u32(70001)}, func(r *rtneigh.NewneighRequest) bool { return r.SrcVni == u32(70001) }},
		{"a state", d.one, rtneigh.DelneighRequest{
			Header:       rtneigh.Ndmsg{NdmState: rtneigh.NudStatePermanent},
			NdmStateMask: nlattr.Some(rtneigh.NudStatePermanent | rtneigh.NudStateNoarp),
		}, func(r *rtneigh.NewneighRequest) bool { return r.Header.NdmState == rtneigh.NudStatePermanent }},
		{"a flag", d.one, rtneigh.DelneighRequest{
			Header: rtneigh.Ndmsg{NdmFlags: learned}, NdmFlagsMask: nlattr.Some(learned),
		}, func(r *rtneigh.NewneighRequest) bool { return r.Header.NdmFlags&learned != 0 }},
	} {
		for _, r := range cases {
			if len(d.find(r)) == 0 {
				d.add(r, nlconn.Replace)
			}
		}
		f.del.Header.NdmFamily, f.del.Header.NdmIfindex = unix.AF_BRIDGE, f.link.Header.IfiIndex
		f.del.Header.NdmFlags |= self
		if err := d.client.Delneigh(d.Ctx, &f.del, nlconn.Bulk); err != nil {
			t.Errorf("%s: %v", f.name, err)
			continue
		}
		for _, r := range cases {
			if gone := len(d.find(r)) == 0; gone != (r.Header.NdmIfindex == f.link.Header.IfiIndex && f.takes(r)) {
				t.Errorf("%s: %v %v is gone: %v", f.name, r.Lladdr, r.SrcVni.V, gone)
			}
		}
	}
	c.Report("databases of tunnels")
}

// TestBridgeDatabase changes entries of a bridge, has it lock an address out, and removes entries by their flags.
func TestBridgeDatabase(t *testing.T) {
	d := newDatabases(t, &rtlink.LinkinfoBridgeAttrs{VlanDefaultPvid: u16(0)}) // Else there is one for the VLAN as well.
	c := witness.NewTally(t)
	type req = *rtneigh.NewneighRequest
	static := d.entry(d.port, 21, rtneigh.NudStateNoarp, master, nil)
	d.add(static, nlconn.Exclusive)
	if err := d.client.Newneigh(d.Ctx, static, nlconn.Create, nlconn.Exclusive); !errors.Is(err, os.ErrExist) {
		t.Errorf("a second time: %v", err)
	}
	// Each replaces the one before.
	for _, r := range []req{
		d.entry(d.port, 21, rtneigh.NudStateReachable, master|learned, nil),
		d.entry(d.port, 21, rtneigh.NudStateNoarp, master|rtneigh.NtfFlagsSticky, func(r req) {
			r.FdbExtAttrs = &rtneigh.FdbExtAttrs{ActivityNotify: nlattr.Some(rtneigh.FdbNotifyBit)}
		}),
		d.entry(d.port, 21, rtneigh.NudStatePermanent, master, nil),
	} {
		d.add(r, nlconn.Replace)
		if list := d.find(r); len(list) != 1 {
			t.Errorf("%v: %d entries", r.Header.NdmState, len(list))
		} else {
			sameNeighbour(c, r, list[0])
		}
		d.compare(c)
	}
	quiet := d.entry(d.port, 22, rtneigh.NudStateNoarp, master, func(r req) {
		r.FdbExtAttrs = &rtneigh.FdbExtAttrs{ActivityNotify: nlattr.Some(rtneigh.FdbNotifyBit), DontRefresh: true}
	})
	d.add(quiet)
	if list := d.find(quiet); len(list) != 1 || list[0].FdbExtAttrs == nil || list[0].FdbExtAttrs.ActivityNotify != quiet.FdbExtAttrs.ActivityNotify {
		t.Errorf("%v: %+v", quiet.Lladdr, list)
	}
	get := &rtneigh.GetneighRequest{Header: rtneigh.Ndmsg{NdmFamily: unix.AF_BRIDGE, NdmFlags: master}, Lladdr: quiet.Lladdr, Master: u32(uint32(d.bridge.Header.IfiIndex))}
	quiet.FdbExtAttrs.DontRefresh = false // It is not told.
	if x, err := d.client.Getneigh(d.Ctx, get); err != nil {
		t.Error(err)
	} else {
		sameNeighbour(c, quiet, x)
	}
	d.add(d.entry(d.port, 23, rtneigh.NudStateReachable, master|learned, nil))
	if err := d.client.Delneigh(d.Ctx, &rtneigh.DelneighRequest{
		Header:       rtneigh.Ndmsg{NdmFamily: unix.AF_BRIDGE, NdmIfindex: d.bridge.Header.IfiIndex, NdmFlags: self | learned},
		NdmFlagsMask: nlattr.Some(learned),
	}, nlconn.Bulk); err != nil {
		t.Error(err)
	}
	if a, b := d.find(d.entry(d.port, 23, 0, master, nil)), d.find(quiet); len(a) != 0 || len(b) != 1 {
		t.Errorf("learnt outside: %d are left, of others %d", len(a), len(b))
	}
	// All of a port but what is permanent.
	own := d.entry(d.port, 24, rtneigh.NudStatePermanent, master, nil)
	d.add(own)
	if err := d.client.Delneigh(d.Ctx, &rtneigh.DelneighRequest{
		Header:  rtneigh.Ndmsg{NdmFamily: unix.AF_BRIDGE, NdmIfindex: d.bridge.Header.IfiIndex, NdmFlags: self},
		Ifindex: u32(uint32(d.port.Header.IfiIndex)), NdmStateMask: nlattr.Some(rtneigh.NudStatePermanent),
	}, nlconn.Bulk); err != nil {
		t.Error(err)
	}
	if a, b := d.find(quiet), d.find(own); len(a) != 0 || len(b) != 1 {
		t.Errorf("of the port: %d static ones are left, %d permanent ones", len(a), len(b))
	}
	c.Report("database of a bridge")
}

// TestLockedPort sends a frame from an address that a locked port does not know: the bridge tells of it, and keeps it locked out.
func TestLockedPort(t *testing.T) {
	d := newDatabases(t, &rtlink.LinkinfoBridgeAttrs{})
	ctx := witness.Patience(t)
	err := d.Links.Newlink(d.Ctx, &rtlink.NewlinkRequest{
		Header:   rtlink.Ifinfomsg{IfiIndex: d.port.Header.IfiIndex},
		Linkinfo: &rtlink.LinkinfoAttrs{SlaveData: &rtlink.LinkinfoBrportAttrs{Learning: u8(1), Locked: u8(1), Mab: u8(1)}},
	})
	if err != nil {
		t.Fatal(err)
	}
	sub, err := d.client.Subscribe(ctx, rtneigh.GroupNeigh)
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	stranger := d.entry(d.port, 77, 0, 0, nil)
	witness.Play(t, ctx, sub.All(ctx), []witness.Step[rtneigh.Event]{witness.NewStep("a stranger", func() error {
		frame := append([]byte{255, 255, 255, 255, 255, 255}, stranger.Lladdr...)
		traffic.SendFrame(t, uint32(d.far.Header.IfiIndex), append(frame, 0x88, 0xb5))
		return nil
	}, func(ev rtneigh.Event) error {
		x, ok := ev.(*rtneigh.NewneighNtf)
		if !ok || !isNeighbour(&x.GetneighReply, stranger) {
			return witness.ErrOther
		}
		if x.FlagsExt.V != rtneigh.NtfExtFlagsLocked {
			return fmt.Errorf("flags are %v", x.FlagsExt)
		}
		return nil
	})})
	if list := d.find(stranger); len(list) != 1 || list[0].FlagsExt.V != rtneigh.NtfExtFlagsLocked {
		t.Errorf("in the dump: %+v", list)
	}
	c := witness.NewTally(t)
	d.compare(c)
	c.Report("a locked port")
}

// TestVlanEntries has one address in several VLANs of a bridge, and flushes one VLAN.
func TestVlanEntries(t *testing.T) {
	d := newDatabases(t, &rtlink.LinkinfoBridgeAttrs{VlanFiltering: u8(1), VlanDefaultPvid: u16(7)})
	c := witness.NewTally(t)
	in := d.entry(d.port, 31, rtneigh.NudStateNoarp, master, func(r *rtneigh.NewneighRequest) { r.Vlan = u16(7) })
	d.add(in, nlconn.Exclusive)
	all := d.entry(d.port, 32, rtneigh.NudStateNoarp, master, nil)
	d.add(all, nlconn.Exclusive)
	for _, r := range []*rtneigh.NewneighRequest{in, d.entry(d.port, 32, rtneigh.NudStateNoarp, master, func(r *rtneigh.NewneighRequest) { r.Vlan = u16(7) })} {
		if list := d.find(r); len(list) != 1 {
			t.Errorf("%v: %d entries in VLAN 7", r.Lladdr, len(list))
		} else {
			sameNeighbour(c, r, list[0])
		}
	}
	d.compare(c)
	err := d.client.Newneigh(d.Ctx, d.entry(d.port, 33, rtneigh.NudStateNoarp, master, func(r *rtneigh.NewneighRequest) { r.Vlan = u16(99) }), nlconn.Create)
	witness.Refused(t, "a VLAN that the port does not have", err, syscall.EINVAL, `rt-neigh: newneigh: EINVAL: invalid argument`)
	if err := d.client.Delneigh(d.Ctx, &rtneigh.DelneighRequest{
		Header: rtneigh.Ndmsg{NdmFamily: unix.AF_BRIDGE, NdmIfindex: d.bridge.Header.IfiIndex, NdmFlags: self, NdmState: rtneigh.NudStateNoarp},
		Vlan:   u16(7), NdmStateMask: nlattr.Some(rtneigh.NudStateNoarp | rtneigh.NudStatePermanent),
	}, nlconn.Bulk); err != nil {
		t.Error(err)
	}
	if len(d.find(in)) != 0 {
		t.Error("VLAN 7 is not flushed")
	}
	c.Report("entries of VLANs")
}

// TestNeighbourChanges replaces neighbours and entries of databases, and reads what the kernel tells of it.
func TestNeighbourChanges(t *testing.T) {
	d := newDatabases(t, &rtlink.LinkinfoBridgeAttrs{})
	ctx := witness.Patience(t)
	c := witness.NewTally(t)
	sub, err := d.client.Subscribe(ctx, rtneigh.GroupNeigh)
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	neighbour := func(last byte, state rtneigh.NudState) *rtneigh.NewneighRequest {
		return &rtneigh.NewneighRequest{
			Header: rtneigh.Ndmsg{NdmFamily: unix.AF_INET, NdmIfindex: d.far.Header.IfiIndex, NdmState: state}, Dst: addr("192.0.2.2"), Lladdr: mac(last),
		}
	}
	tunnel := d.tunnelEntries()
	moved := *tunnel[2]
	moved.Dst = addr("192.0.2.28")
	var steps []witness.Step[rtneigh.Event]
	for i, r := range []*rtneigh.NewneighRequest{
		neighbour(41, rtneigh.NudStatePermanent), neighbour(42, rtneigh.NudStatePermanent), neighbour(42, rtneigh.NudStateNoarp),
		d.entry(d.port, 43, rtneigh.NudStateNoarp, master, nil), d.entry(d.port, 43, rtneigh.NudStatePermanent, master, nil),
		tunnel[0], tunnel[2], &moved, tunnel[4],
	} {
		steps = append(steps, witness.NewStep(fmt.Sprint(i, " ", r.Lladdr), func() error { return d.client.Newneigh(d.Ctx, r, nlconn.Create, nlconn.Replace) }, func(ev rtneigh.Event) error {
			x, ok := ev.(*rtneigh.NewneighNtf)
			if !ok || !isNeighbour(&x.GetneighReply, r) || x.Lladdr.String() != r.Lladdr.String() || x.Header.NdmState != r.Header.NdmState || x.Dst != r.Dst {
				return witness.ErrOther
			}
			sameNeighbour(c, r, &x.GetneighReply)
			return nil
		}))
	}
	witness.Play(t, ctx, sub.All(ctx), steps)
	c.Report("changes of neighbours")
}
