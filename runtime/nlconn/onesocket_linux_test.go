package nlconn_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/nlgen/nlgen/runtime/nlconn"
	"github.com/nlgen/nlgen/runtime/nltest"
)

// Requests of many goroutines and a subscription share a socket: each gets its
// own answers, and the subscription every event.
func TestLiveOneSocket(t *testing.T) {
	ctx, c := live(t, nlconn.WithOneSocket())
	family := opGetlink.Family
	sub, err := nlconn.Subscribe(ctx, c, family, func(n *nlconn.Notification) (string, error) {
		var l link
		err := n.DecodeInto(&l)
		return l.Name, err
	}, nlconn.Group{Name: "link", ID: 1})
	if err != nil {
		t.Fatal(err)
	}
	other, err := nlconn.Subscribe(ctx, c, family, func(*nlconn.Notification) (string, error) { return "", nil })
	if err != nil {
		t.Fatal(err)
	}
	if sub.PortID() != other.PortID() || sub.PortID() == 0 {
		t.Errorf("ports %d and %d", sub.PortID(), other.PortID())
	}
	const links = 8
	var wg sync.WaitGroup
	for i := range links {
		wg.Go(func() {
			name := fmt.Sprintf("one%d", i)
			err := nlconn.Exec(ctx, c, &opNewlink, &link{Name: name, Info: &linkInfo{Kind: "ifb"}}, nlconn.Create)
			if err != nil {
				t.Error(err)
				return
			}
			for range 20 {
				if l, err := nlconn.Do[link](ctx, c, &opGetlink, &link{Name: name}); err != nil || l.Name != name {
					t.Errorf("asked for %s, got %+v, %v", name, l, err)
				}
			}
		})
	}
	seen := 0
	for range sub.All(ctx) {
		// A request inside the loop goes by the same socket.
		if l, err := nlconn.Do[link](ctx, c, acked(opGetlink), &link{Index: 1}); err != nil || l.Name != "lo" {
			t.Errorf("inside the loop: %+v, %v", l, err)
		}
		if seen++; seen == links {
			break
		}
	}
	wg.Wait()
	for i := range links {
		if err := nlconn.Exec(ctx, c, &opDellink, &link{Name: fmt.Sprintf("one%d", i)}); err != nil {
			t.Error(err)
		}
	}
	if _, err := nlconn.Do[link](ctx, c, &opGetlink, &link{Index: 1}, nlconn.Lax); err == nil {
		t.Error("a strict socket was lax")
	}
	// A call that is given up leaves the socket to the others, and Close ends all.
	ended, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := nlconn.Do[link](ended, c, &opGetlink, &link{Index: 1}); !errors.Is(err, context.Canceled) {
		t.Errorf("a context that had ended: %v", err)
	}
	done := make(chan int)
	go func() {
		n := 0
		for range other.All(ctx) {
			n++
		}
		done <- n
	}()
	if l, err := nlconn.Do[link](ctx, c, &opGetlink, &link{Index: 1}); err != nil || l.Name != "lo" {
		t.Errorf("beside a loop that waits: %+v, %v", l, err)
	}
	c.Close()
	if n := <-done; n != 0 {
		t.Errorf("a subscription without groups got %d events", n)
	}
	if _, err := nlconn.Do[link](ctx, c, &opGetlink, &link{Index: 1}); !errors.Is(err, nlconn.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}

// A transaction that is longer than a send queue gets a socket that has room for it;
// the one socket is as large as it was asked to be.
func TestLiveLongTransaction(t *testing.T) {
	none := nlconn.Operation{Family: &rtLink, Name: "none", Request: 0xf0} // which the kernel refuses
	for _, x := range []struct {
		opts []nlconn.Option
		want error
	}{
		{nil, syscall.EOPNOTSUPP},
		{[]nlconn.Option{nlconn.WithOneSocket()}, syscall.EMSGSIZE},
		{[]nlconn.Option{nlconn.WithOneSocket(), nlconn.WithSendQueue(1 << 20)}, syscall.EOPNOTSUPP},
	} {
		ctx, c := live(t, x.opts...)
		b := c.NewBatch(nlconn.ProtocolRoute, nlconn.Transaction(&none, nil, &none, nil))
		for range 800 {
			b.Add(ctx, &none, &link{Name: strings.Repeat("x", 1000)})
		}
		if err := b.Do(ctx); !errors.Is(err, x.want) {
			t.Errorf("%d options: %.200v, want %v", len(x.opts), err, x.want)
		}
	}
}

// What comes unasked between a request and its answer is the subscription's, also
// with a number of the kernel's, and what is lost is reported to all who may miss
// it.
func TestOneSocketSorts(t *testing.T) {
	unasked := newlink("unasked").Seq(0)
	numbered := func(r nltest.Request) []byte {
		r.Port, r.Header.Seq = 0, r.Header.Seq-100
		return newlink("numbered")(r)
	}
	s := nltest.NewScript(t, nltest.Always(func(r nltest.Request) []nltest.Item {
		return []nltest.Item{datagram(unasked), datagram(newlink("stale").Stale()), datagram(numbered), datagram(newlink("answer")), datagram(nltest.Ack())}
	}))
	c := s.Conn(nlconn.WithOneSocket())
	ctx := soon(t)
	sub, err := nlconn.Subscribe(ctx, c, opGetlink.Family, func(n *nlconn.Notification) (string, error) {
		var l link
		err := n.DecodeInto(&l)
		return l.Name, err
	})
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if l, err := nlconn.Do[link](ctx, c, acked(opGetlink), &link{Index: 5}); err != nil || l.Name != "answer" {
			t.Fatalf("%+v, %v", l, err)
		}
	}
	n := 0
	for name, err := range sub.All(ctx) {
		if want := []string{"unasked", "numbered"}[n%2]; err != nil || name != want {
			t.Errorf("%q, not %q: %v", name, want, err)
		}
		if n++; n == 6 {
			break
		}
	}
}

// lossy is a socket that loses something just when it is no longer read.
type lossy struct {
	nlconn.Socket
	waits chan struct{}
	once  sync.Once
}

func (s *lossy) OpenSocket(int, nlconn.SocketOptions) (nlconn.Socket, error) { return s, nil }

func (s *lossy) Receive(ctx context.Context, _ []nlconn.Packet) (n int, err error) {
	s.waits <- struct{}{}
	<-ctx.Done()
	err = ctx.Err()
	s.once.Do(func() { err = nlconn.ErrOverrun })
	return 0, err
}

func (*lossy) Close() error { return nil }

// What is lost while the subscription that receives is being closed is reported to
// the others.
func TestOneSocketClosing(t *testing.T) {
	sock := &lossy{waits: make(chan struct{}, 2)}
	conn, err := nlconn.Open(nlconn.WithTransport(sock), nlconn.WithOneSocket())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	ctx := soon(t)
	var subs [2]*nlconn.Subscription[int]
	for i := range subs {
		subs[i], err = nlconn.Subscribe(ctx, conn, &rtLink, func(*nlconn.Notification) (int, error) { return 0, nil })
		if err != nil {
			t.Fatal(err)
		}
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for range subs[0].All(ctx) {
			t.Error("a subscription that was closed got something")
		}
	}()
	<-sock.waits
	subs[0].Close()
	<-ended
	for _, err := range subs[1].All(ctx) {
		if !errors.Is(err, nlconn.ErrOverrun) {
			t.Error(err)
		}
		return
	}
	t.Error("nobody heard that something was lost")
}
