package nfqueue

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/nfqueue"
	"github.com/nlgen/nlgen/generated/nftables"
	"github.com/nlgen/nlgen/generated/rtlink"
	"github.com/nlgen/nlgen/internal/nettest"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/internal/witness/traffic"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

func TestMain(m *testing.M) { nettest.Main(m) }

// A bench is a queue with a listener, and a UDP socket that gets what is accepted.
type bench struct {
	*testing.T
	ctx     context.Context
	queue   *nfqueue.Client
	packets *nlconn.Subscription[nfqueue.Event]
	number  uint16
	server  *net.UDPConn
	client  *net.UDPConn
}

// config makes a request for a queue.
func config(queue uint16) *nfqueue.ConfigRequest {
	return &nfqueue.ConfigRequest{Header: nfqueue.Nfgenmsg{ResID: queue}}
}

func bind(queue uint16) *nfqueue.ConfigRequest {
	req := config(queue)
	req.Cmd = nlattr.Some(nfqueue.ConfigCmd{Command: nfqueue.ConfigCmdsBind})
	return req
}

// newBench binds a queue and hands it the packets that nft's rules say. Queues of a test have a number of their own, rules and
// sockets go away with it.
func newBench(t *testing.T, queue uint16, mode nfqueue.ConfigMode, opts ...nlconn.Option) *bench {
	t.Helper()
	ctx, conn := witness.Connect(t, append(opts, nlconn.WithOneSocket())...)
	up(t, ctx, conn)
	b := &bench{T: t, ctx: ctx, queue: nfqueue.New(conn), number: queue}
	var err error
	if b.packets, err = b.queue.Subscribe(ctx); err != nil {
		t.Fatal(err)
	}
	if err := b.queue.Config(ctx, bind(queue)); err != nil {
		if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.EOPNOTSUPP) {
			t.Skipf("this kernel has no nfnetlink_queue: %v", err)
		}
		t.Fatal(err)
	}
	params := config(queue)
	params.Params = nlattr.Some(nfqueue.ConfigParams{CopyRange: 0xffff, CopyMode: mode})
	b.config(params)
	if b.server, err = net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.server.Close() })
	if b.client, err = net.DialUDP("udp4", nil, b.server.LocalAddr().(*net.UDPAddr)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.client.Close() })
	return b
}

// up brings lo up.
func up(t *testing.T, ctx context.Context, conn *nlconn.Conn) {
	t.Helper()
	err := rtlink.New(conn).Setlink(ctx, &rtlink.SetlinkRequest{Header: rtlink.Ifinfomsg{
		IfiIndex: 1, IfiFlags: rtlink.IfinfoFlagsUp, IfiChange: uint32(rtlink.IfinfoFlagsUp),
	}})
	if err != nil {
		t.Fatal(err)
	}
}

func (b *bench) config(req *nfqueue.ConfigRequest) {
	b.Helper()
	if err := b.queue.Config(b.ctx, req); err != nil {
		b.Fatal(err)
	}
}

func (b *bench) port() int { return b.server.LocalAddr().(*net.UDPAddr).Port }

// rules has nft make chains in a table, which jump to the chain q where packets are to be queued. They go away with the test.
func (b *bench) rules(family, chains string) {
	b.Helper()
	witness.Output(b.T, "nft", fmt.Sprintf("table %s t { chain q { }; %s }", family, chains))
	b.Cleanup(func() {
		if out, err := exec.Command("nft", "flush ruleset").CombinedOutput(); err != nil {
			b.Errorf("nft: %v: %s", err, out)
		}
	})
	// The target of iptables does the same where the kernel is built without the expression, but for bridges.
	info := binary.NativeEndian.AppendUint16(nil, b.number)
	err := b.queueBy(family, &nftables.ExprQueueAttrs{Num: nlattr.Some(b.number)})
	if errors.Is(err, unix.ENOENT) {
		err = b.queueBy(family, &nftables.ExprTargetAttrs{Name: nlattr.Some("NFQUEUE"), Rev: nlattr.Some(uint32(0)), Info: append(info, make([]byte, 6)...)})
	}
	if errors.Is(err, unix.ENOENT) && family == "bridge" {
		b.Skipf("this kernel queues no frames of bridges: %v", err)
	}
	if err != nil {
		b.Fatal(err)
	}
}

