package nfqueue

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/conntrack"
	"github.com/nlgen/nlgen/generated/nfqueue"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/internal/witness/traffic"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// connections asks for the connections of packets, and skips the test if the kernel sends none.
func (b *bench) connections() {
	b.Helper()
	flags := config(b.number)
	flags.Mask, flags.Flags = nlattr.Some(nfqueue.ConfigFlagsConntrack), nlattr.Some(nfqueue.ConfigFlagsConntrack)
	if err := b.queue.Config(b.ctx, flags); errors.Is(err, unix.EOPNOTSUPP) {
		b.Skipf("this kernel sends no connections: %v", err)
	} else if err != nil {
		b.Fatal(err)
	}
}

// TestFlows gets packets of connections of every kind, and compares each with what the family conntrack says of the connection.
func TestFlows(t *testing.T) {
	b := newBench(t, 24, nfqueue.ConfigModePacket)
	b.connections()
	b.rules("inet", `
		chain labels { ct label set 127; };
		secmark s { "unconfined" };
		chain zone { type filter hook output priority raw; ip6 daddr 2001:db8::2 ct zone set 3; };
		chain out { type filter hook output priority 0; meta secmark set "s"; ct secmark set meta secmark; ip daddr 10.0.0.2 jump q; ip6 daddr 2001:db8::2 jump q; };`)
	traffic.Tracked(t, func(name string) ([]byte, error) {
		p := b.next()
		witness.Known(t, name, p)
		if p.Ct == nil {
			t.Fatalf("%s: no connection: %+v", name, p)
		}
		b.decide(b.verdict(p.PacketHdr.V.PacketID, nfqueue.VerdictCodeDrop))
		return (&nfqueue.PacketMessage{Ct: p.Ct}).AppendBinary(nil)
	})
}

// TestConnection gets the connection with the packet, and changes it with the verdict.
func TestConnection(t *testing.T) {
	b := newBench(t, 19, nfqueue.ConfigModePacket)
	b.connections()
	b.queueOutput("ct state new,established")
	b.send("one")
	p := b.next()
	if p.Ct == nil {
		t.Fatalf("a packet without its connection: %+v", p)
	}
	if p.CtInfo != nlattr.Some(nfqueue.CtInfoNew) {
		t.Errorf("state %v", p.CtInfo)
	}
	client, server := b.client.LocalAddr().(*net.UDPAddr), b.server.LocalAddr().(*net.UDPAddr)
	orig := p.Ct.TupleOrig
	if orig == nil || orig.Ip == nil || orig.Proto == nil {
		t.Fatalf("connection %+v", p.Ct)
	}
	if src, dst := orig.Ip.V4Src.V, orig.Ip.V4Dst.V; src != client.AddrPort().Addr() || dst != server.AddrPort().Addr() {
		t.Errorf("addresses %v and %v", src, dst)
	}
	if pr := orig.Proto; pr.Num.V != unix.IPPROTO_UDP || int(pr.SrcPort.V) != client.Port || int(pr.DstPort.V) != server.Port {
		t.Errorf("ports %+v", pr)
	}
	if !p.Ct.ID.OK || len(p.Ct.Unknown) != 0 {
		t.Errorf("connection %+v", p.Ct)
	}
	verdict := b.verdict(p.PacketHdr.V.PacketID, nfqueue.VerdictCodeAccept)
	verdict.Ct = &nfqueue.CtAttrs{Mark: nlattr.Some(uint32(0x77)), Timeout: nlattr.Some(uint32(5000)), Status: nlattr.Some(p.Ct.Status.V | nfqueue.CtStatusFixedTimeout)}
	b.decide(verdict)
	b.comes("one")

	b.send("two")
	p = b.next()
	if p.Ct.Mark != nlattr.Some(uint32(0x77)) {
		t.Errorf("mark %v of the connection", p.Ct.Mark)
	}
	if left := p.Ct.Timeout.V; left < 4900 || left > 5000 || p.Ct.Status.V&nfqueue.CtStatusFixedTimeout == 0 {
		t.Errorf("%d seconds are left, status %v", left, p.Ct.Status)
	}
	b.decide(b.verdict(p.PacketHdr.V.PacketID, nfqueue.VerdictCodeAccept))
	b.comes("two")
}

