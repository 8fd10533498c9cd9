package nlconn

import (
	"context"

	"github.com/nlgen/nlgen/runtime/nlmsg"
)

// batchPart is one datagram of a batch with its answers.
type batchPart struct {
	b     *Batch
	x     *exchange
	items []batchItem
	edges uint32 // 1 if a message that begins a transaction stands before items
	base  uint32 // sequence number of the first message
	whole error  // of a transaction as a whole
	wait  int    // how many acks or errors are still to come
}

// exchange sends the datagram and reads all its answers.
func (p *batchPart) exchange(ctx context.Context) error {
	if err := p.build(ctx); err != nil {
		return err
	}
	if err := p.x.send(ctx, p.x.req); err != nil {
		return err
	}
	room := p.x.bulkPackets()
	wait := block
	if p.b.ackLast || p.b.begin != nil {
		// When a request fails, the ack of the last may never come.
		wait = probe
	}
	for p.wait > 0 {
		switch err := p.x.next(ctx, room, wait); {
		case err == errNothingMore && p.x.fence:
			return nil
		case err != nil:
			return err
		}
		p.answer()
	}
	return nil
}

// build puts the datagram together in x.req and gives each message its number.
func (p *batchPart) build(ctx context.Context) error {
	b, x := p.b, p.x
	n := uint32(len(p.items))
	if b.begin != nil {
		p.edges = 1
		n += 2
	}
	x.number(n)
	p.base = x.first
	x.req = x.req[:0]
	seq := p.base
	edge := func(e *batchEdge) error {
		id, err := b.c.messageType(ctx, e.op.Family)
		if err != nil {
			return e.op.wrap(err)
		}
		start := len(x.req)
		if x.req, err = x.encode(x.req, e.op, id, e.op.Request, nlmsg.FlagRequest, e.req, e.op.Policy, false); err != nil {
			return err
		}
		setSeq(x.req[start:], seq)
		seq++
		x.c.cfg.hooks.request(e.op, x.req[start:])
		return nil
	}
	if b.begin != nil {
		if err := edge(b.begin); err != nil {
			return err
		}
	}
	for i := range p.items {
		it := &p.items[i]
		start := len(x.req)
		x.req = append(x.req, b.buf[it.start:it.end]...)
		setSeq(x.req[start:], seq)
		seq++
		x.private.add(it.id, it.op.Family)
		if !b.ackLast || i == len(p.items)-1 {
			addFlag(x.req[start:], nlmsg.FlagAck)
			p.wait++
		}
		x.c.cfg.hooks.request(it.op, x.req[start:])
	}
	if b.end != nil {
		return edge(b.end)
	}
	return nil
}

// setSeq and addFlag change the header of the message that b starts with.
func setSeq(b []byte, seq uint32) {
	h, _ := nlmsg.ParseHeader(b)
	h.Seq = seq
	h.Put(b)
}

func addFlag(b []byte, flag uint16) {
	h, _ := nlmsg.ParseHeader(b)
	h.Flags |= flag
	h.Put(b)
}

// answer takes in the current message.
func (p *batchPart) answer() {
	x := p.x
	i := int(x.head.Seq-p.base) - int(p.edges)
	if i < 0 || i >= len(p.items) {
		// About the messages that begin and end a transaction.
		edge := p.b.begin
		if i >= 0 {
			edge = p.b.end
		}
		if x.head.Type == nlmsg.TypeError && edge != nil {
			if err := x.control(edge.op, nil, nil); err != nil && p.whole == nil {
				p.whole = err
			}
		}
		return
	}
	it := &p.items[i]
	switch x.head.Type {
	case nlmsg.TypeError:
		if p.expects(i) {
			p.wait--
		}
		x.call.onAck = it.onAck
		err := x.control(it.op, p.b.buf[it.start:it.end], it.op.Policy)
		it.acked = true
		if it.err == nil {
			it.err = err
		}
	case nlmsg.TypeDone:
	default:
		if it.reply == nil || it.filled {
			x.c.cfg.hooks.skipped(x.protocol, x.head, x.msg)
			return
		}
		it.filled = true
		body, err := x.reply(it.op, it.id, it.op.Reply)
		if err == nil {
			err = x.decode(it.op, body, it.reply, nil)
		}
		if it.err == nil {
			it.err = err
		}
	}
}

// expects reports whether an ack of request i was asked for and has not come.
func (p *batchPart) expects(i int) bool {
	return !p.items[i].acked && (!p.b.ackLast || i == len(p.items)-1)
}

// unanswered gives err to the requests whose ack was asked for and never came.
func (p *batchPart) unanswered(err error) {
	for i := range p.items {
		if it := &p.items[i]; p.expects(i) && it.err == nil {
			it.err = it.op.wrap(err)
		}
	}
}

// unknown gives err to the requests of which nothing is known: the answers could
// not be read to their end.
func (p *batchPart) unknown(err error) {
	for i := range p.items {
		if it := &p.items[i]; !it.acked && it.err == nil {
			it.err = it.op.wrap(err)
		}
	}
}

func (p *batchPart) failed() bool {
	for i := range p.items {
		if p.items[i].err != nil {
			return true
		}
	}
	return false
}

// bulkPackets returns room for many small datagrams.
func (x *exchange) bulkPackets() []Packet {
	x.packets(1)
	if x.bulk == nil {
		x.bulk = make([]Packet, bufLen/bulkLen)
		for i := range x.bulk {
			x.bulk[i].Buf = x.buf[i*bulkLen : (i+1)*bulkLen : (i+1)*bulkLen]
		}
	}
	return x.bulk
}
