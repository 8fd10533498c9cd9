package nlconn_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/nlgen/nlgen/internal/nettest"
	"github.com/nlgen/nlgen/runtime/nlconn"
	"github.com/nlgen/nlgen/runtime/nlmsg"
	"github.com/nlgen/nlgen/runtime/nlserve"
	"github.com/nlgen/nlgen/runtime/nltest"
)

// settled waits until the goroutines that end are gone, and fails the test if
// there are more than before.
func settled(t *testing.T, before int) {
	t.Helper()
	for range 200 {
		if runtime.NumGoroutine() <= before {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Errorf("%d goroutines, before %d", runtime.NumGoroutine(), before)
}

// A loop that is left 10,000 times leaves no socket and no goroutine behind.
func TestBreakManyTimes(t *testing.T) {
	k := newLinks("a", "b", "c")
	conn := k.Conn(t)
	ctx := t.Context()
	before := runtime.NumGoroutine()
	var l link
	for range 10_000 / 4 {
		for range nlconn.Dump[link](ctx, conn, &opGetlink, nil) {
			break
		}
		for range nlconn.DumpInto(ctx, conn, &opGetlink, nil, &l) {
			break
		}
		if l.Info == nil || l.Info.Kind != "dummy" {
			t.Fatal("the reply of a loop that was left is gone")
		}
		inner, cancel := context.WithCancel(ctx)
		for _, err := range nlconn.Dump[link](inner, conn, &opGetlink, nil) {
			if cancel(); err != nil && !errors.Is(err, context.Canceled) {
				t.Fatal(err)
			}
		}
		cancel()
		for range nlconn.DoAll[link](ctx, conn, &opGetlink, &link{Index: 1}) {
			break
		}
	}
	if k.Sockets() > 1 || conn.OpenSockets() > 1 {
		t.Errorf("%d sockets are open, %d are known", k.Sockets(), conn.OpenSockets())
	}
	settled(t, before)
}

// calls are the ways to use a Conn. Each returns what it got.
var calls = []struct {
	name string
	want string
	call func(ctx context.Context, c *nlconn.Conn) (string, error)
}{
	{"Do", "b", func(ctx context.Context, c *nlconn.Conn) (string, error) {
		l, err := nlconn.Do[link](ctx, c, acked(opGetlink), &link{Name: "b"})
		return nameOf(l), err
	}},
	{"Do without an ack", "b", func(ctx context.Context, c *nlconn.Conn) (string, error) {
		l, err := nlconn.Do[link](ctx, c, &opGetlink, &link{Name: "b"})
		return nameOf(l), err
	}},
	{"Exec", "", func(ctx context.Context, c *nlconn.Conn) (string, error) {
		return "", nlconn.Exec(ctx, c, &opSetlink, &link{Name: "b"})
	}},
	{"Dump", "abc", func(ctx context.Context, c *nlconn.Conn) (s string, last error) {
		for l, err := range nlconn.Dump[link](ctx, c, &opGetlink, nil) {
			if last = err; err == nil {
				s += l.Name
			}
		}
		return s, last
	}},
	{"DumpInto", "abc", func(ctx context.Context, c *nlconn.Conn) (s string, last error) {
		var l link
		for err := range nlconn.DumpInto(ctx, c, &opGetlink, nil, &l) {
			if last = err; err == nil {
				s += l.Name
			}
		}
		return s, last
	}},
	{"Collect", "abc", func(ctx context.Context, c *nlconn.Conn) (s string, err error) {
		all, err := nlconn.Collect[link](ctx, c, &opGetlink, nil)
		for _, l := range all {
			s += l.Name
		}
		return s, err
	}},
	{"Batch", "ac", func(ctx context.Context, c *nlconn.Conn) (string, error) {
		var x, y link
		b := c.NewBatch(nlconn.ProtocolRoute)
		b.AddReply(ctx, &opGetlink, &link{Name: "a"}, &x)
		b.Add(ctx, &opSetlink, &link{Name: "b"})
		b.AddReply(ctx, &opGetlink, &link{Name: "c"}, &y)
		err := b.Do(ctx)
		return x.Name + y.Name, err
	}},
	{"generic", "", func(ctx context.Context, c *nlconn.Conn) (string, error) {
		_, err := nlconn.Do[nlserve.Empty](ctx, c, &fouGet, nil)
		return "", err
	}},
}

// Whatever a call is doing when its context ends, it ends with that error or
// with its whole result, and the next call is clean. The phases are the calls of
// the hooks: sent, each message received, each reply decoded.
func TestCancelInEveryPhase(t *testing.T) {
	for _, kernel := range []struct {
		name string
		opts []nltest.KernelOption
	}{
		{"prompt", []nltest.KernelOption{nltest.DumpRoom(1)}},
		{"slow", []nltest.KernelOption{nltest.DumpRoom(1), nltest.Slow()}},
	} {
		t.Run(kernel.name, func(t *testing.T) {
			k := newLinkKernel([]string{"a", "b", "c"}, kernel.opts...)
			register(k)
			left := 0 // phases until the context ends
			var cancel context.CancelFunc
			phase := func() {
				if left--; left == 0 {
					cancel()
				}
			}
			conn := k.Conn(t, nlconn.WithHooks(nlconn.Hooks{
				Out:   func(int, []byte) { phase() },
				In:    func(int, nlmsg.Header, []byte) { phase() },
				Valid: func(*nlconn.Operation, []byte) { phase() },
			}))
			before := runtime.NumGoroutine()
			cancelled, total := 0, 0
			for phases := 1; total < 10_000/2; phases = phases%12 + 1 {
				for _, c := range calls {
					if c.name == "generic" {
						move(k) // so that the look-up has its phases, too
					}
					var ctx context.Context
					ctx, cancel = context.WithCancel(t.Context())
					left = phases
					got, err := c.call(ctx, conn)
					switch {
					case err == nil && got != c.want:
						t.Fatalf("%s, phase %d: got %q, want %q", c.name, phases, got, c.want)
					case err != nil && !errors.Is(err, context.Canceled):
						t.Fatalf("%s, phase %d: %v", c.name, phases, err)
					case err != nil:
						cancelled++
					}
					cancel()
					left = 0
					if got, err := c.call(t.Context(), conn); err != nil || got != c.want {
						t.Fatalf("%s after phase %d: %q, %v", c.name, phases, got, err)
					}
					total++
				}
			}
			if cancelled < total/8 {
				t.Errorf("only %d of %d calls were cancelled", cancelled, total)
			}
			if k.Sockets() > 2 || conn.OpenSockets() > 2 {
				t.Errorf("%d sockets are open, %d are known", k.Sockets(), conn.OpenSockets())
			}
			settled(t, before)
		})
	}
}

// Contexts that end at any time, while the kernel is at work.
func TestCancelAnyTime(t *testing.T) {
	k := newLinkKernel([]string{"a", "b", "c"}, nltest.DumpRoom(1), nltest.Slow())
	register(k)
	conn := k.Conn(t)
	before := runtime.NumGoroutine()
	for i := range 5_000 {
		c := calls[i%len(calls)]
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i%40)*time.Microsecond)
		if got, err := c.call(ctx, conn); err == nil && got != c.want || err != nil && !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("%s: %q, %v", c.name, got, err)
		}
		cancel()
		if i%10 == 0 {
			if got, err := c.call(t.Context(), conn); err != nil || got != c.want {
				t.Fatalf("%s then: %q, %v", c.name, got, err)
			}
		}
	}
	if k.Sockets() > 2 {
		t.Errorf("%d sockets are open", k.Sockets())
	}
	settled(t, before)
}

