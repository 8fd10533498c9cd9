package nlconn

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"time"

	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlmsg"
	"github.com/nlgen/nlgen/runtime/nlpolicy"
)

// An exchange is a socket with all that a request and its answer need, so that
// they are not allocated each time. One goroutine uses it at a time.
type exchange struct {
	c        *Conn
	pool     *pool
	protocol int
	sock     Socket
	prompt   PromptSocket // sock if it is prompt, else nil

	call  call
	req   []byte // the request, or the datagram of a batch
	enc   nlattr.Encoder
	dec   nlattr.Decoder
	slabs *nlattr.Arena // nests of replies to dos

	// Messages belong to the exchange whose sequence number is from first to
	// seq. If fence is set, seq is that of the fence.
	first, seq uint32
	fence      bool
	private    privates // messages that belong to it by their numbers only

	// A dump that may be received ahead, the full datagrams that it had, and who
	// receives it once it is long.
	stream bool
	filled int
	ahead  *ahead

	buf  []byte
	pkts [2]Packet
	bulk []Packet // of batches

	got  []Packet // what was received and not yet looked at
	cur  nlmsg.Cursor
	head nlmsg.Header // of the current message
	msg  []byte       // the current message
}

const (
	// bufLen is the room for datagrams. The kernel fills 32 KiB of a dump; what
	// does not fit is taken care of by the socket.
	bufLen = 64 << 10
	// ackLen is the part of it that is for the ack behind a reply.
	ackLen = 4 << 10
	// keepLen is the largest request buffer that is kept.
	keepLen = 256 << 10
)

// reset forgets what belongs to a call, so that nothing is kept alive.
func (x *exchange) reset() {
	x.call = call{}
	x.fence = false
	x.private = x.private[:0]
	x.stream, x.filled = false, 0
	x.got, x.msg = nil, nil
	x.cur.Reset(nil)
	x.pkts[0].Data, x.pkts[1].Data = nil, nil
	if cap(x.req) > keepLen {
		x.req = nil
	}
	x.enc.Reset(nil)
	x.dec.Reset(nil, nil)
}

// packets returns room for one or two datagrams.
func (x *exchange) packets(n int) []Packet {
	if x.buf == nil {
		x.buf = make([]byte, bufLen)
	}
	if n == 1 {
		x.pkts[0].Buf = x.buf
	} else {
		x.pkts[0].Buf, x.pkts[1].Buf = x.buf[:bufLen-ackLen:bufLen-ackLen], x.buf[bufLen-ackLen:]
	}
	return x.pkts[:n]
}

// skip is how many bytes stand before the body that policies describe.
func (f *Family) skip() int {
	if f.Generic {
		return nlmsg.HeaderLen + nlmsg.GenericLen
	}
	return nlmsg.HeaderLen
}

// encode appends a request to b. The type of a message of generic netlink is the
// id of its family; of others it is the number.
func (x *exchange) encode(b []byte, op *Operation, id, number, flags uint16, req Encodable, m *nlpolicy.Message, check bool) ([]byte, error) {
	start := len(b)
	h := nlmsg.Header{Type: number, Flags: flags, Seq: x.seq}
	if op.Family.Generic {
		h.Type = id
		x.private.add(id, op.Family)
	}
	b = h.Append(b)
	if op.Family.Generic {
		b = append(b, uint8(number), op.Family.Version, 0, 0)
	}
	x.enc.Reset(b)
	switch {
	case req != nil:
		req.EncodeTo(&x.enc)
	case m != nil && m.Header != nil:
		x.enc.Extend(nlattr.Align(m.Header.Size))
	}
	out, err := x.enc.Finish()
	if err != nil {
		if m != nil {
			err = m.Locate(err, x.enc.Written())
		}
		return b[:start], op.wrap(err)
	}
	if check && m != nil {
		if err := nlpolicy.Validate(m, out[start+op.Family.skip():], op.Mode); err != nil {
			return out[:start], op.wrap(err)
		}
	}
	return nlmsg.Finish(out, start), nil
}

