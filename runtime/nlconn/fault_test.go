package nlconn

import (
	"context"
	"errors"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlmsg"
)

// scripted returns a Conn to a script, and counts what the hooks see.
func scripted(t *testing.T, answer func(h nlmsg.Header, body []byte) []Packet) (*Conn, *script, map[string]int) {
	t.Helper()
	s := &script{answer: answer}
	seen := make(map[string]int)
	c, err := Open(WithTransport(s), WithHooks(Hooks{
		Out:         func(int, []byte) { seen["out"]++ },
		In:          func(int, nlmsg.Header, []byte) { seen["in"]++ },
		Valid:       func(*Operation, []byte) { seen["valid"]++ },
		Finish:      func(*Operation, error) { seen["finish"]++ },
		Interrupted: func(*Operation) { seen["interrupted"]++ },
		Overrun:     func(int) { seen["overrun"]++ },
		Stale:       func(int, nlmsg.Header) { seen["stale"]++ },
		Foreign:     func(int, uint32, []byte) { seen["foreign"]++ },
		Skipped:     func(int, nlmsg.Header, []byte) { seen["skipped"]++ },
	}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c, s, seen
}

// soon is a context that ends before a hanging test does.
func soon(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func TestDoFaults(t *testing.T) {
	for _, c := range []struct {
		name   string
		op     *Operation
		answer func(h nlmsg.Header) []Packet
		reply  string // its name; empty if there is none
		err    error
		text   string // that is in the error
		seen   string // a hook that was called
	}{
		{"reply and ack in two datagrams", acked(opGetlink), func(h nlmsg.Header) []Packet {
			return []Packet{datagram(newlink(h, 0, "a")), datagram(ack(h, 0))}
		}, "a", nil, "", "valid"},
		{"reply and ack in one datagram", acked(opGetlink), func(h nlmsg.Header) []Packet {
			return []Packet{datagram(newlink(h, 0, "a"), ack(h, 0))}
		}, "a", nil, "", ""},
		{"reply alone", &opGetlink, func(h nlmsg.Header) []Packet {
			return []Packet{datagram(newlink(h, 0, "a"))}
		}, "a", nil, "", ""},
		{"nothing at all", &opGetlink, func(h nlmsg.Header) []Packet { return nil }, "", nil, "", ""},
		{"ack alone", acked(opGetlink), func(h nlmsg.Header) []Packet { return []Packet{datagram(ack(h, 0))} }, "", nil, "", ""},
		{"refused", acked(opGetlink), func(h nlmsg.Header) []Packet {
			return []Packet{datagram(ack(h, 19, text("No such device")...))}
		}, "", syscall.ENODEV, `rt-link: getlink: ENODEV: "No such device"`, "finish"},
		{"refused after the reply", acked(opGetlink), func(h nlmsg.Header) []Packet {
			return []Packet{datagram(newlink(h, 0, "a")), datagram(ack(h, 19))}
		}, "a", syscall.ENODEV, "", ""},
		{"truncated", &opGetlink, func(h nlmsg.Header) []Packet {
			p := datagram(newlink(h, 0, "a"))
			p.Len = 2 << 20
			return []Packet{p}
		}, "", ErrTruncated, "of 2097152 bytes", ""},
		{"foreign sender", acked(opGetlink), func(h nlmsg.Header) []Packet {
			p := datagram(newlink(h, 0, "evil"), ack(h, 0))
			p.Port = 4711
			return []Packet{p, datagram(newlink(h, 0, "a"), ack(h, 0))}
		}, "a", nil, "", "foreign"},
		{"stale reply", acked(opGetlink), func(h nlmsg.Header) []Packet {
			old := h
			old.Seq--
			return []Packet{datagram(newlink(old, 0, "old"), ack(old, 5)), datagram(newlink(h, 0, "a"), ack(h, 0))}
		}, "a", nil, "", "stale"},
		{"notification in between", acked(opGetlink), func(h nlmsg.Header) []Packet {
			var ntf nlmsg.Header
			return []Packet{datagram(newlink(ntf, 0, "ntf")), datagram(newlink(h, 0, "a")), datagram(ack(h, 0))}
		}, "a", nil, "", "stale"},
		{"no-op and unknown control messages", acked(opGetlink), func(h nlmsg.Header) []Packet {
			return []Packet{datagram(message(nlmsg.TypeNoop, 0, h.Seq, nil), message(9, 0, h.Seq, nil), newlink(h, 0, "a"), ack(h, 0))}
		}, "a", nil, "", "skipped"},
		{"overrun message", acked(opGetlink), func(h nlmsg.Header) []Packet {
			return []Packet{datagram(message(nlmsg.TypeOverrun, 0, h.Seq, nil))}
		}, "", ErrOverrun, "", "overrun"},
		{"overrun of the queue", acked(opGetlink), func(h nlmsg.Header) []Packet {
			return []Packet{{Len: errPacket}}
		}, "", ErrOverrun, "", "overrun"},
		{"zero bytes behind", acked(opGetlink), func(h nlmsg.Header) []Packet {
			return []Packet{datagram(newlink(h, 0, "a"), make([]byte, 200)), datagram(ack(h, 0), make([]byte, 7))}
		}, "a", nil, "", ""},
		{"lying length", acked(opGetlink), func(h nlmsg.Header) []Packet {
			b := newlink(h, 0, "a")
			return []Packet{datagram(b[:len(b)-4])}
		}, "", nlmsg.ErrTruncated, "malformed datagram", ""},
		{"other number", acked(opGetlink), func(h nlmsg.Header) []Packet {
			return []Packet{datagram(message(99, 0, h.Seq, make([]byte, 16)), ack(h, 0))}
		}, "", ErrUnexpectedReply, "number 99, not 16", ""},
		{"two replies", acked(opGetlink), func(h nlmsg.Header) []Packet {
			return []Packet{datagram(newlink(h, 0, "a"), newlink(h, 0, "b"), ack(h, 0))}
		}, "a", ErrMoreReplies, "", ""},
		{"several replies, done without a body, then an ack", acked(opGetlink), func(h nlmsg.Header) []Packet {
			return []Packet{datagram(newlink(h, nlmsg.FlagMulti, "a")), datagram(message(nlmsg.TypeDone, nlmsg.FlagMulti, h.Seq, nil)), datagram(ack(h, 0))}
		}, "a", nil, "", ""},
		{"several replies, done without a body, no ack", &opGetlink, func(h nlmsg.Header) []Packet {
			return []Packet{datagram(newlink(h, nlmsg.FlagMulti, "a")), datagram(message(nlmsg.TypeDone, nlmsg.FlagMulti, h.Seq, nil))}
		}, "a", nil, "", ""},
		{"multi without an end", &opGetlink, func(h nlmsg.Header) []Packet {
			return []Packet{datagram(newlink(h, nlmsg.FlagMulti, "a"))}
		}, "a", nil, "", ""},
		{"reply that does not decode", acked(opGetlink), func(h nlmsg.Header) []Packet {
			b := append(make([]byte, 16), 5, 0, 4, 0, 1)
			return []Packet{datagram(message(16, 0, h.Seq, b), ack(h, 0))}
		}, "", nlattr.ErrLength, "rt-link: getlink: attribute mtu", ""},
		{"reply without its header", acked(opGetlink), func(h nlmsg.Header) []Packet {
			return []Packet{datagram(message(16, 0, h.Seq, []byte{1, 2}), ack(h, 0))}
		}, "", nlattr.ErrTruncated, "", ""},
		{"short ack", acked(opGetlink), func(h nlmsg.Header) []Packet {
			return []Packet{datagram(message(nlmsg.TypeError, 0, h.Seq, []byte{1, 2}))}
		}, "", nlmsg.ErrControl, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			bad := true
			conn, s, seen := scripted(t, func(h nlmsg.Header, _ []byte) []Packet {
				if bad {
					return c.answer(h)
				}
				return []Packet{datagram(newlink(h, 0, "next")), datagram(ack(h, 0))}
			})
			got, err := Do[link](soon(t), conn, c.op, &link{Index: 5})
			if !errors.Is(err, c.err) || err == nil && c.err != nil {
				t.Errorf("got %v, want %v", err, c.err)
			}
			if err != nil && !strings.Contains(err.Error(), c.text) {
				t.Errorf("got %v, want %s", err, c.text)
			}
			if name := nameOf(got); name != c.reply {
				t.Errorf("reply %q, want %q", name, c.reply)
			}
			if c.seen != "" && seen[c.seen] == 0 {
				t.Errorf("hook %s was not called: %v", c.seen, seen)
			}
			// The next call is not disturbed.
			bad = false
			for _, op := range []*Operation{&opGetlink, acked(opGetlink)} {
				if got, err := Do[link](soon(t), conn, op, &link{Index: 5}); err != nil || nameOf(got) != "next" {
					t.Errorf("then: %+v, %v", got, err)
				}
			}
			if s.open > 1 {
				t.Errorf("%d sockets are open", s.open)
			}
		})
	}
}

func nameOf(l *link) string {
	if l == nil {
		return ""
	}
	return l.Name
}

func TestDumpFaults(t *testing.T) {
	links := func(h nlmsg.Header, flags uint16, names ...string) []byte {
		var b []byte
		for _, n := range names {
			b = append(b, newlink(h, flags, n)...)
		}
		return b
	}
	for _, c := range []struct {
		name   string
		answer func(h nlmsg.Header) []Packet
		want   string // names, and ! for an error
		err    error
		text   string
	}{
		{"plain", func(h nlmsg.Header) []Packet {
			return []Packet{datagram(links(h, nlmsg.FlagMulti, "a", "b")), datagram(links(h, nlmsg.FlagMulti, "c")), datagram(done(h, 0, 0))}
		}, "a b c", nil, ""},
		{"without the multi flag", func(h nlmsg.Header) []Packet {
			return []Packet{datagram(links(h, 0, "a", "b")), datagram(links(h, 0, "c")), datagram(done(h, 0, 0))}
		}, "a b c", nil, ""},
		{"done in the same datagram", func(h nlmsg.Header) []Packet {
			return []Packet{datagram(links(h, 0, "a"), done(h, 0, 0))}
		}, "a", nil, ""},
		{"done without a body", func(h nlmsg.Header) []Packet {
			return []Packet{datagram(links(h, 0, "a")), datagram(message(nlmsg.TypeDone, 0, h.Seq, nil))}
		}, "a", nil, ""},
		{"refused", func(h nlmsg.Header) []Packet {
			return []Packet{datagram(ack(h, 16, text("busy")...))}
		}, "!", syscall.EBUSY, `EBUSY: "busy"`},
		{"error in done", func(h nlmsg.Header) []Packet {
			return []Packet{datagram(links(h, 0, "a")), datagram(done(h, 0, 22, text("Filter not supported")...))}
		}, "a !", syscall.EINVAL, `rt-link: getlink: EINVAL: "Filter not supported"`},
		{"interrupted in the middle", func(h nlmsg.Header) []Packet {
			return []Packet{datagram(links(h, nlmsg.FlagDumpIntr, "a"), links(h, 0, "b")), datagram(done(h, 0, 0))}
		}, "a b !", ErrDumpInterrupted, ""},
		{"interrupted at the end", func(h nlmsg.Header) []Packet {
			return []Packet{datagram(links(h, 0, "a")), datagram(done(h, nlmsg.FlagDumpIntr, 0))}
		}, "a !", ErrDumpInterrupted, ""},
		{"ended without done", func(h nlmsg.Header) []Packet {
			return []Packet{datagram(links(h, 0, "a"))}
		}, "a !", ErrNoDone, ""},
		{"nothing", func(h nlmsg.Header) []Packet { return nil }, "!", ErrNoDone, ""},
		{"truncated", func(h nlmsg.Header) []Packet {
			p := datagram(links(h, 0, "b"))
			p.Len = 2 << 20
			return []Packet{datagram(links(h, 0, "a")), p, datagram(done(h, 0, 0))}
		}, "a !", ErrTruncated, ""},
		{"overrun", func(h nlmsg.Header) []Packet {
			return []Packet{datagram(links(h, 0, "a")), {Len: errPacket}, datagram(done(h, 0, 0))}
		}, "a !", ErrOverrun, ""},
		{"foreign sender", func(h nlmsg.Header) []Packet {
			p := datagram(links(h, 0, "evil"), done(h, 0, 0))
			p.Port = 4711
			return []Packet{datagram(links(h, 0, "a")), p, datagram(links(h, 0, "b")), datagram(done(h, 0, 0))}
		}, "a b", nil, ""},
		{"stale messages", func(h nlmsg.Header) []Packet {
			old := h
			old.Seq--
			return []Packet{datagram(links(old, 0, "old"), done(old, 0, 0)), datagram(links(h, 0, "a"), done(h, 0, 0))}
		}, "a", nil, ""},
		{"a message that does not decode", func(h nlmsg.Header) []Packet {
			bad := message(16, 0, h.Seq, append(make([]byte, 16), 5, 0, 4, 0, 1))
			return []Packet{datagram(links(h, 0, "a"), bad, links(h, 0, "b"), done(h, 0, 0))}
		}, "a ! b", nlattr.ErrLength, "attribute mtu"},
		{"a message of another kind", func(h nlmsg.Header) []Packet {
			return []Packet{datagram(links(h, 0, "a"), message(99, 0, h.Seq, nil), links(h, 0, "b"), done(h, 0, 0))}
		}, "a ! b", ErrUnexpectedReply, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			conn, s, _ := scripted(t, func(h nlmsg.Header, _ []byte) []Packet { return c.answer(h) })
			check := func(how string, got []string, err error) {
				t.Helper()
				if strings.Join(got, " ") != c.want {
					t.Errorf("%s: %q, want %q", how, strings.Join(got, " "), c.want)
				}
				if !errors.Is(err, c.err) || err == nil && c.err != nil {
					t.Errorf("%s: %v, want %v", how, err, c.err)
				}
				if err != nil && !strings.Contains(err.Error(), c.text) {
					t.Errorf("%s: %v, want %s", how, err, c.text)
				}
			}
			var got []string
			var last error
			for l, err := range Dump[link](soon(t), conn, &opGetlink, nil) {
				if err != nil {
					got, last = append(got, "!"), err
				} else {
					got = append(got, l.Name)
				}
			}
			check("Dump", got, last)
			var l link
			got, last = nil, nil
			for err := range DumpInto(soon(t), conn, &opGetlink, nil, &l) {
				if err != nil {
					got, last = append(got, "!"), err
				} else {
					got = append(got, l.Name)
				}
			}
			check("DumpInto", got, last)
			if s.open > 1 {
				t.Errorf("%d sockets are open", s.open)
			}
		})
	}
}

func TestCollectRetries(t *testing.T) {
	for _, c := range []struct {
		bad  int // dumps that are interrupted
		opts []CallOption
		err  error
		sent int
	}{
		{0, nil, nil, 1},
		{2, nil, nil, 3},
		{5, nil, nil, 6},
		{100, []CallOption{Retries(4)}, ErrDumpInterrupted, 5},
		{1, []CallOption{Retries(0)}, ErrDumpInterrupted, 1},
	} {
		n := 0
		conn, s, seen := scripted(t, func(h nlmsg.Header, _ []byte) []Packet {
			flags := uint16(0)
			if n++; n <= c.bad {
				flags = nlmsg.FlagDumpIntr
			}
			return []Packet{datagram(newlink(h, 0, "a"), newlink(h, flags, "b"), done(h, 0, 0))}
		})
		all, err := Collect[link](soon(t), conn, &opGetlink, nil, c.opts...)
		if !errors.Is(err, c.err) || len(all) != 2 || all[1].Name != "b" {
			t.Errorf("%+v: %d links, %v", c, len(all), err)
		}
		if s.sent != c.sent || seen["interrupted"] != min(c.bad, c.sent) {
			t.Errorf("%+v: %d dumps, %v", c, s.sent, seen)
		}
	}
	// A context that ends stops the tries, and the data is still there.
	conn, _, _ := scripted(t, func(h nlmsg.Header, _ []byte) []Packet {
		return []Packet{datagram(newlink(h, 0, "a"), done(h, nlmsg.FlagDumpIntr, 0))}
	})
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	if all, err := Collect[link](ctx, conn, &opGetlink, nil, Retries(1e6)); err == nil || len(all) > 1 {
		t.Errorf("%d links, %v", len(all), err)
	}
}

func TestFiltered(t *testing.T) {
	for _, flag := range []uint16{0, nlmsg.FlagDumpFiltered} {
		conn, _, _ := scripted(t, func(h nlmsg.Header, _ []byte) []Packet {
			return []Packet{datagram(newlink(h, flag, "a"), done(h, 0, 0))}
		})
		var filtered bool
		for _, err := range Dump[link](soon(t), conn, &opGetlink, nil, Filtered(&filtered)) {
			if err != nil {
				t.Error(err)
			}
		}
		if filtered != (flag != 0) {
			t.Errorf("flag %#x: %v", flag, filtered)
		}
	}
}

func TestOnAck(t *testing.T) {
	conn, _, _ := scripted(t, func(h nlmsg.Header, _ []byte) []Packet {
		if !wants(h) {
			t.Error("no ack was asked for")
		}
		return []Packet{datagram(newlink(h, 0, "a")), datagram(ack(h, 0, text("not quite")...))}
	})
	var warning string
	got, err := Do[link](soon(t), conn, &opGetlink, nil, OnAck(func(a *nlmsg.Ack) { warning = a.Warning }))
	if err != nil || nameOf(got) != "a" || warning != "not quite" {
		t.Errorf("%+v, %v, %q", got, err, warning)
	}
}

func TestDoAll(t *testing.T) {
	conn, s, _ := scripted(t, func(h nlmsg.Header, _ []byte) []Packet {
		return []Packet{datagram(newlink(h, 2, "a"), newlink(h, 2, "b")), datagram(newlink(h, 2, "c")),
			datagram(message(nlmsg.TypeDone, 2, h.Seq, nil)), datagram(ack(h, 0))}
	})
	for range 3 {
		var got []string
		for l, err := range DoAll[link](soon(t), conn, &opGetlink, nil) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, l.Name)
		}
		if strings.Join(got, "") != "abc" {
			t.Error(got)
		}
		for range DoAll[link](soon(t), conn, &opGetlink, nil) {
			break
		}
	}
	if s.open > 1 {
		t.Errorf("%d sockets are open", s.open)
	}
}

