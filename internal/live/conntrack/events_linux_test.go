package conntrack

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/conntrack"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// TestEvents listens while flows are made, changed and removed, and compares what is told with what conntrack(8) prints of it.
func TestEvents(t *testing.T) {
	ctx, c := client(t)
	// Events can be off until somebody asks for them (sysctl nf_conntrack_events is 2).
	sub, err := c.Subscribe(ctx, conntrack.GroupConntrackNew, conntrack.GroupConntrackUpdate, conntrack.GroupConntrackDestroy)
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	printed := witness.Watch(t, unix.NETLINK_NETFILTER, "conntrack", "-E", "-o", "extended,id")
	all := requests()
	var want []string
	for _, name := range witness.SortedKeys(all) {
		req := all[name]
		change := &conntrack.NewRequest{Header: req.Header, TupleOrig: req.TupleOrig, Mark: u32(9), Zone: req.Zone}
		if err := c.New(ctx, req, nlconn.Create, nlconn.Exclusive); err != nil {
			t.Fatal(err)
		}
		if err := c.New(ctx, change); err != nil {
			t.Fatal(err)
		}
		if err := c.Delete(ctx, &conntrack.DeleteRequest{Header: req.Header, TupleOrig: req.TupleOrig, Zone: req.Zone}); err != nil {
			t.Fatal(err)
		}
		want = append(want, "NEW", "UPDATE", "DESTROY")
	}
	lines := printed(len(want))
	tally := witness.NewTally(t)
	for ev, err := range sub.All(witness.Patience(t)) {
		if err != nil {
			t.Fatal(err)
		}
		var x flow
		kind := "UPDATE"
		switch ev := ev.(type) {
		case *conntrack.NewNtf:
			x = &ev.GetReply
			if ev.Mark.V != 9 {
				kind = "NEW"
			}
		case *conntrack.DeleteNtf:
			x, kind = &ev.GetReply, "DESTROY"
		default:
			t.Fatalf("event %T", ev)
		}
		witness.Known(t, "message", x)
		tally.Field("kind", kind, want[0])
		words := strings.Fields(lines[0])
		tally.Field("kind that is printed", strings.Trim(words[0], "[]"), want[0])
		witness.Compare(tally, "event", x, view, parse(t, words[1:]))
		if want, lines = want[1:], lines[1:]; len(want) == 0 {
			break
		}
	}
	tally.Report("events")
}

// TestEventmask has a rule choose of which changes to tell.
func TestEventmask(t *testing.T) {
	n := witness.NewNamespace(t)
	_, c := client(t)
	n.Up(n.Link("lo"))
	witness.Output(t, "nft", "add table ip mask; add chain ip mask c { type filter hook output priority -150; }; add rule ip mask c udp sport 7 ct event set destroy")
	t.Cleanup(func() { _ = exec.Command("nft", "delete table ip mask").Run() })
	sub, err := c.Subscribe(n.Ctx, conntrack.GroupConntrackNew, conntrack.GroupConntrackDestroy)
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	for _, port := range []int{7, 8} {
		conn, err := net.DialUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port}, &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 9})
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if _, err := conn.Write([]byte("hello")); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Delete(n.Ctx, nil); err != nil {
		t.Fatal(err)
	}
	told := map[string]bool{}
	for ev, err := range sub.All(witness.Patience(t)) {
		if err != nil {
			t.Fatal(err)
		}
		switch ev := ev.(type) {
		case *conntrack.NewNtf:
			told[fmt.Sprint("+", ev.TupleOrig.TupleProto.ProtoSrcPort.V)] = true
		case *conntrack.DeleteNtf:
			told[fmt.Sprint("-", ev.TupleOrig.TupleProto.ProtoSrcPort.V)] = true
		}
		if told["-7"] && told["-8"] {
			break
		}
	}
	if got := strings.Join(witness.SortedKeys(told), " "); got != "+8 -7 -8" {
		t.Errorf("told of %s", got)
	}
}

