package bridge

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/rtbridgelink"
	"github.com/nlgen/nlgen/generated/rtbridgemdb"
	"github.com/nlgen/nlgen/generated/rtlink"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// mdbHeader is that of a request about a bridge or VXLAN link.
func mdbHeader(index uint32) rtbridgemdb.BrPortMsg {
	return rtbridgemdb.BrPortMsg{Family: unix.AF_BRIDGE, Ifindex: index}
}

// group is an entry for the address or MAC address of a group on a port.
func group(port uint32, address string, state rtbridgemdb.MdbState) *rtbridgemdb.BrMdbEntry {
	e := &rtbridgemdb.BrMdbEntry{PortIfindex: port, State: state}
	if mac, err := net.ParseMAC(address); err == nil {
		copy(e.Addr[:], mac)
		return e
	}
	a := netip.MustParseAddr(address)
	copy(e.Addr[:], a.AsSlice())
	e.Proto = rtbridgemdb.MdbProtoIpv6
	if a.Is4() {
		e.Proto = rtbridgemdb.MdbProtoIp
	}
	return e
}

// groupText is the address of a group as text.
func groupText(e *rtbridgemdb.BrMdbEntry) string {
	switch e.Proto {
	case rtbridgemdb.MdbProtoIp:
		return netip.AddrFrom4([4]byte(e.Addr[:4])).String()
	case rtbridgemdb.MdbProtoIpv6:
		return netip.AddrFrom16(e.Addr).String()
	}
	return net.HardwareAddr(e.Addr[:6]).String()
}

// sources makes a list of them.
func sources(list ...string) *rtbridgemdb.MdbeSrcListAttrs {
	x := &rtbridgemdb.MdbeSrcListAttrs{}
	for _, s := range list {
		x.Entry = append(x.Entry, rtbridgemdb.MdbeSrcAttrs{Address: addr(s)})
	}
	return x
}

// A member is an entry of the database of a link.
type member struct {
	link uint32
	rtbridgemdb.MdbInfo
}

// members dumps all databases, and the routers of each bridge.
func (l *lab) members() (list []member, routers map[string][]rtbridgemdb.RouterPort) {
	l.T.Helper()
	all, err := rtbridgemdb.New(l.Conn).GetmdbCollect(l.Ctx, &rtbridgemdb.GetmdbDumpRequest{Header: mdbHeader(0)})
	if err != nil {
		l.T.Fatal(err)
	}
	routers = map[string][]rtbridgemdb.RouterPort{}
	for _, x := range all {
		witness.Known(l.T, l.names[x.Header.Ifindex], x)
		list = append(list, membersOf(x)...)
		if x.Router != nil {
			routers[l.names[x.Header.Ifindex]] = x.Router.Port
		}
	}
	return list, routers
}

// membersOf returns the entries in a message.
func membersOf(x *rtbridgemdb.GetmdbReply) []member {
	var list []member
	if x.Mdb != nil {
		for _, g := range x.Mdb.Entry {
			for _, info := range g.Info {
				list = append(list, member{x.Header.Ifindex, info})
			}
		}
	}
	return list
}

// is reports whether m is the entry of a request.
func (m member) is(req *rtbridgemdb.NewmdbRequest) bool {
	want := req.Entry
	source, dst := nlattr.Opt[netip.Addr]{}, nlattr.Opt[netip.Addr]{}
	if req.EntryAttrs != nil {
		source, dst = req.EntryAttrs.Source, req.EntryAttrs.Dst
	}
	return m.link == req.Header.Ifindex && m.Header.PortIfindex == want.PortIfindex && m.Header.Vid == want.Vid && m.Header.Addr == want.Addr &&
		m.Header.Proto == want.Proto && m.Source == source && (!dst.OK || m.Dst == dst)
}

// found returns the entry of a request, or nil.
func (l *lab) found(req *rtbridgemdb.NewmdbRequest) *member {
	l.T.Helper()
	list, _ := l.members()
	for i := range list {
		if list[i].is(req) {
			return &list[i]
		}
	}
	return nil
}

