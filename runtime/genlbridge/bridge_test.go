package genlbridge

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/mdlayher/genetlink"
	"github.com/mdlayher/genetlink/genltest"
	"github.com/mdlayher/netlink"

	"github.com/nlgen/nlgen/internal/nettest"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
	"github.com/nlgen/nlgen/runtime/nlmsg"
)

func TestMain(m *testing.M) { nettest.Main(m) }

var fou = nlconn.Family{Name: "fou", Protocol: nlconn.ProtocolGeneric, Generic: true, Version: 1}

type port struct{ Port uint16 }

func (p *port) EncodeTo(e *nlattr.Encoder) { e.Uint16(1, p.Port) }

func (p *port) DecodeFrom(d *nlattr.Decoder) {
	for d.Next() {
		if d.Type() == 1 {
			p.Port = d.Uint16()
		}
	}
}

// reply builds a reply of fou.
func reply(n uint16) genetlink.Message {
	var e nlattr.Encoder
	(&port{n}).EncodeTo(&e)
	b, _ := e.Finish()
	return genetlink.Message{Header: genetlink.Header{Command: 3, Version: 1}, Data: b}
}

func soon(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func open(t testing.TB, tr *Transport) *nlconn.Conn {
	t.Helper()
	c, err := nlconn.Open(nlconn.WithTransport(tr))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func TestOverDouble(t *testing.T) {
	// The double answers what genltest can: replies, or an error.
	double := genltest.Dial(genltest.ServeFamily(genetlink.Family{Name: "fou", ID: 30, Version: 1},
		func(g genetlink.Message, n netlink.Message) ([]genetlink.Message, error) {
			if n.Header.Type != 30 {
				t.Errorf("type %d", n.Header.Type)
			}
			var p port
			d := nlattr.NewDecoder(g.Data)
			p.DecodeFrom(&d)
			switch {
			case n.Header.Flags&netlink.Dump == netlink.Dump:
				return []genetlink.Message{reply(1), reply(2), reply(3)}, nil
			case p.Port == 99:
				return nil, genltest.Error(int(syscall.EEXIST))
			}
			return nil, fmt.Errorf("port %d", p.Port)
		}))
	defer double.Close()
	c := open(t, New(double))
	ctx := soon(t)
	// genltest sends no ack, which is what a look-up waits for: only errors and
	// dumps can be tried.
	s, err := New(double).OpenSocket(nlconn.ProtocolGeneric, nlconn.SocketOptions{})
	if err != nil {
		t.Fatal(err)
	}
	send := func(seq uint32, flags uint16, n uint16) nlmsg.Header {
		t.Helper()
		h := nlmsg.Header{Type: 30, Flags: nlmsg.FlagRequest | flags, Seq: seq}
		b := append(h.Append(nil), 3, 1, 0, 0)
		e := nlattr.NewEncoder(b)
		(&port{n}).EncodeTo(&e)
		b, _ = e.Finish()
		if err := s.Send(nlmsg.Finish(b, 0)); err != nil {
			t.Fatal(err)
		}
		return h
	}
	pkts := make([]nlconn.Packet, 8)
	send(41, nlmsg.FlagDump, 0)
	n, err := s.Receive(ctx, pkts)
	if n != 4 || err != nil {
		t.Fatal(n, err)
	}
	for i, p := range pkts[:n] {
		h, _ := nlmsg.ParseHeader(p.Data)
		if h.Seq != 41 || (h.Type == nlmsg.TypeDone) != (i == 3) {
			t.Errorf("%d: %+v", i, h)
		}
	}
	send(42, nlmsg.FlagAck, 99)
	n, err = s.Receive(ctx, pkts)
	if n != 1 || err != nil {
		t.Fatal(n, err)
	}
	cur := nlmsg.NewCursor(pkts[0].Data)
	cur.Next()
	if ctl, err := nlmsg.ParseError(cur.Header(), cur.Body()); err != nil || ctl.Errno != syscall.EEXIST || ctl.Request.Seq != 42 {
		t.Errorf("%+v, %v", ctl, err)
	}
	if _, err := s.Receive(ctx, pkts); err == nil {
		t.Error("an answer to nothing")
	}
	s.Close()
	if _, err := s.Receive(ctx, pkts); !errors.Is(err, nlconn.ErrClosed) {
		t.Error(err)
	}
	if err := s.Send(nil); !errors.Is(err, nlconn.ErrClosed) {
		t.Error(err)
	}
	// What it does not do, it says.
	if _, err := nlconn.Subscribe(ctx, c, &fou, func(*nlconn.Notification) (int, error) { return 0, nil }); !errors.Is(err, errors.ErrUnsupported) {
		t.Error(err)
	}
	if _, err := c.OpenSocket(nlconn.ProtocolRoute, nlconn.SocketOptions{}); !errors.Is(err, errors.ErrUnsupported) {
		t.Error(err)
	}
	if _, err := c.OpenSocket(nlconn.ProtocolGeneric, nlconn.SocketOptions{Port: 5}); !errors.Is(err, errors.ErrUnsupported) {
		t.Error(err)
	}
	elsewhere, err := nlconn.Open(nlconn.WithTransport(New(double)), nlconn.WithNamespace("/proc/self/ns/net"))
	if err != nil {
		t.Fatal(err)
	}
	defer elsewhere.Close()
	if _, err := elsewhere.Family(ctx, "fou"); !errors.Is(err, errors.ErrUnsupported) {
		t.Error(err)
	}
}

// What the bridge brings back is what the kernel says without it.
func TestLive(t *testing.T) {
	nettest.Isolate(t)
	ctx := soon(t)
	straight, err := nlconn.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer straight.Close()
	existing, err := genetlink.Dial(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer existing.Close()
	dial := func() (*genetlink.Conn, error) { return genetlink.Dial(nil) }
	for name, tr := range map[string]*Transport{"shared": New(existing), "dialer": NewDialer(dial)} {
		c := open(t, tr)
		want, err := straight.Families(ctx)
		if err != nil {
			t.Fatal(err)
		}
		got, err := c.Families(ctx)
		if err != nil || len(got) != len(want) {
			t.Fatalf("%s: %d families, want %d, %v", name, len(got), len(want), err)
		}
		for i := range got {
			if fmt.Sprint(*got[i]) != fmt.Sprint(*want[i]) {
				t.Errorf("%s: %+v, want %+v", name, *got[i], *want[i])
			}
			if f, err := c.Family(ctx, got[i].Name); err != nil || f.ID != got[i].ID {
				t.Errorf("%s: %+v, %v", name, f, err)
			}
		}
		if _, err := c.Family(ctx, "no-such-family"); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: %v", name, err)
		}
		// A dump without NLM_F_MULTI, and a request inside its loop.
		netdev := nlconn.Family{Name: "netdev", Protocol: nlconn.ProtocolGeneric, Generic: true, Version: 1}
		devs := nlconn.Operation{Family: &netdev, Name: "dev-get", Request: 1, Reply: 1}
		n := 0
		for _, err := range nlconn.Dump[port](ctx, c, &devs, nil) {
			if err != nil && !errors.Is(err, nlattr.ErrLength) {
				t.Errorf("%s: %v", name, err)
			}
			if _, err := c.Family(ctx, "nlctrl"); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			n++
		}
		if n != 1 {
			t.Errorf("%s: %d devices", name, n)
		}
		if err := nlconn.Exec(ctx, c, &nlconn.Operation{Family: &netdev, Name: "none", Request: 200}, nil); !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// Subscriptions need a connection of their own; closing wakes them.
	c := open(t, NewDialer(dial))
	control := nlconn.Family{Name: "nlctrl", Protocol: nlconn.ProtocolGeneric, Generic: true, Version: 2}
	sub, err := nlconn.Subscribe(ctx, c, &control, func(n *nlconn.Notification) (uint16, error) { return n.Number, nil }, nlconn.Group{Name: "notify"})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	go func() {
		for _, err := range sub.All(ctx) {
			done <- err
			return
		}
		done <- nil
	}()
	time.Sleep(20 * time.Millisecond)
	sub.Close()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
