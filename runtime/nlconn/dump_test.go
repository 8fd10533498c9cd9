package nlconn_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
	"github.com/nlgen/nlgen/runtime/nlmsg"
	"github.com/nlgen/nlgen/runtime/nlserve"
	"github.com/nlgen/nlgen/runtime/nltest"
)

func TestCollectRetries(t *testing.T) {
	for _, c := range []struct {
		bad  int // dumps that are interrupted
		opts []nlconn.CallOption
		err  error
		sent int
	}{
		{0, nil, nil, 1},
		{2, nil, nil, 3},
		{5, nil, nil, 6},
		{100, []nlconn.CallOption{nlconn.Retries(4)}, nlconn.ErrDumpInterrupted, 5},
		{1, []nlconn.CallOption{nlconn.Retries(0)}, nlconn.ErrDumpInterrupted, 1},
	} {
		n := 0
		conn, s, seen := scripted(t, func(nltest.Request) []nltest.Item {
			b := links("b")
			if n++; n <= c.bad {
				b = b.Interrupted()
			}
			return []nltest.Item{datagram(links("a"), b, nltest.Done())}
		})
		all, err := nlconn.Collect[link](soon(t), conn, &opGetlink, nil, c.opts...)
		if !errors.Is(err, c.err) || len(all) != 2 || all[1].Name != "b" {
			t.Errorf("%+v: %d links, %v", c, len(all), err)
		}
		if s.Sends() != c.sent || seen["interrupted"] != min(c.bad, c.sent) {
			t.Errorf("%+v: %d dumps, %v", c, s.Sends(), seen)
		}
	}
	// The Conn has a say, and the call the last word.
	for _, c := range []struct {
		opts []nlconn.CallOption
		sent int
	}{{nil, 3}, {[]nlconn.CallOption{nlconn.Retries(0)}, 1}} {
		s := nltest.NewScript(t, nltest.Always(func(nltest.Request) []nltest.Item {
			return []nltest.Item{datagram(links("a"), nltest.Done().Interrupted())}
		}))
		_, err := nlconn.Collect[link](soon(t), s.Conn(nlconn.WithRetries(2)), &opGetlink, nil, c.opts...)
		if !errors.Is(err, nlconn.ErrDumpInterrupted) || s.Sends() != c.sent {
			t.Errorf("%d dumps, not %d; %v", s.Sends(), c.sent, err)
		}
	}
	// A message that does not decode hides no interruption.
	conn, s, _ := scripted(t, func(nltest.Request) []nltest.Item {
		return []nltest.Item{datagram(links("a"), withAttr(5, 4, 1), nltest.Done().Interrupted())}
	})
	all, err := nlconn.Collect[link](soon(t), conn, &opGetlink, nil, nlconn.Retries(2))
	if len(all) != 1 || !errors.Is(err, nlconn.ErrDumpInterrupted) || !errors.Is(err, nlattr.ErrLength) || s.Sends() != 3 {
		t.Errorf("%d links after %d dumps, %v", len(all), s.Sends(), err)
	}
	// A context that ends stops the tries, and the data is still there.
	conn, _, _ = scripted(t, func(nltest.Request) []nltest.Item {
		return []nltest.Item{datagram(links("a"), nltest.Done().Interrupted())}
	})
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	if all, err := nlconn.Collect[link](ctx, conn, &opGetlink, nil, nlconn.Retries(1e6)); err == nil || len(all) > 1 {
		t.Errorf("%d links, %v", len(all), err)
	}
}

func TestFiltered(t *testing.T) {
	for _, flag := range []uint16{0, nlmsg.FlagDumpFiltered} {
		s := nltest.NewScript(t, nltest.ExpectDump(&opGetlink).Answer(datagram(links("a").Flags(flag), nltest.Done())))
		var filtered bool
		for _, err := range nlconn.Dump[link](soon(t), s.Conn(), &opGetlink, nil, nlconn.Filtered(&filtered)) {
			if err != nil {
				t.Error(err)
			}
		}
		if filtered != (flag != 0) {
			t.Errorf("flag %#x: %v", flag, filtered)
		}
	}
}

