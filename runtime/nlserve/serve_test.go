package nlserve_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
	"github.com/nlgen/nlgen/runtime/nlmsg"
	"github.com/nlgen/nlgen/runtime/nlserve"
	"github.com/nlgen/nlgen/runtime/nltest"
)

// transports are the ways that a server can be reached.
var transports = []struct {
	name   string
	listen func(t *testing.T) (nlserve.Socket, func(...nlconn.Option) *nlconn.Conn)
}{
	{"in memory", func(t *testing.T) (nlserve.Socket, func(...nlconn.Option) *nlconn.Conn) {
		k := nltest.NewKernel()
		sock, err := k.Listen(nlconn.ProtocolUser, 0)
		if err != nil {
			t.Fatal(err)
		}
		return sock, func(o ...nlconn.Option) *nlconn.Conn { return k.Conn(t, o...) }
	}},
	{"AF_NETLINK", func(t *testing.T) (nlserve.Socket, func(...nlconn.Option) *nlconn.Conn) {
		sock, err := nlserve.Listen(nlconn.ProtocolUser, 0)
		if err != nil {
			t.Skip(err)
		}
		return sock, func(o ...nlconn.Option) *nlconn.Conn {
			c, err := nlconn.Open(o...)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { c.Close() })
			return c
		}
	}},
}

// service counts, and sends what it is told to.
func service(s *nlserve.Server) nlserve.Service {
	return nlserve.Service{Family: &counter, Groups: []nlconn.Group{{Name: "ticks", ID: 7}}, Methods: []nlserve.Method{
		nlserve.Do(&opGet, func(_ context.Context, req *count) (*count, error) {
			return &count{Value: req.Value + 1, Name: req.Name}, nil
		}),
		nlserve.Dump(&opGet, func(_ context.Context, req *count) iter.Seq2[*count, error] {
			if req.Name == "big" {
				return upTo(200_000, nil) // some megabytes, more than any queue holds
			}
			return upTo(req.Value, nil)
		}),
		nlserve.Exec(&opSet, func(ctx context.Context, req *count) error {
			if req.Name == "bad" {
				return &nlmsg.Error{Errno: syscall.EINVAL, Message: "bad name", Attr: "name"}
			}
			if req.Name == "wait" {
				<-ctx.Done()
				return ctx.Err()
			}
			return s.Notify(ctx, &counter, numberTick, groupTicks, req)
		}),
	}}
}

// Servers answer processes through sockets as the kernel would.
func TestServe(t *testing.T) {
	for _, tr := range transports {
		t.Run(tr.name, func(t *testing.T) {
			before := runtime.NumGoroutine()
			sock, open := tr.listen(t)
			s := new(nlserve.Server)
			if err := s.Register(service(s)); err != nil {
				t.Fatal(err)
			}
			ctx, stop := context.WithCancel(t.Context())
			ended := make(chan error, 1)
			go func() { ended <- s.Serve(ctx, sock) }()
			c := open(nlconn.WithPeer(sock.PortID()), nlconn.WithProtocol(nlconn.ProtocolUser))

			if got, err := nlconn.Do[count](soon(t), c, &opGet, &count{Value: 41}); err != nil || got.Value != 42 {
				t.Errorf("Do: %+v, %v", got, err)
			}
			for _, n := range []uint32{0, 3, 1000} {
				if all, err := nlconn.Collect[count](soon(t), c, &opGet, &count{Value: n}); err != nil || len(all) != int(n) {
					t.Errorf("dump: %d, %v", len(all), err)
				}
			}
			if err := nlconn.Exec(soon(t), c, &opSet, &count{Name: "bad"}); err == nil || err.Error() != `counter: set: EINVAL: "bad name" [attribute name]` {
				t.Errorf("Exec: %v", err)
			}
			if err := nlconn.Exec(soon(t), c, &opSet, &count{Value: 5000}, nlconn.NoValidate); !errors.Is(err, syscall.ERANGE) {
				t.Errorf("policy: %v", err)
			}
			b := c.NewBatch(nlconn.ProtocolGeneric)
			replies := make([]count, 150)
			for i := range replies {
				b.AddReply(soon(t), &opGet, &count{Value: uint32(i)}, &replies[i])
			}
			if err := b.Do(soon(t)); err != nil || replies[149].Value != 150 {
				t.Errorf("batch: %v", err)
			}
			large(t, c)
			notifications(t, c)
			clients(t, open, sock.PortID())
			farewell(t, c, s)

			// A call that waits ends with its context, and the server does not mind.
			short, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
			defer cancel()
			if err := nlconn.Exec(short, c, &opSet, &count{Name: "wait"}); !errors.Is(err, context.DeadlineExceeded) {
				t.Error(err)
			}
			if got, err := nlconn.Do[count](soon(t), c, &opGet, &count{Value: 1}); err != nil || got.Value != 2 {
				t.Errorf("then: %+v, %v", got, err)
			}
			stop()
			if err := <-ended; err != nil {
				t.Error(err)
			}
			if err := nlconn.Exec(soon(t), c, &opSet, nil); !errors.Is(err, syscall.ECONNREFUSED) {
				t.Errorf("the server is gone: %v", err)
			}
			c.Close()
			for range 200 {
				if runtime.NumGoroutine() <= before {
					return
				}
				time.Sleep(5 * time.Millisecond)
			}
			t.Errorf("%d goroutines, before %d", runtime.NumGoroutine(), before)
		})
	}
}

