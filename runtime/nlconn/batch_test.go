package nlconn_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
	"github.com/nlgen/nlgen/runtime/nlmsg"
	"github.com/nlgen/nlgen/runtime/nltest"
)

// fill adds n requests whose names tell what is to become of them.
func fill(t *testing.T, c *nlconn.Conn, names []string, opts ...nlconn.BatchOption) *nlconn.Batch {
	t.Helper()
	b := c.NewBatch(nlconn.ProtocolRoute, opts...)
	for _, name := range names {
		b.Add(soon(t), &opNewlink, &link{Name: name}, nlconn.Create)
	}
	if b.Len() != len(names) {
		t.Errorf("%d requests", b.Len())
	}
	return b
}

// refuseSeq is EEXIST for the request with that sequence number.
func refuseSeq(seq uint32) nltest.Message { return nltest.Refuse(syscall.EEXIST, "").Seq(seq) }

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
		opts  []nlconn.BatchOption
		names []string
		want  map[int]error // by index
		sent  int
	}{
		{"empty", nil, nil, nil, 0},
		{"one", nil, []string{"ok"}, nil, 1},
		{"many", nil, repeat(200, "ok"), nil, 4},
		{"many, ack of the last", []nlconn.BatchOption{nlconn.AckLast()}, repeat(200, "ok"), nil, 4},
		{"some fail", nil, []string{"ok", "exists", "ok", "missing"}, map[int]error{1: os.ErrExist, 3: os.ErrNotExist}, 1},
		{"some fail, ack of the last", []nlconn.BatchOption{nlconn.AckLast()}, []string{"ok", "exists", "ok", "missing", "ok"},
			map[int]error{1: os.ErrExist, 3: os.ErrNotExist}, 1},
		{"the last fails, ack of the last", []nlconn.BatchOption{nlconn.AckLast()}, []string{"ok", "exists"}, map[int]error{1: os.ErrExist}, 1},
		{"the last is not answered", []nlconn.BatchOption{nlconn.AckLast()}, []string{"ok", "silent"}, map[int]error{1: nlconn.ErrNoAnswer}, 2},
		{"one cannot be encoded", nil, []string{"ok", "a\x00b", "ok"}, map[int]error{1: nlattr.ErrNul}, 2},
		{"stop on error", []nlconn.BatchOption{nlconn.StopOnError()}, append(repeat(64, "ok", "exists")[:64], repeat(3, "ok")...), nil, 1},
		{"stop before one that cannot be encoded", []nlconn.BatchOption{nlconn.StopOnError()}, []string{"a\x00b", "ok"},
			map[int]error{0: nlattr.ErrNul, 1: nlconn.ErrNotSent}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			conn, s, seen := scripted(t, func(r nltest.Request) []nltest.Item {
				switch nameIn(r) {
				case "exists":
					return []nltest.Item{datagram(nltest.Refuse(syscall.EEXIST, "File exists"))}
				case "missing":
					return []nltest.Item{datagram(nltest.Refuse(syscall.ENOENT, ""))}
				case "silent":
					return nil
				}
				if !r.WantsAck() {
					return nil
				}
				return []nltest.Item{datagram(nltest.Ack())}
			})
			b := fill(t, conn, c.names, c.opts...)
			err := b.Do(soon(t))
			if c.want == nil && c.name != "stop on error" {
				if err != nil {
					t.Error(err)
				}
			} else {
				var e *nlconn.BatchError
				if !errors.As(err, &e) || e.Total != len(c.names) || e.Err != nil {
					t.Fatalf("%v", err)
				}
				if c.name == "stop on error" {
					if len(e.Failed) != 32+3 || !errors.Is(e.Failed[34], nlconn.ErrNotSent) || !strings.HasSuffix(err.Error(), "; and 22 more; 3 of them were not sent") {
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
			if s.Sends() != c.sent {
				t.Errorf("%d sends, want %d", s.Sends(), c.sent)
			}
			if s.Open() > 1 {
				t.Errorf("%d sockets are open", s.Open())
			}
			if seen["finish"] != len(c.names) {
				t.Errorf("the hook finish was called %d times for %d requests", seen["finish"], len(c.names))
			}
			if err := b.Do(soon(t)); err == nil {
				t.Error("it was sent twice")
			}
		})
	}
}

func TestBatchOverrun(t *testing.T) {
	conn, s, _ := scripted(t, func(r nltest.Request) []nltest.Item {
		if nameIn(r) == "lost" {
			return []nltest.Item{nltest.Lost()}
		}
		return []nltest.Item{datagram(nltest.Ack())}
	})
	err := fill(t, conn, []string{"ok", "lost", "ok"}).Do(soon(t))
	var e *nlconn.BatchError
	if !errors.As(err, &e) || !errors.Is(e.Err, nlconn.ErrOverrun) || len(e.Failed) != 2 || e.Failed[0].Index != 1 {
		t.Error(err)
	}
	if s.Open() != 0 {
		t.Errorf("%d sockets are open", s.Open())
	}
	// A context that has ended.
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := fill(t, conn, []string{"ok"}).Do(ctx); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// A datagram holds so many bytes, too.
func TestBatchLong(t *testing.T) {
	conn, s, _ := scripted(t, func(nltest.Request) []nltest.Item { return []nltest.Item{datagram(nltest.Ack())} })
	b := conn.NewBatch(nlconn.ProtocolRoute)
	for _, size := range []int{4000, 4000, 4000, 4000, 4000, 20000, 20000, 4000} {
		b.Add(soon(t), &opNewlink, &link{Name: strings.Repeat("x", size)}, nlconn.NoValidate)
	}
	if err := b.Do(soon(t)); err != nil || s.Sends() != 5 {
		t.Errorf("%d sends, %v", s.Sends(), err)
	}
}

func TestBatchReply(t *testing.T) {
	conn, s, _ := scripted(t, func(r nltest.Request) []nltest.Item {
		return []nltest.Item{datagram(newlink(nameIn(r) + "'")), datagram(newlink("second")), datagram(nltest.Warn("hm"))}
	})
	b := conn.NewBatch(nlconn.ProtocolRoute)
	replies := make([]link, 40)
	acks := 0
	for i := range replies {
		b.AddReply(soon(t), &opGetlink, &link{Name: fmt.Sprint("n", i)}, &replies[i], nlconn.OnAck(func(a *nlmsg.Ack) {
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
	if s.Sends() != 3 { // Replies take more room of the queue than acks.
		t.Errorf("%d sends", s.Sends())
	}
	if acks != len(replies) {
		t.Errorf("%d acks", acks)
	}
	b = conn.NewBatch(nlconn.ProtocolGeneric)
	b.Add(soon(t), &opNewlink, &link{Name: "a"})
	if err := b.Do(soon(t)); err == nil || !strings.Contains(err.Error(), "protocol 0 in a batch of protocol 16") {
		t.Error(err)
	}
}

// A callback that panics leaves no socket behind.
func TestBatchPanic(t *testing.T) {
	conn, s, _ := scripted(t, func(nltest.Request) []nltest.Item { return []nltest.Item{datagram(nltest.Warn("no"))} })
	edge := nlconn.Operation{Family: &rtLink, Name: "batch-edge", Request: 20}
	for _, opts := range [][]nlconn.BatchOption{nil, {nlconn.Transaction(&edge, nil, &edge, nil)}} {
		b := conn.NewBatch(nlconn.ProtocolRoute, opts...)
		b.Add(soon(t), &opNewlink, &link{Name: "a"}, nlconn.OnAck(func(*nlmsg.Ack) { panic("in a callback") }))
		func() {
			defer func() { _ = recover() }()
			t.Errorf("no panic: %v", b.Do(soon(t)))
		}()
		if s.Open() != 0 {
			t.Errorf("%d sockets are open", s.Open())
		}
	}
}

// One request that is to be lax makes the socket so, for this time.
func TestBatchLax(t *testing.T) {
	conn, s, _ := scripted(t, func(r nltest.Request) []nltest.Item { return []nltest.Item{datagram(nltest.Ack())} })
	edge := nlconn.Operation{Family: &rtLink, Name: "batch-edge", Request: 20}
	for _, opts := range [][]nlconn.BatchOption{nil, {nlconn.Transaction(&edge, nil, &edge, nil)}} {
		b := conn.NewBatch(nlconn.ProtocolRoute, opts...)
		for _, call := range [][]nlconn.CallOption{{nlconn.Lax}, nil} {
			b.Add(soon(t), &opNewlink, &link{Name: "a"}, call...)
			b.Add(soon(t), &opNewlink, &link{Name: "b"})
			if err := b.Do(soon(t)); err != nil {
				t.Error(err)
			}
			b.Reset()
			opened := s.Options()
			if lax := opened[len(opened)-1].Lax; lax != (call != nil) {
				t.Errorf("lax %v of a batch with the options %v", lax, call)
			}
		}
	}
}

func TestTransaction(t *testing.T) {
	begin := nlconn.Operation{Family: &rtLink, Name: "batch-begin", Request: 20}
	end := nlconn.Operation{Family: &rtLink, Name: "batch-end", Request: 21}
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
			var pending []nltest.Item
			var first uint32
			refused := false
			conn, s, _ := scripted(t, func(r nltest.Request) []nltest.Item {
				types = append(types, r.Header.Type)
				switch r.Header.Type {
				case begin.Request:
					first = r.Header.Seq
					return nil
				case end.Request:
					if refused {
						pending = []nltest.Item{datagram(refuseSeq(first))}
					}
					return pending
				}
				switch name := nameIn(r); {
				case name == "exists":
					pending = append(pending, datagram(refuseSeq(r.Header.Seq)))
				case name == "commit":
					refused = true
				case r.WantsAck():
					pending = append(pending, datagram(nltest.Ack().Seq(r.Header.Seq)))
				}
				return nil
			})
			err := fill(t, conn, c.names, nlconn.Transaction(&begin, nil, &end, nil)).Do(soon(t))
			var e *nlconn.BatchError
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
			if s.Open() != 0 {
				t.Errorf("%d sockets are open", s.Open())
			}
		})
	}
	// Transactions number their messages differently: with one socket they may be
	// answered at the same time.
	seen := make(map[uint32]bool)
	numbers, _, _ := scripted(t, func(r nltest.Request) []nltest.Item {
		seen[r.Header.Seq] = true
		return []nltest.Item{datagram(nltest.Ack())}
	})
	for range 8 {
		if err := fill(t, numbers, []string{"ok"}, nlconn.Transaction(&begin, nil, &end, nil)).Do(soon(t)); err != nil {
			t.Error(err)
		}
	}
	if len(seen) != 8*3 {
		t.Errorf("%d numbers of %d messages", len(seen), 8*3)
	}
	// One that cannot be encoded keeps all from being sent.
	conn, s, _ := scripted(t, nil)
	err := fill(t, conn, append(repeat(20, "ok"), "a\x00b"), nlconn.Transaction(&begin, nil, &end, nil)).Do(soon(t))
	if !errors.Is(err, nlconn.ErrNotSent) || !errors.Is(err, nlattr.ErrNul) || s.Sends() != 0 {
		t.Error(err)
	}
	// The text names that one, however many were in front of it.
	if text := err.Error(); !strings.Contains(text, "request 20: ") || !strings.HasSuffix(text, "; 20 of them were not sent") {
		t.Error(text)
	}
}
