package nltest

import (
	"encoding/binary"
	"fmt"
	"syscall"
	"time"

	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
	"github.com/nlgen/nlgen/runtime/nlmsg"
)

// A Message makes the bytes of a message in the answer to a request: it takes
// the sequence number and the port from there. Its methods make messages that
// are like it but for something, most of them wrong.
type Message func(Request) []byte

// Reply is the reply to a do of an operation.
func Reply(op *nlconn.Operation, v nlconn.Encodable) Message { return reply(op, op.Reply, 0, v) }

// DumpReply is a message of the dump of an operation, with NLM_F_MULTI.
func DumpReply(op *nlconn.Operation, v nlconn.Encodable) Message {
	number := op.DumpReply
	if number == 0 {
		number = op.Reply
	}
	return reply(op, number, nlmsg.FlagMulti, v)
}

func reply(op *nlconn.Operation, number, flags uint16, v nlconn.Encodable) Message {
	return func(r Request) []byte {
		h := nlmsg.Header{Type: number, Flags: flags, Seq: r.Header.Seq, PID: r.Port}
		if op.Family.Generic {
			h.Type = r.Header.Type
		}
		b := h.Append(nil)
		if op.Family.Generic {
			b = append(b, uint8(number), op.Family.Version, 0, 0)
		}
		e := nlattr.NewEncoder(b)
		if v != nil {
			v.EncodeTo(&e)
		}
		out, err := e.Finish()
		if err != nil {
			panic(fmt.Sprintf("nltest: reply of %s: %v", op.Name, err))
		}
		return nlmsg.Finish(out, 0)
	}
}

// Typed is a message of any type with any content.
func Typed(typ, flags uint16, body []byte) Message {
	return func(r Request) []byte {
		h := nlmsg.Header{Type: typ, Flags: flags, Seq: r.Header.Seq, PID: r.Port}
		return nlmsg.Finish(append(h.Append(nil), body...), 0)
	}
}

// Bytes are bytes that need not be a message.
func Bytes(b ...byte) Message { return func(Request) []byte { return b } }

// Zeros are n zero bytes, such as some senders leave behind their last message.
func Zeros(n int) Message { return Bytes(make([]byte, n)...) }

// Noop is an NLMSG_NOOP.
func Noop() Message { return Typed(nlmsg.TypeNoop, 0, nil) }

// Overrun is an NLMSG_OVERRUN. What a full queue causes is [Lost].
func Overrun() Message { return Typed(nlmsg.TypeOverrun, 0, nil) }

// ExtAck is what stands behind the number of an error, an ack or an NLMSG_DONE.
type ExtAck struct {
	Text        string
	Offset      uint32 // from the start of the request's header; 0 is none
	MissingType uint32 // 0 is none
	MissingNest uint32
	Cookie      []byte
}

func (x ExtAck) attrs() []byte {
	var e nlattr.Encoder
	if x.Text != "" {
		e.String(nlmsg.AttrMessage, x.Text)
	}
	if x.Offset != 0 {
		e.Uint32(nlmsg.AttrOffset, x.Offset)
	}
	if x.Cookie != nil {
		e.Bytes(nlmsg.AttrCookie, x.Cookie)
	}
	if x.MissingType != 0 {
		e.Uint32(nlmsg.AttrMissType, x.MissingType)
	}
	if x.MissingNest != 0 {
		e.Uint32(nlmsg.AttrMissNest, x.MissingNest)
	}
	b, err := e.Finish()
	if err != nil {
		panic("nltest: extended ack: " + err.Error())
	}
	return b
}

// Ack acknowledges the request.
func Ack() Message { return Refuse(0, "") }

// Warn acknowledges the request with a text.
func Warn(text string) Message { return Refuse(0, text) }

// Refuse refuses the request, with a text unless that is empty.
func Refuse(errno syscall.Errno, text string) Message { return RefuseExt(errno, ExtAck{Text: text}) }

// RefuseExt refuses the request with an extended ack.
func RefuseExt(errno syscall.Errno, x ExtAck) Message {
	return func(r Request) []byte { return control(r, errno, x, nil) }
}

// RefuseUncapped refuses the request and sends all of it back, as kernels do to
// sockets without NETLINK_CAP_ACK.
func RefuseUncapped(errno syscall.Errno, x ExtAck) Message {
	return func(r Request) []byte { return control(r, errno, x, r.Body) }
}