func TestDoAll(t *testing.T) {
	op := acked(opGetlink)
	s := nltest.NewScript(t, nltest.Expect(op).Times(6).Answer(datagram(links("a", "b")), datagram(links("c")),
		datagram(nltest.DoneEmpty()), datagram(nltest.Ack())))
	conn := s.Conn(nlconn.WithHooks(nlconn.Hooks{Finish: func(_ *nlconn.Operation, err error) {
		if err != nil {
			t.Errorf("the hook saw %v", err)
		}
	}}))
	for range 3 {
		var got []string
		for l, err := range nlconn.DoAll[link](soon(t), conn, op, nil) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, l.Name)
		}
		if strings.Join(got, "") != "abc" {
			t.Error(got)
		}
		for range nlconn.DoAll[link](soon(t), conn, op, nil) {
			break
		}
	}
	if s.Open() > 1 {
		t.Errorf("%d sockets are open", s.Open())
	}
}

// Sockets that are not prompt are asked for acks and waited for.
func TestSlow(t *testing.T) {
	silent := false
	s := nltest.NewScript(t, nltest.Always(func(r nltest.Request) []nltest.Item {
		const moment = 2 * time.Millisecond
		switch {
		case silent:
			return nil
		case r.Dump():
			return []nltest.Item{datagram(links("a")).After(moment), datagram(nltest.Done()).After(2 * moment)}
		case !r.WantsAck():
			t.Error("no ack was asked for")
		}
		return []nltest.Item{datagram(newlink("a"), nltest.Ack()).After(moment)}
	})).Slow()
	c := s.Conn()
	if l, err := nlconn.Do[link](soon(t), c, &opGetlink, nil); err != nil || l.Name != "a" {
		t.Errorf("%+v, %v", l, err)
	}
	if all, err := nlconn.Collect[link](soon(t), c, &opGetlink, nil); err != nil || len(all) != 1 {
		t.Errorf("%+v, %v", all, err)
	}
	// Waiting ends with the context, and the socket is not used again.
	silent = true
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	if _, err := nlconn.Do[link](ctx, c, &opGetlink, nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	for _, err := range nlconn.Dump[link](ctx, c, &opGetlink, nil) {
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
	}
	if s.Open() != 0 {
		t.Errorf("%d sockets are open", s.Open())
	}
	// So does closing the Conn.
	go func() {
		time.Sleep(20 * time.Millisecond)
		c.Close()
	}()
	if err := nlconn.Exec(soon(t), c, &opNewlink, &link{Name: "a"}); !errors.Is(err, nlconn.ErrClosed) {
		t.Error(err)
	}
}

// A process that is slow to take requests makes clients wait, as long as their
// contexts let them.
func TestPeerBusy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := nltest.NewKernel()
		server, err := k.Listen(nlconn.ProtocolUser, 0)
		if err != nil {
			t.Fatal(err)
		}
		conn := k.Conn(t, nlconn.WithPeer(server.PortID()), nlconn.WithProtocol(nlconn.ProtocolUser))
		greedy, err := k.OpenSocket(nlconn.ProtocolUser, nlconn.SocketOptions{Peer: server.PortID()})
		if err != nil {
			t.Fatal(err)
		}
		defer greedy.Close()
		for size := 64 << 10; size > 0; size /= 2 {
			for greedy.Send(make([]byte, size)) == nil {
			}
		}
		short, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := nlconn.Exec(short, conn, &opSetlink, nil); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("nobody takes it: %v", err)
		}
		done, ended := make(chan error, 1), make(chan error, 1)
		go func() { done <- nlconn.Exec(t.Context(), conn, &opSetlink, nil) }()
		time.Sleep(time.Minute)
		ctx, stop := context.WithCancel(t.Context())
		go func() {
			ended <- nlserve.Serve(ctx, server, nlserve.Service{Family: &rtLink, Methods: []nlserve.Method{
				nlserve.Exec(&opSetlink, func(context.Context, *link) error { return nil }),
			}})
		}()
		if err := <-done; err != nil {
			t.Errorf("it is taken late: %v", err)
		}
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

// A late answer to a call that was given up never reaches another one.
func TestLateReply(t *testing.T) {
	op := acked(opGetlink)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	s := nltest.NewScript(t,
		nltest.Expect(op).Func(func(nltest.Request) []nltest.Item {
			cancel()
			return []nltest.Item{datagram(newlink("late"), nltest.Ack()).After(5 * time.Millisecond)}
		}),
		nltest.Expect(op).Answer(datagram(newlink("own"), nltest.Ack()).After(20*time.Millisecond)),
	).Slow()
	conn := s.Conn()
	if _, err := nlconn.Do[link](ctx, conn, op, nil); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if s.Open() != 0 {
		t.Error("the socket of the call that was given up is still open")
	}
	if l, err := nlconn.Do[link](soon(t), conn, op, nil); err != nil || nameOf(l) != "own" {
		t.Errorf("%+v, %v", l, err)
	}
}
