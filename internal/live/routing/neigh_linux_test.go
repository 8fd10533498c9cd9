package routing

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/rtlink"
	"github.com/nlgen/nlgen/generated/rtneigh"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

func mac(last byte) net.HardwareAddr { return net.HardwareAddr{2, 0, 0, 0, 0, last} }

// neighbours makes links and the requests for their neighbours: a veth, whose peer is a port of a bridge, and a VXLAN link.
func neighbours(n *witness.Namespace) (link, port, vxlan *rtlink.GetlinkReply, cases []*rtneigh.NewneighRequest) {
	n.T.Helper()
	link, port = n.Veth("neigh0", "neigh1")
	bridge := n.Create(&rtlink.NewlinkRequest{Ifname: text("neighbr0"), Linkinfo: &rtlink.LinkinfoAttrs{Kind: text("bridge")}})
	vxlan = n.Create(&rtlink.NewlinkRequest{Ifname: text("neighvx0"), Linkinfo: &rtlink.LinkinfoAttrs{Data: &rtlink.LinkinfoVxlanAttrs{ID: u32(7)}}})
	if err := n.Links.Setlink(n.Ctx, &rtlink.SetlinkRequest{
		Header: rtlink.Ifinfomsg{IfiIndex: port.Header.IfiIndex}, Master: u32(uint32(bridge.Header.IfiIndex)),
	}); err != nil {
		n.T.Fatal(err)
	}
	n.Up(link, port, bridge, vxlan)
	witness.Forwards(n.T, "neigh1")
	header := func(family uint8, l *rtlink.GetlinkReply, state rtneigh.NudState, flags rtneigh.NtfFlags) rtneigh.Ndmsg {
		return rtneigh.Ndmsg{NdmFamily: family, NdmIfindex: l.Header.IfiIndex, NdmState: state, NdmFlags: flags}
	}
	return link, port, vxlan, []*rtneigh.NewneighRequest{
		{
			Header: header(unix.AF_INET, link, rtneigh.NudStatePermanent, rtneigh.NtfFlagsExtLearned), Dst: addr("192.0.2.2"), Lladdr: mac(2),
			Protocol: nlattr.Some(rtneigh.RtProtocolBgp),
		},
		{Header: header(unix.AF_INET6, link, rtneigh.NudStateNoarp, rtneigh.NtfFlagsRouter), Dst: addr("2001:db8::2"), Lladdr: mac(3)},
		{Header: header(unix.AF_INET, link, rtneigh.NudStateStale, 0), Dst: addr("192.0.2.3"), Lladdr: mac(4)},
		{Header: header(unix.AF_INET, link, 0, rtneigh.NtfFlagsProxy), Dst: addr("192.0.2.9"), Protocol: nlattr.Some(rtneigh.RtProtocolStatic)},
		{Header: header(unix.AF_INET6, link, 0, rtneigh.NtfFlagsProxy), Dst: addr("2001:db8::9")},
		{
			Header: header(unix.AF_BRIDGE, vxlan, rtneigh.NudStatePermanent, rtneigh.NtfFlagsSelf), Lladdr: mac(7), Dst: addr("192.0.2.8"),
			Port: u16(5), Vni: u32(9), Ifindex: u32(uint32(link.Header.IfiIndex)),
		},
		{
			Header: header(unix.AF_BRIDGE, port, rtneigh.NudStateNoarp, rtneigh.NtfFlagsMaster), Lladdr: mac(6),
			FdbExtAttrs: &rtneigh.FdbExtAttrs{ActivityNotify: nlattr.Some(rtneigh.FdbNotifyBit | rtneigh.FdbNotifyInactiveBit)},
		},
		{Header: header(unix.AF_BRIDGE, port, rtneigh.NudStateReachable, rtneigh.NtfFlagsMaster|rtneigh.NtfFlagsSticky), Lladdr: mac(5)},
		{Header: header(unix.AF_BRIDGE, port, rtneigh.NudStateReachable, rtneigh.NtfFlagsMaster|rtneigh.NtfFlagsExtLearned), Lladdr: mac(8)},
	}
}