// same compares an entry with the one that was asked for.
func (m *member) same(c *witness.Tally, name string, req *rtbridgemdb.NewmdbRequest) {
	c.T.Helper()
	if c.Fields++; m.Header.State != req.Entry.State {
		c.Errorf("%s: the state is %v, not %v", name, m.Header.State, req.Entry.State)
	}
	if req.EntryAttrs == nil {
		return
	}
	want := *req.EntryAttrs
	want.Ifindex = nlattr.Opt[int32]{} // It comes back without a sign.
	c.Within(name, &want, &m.MdbInfo, "SrcList")
	if c.Fields++; req.EntryAttrs.Ifindex.OK && m.Ifindex != u32(uint32(req.EntryAttrs.Ifindex.V)) {
		c.Errorf("%s: the interface is %v, not %v", name, m.Ifindex.V, req.EntryAttrs.Ifindex.V)
	}
	got := map[netip.Addr]bool{}
	if m.SrcList != nil {
		for _, s := range m.SrcList.Entry {
			got[s.Address.V] = true
		}
	}
	if want.SrcList != nil {
		for _, s := range want.SrcList.Entry {
			if c.Fields++; !got[s.Address.V] {
				c.Errorf("%s: the source %v is missing", name, s.Address.V)
			}
			delete(got, s.Address.V)
		}
	}
	if len(got) > 0 {
		c.Errorf("%s: sources %v were not asked for", name, got)
	}
}

// around is how bridge prints hundredths of a second that run, for entries in columns.
func around(n uint32) witness.OneOf {
	list := witness.OneOf{seconds(n), strings.TrimSpace(seconds(n))}
	const span = 100 * witness.Tolerance
	for d := max(n, span) - span; d <= n+span && n > 0; d++ {
		list = append(list, seconds(d), strings.TrimSpace(seconds(d)))
	}
	return list
}

// memberView is how "bridge -d -s -j mdb" prints an entry.
func memberView(names map[uint32]string) witness.View[member] {
	return witness.View[member]{
		"index": func(m member) any { return m.link },
		"dev":   func(m member) any { return names[m.link] },
		"port":  func(m member) any { return names[m.Header.PortIfindex] },
		"grp":   func(m member) any { return groupText(&m.Header) },
		"src":   func(m member) any { return m.Source },
		"vid":   func(m member) any { return m.Header.Vid },
		"state": func(m member) any {
			return map[rtbridgemdb.MdbState]string{rtbridgemdb.MdbStatePermanent: "permanent", rtbridgemdb.MdbStateTemporary: "temp"}[m.Header.State]
		},
		"filter_mode": func(m member) any { return m.GroupMode.V.String() },
		"protocol":    func(m member) any { return m.Rtprot.V.String() },
		"timer":       func(m member) any { return around(m.Timer.V) },
		"source_list": func(m member) any {
			list := []witness.Object{}
			for _, s := range m.SrcList.Entry {
				list = append(list, witness.Object{"address": s.Address, "timer": around(s.Timer.V)})
			}
			return list
		},
		"flags": func(m member) any {
			set := witness.Set{}
			for flag, name := range map[rtbridgemdb.MdbFlags]string{
				rtbridgemdb.MdbFlagsOffload: "offload", rtbridgemdb.MdbFlagsFastLeave: "fast_leave", rtbridgemdb.MdbFlagsStarExcl: "added_by_star_ex",
				rtbridgemdb.MdbFlagsBlocked: "blocked",
			} {
				if m.Header.Flags&flag != 0 {
					set = append(set, name)
				}
			}
			return set
		},
	}
}

// routerView is how it prints a port with a router.
func routerView(names map[uint32]string) witness.View[rtbridgemdb.RouterPort] {
	return witness.View[rtbridgemdb.RouterPort]{
		"port":  func(p rtbridgemdb.RouterPort) any { return names[p.Header.Ifindex] },
		"timer": func(p rtbridgemdb.RouterPort) any { return around(p.Timer.V) },
		"type": func(p rtbridgemdb.RouterPort) any {
			return map[rtbridgemdb.MdbRtrType]string{rtbridgemdb.MdbRtrTypePerm: "permanent", rtbridgemdb.MdbRtrTypeTempQuery: "temp", rtbridgemdb.MdbRtrTypeTemp: "temp"}[p.Type.V]
		},
	}
}

// compareMdb compares all databases with what bridge prints.
func (l *lab) compareMdb(c *witness.Tally) {
	l.T.Helper()
	c.Steady(func(c *witness.Tally) {
		list, routers := l.members()
		var theirs []struct {
			Mdb    []witness.Object
			Router map[string][]witness.Object
		}
		if err := json.Unmarshal(witness.Output(l.T, "bridge", "-d", "-s", "-j", "mdb", "show"), &theirs); err != nil || len(theirs) != 1 {
			l.T.Fatal(len(theirs), err)
		}
		if len(list) != len(theirs[0].Mdb) || len(routers) != len(theirs[0].Router) {
			c.Errorf("we see %d entries and the routers of %d bridges, bridge %d and %d", len(list), len(routers), len(theirs[0].Mdb), len(theirs[0].Router))
			return
		}
		for i, m := range list {
			witness.Compare(c, fmt.Sprint("entry ", groupText(&m.Header)), m, memberView(l.names), theirs[0].Mdb[i])
		}
		for name, ports := range routers {
			if len(ports) != len(theirs[0].Router[name]) {
				c.Errorf("%s: we see the routers %v, bridge %v", name, ports, theirs[0].Router[name])
				continue
			}
			for i, p := range ports {
				witness.Compare(c, "router", p, routerView(l.names), theirs[0].Router[name][i])
			}
		}
	})
}

