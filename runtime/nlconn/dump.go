package nlconn

import (
	"context"
	"iter"

	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlmsg"
	"github.com/nlgen/nlgen/runtime/nlpolicy"
)

// Dump yields the messages of a dump while they come. They come from slabs, many
// at a time, and are the caller's for ever.
//
// A message that does not decode is yielded as an error in its place, and the
// loop may go on. Every other error ends the loop: the kernel's, and at the very
// end [ErrDumpInterrupted], if something changed while it was read.
func Dump[T any, P Message[T]](ctx context.Context, c *Conn, op *Operation, req Encodable, opts ...CallOption) iter.Seq2[*T, error] {
	return func(yield func(*T, error) bool) {
		var d dump
		d.start(ctx, c, op, req, opts)
		defer d.finish()
		arena := nlattr.NewSlabs()
		for d.next(ctx) {
			v := nlattr.Take[T](arena)
			err := d.decode(P(v), arena)
			if err != nil {
				v = nil
			}
			if !yield(v, err) {
				return
			}
		}
		if d.err != nil {
			yield(nil, d.err)
		}
	}
}

// DumpInto decodes the messages of a dump into *reply, one after the other, and
// yields after each; an error stands in the place of a message, as with [Dump].
// Once warm it allocates nothing per message.
//
// What *reply refers to, nests and byte slices, is valid until the next step of
// the loop. Strings are valid for ever. When the loop has ended by itself,
// *reply is zero; when it was left, *reply is the caller's for ever.
func DumpInto[T any, P Message[T]](ctx context.Context, c *Conn, op *Operation, req Encodable, reply P, opts ...CallOption) iter.Seq[error] {
	return func(yield func(error) bool) {
		var d dump
		var zero T
		d.start(ctx, c, op, req, opts)
		defer d.finish()
		arena := c.takeScratch()
		for d.next(ctx) {
			arena.Rewind()
			*reply = zero
			err := d.decode(reply, arena)
			if !yield(err) {
				return // *reply refers to the arena, which nobody gets any more
			}
		}
		*reply = zero
		c.giveScratch(arena)
		if d.err != nil {
			yield(d.err)
		}
	}
}

// dump is a dump that is being read.
type dump struct {
	c      *Conn
	op     *Operation
	policy *nlpolicy.Message // of the request
	number uint16            // of the messages
	id     uint16
	req    Encodable
	opts   []CallOption

	x     *exchange // nil before the start and after the end
	again bool      // the family was looked up anew
	any   bool      // a message came
	body  []byte    // of the current message

	interrupted, filtered bool
	err                   error
}

func (d *dump) start(ctx context.Context, c *Conn, op *Operation, req Encodable, opts []CallOption) {
	d.c, d.op, d.policy, d.number, d.req, d.opts = c, op, op.DumpPolicy, op.DumpReply, req, opts
	if d.policy == nil {
		d.policy = op.Policy
	}
	if d.number == 0 {
		d.number = op.Reply
	}
	if err := ctx.Err(); err != nil {
		d.err = op.wrap(err)
		return
	}
	d.send(ctx)
}

// send sends the request.
func (d *dump) send(ctx context.Context) {
	var err error
	if d.id, err = d.c.messageType(ctx, d.op.Family); err != nil {
		d.err = d.op.wrap(err)
		return
	}
	var o call
	o.set(d.opts)
	x, err := d.c.borrow(d.op.Family.Protocol, o.lax)
	if err != nil {
		d.err = d.op.wrap(err)
		return
	}
	x.call, d.x = o, x
	number := d.op.DumpRequest
	if number == 0 {
		number = d.op.Request
	}
	if err := x.request(d.op, d.id, number, nlmsg.FlagRequest|nlmsg.FlagDump, d.req, d.policy); err != nil {
		d.end(err, true)
		return
	}
	x.stream = x.prompt != nil && worthwhile()
	if err := x.send(ctx, x.req); err != nil {
		d.end(d.op.wrap(err), false)
	}
}

// end ends the dump. The socket is clean if nothing more of it will come.
func (d *dump) end(err error, clean bool) {
	x := d.x
	d.x, d.body = nil, nil
	x.stopAhead(clean)
	if d.err == nil {
		d.err = err
	}
	if x.call.filtered != nil {
		*x.call.filtered = d.filtered
	}
	d.c.cfg.hooks.finish(d.op, d.err)
	if !clean && d.c.cfg.oneSocket && x.prompt != nil {
		d.drain(x)
	}
	if clean {
		d.c.giveBack(x)
	} else {
		d.c.discard(x)
	}
}

// drain reads the rest of a dump that was left: the kernel refuses another one
// on a socket until then, and this one is not closed.
func (d *dump) drain(x *exchange) {
	x.buf = nil // What the loop was left with may refer to it.
	for x.next(context.Background(), x.packets(1), probe) == nil {
		if x.head.Type == nlmsg.TypeDone || x.head.Type == nlmsg.TypeError {
			return
		}
	}
}

// finish ends a dump whose loop was left: its socket is closed, and with it go
// the messages that were to come. It does nothing if the dump has ended.
func (d *dump) finish() {
	if d.x != nil {
		d.end(nil, false)
	}
}

// next steps to the next message of the dump. After the last it returns false,
// and d.err tells how it ended.
func (d *dump) next(ctx context.Context) bool {
	for d.x != nil {
		x := d.x
		switch err := x.next(ctx, x.packets(1), probe); {
		case err == errNothingMore:
			d.end(d.op.wrap(ErrNoDone), x.fence)
			continue
		case err != nil:
			d.end(d.op.wrap(err), false)
			continue
		}
		d.interrupted = d.interrupted || x.head.Flags&nlmsg.FlagDumpIntr != 0
		d.filtered = d.filtered || x.head.Flags&nlmsg.FlagDumpFiltered != 0
		switch x.head.Type {
		case nlmsg.TypeError:
			d.refused(ctx, x.control(d.op, x.req, d.policy))
			continue
		case nlmsg.TypeDone:
			d.done(x.control(d.op, x.req, d.policy))
			continue
		}
		d.any = true
		return true
	}
	return false
}

// done ends a dump that came to its end.
func (d *dump) done(err error) {
	if d.interrupted {
		if hook := d.c.cfg.hooks.Interrupted; hook != nil {
			hook(d.op)
		}
		if err == nil {
			err = d.op.wrap(ErrDumpInterrupted)
		}
	}
	d.end(err, true)
}

// refused ends a dump that got an NLMSG_ERROR, or sends it again if the family
// has another id now.
func (d *dump) refused(ctx context.Context, err error) {
	d.done(err)
	if d.any || d.again || !d.op.Family.Generic || !gone(err) {
		return
	}
	switch moved, lost := d.c.moved(ctx, d.op.Family, d.id); {
	case lost != nil:
		d.err = d.op.wrap(lost)
	case moved:
		d.again, d.err = true, nil
		d.send(ctx)
	}
}

// decode reads the current message into v.
func (d *dump) decode(v Decodable, arena *nlattr.Arena) error {
	body, err := d.x.reply(d.op, d.id, d.number)
	if err != nil {
		return err
	}
	return d.x.decode(d.op, body, v, arena)
}
