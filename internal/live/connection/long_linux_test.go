package connection

import (
	"errors"
	"fmt"
	"runtime"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/rtroute"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// TestLongDumps reads dumps that are long enough to be received ahead: whole, left anywhere, two at a time with requests inside
// on sockets of their own, and on one socket for all.
func TestLongDumps(t *testing.T) {
	const count = 30000
	before := runtime.GOMAXPROCS(2)
	t.Cleanup(func() { runtime.GOMAXPROCS(before) })
	for _, mode := range []struct {
		name string
		opts []nlconn.Option
		many int // dumps at a time: a socket has one
	}{{"pool", nil, 3}, {"one socket", []nlconn.Option{nlconn.WithOneSocket()}, 1}} {
		t.Run(mode.name, func(t *testing.T) {
			ctx := t.Context()
			n, oif := setUp(t, mode.opts...)
			if err := change(ctx, n.Conn, &rtroute.OpNewroute, oif, 0, count, nlconn.Create); err != nil {
				t.Fatal(err)
			}
			c := rtroute.New(n.Conn)
			req := &rtroute.GetrouteDumpRequest{Header: rtroute.Rtmsg{RtmFamily: unix.AF_INET}}
			goroutines, descriptors := runtime.NumGoroutine(), countDescriptors(t)

			// read reads the dump until message stop, and asks for a route inside now and then.
			read := func(stop int) error {
				i := 0
				var r rtroute.GetrouteReply
				for err := range c.GetrouteDumpInto(ctx, req, &r) {
					if err != nil {
						return err
					}
					if r.Table.V != table {
						continue
					}
					if r.Dst.V != dst(i) {
						return fmt.Errorf("route %d is to %s", i, r.Dst.V)
					}
					if i%10007 == 5000 && mode.many > 1 {
						got, err := c.Getroute(ctx, &rtroute.GetrouteRequest{Header: rtroute.Rtmsg{RtmFamily: unix.AF_INET, RtmDstLen: 32}, Dst: r.Dst})
						if err != nil && !errors.Is(err, unix.ENETUNREACH) {
							return fmt.Errorf("inside: %v, %w", got, err)
						}
					}
					if i == stop {
						return nil
					}
					i++
				}
				if i != count {
					return fmt.Errorf("%d routes", i)
				}
				return nil
			}
			var wg sync.WaitGroup
			for i := range mode.many {
				wg.Go(func() {
					for _, stop := range []int{-1, 0, 900, 1500, 2500, 9999 + i, 20001, 29000, count - 1, -1} {
						if err := read(stop); err != nil {
							t.Errorf("left at %d: %v", stop, err)
						}
					}
				})
			}
			wg.Wait()

			witness.Await(t, "goroutines that end", func() bool { return runtime.NumGoroutine() <= goroutines })
			// The pool keeps a socket for each dump and one for each request inside.
			if now := countDescriptors(t); now > descriptors+2*mode.many {
				t.Errorf("%d descriptors, before %d", now, descriptors)
			}
		})
	}
}
