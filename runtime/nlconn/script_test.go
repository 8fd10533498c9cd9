package nlconn

import (
	"context"
	"encoding/binary"
	"sync"

	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlmsg"
)

// A script is a transport whose answers are made by a function. It stands for
// the kernel where that will not do what a test is about.
type script struct {
	// answer returns the datagrams that answer one request message.
	answer func(h nlmsg.Header, body []byte) []Packet
	// slow makes sockets that are not prompt.
	slow bool

	mu     sync.Mutex
	open   int
	opened []SocketOptions
	joined []uint32
	sent   int
}

func (s *script) OpenSocket(protocol int, o SocketOptions) (Socket, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open++
	s.opened = append(s.opened, o)
	f := &scriptSocket{s: s, more: make(chan struct{}, 1), closed: make(chan struct{})}
	if s.slow {
		return unprompt{f}, nil
	}
	return f, nil
}

type scriptSocket struct {
	s      *script
	mu     sync.Mutex
	queue  []Packet
	more   chan struct{}
	closed chan struct{}
	once   sync.Once
}

func (f *scriptSocket) Send(b []byte) error {
	f.s.mu.Lock()
	f.s.sent++
	f.s.mu.Unlock()
	c := nlmsg.NewCursor(b)
	for c.Next() {
		h := c.Header()
		if h.Type == nlmsg.TypeNoop {
			f.push(datagram(ack(h, 0)))
			continue
		}
		f.push(f.s.answer(h, c.Body())...)
	}
	return c.Err()
}

func (f *scriptSocket) push(p ...Packet) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.queue = append(f.queue, p...)
	select {
	case f.more <- struct{}{}:
	default:
	}
}

// errPacket stands for an error of receive in a queue.
const errPacket = -1

func (f *scriptSocket) TryReceive(pkts []Packet) (int, error) {
	select {
	case <-f.closed:
		return 0, ErrClosed
	default:
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	n := 0
	for n < len(pkts) && n < len(f.queue) {
		if f.queue[n].Len == errPacket {
			if n == 0 {
				f.queue = f.queue[1:]
				return 0, ErrOverrun
			}
			break
		}
		buf := pkts[n].Buf
		pkts[n] = f.queue[n]
		pkts[n].Buf = buf
		if pkts[n].Len == 0 {
			pkts[n].Len = len(pkts[n].Data)
		}
		n++
	}
	f.queue = f.queue[n:]
	return n, nil
}

func (f *scriptSocket) Receive(ctx context.Context, pkts []Packet) (int, error) {
	for {
		if n, err := f.TryReceive(pkts); n > 0 || err != nil {
			return n, err
		}
		select {
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-f.closed:
			return 0, ErrClosed
		case <-f.more:
		}
	}
}

func (f *scriptSocket) Join(group uint32) error {
	f.s.mu.Lock()
	defer f.s.mu.Unlock()
	f.s.joined = append(f.s.joined, group)
	return nil
}

func (f *scriptSocket) Leave(uint32) error { return nil }
func (f *scriptSocket) PortID() uint32     { return 77 }

func (f *scriptSocket) Close() error {
	f.once.Do(func() {
		close(f.closed)
		f.s.mu.Lock()
		defer f.s.mu.Unlock()
		f.s.open--
	})
	return nil
}

// What answers are made of.

func datagram(msgs ...[]byte) Packet {
	var b []byte
	for _, m := range msgs {
		b = append(b, m...)
	}
	return Packet{Data: b}
}

func message(typ, flags uint16, seq uint32, body []byte) []byte {
	return nlmsg.Finish(append(nlmsg.Header{Type: typ, Flags: flags, Seq: seq, PID: 77}.Append(nil), body...), 0)
}

func word(v int32) []byte { return binary.NativeEndian.AppendUint32(nil, uint32(v)) }

// text is an extended ack with a text.
func text(s string) []byte {
	var e nlattr.Encoder
	e.String(nlmsg.AttrMessage, s)
	b, _ := e.Finish()
	return b
}

func ack(req nlmsg.Header, errno int32, tlvs ...byte) []byte {
	flags := uint16(nlmsg.FlagCapped)
	if len(tlvs) > 0 {
		flags |= nlmsg.FlagAckTLVs
	}
	return message(nlmsg.TypeError, flags, req.Seq, append(req.Append(word(-errno)), tlvs...))
}

func done(req nlmsg.Header, flags uint16, errno int32, tlvs ...byte) []byte {
	if len(tlvs) > 0 {
		flags |= nlmsg.FlagAckTLVs
	}
	return message(nlmsg.TypeDone, flags|nlmsg.FlagMulti, req.Seq, append(word(-errno), tlvs...))
}

func newlink(req nlmsg.Header, flags uint16, name string) []byte {
	var e nlattr.Encoder
	(&link{Index: 5, Name: name, Info: &linkInfo{Kind: "dummy"}}).EncodeTo(&e)
	b, _ := e.Finish()
	return message(16, flags, req.Seq, b)
}

// wants reports whether a request asks for an ack.
func wants(h nlmsg.Header) bool { return h.Flags&nlmsg.FlagAck != 0 }
