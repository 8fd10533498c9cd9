package nflog

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/nflog"
	"github.com/nlgen/nlgen/generated/rtlink"
	"github.com/nlgen/nlgen/internal/nettest"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

func TestMain(m *testing.M) { nettest.Main(m) }

// A bench is a group with a listener, and a pair of UDP sockets over lo.
type bench struct {
	*testing.T
	ctx     context.Context
	log     *nflog.Client
	packets *nlconn.Subscription[nflog.Event]
	group   uint16
	client  *net.UDPConn
	server  *net.UDPAddr
}

func config(group uint16) *nflog.ConfigRequest {
	return &nflog.ConfigRequest{Header: nflog.Nfgenmsg{ResID: group}}
}

func bind(group uint16) *nflog.ConfigRequest {
	req := config(group)
	req.Cmd = nlattr.Some(nflog.ConfigCmd{Command: nflog.ConfigCmdsBind})
	return req
}

// newBench binds a group, to get every packet at once, with nothing kept back.
func newBench(t *testing.T, group uint16) *bench {
	t.Helper()
	ctx, conn := witness.Connect(t, nlconn.WithOneSocket())
	err := rtlink.New(conn).Setlink(ctx, &rtlink.SetlinkRequest{Header: rtlink.Ifinfomsg{
		IfiIndex: 1, IfiFlags: rtlink.IfinfoFlagsUp, IfiChange: uint32(rtlink.IfinfoFlagsUp),
	}})
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{T: t, ctx: ctx, log: nflog.New(conn), group: group}
	if b.packets, err = b.log.Subscribe(ctx); err != nil {
		t.Fatal(err)
	}
	if err := b.log.Config(ctx, bind(group)); errors.Is(err, unix.EINVAL) {
		t.Skipf("this kernel has no nfnetlink_log: %v", err)
	} else if err != nil {
		t.Fatal(err)
	}
	req := config(group)
	req.Mode = nlattr.Some(nflog.ConfigMode{CopyMode: nflog.CopyModePacket})
	req.Qthresh = nlattr.Some(uint32(1))
	b.config(req)
	sink, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { sink.Close() })
	b.server = sink.LocalAddr().(*net.UDPAddr)
	if b.client, err = net.DialUDP("udp4", nil, b.server); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.client.Close() })
	return b
}

func (b *bench) config(req *nflog.ConfigRequest) {
	b.Helper()
	if err := b.log.Config(b.ctx, req); err != nil {
		b.Fatal(err)
	}
}

// logged has nft log the UDP packets to the server.
func (b *bench) logged(family, hook, statement string) {
	b.Helper()
	b.rules(family, fmt.Sprintf("chain c { type filter hook %s priority 0; udp dport %d %s; };", hook, b.server.Port, statement))
}

// rules has nft make chains in a table, which go away with the test.
func (b *bench) rules(family, chains string) {
	b.Helper()
	witness.Output(b.T, "nft", fmt.Sprintf("table %s t { %s }", family, chains))
	b.Cleanup(func() {
		if out, err := exec.Command("nft", "flush", "ruleset").CombinedOutput(); err != nil {
			b.Errorf("nft: %v: %s", err, out)
		}
	})
}

func (b *bench) send(payload string) {
	b.Helper()
	if _, err := b.client.Write([]byte(payload)); err != nil {
		b.Fatal(err)
	}
}

// next returns the next packet that was logged.
func (b *bench) next() *nflog.PacketEvent {
	b.Helper()
	p := b.within(5 * time.Second)
	if p == nil {
		b.Fatal("no packet was logged")
	}
	return p
}

// within returns the next packet if it comes in time.
func (b *bench) within(wait time.Duration) *nflog.PacketEvent {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, wait)
	defer cancel()
	for ev, err := range b.packets.All(ctx) {
		if err != nil {
			b.Fatal(err)
		}
		p, ok := ev.(*nflog.PacketEvent)
		if !ok || p.Header.ResID != b.group {
			b.Fatalf("%+v is no packet of group %d", ev, b.group)
		}
		return p
	}
	return nil
}

// TestOutput compares a packet that this host sends with what was sent.
func TestOutput(t *testing.T) {
	b := newBench(t, 31)
	flags := config(31)
	flags.Flags = nlattr.Some(nflog.ConfigFlagsSeq | nflog.ConfigFlagsSeqGlobal)
	b.config(flags)
	b.logged("inet", "output", `meta mark set 0x2a log prefix "out: " group 31`)
	before := time.Now().Add(-time.Minute)
	var last *nflog.PacketEvent
	for i := range 3 {
		payload := fmt.Sprint("hello ", i)
		b.send(payload)
		p := b.next()
		from := b.client.LocalAddr().(*net.UDPAddr)
		switch {
		case p.Header.NfgenFamily != nflog.NfprotoIpv4:
			t.Errorf("family %v", p.Header.NfgenFamily)
		case p.PacketHdr.V.HwProtocol != unix.ETH_P_IP || p.PacketHdr.V.Hook != unix.NF_INET_LOCAL_OUT:
			t.Errorf("header %+v", p.PacketHdr)
		case len(p.Payload) != 28+len(payload) || string(p.Payload[28:]) != payload:
			t.Errorf("payload %x", p.Payload)
		case p.Payload[20] != byte(from.Port>>8) || p.Payload[21] != byte(from.Port) || p.Payload[9] != unix.IPPROTO_UDP:
			t.Errorf("payload %x", p.Payload)
		case p.Prefix != nlattr.Some("out: "):
			t.Errorf("prefix %q", p.Prefix.V)
		case p.Mark != nlattr.Some(uint32(0x2a)):
			t.Errorf("mark %v", p.Mark)
		case p.IfindexOutdev != nlattr.Some(uint32(1)) || p.IfindexIndev.OK:
			t.Errorf("interfaces %v and %v", p.IfindexIndev, p.IfindexOutdev)
		case p.Uid != nlattr.Some(uint32(0)) || p.Gid != nlattr.Some(uint32(0)):
			t.Errorf("ids %v and %v", p.Uid, p.Gid)
		case p.Seq != nlattr.Some(uint32(i)) || !p.SeqGlobal.OK:
			t.Errorf("numbers %v and %v", p.Seq, p.SeqGlobal)
		case last != nil && p.SeqGlobal.V != last.SeqGlobal.V+1:
			t.Errorf("number %v behind %v", p.SeqGlobal, last.SeqGlobal)
		case p.Timestamp.OK && time.Unix(int64(p.Timestamp.V.Sec), 0).Before(before):
			t.Errorf("time %v", p.Timestamp)
		case len(p.Unknown) != 0:
			t.Errorf("unknown attributes %v", p.Unknown)
		}
		last = p
	}
}

