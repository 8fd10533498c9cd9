package nlconn

import (
	"context"
	"fmt"
	"testing"

	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlmsg"
)

func TestAllocations(t *testing.T) {
	conn, err := Open(WithTransport(&script{}))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	ctx := context.Background()
	// A socket that answers without allocating itself.
	x, err := conn.borrow(0, false)
	if err != nil {
		t.Fatal(err)
	}
	e := new(echoSocket)
	x.sock, x.prompt = e, e
	conn.giveBack(x)
	req := &link{Index: 5}

	e.answer = func(h nlmsg.Header, b []byte) []byte {
		b = append(b, e.link...)
		nlattr.PutUint32(b[8:], h.Seq)
		return b
	}
	e.link = newlink(nlmsg.Header{}, 0, "eth0")
	var l link
	if n := testing.AllocsPerRun(1000, func() {
		if found, err := DoInto(ctx, conn, &opGetlink, req, &l); !found || err != nil {
			t.Fatal(found, err)
		}
	}); n > 2 { // its strings
		t.Errorf("DoInto: %v allocations", n)
	}
	if n := testing.AllocsPerRun(1000, func() {
		if l, err := Do[link](ctx, conn, &opGetlink, req); l == nil || err != nil {
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
	e.ack = ack(nlmsg.Header{}, 0)
	if n := testing.AllocsPerRun(1000, func() {
		if err := Exec(ctx, conn, &opNewlink, req, Create, Exclusive); err != nil {
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
	e.done = done(nlmsg.Header{}, 0, 0)
	dump := func() {
		for err := range DumpInto(ctx, conn, &opGetlink, nil, &l) {
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

// echoSocket answers each request by a function that appends to a buffer.
type echoSocket struct {
	scriptSocket
	answer          func(h nlmsg.Header, b []byte) []byte
	link, ack, done []byte
	pending         []byte
	buf             [64 << 10]byte
}

func (e *echoSocket) Send(b []byte) error {
	h, _ := nlmsg.ParseHeader(b)
	e.pending = e.answer(h, e.buf[:0])
	return nil
}

func (e *echoSocket) TryReceive(pkts []Packet) (int, error) {
	if e.pending == nil {
		return 0, fmt.Errorf("nothing to receive")
	}
	n := copy(pkts[0].Buf, e.pending)
	pkts[0].Data, pkts[0].Len, pkts[0].Port = pkts[0].Buf[:n], len(e.pending), 0
	e.pending = nil
	return 1, nil
}