// request builds a request as the only message of x.req, with a sequence number
// of its own.
func (x *exchange) request(op *Operation, id, number, flags uint16, req Encodable, m *nlpolicy.Message) error {
	x.number(1)
	var err error
	x.req, err = x.encode(x.req[:0], op, id, number, flags|x.call.flags, req, m, !x.call.noValidate && !x.c.cfg.noValidate)
	if err == nil {
		x.c.cfg.hooks.request(op, x.req)
	}
	return err
}

// number makes n new sequence numbers the ones that belong to the exchange,
// x.first to x.seq. None of them is 0, which is the number of notifications.
func (x *exchange) number(n uint32) {
	x.first = x.seq + 1
	if x.first+n < n+1 {
		x.first = 1
	}
	x.seq = x.first + n - 1
	x.fence = false
}

// send sends a datagram. Where the receiver is a process whose queue is full, it
// waits until there is room.
func (x *exchange) send(ctx context.Context, b []byte) error {
	if out := x.c.cfg.hooks.Out; out != nil {
		out(x.protocol, b)
	}
	err := x.sock.Send(b)
	if err != nil && errors.Is(err, syscall.EAGAIN) {
		return x.sendLater(ctx, b)
	}
	return err
}

// sendLater tries to send again and again, less and less often.
func (x *exchange) sendLater(ctx context.Context, b []byte) error {
	const first, last = 20 * time.Microsecond, 5 * time.Millisecond
	for pause := first; ; pause = min(2*pause, last) {
		t := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			t.Stop()
			return ctx.Err()
		case <-t.C:
		}
		if err := x.sock.Send(b); err == nil || !errors.Is(err, syscall.EAGAIN) {
			return err
		}
	}
}

// How next goes on when there is nothing to read.
type waiting uint8

const (
	// block waits: an answer that ends by itself is on its way.
	block waiting = iota
	// probe asks the kernel, if the socket is prompt: whatever it had to say
	// stands before the answer to a question that is asked now.
	probe
)

// errNothingMore is next's answer if the kernel has no more to say.
var errNothingMore = errors.New("no answer")

// next makes the next message of the exchange the current one. Errors are those
// of the socket and of datagrams that make no sense: after one the exchange is
// not usable any more.
func (x *exchange) next(ctx context.Context, room []Packet, wait waiting) error {
	for {
		if found, err := x.message(); found || err != nil {
			return err
		}
		n, err := 0, ctx.Err()
		if err != nil {
			return err
		}
		if x.stream {
			if err := x.receiveAhead(); err != nil {
				return err
			} else if len(x.got) > 0 {
				continue
			}
		}
		if x.prompt != nil {
			n, err = x.prompt.TryReceive(room)
		}
		if n == 0 {
			if n, err = x.wait(ctx, room, wait, err); err != nil {
				return err
			}
		}
		x.got = room[:n]
		if room[0].Len >= fullLen {
			x.filled++
		}
	}
}

// wait gets datagrams where there were none, or why there are none.
func (x *exchange) wait(ctx context.Context, room []Packet, wait waiting, err error) (n int, _ error) {
	if err == nil {
		if wait == probe && x.prompt != nil && !x.fence {
			if err := x.probe(ctx); err != nil {
				return 0, err
			}
		}
		n, err = x.sock.Receive(ctx, room)
	}
	if errors.Is(err, ErrOverrun) {
		x.c.cfg.hooks.overrun(x.protocol)
	}
	if n == 0 && err == nil {
		err = errNothingMore
	}
	return n, err
}