// snooping is a bridge that keeps sources.
func snooping() *rtlink.LinkinfoBridgeAttrs {
	return &rtlink.LinkinfoBridgeAttrs{McastIgmpVersion: u8(3), McastMldVersion: u8(2)}
}

// groups are entries of every sort.
func (l *lab) groups() []*rtbridgemdb.NewmdbRequest {
	const temp, perm = rtbridgemdb.MdbStateTemporary, rtbridgemdb.MdbStatePermanent
	entry := func(e *rtbridgemdb.BrMdbEntry, more *rtbridgemdb.MdbeAttrs) *rtbridgemdb.NewmdbRequest {
		return &rtbridgemdb.NewmdbRequest{Header: mdbHeader(l.bridge), Entry: e, EntryAttrs: more}
	}
	include, exclude := nlattr.Some(rtbridgemdb.McastModeInclude), nlattr.Some(rtbridgemdb.McastModeExclude)
	return []*rtbridgemdb.NewmdbRequest{
		entry(group(l.ports[0], "239.1.1.1", perm), &rtbridgemdb.MdbeAttrs{Rtprot: nlattr.Some(rtbridgemdb.RtProtocolZebra)}),
		entry(group(l.ports[1], "239.1.1.1", temp), &rtbridgemdb.MdbeAttrs{Rtprot: nlattr.Some(rtbridgemdb.RtProtocol(151))}),
		entry(group(l.ports[0], "239.1.1.2", perm), &rtbridgemdb.MdbeAttrs{GroupMode: include, SrcList: sources("192.0.2.1", "192.0.2.2")}),
		entry(group(l.ports[1], "ff0e::3", temp), &rtbridgemdb.MdbeAttrs{GroupMode: exclude, SrcList: sources("2001:db8::1", "2001:db8::2")}),
		entry(group(l.ports[0], "239.1.1.4", perm), &rtbridgemdb.MdbeAttrs{Source: addr("192.0.2.3"), Rtprot: nlattr.Some(rtbridgemdb.RtProtocolBgp)}),
		entry(group(l.ports[0], "ff0e::5", temp), &rtbridgemdb.MdbeAttrs{Source: addr("2001:db8::9")}),
		entry(group(l.ports[1], "01:00:5e:00:01:06", perm), nil),
		entry(group(l.bridge, "239.1.1.7", temp), nil),
	}
}

// TestGroups makes entries of every sort, compares them with what was asked for and with what bridge prints, looks one up, replaces one,
// and removes them.
func TestGroups(t *testing.T) {
	l := newLab(t, snooping())
	l.forwarding()
	c := witness.NewTally(t)
	client := rtbridgemdb.New(l.Conn)
	cases := l.groups()
	for _, req := range cases {
		name := groupText(req.Entry)
		if err := client.Newmdb(l.Ctx, req, nlconn.Create, nlconn.Exclusive); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got := l.found(req); got == nil {
			t.Errorf("%s: not in the dump", name)
		} else {
			got.same(c, name, req)
		}
		if err := client.Newmdb(l.Ctx, req, nlconn.Create, nlconn.Exclusive); !errors.Is(err, os.ErrExist) {
			t.Errorf("%s: a second time: %v", name, err)
		}
	}
	l.compareMdb(c)
	// One group alone, with the entries of both ports.
	reply, err := client.Getmdb(l.Ctx, &rtbridgemdb.GetmdbRequest{Header: mdbHeader(l.bridge), Entry: group(0, "239.1.1.1", 0)})
	if err != nil {
		t.Fatal(err)
	}
	if list := membersOf(reply); len(list) != 2 || !(list[0].is(cases[0]) || list[0].is(cases[1])) || !(list[1].is(cases[0]) || list[1].is(cases[1])) {
		t.Errorf("239.1.1.1: %+v", list)
	}
	reply, err = client.Getmdb(l.Ctx, &rtbridgemdb.GetmdbRequest{
		Header: mdbHeader(l.bridge), Entry: group(0, "239.1.1.4", 0), EntryAttrs: &rtbridgemdb.MdbeAttrs{Source: addr("192.0.2.3")},
	})
	if err != nil || len(membersOf(reply)) != 1 || !membersOf(reply)[0].is(cases[4]) {
		t.Errorf("239.1.1.4: %+v, %v", reply, err)
	}
	// Another mode, other sources, by another program.
	changed := *cases[2]
	changed.EntryAttrs = &rtbridgemdb.MdbeAttrs{
		GroupMode: nlattr.Some(rtbridgemdb.McastModeExclude), SrcList: sources("192.0.2.2", "192.0.2.7"), Rtprot: nlattr.Some(rtbridgemdb.RtProtocolBird),
	}
	if err := client.Newmdb(l.Ctx, &changed, nlconn.Create, nlconn.Replace); err != nil {
		t.Error(err)
	} else {
		l.found(&changed).same(c, "replaced", &changed)
	}
	l.compareMdb(c)
	for _, req := range cases {
		del := &rtbridgemdb.DelmdbRequest{Header: req.Header, Entry: req.Entry}
		if req.EntryAttrs != nil && req.EntryAttrs.Source.OK {
			del.EntryAttrs = &rtbridgemdb.MdbeAttrs{Source: req.EntryAttrs.Source}
		}
		if err := client.Delmdb(l.Ctx, del); err != nil {
			t.Errorf("delete %s: %v", groupText(req.Entry), err)
		}
		if l.found(req) != nil {
			t.Errorf("%s: still there", groupText(req.Entry))
		}
		witness.Refused(t, "delete "+groupText(req.Entry)+" again", client.Delmdb(l.Ctx, del), syscall.EINVAL, "rt-bridge-mdb: delmdb: EINVAL: invalid argument")
	}
	c.Report("groups")
}

