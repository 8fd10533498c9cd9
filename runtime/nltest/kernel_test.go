package nltest_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/nlgen/nlgen/generated/rtlink"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
	"github.com/nlgen/nlgen/runtime/nlserve"
	"github.com/nlgen/nlgen/runtime/nltest"
)

func soon(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// mustPanic runs f and returns what it panics with.
func mustPanic(t *testing.T, f func()) (text string) {
	t.Helper()
	defer func() { text = fmt.Sprint(recover()) }()
	f()
	t.Error("no panic")
	return ""
}

func getlink(_ context.Context, req *rtlink.GetlinkRequest) (*rtlink.GetlinkReply, error) {
	return &rtlink.GetlinkReply{Header: req.Header, Ifname: nlattr.Some("eth0")}, nil
}

// Generated clients talk to the kernel in memory.
func TestGeneratedClient(t *testing.T) {
	k := nltest.NewKernel()
	var dumps int
	k.Handle(
		nlserve.Do(&rtlink.OpGetlink, getlink),
		nlserve.Dump(&rtlink.OpGetlink, func(context.Context, *rtlink.GetlinkDumpRequest) iter.Seq2[*rtlink.GetlinkReply, error] {
			return func(yield func(*rtlink.GetlinkReply, error) bool) {
				for i := range 1000 {
					dumps++
					reply := &rtlink.GetlinkReply{Ifname: nlattr.Some(fmt.Sprint("eth", i))}
					if !yield(reply, nil) {
						return
					}
				}
			}
		}),
		nlserve.Exec(&rtlink.OpDellink, func(_ context.Context, req *rtlink.DellinkRequest) error {
			return fmt.Errorf("%s: %w", req.Ifname.V, syscall.ENODEV)
		}),
	)
	c := rtlink.New(k.Conn(t))
	req := &rtlink.GetlinkRequest{Header: rtlink.Ifinfomsg{IfiIndex: 3}}
	if got, err := c.Getlink(soon(t), req); err != nil || got.Ifname.V != "eth0" || got.Header.IfiIndex != 3 {
		t.Errorf("%+v, %v", got, err)
	}
	if all, err := c.GetlinkCollect(soon(t), nil); err != nil || len(all) != 1000 || all[999].Ifname.V != "eth999" {
		t.Errorf("%d, %v", len(all), err)
	}
	dumps = 0
	for range c.GetlinkDump(soon(t), nil) {
		break
	}
	if dumps == 1000 {
		t.Error("the dump did not wait for its reader")
	}
	err := c.Dellink(soon(t), &rtlink.DellinkRequest{Ifname: nlattr.Some("x")})
	if want := `rt-link: dellink: ENODEV: "x: no such device"`; err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
	if text := mustPanic(t, func() { k.Handle(nlserve.Do(&rtlink.OpGetlink, getlink)) }); !strings.Contains(text, "has a method already") {
		t.Error(text)
	}
}

// notify multicasts n links to the group of links.
func notify(t *testing.T, k *nltest.Kernel, n int) {
	t.Helper()
	for i := range n {
		link := &rtlink.GetlinkReply{Ifname: nlattr.Some(fmt.Sprint("eth", i))}
		if err := k.Notify(t.Context(), &rtlink.Family, rtlink.OpGetlink.Reply, nlconn.Group{ID: 1}, link); err != nil {
			t.Fatal(err)
		}
	}
}

// Notifications go to those that joined, and a full queue is seen.
func TestNotify(t *testing.T) {
	k := nltest.NewKernel()
	k.Groups(&rtlink.Family, nlconn.Group{Name: "rtnlgrp-link", ID: 1})
	c := k.Conn(t)
	sub, err := nlconn.Subscribe(soon(t), c, &rtlink.Family, func(n *nlconn.Notification) (string, error) {
		var l rtlink.GetlinkReply
		err := n.DecodeInto(&l)
		return l.Ifname.V, err
	}, nlconn.Group{ID: 1})
	if err != nil {
		t.Fatal(err)
	}
	notify(t, k, 3)
	var got []string
	for name, err := range sub.All(soon(t)) {
		if err != nil {
			t.Fatal(err)
		}
		if got = append(got, name); len(got) == 3 {
			break
		}
	}
	if strings.Join(got, " ") != "eth0 eth1 eth2" {
		t.Error(got)
	}
	// More than the queue holds: what was received comes first, then the loss is told,
	// once; what happens from then on is heard.
	const many = 20_000
	notify(t, k, many)
	n, overruns, later := 0, 0, 0
	for _, err := range sub.All(soon(t)) {
		switch {
		case errors.Is(err, nlconn.ErrOverrun):
			overruns++
			notify(t, k, 3)
		case err != nil:
			t.Fatal(err)
		case overruns > 0:
			later++
		default:
			if n++; n == 1 {
				notify(t, k, 1) // Still congested: it is lost.
			}
		}
		if later == 3 {
			break
		}
	}
	if n < 1000 || n >= many || overruns != 1 || later != 3 {
		t.Errorf("%d notifications, %d overruns, %d notifications", n, overruns, later)
	}
	// The bare socket tells the loss at once, as that of the kernel does, and drops what
	// comes before it is read to its end without another word.
	s, err := k.OpenSocket(nlconn.ProtocolRoute, nlconn.SocketOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Join(1); err != nil {
		t.Fatal(err)
	}
	notify(t, k, 1000)
	p := make([]nlconn.Packet, 1000)
	if _, err := s.Receive(soon(t), p); !errors.Is(err, nlconn.ErrOverrun) {
		t.Error(err)
	}
	notify(t, k, 1)
	queued, err := s.Receive(soon(t), p)
	if err != nil || queued < 100 || queued >= 1000 {
		t.Errorf("%d, %v", queued, err)
	}
	notify(t, k, 1)
	if n, err := s.Receive(soon(t), p); n != 1 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	if err := sub.Leave(soon(t), nlconn.Group{ID: 1}); err != nil {
		t.Error(err)
	}
	if err := k.Notify(t.Context(), &rtlink.Family, 16, nlconn.Group{Name: "unknown"}, nil); err == nil {
		t.Error("a group without a number is notified")
	}
}

// Sockets can send to each other.
func TestUnicast(t *testing.T) {
	k := nltest.NewKernel()
	listener, err := k.Listen(nlconn.ProtocolUser, 77)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := k.Listen(nlconn.ProtocolUser, 77); !errors.Is(err, syscall.EADDRINUSE) {
		t.Error(err)
	}
	c := k.Conn(t)
	s, err := c.OpenSocket(nlconn.ProtocolUser, nlconn.SocketOptions{Peer: 77})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Send([]byte("any bytes")); err != nil {
		t.Fatal(err)
	}
	p := []nlconn.Packet{{Buf: make([]byte, 4)}}
	if n, err := listener.Receive(soon(t), p); n != 1 || err != nil || string(p[0].Data) != "any bytes" || p[0].Port != s.PortID() {
		t.Errorf("%d, %v, %+v", n, err, p[0])
	}
	if err := listener.SendTo([]byte("back"), p[0].Port, 0); err != nil {
		t.Fatal(err)
	}
	if n, err := s.Receive(soon(t), p); n != 1 || err != nil || string(p[0].Data) != "back" || p[0].Port != 77 {
		t.Errorf("%d, %v, %+v", n, err, p[0])
	}
	// A queue that is full, a port that nobody has, a socket that is closed.
	for err = error(nil); err == nil; {
		err = listener.SendTo(make([]byte, 4096), s.PortID(), 0)
	}
	if !errors.Is(err, syscall.EAGAIN) {
		t.Error(err)
	}
	if err := listener.SendTo(nil, 4711, 0); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Error(err)
	}
	waiting := make(chan error)
	go func() {
		_, err := listener.Receive(soon(t), p)
		waiting <- err
	}()
	time.Sleep(time.Millisecond)
	listener.Close()
	if err := <-waiting; !errors.Is(err, nlconn.ErrClosed) {
		t.Error(err)
	}
	if err := listener.SendTo(nil, 77, 0); !errors.Is(err, nlconn.ErrClosed) {
		t.Error(err)
	}
	s.Close()
	if k.Sockets() != 0 {
		t.Errorf("%v", k)
	}
}

// A method of a slow kernel that waits is left alone by a client that does not.
func TestSlowKernel(t *testing.T) {
	before := runtime.NumGoroutine()
	k := nltest.NewKernel(nltest.Slow())
	ended := make(chan struct{})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	k.Handle(nlserve.Do(&rtlink.OpGetlink, func(ctx context.Context, req *rtlink.GetlinkRequest) (*rtlink.GetlinkReply, error) {
		if req.Header.IfiIndex == 1 {
			cancel() // what the client gives up now is being carried out
			<-ctx.Done()
			close(ended)
			return nil, ctx.Err()
		}
		return getlink(ctx, req)
	}))
	c := rtlink.New(k.Conn(t))
	if _, err := c.Getlink(ctx, &rtlink.GetlinkRequest{Header: rtlink.Ifinfomsg{IfiIndex: 1}}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	<-ended
	var wg sync.WaitGroup
	for i := range int32(50) {
		wg.Add(1)
		go func() {
			defer wg.Done()
			req := &rtlink.GetlinkRequest{Header: rtlink.Ifinfomsg{IfiIndex: i + 2}}
			if got, err := c.Getlink(soon(t), req); err != nil || got.Header.IfiIndex != i+2 {
				t.Errorf("%+v, %v", got, err)
			}
		}()
	}
	wg.Wait()
	for i := 0; runtime.NumGoroutine() > before && i < 200; i++ {
		time.Sleep(5 * time.Millisecond)
	}
	if n := runtime.NumGoroutine(); n > before {
		t.Errorf("%d goroutines, before %d", n, before)
	}
}
