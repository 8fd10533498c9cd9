package nflog

import (
	"errors"
	"fmt"
	"net"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/nflog"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

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
	_, other := witness.Dial(t, nlconn.WithOneSocket())
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
