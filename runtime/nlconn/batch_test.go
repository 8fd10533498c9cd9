package nlconn

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlmsg"
)

// fill adds n requests whose names tell what is to become of them.
func fill(t *testing.T, c *Conn, names []string, opts ...BatchOption) *Batch {
	t.Helper()
	b := c.NewBatch(ProtocolRoute, opts...)
	for _, name := range names {
		b.Add(soon(t), &opNewlink, &link{Name: name}, Create)
	}
	if b.Len() != len(names) {
		t.Errorf("%d requests", b.Len())
	}
	return b
}

// nameIn returns the name in a request.
func nameIn(body []byte) string {
	var l link
	d := nlattr.NewDecoder(body)
	l.DecodeFrom(&d)
	return l.Name
}

func repeat(n int, names ...string) []string {
	var all []string
	for range n {
		all = append(all, names...)
	}
	return all
}

func TestBatch(t *testing.T) {
	for _, c := range []struct {
		name  string
		opts  []BatchOption
		names []string
		want  map[int]error // by index
		sent  int
	}{
		{"empty", nil, nil, nil, 0},
		{"one", nil, []string{"ok"}, nil, 1},
		{"many", nil, repeat(200, "ok"), nil, 4},
		{"many, ack of the last", []BatchOption{AckLast()}, repeat(200, "ok"), nil, 4},
		{"some fail", nil, []string{"ok", "exists", "ok", "missing"}, map[int]error{1: os.ErrExist, 3: os.ErrNotExist}, 1},
		{"some fail, ack of the last", []BatchOption{AckLast()}, []string{"ok", "exists", "ok", "missing", "ok"},
			map[int]error{1: os.ErrExist, 3: os.ErrNotExist}, 1},
		{"the last fails, ack of the last", []BatchOption{AckLast()}, []string{"ok", "exists"}, map[int]error{1: os.ErrExist}, 1},
		{"the last is not answered", []BatchOption{AckLast()}, []string{"ok", "silent"}, map[int]error{1: ErrNoAnswer}, 2},
		{"one cannot be encoded", nil, []string{"ok", "a\x00b", "ok"}, map[int]error{1: nlattr.ErrNul}, 2},
		{"stop on error", []BatchOption{StopOnError()}, append(repeat(64, "ok", "exists")[:64], repeat(3, "ok")...), nil, 1},
		{"stop before one that cannot be encoded", []BatchOption{StopOnError()}, []string{"a\x00b", "ok"},
			map[int]error{0: nlattr.ErrNul, 1: ErrNotSent}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			conn, s, _ := scripted(t, func(h nlmsg.Header, body []byte) []Packet {
				switch nameIn(body) {
				case "exists":
					return []Packet{datagram(ack(h, 17, text("File exists")...))}
				case "missing":
					return []Packet{datagram(ack(h, 2))}
				case "silent":
					return nil
				}
				if !wants(h) {
					return nil
				}
				return []Packet{datagram(ack(h, 0))}
			})
			b := fill(t, conn, c.names, c.opts...)
			err := b.Do(soon(t))
			if c.want == nil && c.name != "stop on error" {
				if err != nil {
					t.Error(err)
				}
			} else {
				var e *BatchError
				if !errors.As(err, &e) || e.Total != len(c.names) || e.Err != nil {
					t.Fatalf("%v", err)
				}
				if c.name == "stop on error" {
					if len(e.Failed) != 32+3 || !errors.Is(e.Failed[34], ErrNotSent) || !strings.Contains(err.Error(), "and 25 more") {
						t.Errorf("%v", err)
					}
				} else {
					if len(e.Failed) != len(c.want) {
						t.Errorf("%v", err)
					}
					for _, f := range e.Failed {
						if !errors.Is(f, c.want[f.Index]) {
							t.Errorf("request %d: %v", f.Index, f)
						}
					}
				}
			}
			if s.sent != c.sent {
				t.Errorf("%d sends, want %d", s.sent, c.sent)
			}
			if s.open > 1 {
				t.Errorf("%d sockets are open", s.open)
			}
			if err := b.Do(soon(t)); err == nil {
				t.Error("it was sent twice")
			}
		})
	}
}