// queueBy makes a rule in the chain q.
func (b *bench) queueBy(family string, by nftables.ExprOpsMsg) error {
	header := nftables.Nfgenmsg{NfgenFamily: map[string]nftables.Nfproto{
		"ip": nftables.NfprotoIpv4, "ip6": nftables.NfprotoIpv6, "inet": nftables.NfprotoInet, "bridge": nftables.NfprotoBridge,
	}[family]}
	ctx, conn := witness.Dial(b.T)
	batch := nftables.Nfgenmsg{ResID: 10} // NFNL_SUBSYS_NFTABLES
	t := conn.NewBatch(nlconn.ProtocolNetfilter, nlconn.Transaction(
		&nftables.OpBatchBegin, &nftables.BatchBeginRequest{Header: batch}, &nftables.OpBatchEnd, &nftables.BatchEndRequest{Header: batch}))
	t.Add(ctx, &nftables.OpNewrule, &nftables.NewruleRequest{
		Header: header, Table: nlattr.Some("t"), Chain: nlattr.Some("q"),
		Expressions: &nftables.ExprListAttrs{Elem: []nftables.ExprAttrs{{Data: by}}},
	}, nlconn.Create)
	return t.Do(ctx)
}

func (b *bench) send(payload string) {
	b.Helper()
	if _, err := b.client.Write([]byte(payload)); err != nil {
		b.Fatal(err)
	}
}

// next returns the next packet of the queue.
func (b *bench) next() *nfqueue.PacketEvent {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, 5*time.Second)
	defer cancel()
	for ev, err := range b.packets.All(ctx) {
		if err != nil {
			b.Fatal(err)
		}
		packet, ok := ev.(*nfqueue.PacketEvent)
		if !ok {
			b.Fatalf("%T is no packet", ev)
		}
		if packet.Header.ResID != b.number {
			b.Fatalf("a packet of queue %d, not %d", packet.Header.ResID, b.number)
		}
		return packet
	}
	b.Fatal("no packet was queued")
	return nil
}

// comes fails unless the server gets just these payloads, in order.
func (b *bench) comes(want ...string) {
	b.Helper()
	for _, payload := range want {
		if got := b.read(5 * time.Second); got != payload {
			b.Fatalf("the server got %q, not %q", got, payload)
		}
	}
	b.silent()
}

// silent fails if the server gets anything.
func (b *bench) silent() {
	b.Helper()
	if got := b.read(50 * time.Millisecond); got != "" {
		b.Fatalf("the server got %q, and nothing should come", got)
	}
}

// read returns what the server gets, or "" if nothing comes.
func (b *bench) read(wait time.Duration) string {
	b.Helper()
	var buf [1 << 16]byte
	_ = b.server.SetReadDeadline(time.Now().Add(wait))
	n, err := b.server.Read(buf[:])
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return ""
	}
	if err != nil {
		b.Fatal(err)
	}
	return string(buf[:n])
}

// verdict makes a request for a verdict on a packet.
func (b *bench) verdict(id uint32, code nfqueue.VerdictCode) *nfqueue.VerdictRequest {
	return &nfqueue.VerdictRequest{
		Header:     nfqueue.Nfgenmsg{ResID: b.number},
		VerdictHdr: nlattr.Some(nfqueue.VerdictHdr{Verdict: code, ID: id}),
	}
}

func (b *bench) decide(req *nfqueue.VerdictRequest) {
	b.Helper()
	if err := b.queue.Verdict(b.ctx, req); err != nil {
		b.Fatal(err)
	}
}

// udp returns the payload of an IPv4 packet with UDP in it.
func udp(packet []byte) string {
	if len(packet) < 28 || packet[0]>>4 != 4 || packet[9] != unix.IPPROTO_UDP {
		return ""
	}
	header := int(packet[0]&15) * 4
	return string(packet[header+8:])
}

// withPayload returns the packet with another payload, and right lengths and checksums: UDP over IPv4 may do without.
func withPayload(packet []byte, payload string) []byte {
	header := int(packet[0]&15) * 4
	out := append(packet[:header+8:header+8], payload...)
	binary.BigEndian.PutUint16(out[2:], uint16(len(out)))
	binary.BigEndian.PutUint16(out[header+4:], uint16(8+len(payload)))
	binary.BigEndian.PutUint16(out[header+6:], 0)
	binary.BigEndian.PutUint16(out[10:], 0)
	binary.BigEndian.PutUint16(out[10:], traffic.Checksum(out[:header]))
	return out
}
