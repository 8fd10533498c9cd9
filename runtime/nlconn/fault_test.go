package nlconn_test

import (
	"errors"
	"strings"
	"syscall"
	"testing"

	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
	"github.com/nlgen/nlgen/runtime/nlmsg"
	"github.com/nlgen/nlgen/runtime/nltest"
)

// What can go wrong with the answer to a do. Each line fails when the guard that
// it is about is taken away.
func TestDoFaults(t *testing.T) {
	got := datagram(newlink("a"), nltest.Ack())
	mtu := withAttr(5, 4, 1) // of one byte
	for _, c := range []struct {
		name   string
		op     *nlconn.Operation
		answer []nltest.Item
		reply  string // its name; empty if there is none
		err    error
		text   string // that is in the error
		seen   string // a hook that was called
	}{
		{"reply and ack in two datagrams", acked(opGetlink), []nltest.Item{datagram(newlink("a")), datagram(nltest.Ack())}, "a", nil, "", "valid"},
		{"reply and ack in one datagram", acked(opGetlink), []nltest.Item{got}, "a", nil, "", "request"},
		{"reply alone", &opGetlink, []nltest.Item{datagram(newlink("a"))}, "a", nil, "", ""},
		{"nothing at all", &opGetlink, nil, "", nil, "", ""},
		{"ack alone", acked(opGetlink), []nltest.Item{datagram(nltest.Ack())}, "", nil, "", ""},
		{"refused", acked(opGetlink), []nltest.Item{datagram(nltest.Refuse(syscall.ENODEV, "No such device"))},
			"", syscall.ENODEV, `rt-link: getlink: ENODEV: "No such device"`, "finish"},
		{"refused, not capped", acked(opGetlink), []nltest.Item{datagram(nltest.RefuseUncapped(syscall.ENODEV, nltest.ExtAck{Text: "No such device"}))},
			"", syscall.ENODEV, `rt-link: getlink: ENODEV: "No such device"`, "finish"},
		{"refused after the reply", acked(opGetlink), []nltest.Item{datagram(newlink("a")), datagram(nltest.Refuse(syscall.ENODEV, ""))},
			"a", syscall.ENODEV, "", ""},
		{"truncated", &opGetlink, []nltest.Item{datagram(newlink("a")).Truncated(2 << 20)}, "", nlconn.ErrTruncated, "of 2097152 bytes", ""},
		{"foreign sender", acked(opGetlink), []nltest.Item{datagram(newlink("evil"), nltest.Ack()).From(4711), got}, "a", nil, "", "foreign"},
		{"stale reply", acked(opGetlink), []nltest.Item{datagram(newlink("old").Stale(), nltest.Refuse(syscall.EIO, "").Stale()), got},
			"a", nil, "", "stale"},
		{"reply from the future", acked(opGetlink), []nltest.Item{datagram(func(r nltest.Request) []byte { return newlink("new").Seq(r.Header.Seq + 1)(r) }), got},
			"a", nil, "", "stale"},
		{"notification in between", acked(opGetlink), []nltest.Item{datagram(newlink("ntf").Seq(0)), got}, "a", nil, "", "stale"},
		{"no-op and unknown control messages", acked(opGetlink), []nltest.Item{datagram(nltest.Noop(), nltest.Typed(9, 0, nil), newlink("a"), nltest.Ack())},
			"a", nil, "", "skipped"},
		{"overrun message", acked(opGetlink), []nltest.Item{datagram(nltest.Overrun())}, "", nlconn.ErrOverrun, "", "overrun"},
		{"overrun of the queue", acked(opGetlink), []nltest.Item{nltest.Lost()}, "", nlconn.ErrOverrun, "", "overrun"},
		{"failing socket", acked(opGetlink), []nltest.Item{nltest.Fail(syscall.EIO)}, "", syscall.EIO, "rt-link: getlink: ", ""},
		{"zero bytes behind", acked(opGetlink), []nltest.Item{datagram(newlink("a"), nltest.Zeros(200)), datagram(nltest.Ack(), nltest.Zeros(7))},
			"a", nil, "", ""},
		{"length beyond the datagram", acked(opGetlink), []nltest.Item{datagram(newlink("a").Cut(4))}, "", nlmsg.ErrTruncated, "malformed datagram", ""},
		{"length of everything", acked(opGetlink), []nltest.Item{datagram(newlink("a").Length(1<<32-1), nltest.Ack())}, "", nlmsg.ErrTruncated, "", ""},
		{"length below the header's", acked(opGetlink), []nltest.Item{datagram(newlink("a").Length(15), nltest.Ack())}, "", nlmsg.ErrLength, "", ""},
		{"length of zero", acked(opGetlink), []nltest.Item{datagram(newlink("a").Length(0), nltest.Ack())}, "", nlmsg.ErrLength, "", ""},
		{"attribute that is longer than the message", acked(opGetlink), []nltest.Item{datagram(withAttr(20, 3, 'a', 0), nltest.Ack())},
			"", nlattr.ErrTruncated, "rt-link: getlink: ", ""},
		{"attribute that is shorter than its header", acked(opGetlink), []nltest.Item{datagram(withAttr(3, 3, 'a', 0), nltest.Ack())},
			"", nlattr.ErrTruncated, "rt-link: getlink: ", ""},
		{"bytes that are no message", acked(opGetlink), []nltest.Item{datagram(newlink("a"), nltest.Bytes(1, 2, 3))}, "a", nlmsg.ErrTrailing, "malformed", ""},
		{"other number", acked(opGetlink), []nltest.Item{datagram(nltest.Typed(99, 0, make([]byte, 16)), nltest.Ack())},
			"", nlconn.ErrUnexpectedReply, "number 99, not 16", ""},
		{"two replies", acked(opGetlink), []nltest.Item{datagram(newlink("a"), newlink("b"), nltest.Ack())}, "a", nlconn.ErrMoreReplies, "", ""},
		{"several replies, done without a body, then an ack", acked(opGetlink),
			[]nltest.Item{datagram(links("a")), datagram(nltest.DoneEmpty()), datagram(nltest.Ack())}, "a", nil, "", ""},
		{"several replies, done without a body, then an error", acked(opGetlink),
			[]nltest.Item{datagram(links("a")), datagram(nltest.DoneEmpty()), datagram(nltest.Refuse(syscall.EINTR, ""))}, "a", syscall.EINTR, "", ""},
		{"a dump, whose end has no ack", acked(opGetlink), []nltest.Item{datagram(links("a")), datagram(nltest.Done())}, "a", nil, "", ""},
		{"a dump that is refused in its end", acked(opGetlink), []nltest.Item{datagram(nltest.DoneError(syscall.EINVAL, "no filter"))},
			"", syscall.EINVAL, "no filter", ""},
		{"several replies, done without a body, no ack", &opGetlink,
			[]nltest.Item{datagram(links("a")), datagram(nltest.DoneEmpty())}, "a", nil, "", ""},
		{"multi without an end", &opGetlink, []nltest.Item{datagram(links("a"))}, "a", nil, "", ""},
		{"reply that does not decode", acked(opGetlink), []nltest.Item{datagram(mtu, nltest.Ack())},
			"", nlattr.ErrLength, "rt-link: getlink: attribute mtu", ""},
		{"reply without its header", acked(opGetlink), []nltest.Item{datagram(nltest.Typed(16, 0, []byte{1, 2}), nltest.Ack())},
			"", nlattr.ErrTruncated, "", ""},
		{"short ack", acked(opGetlink), []nltest.Item{datagram(nltest.Typed(nlmsg.TypeError, 0, []byte{1, 2}))}, "", nlmsg.ErrControl, "", ""},
		{"ack whose request is longer than itself", acked(opGetlink), []nltest.Item{datagram(func(r nltest.Request) []byte {
			r.Header.Len = 1 << 31
			return nltest.RefuseUncapped(syscall.ENODEV, nltest.ExtAck{Text: "No such device"})(r)
		})}, "", syscall.ENODEV, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			next := nltest.Expect(c.op).Func(func(nltest.Request) []nltest.Item {
				return []nltest.Item{datagram(newlink("next")), datagram(nltest.Ack())}
			}).Forever()
			s := nltest.NewScript(t, nltest.Expect(c.op).Answer(c.answer...), next)
			conn, seen := counted(s)
			got, err := nlconn.Do[link](soon(t), conn, c.op, &link{Index: 5})
			if !errors.Is(err, c.err) || err == nil && c.err != nil {
				t.Errorf("got %v, want %v", err, c.err)
			} else if c.seen != "" && seen[c.seen] == 0 {
				t.Errorf("hook %s was not called: %v", c.seen, seen)
			}
			if err != nil && !strings.Contains(err.Error(), c.text) {
				t.Errorf("got %v, want %s", err, c.text)
			}
			if name := nameOf(got); name != c.reply {
				t.Errorf("reply %q, want %q", name, c.reply)
			}
			// The next calls are not disturbed.
			for range 2 {
				if got, err := nlconn.Do[link](soon(t), conn, c.op, &link{Index: 5}); err != nil || nameOf(got) != "next" {
					t.Errorf("then: %+v, %v", got, err)
				}
			}
			if s.Open() > 1 {
				t.Errorf("%d sockets are open", s.Open())
			}
		})
	}
}