// listNeighbours dumps what a request is one of.
func listNeighbours(n *witness.Namespace, client *rtneigh.Client, family uint8, flags rtneigh.NtfFlags) []*rtneigh.GetneighReply {
	n.T.Helper()
	list, err := client.GetneighCollect(n.Ctx, &rtneigh.GetneighDumpRequest{Header: rtneigh.Ndmsg{NdmFamily: family, NdmFlags: flags & rtneigh.NtfFlagsProxy}})
	if err != nil {
		n.T.Fatal(err)
	}
	for _, x := range list {
		witness.Known(n.T, "neighbour", x)
	}
	return list
}

// isNeighbour reports whether x is the entry of a request.
func isNeighbour(x *rtneigh.GetneighReply, req *rtneigh.NewneighRequest) bool {
	key := x.Dst == req.Dst
	if req.Header.NdmFamily == unix.AF_BRIDGE {
		key = x.Lladdr.String() == req.Lladdr.String() && (x.Header.NdmFlags^req.Header.NdmFlags)&rtneigh.NtfFlagsSelf == 0
	}
	return key && x.Header.NdmFamily == req.Header.NdmFamily && x.Header.NdmIfindex == req.Header.NdmIfindex
}

// sameNeighbour compares an entry with the one that was asked for. A bridge says master by an attribute, and knows states of its own.
func sameNeighbour(c *witness.Tally, req *rtneigh.NewneighRequest, x *rtneigh.GetneighReply) {
	c.T.Helper()
	name := fmt.Sprint(req.Dst.V, " ", req.Lladdr)
	skip := []string{"NdmType", "NdmFlags", "NdmState"}
	c.Within(name, req, x, skip...)
	c.Fields++
	if want := req.Header.NdmFlags &^ rtneigh.NtfFlagsMaster; want&^x.Header.NdmFlags != 0 {
		c.Errorf("%s: flags are %v, not %v", name, x.Header.NdmFlags, want)
	}
	aging := req.Header.NdmState == rtneigh.NudStateReachable // A bridge calls it stale when it has not been seen.
	if c.Fields++; !aging && x.Header.NdmState != req.Header.NdmState {
		c.Errorf("%s: the state is %v, not %v", name, x.Header.NdmState, req.Header.NdmState)
	}
}

// neighView is how "ip -d -s -j neigh" and "bridge -d -s -j fdb" print an entry. Both truncate ages to seconds.
func neighView(links map[string]*rtlink.GetlinkReply) witness.View[*rtneigh.GetneighReply] {
	type reply = *rtneigh.GetneighReply
	flag := func(f rtneigh.NtfFlags) func(reply) any {
		return func(x reply) any { return map[bool]any{true: nil, false: 0}[x.Header.NdmFlags&f != 0] }
	}
	dev := func(x reply) any { return witness.LinkName(links, uint32(x.Header.NdmIfindex)) }
	return witness.View[reply]{
		"dev": dev, "ifname": dev,
		"mac":          func(x reply) any { return x.Lladdr },
		"router":       flag(rtneigh.NtfFlagsRouter),
		"extern_learn": flag(rtneigh.NtfFlagsExtLearned),
		"managed": func(x reply) any {
			return map[bool]any{true: nil, false: 0}[x.FlagsExt.V&rtneigh.NtfExtFlagsManaged != 0]
		},
		"offload":   flag(rtneigh.NtfFlagsOffloaded),
		"proxy":     flag(rtneigh.NtfFlagsProxy),
		"used":      func(x reply) any { return witness.Near(x.Cacheinfo.V.Used) / userHertz },
		"confirmed": func(x reply) any { return witness.Near(x.Cacheinfo.V.Confirmed) / userHertz },
		"updated":   func(x reply) any { return witness.Near(x.Cacheinfo.V.Updated) / userHertz },
		"refcnt":    func(x reply) any { return x.Cacheinfo.V.Refcnt },
		"master":    func(x reply) any { return witness.LinkName(links, x.Master.V) },
		"viaIf":     func(x reply) any { return witness.LinkName(links, x.Ifindex.V) },
		"vlan":      func(x reply) any { return x.Vlan },
		"state": func(x reply) any {
			if x.Header.NdmFamily != unix.AF_BRIDGE {
				return []string{strings.ToUpper(x.Header.NdmState.String())}
			}
			return map[rtneigh.NudState]string{rtneigh.NudStatePermanent: "permanent", rtneigh.NudStateNoarp: "static", rtneigh.NudStateStale: "stale"}[x.Header.NdmState]
		},
		"flags": func(x reply) any {
			names := witness.Set{}
			for f, name := range map[rtneigh.NtfFlags]string{
				rtneigh.NtfFlagsSelf: "self", rtneigh.NtfFlagsRouter: "router", rtneigh.NtfFlagsExtLearned: "extern_learn",
				rtneigh.NtfFlagsOffloaded: "offload", rtneigh.NtfFlagsMaster: "master", rtneigh.NtfFlagsSticky: "sticky",
			} {
				if x.Header.NdmFlags&f != 0 {
					names = append(names, name)
				}
			}
			return names
		},
	}
}