func TestBatchOverrun(t *testing.T) {
	conn, s, _ := scripted(t, func(h nlmsg.Header, body []byte) []Packet {
		if nameIn(body) == "lost" {
			return []Packet{{Len: errPacket}}
		}
		return []Packet{datagram(ack(h, 0))}
	})
	err := fill(t, conn, []string{"ok", "lost", "ok"}).Do(soon(t))
	var e *BatchError
	if !errors.As(err, &e) || !errors.Is(e.Err, ErrOverrun) || len(e.Failed) != 2 || e.Failed[0].Index != 1 {
		t.Error(err)
	}
	if s.open != 0 {
		t.Errorf("%d sockets are open", s.open)
	}
	// A context that has ended.
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := fill(t, conn, []string{"ok"}).Do(ctx); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestBatchReply(t *testing.T) {
	conn, _, _ := scripted(t, func(h nlmsg.Header, body []byte) []Packet {
		return []Packet{datagram(newlink(h, 0, nameIn(body)+"'")), datagram(newlink(h, 0, "second")), datagram(ack(h, 0, text("hm")...))}
	})
	b := conn.NewBatch(ProtocolRoute)
	replies := make([]link, 40)
	acks := 0
	for i := range replies {
		b.AddReply(soon(t), &opGetlink, &link{Name: fmt.Sprint("n", i)}, &replies[i], OnAck(func(a *nlmsg.Ack) {
			if a.Warning == "hm" {
				acks++
			}
		}))
	}
	if err := b.Do(soon(t)); err != nil {
		t.Fatal(err)
	}
	for i := range replies {
		if replies[i].Name != fmt.Sprintf("n%d'", i) {
			t.Errorf("%d: %+v", i, replies[i])
		}
	}
	if acks != len(replies) {
		t.Errorf("%d acks", acks)
	}
	b = conn.NewBatch(ProtocolGeneric)
	b.Add(soon(t), &opNewlink, &link{Name: "a"})
	if err := b.Do(soon(t)); err == nil || !strings.Contains(err.Error(), "protocol 0 in a batch of protocol 16") {
		t.Error(err)
	}
}

func TestTransaction(t *testing.T) {
	begin := Operation{Family: &rtLink, Name: "batch-begin", Request: 20}
	end := Operation{Family: &rtLink, Name: "batch-end", Request: 21}
	for _, c := range []struct {
		name   string
		names  []string
		failed []int
		whole  error
	}{
		{"carried out", repeat(300, "ok"), nil, nil},
		{"one is refused", []string{"ok", "exists", "ok"}, []int{1}, nil},
		{"the commit is refused", []string{"ok", "commit"}, nil, os.ErrExist},
	} {
		t.Run(c.name, func(t *testing.T) {
			var types []uint16
			var pending []Packet
			var first nlmsg.Header
			refused := false
			conn, s, _ := scripted(t, func(h nlmsg.Header, body []byte) []Packet {
				types = append(types, h.Type)
				switch h.Type {
				case begin.Request:
					first = h
					return nil
				case end.Request:
					if refused {
						pending = []Packet{datagram(ack(first, 17))}
					}
					return pending
				}
				switch name := nameIn(body); {
				case name == "exists":
					pending = append(pending, datagram(ack(h, 17)))
				case name == "commit":
					refused = true
				case wants(h):
					pending = append(pending, datagram(ack(h, 0)))
				}
				return nil
			})
			err := fill(t, conn, c.names, Transaction(&begin, nil, &end, nil)).Do(soon(t))
			var e *BatchError
			switch {
			case c.failed == nil && c.whole == nil:
				if err != nil {
					t.Error(err)
				}
			case !errors.As(err, &e) || len(e.Failed) != len(c.failed) || !errors.Is(e.Err, c.whole):
				t.Error(err)
			default:
				for i, f := range e.Failed {
					if f.Index != c.failed[i] || !errors.Is(f, os.ErrExist) {
						t.Error(f)
					}
				}
			}
			if len(types) != len(c.names)+2 || types[0] != 20 || types[len(types)-1] != 21 {
				t.Errorf("%v", types)
			}
			if s.open != 0 {
				t.Errorf("%d sockets are open", s.open)
			}
		})
	}
	// One that cannot be encoded keeps all from being sent.
	conn, s, _ := scripted(t, nil)
	err := fill(t, conn, []string{"ok", "a\x00b"}, Transaction(&begin, nil, &end, nil)).Do(soon(t))
	if !errors.Is(err, ErrNotSent) || !errors.Is(err, nlattr.ErrNul) || s.sent != 0 {
		t.Error(err)
	}
}

func TestSubscribeFaults(t *testing.T) {
	conn, s, seen := scripted(t, nil)
	sub, err := Subscribe(soon(t), conn, &rtLink, func(n *Notification) (string, error) {
		var l link
		err := n.DecodeBorrowed(&l)
		return l.Name, err
	}, groupLink, Group{Name: "far", ID: 4000})
	if err != nil {
		t.Fatal(err)
	}
	if o := s.opened[0]; !o.Listen || o.ReceiveQueue != MinReceiveQueue || len(s.joined) != 2 || s.joined[1] != 4000 {
		t.Errorf("%+v, %v", o, s.joined)
	}
	if err := sub.Join(soon(t), Group{Name: "unknown"}); err == nil || err.Error() != `rt-link: join: group "unknown" has no number` {
		t.Error(err)
	}
	var none nlmsg.Header
	socket := sub.sock.(*connSocket).Socket.(*scriptSocket)
	evil := datagram(newlink(none, 0, "evil"))
	evil.Port = 4711
	cut := datagram(newlink(none, 0, "cut"))
	cut.Len = 1 << 20
	far := datagram(newlink(none, 0, "d"))
	far.Group, far.NSID, far.HasNSID = 4000, 3, true
	lying := newlink(none, 0, "e")
	socket.push(datagram(newlink(none, 0, "a"), newlink(none, 0, "b")), evil, Packet{Len: errPacket}, datagram(newlink(none, 0, "c")), cut,
		datagram(message(nlmsg.TypeNoop, 0, 0, nil), message(nlmsg.TypeOverrun, 0, 0, nil)), far,
		datagram(lying[:len(lying)-4]), datagram(message(16, 0, 0, []byte{1})), datagram(newlink(none, 0, "f")))
	var got []string
	for ev, err := range sub.Events(soon(t)) {
		switch {
		case errors.Is(err, ErrOverrun):
			got = append(got, "overrun")
		case errors.Is(err, ErrTruncated):
			got = append(got, "cut")
		case err != nil:
			got = append(got, "!")
		default:
			got = append(got, ev.Value)
		}
		if ev.Value == "d" && (ev.Group != 4000 || ev.NSID != nlattr.Some(int32(3))) {
			t.Errorf("%+v", ev)
		}
		if ev.Value == "f" {
			break
		}
	}
	if want := "a b overrun c cut overrun d ! ! f"; strings.Join(got, " ") != want {
		t.Errorf("%q, want %q", strings.Join(got, " "), want)
	}
	if seen["foreign"] != 1 || seen["overrun"] != 2 || seen["skipped"] != 1 {
		t.Error(seen)
	}
	done := make(chan error)
	go func() {
		var last error
		for _, err := range sub.All(soon(t)) {
			last = err
		}
		done <- last
	}()
	time.Sleep(5 * time.Millisecond)
	sub.Close()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if s.open != 0 || len(conn.open) != 0 {
		t.Errorf("%d sockets are open", s.open)
	}
}