// What can go wrong with a dump.
func TestDumpFaults(t *testing.T) {
	done := nltest.Done()
	mtu := withAttr(5, 4, 1) // of one byte
	for _, c := range []struct {
		name   string
		answer []nltest.Item
		want   string // names, and ! for an error
		err    error
		text   string
	}{
		{"plain", []nltest.Item{datagram(links("a", "b")), datagram(links("c")), datagram(done)}, "a b c", nil, ""},
		{"without the multi flag", []nltest.Item{datagram(newlink("a"), newlink("b")), datagram(newlink("c")), datagram(done.Plain())}, "a b c", nil, ""},
		{"done in the same datagram", []nltest.Item{datagram(links("a"), done)}, "a", nil, ""},
		{"done without a body", []nltest.Item{datagram(links("a")), datagram(nltest.DoneEmpty())}, "a", nil, ""},
		{"refused", []nltest.Item{datagram(nltest.Refuse(syscall.EBUSY, "busy"))}, "!", syscall.EBUSY, `EBUSY: "busy"`},
		{"error in done", []nltest.Item{datagram(links("a")), datagram(nltest.DoneError(syscall.EINVAL, "Filter not supported"))},
			"a !", syscall.EINVAL, `rt-link: getlink: EINVAL: "Filter not supported"`},
		{"interrupted in the middle", []nltest.Item{datagram(links("a").Interrupted(), links("b")), datagram(done)}, "a b !", nlconn.ErrDumpInterrupted, ""},
		{"interrupted at the end", []nltest.Item{datagram(links("a")), datagram(done.Interrupted())}, "a !", nlconn.ErrDumpInterrupted, ""},
		{"interrupted and refused", []nltest.Item{datagram(links("a").Interrupted()), datagram(nltest.DoneError(syscall.EINVAL, ""))}, "a !", syscall.EINVAL, ""},
		{"ended without done", []nltest.Item{datagram(links("a"))}, "a !", nlconn.ErrNoDone, ""},
		{"nothing", nil, "!", nlconn.ErrNoDone, ""},
		{"truncated", []nltest.Item{datagram(links("a")), datagram(links("b")).Truncated(2 << 20), datagram(done)}, "a !", nlconn.ErrTruncated, ""},
		{"overrun", []nltest.Item{datagram(links("a")), nltest.Lost(), datagram(done)}, "a !", nlconn.ErrOverrun, ""},
		{"length beyond the datagram", []nltest.Item{datagram(links("a"), links("b").Cut(4)), datagram(done)}, "a !", nlmsg.ErrTruncated, ""},
		{"foreign sender", []nltest.Item{datagram(links("a")), datagram(links("evil"), done).From(4711), datagram(links("b")), datagram(done)}, "a b", nil, ""},
		{"stale messages", []nltest.Item{datagram(links("old").Stale(), done.Stale()), datagram(links("a"), done)}, "a", nil, ""},
		{"no-op and unknown control messages", []nltest.Item{datagram(nltest.Noop(), links("a"), nltest.Typed(15, 0, nil)), datagram(done)}, "a", nil, ""},
		{"zero bytes behind", []nltest.Item{datagram(links("a"), nltest.Zeros(100)), datagram(done, nltest.Zeros(3))}, "a", nil, ""},
		{"a message that does not decode", []nltest.Item{datagram(links("a"), mtu, links("b"), done)}, "a ! b", nlattr.ErrLength, "attribute mtu"},
		{"a message of another kind", []nltest.Item{datagram(links("a"), nltest.Typed(99, 0, nil), links("b"), done)}, "a ! b", nlconn.ErrUnexpectedReply, ""},
		{"a message larger than the buffer", []nltest.Item{datagram(links(strings.Repeat("x", 60000)), links(strings.Repeat("y", 60000))), datagram(done)},
			strings.Repeat("x", 60000) + " " + strings.Repeat("y", 60000), nil, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := nltest.NewScript(t, nltest.ExpectDump(&opGetlink).Answer(c.answer...).Times(2))
			conn, _ := counted(s)
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
			for l, err := range nlconn.Dump[link](soon(t), conn, &opGetlink, nil) {
				if err != nil {
					got, last = append(got, "!"), err
				} else {
					got = append(got, l.Name)
				}
			}
			check("Dump", got, last)
			var l link
			got, last = nil, nil
			for err := range nlconn.DumpInto(soon(t), conn, &opGetlink, nil, &l) {
				if err != nil {
					got, last = append(got, "!"), err
				} else {
					got = append(got, l.Name)
				}
			}
			check("DumpInto", got, last)
			if s.Open() > 1 {
				t.Errorf("%d sockets are open", s.Open())
			}
		})
	}
}