// TestNeighbours makes neighbours, proxies and entries of databases, compares every field with what was asked for and with what ip and
// bridge print, and removes them.
func TestNeighbours(t *testing.T) {
	n := witness.NewNamespace(t)
	c := witness.NewTally(t)
	client := rtneigh.New(n.Conn)
	_, port, _, cases := neighbours(n)
	find := func(req *rtneigh.NewneighRequest) *rtneigh.GetneighReply {
		for _, x := range listNeighbours(n, client, req.Header.NdmFamily, req.Header.NdmFlags) {
			if isNeighbour(x, req) {
				return x
			}
		}
		return nil
	}
	for _, req := range cases {
		if err := client.Newneigh(n.Ctx, req, nlconn.Create, nlconn.Exclusive); err != nil {
			t.Fatalf("%v %v: %v", req.Dst.V, req.Lladdr, err)
		}
		if got := find(req); got == nil {
			t.Errorf("%v %v: not in the dump", req.Dst.V, req.Lladdr)
		} else {
			sameNeighbour(c, req, got)
		}
	}
	links := n.Dump()
	for _, f := range []struct {
		family uint8
		flags  rtneigh.NtfFlags
		tool   []string
	}{
		{unix.AF_INET, 0, []string{"ip", "-d", "-s", "-j", "-4", "neigh", "show", "nud", "all"}},
		{unix.AF_INET6, 0, []string{"ip", "-d", "-s", "-j", "-6", "neigh", "show", "nud", "all"}},
		{unix.AF_INET, rtneigh.NtfFlagsProxy, []string{"ip", "-d", "-s", "-j", "-4", "neigh", "show", "proxy"}},
		{unix.AF_INET6, rtneigh.NtfFlagsProxy, []string{"ip", "-d", "-s", "-j", "-6", "neigh", "show", "proxy"}},
		{unix.AF_BRIDGE, 0, []string{"bridge", "-d", "-s", "-j", "fdb"}},
	} {
		c.Steady(func(c *witness.Tally) {
			ours, theirs := listNeighbours(n, client, f.family, f.flags), witness.List(t, f.tool[0], f.tool[1:]...)
			if len(ours) != len(theirs) {
				c.Errorf("%v: we see %d, the tool %d", f.tool, len(ours), len(theirs))
				return
			}
			for i, x := range ours {
				witness.Compare(c, fmt.Sprint(familyName[f.family], i), x, neighView(links), theirs[i])
			}
		})
	}
	// A bulk delete takes what is static in the bridge, and nothing else.
	err := client.Delneigh(n.Ctx, &rtneigh.DelneighRequest{
		Header:       rtneigh.Ndmsg{NdmFamily: unix.AF_BRIDGE, NdmIfindex: port.Header.IfiIndex, NdmState: rtneigh.NudStateNoarp, NdmFlags: rtneigh.NtfFlagsMaster},
		NdmStateMask: nlattr.Some(rtneigh.NudStateNoarp | rtneigh.NudStatePermanent),
		NdmFlagsMask: nlattr.Some(rtneigh.NtfFlags(0)),
	}, nlconn.Bulk)
	if err != nil {
		t.Error(err)
	}
	for i, req := range cases {
		if flushed := i == 6; (find(req) == nil) != flushed {
			t.Errorf("after the flush: %v %v is there: %v", req.Dst.V, req.Lladdr, !flushed)
		} else if flushed {
			continue
		}
		del := &rtneigh.DelneighRequest{Header: req.Header, Dst: req.Dst, Lladdr: req.Lladdr, Port: req.Port, Vni: req.Vni, Ifindex: req.Ifindex}
		if err := client.Delneigh(n.Ctx, del); err != nil {
			t.Errorf("delete %v %v: %v", req.Dst.V, req.Lladdr, err)
		}
		if err := client.Delneigh(n.Ctx, del); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("delete %v %v again: %v", req.Dst.V, req.Lladdr, err)
		}
	}
	c.Report("neighbours")
}