// TestGroupFlush removes many entries by one request each time, and looks for the others.
func TestGroupFlush(t *testing.T) {
	l := newLab(t, snooping())
	l.forwarding()
	client := rtbridgemdb.New(l.Conn)
	cases := l.groups()
	const bird = rtbridgemdb.RtProtocolBird
	for _, f := range []struct {
		name  string
		entry rtbridgemdb.BrMdbEntry
		attrs *rtbridgemdb.MdbeAttrs
		takes func(req *rtbridgemdb.NewmdbRequest) bool
	}{
		{"of a port", rtbridgemdb.BrMdbEntry{PortIfindex: l.ports[0]}, nil, func(r *rtbridgemdb.NewmdbRequest) bool { return r.Entry.PortIfindex == l.ports[0] }},
		{"permanent ones", rtbridgemdb.BrMdbEntry{State: rtbridgemdb.MdbStatePermanent}, &rtbridgemdb.MdbeAttrs{StateMask: u8(1)},
			func(r *rtbridgemdb.NewmdbRequest) bool { return r.Entry.State == rtbridgemdb.MdbStatePermanent }},
		{"temporary ones", rtbridgemdb.BrMdbEntry{}, &rtbridgemdb.MdbeAttrs{StateMask: u8(1)},
			func(r *rtbridgemdb.NewmdbRequest) bool { return r.Entry.State == rtbridgemdb.MdbStateTemporary }},
		{"of a program", rtbridgemdb.BrMdbEntry{}, &rtbridgemdb.MdbeAttrs{Rtprot: nlattr.Some(rtbridgemdb.RtProtocolZebra)},
			func(r *rtbridgemdb.NewmdbRequest) bool {
				return r.EntryAttrs != nil && r.EntryAttrs.Rtprot.V == rtbridgemdb.RtProtocolZebra
			}},
		{"of no program", rtbridgemdb.BrMdbEntry{}, &rtbridgemdb.MdbeAttrs{Rtprot: nlattr.Some(bird)}, func(*rtbridgemdb.NewmdbRequest) bool { return false }},
		{"all", rtbridgemdb.BrMdbEntry{}, nil, func(*rtbridgemdb.NewmdbRequest) bool { return true }},
	} {
		for _, req := range cases {
			if err := client.Newmdb(l.Ctx, req, nlconn.Create); err != nil && !errors.Is(err, os.ErrExist) {
				t.Fatalf("%s: %v", groupText(req.Entry), err)
			}
		}
		err := client.Delmdb(l.Ctx, &rtbridgemdb.DelmdbRequest{Header: mdbHeader(l.bridge), Entry: &f.entry, EntryAttrs: f.attrs}, nlconn.Bulk)
		if err != nil {
			t.Errorf("%s: %v", f.name, err)
			continue
		}
		for _, req := range cases {
			if gone := l.found(req) == nil; gone != f.takes(req) {
				t.Errorf("%s: %s is gone: %v", f.name, groupText(req.Entry), gone)
			}
		}
	}
}