// Sockets that are not prompt are asked for acks and waited for.
func TestSlow(t *testing.T) {
	s := &script{slow: true, answer: func(h nlmsg.Header, _ []byte) []Packet {
		if h.Flags&nlmsg.FlagDump == nlmsg.FlagDump {
			return []Packet{datagram(newlink(h, 0, "a"), done(h, 0, 0))}
		}
		if !wants(h) {
			t.Error("no ack was asked for")
		}
		return []Packet{datagram(newlink(h, 0, "a"), ack(h, 0))}
	}}
	c, err := Open(WithTransport(s))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if l, err := Do[link](soon(t), c, &opGetlink, nil); err != nil || l.Name != "a" {
		t.Errorf("%+v, %v", l, err)
	}
	if all, err := Collect[link](soon(t), c, &opGetlink, nil); err != nil || len(all) != 1 {
		t.Errorf("%+v, %v", all, err)
	}
	// Waiting ends with the context, and the socket is not used again.
	s.answer = func(nlmsg.Header, []byte) []Packet { return nil }
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	if _, err := Do[link](ctx, c, &opGetlink, nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	for _, err := range Dump[link](ctx, c, &opGetlink, nil) {
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
	}
	if s.open != 0 {
		t.Errorf("%d sockets are open", s.open)
	}
	// So does closing the Conn.
	go func() {
		time.Sleep(20 * time.Millisecond)
		c.Close()
	}()
	if err := Exec(soon(t), c, &opNewlink, &link{Name: "a"}); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
}

func TestBreakManyTimes(t *testing.T) {
	conn, s, _ := scripted(t, func(h nlmsg.Header, _ []byte) []Packet {
		return []Packet{datagram(newlink(h, 0, "a"), newlink(h, 0, "b")), datagram(done(h, 0, 0))}
	})
	var l link
	for range 1000 {
		for range Dump[link](soon(t), conn, &opGetlink, nil) {
			break
		}
		for range DumpInto(soon(t), conn, &opGetlink, nil, &l) {
			break
		}
		if l.Info == nil || l.Info.Kind != "dummy" {
			t.Fatal("the reply of a loop that was left is gone")
		}
		ctx, cancel := context.WithCancel(context.Background())
		for range Dump[link](ctx, conn, &opGetlink, nil) {
			cancel()
		}
		cancel()
	}
	if s.open > 1 || len(conn.open) > 1 {
		t.Errorf("%d sockets are open, %d are known", s.open, len(conn.open))
	}
}