// TestNeighbourEvents makes and removes entries, and reads what the kernel tells of it. It does not tell of proxies.
func TestNeighbourEvents(t *testing.T) {
	n := witness.NewNamespace(t)
	ctx := witness.Patience(t)
	client := rtneigh.New(n.Conn)
	_, _, _, cases := neighbours(n)
	sub, err := client.Subscribe(ctx, rtneigh.GroupNeigh)
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	c := witness.NewTally(t)
	var steps []witness.Step[rtneigh.Event]
	for _, req := range cases {
		if req.Header.NdmFlags&rtneigh.NtfFlagsProxy != 0 {
			continue
		}
		name := fmt.Sprint(req.Dst.V, " ", req.Lladdr)
		steps = append(steps, witness.NewStep("add "+name, func() error { return client.Newneigh(n.Ctx, req, nlconn.Create) }, func(ev rtneigh.Event) error {
			x, ok := ev.(*rtneigh.NewneighNtf)
			if !ok || !isNeighbour(&x.GetneighReply, req) {
				return witness.ErrOther
			}
			sameNeighbour(c, req, &x.GetneighReply)
			return nil
		}), witness.NewStep("delete "+name, func() error {
			return client.Delneigh(n.Ctx, &rtneigh.DelneighRequest{
				Header: req.Header, Dst: req.Dst, Lladdr: req.Lladdr, Port: req.Port, Vni: req.Vni, Ifindex: req.Ifindex,
			})
		}, func(ev rtneigh.Event) error {
			if x, ok := ev.(*rtneigh.DelneighNtf); ok && isNeighbour(&x.GetneighReply, req) {
				return nil
			}
			return witness.ErrOther
		}))
	}
	witness.Play(t, ctx, sub.All(ctx), steps)
	c.Report("events of neighbours")
}

// TestNeighbourTables changes the parameters of a link, and compares all tables with what ip prints.
func TestNeighbourTables(t *testing.T) {
	n := witness.NewNamespace(t)
	c := witness.NewTally(t)
	client := rtneigh.New(n.Conn)
	link, _ := n.Veth("neigh2", "neigh3")
	want := &rtneigh.NdtpaAttrs{
		Ifindex: u32(uint32(link.Header.IfiIndex)), BaseReachableTime: u64(40000), RetransTime: u64(500), GcStaletime: u64(70000), DelayProbeTime: u64(6000),
		AppProbes: u32(1), UcastProbes: u32(4), McastProbes: u32(5), AnycastDelay: u64(900), ProxyDelay: u64(700), ProxyQlen: u32(65),
		Locktime: u64(2000), QueueLenbytes: u32(300000), McastReprobes: u32(2), IntervalProbeTimeMs: u64(3000),
	}
	header := rtneigh.Ndtmsg{Family: unix.AF_INET}
	if err := client.Setneightbl(n.Ctx, &rtneigh.SetneightblRequest{Header: header, Name: text("arp_cache"), Parms: want}); err != nil {
		t.Fatal(err)
	}
	c.Steady(func(c *witness.Tally) {
		ours, err := client.GetneightblCollect(n.Ctx, &rtneigh.GetneightblDumpRequest{})
		if err != nil {
			t.Fatal(err)
		}
		theirs, links := witness.IP(t, "-s", "ntable"), n.Dump()
		if len(ours) != len(theirs) {
			t.Fatalf("we see %d, ip %d", len(ours), len(theirs))
		}
		for i, x := range ours {
			witness.Known(t, "table", x)
			witness.Compare(c, fmt.Sprint("ntable", i), x, tableView(links), theirs[i])
			if x.Header.Family == unix.AF_INET && x.Parms.Ifindex == want.Ifindex {
				c.Within("parameters", want, x.Parms)
			}
		}
	})
	// Thresholds are those of all namespaces.
	err := client.Setneightbl(n.Ctx, &rtneigh.SetneightblRequest{Header: header, Name: text("arp_cache"), Thresh1: u32(5)})
	if !errors.Is(err, syscall.ENOENT) {
		t.Errorf("a threshold from here: %v", err)
	}
	c.Report("neighbour tables")
}

