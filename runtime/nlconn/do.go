package nlconn

import (
	"context"
	"errors"
	"iter"

	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlmsg"
)

// Exec carries out an operation that answers nothing but an ack. Replies that
// come all the same, such as those to [Echo], are left out.
func Exec(ctx context.Context, c *Conn, op *Operation, req Encodable, opts ...CallOption) error {
	_, err := c.do(ctx, op, req, nil, nil, opts)
	return err
}

// Do carries out an operation and returns its reply, nil if the kernel answers
// none: that is legal for every operation.
//
// Where the answer ends: usually with the ack, which is read by the same system
// call as the reply. An operation that is always answered by one message or an
// error ([Operation.Single]) is not asked for an ack, since making, queueing and
// reading one costs a third of the whole: there the answer ends with the reply.
// Should there be none after all, or no ack behind an NLMSG_DONE, nothing hangs:
// the kernel works on a request while it is being sent, so its answer would be in
// the queue. An empty queue makes Do ask with a fence, an NLMSG_NOOP that wants an
// ack, and whatever the kernel had to say stands before that ack.
func Do[T any, P Message[T]](ctx context.Context, c *Conn, op *Operation, req Encodable, opts ...CallOption) (*T, error) {
	v := new(T)
	found, err := c.do(ctx, op, req, P(v), nil, opts)
	if !found {
		return nil, err
	}
	return v, err
}

// DoInto is [Do] with memory of the caller's: it decodes the reply into *reply
// and reports whether there was one. What is in *reply from before is
// overwritten. It differs from Do by what it allocates, which is less.
func DoInto[T any, P Message[T]](ctx context.Context, c *Conn, op *Operation, req Encodable, reply P, opts ...CallOption) (bool, error) {
	var zero T
	*reply = zero
	return c.do(ctx, op, req, reply, nil, opts)
}

// DoAll carries out an operation that answers several messages and yields them.
// It ends with the ack. An error ends it, but for one about the content of a
// message, which stands in that message's place.
func DoAll[T any, P Message[T]](ctx context.Context, c *Conn, op *Operation, req Encodable, opts ...CallOption) iter.Seq2[*T, error] {
	return func(yield func(*T, error) bool) {
		stopped := false
		arena := nlattr.NewSlabs()
		each := func(x *exchange, body []byte) bool {
			v := nlattr.Take[T](arena)
			err := x.decode(op, body, P(v), arena)
			if err != nil {
				v = nil
			}
			stopped = !yield(v, err)
			return !stopped
		}
		_, err := c.do(ctx, op, req, nil, each, opts)
		if err != nil && !stopped {
			yield(nil, err)
		}
	}
}

// errStopped ends an exchange whose loop was left.
var errStopped = errors.New("loop was left")

// do carries out an operation. The first reply is decoded into v if v is not
// nil; or each is called with every reply if that is not nil, until it returns
// false. It reports whether there was a reply.
func (c *Conn) do(ctx context.Context, op *Operation, req Encodable, v Decodable, each func(*exchange, []byte) bool, opts []CallOption) (bool, error) {
	if err := ctx.Err(); err != nil {
		return false, op.wrap(err)
	}
	for again := false; ; again = true {
		id, err := c.messageType(ctx, op.Family)
		if err != nil {
			return false, op.wrap(err)
		}
		found, err := c.doOnce(ctx, op, id, req, v, each, opts)
		if err == nil || found || again || !op.Family.Generic || !gone(err) {
			return found, err
		}
		if moved, lost := c.moved(ctx, op.Family, id); lost != nil {
			return false, op.wrap(lost)
		} else if !moved {
			return false, err
		}
	}
}

