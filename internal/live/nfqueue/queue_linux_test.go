package nfqueue

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/nfqueue"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlmsg"
)

// queueOutput queues the UDP packets that this host sends to the server, if a match says so.
func (b *bench) queueOutput(match string) {
	b.Helper()
	b.rules("inet", fmt.Sprintf("chain out { type filter hook output priority 0; udp dport %d %s jump q; };", b.port(), match))
}

// TestPacket compares a packet with what was sent.
func TestPacket(t *testing.T) {
	b := newBench(t, 11, nfqueue.ConfigModePacket)
	flags := config(11)
	flags.Mask, flags.Flags = nlattr.Some(nfqueue.ConfigFlagsUidGid), nlattr.Some(nfqueue.ConfigFlagsUidGid)
	b.config(flags)
	b.queueOutput("meta mark set 0x2a meta priority set 1:2")
	b.send("hello")
	p := b.next()
	b.silent()

	from := b.client.LocalAddr().(*net.UDPAddr)
	switch {
	case p.Header.NfgenFamily != nfqueue.NfprotoIpv4:
		t.Errorf("family %v", p.Header.NfgenFamily)
	case p.PacketHdr.V.PacketID != 1 || p.PacketHdr.V.HwProtocol != unix.ETH_P_IP || p.PacketHdr.V.Hook != unix.NF_INET_LOCAL_OUT:
		t.Errorf("header %+v", p.PacketHdr)
	case udp(p.Payload) != "hello" || p.Payload[20] != byte(from.Port>>8) || p.Payload[21] != byte(from.Port):
		t.Errorf("payload %x", p.Payload)
	case p.Mark != nlattr.Some(uint32(0x2a)):
		t.Errorf("mark %v", p.Mark)
	case p.Priority != nlattr.Some(uint32(0x10002)):
		t.Errorf("priority %v", p.Priority)
	case p.IfindexOutdev != nlattr.Some(uint32(1)) || p.IfindexIndev.OK:
		t.Errorf("interfaces %v and %v", p.IfindexIndev, p.IfindexOutdev)
	case p.Uid != nlattr.Some(uint32(0)) || p.Gid != nlattr.Some(uint32(0)):
		t.Errorf("ids %v and %v", p.Uid, p.Gid)
	case p.SkbInfo.OK:
		t.Errorf("skb info %v: without the flag gso the kernel completes checksums", p.SkbInfo)
	case p.CapLen.OK:
		t.Errorf("length %v of a whole packet", p.CapLen)
	case len(p.Unknown) != 0:
		t.Errorf("unknown attributes %v", p.Unknown)
	}
	b.decide(b.verdict(p.PacketHdr.V.PacketID, nfqueue.VerdictCodeAccept))
	b.comes("hello")
}

// TestInput reads a packet as it comes in, with its link layer address, in part.
func TestInput(t *testing.T) {
	b := newBench(t, 12, nfqueue.ConfigModePacket)
	params := config(12)
	params.Params = nlattr.Some(nfqueue.ConfigParams{CopyRange: 30, CopyMode: nfqueue.ConfigModePacket})
	b.config(params)
	b.rules("ip", fmt.Sprintf("chain in { type filter hook input priority 0; udp dport %d jump q; };", b.port()))
	b.send("hello")
	p := b.next()
	if len(p.Payload) != 30 || p.CapLen != nlattr.Some(uint32(20+8+5)) {
		t.Errorf("payload %x of %v", p.Payload, p.CapLen)
	}
	if p.PacketHdr.V.Hook != unix.NF_INET_LOCAL_IN || p.IfindexIndev != nlattr.Some(uint32(1)) || p.IfindexOutdev.OK {
		t.Errorf("hook %+v, interfaces %v and %v", p.PacketHdr, p.IfindexIndev, p.IfindexOutdev)
	}
	if hw := p.Hwaddr; !hw.OK || hw.V.HwAddrlen != 6 || hw.V.HwAddr != [8]byte{} {
		t.Errorf("address %+v of lo", hw)
	}
	b.decide(b.verdict(p.PacketHdr.V.PacketID, nfqueue.VerdictCodeAccept))
	b.comes("hello")
}

// TestMeta gets packets without their payload.
func TestMeta(t *testing.T) {
	b := newBench(t, 13, nfqueue.ConfigModeMeta)
	b.queueOutput("")
	b.send("hello")
	p := b.next()
	if p.Payload != nil || p.CapLen.OK {
		t.Errorf("payload %x of %v", p.Payload, p.CapLen)
	}
	b.decide(b.verdict(p.PacketHdr.V.PacketID, nfqueue.VerdictCodeAccept))
	b.comes("hello")
}

