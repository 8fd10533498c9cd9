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