func (c *Conn) doOnce(ctx context.Context, op *Operation, id uint16, req Encodable, v Decodable, each func(*exchange, []byte) bool, opts []CallOption) (found bool, err error) {
	var o call
	o.set(opts)
	x, err := c.borrow(op.Family.Protocol, o.lax)
	if err != nil {
		return false, op.wrap(err)
	}
	if len(opts) > 0 {
		x.call = o
	}
	clean := false
	defer func() {
		if err == errStopped {
			err = nil
		}
		c.cfg.hooks.finish(op, err)
		if clean {
			c.giveBack(x)
		} else {
			c.discard(x)
		}
	}()
	single := op.Single && op.Reply != 0 && v != nil && each == nil && x.prompt != nil &&
		!o.wantAck && c.cfg.hooks.Ack == nil && o.flags&nlmsg.FlagEcho == 0
	flags := uint16(nlmsg.FlagRequest | nlmsg.FlagAck)
	if single {
		flags = nlmsg.FlagRequest
	}
	if err := x.request(op, id, op.Request, flags, req, op.Policy); err != nil {
		clean = true
		return false, err
	}
	if err := x.send(ctx, x.req); err != nil {
		return false, op.wrap(err)
	}
	var a answer
	a.x, a.op, a.id, a.v, a.each, a.single = x, op, id, v, each, single
	for {
		room, wait := a.expects()
		done, err := a.take(x.next(ctx, room, wait))
		if done {
			clean = true
			return a.found, a.err
		}
		if err != nil {
			return a.found, err
		}
	}
}

// answer is what is known of the answer to a do.
type answer struct {
	x      *exchange
	op     *Operation
	id     uint16
	v      Decodable
	each   func(*exchange, []byte) bool
	single bool

	ended bool  // there was an NLMSG_DONE
	seen  bool  // there was a reply
	found bool  // and v holds it, or each had it
	err   error // the first
}

// expects returns the room for what comes next, and what to do if it is not there.
func (a *answer) expects() ([]Packet, waiting) {
	room, wait := 1, block
	if a.single || a.ended {
		wait = probe
	}
	if !a.single && (a.v != nil || a.each != nil) {
		room = 2 // the reply and the ack
	}
	return a.x.packets(room), wait
}

// take takes in the current message, or the error that stands in its place. It
// reports whether that was the last; an error says that the answer could not be
// read to its end.
func (a *answer) take(err error) (done bool, _ error) {
	x := a.x
	switch {
	case err == errNothingMore && x.fence:
		return true, nil
	case err != nil:
		return false, a.op.wrap(err)
	}
	switch x.head.Type {
	case nlmsg.TypeError:
		err := x.control(a.op, x.req, a.op.Policy)
		a.keep(err)
		return true, nil
	case nlmsg.TypeDone:
		// Operations that answer several messages end them so, and the ack that was
		// asked for comes behind. So do dumps, for flags that ask for one, and
		// nothing comes behind.
		err := x.control(a.op, x.req, a.op.Policy)
		a.keep(err)
		a.ended = true
		return a.single, nil
	}
	body, err := x.reply(a.op, a.id, a.op.Reply)
	switch {
	case err != nil && x.call.flags&nlmsg.FlagEcho != 0, a.v == nil && a.each == nil:
		x.c.cfg.hooks.skipped(x.protocol, x.head, x.msg)
		return false, nil
	case err != nil:
		a.keep(err)
		return false, nil
	case a.each != nil:
		a.seen, a.found = true, true
		if !a.each(x, body) {
			return false, errStopped
		}
		return false, nil
	case a.seen:
		a.keep(a.op.wrap(ErrMoreReplies))
		return false, nil
	}
	a.seen = true
	if x.slabs == nil {
		x.slabs = nlattr.NewSlabs()
	}
	err = x.decode(a.op, body, a.v, x.slabs)
	a.keep(err)
	a.found = err == nil
	return a.single && x.head.Flags&nlmsg.FlagMulti == 0, nil
}

// keep keeps the first error.
func (a *answer) keep(err error) {
	if a.err == nil {
		a.err = err
	}
}