// TestInput reads a packet as it comes in, with its link layer header, in part.
func TestInput(t *testing.T) {
	b := newBench(t, 32)
	b.logged("ip", "input", "log group 32 snaplen 30")
	b.send("hello")
	p := b.next()
	switch hw := p.Hwaddr; {
	case len(p.Payload) != 30:
		t.Errorf("payload %x", p.Payload)
	case p.PacketHdr.V.Hook != unix.NF_INET_LOCAL_IN || p.IfindexIndev != nlattr.Some(uint32(1)) || p.IfindexOutdev.OK:
		t.Errorf("hook %+v, interfaces %v and %v", p.PacketHdr, p.IfindexIndev, p.IfindexOutdev)
	case p.Hwtype != nlattr.Some(uint16(unix.ARPHRD_LOOPBACK)) || p.Hwlen != nlattr.Some(uint16(14)):
		t.Errorf("hardware type %v, length %v", p.Hwtype, p.Hwlen)
	case len(p.Hwheader) != 14 || p.Hwheader[12] != 8 || p.Hwheader[13] != 0:
		t.Errorf("link layer header %x", p.Hwheader)
	case !hw.OK || hw.V.HwAddrlen != 6 || hw.V.HwAddr != [8]byte{}:
		t.Errorf("address %+v of lo", hw)
	case p.Mark.OK || p.Seq.OK || p.SeqGlobal.OK:
		t.Errorf("%+v has what was not asked for", p)
	}
	for _, copy := range []nflog.CopyMode{nflog.CopyModeMeta, nflog.CopyModeNone} {
		mode := config(32)
		mode.Mode = nlattr.Some(nflog.ConfigMode{CopyMode: copy})
		b.config(mode)
		b.send("hello")
		if p := b.next(); p.Payload != nil || !p.PacketHdr.OK || p.Prefix != nlattr.Some("") {
			t.Errorf("mode %v: payload %x, prefix %v", copy, p.Payload, p.Prefix)
		}
	}
}

// TestTogether has the kernel gather packets: by number, and by time.
func TestTogether(t *testing.T) {
	b := newBench(t, 33)
	req := config(33)
	req.Qthresh, req.Timeout, req.Nlbufsiz = nlattr.Some(uint32(4)), nlattr.Some(uint32(6000)), nlattr.Some(uint32(1<<16))
	b.config(req)
	b.logged("inet", "output", "log group 33 queue-threshold 4")
	for i := range 3 {
		b.send(fmt.Sprint(i))
	}
	if p := b.within(50 * time.Millisecond); p != nil {
		t.Fatalf("%+v came alone", p)
	}
	b.send("3")
	for i := range 4 {
		if p := b.next(); string(p.Payload[28:]) != fmt.Sprint(i) {
			t.Errorf("packet %d is %x", i, p.Payload)
		}
	}
	req = config(33)
	req.Timeout = nlattr.Some(uint32(10))
	b.config(req)
	start := time.Now()
	b.send("4")
	if p := b.next(); string(p.Payload[28:]) != "4" || time.Since(start) < 50*time.Millisecond {
		t.Errorf("packet %x after %v", p.Payload, time.Since(start))
	}
}

// TestOwner shows that a group belongs to a port until it is given back.
func TestOwner(t *testing.T) {
	b := newBench(t, 35)
	other, err := nlconn.Open(nlconn.WithOneSocket())
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	stranger := nflog.New(other)
	if err := stranger.Config(b.ctx, bind(35)); !errors.Is(err, unix.EBUSY) && !errors.Is(err, unix.EPERM) {
		t.Errorf("a group was bound twice: %v", err)
	}
	b.logged("inet", "output", "log group 35")
	unbind := config(35)
	unbind.Cmd = nlattr.Some(nflog.ConfigCmd{Command: nflog.ConfigCmdsUnbind})
	b.config(unbind)
	b.send("hello")
	if p := b.within(50 * time.Millisecond); p != nil {
		t.Errorf("%+v was logged", p)
	}
	if err := stranger.Config(b.ctx, bind(35)); err != nil {
		t.Errorf("a group that was given back: %v", err)
	}
}
