package nlserve_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
	"github.com/nlgen/nlgen/runtime/nlmsg"
	"github.com/nlgen/nlgen/runtime/nlserve"
	"github.com/nlgen/nlgen/runtime/nltest"
)

// What a method returns is what the client gets.
func TestErrors(t *testing.T) {
	req := &count{Value: 7, Name: "x", Step: nlattr.Some(uint32(2))}
	for _, c := range []struct {
		err   error
		errno syscall.Errno
		want  string
	}{
		{nil, 0, ""},
		{syscall.EBUSY, syscall.EBUSY, "counter: set: EBUSY: device or resource busy"},
		{fmt.Errorf("not now: %w", syscall.EBUSY), syscall.EBUSY, `counter: set: EBUSY: "not now: device or resource busy"`},
		{fs.ErrExist, syscall.EEXIST, "counter: set: EEXIST: file exists"},
		{fmt.Errorf("x: %w", os.ErrNotExist), syscall.ENOENT, `counter: set: ENOENT: "x: file does not exist"`},
		{errors.ErrUnsupported, syscall.EOPNOTSUPP, "counter: set: EOPNOTSUPP: operation not supported"},
		{context.DeadlineExceeded, syscall.ETIMEDOUT, "counter: set: ETIMEDOUT: connection timed out"},
		{errors.New("broken"), syscall.EIO, `counter: set: EIO: "broken"`},
		{errors.New("a\x00b"), syscall.EIO, `counter: set: EIO: "a?b"`},
		{syscall.Errno(0), syscall.EIO, `counter: set: EIO: input/output error`},
		{&nlmsg.Error{Message: "without a number"}, syscall.EIO, `counter: set: EIO: "without a number"`},
		{&nlmsg.Error{Errno: syscall.EINVAL, Message: "odd", Attr: "option.step"}, syscall.EINVAL,
			`counter: set: EINVAL: "odd" [attribute option.step]`},
		{&nlmsg.Error{Errno: syscall.EINVAL, Attr: "name", Cookie: []byte{1, 2}}, syscall.EINVAL, `counter: set: EINVAL: invalid argument [attribute name]`},
		{&nlmsg.Error{Errno: syscall.EINVAL, Missing: "name"}, syscall.EINVAL, `counter: set: EINVAL: invalid argument [missing attribute name]`},
		{&nlmsg.Error{Errno: syscall.EINVAL, Missing: "option.step"}, syscall.EINVAL, `counter: set: EINVAL: invalid argument [missing attribute option.step]`},
		{&nlmsg.Error{Errno: syscall.EINVAL, Missing: "option.77"}, syscall.EINVAL, `counter: set: EINVAL: invalid argument [missing attribute option.77]`},
		{&nlmsg.Error{Errno: syscall.EINVAL, Attr: "none.such", Missing: "none.such"}, syscall.EINVAL, `counter: set: EINVAL: invalid argument`},
	} {
		k := nltest.NewKernel()
		k.Handle(nlserve.Exec(&opSet, func(context.Context, *count) error { return c.err }))
		err := nlconn.Exec(soon(t), k.Conn(t), &opSet, req)
		if c.err == nil {
			if err != nil {
				t.Error(err)
			}
			continue
		}
		var e *nlmsg.Error
		if !errors.As(err, &e) || e.Errno != c.errno || err.Error() != c.want {
			t.Errorf("%v: got %v, want %s", c.err, err, c.want)
		}
		// Handed on by another server, it stays what it is.
		proxy := nltest.NewKernel()
		proxy.Handle(nlserve.Exec(&opSet, func(ctx context.Context, req *count) error { return nlconn.Exec(ctx, k.Conn(t), &opSet, req) }))
		if err := nlconn.Exec(soon(t), proxy.Conn(t), &opSet, req); err == nil || err.Error() != c.want {
			t.Errorf("by proxy: got %v, want %s", err, c.want)
		}
	}
}