// tableView is how "ip -s -j ntable" prints a table.
func tableView(links map[string]*rtlink.GetlinkReply) witness.View[*rtneigh.GetneightblReply] {
	type reply = *rtneigh.GetneightblReply
	view := witness.View[reply]{
		"family": func(x reply) any { return familyName[x.Header.Family] },
		"dev":    func(x reply) any { return witness.LinkName(links, x.Parms.Ifindex.V) },
	}
	for key, get := range map[string]func(p *rtneigh.NdtpaAttrs) any{
		"refcnt": func(p *rtneigh.NdtpaAttrs) any { return p.Refcnt }, "reachable": func(p *rtneigh.NdtpaAttrs) any { return p.ReachableTime },
		"base_reachable": func(p *rtneigh.NdtpaAttrs) any { return p.BaseReachableTime }, "retrans": func(p *rtneigh.NdtpaAttrs) any { return p.RetransTime },
		"gc_stale": func(p *rtneigh.NdtpaAttrs) any { return p.GcStaletime }, "delay_probe": func(p *rtneigh.NdtpaAttrs) any { return p.DelayProbeTime },
		"queue": func(p *rtneigh.NdtpaAttrs) any { return p.QueueLen }, "app_probes": func(p *rtneigh.NdtpaAttrs) any { return p.AppProbes },
		"ucast_probes": func(p *rtneigh.NdtpaAttrs) any { return p.UcastProbes }, "mcast_probes": func(p *rtneigh.NdtpaAttrs) any { return p.McastProbes },
		"anycast_delay": func(p *rtneigh.NdtpaAttrs) any { return p.AnycastDelay }, "proxy_delay": func(p *rtneigh.NdtpaAttrs) any { return p.ProxyDelay },
		"proxy_queue": func(p *rtneigh.NdtpaAttrs) any { return p.ProxyQlen }, "locktime": func(p *rtneigh.NdtpaAttrs) any { return p.Locktime },
	} {
		view[key] = func(x reply) any { return get(x.Parms) }
	}
	for _, key := range []string{
		"allocs", "destroys", "hash_grows", "res_failed", "lookups", "hits", "rcv_probes_mcast", "rcv_probes_ucast", "periodic_gc_runs",
		"forced_gc_runs", "table_fulls",
	} {
		view[key] = func(x reply) any {
			count, _ := witness.FieldNamed(x.Stats, key)
			return count
		}
	}
	for _, key := range []string{"key_length", "entry_size", "entries", "last_flush", "last_rand", "hash_rnd", "hash_mask", "hash_chain_gc", "proxy_qlen"} {
		view[key] = func(x reply) any {
			f := x.Config
			return map[string]any{
				"key_length": f.KeyLen, "entry_size": f.EntrySize, "entries": f.Entries,
				"last_flush": witness.Unseen("milliseconds that run"), "last_rand": witness.Unseen("milliseconds that run"),
				"hash_rnd": witness.OneOf{f.HashRnd, fmt.Sprintf("0x%x", f.HashRnd)}, "hash_mask": fmt.Sprintf("0x%x", f.HashMask), "hash_chain_gc": f.HashChainGc, "proxy_qlen": f.ProxyQlen,
			}[key]
		}
	}
	return view
}