// TestTimestamps reads when flows began, and when events happened, where the kernel can tell.
func TestTimestamps(t *testing.T) {
	ctx, c := client(t)
	for name, value := range map[string]string{"timestamp": "1", "acct": "1"} {
		if err := os.WriteFile("/proc/sys/net/netfilter/nf_conntrack_"+name, []byte(value), 0); err != nil {
			t.Skipf("this kernel has no time stamps or counters of flows: %v", err)
		}
	}
	before := time.Now()
	sub, err := c.Subscribe(ctx, conntrack.GroupConntrackDestroy)
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	req := requests()["translated"]
	if err := c.New(ctx, req, nlconn.Create); err != nil {
		t.Fatal(err)
	}
	x, err := c.Get(ctx, &conntrack.GetRequest{Header: req.Header, TupleOrig: req.TupleOrig})
	if err != nil {
		t.Fatal(err)
	}
	if x.CountersOrig == nil || !x.CountersOrig.Packets.OK || x.Timestamp == nil {
		t.Fatalf("no counters or time stamp: %+v", x)
	}
	began := time.Unix(0, int64(x.Timestamp.Start.V))
	if began.Before(before.Add(-time.Second)) || began.After(time.Now().Add(time.Second)) {
		t.Errorf("began at %v, now it is %v", began, time.Now())
	}
	if err := c.Delete(ctx, &conntrack.DeleteRequest{Header: req.Header, TupleOrig: req.TupleOrig}); err != nil {
		t.Fatal(err)
	}
	for ev, err := range sub.All(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		gone, ok := ev.(*conntrack.DeleteNtf)
		if !ok {
			t.Fatalf("event %T", ev)
		}
		if gone.Timestamp == nil || gone.Timestamp.Stop.V < gone.Timestamp.Start.V || gone.Timestamp.Start != x.Timestamp.Start {
			t.Errorf("time stamps at the end: %+v", gone.Timestamp)
		}
		witness.Known(t, "the end", gone)
		break
	}
}