// A request that its policy forbids never reaches the method.
func TestPolicy(t *testing.T) {
	k := nltest.NewKernel()
	called := false
	k.Handle(
		nlserve.Do(&opGet, func(context.Context, *count) (*count, error) { called = true; return nil, nil }),
		nlserve.Dump(&opGet, func(context.Context, *count) iter.Seq2[*count, error] { called = true; return upTo(1, nil) }),
	)
	c := k.Conn(t, nlconn.WithoutValidation())
	for _, x := range []struct {
		req  nlconn.Encodable
		want string
	}{
		{&count{Value: 1001}, `ERANGE: "integer out of range" [attribute value, policy u32 at most 1000]`},
		{&count{Name: "too long a name"}, `[attribute name, policy nul-string up to 7 bytes]`},
		{raw{{Type: 99, Data: []byte{1}}}, `EINVAL: "Unknown attribute type" [attribute 99]`},
		{raw{{Type: 3, Data: nil}}, `EINVAL: "NLA_F_NESTED is missing" [attribute option`},
		{raw{{Type: 3 | nlattr.Nested, Data: []byte{6, 0, 1, 0, 9, 9, 0, 0}}}, `[attribute option.step, policy u32]`},
	} {
		_, err := nlconn.Do[count](soon(t), c, &opGet, x.req)
		if err == nil || !strings.HasPrefix(err.Error(), "counter: get: ") || !strings.Contains(err.Error(), x.want) {
			t.Errorf("do: %v, want %s", err, x.want)
		}
		if _, err := nlconn.Collect[count](soon(t), c, &opGet, x.req); err == nil || !strings.Contains(err.Error(), x.want) {
			t.Errorf("dump: %v, want %s", err, x.want)
		}
	}
	if called {
		t.Error("a method was called")
	}
}

// raw is a message of attributes.
type raw []nlattr.Attr

func (r raw) EncodeTo(e *nlattr.Encoder) { e.Raw(r) }

// What a kernel does beside replying.
func TestCall(t *testing.T) {
	for _, opts := range [][]nltest.KernelOption{nil, {nltest.Slow()}, {nltest.Uncapped()}} {
		k := nltest.NewKernel(opts...)
		k.Groups(&counter, groupTicks)
		k.Handle(
			nlserve.Exec(&opSet, func(ctx context.Context, req *count) error {
				c := nlserve.CallOf(ctx)
				c.Warn("almost")
				c.SetCookie([]byte("abc"))
				if c.Op != &opSet || c.Peer.Port == 0 || c.Header.Flags&nlmsg.FlagRequest == 0 || len(c.Body) == 0 {
					t.Errorf("%+v", c)
				}
				return k.Notify(ctx, &counter, numberTick, groupTicks, req)
			}),
			nlserve.Dump(&opGet, func(ctx context.Context, req *count) iter.Seq2[*count, error] {
				if req.Value == 1 {
					nlserve.CallOf(ctx).SetFiltered()
				}
				return upTo(3, nlconn.ErrDumpInterrupted)
			}),
			nlserve.DoAll(&opList, func(ctx context.Context, req *count) iter.Seq2[*count, error] {
				if err := k.Notify(ctx, &counter, numberTick, groupTicks, req); err != nil {
					t.Error(err)
				}
				return upTo(3, nil)
			}),
		)
		echoed := 0
		c := k.Conn(t, nlconn.WithHooks(nlconn.Hooks{Skipped: func(int, nlmsg.Header, []byte) { echoed++ }}))
		sub, err := nlconn.Subscribe(soon(t), c, &counter, decodeCount, groupTicks)
		if err != nil {
			t.Fatal(err)
		}
		warning := ""
		onAck := nlconn.OnAck(func(a *nlmsg.Ack) { warning = a.Warning + string(a.Cookie) })
		if err := nlconn.Exec(soon(t), c, &opSet, &count{Value: 5}, onAck); err != nil || warning != "almostabc" {
			t.Errorf("%v, %q", err, warning)
		}
		// Echo: what is multicast also comes back.
		echo := opSet
		echo.Reply = numberTick
		if got, err := nlconn.Do[count](soon(t), c, &echo, &count{Value: 6}, nlconn.Echo); err != nil || got == nil || got.Value != 6 {
			t.Errorf("echo: %+v, %v", got, err)
		}
		want := uint32(5)
		for ev, err := range sub.Events(soon(t)) {
			if err != nil || ev.Value.Value != want || ev.Number != numberTick || ev.Group == 0 || ev.Header.Seq != 0 {
				t.Fatalf("%+v, %v", ev, err)
			}
			if want++; want == 7 {
				break
			}
		}
		for value := range uint32(2) {
			var filtered bool
			all, err := nlconn.Collect[count](soon(t), c, &opGet, &count{Value: value}, nlconn.Filtered(&filtered), nlconn.Retries(1))
			if !errors.Is(err, nlconn.ErrDumpInterrupted) || len(all) != 3 || filtered != (value == 1) {
				t.Errorf("%d, %v, %v", len(all), err, filtered)
			}
		}
		sum := uint32(0)
		for v, err := range nlconn.DoAll[count](soon(t), c, &opList, nil, nlconn.Echo) {
			if err != nil {
				t.Fatal(err)
			}
			sum += v.Value
		}
		if sum != 3 || echoed != 1 {
			t.Errorf("sum %d, %d messages that are no replies", sum, echoed)
		}
	}
}

