package nlconn

import (
	"context"
	"errors"
	"fmt"

	"github.com/nlgen/nlgen/runtime/nlmsg"
)

const (
	// A datagram of a batch is filled up to this many messages or bytes, whatever
	// comes first. More gains nothing; and the acks of one datagram must fit the
	// receive queue, which by default holds some 256.
	batchMessages = 64
	batchBytes    = 16 << 10
	// Messages that are answered by more than an ack take that much more of it.
	batchReplies = 16
	// bulkLen is the room for one ack, when many are received at once.
	bulkLen = 2 << 10
	// ackCost is what one ack takes of the receive queue, generously.
	ackCost = 1 << 10
)

// A Batch is a list of requests that are sent together, many in one datagram,
// and whose acks are read together. All of them belong to one protocol. A Batch
// is used by one goroutine at a time. It can be sent once, and used again after
// [Batch.Reset].
type Batch struct {
	c        *Conn
	x        *exchange // encodes; borrowed while the batch is filled and sent
	items    []batchItem
	buf      []byte
	ackLast  bool
	stop     bool
	lax      bool // a request asked for it
	begin    *batchEdge
	end      *batchEdge
	protocol int
	err      error // why the batch cannot be sent
}

type batchItem struct {
	op         *Operation
	id         uint16
	start, end int // in buf; equal if the request was not encoded
	reply      Decodable
	onAck      func(*nlmsg.Ack)
	echo       bool
	filled     bool // reply holds an answer
	acked      bool
	err        error
}

// batchEdge is the message that begins or ends a transaction.
type batchEdge struct {
	op  *Operation
	req Encodable
}

// BatchOption changes how a [Batch] is sent.
type BatchOption func(*Batch)

// AckLast asks for an ack only for the last message of each datagram, which
// saves some 15 % of the time. Errors are told for each message all the same.
// What is lost are the warnings of acks.
func AckLast() BatchOption { return func(b *Batch) { b.ackLast = true } }

// StopOnError sends no further datagram after one in which a request failed.
// The kernel carries out what else is in that one.
func StopOnError() BatchOption { return func(b *Batch) { b.stop = true } }

// Transaction puts all requests between two messages, in one datagram, as
// nftables wants it: the kernel carries out all of them or none.
func Transaction(begin *Operation, beginReq Encodable, end *Operation, endReq Encodable) BatchOption {
	return func(b *Batch) {
		b.begin, b.end = &batchEdge{begin, beginReq}, &batchEdge{end, endReq}
	}
}

// NewBatch returns an empty batch for requests of one protocol.
func (c *Conn) NewBatch(protocol int, opts ...BatchOption) *Batch {
	b := &Batch{c: c, protocol: protocol}
	for _, o := range opts {
		o(b)
	}
	b.x = &exchange{c: c, protocol: protocol}
	return b
}

// Reset empties the batch. Its options and its memory stay.
func (b *Batch) Reset() {
	clear(b.items)
	b.items, b.buf, b.err, b.lax = b.items[:0], b.buf[:0], nil, false
}

// Len returns the number of requests.
func (b *Batch) Len() int { return len(b.items) }

// Add encodes a request and appends it to the batch. A request that cannot be
// encoded, or is not valid, is not sent; [Batch.Do] returns its error. All
// requests share a socket: if one is to be [Lax], all are.
func (b *Batch) Add(ctx context.Context, op *Operation, req Encodable, opts ...CallOption) {
	b.add(ctx, op, req, nil, opts)
}

// AddReply is [Batch.Add] for a request that answers a reply, such as one with
// [Echo]: the first is decoded into reply.
func (b *Batch) AddReply(ctx context.Context, op *Operation, req Encodable, reply Decodable, opts ...CallOption) {
	b.add(ctx, op, req, reply, opts)
}

func (b *Batch) add(ctx context.Context, op *Operation, req Encodable, reply Decodable, opts []CallOption) {
	b.x.call.set(opts)
	b.lax = b.lax || b.x.call.lax
	it := batchItem{op: op, reply: reply, start: len(b.buf), onAck: b.x.call.onAck}
	it.echo = reply != nil || b.x.call.flags&nlmsg.FlagEcho != 0
	if op.Family.Protocol != b.protocol {
		it.err = op.wrap(fmt.Errorf("protocol %d in a batch of protocol %d", op.Family.Protocol, b.protocol))
	} else {
		it.id, it.err = b.c.messageType(ctx, op.Family)
		it.err = op.wrap(it.err)
	}
	if it.err == nil {
		check := !b.x.call.noValidate && !b.c.cfg.noValidate
		b.buf, it.err = b.x.encode(b.buf, op, it.id, op.Request, nlmsg.FlagRequest|b.x.call.flags, req, op.Policy, check)
	}
	it.end = len(b.buf)
	b.items = append(b.items, it)
}

