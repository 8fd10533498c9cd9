package nlconn_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
	"github.com/nlgen/nlgen/runtime/nlmsg"
	"github.com/nlgen/nlgen/runtime/nltest"
)

func TestAllocations(t *testing.T) {
	// A socket that answers without allocating itself.
	e := new(echoSocket)
	conn, err := nlconn.Open(nlconn.WithTransport(e))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	ctx := context.Background()
	req := &link{Index: 5}

	e.answer = func(h nlmsg.Header, b []byte) []byte {
		b = append(b, e.link...)
		nlattr.PutUint32(b[8:], h.Seq)
		return b
	}
	e.link = newlink("eth0")(nltest.Request{})
	var l link
	if n := testing.AllocsPerRun(1000, func() {
		if found, err := nlconn.DoInto(ctx, conn, &opGetlink, req, &l); !found || err != nil {
			t.Fatal(found, err)
		}
	}); n > 2 { // its strings
		t.Errorf("DoInto: %v allocations", n)
	}
	if n := testing.AllocsPerRun(1000, func() {
		if l, err := nlconn.Do[link](ctx, conn, &opGetlink, req); l == nil || err != nil {
			t.Fatal(err)
		}
	}); n > 3 {
		t.Errorf("Do: %v allocations", n)
	}
	e.answer = func(h nlmsg.Header, b []byte) []byte {
		b = append(b, e.ack...)
		nlattr.PutUint32(b[8:], h.Seq)
		return b
	}
	e.ack = nltest.Ack()(nltest.Request{})
	if n := testing.AllocsPerRun(1000, func() {
		if err := nlconn.Exec(ctx, conn, &opNewlink, req, nlconn.Create, nlconn.Exclusive); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("Exec: %v allocations", n)
	}
	// A dump costs the same however long it is.
	count := 0
	e.answer = func(h nlmsg.Header, b []byte) []byte {
		for range count {
			n := len(b)
			b = append(b, e.link...)
			nlattr.PutUint32(b[n+8:], h.Seq)
		}
		n := len(b)
		b = append(b, e.done...)
		nlattr.PutUint32(b[n+8:], h.Seq)
		return b
	}
	e.done = nltest.Done()(nltest.Request{})
	dump := func() {
		for err := range nlconn.DumpInto(ctx, conn, &opGetlink, nil, &l) {
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	count = 400
	long := testing.AllocsPerRun(100, dump)
	count = 1
	if short := testing.AllocsPerRun(100, dump); long > short {
		t.Errorf("DumpInto: %v allocations for 400 messages, %v for one", long, short)
	}
}

// A subscription costs the same however many events come.
func TestSubscriptionAllocations(t *testing.T) {
	s := &newsSocket{link: newlink("eth0").Seq(0)(nltest.Request{})}
	conn, err := nlconn.Open(nlconn.WithTransport(s))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	ctx := context.Background()
	var l link
	name := func(n *nlconn.Notification) (string, error) {
		l = link{}
		err := n.DecodeBorrowed(&l)
		return l.Name, err
	}
	count := 0
	drain := func() {
		sub, err := nlconn.Subscribe(ctx, conn, &rtLink, name, groupLink)
		if err != nil {
			t.Fatal(err)
		}
		defer sub.Close()
		s.left = count
		n := 0
		for name, err := range sub.All(ctx) {
			if n++; err != nil || name != "eth0" {
				t.Fatal(name, err)
			}
		}
		if n != count {
			t.Fatalf("%d events", n)
		}
	}
	count = 3000
	long := testing.AllocsPerRun(20, drain)
	count = 1
	if short := testing.AllocsPerRun(20, drain); long > short {
		t.Errorf("%v allocations for 3000 events, %v for one", long, short)
	}
}

// newsSocket is full of events, until it is closed.
type newsSocket struct {
	echoSocket
	link []byte
	left int
}

func (s *newsSocket) OpenSocket(int, nlconn.SocketOptions) (nlconn.Socket, error) { return s, nil }

func (s *newsSocket) Receive(_ context.Context, pkts []nlconn.Packet) (int, error) {
	n := min(len(pkts), s.left)
	for i := range pkts[:n] {
		p := &pkts[i]
		p.Data, p.Len, p.Port = p.Buf[:copy(p.Buf, s.link)], len(s.link), 0
	}
	if s.left -= n; n == 0 {
		return 0, nlconn.ErrClosed
	}
	return n, nil
}

// echoSocket answers each request by a function that appends to a buffer.
type echoSocket struct {
	answer          func(h nlmsg.Header, b []byte) []byte
	link, ack, done []byte
	pending         []byte
	buf             [64 << 10]byte
}

func (e *echoSocket) OpenSocket(int, nlconn.SocketOptions) (nlconn.Socket, error) { return e, nil }

func (e *echoSocket) Join(uint32) error  { return nil }
func (e *echoSocket) Leave(uint32) error { return nil }
func (e *echoSocket) PortID() uint32     { return 77 }
func (e *echoSocket) Close() error       { return nil }

func (e *echoSocket) Receive(context.Context, []nlconn.Packet) (int, error) {
	return 0, fmt.Errorf("nothing to wait for")
}

func (e *echoSocket) Send(b []byte) error {
	h, _ := nlmsg.ParseHeader(b)
	e.pending = e.answer(h, e.buf[:0])
	return nil
}

func (e *echoSocket) TryReceive(pkts []nlconn.Packet) (int, error) {
	if e.pending == nil {
		return 0, fmt.Errorf("nothing to receive")
	}
	n := copy(pkts[0].Buf, e.pending)
	pkts[0].Data, pkts[0].Len, pkts[0].Port = pkts[0].Buf[:n], len(e.pending), 0
	e.pending = nil
	return 1, nil
}