// TestFilter lists the flows that a filter chooses, by every part of a tuple that it can compare.
func TestFilter(t *testing.T) {
	ctx, c := client(t)
	for name, req := range requests() {
		if err := c.New(ctx, req, nlconn.Create, nlconn.Exclusive); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	// chosen names the flows that a filter takes.
	chosen := func(req *conntrack.GetDumpRequest) []string {
		t.Helper()
		list, err := c.GetCollect(ctx, req)
		if err != nil {
			t.Error(err)
		}
		var names []string
		for _, x := range list {
			for name, made := range requests() {
				if diff := cmp.Diff(made.TupleOrig, x.TupleOrig, witness.Addresses); diff == "" {
					names = append(names, name)
				}
			}
		}
		slices.Sort(names)
		return names
	}
	orig := func(flags conntrack.FilterFlags, proto *conntrack.TupleProtoAttrs, addr *conntrack.TupleIpAttrs) *conntrack.GetDumpRequest {
		return &conntrack.GetDumpRequest{
			Header:    header(unix.AF_INET),
			TupleOrig: &conntrack.TupleAttrs{TupleIp: addr, TupleProto: proto},
			Filter:    &conntrack.FilterAttrs{OrigFlags: nlattr.Some(flags)},
		}
	}
	src := &conntrack.TupleIpAttrs{IpV4Src: nlattr.Some(netip.MustParseAddr("10.0.0.1"))}
	dst := &conntrack.TupleIpAttrs{IpV4Dst: nlattr.Some(netip.MustParseAddr("10.0.0.2"))}
	num := func(p conntrack.TupleProtoAttrs, proto uint8) *conntrack.TupleProtoAttrs {
		p.ProtoNum = u8(proto)
		return &p
	}
	orig6 := func(flags conntrack.FilterFlags, proto conntrack.TupleProtoAttrs) *conntrack.GetDumpRequest {
		req := orig(flags, num(proto, unix.IPPROTO_ICMPV6), nil)
		req.Header = header(unix.AF_INET6)
		return req
	}
	const byNum = conntrack.FilterFlagsProtoNum
	for _, tc := range []struct {
		name string
		req  *conntrack.GetDumpRequest
		want []string
	}{
		{"all", nil, witness.SortedKeys(requests())},
		{"IPv6", &conntrack.GetDumpRequest{Header: header(unix.AF_INET6)}, []string{"icmpv6", "udp over IPv6 in a zone"}},
		{"mark", &conntrack.GetDumpRequest{Mark: u32(1), MarkMask: u32(0xff)}, []string{"udp over IPv6 in a zone"}},
		{"zone", &conntrack.GetDumpRequest{Zone: u16(3)}, []string{"udp over IPv6 in a zone"}},
		{"status", &conntrack.GetDumpRequest{
			Status: nlattr.Some(conntrack.NfCtStatusAssured), StatusMask: nlattr.Some(conntrack.NfCtStatusAssured)}, []string{"tcp"}},
		{"source", orig(conntrack.FilterFlagsIpSrc, nil, src), []string{"icmp", "tcp"}},
		{"destination", orig(conntrack.FilterFlagsIpDst, nil, dst), []string{"tcp", "tcp with its window scale left out"}},
		{"protocol", orig(byNum, num(conntrack.TupleProtoAttrs{}, unix.IPPROTO_TCP), nil), []string{"tcp", "tcp with its window scale left out"}},
		{"source port", orig(byNum|conntrack.FilterFlagsProtoSrcPort, num(conntrack.TupleProtoAttrs{ProtoSrcPort: u16(1001)}, unix.IPPROTO_TCP), nil), []string{"tcp with its window scale left out"}},
		{"destination port", orig(byNum|conntrack.FilterFlagsProtoDstPort, num(conntrack.TupleProtoAttrs{ProtoDstPort: u16(80)}, unix.IPPROTO_TCP), nil), []string{"tcp"}},
		{"icmp type", orig(byNum|conntrack.FilterFlagsProtoIcmpType, num(conntrack.TupleProtoAttrs{ProtoIcmpType: u8(8)}, unix.IPPROTO_ICMP), nil), []string{"icmp"}},
		{"icmp code", orig(byNum|conntrack.FilterFlagsProtoIcmpCode, num(conntrack.TupleProtoAttrs{ProtoIcmpCode: u8(3)}, unix.IPPROTO_ICMP), nil), nil},
		{"icmpv6 type", orig6(byNum|conntrack.FilterFlagsProtoIcmpv6Type, conntrack.TupleProtoAttrs{ProtoIcmpv6Type: u8(128)}), []string{"icmpv6"}},
		{"icmpv6 code", orig6(byNum|conntrack.FilterFlagsProtoIcmpv6Code, conntrack.TupleProtoAttrs{ProtoIcmpv6Code: u8(3)}), nil},
		{"icmpv6 id", orig6(byNum|conntrack.FilterFlagsProtoIcmpv6ID, conntrack.TupleProtoAttrs{ProtoIcmpv6ID: u16(78)}), []string{"icmpv6"}},
		// The kernel wants a zone with this flag, and does not compare it.
		{"zone of a direction", &conntrack.GetDumpRequest{
			Header:    header(unix.AF_INET6),
			TupleOrig: &conntrack.TupleAttrs{TupleZone: u16(3)},
			Filter:    &conntrack.FilterAttrs{OrigFlags: nlattr.Some(conntrack.FilterFlagsTupleZone)}}, []string{"icmpv6", "udp over IPv6 in a zone"}},
		{"source of replies", &conntrack.GetDumpRequest{
			Header:     header(unix.AF_INET),
			TupleReply: &conntrack.TupleAttrs{TupleIp: &conntrack.TupleIpAttrs{IpV4Src: nlattr.Some(netip.MustParseAddr("10.9.9.9"))}},
			Filter:     &conntrack.FilterAttrs{ReplyFlags: nlattr.Some(conntrack.FilterFlagsIpSrc)}}, []string{"translated"}},
		{"icmp id", orig(byNum|conntrack.FilterFlagsProtoIcmpID, num(conntrack.TupleProtoAttrs{ProtoIcmpID: u16(77)}, unix.IPPROTO_ICMP), nil), []string{"icmp"}},
	} {
		if got := chosen(tc.req); !slices.Equal(got, tc.want) {
			t.Errorf("by %s: the flows %q, want %q", tc.name, got, tc.want)
		}
	}
	// A delete takes what the filter takes, and heeds the family in a header of version 1 only.
	v6 := header(unix.AF_INET6)
	v6.Version = 1
	left := witness.SortedKeys(requests())
	for _, tc := range []struct {
		name string
		req  *conntrack.DeleteRequest
		gone []string // nil for all that are left
	}{
		{"zone", &conntrack.DeleteRequest{Zone: u16(3)}, []string{"udp over IPv6 in a zone"}},
		{"mark", &conntrack.DeleteRequest{Mark: u32(7), MarkMask: u32(0xff)}, []string{"tcp"}},
		{"source", &conntrack.DeleteRequest{
			Header: header(unix.AF_INET), TupleOrig: &conntrack.TupleAttrs{TupleIp: src},
			Filter: &conntrack.FilterAttrs{OrigFlags: nlattr.Some(conntrack.FilterFlagsIpSrc)}}, []string{"icmp"}},
		{"family", &conntrack.DeleteRequest{Header: v6}, []string{"icmpv6"}},
		{"all", &conntrack.DeleteRequest{Header: header(unix.AF_INET6)}, nil},
	} {
		if err := c.Delete(ctx, tc.req); err != nil {
			t.Errorf("delete by %s: %v", tc.name, err)
		}
		left = slices.DeleteFunc(left, func(name string) bool { return tc.gone == nil || slices.Contains(tc.gone, name) })
		if got := chosen(nil); !slices.Equal(got, left) {
			t.Errorf("after a delete by %s the flows %q are left, want %q", tc.name, got, left)
		}
	}
}

// TestStats compares the counters of the CPUs with those that the tool prints.
func TestStats(t *testing.T) {
	ctx, c := client(t)
	if err := c.New(ctx, requests()["tcp"], nlconn.Create); err != nil {
		t.Fatal(err)
	}
	tally := witness.NewTally(t)
	tally.Steady(func(tally *witness.Tally) {
		cpus, err := c.GetStatsCollect(ctx, nil)
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSpace(string(witness.Output(t, "conntrack", "-S"))), "\n")
		if len(lines) != len(cpus) {
			tally.Errorf("conntrack has %d CPUs, we %d", len(lines), len(cpus))
			return
		}
		for i, x := range cpus {
			theirs := witness.Object{}
			for _, w := range strings.Fields(lines[i]) {
				key, value, _ := strings.Cut(w, "=")
				theirs[key] = value
			}
			n := func(f func(*conntrack.GetStatsReply) nlattr.Opt[uint32]) func(*conntrack.GetStatsReply) any {
				return func(x *conntrack.GetStatsReply) any { return text(f(x)) }
			}
			type s = *conntrack.GetStatsReply
			type o = nlattr.Opt[uint32]
			witness.Compare(tally, lines[i], x, witness.View[s]{
				"cpu":            func(x s) any { return text(u32(uint32(x.Header.ResID))) },
				"found":          n(func(x s) o { return x.Found }),
				"invalid":        n(func(x s) o { return x.Invalid }),
				"insert":         n(func(x s) o { return x.Insert }),
				"insert_failed":  n(func(x s) o { return x.InsertFailed }),
				"drop":           n(func(x s) o { return x.Drop }),
				"early_drop":     n(func(x s) o { return x.EarlyDrop }),
				"error":          n(func(x s) o { return x.Error }),
				"search_restart": n(func(x s) o { return x.SearchRestart }),
				"clash_resolve":  n(func(x s) o { return x.ClashResolve }),
				"chaintoolong":   n(func(x s) o { return x.ChainToolong }),
			}, theirs)
		}
	})
	tally.Report("statistics")
	if _, err := c.GetDyingCollect(ctx, nil); err != nil {
		t.Error(err)
	}
	if _, err := c.GetUnconfirmedCollect(ctx, nil); err != nil {
		t.Error(err)
	}
}

