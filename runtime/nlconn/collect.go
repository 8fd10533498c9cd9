package nlconn

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/nlgen/nlgen/runtime/nlattr"
)

// Collect returns all messages of a dump. A dump that was interrupted is
// repeated, as often as [Retries] says; if each was interrupted, Collect returns
// what the last one yielded, with an error that is [ErrDumpInterrupted]. Any
// other error comes with what had come before it; of messages that do not decode
// the first one's, with all that do.
func Collect[T any, P Message[T]](ctx context.Context, c *Conn, op *Operation, req Encodable, opts ...CallOption) ([]*T, error) {
	var o call
	o.set(opts)
	most := o.retries.Or(c.cfg.retries.Or(DefaultRetries))
	for try := 0; ; try++ {
		all, err := collect[T, P](ctx, c, op, req, opts)
		if try >= most || !errors.Is(err, ErrDumpInterrupted) || !pause(ctx, try) {
			return all, err
		}
	}
}

// collect does a dump once. It returns all that came and decodes, with the first
// error about a message and the one that the dump ended by.
func collect[T any, P Message[T]](ctx context.Context, c *Conn, op *Operation, req Encodable, opts []CallOption) ([]*T, error) {
	var d dump
	var all gathered[T]
	var first error
	d.start(ctx, c, op, req, opts)
	defer d.finish()
	arena := nlattr.NewSlabs()
	for d.next(ctx) {
		v := all.add()
		if err := d.decode(P(v), arena); err != nil {
			all.drop()
			first = cmp.Or(first, err)
		}
	}
	if first != nil && d.err != nil {
		return all.pointers(), errors.Join(first, d.err)
	}
	return all.pointers(), cmp.Or(first, d.err)
}

// gathered are values of which nobody knows how many will come. They lie in
// slabs, and the slice of pointers is made when their number is known: one that
// grew would cost five times its final size.
type gathered[T any] struct {
	slabs [][]T
	n     int
}

// A slab of slabMost values spreads the cost of its allocation thin enough; the
// first is for a dump of a few messages.
const (
	slabFirst = 4
	slabMost  = 64
)

// add returns a new zero value.
func (g *gathered[T]) add() *T {
	last := len(g.slabs) - 1
	if last < 0 || len(g.slabs[last]) == cap(g.slabs[last]) {
		size := slabFirst
		if last >= 0 {
			size = min(2*cap(g.slabs[last]), slabMost)
		}
		g.slabs = append(g.slabs, make([]T, 0, size))
		last++
	}
	s := g.slabs[last]
	s = s[:len(s)+1]
	g.slabs[last] = s
	g.n++
	// It is zero already, but is to be written before it is read, be it to see whether
	// a pointer to it is nil: a page that is read first is the kernel's page of zeros,
	// and to put one in its place that can be written all processors are stopped.
	clear(s[len(s)-1:])
	return &s[len(s)-1]
}

// drop takes the last value back.
func (g *gathered[T]) drop() {
	last := len(g.slabs) - 1
	s := g.slabs[last]
	clear(s[len(s)-1:])
	g.slabs[last] = s[:len(s)-1]
	g.n--
}

// pointers returns pointers to all values, or nil if there is none.
func (g *gathered[T]) pointers() []*T {
	if g.n == 0 {
		return nil
	}
	all := make([]*T, 0, g.n)
	for _, s := range g.slabs {
		for i := range s {
			all = append(all, &s[i])
		}
	}
	return all
}

// pause waits before a dump is repeated: not at all at first, then longer each
// time, so that whoever changes things can get done. It reports false if the
// context ended.
func pause(ctx context.Context, try int) bool {
	const free, most = 3, 6
	if try < free {
		return ctx.Err() == nil
	}
	t := time.NewTimer(time.Millisecond << min(try-free, most))
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