// large dumps more than the client's queue holds, once to its end and once not.
func large(t *testing.T, c *nlconn.Conn) {
	t.Helper()
	n := 0
	var v count
	for err := range nlconn.DumpInto(soon(t), c, &opGet, &count{Name: "big"}, &v) {
		if err != nil {
			t.Fatal(err)
		}
		if v.Value != uint32(n) {
			t.Fatalf("%d is missing", n)
		}
		n++
	}
	if n != 200_000 {
		t.Errorf("%d messages", n)
	}
	for range nlconn.Dump[count](soon(t), c, &opGet, &count{Name: "big"}) {
		break
	}
}

// notifications subscribes and causes some. Not every user may multicast.
func notifications(t *testing.T, c *nlconn.Conn) {
	t.Helper()
	sub, err := nlconn.Subscribe(soon(t), c, &counter, decodeCount, groupTicks)
	if err != nil {
		t.Error(err)
		return
	}
	defer sub.Close()
	for i := range uint32(3) {
		if err := nlconn.Exec(soon(t), c, &opSet, &count{Value: i}); err != nil {
			t.Error(err)
		}
	}
	n := uint32(0)
	for ev, err := range sub.Events(soon(t)) {
		if err != nil || ev.Value.Value != n || ev.Group != 7 {
			t.Errorf("%+v, %v", ev, err)
		}
		if n++; n == 3 {
			break
		}
	}
	if n != 3 {
		t.Errorf("%d notifications", n)
	}
}

// clients are many at a time.
func clients(t *testing.T, open func(...nlconn.Option) *nlconn.Conn, port uint32) {
	t.Helper()
	c := open(nlconn.WithPeer(port), nlconn.WithProtocol(nlconn.ProtocolUser))
	defer c.Close()
	var wg sync.WaitGroup
	for g := range 50 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for i := range uint32(20) {
				name := fmt.Sprint("c", g)
				if got, err := nlconn.Do[count](soon(t), c, &opGet, &count{Value: i, Name: name}); err != nil || got.Value != i+1 || got.Name != name {
					t.Errorf("%+v, %v", got, err)
					return
				}
			}
		}()
	}
	wg.Wait()
}

// farewell unregisters the family, which a subscription hears, and registers it again.
func farewell(t *testing.T, c *nlconn.Conn, s *nlserve.Server) {
	sub, err := nlconn.Subscribe(soon(t), c, &counter, decodeCount, groupTicks)
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	if !s.Unregister(counter.Name) {
		t.Error("the family was not registered")
	}
	err = nil
	for _, err = range sub.All(soon(t)) {
	}
	if !errors.Is(err, nlconn.ErrFamilyGone) {
		t.Errorf("the subscription ended with %v", err)
	}
	if err := s.Register(service(s)); err != nil {
		t.Fatal(err)
	}
	if err := sub.Join(soon(t), groupTicks); err != nil {
		t.Error(err)
	}
}

// A Server may be served again, and notifies meanwhile.
func TestServeAgain(t *testing.T) {
	k := nltest.NewKernel()
	s := new(nlserve.Server)
	if err := s.Register(service(s)); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		sock, err := k.Listen(nlconn.ProtocolUser, 0)
		if err != nil {
			t.Fatal(err)
		}
		c := k.Conn(t, nlconn.WithPeer(sock.PortID()), nlconn.WithProtocol(nlconn.ProtocolUser))
		ctx, stop := context.WithCancel(t.Context())
		quiet := make(chan struct{})
		go func() {
			for {
				if err := s.Notify(ctx, &counter, numberTick, groupTicks, &count{Value: 3}); err != nil {
					t.Error(err)
				}
				select {
				case <-quiet:
					close(quiet)
					return
				case <-time.After(time.Millisecond):
				}
			}
		}()
		ended := make(chan error, 1)
		go func() { ended <- s.Serve(ctx, sock) }()
		sub, err := nlconn.Subscribe(soon(t), c, &counter, decodeCount, groupTicks)
		if err != nil {
			t.Fatal(err)
		}
		heard := false
		for v, err := range sub.All(soon(t)) {
			if heard = true; err != nil || v.Value != 3 {
				t.Errorf("%+v, %v", v, err)
			}
			break
		}
		if !heard {
			t.Error("no notification was heard")
		}
		quiet <- struct{}{}
		<-quiet
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}

