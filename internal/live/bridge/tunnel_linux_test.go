package bridge

import (
	"errors"
	"net/netip"
	"os"
	"syscall"
	"testing"

	"github.com/nlgen/nlgen/generated/rtbridgemdb"
	"github.com/nlgen/nlgen/generated/rtlink"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// vxlan makes two VXLAN links, one of a network and one of all, with an entry of each remote end's attributes in their databases.
func (l *lab) vxlan() []*rtbridgemdb.NewmdbRequest {
	l.T.Helper()
	far := int32(l.Link("far0").Header.IfiIndex)
	one := l.Create(&rtlink.NewlinkRequest{Ifname: text("vxlan0"), Linkinfo: &rtlink.LinkinfoAttrs{Data: &rtlink.LinkinfoVxlanAttrs{ID: u32(7), Port: u16(4789)}}})
	all := l.Create(&rtlink.NewlinkRequest{Ifname: text("vxlan1"), Linkinfo: &rtlink.LinkinfoAttrs{Data: &rtlink.LinkinfoVxlanAttrs{CollectMetadata: u8(1), Port: u16(4790)}}})
	l.know()
	entry := func(link *rtlink.GetlinkReply, address string, more rtbridgemdb.MdbeAttrs) *rtbridgemdb.NewmdbRequest {
		index := uint32(link.Header.IfiIndex)
		return &rtbridgemdb.NewmdbRequest{Header: mdbHeader(index), Entry: group(index, address, rtbridgemdb.MdbStatePermanent), EntryAttrs: &more}
	}
	include := nlattr.Some(rtbridgemdb.McastModeInclude)
	return []*rtbridgemdb.NewmdbRequest{
		entry(one, "239.1.1.1", rtbridgemdb.MdbeAttrs{Dst: addr("192.0.2.8"), DstPort: u16(5), Vni: u32(9), Ifindex: nlattr.Some(far)}),
		entry(one, "239.1.1.1", rtbridgemdb.MdbeAttrs{Dst: addr("192.0.2.9"), Rtprot: nlattr.Some(rtbridgemdb.RtProtocolBgp)}),
		entry(one, "ff0e::2", rtbridgemdb.MdbeAttrs{Dst: addr("192.0.2.8"), GroupMode: include, SrcList: sources("2001:db8::1", "2001:db8::2")}),
		entry(one, "239.1.1.3", rtbridgemdb.MdbeAttrs{Dst: addr("192.0.2.8"), Source: addr("192.0.2.3")}),
		entry(one, "0.0.0.0", rtbridgemdb.MdbeAttrs{Dst: addr("192.0.2.10")}),
		entry(all, "239.1.1.5", rtbridgemdb.MdbeAttrs{Dst: addr("192.0.2.8"), SrcVni: u32(70000), Vni: u32(11)}),
	}
}

// deletion is the request that removes the entry of another.
func deletion(req *rtbridgemdb.NewmdbRequest) *rtbridgemdb.DelmdbRequest {
	more := *req.EntryAttrs
	more.Rtprot, more.SrcList, more.GroupMode = nlattr.Opt[rtbridgemdb.RtProtocol]{}, nil, nlattr.Opt[rtbridgemdb.McastMode]{}
	return &rtbridgemdb.DelmdbRequest{Header: req.Header, Entry: req.Entry, EntryAttrs: &more}
}

// TestTunnelGroups makes entries with remote ends, and compares them with what was asked for. The bridge tool of today prints their
// groups, but nothing of their remote ends. They stand in one dump with those of a bridge.
func TestTunnelGroups(t *testing.T) {
	l := newLab(t, snooping())
	c := witness.NewTally(t)
	client := rtbridgemdb.New(l.Conn)
	cases := l.vxlan()
	for _, req := range append(l.groups()[:1], cases...) {
		name := groupText(req.Entry)
		if err := client.Newmdb(l.Ctx, req, nlconn.Create, nlconn.Exclusive); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got := l.found(req); got == nil {
			t.Errorf("%s: not in the dump", name)
		} else {
			got.same(c, name, req)
		}
	}
	l.compareMdb(c)
	// The port of the link is told by leaving it out, which shows the byte order of both.
	own := *cases[1]
	own.EntryAttrs = &rtbridgemdb.MdbeAttrs{Dst: addr("192.0.2.11"), DstPort: u16(4789)}
	if err := client.Newmdb(l.Ctx, &own, nlconn.Create); err != nil {
		t.Error(err)
	} else if got := l.found(&own); got == nil || got.DstPort.OK {
		t.Errorf("the port of the link: %+v", got)
	}
	reply, err := client.Getmdb(l.Ctx, &rtbridgemdb.GetmdbRequest{
		Header: cases[5].Header, Entry: group(0, "239.1.1.5", 0), EntryAttrs: &rtbridgemdb.MdbeAttrs{SrcVni: u32(70000)},
	})
	if err != nil || len(membersOf(reply)) != 1 || !membersOf(reply)[0].is(cases[5]) {
		t.Errorf("239.1.1.5: %+v, %v", reply, err)
	}
	// All of a remote end, and of a network.
	for _, f := range []struct {
		attrs rtbridgemdb.MdbeAttrs
		link  *rtbridgemdb.NewmdbRequest
		takes func(a *rtbridgemdb.MdbeAttrs) bool
	}{
		{rtbridgemdb.MdbeAttrs{Vni: u32(9)}, cases[0], func(a *rtbridgemdb.MdbeAttrs) bool { return a.Vni == u32(9) }},
		{rtbridgemdb.MdbeAttrs{Dst: addr("192.0.2.8")}, cases[0], func(a *rtbridgemdb.MdbeAttrs) bool { return a.Dst.V == netip.MustParseAddr("192.0.2.8") }},
		{rtbridgemdb.MdbeAttrs{SrcVni: u32(70000)}, cases[5], func(a *rtbridgemdb.MdbeAttrs) bool { return a.SrcVni == u32(70000) }},
	} {
		for _, req := range cases {
			if err := client.Newmdb(l.Ctx, req, nlconn.Create); err != nil && !errors.Is(err, os.ErrExist) {
				t.Fatalf("%s: %v", groupText(req.Entry), err)
			}
		}
		err := client.Delmdb(l.Ctx, &rtbridgemdb.DelmdbRequest{Header: f.link.Header, Entry: &rtbridgemdb.BrMdbEntry{}, EntryAttrs: &f.attrs}, nlconn.Bulk)
		if err != nil {
			t.Error(err)
			continue
		}
		for _, req := range cases {
			if gone := l.found(req) == nil; gone != (req.Header == f.link.Header && f.takes(req.EntryAttrs)) {
				t.Errorf("%+v: %s %v is gone: %v", f.attrs, groupText(req.Entry), req.EntryAttrs.Dst.V, gone)
			}
		}
	}
	c.Report("groups of tunnels")
}

// TestTunnelGroupEvents reads what the kernel tells of entries with remote ends.
func TestTunnelGroupEvents(t *testing.T) {
	l := newLab(t, snooping())
	ctx := witness.Patience(t)
	client := rtbridgemdb.New(l.Conn)
	c := witness.NewTally(t)
	cases := l.vxlan()
	sub, err := client.Subscribe(ctx, rtbridgemdb.GroupMdb)
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	var steps []witness.Step[rtbridgemdb.Event]
	for _, req := range cases {
		name := groupText(req.Entry)
		steps = append(steps, witness.Step[rtbridgemdb.Event]{
			Name: "add " + name, Do: func() error { return client.Newmdb(l.Ctx, req, nlconn.Create) }, Match: func(ev rtbridgemdb.Event) error {
				x, ok := ev.(*rtbridgemdb.NewmdbNtf)
				if !ok || len(membersOf(&x.GetmdbReply)) != 1 || !membersOf(&x.GetmdbReply)[0].is(req) {
					return witness.ErrOther
				}
				membersOf(&x.GetmdbReply)[0].same(c, name, req)
				return nil
			},
		}, witness.Step[rtbridgemdb.Event]{
			Name: "delete " + name, Do: func() error { return client.Delmdb(l.Ctx, deletion(req)) }, Match: func(ev rtbridgemdb.Event) error {
				x, ok := ev.(*rtbridgemdb.DelmdbNtf)
				if !ok || len(membersOf(&x.GetmdbReply)) != 1 || !membersOf(&x.GetmdbReply)[0].is(req) {
					return witness.ErrOther
				}
				return nil
			},
		})
	}
	witness.Play(t, ctx, sub.All(ctx), steps)
	c.Report("events of groups of tunnels")
}

// TestGroupRefusals makes the kernel refuse requests about groups.
func TestGroupRefusals(t *testing.T) {
	l := newLab(t, &rtlink.LinkinfoBridgeAttrs{})
	l.forwarding()
	client := rtbridgemdb.New(l.Conn)
	tunnel := l.vxlan()
	add := func(port uint32, address string, state rtbridgemdb.MdbState, more *rtbridgemdb.MdbeAttrs) error {
		return client.Newmdb(l.Ctx, &rtbridgemdb.NewmdbRequest{Header: mdbHeader(l.bridge), Entry: group(port, address, state), EntryAttrs: more}, nlconn.Create, nlconn.NoValidate)
	}
	far := func(change func(r *rtbridgemdb.NewmdbRequest)) error {
		r, e, a := *tunnel[1], *tunnel[1].Entry, *tunnel[1].EntryAttrs
		r.Entry, r.EntryAttrs = &e, &a
		change(&r)
		return client.Newmdb(l.Ctx, &r, nlconn.Create, nlconn.NoValidate)
	}
	type req = *rtbridgemdb.NewmdbRequest
	const temp, perm = rtbridgemdb.MdbStateTemporary, rtbridgemdb.MdbStatePermanent
	for _, r := range []struct {
		name  string
		err   error
		errno syscall.Errno
		want  string
	}{
		{"no group", add(l.ports[0], "192.0.2.1", perm, nil), syscall.EINVAL, `rt-bridge-mdb: newmdb: EINVAL: "IPv4 entry group address is not multicast or 0.0.0.0"`},
		{"a group of this link", add(l.ports[0], "224.0.0.1", perm, nil), syscall.EINVAL, `rt-bridge-mdb: newmdb: EINVAL: "IPv4 entry group address is local multicast"`},
		{"a host group for good", add(l.bridge, "239.1.1.1", perm, nil), syscall.EINVAL, `rt-bridge-mdb: newmdb: EINVAL: "bridge: Flags are not allowed for host groups"`},
		{"no port", add(9999, "239.1.1.1", perm, nil), syscall.ENODEV, `rt-bridge-mdb: newmdb: ENODEV: "bridge: Port net device doesn't exist"`},
		{"a port of no bridge", add(uint32(l.Link("far0").Header.IfiIndex), "239.1.1.1", perm, nil), syscall.EINVAL, `rt-bridge-mdb: newmdb: EINVAL: "bridge: Net device is not a bridge port"`},
		{"a state of its own", add(l.ports[0], "239.1.1.1", 7, nil), syscall.EINVAL, `rt-bridge-mdb: newmdb: EINVAL: "Unknown entry state"`},
		{"no mode", add(l.ports[0], "239.1.1.1", temp, &rtbridgemdb.MdbeAttrs{GroupMode: nlattr.Some(rtbridgemdb.McastMode(5))}), syscall.ERANGE, `rt-bridge-mdb: newmdb: ERANGE: "integer out of range" [attribute entry-attrs.group-mode, policy u8 0..1]`},
		{"the kernel's name", add(l.ports[0], "239.1.1.1", temp, &rtbridgemdb.MdbeAttrs{Rtprot: nlattr.Some(rtbridgemdb.RtProtocolKernel)}), syscall.ERANGE, `rt-bridge-mdb: newmdb: ERANGE: "integer out of range" [attribute entry-attrs.rtprot, policy u8 4..255]`},
		{"a source of another family", add(l.ports[0], "239.1.1.1", temp, &rtbridgemdb.MdbeAttrs{Source: addr("2001:db8::1")}), syscall.EINVAL, `rt-bridge-mdb: newmdb: EINVAL: "bridge: IPv4 invalid source address length"`},
		{"sources of a source", add(l.ports[0], "239.1.1.1", temp, &rtbridgemdb.MdbeAttrs{Source: addr("192.0.2.1"), SrcList: sources("192.0.2.2")}), syscall.EINVAL, `rt-bridge-mdb: newmdb: EINVAL: "bridge: Source list can only be set for (*, G) entries"`},
		{"a remote end of a bridge", add(l.ports[0], "239.1.1.1", temp, &rtbridgemdb.MdbeAttrs{Dst: addr("192.0.2.1")}), syscall.EINVAL, `rt-bridge-mdb: newmdb: EINVAL: "Unsupported attribute" [attribute entry-attrs.dst]`},
		{"no entry", client.Newmdb(l.Ctx, &rtbridgemdb.NewmdbRequest{Header: mdbHeader(l.bridge)}, nlconn.Create), syscall.EINVAL, `rt-bridge-mdb: newmdb: EINVAL: "Missing MDBA_SET_ENTRY attribute" [missing attribute entry]`},
		{"no remote end", far(func(r req) { r.EntryAttrs.Dst = nlattr.Opt[netip.Addr]{} }), syscall.EINVAL, `rt-bridge-mdb: newmdb: EINVAL: "vxlan: Missing remote destination IP address" [missing attribute entry-attrs.dst]`},
		{"a temporary tunnel", far(func(r req) { r.Entry.State = temp }), syscall.EINVAL, `rt-bridge-mdb: newmdb: EINVAL: "vxlan: MDB entry must be permanent"`},
		{"a VLAN of a tunnel", far(func(r req) { r.Entry.Vid = 5 }), syscall.EINVAL, `rt-bridge-mdb: newmdb: EINVAL: "vxlan: VID must not be specified"`},
		{"25 bits of network", far(func(r req) { r.EntryAttrs.Vni = u32(1 << 24) }), syscall.ERANGE, `rt-bridge-mdb: newmdb: ERANGE: "integer out of range" [attribute entry-attrs.vni, policy u32 0..16777215]`},
		{"a group to flush", client.Delmdb(l.Ctx, &rtbridgemdb.DelmdbRequest{Header: mdbHeader(l.bridge), Entry: group(l.ports[0], "239.1.1.1", temp)}, nlconn.Bulk), syscall.EINVAL, `rt-bridge-mdb: delmdb: EINVAL: "Entry address cannot be set"`},
		{"nothing to delete", client.Delmdb(l.Ctx, &rtbridgemdb.DelmdbRequest{Header: mdbHeader(l.bridge), Entry: group(l.ports[0], "239.1.1.1", temp)}), syscall.EINVAL, `rt-bridge-mdb: delmdb: EINVAL: invalid argument`},
		{"nothing to look up", func() error {
			_, err := client.Getmdb(l.Ctx, &rtbridgemdb.GetmdbRequest{Header: mdbHeader(l.bridge), Entry: group(0, "239.1.1.1", temp)})
			return err
		}(), syscall.ENOENT, `rt-bridge-mdb: getmdb: ENOENT: "bridge: MDB entry not found"`},
		{"one link of a dump", func() error {
			_, err := client.GetmdbCollect(l.Ctx, &rtbridgemdb.GetmdbDumpRequest{Header: mdbHeader(l.bridge)})
			return err
		}(), syscall.EINVAL, `rt-bridge-mdb: getmdb: EINVAL: "Filtering by device index is not supported for mdb dump request"`},
	} {
		witness.Refused(t, r.name, r.err, r.errno, r.want)
	}
}
