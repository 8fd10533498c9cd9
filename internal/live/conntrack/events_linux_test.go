package conntrack

import (
	"context"
	"errors"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/conntrack"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// TestEvents listens while a flow is made, changed and removed.
func TestEvents(t *testing.T) {
	ctx, c := client(t)
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	// Events can be off until somebody asks for them (sysctl nf_conntrack_events is 2).
	sub, err := c.Subscribe(ctx, conntrack.GroupConntrackNew, conntrack.GroupConntrackUpdate, conntrack.GroupConntrackDestroy)
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	req := requests()["tcp"]
	if err := c.New(ctx, req, nlconn.Create, nlconn.Exclusive); err != nil {
		t.Fatal(err)
	}
	which := &conntrack.GetRequest{Header: req.Header, TupleOrig: req.TupleOrig}
	made, err := c.Get(ctx, which)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.New(ctx, &conntrack.NewRequest{Header: req.Header, TupleOrig: req.TupleOrig, Mark: u32(9)}); err != nil {
		t.Fatal(err)
	}
	if err := c.Delete(ctx, &conntrack.DeleteRequest{Header: req.Header, TupleOrig: req.TupleOrig}); err != nil {
		t.Fatal(err)
	}
	var told []string
	for ev, err := range sub.All(ctx) {
		if err != nil {
			t.Fatalf("after %v: %v", told, err)
		}
		switch ev := ev.(type) {
		case *conntrack.NewNtf:
			if ev.ID != made.ID || ev.TupleOrig.TupleIp.IpV4Src != req.TupleOrig.TupleIp.IpV4Src {
				t.Errorf("an event about another flow: %+v", ev)
			}
			if ev.Mark.V == 9 {
				told = append(told, "changed")
			} else {
				told = append(told, "made")
			}
		case *conntrack.DeleteNtf:
			told = append(told, "removed")
		default:
			t.Errorf("event %T", ev)
		}
		if len(told) == 3 {
			break
		}
	}
	if got := strings.Join(told, " "); got != "made changed removed" {
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
		if len(gone.Unknown) > 0 {
			t.Errorf("unknown attributes: %v", gone.Unknown)
		}
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
	count := func(req *conntrack.GetDumpRequest) int {
		t.Helper()
		list, err := c.GetCollect(ctx, req)
		if err != nil {
			t.Error(err)
		}
		return len(list)
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
	const byNum = conntrack.FilterFlagsProtoNum
	for _, tc := range []struct {
		name string
		req  *conntrack.GetDumpRequest
		want int
	}{
		{"all", nil, 9},
		{"IPv6", &conntrack.GetDumpRequest{Header: header(unix.AF_INET6)}, 2},
		{"mark", &conntrack.GetDumpRequest{Mark: u32(1), MarkMask: u32(0xff)}, 1},
		{"zone", &conntrack.GetDumpRequest{Zone: u16(3)}, 1},
		{"status", &conntrack.GetDumpRequest{
			Status: nlattr.Some(conntrack.NfCtStatusAssured), StatusMask: nlattr.Some(conntrack.NfCtStatusAssured)}, 1},
		{"source", orig(conntrack.FilterFlagsIpSrc, nil, src), 2},
		{"destination", orig(conntrack.FilterFlagsIpDst, nil, dst), 2},
		{"protocol", orig(byNum, num(conntrack.TupleProtoAttrs{}, unix.IPPROTO_TCP), nil), 2},
		{"source port", orig(byNum|conntrack.FilterFlagsProtoSrcPort, num(conntrack.TupleProtoAttrs{ProtoSrcPort: u16(1001)}, unix.IPPROTO_TCP), nil), 1},
		{"destination port", orig(byNum|conntrack.FilterFlagsProtoDstPort, num(conntrack.TupleProtoAttrs{ProtoDstPort: u16(80)}, unix.IPPROTO_TCP), nil), 1},
		{"icmp type", orig(byNum|conntrack.FilterFlagsProtoIcmpType, num(conntrack.TupleProtoAttrs{ProtoIcmpType: u8(8)}, unix.IPPROTO_ICMP), nil), 1},
		{"icmp code", orig(byNum|conntrack.FilterFlagsProtoIcmpCode, num(conntrack.TupleProtoAttrs{ProtoIcmpCode: u8(3)}, unix.IPPROTO_ICMP), nil), 0},
		{"icmp id", orig(byNum|conntrack.FilterFlagsProtoIcmpID, num(conntrack.TupleProtoAttrs{ProtoIcmpID: u16(77)}, unix.IPPROTO_ICMP), nil), 1},
	} {
		if got := count(tc.req); got != tc.want {
			t.Errorf("by %s: %d flows, want %d", tc.name, got, tc.want)
		}
	}
	// A delete takes what the filter takes.
	if err := c.Delete(ctx, &conntrack.DeleteRequest{Mark: u32(1), MarkMask: u32(0xff)}); err != nil {
		t.Error(err)
	}
	if got := count(nil); got != 8 {
		t.Errorf("%d flows are left, want 8", got)
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
	if _, err := c.ExpGetStatsCollect(ctx, nil); err != nil {
		t.Error(err)
	}
}

// TestExpectations expects flows, reads them back and listens to it.
func TestExpectations(t *testing.T) {
	ctx, c := client(t)
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	sub, err := c.Subscribe(ctx, conntrack.GroupConntrackExpNew, conntrack.GroupConntrackExpDestroy)
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	req := requests()["tcp"]
	// The master needs room for a helper, which an assigned one makes.
	req.Help = &conntrack.HelpAttrs{HelpName: nlattr.Some("ftp")}
	switch err := c.New(ctx, req, nlconn.Create, nlconn.Exclusive); {
	case errors.Is(err, syscall.EOPNOTSUPP):
		t.Skipf("this kernel has no ftp helper: %v", err)
	case err != nil:
		t.Fatal(err)
	}
	full := nlattr.Some(netip.MustParseAddr("255.255.255.255"))
	exp := &conntrack.ExpNewRequest{
		Header: header(unix.AF_INET),
		Master: req.TupleOrig,
		Tuple:  tuple("10.0.0.2", "10.0.0.1", unix.IPPROTO_TCP, 0, 2000),
		Mask: &conntrack.TupleAttrs{
			TupleIp:    &conntrack.TupleIpAttrs{IpV4Src: full, IpV4Dst: full},
			TupleProto: &conntrack.TupleProtoAttrs{ProtoNum: u8(unix.IPPROTO_TCP), ProtoSrcPort: u16(0), ProtoDstPort: u16(0xffff)},
		},
		Timeout: u32(100),
		Flags:   nlattr.Some(conntrack.ExpFlagsPermanent),
		Class:   u32(0),
	}
	if err := c.ExpNew(ctx, exp, nlconn.Create, nlconn.Exclusive); err != nil {
		t.Fatal(err)
	}
	got, err := c.ExpGet(ctx, &conntrack.ExpGetRequest{Header: exp.Header, Tuple: exp.Tuple})
	if err != nil {
		t.Fatal(err)
	}
	tally := witness.NewTally(t)
	witness.LogUnknown(t, "expectation", got)
	tally.Within("expectation", exp, got, "Timeout", "Mask", "Class")
	tally.Report("expectation")
	out := string(witness.Output(t, "conntrack", "-L", "expect"))
	if !strings.Contains(out, "proto=6 src=10.0.0.2 dst=10.0.0.1 sport=0 dport=2000") || !strings.Contains(out, "PERMANENT") {
		t.Errorf("conntrack prints %s", out)
	}
	list, err := c.ExpGetCollect(ctx, nil)
	if err != nil || len(list) != 1 || list[0].ID != got.ID {
		t.Errorf("the dump has %d, %v", len(list), err)
	}
	if err := c.ExpDelete(ctx, &conntrack.ExpDeleteRequest{Header: exp.Header, Tuple: exp.Tuple, ID: got.ID}); err != nil {
		t.Fatal(err)
	}
	events := 0
	for ev, err := range sub.All(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		if x, ok := ev.(*conntrack.ExpNewNtf); ok != (events == 0) || ok && x.ID != got.ID {
			t.Errorf("event %d is %T", events, ev)
		}
		if events++; events == 2 {
			break
		}
	}
}

// TestRefusals makes the kernel refuse requests.
func TestRefusals(t *testing.T) {
	ctx, c := client(t)
	good := requests()["tcp"]
	for _, r := range []struct {
		name string
		call func() error
		want error
		text string
	}{
		{"no such flow", func() error {
			_, err := c.Get(ctx, &conntrack.GetRequest{Header: good.Header, TupleOrig: good.TupleOrig})
			return err
		}, syscall.ENOENT, "conntrack: get: ENOENT"},
		{"no tuple", func() error {
			_, err := c.Get(ctx, &conntrack.GetRequest{Header: good.Header})
			return err
		}, syscall.EINVAL, "conntrack: get: EINVAL"},
		{"no timeout", func() error {
			req := *good
			req.Timeout = nlattr.Opt[uint32]{}
			return c.New(ctx, &req, nlconn.Create)
		}, syscall.EINVAL, "conntrack: new: EINVAL"},
		{"unknown helper", func() error {
			req := *good
			req.Help = &conntrack.HelpAttrs{HelpName: nlattr.Some("nohelper")}
			return c.New(ctx, &req, nlconn.Create)
		}, syscall.EOPNOTSUPP, "conntrack: new: EOPNOTSUPP"},
		{"short address", func() error {
			req := *good
			req.TupleOrig = &conntrack.TupleAttrs{TupleProto: good.TupleOrig.TupleProto, TupleIp: &conntrack.TupleIpAttrs{
				Unknown: []nlattr.Attr{{Type: conntrack.AttrTupleIpIpV4Src, Data: []byte{1}}}}}
			return c.New(ctx, &req, nlconn.Create, nlconn.NoValidate)
		}, syscall.ERANGE, "conntrack: new: ERANGE"}, // The kernel does not tell of attributes in nests.
		{"short status", func() error {
			req := *good
			req.Status = nlattr.Opt[conntrack.NfCtStatus]{}
			req.Unknown = []nlattr.Attr{{Type: conntrack.AttrConntrackStatus, Data: []byte{1}}}
			return c.New(ctx, &req, nlconn.Create, nlconn.NoValidate)
		}, syscall.ERANGE, "[attribute status"},
	} {
		err := r.call()
		if !errors.Is(err, r.want) || !strings.Contains(err.Error(), r.text) {
			t.Errorf("%s: %v, want %v and %q", r.name, err, r.want, r.text)
		}
	}
}