// A dump that fails in its middle says so in NLMSG_DONE, other answers of many
// messages by an error.
func TestFailInTheMiddle(t *testing.T) {
	k := nltest.NewKernel()
	late := &nlmsg.Error{Errno: syscall.EINVAL, Message: "no more"}
	k.Handle(
		nlserve.Dump(&opGet, func(context.Context, *count) iter.Seq2[*count, error] { return upTo(3, late) }),
		nlserve.DoAll(&opList, func(context.Context, *count) iter.Seq2[*count, error] { return upTo(2, late) }),
		nlserve.Do(&opGet, func(context.Context, *count) (*count, error) { return &count{Value: 4}, late }),
	)
	c := k.Conn(t)
	all, err := nlconn.Collect[count](soon(t), c, &opGet, nil)
	if len(all) != 3 || err == nil || err.Error() != `counter: get: EINVAL: "no more"` {
		t.Errorf("%d, %v", len(all), err)
	}
	n := 0
	for _, err = range nlconn.DoAll[count](soon(t), c, &opList, nil) {
		n++
	}
	if n != 3 || err == nil || err.Error() != `counter: list: EINVAL: "no more"` {
		t.Errorf("%d, %v", n, err)
	}
	got, err := nlconn.Do[count](soon(t), c, &opGet, nil)
	if got == nil || got.Value != 4 || err == nil || err.Error() != `counter: get: EINVAL: "no more"` {
		t.Errorf("%+v, %v", got, err)
	}
	// A reply that cannot be encoded.
	k = nltest.NewKernel()
	k.Handle(nlserve.Do(&opGet, func(context.Context, *count) (*count, error) { return &count{Name: "a\x00b"}, nil }))
	if _, err := nlconn.Do[count](soon(t), k.Conn(t), &opGet, nil); !errors.Is(err, syscall.EINVAL) {
		t.Error(err)
	}
}

// The family nlctrl tells what there is.
func TestControl(t *testing.T) {
	k := nltest.NewKernel()
	c := k.Conn(t)
	control := nlconn.Family{Name: "nlctrl", Protocol: nlconn.ProtocolGeneric, Generic: true}
	sub, err := nlconn.Subscribe(soon(t), c, &control, func(n *nlconn.Notification) (uint16, error) { return n.Number, nil }, nlconn.Group{Name: "notify"})
	if err != nil {
		t.Fatal(err)
	}
	k.Groups(&counter, groupTicks, nlconn.Group{Name: "fixed", ID: 77}, nlconn.Group{Name: "more"})
	k.Handle(
		nlserve.Do(&opGet, func(context.Context, *count) (*count, error) { return nil, nil }),
		nlserve.Dump(&opGet, func(context.Context, *count) iter.Seq2[*count, error] { return upTo(1, nil) }),
	)
	f, err := c.Family(soon(t), "counter")
	if err != nil {
		t.Fatal(err)
	}
	ticks, _ := f.Group("ticks")
	fixed, _ := f.Group("fixed")
	more, _ := f.Group("more")
	const notify = 16 // whose number nobody else gets
	if ticks.ID <= notify || more.ID <= notify || more.ID == ticks.ID {
		t.Errorf("groups %+v", f.Groups)
	}
	if f.Version != 2 || len(f.Ops) != 1 || f.Ops[0].Flags != nlconn.OpDo|nlconn.OpDump|nlconn.OpHasPolicy || fixed.ID != 77 {
		t.Errorf("%+v", f)
	}
	all, err := c.Families(soon(t))
	if err != nil || len(all) != 2 || all[0].Name != "nlctrl" || all[1].ID != f.ID {
		t.Errorf("%+v, %v", all, err)
	}
	if _, err := c.Family(soon(t), "none"); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
	if !k.Unregister(&counter) || k.Unregister(&counter) {
		t.Error("Unregister")
	}
	var heard []uint16
	for number, err := range sub.All(soon(t)) {
		if err != nil {
			t.Fatal(err)
		}
		if heard = append(heard, number); len(heard) == 2 {
			break
		}
	}
	if heard[0] != 1 || heard[1] != 2 {
		t.Errorf("%v", heard)
	}
}

