package nltrace_test

import (
	"bytes"
	"context"
	"iter"
	"log/slog"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nlgen/nlgen/generated/netdev"
	"github.com/nlgen/nlgen/generated/rtlink"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
	"github.com/nlgen/nlgen/runtime/nlmsg"
	"github.com/nlgen/nlgen/runtime/nlserve"
	"github.com/nlgen/nlgen/runtime/nltest"
	"github.com/nlgen/nlgen/runtime/nltrace"
)

// logger returns a logger without times, and where it writes.
func logger(level slog.Level) (*slog.Logger, *bytes.Buffer) {
	var b bytes.Buffer
	return slog.New(slog.NewTextHandler(&b, &slog.HandlerOptions{Level: level, ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
		if len(groups) == 0 && (a.Key == slog.TimeKey || a.Key == slog.LevelKey) {
			return slog.Attr{}
		}
		return a
	}})), &b
}

func soon(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// wants fails the test for each line that is not in the log, in this order.
func wants(t *testing.T, log string, lines ...string) {
	t.Helper()
	rest := log
	for _, line := range lines {
		i := strings.Index(rest, line)
		if i < 0 {
			t.Errorf("%s\nis not in, or not behind the line before:\n%s", line, log)
			return
		}
		rest = rest[i+len(line):]
	}
}

var mgmt = nlconn.Group{Name: "mgmt"}

func kernel() *nltest.Kernel {
	k := nltest.NewKernel()
	k.Groups(&rtlink.Family, nlconn.Group{Name: "rtnlgrp-link", ID: 1})
	k.Handle(
		nlserve.Do(&rtlink.OpGetlink, func(_ context.Context, req *rtlink.GetlinkRequest) (*rtlink.GetlinkReply, error) {
			return &rtlink.GetlinkReply{Ifname: req.Ifname}, nil
		}),
		nlserve.Dump(&rtlink.OpGetlink, func(context.Context, *rtlink.GetlinkDumpRequest) iter.Seq2[*rtlink.GetlinkReply, error] {
			return func(yield func(*rtlink.GetlinkReply, error) bool) {
				if yield(&rtlink.GetlinkReply{Ifname: nlattr.Some("lo")}, nil) {
					yield(nil, nlconn.ErrDumpInterrupted)
				}
			}
		}),
		nlserve.Exec(&rtlink.OpNewlink, func(ctx context.Context, req *rtlink.NewlinkRequest) error {
			nlserve.CallOf(ctx).Warn("a warning")
			return k.Notify(ctx, &rtlink.Family, 16, nlconn.Group{ID: 1}, &rtlink.GetlinkReply{Ifname: req.Ifname})
		}),
		nlserve.Exec(&rtlink.OpDellink, func(context.Context, *rtlink.DellinkRequest) error { return syscall.ENODEV }),
	)
	return k
}

// Everything that happens is logged in the words of the spec.
func TestHooks(t *testing.T) {
	log, out := logger(slog.LevelDebug)
	k := kernel()
	conn := k.Conn(t, nlconn.WithHooks(nltrace.Hooks(log, nltrace.Operations(&rtlink.OpGetlink))))
	c := rtlink.New(conn)
	eth := nlattr.Some("eth0")
	if _, err := c.Getlink(soon(t), &rtlink.GetlinkRequest{Ifname: eth}); err != nil {
		t.Fatal(err)
	}
	wants(t, out.String(), `msg="netlink: request" op="rt-link: getlink" header.type=18 header.flags=request|ack`, `ifname\":\"eth0\"`,
		`msg="netlink: reply" op="rt-link: getlink" header.type=16`, `ifname\":\"eth0\"`, `msg="netlink: done" op="rt-link: getlink"`)
	out.Reset()
	sub, err := c.Subscribe(soon(t), nlconn.Group{ID: 1})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Newlink(soon(t), &rtlink.NewlinkRequest{Ifname: eth}, nlconn.Create, nlconn.Exclusive, nlconn.Replace); err != nil {
		t.Fatal(err)
	}
	wants(t, out.String(), `"netlink: request" op="rt-link: newlink"`, `header.flags=request|ack|0x100|0x200|0x400`, `"netlink: ack" op="rt-link: newlink" warning="a warning"`)
	for range sub.All(soon(t)) {
		break
	}
	wants(t, out.String(), `"netlink: notification" family=rt-link header.type=16`, `eth0`)
	out.Reset()
	_ = c.Dellink(soon(t), nil)
	wants(t, out.String(), `"netlink: failed" op="rt-link: dellink" error="rt-link: dellink: ENODEV`)
	out.Reset()
	_, _ = c.GetlinkCollect(soon(t), nil, nlconn.Retries(0))
	wants(t, out.String(), `"netlink: dump" op="rt-link: getlink"`, `"netlink: reply"`, `lo`, `"netlink: interrupted"`, `"netlink: failed"`)
}

// What is wrong, and what has no table, is logged as bytes.
func TestOdd(t *testing.T) {
	log, out := logger(slog.LevelDebug)
	op := rtlink.OpGetlink
	op.ReplyPolicy = nil
	link := nltest.Reply(&op, &rtlink.GetlinkReply{Ifname: nlattr.Some("eth0")})
	s := nltest.NewScript(t, nltest.Expect(&op).Answer(
		nltest.Datagram(link).From(4711), nltest.Datagram(link.Stale()), nltest.Datagram(nltest.Typed(9, 0, nil), link, nltest.Ack())),
		nltest.Expect(&op).Answer(nltest.Lost()))
	conn := s.Conn(nlconn.WithHooks(nltrace.Hooks(log, nltrace.Raw())))
	for range 2 {
		_, _ = nlconn.Do[rtlink.GetlinkReply](soon(t), conn, &op, &rtlink.GetlinkRequest{})
	}
	wants(t, out.String(), `"netlink: send" protocol=0 bytes=`, `"netlink: foreign" protocol=0 port=4711 bytes=`, `"netlink: receive"`, `"netlink: stale"`,
		`"netlink: skipped"`, `"netlink: reply" op="rt-link: getlink"`, `bytes=0000`, `"netlink: overrun" protocol=0`)
	if _, err := conn.OpenSocket(0, nlconn.SocketOptions{}); err != nil {
		t.Error(err)
	}
}

// Notifications of generic families are told apart by the ids that were seen.
func TestGeneric(t *testing.T) {
	log, out := logger(slog.LevelDebug)
	k := nltest.NewKernel()
	k.Groups(&netdev.Family, mgmt)
	conn := k.Conn(t, nlconn.WithHooks(nltrace.Hooks(log, nltrace.Operations(&netdev.OpDevGet))))
	sub, err := netdev.New(conn).Subscribe(soon(t), mgmt)
	if err != nil {
		t.Fatal(err)
	}
	if err := k.Notify(soon(t), &netdev.Family, netdev.CmdDevAddNtf, mgmt, &netdev.DevGetReply{Ifindex: nlattr.Some(uint32(7))}); err != nil {
		t.Fatal(err)
	}
	for _, err := range sub.All(soon(t)) {
		if err != nil {
			t.Error(err)
		}
		break
	}
	wants(t, out.String(), `"netlink: notification" family=netdev`, `ifindex\":7`)
}

// A logger that is not enabled gets nothing.
func TestDisabled(t *testing.T) {
	log, out := logger(slog.LevelInfo)
	k := kernel()
	if _, err := rtlink.New(k.Conn(t, nlconn.WithHooks(nltrace.Hooks(log)))).Getlink(soon(t), nil); err != nil {
		t.Fatal(err)
	}
	if out.Len() != 0 {
		t.Error(out)
	}
	h := nltrace.Hooks(log, nltrace.Level(slog.LevelInfo))
	h.Finish(&rtlink.OpGetlink, nil)
	if out.Len() == 0 {
		t.Error("the level was not taken")
	}
	// Bytes of any kind are taken.
	log, _ = logger(slog.LevelDebug)
	h = nltrace.Hooks(log, nltrace.Raw(), nltrace.Operations(&netdev.OpDevGet))
	for n := range 40 {
		b := bytes.Repeat([]byte{16}, n)
		hdr, _ := nlmsg.ParseHeader(b)
		h.In(16, hdr, b)
		h.Request(&netdev.OpDevGet, b)
		h.Valid(&rtlink.OpGetlink, b)
		h.Out(16, b)
	}
}