// errSent reports a batch that was sent before.
var errSent = errors.New("batch was sent before")

// Do sends the batch and returns when every request is acknowledged or refused:
// nil, or a *[BatchError]. If ctx ends, what was sent may be carried out or not.
// Where a generic family has another id now, its requests fail with ENOENT and
// those that are added later have that id: a batch is not sent again by itself.
func (b *Batch) Do(ctx context.Context) error {
	if b.err != nil {
		return b.err
	}
	b.err = errSent
	whole := b.run(ctx)
	e := &BatchError{Err: whole, Total: len(b.items)}
	for i := range b.items {
		op, err := b.items[i].op, b.items[i].err
		b.c.cfg.hooks.finish(op, err)
		if err == nil {
			continue
		}
		e.Failed = append(e.Failed, &RequestError{Index: i, Err: err})
		if op.Family.Generic && gone(err) {
			b.c.remember(op.Family.Name, nil)
		}
	}
	if e.Err == nil && len(e.Failed) == 0 {
		return nil
	}
	return e
}

// run sends the datagrams one after the other and reads what each is answered.
func (b *Batch) run(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		b.unsent(0, err)
		return err
	}
	if b.begin != nil {
		return b.transaction(ctx)
	}
	x, err := b.c.borrow(b.protocol, b.lax)
	if err != nil {
		b.unsent(0, err)
		return err
	}
	clean := false
	defer func() {
		if clean {
			b.c.giveBack(x)
		} else {
			b.c.discard(x)
		}
	}()
	for i := 0; i < len(b.items); {
		n := b.fill(i)
		if n == 0 { // it was not encoded
			if b.stop {
				b.unsent(i+1, ErrNotSent)
				break
			}
			i++
			continue
		}
		part := batchPart{b: b, x: x, items: b.items[i : i+n]}
		if err := part.exchange(ctx); err != nil {
			part.unknown(err)
			b.unsent(i+n, ErrNotSent)
			return err
		}
		part.unanswered(ErrNoAnswer)
		i += n
		if b.stop && part.failed() {
			b.unsent(i, ErrNotSent)
			break
		}
	}
	clean = true
	return nil
}

// unsent marks the requests from i on.
func (b *Batch) unsent(i int, err error) {
	for ; i < len(b.items); i++ {
		if it := &b.items[i]; it.err == nil {
			it.err = it.op.wrap(err)
		}
	}
}

// fill returns how many of the requests from i on go into one datagram. Those
// that were not encoded take no room.
func (b *Batch) fill(i int) int {
	bytes, replies, n := 0, 0, 0
	for ; i+n < len(b.items) && n < batchMessages; n++ {
		it := &b.items[i+n]
		if it.err != nil {
			break
		}
		bytes += it.end - it.start
		if it.echo {
			replies++
		}
		if n > 0 && (bytes > batchBytes || replies > batchReplies) {
			break
		}
	}
	return n
}

// transaction sends everything as one datagram.
func (b *Batch) transaction(ctx context.Context) error {
	for i := range b.items {
		if err := b.items[i].err; err != nil {
			// All or nothing: nothing.
			b.unsent(0, ErrNotSent)
			return nil
		}
	}
	x, err := b.c.borrowQueue(b.protocol, b.lax, len(b.buf), len(b.items)*ackCost)
	if err != nil {
		b.unsent(0, err)
		return err
	}
	defer b.c.discard(x)
	part := batchPart{b: b, x: x, items: b.items}
	if err := part.exchange(ctx); err != nil {
		part.unknown(err)
		return err
	}
	if part.whole == nil && !part.failed() {
		part.unanswered(ErrNoAnswer)
	}
	return part.whole
}

// borrowQueue returns an exchange with a socket of its own whose queues hold
// at least so many bytes. It must be discarded.
func (c *Conn) borrowQueue(protocol int, lax bool, send, receive int) (*exchange, error) {
	const enough = 128 << 10 // for which the system's defaults do
	o := c.cfg.socket
	o.Lax = o.Lax || lax
	if send > enough {
		o.SendQueue = max(o.SendQueue, send+enough)
	}
	if receive > enough {
		o.ReceiveQueue = max(o.ReceiveQueue, receive+enough)
	}
	return c.newExchange(protocol, o, new(pool))
}