func TestRegister(t *testing.T) {
	get := nlserve.Do(&opGet, func(context.Context, *count) (*count, error) { return nil, nil })
	other := nlconn.Family{Name: "counter", Protocol: 0}
	for _, c := range []struct {
		services []nlserve.Service
		want     string
	}{
		{[]nlserve.Service{{}}, "service without a family"},
		{[]nlserve.Service{{Family: &counter, Methods: []nlserve.Method{{Op: &opGet}}}}, "method without an operation or a function"},
		{[]nlserve.Service{{Family: &nlconn.Family{Name: "x", Generic: true}}}, "x: a family is generic if"},
		{[]nlserve.Service{{Family: &nlconn.Family{Name: "x"}, Methods: []nlserve.Method{get}}}, "operation get belongs to the family counter"},
		{[]nlserve.Service{{Family: &other, Methods: []nlserve.Method{get}}}, "belongs to another protocol"},
		{[]nlserve.Service{{Family: &counter}, {Family: &other}}, "registered for another protocol"},
		{[]nlserve.Service{{Family: &counter, Methods: []nlserve.Method{get}}, {Family: &counter, Methods: []nlserve.Method{get}}}, "the do has a method already"},
		{[]nlserve.Service{{Family: &counter, Methods: []nlserve.Method{get, get}}}, "the do has a method already"},
		{[]nlserve.Service{{Family: &nlconn.Family{Name: "nlctrl", Protocol: 16, Generic: true}}}, "has this family itself"},
	} {
		err := new(nlserve.Server).Register(c.services...)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, want %s", err, c.want)
		}
	}
	var s nlserve.Server
	if err := s.Notify(t.Context(), &counter, 1, groupTicks, nil); err == nil {
		t.Error("a family that is not registered notifies")
	}
}

// Requests that are none, and requests for what there is not.
func TestUnknownRequests(t *testing.T) {
	k := nltest.NewKernel()
	k.Handle(nlserve.Do(&opGet, func(context.Context, *count) (*count, error) { return nil, nil }))
	c := k.Conn(t)
	for _, x := range []struct {
		op   nlconn.Operation
		want error
	}{
		{nlconn.Operation{Family: &counter, Name: "none", Request: 99}, syscall.EOPNOTSUPP},
		{nlconn.Operation{Family: &nlconn.Family{Name: "rt", Protocol: 0}, Name: "none", Request: 99}, syscall.ECONNREFUSED},
		{nlconn.Operation{Family: &nlconn.Family{Name: "far", Protocol: 99}, Name: "none", Request: 99}, syscall.EPROTONOSUPPORT},
	} {
		if err := nlconn.Exec(soon(t), c, &x.op, nil); !errors.Is(err, x.want) {
			t.Errorf("%v, want %v", err, x.want)
		}
	}
	if _, err := nlconn.Collect[count](soon(t), c, &opGet, nil); !errors.Is(err, syscall.EOPNOTSUPP) {
		t.Errorf("dump: %v", err)
	}
	var s nlserve.Server
	for _, b := range [][]byte{nil, {1}, make([]byte, 16), make([]byte, 40)} {
		for range s.Answer(t.Context(), 16, nlserve.Peer{}, b) {
			t.Errorf("%v is answered", b)
		}
	}
}

func FuzzAnswer(f *testing.F) {
	var s nlserve.Server
	err := s.Register(nlserve.Service{Family: &counter, Groups: []nlconn.Group{groupTicks}, Methods: []nlserve.Method{
		nlserve.Do(&opGet, func(ctx context.Context, req *count) (*count, error) {
			return req, s.Notify(ctx, &counter, numberTick, groupTicks, req)
		}),
		nlserve.Dump(&opGet, func(_ context.Context, req *count) iter.Seq2[*count, error] { return upTo(req.Value, nil) }),
		nlserve.Exec(&opSet, func(_ context.Context, req *count) error {
			return &nlmsg.Error{Errno: 22, Attr: req.Name, Missing: req.Name}
		}),
	}})
	if err != nil {
		f.Fatal(err)
	}
	for _, command := range []byte{1, 3, 4} {
		var e nlattr.Encoder
		(&count{Value: 2, Name: "value", Step: nlattr.Some(uint32(1))}).EncodeTo(&e)
		body, _ := e.Finish()
		h := nlmsg.Header{Type: 20, Flags: nlmsg.FlagRequest | nlmsg.FlagAck, Seq: 1}
		f.Add(nlmsg.Finish(append(append(h.Append(nil), command, 1, 0, 0), body...), 0))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, p := range []nlserve.Peer{{Port: 1}, {Uncapped: true, Room: 1}, {NoExtAck: true}} {
			for d := range s.Answer(t.Context(), nlconn.ProtocolGeneric, p, b) {
				c := nlmsg.NewCursor(d)
				for c.Next() {
				}
				if c.Err() != nil {
					t.Fatal(c.Err())
				}
			}
		}
	})
}