// TestExpect expects a connection by a verdict on a packet of another.
func TestExpect(t *testing.T) {
	b := newBench(t, 25, nfqueue.ConfigModePacket)
	b.connections()
	traffic.Addresses(t)
	b.rules("inet", "chain labels { ct label set 127; }; chain out { type filter hook output priority 0; ip daddr 10.0.0.2 jump q; };")
	ctx, conn := witness.Dial(t)
	flows := conntrack.New(conn)
	s := traffic.Packets()["a tcp"]
	s.Flow.SeqAdjOrig, s.Flow.SeqAdjReply, s.Flow.Synproxy = nil, nil, nil
	if err := flows.New(ctx, s.Flow, nlconn.Create, nlconn.Exclusive); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = flows.Delete(context.Background(), nil) })
	s.Send(t)
	p := b.next()
	full := nlattr.Some(netip.MustParseAddr("255.255.255.255"))
	port := func(src, dst uint16) *nfqueue.CtProtoAttrs {
		return &nfqueue.CtProtoAttrs{Num: nlattr.Some(uint8(unix.IPPROTO_TCP)), SrcPort: nlattr.Some(src), DstPort: nlattr.Some(dst)}
	}
	orig := p.Ct.TupleOrig
	verdict := b.verdict(p.PacketHdr.V.PacketID, nfqueue.VerdictCodeDrop)
	verdict.Ct = &nfqueue.CtAttrs{
		Mark: nlattr.Some(uint32(0x79)), Labels: append([]byte{2}, make([]byte, 15)...), LabelsMask: append([]byte{3}, make([]byte, 15)...),
	}
	verdict.Exp = &nfqueue.ExpAttrs{
		Master:  orig,
		Tuple:   &nfqueue.CtTupleAttrs{Ip: &nfqueue.CtIpAttrs{V4Src: orig.Ip.V4Dst, V4Dst: orig.Ip.V4Src}, Proto: port(0, 2000)},
		Mask:    &nfqueue.CtTupleAttrs{Ip: &nfqueue.CtIpAttrs{V4Src: full, V4Dst: full}, Proto: port(0, 0xffff)},
		Timeout: nlattr.Some(uint32(100)), Flags: nlattr.Some(nfqueue.ExpFlagsPermanent | nfqueue.ExpFlagsInactive), Class: nlattr.Some(uint32(0)),
		HelpName: nlattr.Some("ftp"), Fn: nlattr.Some("nat-follow-master"), Zone: nlattr.Some(uint16(0)),
		Nat: &nfqueue.ExpNatAttrs{Dir: nlattr.Some(nfqueue.DirectionReply), Tuple: &nfqueue.CtTupleAttrs{
			Ip: &nfqueue.CtIpAttrs{V4Src: full, V4Dst: orig.Ip.V4Dst}, Proto: port(2000, 0)}},
	}
	b.decide(verdict)
	list, err := flows.ExpGetCollect(ctx, nil)
	if err != nil || len(list) != 1 {
		t.Fatalf("%d expectations, %v", len(list), err)
	}
	x := list[0]
	tally := witness.NewTally(t)
	tally.Field("source", x.Tuple.TupleIp.IpV4Src.V, orig.Ip.V4Dst.V.String())
	tally.Field("port", x.Tuple.TupleProto.ProtoDstPort, 2000.0)
	tally.Field("mask", x.Mask.TupleProto.ProtoDstPort, 65535.0)
	tally.Field("master", x.Master.TupleProto.ProtoSrcPort, 1000.0)
	tally.Field("flags", x.Flags, "permanent|inactive")
	tally.Field("helper", x.HelpName, "ftp")
	tally.Field("function", x.Fn, "nat-follow-master")
	tally.Field("direction", x.Nat.Dir, "reply")
	tally.Field("translated", x.Nat.Tuple.TupleProto.ProtoSrcPort, 2000.0)
	flow, err := flows.Get(ctx, &conntrack.GetRequest{Header: s.Flow.Header, TupleOrig: s.Flow.TupleOrig})
	if err != nil {
		t.Fatal(err)
	}
	tally.Field("mark", flow.Mark, float64(0x79))
	tally.Field("labels", flow.Labels[0], float64(4|2)) // 5 before, of which the last two were set to 2
	tally.Report("expectation")
}

// TestStates reads how packets stand towards their connection.
func TestStates(t *testing.T) {
	b := newBench(t, 26, nfqueue.ConfigModePacket)
	b.connections()
	b.rules("inet", "chain raw { type filter hook output priority raw; udp dport 7 notrack; }; chain out { type filter hook output priority 0; meta l4proto { udp, icmp } ct state new,established,related,untracked jump q; };")
	state := func(what string, want nfqueue.CtInfo, send func() error) {
		t.Helper()
		if err := send(); err != nil {
			t.Fatal(err)
		}
		p := b.next()
		if p.CtInfo != nlattr.Some(want) || p.Ct == nil {
			t.Errorf("%s: state %v of %+v, want %v", what, p.CtInfo, p.Ct, want)
		}
		b.decide(b.verdict(p.PacketHdr.V.PacketID, nfqueue.VerdictCodeAccept))
	}
	from, to := b.client, b.server
	write := func() error { _, err := from.Write([]byte("x")); return err }
	reply := func() error { _, err := to.WriteTo([]byte("x"), from.LocalAddr()); return err }
	none := func() error { return nil }
	state("first", nfqueue.CtInfoNew, write)
	b.comes("x")
	state("reply", nfqueue.CtInfoEstablishedReply, reply)
	state("next", nfqueue.CtInfoEstablished, write)
	b.comes("x")
	from.Close()
	state("reply to nobody", nfqueue.CtInfoEstablishedReply, reply)
	state("error about it", nfqueue.CtInfoRelated, none)
	from, err := net.DialUDP("udp4", nil, &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 9})
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	state("first to nobody", nfqueue.CtInfoNew, func() error { _, err := from.Write([]byte("x")); return err })
	state("error about that", nfqueue.CtInfoRelatedReply, none)
	untracked, err := net.DialUDP("udp4", nil, &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 7})
	if err != nil {
		t.Fatal(err)
	}
	defer untracked.Close()
	if _, err := untracked.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	if p := b.next(); p.Ct != nil || p.CtInfo.OK {
		t.Errorf("a packet that is not tracked has %+v, %v", p.Ct, p.CtInfo)
	}
}