// A client that does not read holds its requests up for a while, not for a while
// each.
func TestServeStalled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := nltest.NewKernel()
		sock, err := k.Listen(nlconn.ProtocolUser, 0)
		if err != nil {
			t.Fatal(err)
		}
		done := 0
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() {
			ended <- nlserve.Serve(ctx, sock, nlserve.Service{Family: &counter, Methods: []nlserve.Method{
				nlserve.Dump(&opGet, func(context.Context, *count) iter.Seq2[*count, error] {
					done++
					return upTo(20_000, nil) // more than the client's queue holds
				}),
			}})
		}()
		client, err := k.OpenSocket(nlconn.ProtocolUser, nlconn.SocketOptions{Peer: sock.PortID()})
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		h := nlmsg.Header{Type: 20, Flags: nlmsg.FlagRequest | nlmsg.FlagDump, Seq: 1}
		req := nlmsg.Finish(append(h.Append(nil), byte(opGet.Request), 1, 0, 0), 0)
		const requests = 10
		if err := client.Send(slices.Repeat(req, requests)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(15 * time.Second)
		synctest.Wait()
		if done != requests {
			t.Errorf("%d of %d requests were carried out", done, requests)
		}
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

// refused waits until the server tells one of the clients that it asks for too much.
func refused(t *testing.T, clients ...nlconn.Socket) {
	t.Helper()
	ctx, cancel := context.WithCancel(soon(t))
	defer cancel()
	told := make(chan error, len(clients))
	for _, client := range clients {
		go func() {
			for {
				p := []nlconn.Packet{{Buf: make([]byte, 4096)}}
				if _, err := client.Receive(ctx, p); err != nil {
					told <- err
					return
				}
				cur := nlmsg.NewCursor(p[0].Data)
				for cur.Next() {
					if cur.Header().Type == nlmsg.TypeError {
						if x, _ := nlmsg.ParseError(cur.Header(), cur.Body()); x.Errno == syscall.ENOBUFS {
							told <- nil
							return
						}
					}
				}
			}
		}()
	}
	if err := <-told; err != nil {
		t.Fatal(err)
	}
}

func TestServeRefuses(t *testing.T) {
	k := nltest.NewKernel()
	sock, err := k.Listen(nlconn.ProtocolUser, 0)
	if err != nil {
		t.Fatal(err)
	}
	plain := nlserve.Service{Family: &nlconn.Family{Name: "plain", Protocol: nlconn.ProtocolUser}}
	if err := nlserve.Serve(t.Context(), sock, plain, nlserve.Service{Family: &counter}); err == nil || !strings.Contains(err.Error(), "protocols 2 and 16") {
		t.Error(err)
	}
	if err := nlserve.Serve(t.Context(), sock, nlserve.Service{}); err == nil {
		t.Error("a service without a family is served")
	}
	// A client that asks and asks while its first request is still being carried
	// out is refused at some time, and others are served all the same.
	sock, err = k.Listen(nlconn.ProtocolUser, 0)
	if err != nil {
		t.Fatal(err)
	}
	s := new(nlserve.Server)
	if err := s.Register(service(s)); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx, sock) }()
	greedy, err := k.OpenSocket(nlconn.ProtocolUser, nlconn.SocketOptions{Peer: sock.PortID()})
	if err != nil {
		t.Fatal(err)
	}
	h := nlmsg.Header{Type: 20, Flags: nlmsg.FlagRequest, Seq: 1}
	e := nlattr.NewEncoder(append(h.Append(nil), 3, 1, 0, 0))
	(&count{Name: "wait"}).EncodeTo(&e)
	req, err := e.Finish()
	if err != nil {
		t.Fatal(err)
	}
	req = nlmsg.Finish(req, 0)
	for range 100 {
		if err := greedy.Send(req); err != nil {
			t.Fatal(err)
		}
	}
	c := k.Conn(t, nlconn.WithPeer(sock.PortID()), nlconn.WithProtocol(nlconn.ProtocolUser))
	if got, err := nlconn.Do[count](soon(t), c, &opGet, &count{Value: 1}); err != nil || got.Value != 2 {
		t.Errorf("%+v, %v", got, err)
	}
	refused(t, greedy)
	greedy.Close()
	// So is one of clients that each ask for less, but for too much together.
	large := slices.Concat(req, make([]byte, 1<<20))
	var clients []nlconn.Socket
	for range 70 {
		client, err := k.OpenSocket(nlconn.ProtocolUser, nlconn.SocketOptions{Peer: sock.PortID()})
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		clients = append(clients, client)
		for range 2 {
			for client.Send(large) != nil { // the server's queue is full
				runtime.Gosched()
			}
		}
	}
	refused(t, clients...)
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