// TestVerdicts accepts, drops and changes packets.
func TestVerdicts(t *testing.T) {
	b := newBench(t, 14, nfqueue.ConfigModePacket)
	b.queueOutput("")
	b.send("one")
	b.send("two")
	b.send("three")
	one, two, three := b.next(), b.next(), b.next()
	b.silent()

	b.decide(b.verdict(two.PacketHdr.V.PacketID, nfqueue.VerdictCodeDrop))
	b.silent()
	changed := b.verdict(three.PacketHdr.V.PacketID, nfqueue.VerdictCodeAccept)
	changed.Payload = withPayload(three.Payload, "another payload, and a longer one")
	b.decide(changed)
	b.comes("another payload, and a longer one")
	b.decide(b.verdict(one.PacketHdr.V.PacketID, nfqueue.VerdictCodeAccept))
	b.comes("one")

	// What is decided is gone.
	err := b.queue.Verdict(b.ctx, b.verdict(one.PacketHdr.V.PacketID, nfqueue.VerdictCodeAccept))
	var nlerr *nlmsg.Error
	if !errors.As(err, &nlerr) || nlerr.Errno != unix.ENOENT {
		t.Errorf("a second verdict: %v", err)
	}
	if err := b.queue.Verdict(b.ctx, b.verdict(99, nfqueue.VerdictCodeStolen)); !errors.Is(err, unix.EINVAL) {
		t.Errorf("a verdict that is none: %v", err)
	}
}

// TestRepeat sends a packet through the hook again, with a mark by which the rule knows it.
func TestRepeat(t *testing.T) {
	b := newBench(t, 15, nfqueue.ConfigModePacket)
	b.queueOutput("meta mark != 7")
	b.send("hello")
	p := b.next()
	again := b.verdict(p.PacketHdr.V.PacketID, nfqueue.VerdictCodeRepeat)
	b.decide(again)
	q := b.next() // without the mark it comes back
	if udp(q.Payload) != "hello" || q.PacketHdr.V.PacketID == p.PacketHdr.V.PacketID {
		t.Fatalf("%+v", q)
	}
	b.silent()
	again = b.verdict(q.PacketHdr.V.PacketID, nfqueue.VerdictCodeRepeat)
	again.Mark = nlattr.Some(uint32(7))
	b.decide(again)
	b.comes("hello")
}

// TestNextQueue hands a packet on to another queue.
func TestNextQueue(t *testing.T) {
	b := newBench(t, 16, nfqueue.ConfigModePacket)
	b.config(bind(17))
	params := config(17)
	params.Params = nlattr.Some(nfqueue.ConfigParams{CopyMode: nfqueue.ConfigModePacket})
	b.config(params)
	b.queueOutput("")
	b.send("hello")
	p := b.next()
	b.decide(b.verdict(p.PacketHdr.V.PacketID, nfqueue.VerdictCodeQueue|17<<16))
	b.number = 17
	q := b.next()
	b.decide(b.verdict(q.PacketHdr.V.PacketID, nfqueue.VerdictCodeAccept))
	b.comes("hello")
}

// TestVerdictBatch decides on packets up to a number.
func TestVerdictBatch(t *testing.T) {
	b := newBench(t, 18, nfqueue.ConfigModePacket)
	b.queueOutput("")
	var ids []uint32
	for i := range 5 {
		b.send(fmt.Sprint(i))
		ids = append(ids, b.next().PacketHdr.V.PacketID)
	}
	batch := func(id uint32, code nfqueue.VerdictCode) *nfqueue.VerdictBatchRequest {
		return &nfqueue.VerdictBatchRequest{
			Header: nfqueue.Nfgenmsg{ResID: 18}, VerdictHdr: nlattr.Some(nfqueue.VerdictHdr{Verdict: code, ID: id}),
		}
	}
	if err := b.queue.VerdictBatch(b.ctx, batch(ids[2], nfqueue.VerdictCodeAccept)); err != nil {
		t.Fatal(err)
	}
	b.comes("0", "1", "2")
	if err := b.queue.VerdictBatch(b.ctx, batch(ids[2], nfqueue.VerdictCodeAccept)); !errors.Is(err, unix.ENOENT) {
		t.Errorf("a batch of none: %v", err)
	}
	if err := b.queue.VerdictBatch(b.ctx, batch(ids[3], nfqueue.VerdictCodeDrop)); err != nil {
		t.Fatal(err)
	}
	b.silent()
	if err := b.queue.VerdictBatch(b.ctx, batch(ids[4], nfqueue.VerdictCodeAccept)); err != nil {
		t.Fatal(err)
	}
	b.comes("4")
}

// TestSegments gets a large UDP send whole that is to be split, with the flag gso, and split without it.
func TestSegments(t *testing.T) {
	b := newBench(t, 20, nfqueue.ConfigModePacket)
	raw, err := b.client.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	if err := raw.Control(func(fd uintptr) { err = unix.SetsockoptInt(int(fd), unix.IPPROTO_UDP, unix.UDP_SEGMENT, 1000) }); err != nil {
		t.Fatal(err)
	}
	if err != nil {
		t.Skipf("UDP_SEGMENT: %v", err)
	}
	b.queueOutput("")
	for _, gso := range []bool{true, false} {
		flags := config(20)
		flags.Mask = nlattr.Some(nfqueue.ConfigFlagsGso)
		flags.Flags = nlattr.Some(nfqueue.ConfigFlags(0))
		sizes := []int{1000, 1000, 500}
		if gso {
			flags.Flags, sizes = nlattr.Some(nfqueue.ConfigFlagsGso), []int{2500}
		}
		b.config(flags)
		b.send(strings.Repeat("x", 2500))
		for _, size := range sizes {
			p := b.next()
			if got := len(udp(p.Payload)); got != size || p.SkbInfo.V&nfqueue.SkbInfoGso != 0 != gso {
				t.Errorf("gso %v: %d bytes, %v", gso, got, p.SkbInfo)
			}
			b.decide(b.verdict(p.PacketHdr.V.PacketID, nfqueue.VerdictCodeAccept))
		}
		b.comes(strings.Repeat("x", 1000), strings.Repeat("x", 1000), strings.Repeat("x", 500))
	}
}