// The place of an error is found whether or not the request is sent back.
func TestCappedAndUncapped(t *testing.T) {
	const ifname = 16 + 16 // where the name starts
	x := nltest.ExtAck{Text: "File exists", Offset: ifname}
	missing := nltest.ExtAck{MissingType: 1, MissingNest: ifname + 8}
	for _, c := range []struct {
		name   string
		refuse nltest.Message
		want   string
	}{
		{"capped", nltest.RefuseExt(syscall.EEXIST, x), `rt-link: newlink: EEXIST: "File exists" [attribute ifname]`},
		{"not capped", nltest.RefuseUncapped(syscall.EEXIST, x), `rt-link: newlink: EEXIST: "File exists" [attribute ifname]`},
		{"capped, missing", nltest.RefuseExt(syscall.EEXIST, missing), "[missing attribute linkinfo.kind]"},
		{"not capped, missing", nltest.RefuseUncapped(syscall.EEXIST, missing), "[missing attribute linkinfo.kind]"},
		{"not capped, nothing else", nltest.RefuseUncapped(syscall.EEXIST, nltest.ExtAck{}), "rt-link: newlink: EEXIST"},
	} {
		s := nltest.NewScript(t, nltest.Expect(&opNewlink).Answer(datagram(c.refuse)))
		err := nlconn.Exec(soon(t), s.Conn(), &opNewlink, &link{Name: "abc", Info: &linkInfo{Kind: "dummy"}})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", c.name, err, c.want)
		}
	}
}

func TestOnAck(t *testing.T) {
	op := acked(opGetlink)
	hooked := ""
	s := nltest.NewScript(t, nltest.Expect(op).Times(2).Func(func(r nltest.Request) []nltest.Item {
		if !r.WantsAck() {
			t.Error("no ack was asked for")
		}
		return []nltest.Item{datagram(newlink("a")), datagram(nltest.Warn("not quite"))}
	}))
	conn := s.Conn(nlconn.WithHooks(nlconn.Hooks{Ack: func(_ *nlconn.Operation, a *nlmsg.Ack) { hooked += a.Warning }}))
	var warning string
	for _, op := range []*nlconn.Operation{op, &opGetlink} {
		got, err := nlconn.Do[link](soon(t), conn, op, nil, nlconn.OnAck(func(a *nlmsg.Ack) { warning += a.Warning }))
		if err != nil || nameOf(got) != "a" {
			t.Errorf("%+v, %v", got, err)
		}
	}
	if want := "not quitenot quite"; warning != want || hooked != want {
		t.Errorf("%q, %q", warning, hooked)
	}
}
