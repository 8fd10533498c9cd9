package nlconn_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"syscall"
	"testing"

	"github.com/nlgen/nlgen/generated/rtaddr"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
	"github.com/nlgen/nlgen/runtime/nlmsg"
	"github.com/nlgen/nlgen/runtime/nlpolicy"
	"github.com/nlgen/nlgen/runtime/nlserve"
	"github.com/nlgen/nlgen/runtime/nltest"
)

// Inside of a dump's loop there can be requests, and another dump: each has a
// socket of its own. The kernel refuses a second dump on one socket (EBUSY).
func TestRequestInsideDump(t *testing.T) {
	names := []string{"a", "b", "c"}
	k := newLinks(names...)
	conn := k.Conn(t)
	// So that there is a socket to be had.
	if _, err := nlconn.Do[link](soon(t), conn, &opGetlink, &link{Name: "a"}); err != nil {
		t.Fatal(err)
	}
	var outer, inner string
	for l, err := range nlconn.Dump[link](soon(t), conn, &opGetlink, nil) {
		if err != nil {
			t.Fatal(err)
		}
		outer += l.Name
		if got, err := nlconn.Do[link](soon(t), conn, &opGetlink, &link{Name: "b"}); err != nil || got.Name != "b" {
			t.Errorf("Do inside: %+v, %v", got, err)
		}
		if err := nlconn.Exec(soon(t), conn, &opSetlink, &link{Name: l.Name, MTU: nlattr.Some(uint32(1400))}); err != nil {
			t.Errorf("Exec inside: %v", err)
		}
		all, err := nlconn.Collect[link](soon(t), conn, &opGetlink, nil)
		if err != nil {
			t.Errorf("dump inside: %v", err)
		}
		for _, l := range all {
			inner += l.Name
		}
	}
	if want := "abc"; outer != want || inner != strings.Repeat(want, 3) {
		t.Errorf("outer %q, inner %q", outer, inner)
	}
	if k.Sockets() != 2 {
		t.Errorf("%d sockets", k.Sockets())
	}
	// The fake kernel is as strict as the real one.
	s, err := k.OpenSocket(nlconn.ProtocolRoute, nlconn.SocketOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	h := nlmsg.Header{Type: 18, Flags: nlmsg.FlagRequest | nlmsg.FlagDump, Seq: 1}
	req := nlmsg.Finish(append(h.Append(nil), make([]byte, 16)...), 0)
	for range 2 {
		if err := s.Send(req); err != nil {
			t.Fatal(err)
		}
	}
	busy := false
	for !busy {
		p := []nlconn.Packet{{Buf: make([]byte, 4096)}}
		if _, err := s.Receive(soon(t), p); err != nil {
			t.Fatal(err)
		}
		c := nlmsg.NewCursor(p[0].Data)
		for c.Next() {
			if ctl, _ := nlmsg.ParseError(c.Header(), c.Body()); c.Header().Type == nlmsg.TypeError {
				busy = ctl.Errno == syscall.EBUSY
			}
			if c.Header().Type == nlmsg.TypeDone {
				t.Fatal("the second dump was not refused")
			}
		}
	}
}

// What outgrows the 16 bits of an attribute's length is an error that names the
// attribute, and nothing is sent; also in a batch, whose other requests are.
func TestNestAbove64K(t *testing.T) {
	big := func(n int) *link {
		return &link{Name: "big", Info: &linkInfo{Kind: "dummy", Data: make([]byte, n)}}
	}
	const fits = 0xffff&^3 - 4 - 12 - 4 // beside the nest's header, the kind, and the header of the data
	s := nltest.NewScript(t, nltest.Expect(&opNewlink).Forever())
	conn := s.Conn()
	for _, c := range []struct {
		n    int
		name string // of the attribute at fault; empty if it can be sent
	}{{fits, ""}, {fits + 1, "linkinfo"}, {0xffff - 4, "linkinfo"}, {0xffff - 3, "linkinfo.data"}, {70_000, "linkinfo.data"}, {1 << 20, "linkinfo.data"}} {
		before := s.Sends()
		err := nlconn.Exec(soon(t), conn, &opNewlink, big(c.n), nlconn.NoValidate)
		var e *nlattr.Error
		switch {
		case c.name == "":
			if err != nil {
				t.Errorf("%d bytes: %v", c.n, err)
			}
		case !errors.As(err, &e) || e.Name != c.name:
			t.Errorf("%d bytes: %v, want an error of %s", c.n, err, c.name)
		case s.Sends() != before:
			t.Errorf("%d bytes: it was sent", c.n)
		}
	}
	b := conn.NewBatch(nlconn.ProtocolRoute)
	for _, n := range []int{1, 70_000, 1} {
		b.Add(soon(t), &opNewlink, big(n), nlconn.NoValidate)
	}
	var e *nlconn.BatchError
	if err := b.Do(soon(t)); !errors.As(err, &e) || len(e.Failed) != 1 || e.Failed[0].Index != 1 {
		t.Error(err)
	}
}

// The messages of a dump may have the number of a do's reply as well, and no other.
func TestDumpOfTwoNumbers(t *testing.T) {
	op := opGetlink
	op.DumpReply = 86
	message := func(number uint16) nltest.Message { return nltest.Typed(number, nlmsg.FlagMulti, make([]byte, 16)) }
	for _, number := range []uint16{op.Reply, op.DumpReply, 87} {
		s := nltest.NewScript(t, nltest.ExpectDump(&op).Answer(datagram(message(op.DumpReply), message(number), nltest.Done())))
		all, err := nlconn.Collect[link](soon(t), s.Conn(), &op, nil)
		if number == 87 {
			if !errors.Is(err, nlconn.ErrUnexpectedReply) {
				t.Errorf("%d: %d messages, %v", number, len(all), err)
			}
		} else if err != nil || len(all) != 2 {
			t.Errorf("%d: %d messages, %v", number, len(all), err)
		}
	}
}

// A kernel's struct may have grown, and may not have grown yet. What is missing
// is zero, what is too much is left out, and the rest of the message is there.
func TestStructOfOtherLength(t *testing.T) {
	for n := 0; n <= 32; n++ {
		body := func(e *nlattr.Encoder) {
			e.Extend(8) // struct ifaddrmsg
			info := make([]byte, n)
			for i := range info {
				info[i] = byte(i/4 + 1)
			}
			e.Bytes(rtaddr.AttrAddrCacheinfo, info)
			e.String(rtaddr.AttrAddrLabel, "lo")
		}
		s := nltest.NewScript(t, nltest.ExpectDump(&rtaddr.OpGetaddr).Answer(
			datagram(nltest.DumpReply(&rtaddr.OpGetaddr, encoder(body)), nltest.Done())))
		all, err := rtaddr.New(s.Conn()).GetaddrCollect(soon(t), nil)
		if err != nil || len(all) != 1 || all[0].Label.V != "lo" {
			t.Fatalf("%d bytes: %+v, %v", n, all, err)
		}
		c := all[0].Cacheinfo
		got := []uint32{c.V.IfaPrefered, c.V.IfaValid, c.V.Cstamp, c.V.Tstamp}
		for i, v := range got {
			var want uint32
			for j := range 4 {
				if i*4+j < n {
					want |= uint32(i+1) << (8 * j) // the same in all bytes
				}
			}
			if n%4 == 0 && v != want {
				t.Errorf("%d bytes: member %d is %#x, want %#x", n, i, v, want)
			}
		}
		if !c.OK {
			t.Errorf("%d bytes: the struct is absent", n)
		}
	}
}

// encoder is a message by its encoding.
type encoder func(*nlattr.Encoder)

func (f encoder) EncodeTo(e *nlattr.Encoder) { f(e) }

// A kernel without strict checking is used as it is; a strict one can be asked
// to be lax.
func TestStrictChecking(t *testing.T) {
	dump := func(ctx context.Context, req *link) iter.Seq2[*link, error] {
		return func(yield func(*link, error) bool) {
			if nlserve.CallOf(ctx).Peer.Strict && req.Index != 0 {
				yield(nil, &nlmsg.Error{Errno: syscall.EINVAL, Message: "Filter by device index not supported"})
				return
			}
			_ = yield(&link{Name: "a"}, nil) && yield(&link{Name: "b"}, nil)
		}
	}
	for _, c := range []struct {
		kernel []nltest.KernelOption
		conn   []nlconn.Option
		call   []nlconn.CallOption
		want   string
	}{
		{nil, nil, nil, "EINVAL"},
		{nil, nil, []nlconn.CallOption{nlconn.Lax}, "ab"},
		{nil, []nlconn.Option{nlconn.WithoutStrict()}, nil, "ab"},
		{[]nltest.KernelOption{nltest.WithoutStrict()}, nil, nil, "ab"},
		{[]nltest.KernelOption{nltest.WithoutStrict(), nltest.Uncapped(), nltest.WithoutExtAck()}, nil, nil, "ab"},
	} {
		k := nltest.NewKernel(c.kernel...)
		k.Handle(nlserve.Dump(&opGetlink, dump))
		conn := k.Conn(t, c.conn...)
		for range 2 {
			got := ""
			filtered := true
			for l, err := range nlconn.Dump[link](soon(t), conn, &opGetlink, &link{Index: 7}, append(c.call, nlconn.Filtered(&filtered))...) {
				var e *nlmsg.Error
				if errors.As(err, &e) {
					got += nlmsg.ErrnoName(int(e.Errno))
				} else if err != nil {
					t.Error(err)
				} else {
					got += l.Name
				}
			}
			if got != c.want || filtered {
				t.Errorf("got %q, want %q; filtered %v", got, c.want, filtered)
			}
		}
	}
}

// Replies of up to 1 MiB arrive whole and without a second request.
func TestLargeReplies(t *testing.T) {
	for _, n := range []int{60_000, 70_000, 1 << 19, 1<<20 - 100} {
		many := func(e *nlattr.Encoder) {
			e.Extend(16)
			for e.Len() < n {
				e.Bytes(1, make([]byte, 1000))
			}
			e.String(3, "end")
		}
		s := nltest.NewScript(t, nltest.Expect(&opGetlink).Answer(datagram(nltest.Reply(&opGetlink, encoder(many)))),
			nltest.ExpectDump(&opGetlink).Answer(datagram(nltest.DumpReply(&opGetlink, encoder(many))), datagram(nltest.Done())))
		conn := s.Conn()
		l, err := nlconn.Do[link](soon(t), conn, &opGetlink, nil)
		if err != nil || nameOf(l) != "end" {
			t.Errorf("%d bytes: %v", n, err)
		}
		if all, err := nlconn.Collect[link](soon(t), conn, &opGetlink, nil); err != nil || len(all) != 1 || all[0].Name != "end" {
			t.Errorf("%d bytes: %v", n, err)
		}
		if s.Sends() != 2 {
			t.Errorf("%d sends", s.Sends())
		}
	}
}

// Requests are checked before they are sent, and need not be.
func TestValidation(t *testing.T) {
	k := newLinks("a")
	conn, lenient := k.Conn(t), k.Conn(t, nlconn.WithoutValidation())
	bad := &link{Name: "name-that-is-too-long", Info: &linkInfo{Kind: "dummy"}}
	var local *nlpolicy.ValidationError
	var refused *nlmsg.Error
	err := nlconn.Exec(soon(t), conn, &opNewlink, bad)
	if !errors.As(err, &local) || errors.As(err, &refused) || local.Path != "ifname" {
		t.Error(err)
	}
	for name, err := range map[string]error{
		"call": nlconn.Exec(soon(t), conn, &opNewlink, bad, nlconn.NoValidate),
		"Conn": nlconn.Exec(soon(t), lenient, &opNewlink, bad),
	} {
		if !errors.As(err, &refused) || refused.Attr != "ifname" || refused.Errno != local.Errno || refused.Message != local.Msg ||
			refused.Policy == nil || refused.Policy.MaxLen != 15 {
			t.Errorf("%s: %v", name, err)
		}
	}
	if want := fmt.Sprintf("rt-link: newlink: %s: ", nlmsg.ErrnoName(int(local.Errno))); !strings.HasPrefix(refused.Error(), want) {
		t.Error(refused)
	}
}