// TestFull fills a queue: what exceeds it is dropped, or accepted with the flag fail-open.
func TestFull(t *testing.T) {
	b := newBench(t, 21, nfqueue.ConfigModePacket)
	small := config(21)
	small.QueueMaxlen = nlattr.Some(uint32(2))
	b.config(small)
	b.queueOutput("")
	b.send("one")
	b.send("two")
	b.client.Write([]byte("lost")) // which may be told the sender
	b.silent()
	open := config(21)
	open.Mask, open.Flags = nlattr.Some(nfqueue.ConfigFlagsFailOpen), nlattr.Some(nfqueue.ConfigFlagsFailOpen)
	b.config(open)
	b.send("open")
	b.comes("open")
	for _, want := range []string{"one", "two"} {
		p := b.next()
		b.decide(b.verdict(p.PacketHdr.V.PacketID, nfqueue.VerdictCodeAccept))
		b.comes(want)
	}
}

// TestOwner shows that a queue belongs to a port.
func TestOwner(t *testing.T) {
	b := newBench(t, 22, nfqueue.ConfigModePacket)
	_, other := witness.Dial(t)
	stranger := nfqueue.New(other)
	if err := stranger.Config(b.ctx, bind(22)); !errors.Is(err, unix.EPERM) {
		t.Errorf("a queue was bound twice: %v", err)
	}
	b.queueOutput("")
	b.send("hello")
	p := b.next()
	if err := stranger.Verdict(b.ctx, b.verdict(p.PacketHdr.V.PacketID, nfqueue.VerdictCodeDrop)); !errors.Is(err, unix.EPERM) {
		t.Errorf("a stranger's verdict: %v", err)
	}
	unbind := config(22)
	unbind.Cmd = nlattr.Some(nfqueue.ConfigCmd{Command: nfqueue.ConfigCmdsUnbind})
	b.config(unbind)
	b.silent()
	if err := b.queue.Verdict(b.ctx, b.verdict(p.PacketHdr.V.PacketID, nfqueue.VerdictCodeAccept)); !errors.Is(err, unix.ENODEV) {
		t.Errorf("a verdict without a queue: %v", err)
	}
}

// TestThroughput sends many packets, whose verdicts are given in batches: none is lost, and none comes twice.
func TestThroughput(t *testing.T) {
	const packets, every = 10_000, 64
	b := newBench(t, 23, nfqueue.ConfigModeMeta)
	long := config(23)
	long.QueueMaxlen = nlattr.Some(uint32(packets))
	b.config(long)
	raw, err := b.server.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	if control := raw.Control(func(fd uintptr) { err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, 32<<20) }); control != nil || err != nil {
		t.Fatal(control, err)
	}
	b.queueOutput("")
	var wg sync.WaitGroup
	wg.Go(func() {
		for i := range packets {
			if _, err := fmt.Fprint(b.client, i); err != nil {
				t.Error(err)
				return
			}
		}
	})
	received := make(chan int)
	go func() {
		n := 0
		for n < packets && b.read(5*time.Second) == fmt.Sprint(n) {
			n++
		}
		received <- n
	}()
	start := time.Now()
	waiting, seen, batches := 0, uint32(0), 0
	for ev, err := range b.packets.All(b.ctx) {
		if err != nil {
			t.Fatal(err)
		}
		id := ev.(*nfqueue.PacketEvent).PacketHdr.V.PacketID
		if id != seen+1 {
			t.Fatalf("packet %d behind %d", id, seen)
		}
		seen = id
		if waiting++; waiting == every || seen == packets {
			err := b.queue.VerdictBatch(b.ctx, &nfqueue.VerdictBatchRequest{
				Header:     nfqueue.Nfgenmsg{ResID: 23},
				VerdictHdr: nlattr.Some(nfqueue.VerdictHdr{Verdict: nfqueue.VerdictCodeAccept, ID: id}),
			})
			if err != nil {
				t.Fatal(err)
			}
			waiting, batches = 0, batches+1
		}
		if seen == packets {
			break
		}
	}
	wg.Wait()
	if n := <-received; n != packets {
		t.Errorf("the server got %d of %d packets", n, packets)
	}
	t.Logf("%d packets in %v, %d verdicts", packets, time.Since(start).Round(time.Millisecond), batches)
}