// TestRefusals makes the kernel refuse requests.
func TestRefusals(t *testing.T) {
	ctx, c := client(t)
	good := requests()["tcp"]
	for _, r := range []struct {
		name string
		call func() error
		want syscall.Errno
		text string
	}{
		{"no such flow", func() error {
			_, err := c.Get(ctx, &conntrack.GetRequest{Header: good.Header, TupleOrig: good.TupleOrig})
			return err
		}, syscall.ENOENT, "conntrack: get: ENOENT: no such file or directory"},
		{"no tuple", func() error {
			_, err := c.Get(ctx, &conntrack.GetRequest{Header: good.Header})
			return err
		}, syscall.EINVAL, "conntrack: get: EINVAL: invalid argument"},
		{"no timeout", func() error {
			req := *good
			req.Timeout = nlattr.Opt[uint32]{}
			return c.New(ctx, &req, nlconn.Create)
		}, syscall.EINVAL, "conntrack: new: EINVAL: invalid argument"},
		{"unknown helper", func() error {
			req := *good
			req.Help = &conntrack.HelpAttrs{HelpName: nlattr.Some("nohelper")}
			return c.New(ctx, &req, nlconn.Create)
		}, syscall.EOPNOTSUPP, "conntrack: new: EOPNOTSUPP: operation not supported"},
		{"short address", func() error {
			req := *good
			req.TupleOrig = &conntrack.TupleAttrs{TupleProto: good.TupleOrig.TupleProto, TupleIp: &conntrack.TupleIpAttrs{
				Unknown: []nlattr.Attr{{Type: conntrack.AttrTupleIpIpV4Src, Data: []byte{1}}}}}
			return c.New(ctx, &req, nlconn.Create, nlconn.NoValidate)
		}, syscall.ERANGE, "conntrack: new: ERANGE: numerical result out of range"}, // The kernel does not tell of attributes in nests.
		{"short status", func() error {
			req := *good
			req.Status = nlattr.Opt[conntrack.NfCtStatus]{}
			req.Unknown = []nlattr.Attr{{Type: conntrack.AttrConntrackStatus, Data: []byte{1}}}
			return c.New(ctx, &req, nlconn.Create, nlconn.NoValidate)
		}, syscall.ERANGE, `conntrack: new: ERANGE: "Attribute failed policy validation" [attribute status, policy u32 0..4294967295]`},
	} {
		witness.Refused(t, r.name, r.call(), r.want, r.text)
	}
}
