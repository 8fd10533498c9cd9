package nlserve

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
	"github.com/nlgen/nlgen/runtime/nlmsg"
	"github.com/nlgen/nlgen/runtime/nlpolicy"
)

// A Peer is who sent a request, and what its socket has set.
type Peer struct {
	// Port is the port id of the sender.
	Port uint32
	// Strict says that the socket asked for strict checking
	// (NETLINK_GET_STRICT_CHK). Methods may look at it, see [CallOf].
	Strict bool
	// Uncapped sends whole requests back with errors, as a socket without
	// NETLINK_CAP_ACK gets them.
	Uncapped bool
	// NoExtAck leaves out texts, offsets and whatever else stands behind an error
	// number, as for a socket without NETLINK_EXT_ACK.
	NoExtAck bool
	// Room is how many bytes of a dump are put into one datagram at most; 0
	// stands for the kernel's 32 KiB. A message that is longer gets a larger
	// datagram.
	Room int
}

// kernelRoom is how much of a dump the kernel puts into one datagram.
const kernelRoom = 32 << 10

// A Call is a request that is being carried out. It belongs to the goroutine that
// its method was called in.
type Call struct {
	Op     *nlconn.Operation
	Header nlmsg.Header
	Body   []byte // the fixed header, if there is one, and the attributes; borrowed until the method returns
	Peer   Peer

	warning  string
	cookie   []byte
	filtered bool
	echoes   [][]byte
}

type callKey struct{}

// CallOf returns the request that a method is carrying out, nil if ctx is not
// that of a method.
func CallOf(ctx context.Context) *Call {
	c, _ := ctx.Value(callKey{}).(*Call)
	return c
}

// Warn puts a text into the ack, of an operation that succeeds.
func (c *Call) Warn(text string) { c.warning = text }

// SetCookie puts bytes into the ack.
func (c *Call) SetCookie(cookie []byte) { c.cookie = cookie }

// SetFiltered marks the dump as filtered by the request (NLM_F_DUMP_FILTERED),
// from here on.
func (c *Call) SetFiltered() { c.filtered = true }

// Answer carries out the request in a message and yields the datagrams of its
// answer, which are the caller's. A dump goes on while the loop does. The
// protocol is that of the families that can be meant.
func (s *Server) Answer(ctx context.Context, protocol int, p Peer, message []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		h, ok := nlmsg.ParseHeader(message)
		if !ok {
			return
		}
		a := answer{call: Call{Header: h, Body: message[nlmsg.HeaderLen:], Peer: p}, message: message, yield: yield}
		a.skip = nlmsg.HeaderLen
		if a.call.Peer.Room <= 0 {
			a.call.Peer.Room = kernelRoom
		}
		if h.Flags&nlmsg.FlagRequest == 0 || h.Type < nlmsg.MinType {
			a.ack() // netlink_rcv_skb skips these, but acknowledges them
			return
		}
		m, f, err := s.find(protocol, h, a.call.Body)
		if f != nil && f.Generic && len(a.call.Body) >= nlmsg.GenericLen {
			a.skip += nlmsg.GenericLen
			a.call.Body = a.call.Body[nlmsg.GenericLen:]
		}
		if err != nil {
			a.refuse(err)
			return
		}
		a.call.Op = m.Op
		a.run(ctx, m)
	}
}

// IsDump reports whether the request in a message is answered by a dump.
func (s *Server) IsDump(protocol int, message []byte) bool {
	h, ok := nlmsg.ParseHeader(message)
	if !ok || h.Flags&nlmsg.FlagRequest == 0 || h.Type < nlmsg.MinType {
		return false
	}
	m, _, err := s.find(protocol, h, message[nlmsg.HeaderLen:])
	return err == nil && m.kind == dump
}

// Refusal returns the datagram that refuses the request in a message, which is no
// method's.
func Refusal(p Peer, message []byte, err error) []byte {
	h, ok := nlmsg.ParseHeader(message)
	if !ok {
		return nil
	}
	var out []byte
	a := answer{call: Call{Header: h, Peer: p}, message: message, yield: func(b []byte) bool { out = b; return true }}
	a.refuse(err)
	return out
}

// answer is an answer that is being made.
type answer struct {
	call    Call
	message []byte            // the request
	skip    int               // bytes before the body
	policy  *nlpolicy.Message // of the request
	yield   func([]byte) bool
	left    bool // nobody wants more

	buf   []byte // of a dump: messages that are to be sent
	reply uint16
}

// run carries out a method.
func (a *answer) run(ctx context.Context, m *Method) {
	a.policy = m.Op.Policy
	if m.kind == dump && m.Op.DumpPolicy != nil {
		a.policy = m.Op.DumpPolicy
	}
	if a.policy != nil {
		if err := nlpolicy.Validate(a.policy, a.call.Body, m.Op.Mode); err != nil {
			a.refuse(err)
			return
		}
	}
	_, a.reply = m.number()
	ctx, cancel := context.WithCancel(context.WithValue(ctx, callKey{}, &a.call))
	defer cancel()
	d := nlattr.NewDecoder(a.call.Body)
	if m.kind == one {
		a.do(m.run(ctx, &d))
		return
	}
	a.stream(m, m.run(ctx, &d))
}

