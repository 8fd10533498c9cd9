package connection

import (
	"context"
	"errors"
	"net/netip"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/rtroute"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// storm is how many routes are changed.
const storm = 100000

// table is where they are.
const table = 1000

// dst is the destination of the ith route.
func dst(i int) netip.Addr { return netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}) }

// change adds or removes routes by batches.
func change(ctx context.Context, conn *nlconn.Conn, op *nlconn.Operation, oif uint32, from, upto int, opts ...nlconn.CallOption) error {
	for i := from; i < upto; {
		b := conn.NewBatch(nlconn.ProtocolRoute, nlconn.AckLast())
		for end := min(i+4096, upto); i < end; i++ {
			header := rtroute.Rtmsg{RtmFamily: unix.AF_INET, RtmDstLen: 32, RtmProtocol: unix.RTPROT_STATIC, RtmScope: unix.RT_SCOPE_LINK,
				RtmType: unix.RTN_UNICAST}
			var req nlconn.Encodable = &rtroute.NewrouteRequest{Header: header, Dst: nlattr.Some(dst(i)), Oif: nlattr.Some(oif), Table: nlattr.Some(uint32(table))}
			if op == &rtroute.OpDelroute {
				req = &rtroute.DelrouteRequest{Header: header, Dst: nlattr.Some(dst(i)), Oif: nlattr.Some(oif), Table: nlattr.Some(uint32(table))}
			}
			b.Add(ctx, op, req, opts...)
		}
		if err := b.Do(ctx); err != nil {
			return err
		}
	}
	return nil
}

// setUp returns a namespace with a veth pair that is up, and its index.
func setUp(t *testing.T, opts ...nlconn.Option) (*witness.Namespace, uint32) {
	t.Helper()
	n := witness.NewNamespace(t, opts...)
	a, b := n.Veth("storm0", "storm1")
	n.Up(a, b)
	return n, uint32(a.Header.IfiIndex)
}

// TestStorm changes a hundred thousand routes while a subscriber listens on a queue that holds them all: each change arrives, in order,
// decoded.
func TestStorm(t *testing.T) {
	n, oif := setUp(t, nlconn.WithReceiveQueue(256<<20))
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	sub, err := rtroute.New(n.Conn).Subscribe(ctx, rtroute.GroupIpv4Route)
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	done := make(chan error, 1)
	go func() {
		done <- change(ctx, n.Conn, &rtroute.OpNewroute, oif, 0, storm, nlconn.Create, nlconn.Exclusive)
	}()
	next := 0
	for ev, err := range sub.All(ctx) {
		if err != nil {
			t.Fatalf("after %d events: %v", next, err)
		}
		route, ok := ev.(*rtroute.NewrouteNtf)
		if !ok {
			t.Fatalf("event %d is %T", next, ev)
		}
		if route.Table.V != table {
			continue // Those of the addresses that a link gets when it comes up.
		}
		if route.Dst.V != dst(next) || route.Oif.V != oif {
			t.Fatalf("event %d is about %v", next, route.Dst.V)
		}
		if next++; next == storm {
			break
		}
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	t.Logf("%d events in order, none lost", next)
}

// TestStormOverrun does the same with a queue that is far too small: the loss is told, what fits still comes, and the stream goes on.
func TestStormOverrun(t *testing.T) {
	n, oif := setUp(t)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	overruns := 0
	conn, err := nlconn.Open(nlconn.WithHooks(nlconn.Hooks{Overrun: func(int) { overruns++ }}))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	sub, err := rtroute.New(conn).Subscribe(ctx, rtroute.GroupIpv4Route)
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	// All are queued before anybody reads: the smallest queue of a subscription holds some ten thousand.
	if err := change(ctx, n.Conn, &rtroute.OpNewroute, oif, 0, storm, nlconn.Create); err != nil {
		t.Fatal(err)
	}
	// The kernel drops events until the queue has been read empty; what changes after that must be heard. So something changes all the time.
	later, stop := make(chan error, 1), make(chan struct{})
	go func() {
		defer close(later)
		for i := storm; ; i++ {
			select {
			case <-stop:
				return
			case <-time.After(5 * time.Millisecond):
			}
			if err := change(ctx, n.Conn, &rtroute.OpNewroute, oif, i, i+1, nlconn.Create); err != nil {
				later <- err
				return
			}
		}
	}()
	events, told, last := 0, 0, false
	for ev, err := range sub.All(ctx) {
		switch route, ok := ev.(*rtroute.NewrouteNtf); {
		case errors.Is(err, nlconn.ErrOverrun):
			told++ // A subscriber would list the routes again here.
		case err != nil:
			t.Fatal(err)
		case ok && route.Table.V == table:
			events++
			last = !route.Dst.V.Less(dst(storm))
		}
		if last {
			break
		}
	}
	close(stop)
	if err := <-later; err != nil {
		t.Error(err)
	}
	if !last || told == 0 || overruns == 0 || events < 1000 || events >= storm {
		t.Errorf("%d events of %d, told of %d overruns, the hook of %d", events, storm, told, overruns)
	}
	t.Logf("%d events of %d, %d overruns, and the stream went on", events, storm, told)
}