// Calls of all kinds from a thousand goroutines share a Conn, and each gets its
// own answer.
func TestManyGoroutines(t *testing.T) {
	goroutines, each := nettest.Rounds(1000), 100
	names := make([]string, 10)
	for i := range names {
		names[i] = fmt.Sprintf("l%d", i)
	}
	k := newLinkKernel(names)
	register(k)
	conn := k.Conn(t)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	errs := make(chan error, goroutines)
	for g := range goroutines {
		go func() {
			for i := range each {
				if err := mixed(ctx, conn, names, g+i, i); err != nil {
					errs <- fmt.Errorf("call %d of goroutine %d: %w", i, g, err)
					return
				}
			}
			errs <- nil
		}()
	}
	for range goroutines {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	if k.Sockets() > 2*nlconn.MaxIdle || k.Sockets() != conn.OpenSockets() {
		t.Errorf("%d sockets are open, %d are known", k.Sockets(), conn.OpenSockets())
	}
}

// mixed makes a call of a kind that i chooses.
func mixed(ctx context.Context, c *nlconn.Conn, names []string, n, i int) error {
	name := names[n%len(names)]
	switch i % 7 {
	case 0, 1:
		l, err := nlconn.Do[link](ctx, c, []*nlconn.Operation{&opGetlink, acked(opGetlink)}[i%2], &link{Name: name})
		if err == nil && l.Name != name {
			err = fmt.Errorf("got %s, not %s", l.Name, name)
		}
		return err
	case 2:
		return nlconn.Exec(ctx, c, &opSetlink, &link{Name: name})
	case 3:
		got := 0
		for l, err := range nlconn.Dump[link](ctx, c, &opGetlink, nil) {
			if err != nil {
				return err
			}
			if got++; n%3 == 0 && l.Name == name {
				return nil
			}
		}
		if got != len(names) {
			return fmt.Errorf("%d links", got)
		}
		return nil
	case 4:
		_, err := nlconn.Do[nlserve.Empty](ctx, c, &fouGet, nil)
		return err
	case 5:
		b := c.NewBatch(nlconn.ProtocolRoute)
		replies := make([]link, 3)
		for j := range replies {
			b.AddReply(ctx, &opGetlink, &link{Name: names[(n+j)%len(names)]}, &replies[j])
		}
		if err := b.Do(ctx); err != nil {
			return err
		}
		for j := range replies {
			if replies[j].Name != names[(n+j)%len(names)] {
				return fmt.Errorf("reply %d of a batch is %s", j, replies[j].Name)
			}
		}
		return nil
	default:
		short, cancel := context.WithCancel(ctx)
		cancel()
		if _, err := nlconn.Do[link](short, c, &opGetlink, &link{Name: name}); !errors.Is(err, context.Canceled) {
			return fmt.Errorf("cancelled call: %w", err)
		}
		return nil
	}
}