// TestRouters has a router behind each port, one by order of the administrator and one by its query.
func TestRouters(t *testing.T) {
	l := newLab(t, snooping())
	l.forwarding()
	c := witness.NewTally(t)
	setRouter(l, l.ports[0], rtbridgelink.MdbRtrTypePerm)
	query(l, "far1", 0)
	c.Steady(func(c *witness.Tally) {
		_, routers := l.members()
		kinds := map[uint32]rtbridgemdb.RouterPort{}
		for _, p := range routers["br0"] {
			kinds[p.Header.Ifindex] = p
		}
		if p := kinds[l.ports[0]]; p.Type.V != rtbridgemdb.MdbRtrTypePerm || p.Timer != u32(0) {
			c.Errorf("port0: %+v", p)
		}
		if p := kinds[l.ports[1]]; p.Type.V != rtbridgemdb.MdbRtrTypeTempQuery || p.Timer.V == 0 || p.InetTimer != p.Timer || p.Inet6Timer.OK {
			c.Errorf("port1: %+v", p)
		}
	})
	l.compareMdb(c)
	c.Report("routers")
}

// setRouter says whether a router is behind a port.
func setRouter(l *lab, port uint32, kind rtbridgelink.MdbRtrType) {
	l.T.Helper()
	err := rtbridgelink.New(l.Conn).Setlink(l.Ctx, &rtbridgelink.SetlinkRequest{Header: header(port), Protinfo: &rtbridgelink.BrportAttrs{MulticastRouter: nlattr.Some(kind)}})
	if err != nil {
		l.T.Fatal(err)
	}
}

// TestGroupEvents reads what the kernel tells of entries and routers that come and go.
func TestGroupEvents(t *testing.T) {
	l := newLab(t, snooping())
	l.forwarding()
	ctx := witness.Patience(t)
	client := rtbridgemdb.New(l.Conn)
	sub, err := client.Subscribe(ctx, rtbridgemdb.GroupMdb)
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	c := witness.NewTally(t)
	var steps []witness.Step[rtbridgemdb.Event]
	for _, req := range l.groups() {
		name := groupText(req.Entry)
		steps = append(steps, witness.Step[rtbridgemdb.Event]{
			Name: "add " + name, Do: func() error { return client.Newmdb(l.Ctx, req, nlconn.Create) }, Match: func(ev rtbridgemdb.Event) error {
				if x, ok := ev.(*rtbridgemdb.NewmdbNtf); ok {
					for _, m := range membersOf(&x.GetmdbReply) {
						if m.is(req) {
							m.same(c, name, req)
							return nil
						}
					}
				}
				return witness.ErrOther
			},
		}, witness.Step[rtbridgemdb.Event]{
			Name: "delete " + name, Do: func() error {
				del := &rtbridgemdb.DelmdbRequest{Header: req.Header, Entry: req.Entry}
				if req.EntryAttrs != nil && req.EntryAttrs.Source.OK {
					del.EntryAttrs = &rtbridgemdb.MdbeAttrs{Source: req.EntryAttrs.Source}
				}
				return client.Delmdb(l.Ctx, del)
			}, Match: func(ev rtbridgemdb.Event) error {
				if x, ok := ev.(*rtbridgemdb.DelmdbNtf); ok {
					for _, m := range membersOf(&x.GetmdbReply) {
						if m.is(req) {
							return nil
						}
					}
				}
				return witness.ErrOther
			},
		})
	}
	router := func(x *rtbridgemdb.GetmdbReply) error {
		if x.Router == nil || len(x.Router.Port) != 1 || x.Router.Port[0].Header.Ifindex != l.ports[0] {
			return witness.ErrOther
		}
		return nil
	}
	steps = append(steps, witness.Step[rtbridgemdb.Event]{
		Name: "a router", Do: func() error { setRouter(l, l.ports[0], rtbridgelink.MdbRtrTypePerm); return nil }, Match: func(ev rtbridgemdb.Event) error {
			if x, ok := ev.(*rtbridgemdb.NewmdbNtf); ok {
				return router(&x.GetmdbReply)
			}
			return witness.ErrOther
		},
	}, witness.Step[rtbridgemdb.Event]{
		Name: "no router", Do: func() error { setRouter(l, l.ports[0], rtbridgelink.MdbRtrTypeDisabled); return nil }, Match: func(ev rtbridgemdb.Event) error {
			if x, ok := ev.(*rtbridgemdb.DelmdbNtf); ok {
				return router(&x.GetmdbReply)
			}
			return witness.ErrOther
		},
	})
	witness.Play(t, ctx, sub.All(ctx), steps)
	c.Report("events of groups")
}
