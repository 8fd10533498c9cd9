package conntrack

import (
	"context"
	"errors"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/conntrack"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// requests are flows that differ in all that a request can state.
func requests() map[string]*conntrack.NewRequest {
	v4, v6 := header(unix.AF_INET), header(unix.AF_INET6)
	tcp := func(state conntrack.NfCtTcpState) *conntrack.ProtoinfoAttrs {
		return &conntrack.ProtoinfoAttrs{ProtoinfoTcp: &conntrack.ProtoinfoTcpAttrs{TcpState: nlattr.Some(state)}}
	}
	echo := func(typ uint8) *conntrack.TupleProtoAttrs {
		return &conntrack.TupleProtoAttrs{ProtoNum: u8(unix.IPPROTO_ICMP), ProtoIcmpType: u8(typ), ProtoIcmpCode: u8(0), ProtoIcmpID: u16(77)}
	}
	echo6 := func(typ uint8) *conntrack.TupleProtoAttrs {
		return &conntrack.TupleProtoAttrs{ProtoNum: u8(unix.IPPROTO_ICMPV6), ProtoIcmpv6Type: u8(typ), ProtoIcmpv6Code: u8(0), ProtoIcmpv6ID: u16(78)}
	}
	return map[string]*conntrack.NewRequest{
		"tcp": {
			Header:     v4,
			TupleOrig:  tuple("10.0.0.1", "10.0.0.2", unix.IPPROTO_TCP, 1000, 80),
			TupleReply: tuple("10.0.0.2", "10.0.0.1", unix.IPPROTO_TCP, 80, 1000),
			Status:     nlattr.Some(conntrack.NfCtStatusConfirmed | conntrack.NfCtStatusSeenReply | conntrack.NfCtStatusAssured),
			Timeout:    u32(1000), Mark: u32(7),
			Protoinfo: &conntrack.ProtoinfoAttrs{ProtoinfoTcp: &conntrack.ProtoinfoTcpAttrs{
				TcpState:          nlattr.Some(conntrack.NfCtTcpStateEstablished),
				TcpWscaleOriginal: u8(7), TcpWscaleReply: u8(8),
				TcpFlagsOriginal: nlattr.Some(conntrack.NfCtTcpFlagsMask{
					Flags: conntrack.NfCtTcpFlagsWindowScale | conntrack.NfCtTcpFlagsSackPerm, Mask: 0xff}),
				TcpFlagsReply: nlattr.Some(conntrack.NfCtTcpFlagsMask{
					Flags: conntrack.NfCtTcpFlagsWindowScale | conntrack.NfCtTcpFlagsBeLiberal, Mask: 0xff}),
			}},
		},
		"tcp with its window scale left out": {
			Header:     v4,
			TupleOrig:  tuple("10.0.0.3", "10.0.0.2", unix.IPPROTO_TCP, 1001, 443),
			TupleReply: tuple("10.0.0.2", "10.0.0.3", unix.IPPROTO_TCP, 443, 1001),
			Timeout:    u32(100), Protoinfo: tcp(conntrack.NfCtTcpStateSynSent),
		},
		"udp over IPv6 in a zone": {
			Header:     v6,
			TupleOrig:  tuple("2001:db8::1", "2001:db8::2", unix.IPPROTO_UDP, 53, 99),
			TupleReply: tuple("2001:db8::2", "2001:db8::1", unix.IPPROTO_UDP, 99, 53),
			Timeout:    u32(50), Zone: u16(3), Mark: u32(0x80000001),
		},
		"translated": {
			Header:     v4,
			TupleOrig:  tuple("10.0.0.4", "192.0.2.1", unix.IPPROTO_UDP, 5000, 53),
			TupleReply: tuple("10.9.9.9", "10.0.0.4", unix.IPPROTO_UDP, 5353, 5000),
			Timeout:    u32(60),
		},
		"icmp": {
			Header:     v4,
			TupleOrig:  &conntrack.TupleAttrs{TupleIp: ip("10.0.0.1", "10.0.0.3"), TupleProto: echo(8)},
			TupleReply: &conntrack.TupleAttrs{TupleIp: ip("10.0.0.3", "10.0.0.1"), TupleProto: echo(0)},
			Timeout:    u32(30),
		},
		"icmpv6": {
			Header:     v6,
			TupleOrig:  &conntrack.TupleAttrs{TupleIp: ip("2001:db8::1", "2001:db8::3"), TupleProto: echo6(128)},
			TupleReply: &conntrack.TupleAttrs{TupleIp: ip("2001:db8::3", "2001:db8::1"), TupleProto: echo6(129)},
			Timeout:    u32(30),
		},
		"sctp": {
			Header:     v4,
			TupleOrig:  tuple("10.0.0.5", "10.0.0.6", unix.IPPROTO_SCTP, 7000, 7001),
			TupleReply: tuple("10.0.0.6", "10.0.0.5", unix.IPPROTO_SCTP, 7001, 7000),
			Timeout:    u32(70),
			Protoinfo: &conntrack.ProtoinfoAttrs{ProtoinfoSctp: &conntrack.ProtoinfoSctpAttrs{
				SctpState:    nlattr.Some(conntrack.NfCtSctpStateEstablished),
				VtagOriginal: u32(0x11223344), VtagReply: u32(0x55667788),
			}},
		},
		"gre": {
			Header:     v4,
			TupleOrig:  tuple("10.0.0.7", "10.0.0.8", unix.IPPROTO_GRE, 0x1234, 0x4321),
			TupleReply: tuple("10.0.0.8", "10.0.0.7", unix.IPPROTO_GRE, 0x4321, 0x1234),
			Timeout:    u32(80),
		},
		"a protocol without ports": {
			Header:     v4,
			TupleOrig:  &conntrack.TupleAttrs{TupleIp: ip("10.0.0.9", "10.0.0.10"), TupleProto: &conntrack.TupleProtoAttrs{ProtoNum: u8(99)}},
			TupleReply: &conntrack.TupleAttrs{TupleIp: ip("10.0.0.10", "10.0.0.9"), TupleProto: &conntrack.TupleProtoAttrs{ProtoNum: u8(99)}},
			Timeout:    u32(90),
			Labels:     []byte{0x05, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x80},
		},
	}
}

// TestFlows makes flows, reads them back by themselves and in a dump, and compares every field with what was asked for and with what
// conntrack(8) prints.
func TestFlows(t *testing.T) {
	ctx, c := client(t)
	labels(t)
	// Flows only have labels if a rule asks for them.
	witness.Output(t, "nft", "add table ip labels; add chain ip labels c; add rule ip labels c ct label set 127")
	tally := witness.NewTally(t)
	made := requests()
	for name, req := range made {
		create(ctx, t, c, tally, name, variant{req: req})
		if err := c.New(ctx, req, nlconn.Create, nlconn.Exclusive); !errors.Is(err, syscall.EEXIST) {
			t.Errorf("%s made again: %v", name, err)
		}
	}
	compareListed(ctx, t, c, tally, len(made))
	tally.Report("flows")
	if stats, err := c.GetStatsGlobal(ctx, nil); err != nil || stats.Entries.V != uint32(len(made)) || stats.MaxEntries.V == 0 {
		t.Errorf("the table has %+v, %v", stats, err)
	}
}

// create makes a flow, reads it back and compares it with what was asked for.
func create(ctx context.Context, t *testing.T, c *conntrack.Client, tally *witness.Tally, name string, v variant) {
	t.Helper()
	req := v.req
	if err := c.New(ctx, req, nlconn.Create, nlconn.Exclusive); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	got, err := c.Get(ctx, &conntrack.GetRequest{Header: req.Header, TupleOrig: req.TupleOrig, Zone: req.Zone})
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	witness.Known(t, name, got)
	// The kernel adds to the status, counts down, and answers no masks. What it translates shows in the addresses.
	skip := []string{"Status", "Timeout", "TcpFlagsOriginal", "TcpFlagsReply", "NatSrc", "NatDst"}
	if v.reply != nil {
		skip = append(skip, "TupleReply")
		tally.Within(name+".reply", v.reply, got.TupleReply)
	}
	if p := req.Protoinfo; p != nil && p.ProtoinfoDccp != nil && got.Protoinfo == nil {
		t.Logf("%s: this kernel does not track DCCP", name)
		skip = append(skip, "Protoinfo", "ProtoSrcPort", "ProtoDstPort")
	}
	tally.Within(name, req, got, skip...)
	if p := req.Protoinfo; p != nil && p.ProtoinfoTcp != nil && p.ProtoinfoTcp.TcpFlagsOriginal.OK {
		want, got := p.ProtoinfoTcp, got.Protoinfo.ProtoinfoTcp
		tally.Field(name+".flags-original", want.TcpFlagsOriginal.V.Flags, got.TcpFlagsOriginal.V.Flags.String())
		tally.Field(name+".flags-reply", want.TcpFlagsReply.V.Flags, got.TcpFlagsReply.V.Flags.String())
	}
	if want := req.Status.V | status[name]; got.Status.V&want != want {
		t.Errorf("%s: asked for status %v, got %v", name, want, got.Status.V)
	}
	if req.Timeout.V < got.Timeout.V || got.Timeout.V+5 < req.Timeout.V {
		t.Errorf("%s: asked for a timeout of %d s, got %d", name, req.Timeout.V, got.Timeout.V)
	}
}

// compareListed compares every flow of a dump with what conntrack(8) prints of it.
func compareListed(ctx context.Context, t *testing.T, c *conntrack.Client, tally *witness.Tally, flows int) {
	t.Helper()
	tally.Steady(func(tally *witness.Tally) {
		theirs := listed(t)
		for id, flow := range listed(t, "-f", "ipv6") {
			theirs[id] = flow
		}
		all, err := c.GetCollect(ctx, nil)
		if err != nil {
			t.Fatal(err)
		}
		if len(all) != flows || len(theirs) != flows {
			tally.Errorf("made %d flows, the dump has %d, conntrack lists %d", flows, len(all), len(theirs))
		}
		for _, x := range all {
			id := text(x.ID)
			if theirs[id] == nil {
				tally.Errorf("conntrack does not list flow %s", id)
			}
			witness.Compare(tally, "flow "+id, x, view, theirs[id])
		}
	})
}

// TestForeignFlows reads what conntrack(8) made.
func TestForeignFlows(t *testing.T) {
	ctx, c := client(t)
	witness.Output(t, "conntrack", "-I", "-p", "tcp", "-s", "10.1.0.1", "-d", "10.1.0.2", "--sport", "1000", "--dport", "80",
		"--state", "ESTABLISHED", "-t", "100", "-u", "SEEN_REPLY,ASSURED", "-m", "7")
	witness.Output(t, "conntrack", "-I", "-p", "udp", "-s", "2001:db8::1", "-d", "2001:db8::2", "--sport", "53", "--dport", "99", "-t", "50", "--zone", "3")
	witness.Output(t, "conntrack", "-I", "-p", "dccp", "-s", "10.1.0.1", "-d", "10.1.0.3", "--sport", "1", "--dport", "2", "-t", "30",
		"--state", "OPEN", "--role", "client")
	tally := witness.NewTally(t)
	compareListed(ctx, t, c, tally, 3)
	tally.Report("flows of conntrack(8)")
}

// TestChange changes a flow that exists and removes it.
func TestChange(t *testing.T) {
	ctx, c := client(t)
	req := requests()["tcp"]
	if err := c.New(ctx, req, nlconn.Create, nlconn.Exclusive); err != nil {
		t.Fatal(err)
	}
	which := &conntrack.GetRequest{Header: req.Header, TupleReply: req.TupleReply}
	change := &conntrack.NewRequest{Header: req.Header, TupleOrig: req.TupleOrig, Mark: u32(9), Timeout: u32(55)}
	if err := c.New(ctx, change); err != nil {
		t.Fatal(err)
	}
	got, err := c.Get(ctx, which)
	if err != nil || got.Mark.V != 9 || got.Timeout.V > 55 {
		t.Errorf("after the change: %+v, %v", got, err)
	}
	zero, err := c.GetCtrzero(ctx, &conntrack.GetCtrzeroRequest{Header: req.Header, TupleOrig: req.TupleOrig})
	if err != nil || zero.ID != got.ID {
		t.Errorf("get-ctrzero: %+v, %v", zero, err)
	}
	wrong := &conntrack.DeleteRequest{Header: req.Header, TupleOrig: req.TupleOrig, ID: u32(got.ID.V + 1)}
	if err := c.Delete(ctx, wrong); !errors.Is(err, syscall.ENOENT) {
		t.Errorf("delete with another id: %v", err)
	}
	wrong.ID = got.ID
	if err := c.Delete(ctx, wrong); err != nil {
		t.Error(err)
	}
	if _, err := c.Get(ctx, which); !errors.Is(err, syscall.ENOENT) {
		t.Errorf("get after delete: %v", err)
	}
}