// do sends at most one reply, then the ack.
func (a *answer) do(replies iter.Seq2[nlconn.Encodable, error]) {
	var reply []byte
	for v, err := range replies {
		if err == nil {
			reply, err = a.encode(nil, v, 0)
		}
		if err != nil {
			a.send(reply)
			a.refuse(err)
			return
		}
	}
	a.send(reply)
	a.succeed()
}

// stream sends many replies, then NLMSG_DONE. A dump has no ack.
func (a *answer) stream(m *Method, replies iter.Seq2[nlconn.Encodable, error]) {
	var failed error
	for v, err := range replies {
		if err == nil {
			err = a.add(v)
		}
		if failed = err; err != nil || a.left {
			break
		}
	}
	if a.left {
		return
	}
	if m.kind == many {
		if failed != nil {
			a.flush()
			a.refuse(failed)
			return
		}
		a.append(a.control(nlmsg.TypeDone, nlmsg.FlagMulti, nil))
		a.flush()
		a.succeed()
		return
	}
	flags := a.dumpFlags()
	if errors.Is(failed, nlconn.ErrDumpInterrupted) {
		failed = nil
		flags |= nlmsg.FlagDumpIntr
	}
	x := a.explain(failed)
	ext := tlvs(x)
	if a.call.Peer.NoExtAck {
		ext = nil
	}
	if len(ext) > 0 {
		flags |= nlmsg.FlagAckTLVs
	}
	a.append(a.control(nlmsg.TypeDone, flags, append(word(-int32(x.Errno)), ext...)))
	a.flush()
}

func (a *answer) dumpFlags() uint16 {
	if a.call.filtered {
		return nlmsg.FlagMulti | nlmsg.FlagDumpFiltered
	}
	return nlmsg.FlagMulti
}

// add puts a reply into the datagram, and sends the datagram if it is full.
func (a *answer) add(v nlconn.Encodable) error {
	b, err := a.encode(nil, v, a.dumpFlags())
	if err == nil {
		a.append(b)
	}
	return err
}

func (a *answer) append(message []byte) {
	if len(a.buf)+len(message) > a.call.Peer.Room {
		a.flush()
	}
	a.buf = append(a.buf, message...)
}

func (a *answer) flush() {
	a.send(a.buf)
	a.buf = nil
}

// send hands a datagram over, if there is one.
func (a *answer) send(b []byte) {
	if len(b) > 0 && !a.left {
		a.left = !a.yield(b)
	}
}

// encode appends a reply.
func (a *answer) encode(b []byte, v nlconn.Encodable, flags uint16) ([]byte, error) {
	op := a.call.Op
	return encode(b, op.Family, nlmsg.Header{Type: a.call.Header.Type, Flags: flags, Seq: a.call.Header.Seq, PID: a.call.Peer.Port},
		a.reply, v, op.ReplyPolicy)
}

// encode appends a message. The type of generic netlink is that in h; of others
// it is the number.
func encode(b []byte, f *nlconn.Family, h nlmsg.Header, number uint16, v nlconn.Encodable, m *nlpolicy.Message) ([]byte, error) {
	start := len(b)
	if !f.Generic {
		h.Type = number
	}
	b = h.Append(b)
	if f.Generic {
		b = append(b, uint8(number), f.Version, 0, 0)
	}
	e := nlattr.NewEncoder(b)
	if v != nil {
		v.EncodeTo(&e)
	}
	out, err := e.Finish()
	if err != nil {
		if m != nil {
			err = m.Locate(err, e.Written())
		}
		return b[:start], fmt.Errorf("reply cannot be encoded: %w", err)
	}
	return nlmsg.Finish(out, start), nil
}

// control returns a control message.
func (a *answer) control(typ, flags uint16, body []byte) []byte {
	h := nlmsg.Header{Type: typ, Flags: flags, Seq: a.call.Header.Seq, PID: a.call.Peer.Port}
	return nlmsg.Finish(append(h.Append(nil), body...), 0)
}

// succeed sends the echoes, then the ack.
func (a *answer) succeed() {
	for _, b := range a.call.echoes {
		a.send(b)
	}
	a.ack()
}

// ack acknowledges the request if it wants that.
func (a *answer) ack() {
	if a.call.Header.Flags&nlmsg.FlagAck != 0 {
		a.error(&nlmsg.Error{Message: a.call.warning, Cookie: a.call.cookie})
	}
}

// refuse answers with an error.
func (a *answer) refuse(err error) { a.error(a.explain(err)) }

// error sends an NLMSG_ERROR, which is an ack if there is no error in it.
func (a *answer) error(e *extack) {
	body := word(-int32(e.Errno))
	flags := uint16(0)
	if e.Errno != 0 && a.call.Peer.Uncapped {
		body = append(body, a.message...)
		for len(body)%4 != 0 {
			body = append(body, 0)
		}
	} else {
		body = append(body, a.message[:nlmsg.HeaderLen]...)
		flags |= nlmsg.FlagCapped
	}
	if ext := tlvs(e); len(ext) > 0 && !a.call.Peer.NoExtAck {
		body = append(body, ext...)
		flags |= nlmsg.FlagAckTLVs
	}
	a.send(a.control(nlmsg.TypeError, flags, body))
}