// message makes the next message of the exchange the current one, as far as it has
// been received. It reports whether there was one.
func (x *exchange) message() (bool, error) {
	hooks := &x.c.cfg.hooks
	for {
		for x.cur.Next() {
			x.msg = x.cur.Message()
			x.head.Get(x.msg)
			if hooks.In != nil {
				hooks.In(x.protocol, x.head, x.msg)
			}
			if x.head.Seq-x.first > x.seq-x.first {
				if hooks.Stale != nil {
					hooks.Stale(x.protocol, x.head)
				}
				continue
			}
			if len(x.private) > 0 && x.private.has(x.head.Type, x.msg) {
				hooks.skipped(x.protocol, x.head, x.msg)
				continue
			}
			if x.fence && x.head.Seq == x.seq {
				return false, errNothingMore
			}
			switch typ := x.head.Type; {
			case typ >= nlmsg.MinType, typ == nlmsg.TypeError, typ == nlmsg.TypeDone:
				return true, nil
			case typ == nlmsg.TypeOverrun:
				hooks.overrun(x.protocol)
				return false, ErrOverrun
			}
			hooks.skipped(x.protocol, x.head, x.msg)
		}
		if err := x.cur.Err(); err != nil {
			return false, fmt.Errorf("malformed datagram: %w", err)
		}
		if len(x.got) == 0 {
			return false, nil
		}
		p := &x.got[0]
		x.got = x.got[1:]
		x.cur.Reset(nil)
		switch {
		case p.Port != x.c.cfg.socket.Peer:
			hooks.foreign(x.protocol, p.Port, p.Data)
		case p.Truncated():
			return false, fmt.Errorf("%w: %d of %d bytes", ErrTruncated, len(p.Data), p.Len)
		default:
			x.cur.Reset(p.Data)
		}
	}
}

// probe sends a fence: a message that does nothing and is acknowledged
// (netlink_rcv_skb skips NLMSG_NOOP, but answers if NLM_F_ACK is set). What the
// kernel had to say to earlier requests it said before.
func (x *exchange) probe(ctx context.Context) error {
	x.seq++ // which number has left room for
	x.fence = true
	h := nlmsg.Header{Len: nlmsg.HeaderLen, Type: nlmsg.TypeNoop, Flags: nlmsg.FlagRequest | nlmsg.FlagAck, Seq: x.seq}
	var b [nlmsg.HeaderLen]byte
	h.Put(b[:])
	return x.send(ctx, b[:])
}

// control reads the current message, an NLMSG_ERROR or NLMSG_DONE, and returns
// the error that it carries. An ack goes to whom it may concern.
func (x *exchange) control(op *Operation, request []byte, m *nlpolicy.Message) error {
	var c nlmsg.Control
	var err error
	if x.head.Type == nlmsg.TypeDone {
		c, err = nlmsg.ParseDone(x.head, x.msg[nlmsg.HeaderLen:])
	} else {
		c, err = nlmsg.ParseError(x.head, x.msg[nlmsg.HeaderLen:])
	}
	if c.Errno != 0 {
		e := nlmsg.NewError(op.Family.Name, op.Name, &c, request, op.Family.skip(), m)
		if own := op.Family.Errors; own != nil {
			e.Name, _ = own.NameOf(uint64(e.Errno))
		}
		return e
	}
	if err != nil {
		return op.wrap(err)
	}
	if hook := x.c.cfg.hooks.Ack; (x.call.onAck != nil || hook != nil) && !c.Ext.Empty() {
		ack := c.Ack()
		if x.call.onAck != nil {
			x.call.onAck(ack)
		}
		if hook != nil {
			hook(op, ack)
		}
	}
	return nil
}

// reply returns what policies describe of the current message, if that is a
// message of the family with the given number. Number 0 stands for any.
func (x *exchange) reply(op *Operation, id, number uint16) ([]byte, error) {
	body := x.msg[nlmsg.HeaderLen:]
	have := x.head.Type
	if op.Family.Generic {
		if x.head.Type != id || len(body) < nlmsg.GenericLen {
			return nil, op.wrap(fmt.Errorf("%w: message type %d", ErrUnexpectedReply, x.head.Type))
		}
		have, body = uint16(body[0]), body[nlmsg.GenericLen:]
	}
	// Some dumps mix the numbers: RTM_GETMDB for bridges, RTM_NEWMDB for VXLAN links.
	if number != 0 && have != number && (number != op.DumpReply || have != op.Reply) {
		return nil, op.wrap(fmt.Errorf("%w: number %d, not %d", ErrUnexpectedReply, have, number))
	}
	return body, nil
}

// decode reads a body into v.
func (x *exchange) decode(op *Operation, body []byte, v Decodable, arena *nlattr.Arena) error {
	x.dec.Reset(body, arena)
	v.DecodeFrom(&x.dec)
	err := x.dec.Err()
	if err == nil {
		x.c.cfg.hooks.valid(op, x.msg)
		return nil
	}
	if op.ReplyPolicy != nil {
		err = op.ReplyPolicy.Locate(err, body)
	}
	return op.wrap(err)
}