// control makes an NLMSG_ERROR that is capped if rest is nil.
func control(r Request, errno syscall.Errno, x ExtAck, rest []byte) []byte {
	h := nlmsg.Header{Type: nlmsg.TypeError, Seq: r.Header.Seq, PID: r.Port}
	if rest == nil {
		h.Flags |= nlmsg.FlagCapped
	}
	attrs := x.attrs()
	if len(attrs) > 0 {
		h.Flags |= nlmsg.FlagAckTLVs
	}
	b := append(r.Header.Append(number(h.Append(nil), errno)), rest...)
	for len(b)%nlattr.HeaderLen != 0 {
		b = append(b, 0)
	}
	return nlmsg.Finish(append(b, attrs...), 0)
}

// number appends an error number as it stands in messages.
func number(b []byte, errno syscall.Errno) []byte {
	return binary.NativeEndian.AppendUint32(b, -uint32(errno))
}

// Done ends a dump.
func Done() Message { return DoneError(0, "") }

// DoneEmpty is an NLMSG_DONE without a body.
func DoneEmpty() Message { return Typed(nlmsg.TypeDone, nlmsg.FlagMulti, nil) }

// DoneError ends a dump with an error, and with a text unless that is empty.
func DoneError(errno syscall.Errno, text string) Message {
	attrs := ExtAck{Text: text}.attrs()
	flags := uint16(nlmsg.FlagMulti)
	if len(attrs) > 0 {
		flags |= nlmsg.FlagAckTLVs
	}
	return Typed(nlmsg.TypeDone, flags, append(number(nil, errno), attrs...))
}

// Flags adds flags to the message's.
func (m Message) Flags(flags uint16) Message {
	return m.header(func(h *nlmsg.Header) { h.Flags |= flags })
}

// Interrupted is the message with NLM_F_DUMP_INTR.
func (m Message) Interrupted() Message { return m.Flags(nlmsg.FlagDumpIntr) }

// Plain is the message without NLM_F_MULTI, which some families do not set.
func (m Message) Plain() Message {
	return m.header(func(h *nlmsg.Header) { h.Flags &^= nlmsg.FlagMulti })
}

// Stale is the message with the sequence number of the request before.
func (m Message) Stale() Message { return m.header(func(h *nlmsg.Header) { h.Seq-- }) }

// Seq is the message with another sequence number; that of notifications is 0.
func (m Message) Seq(n uint32) Message { return m.header(func(h *nlmsg.Header) { h.Seq = n }) }

// Type is the message with another type, such as the id of a generic family.
func (m Message) Type(typ uint16) Message { return m.header(func(h *nlmsg.Header) { h.Type = typ }) }

// Length is the message with a length in its header that need not be true.
func (m Message) Length(n uint32) Message { return m.header(func(h *nlmsg.Header) { h.Len = n }) }

// Cut is the message without its last n bytes; its header still counts them.
func (m Message) Cut(n int) Message {
	return func(r Request) []byte {
		b := m(r)
		return b[:max(len(b)-n, 0)]
	}
}

func (m Message) header(f func(*nlmsg.Header)) Message {
	return func(r Request) []byte {
		b := m(r)
		if h, ok := nlmsg.ParseHeader(b); ok {
			b = append([]byte(nil), b...)
			f(&h)
			h.Put(b)
		}
		return b
	}
}

// An Item is what one Receive of the client returns: a datagram or an error.
type Item struct {
	messages []Message
	packet   nlconn.Packet
	err      error
	after    time.Duration
}

// Datagram is a datagram of messages that the kernel sent.
func Datagram(m ...Message) Item { return Item{messages: m} }

// Lost is what is received where the queue was full: [nlconn.ErrOverrun].
func Lost() Item { return Item{err: nlconn.ErrOverrun} }

// Fail is an error of receiving.
func Fail(err error) Item { return Item{err: err} }

// From is the item with a sender that is a process, not the kernel.
func (it Item) From(port uint32) Item {
	it.packet.Port = port
	return it
}

// Truncated is the item as the beginning of a datagram of n bytes.
func (it Item) Truncated(n int) Item {
	it.packet.Len = n
	return it
}

// To is the item as sent to a multicast group.
func (it Item) To(group uint32) Item {
	it.packet.Group = group
	return it
}

// NSID is the item as sent in the network namespace with that id.
func (it Item) NSID(id int32) Item {
	it.packet.NSID, it.packet.HasNSID = id, true
	return it
}

// After is the item some time after the request. Only clients of a
// [Script.Slow] wait for it.
func (it Item) After(d time.Duration) Item {
	it.after = d
	return it
}

// entry makes the item for a request.
func (it *Item) entry(r Request) entry {
	e := entry{Packet: it.packet, err: it.err}
	for _, m := range it.messages {
		e.Data = append(e.Data, m(r)...)
	}
	return e
}
