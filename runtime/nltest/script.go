package nltest

import (
	"bytes"
	"fmt"
	"os"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
	"github.com/nlgen/nlgen/runtime/nlmsg"
	"github.com/nlgen/nlgen/runtime/nlserve"
)

// A Script is an [nlconn.Transport] whose answers are written down: a list of
// steps, each of which answers one request, in this order, whatever socket it
// comes through. A request that no step expects fails the test, and so do steps
// that were not reached when it ends.
//
// Look-ups of generic families are answered beside the script, see
// [Script.Family], and so is the NLMSG_NOOP by which package nlconn finds out
// that no more will come.
type Script struct {
	tb       testing.TB
	slow     bool
	families nlserve.Server

	mu       sync.Mutex
	steps    []*Step
	sockets  map[*scriptSocket]bool
	options  []nlconn.SocketOptions
	joined   []uint32
	requests []Request
	sends    int
	lastPort uint32
}

// NewScript returns a script with the given steps.
func NewScript(tb testing.TB, steps ...*Step) *Script {
	s := &Script{tb: tb, steps: steps, sockets: make(map[*scriptSocket]bool), lastPort: firstPort}
	tb.Cleanup(func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, step := range s.steps {
			if !step.forever {
				tb.Errorf("nltest: no request came for the step %v", step)
			}
		}
	})
	return s
}

// Slow makes sockets that are not prompt: an empty queue does not say that there
// is no answer. It returns the script.
func (s *Script) Slow() *Script {
	s.slow = true
	return s
}

// Then appends steps.
func (s *Script) Then(steps ...*Step) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.steps = append(s.steps, steps...)
}

// Family makes a generic family known to look-ups, with its groups.
func (s *Script) Family(f *nlconn.Family, groups ...nlconn.Group) {
	s.tb.Helper()
	if err := s.families.Register(nlserve.Service{Family: f, Groups: groups}); err != nil {
		s.tb.Fatal(err)
	}
}

// Conn returns a connection over the script. It is closed when the test ends.
func (s *Script) Conn(opts ...nlconn.Option) *nlconn.Conn {
	s.tb.Helper()
	return open(s.tb, s, opts)
}

// Push puts items into the queue of every socket that has joined a group.
func (s *Script) Push(items ...Item) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for f := range s.sockets {
		if f.member {
			f.put(Request{Port: f.port}, items)
		}
	}
}

// Open returns how many sockets are open.
func (s *Script) Open() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.sockets)
}

// Options returns what the sockets were opened with, in this order.
func (s *Script) Options() []nlconn.SocketOptions {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]nlconn.SocketOptions(nil), s.options...)
}

// Joined returns the groups that were joined, in this order.
func (s *Script) Joined() []uint32 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]uint32(nil), s.joined...)
}

// Requests returns the requests that came, without those that are answered
// beside the script.
func (s *Script) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Request(nil), s.requests...)
}

// Sends returns how many datagrams were sent, all counted.
func (s *Script) Sends() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sends
}

// A Request is a request message.
type Request struct {
	Protocol int
	Header   nlmsg.Header
	Body     []byte // all behind the header
	Port     uint32 // of the sender
}

// Dump reports whether the request asks for a dump.
func (r Request) Dump() bool { return r.Header.Flags&nlmsg.FlagDump == nlmsg.FlagDump }

// WantsAck reports whether the request asks for an ack.
func (r Request) WantsAck() bool { return r.Header.Flags&nlmsg.FlagAck != 0 }

// Decode decodes the request of an operation into v.
func (r Request) Decode(op *nlconn.Operation, v nlconn.Decodable) error {
	body := r.Body
	if op.Family.Generic {
		body = body[min(nlmsg.GenericLen, len(body)):]
	}
	d := nlattr.NewDecoder(body)
	v.DecodeFrom(&d)
	return d.Err()
}

// A Step answers a request.
type Step struct {
	op      *nlconn.Operation // nil for any
	dump    bool
	want    nlconn.Encodable
	check   bool
	answer  func(Request) []Item
	left    int
	forever bool
}

// Expect is a step for one request of an operation that is no dump. It is
// answered by an ack unless [Step.Answer] says otherwise.
func Expect(op *nlconn.Operation) *Step {
	return &Step{op: op, left: 1, answer: func(r Request) []Item {
		if r.WantsAck() {
			return []Item{Datagram(Ack())}
		}
		return nil
	}}
}

// ExpectDump is a step for one dump. It is answered by an empty dump unless
// [Step.Answer] says otherwise.
func ExpectDump(op *nlconn.Operation) *Step {
	return &Step{op: op, dump: true, left: 1, answer: func(Request) []Item { return []Item{Datagram(Done())} }}
}

// Always is a step for all requests that follow, whatever they are.
func Always(f func(Request) []Item) *Step { return &Step{forever: true, answer: f} }

// Answer sets the answer: what each Receive of the client returns.
func (s *Step) Answer(items ...Item) *Step {
	s.answer = func(Request) []Item { return items }
	return s
}

// Func sets a function that makes the answer.
func (s *Step) Func(f func(Request) []Item) *Step {
	s.answer = f
	return s
}

// With says what the request must hold, byte for byte.
func (s *Step) With(req nlconn.Encodable) *Step {
	s.want, s.check = req, true
	return s
}

// Times makes a step for n requests.
func (s *Step) Times(n int) *Step {
	s.left = n
	return s
}

// Forever makes a step for all requests that follow. They need not come.
func (s *Step) Forever() *Step {
	s.forever = true
	return s
}

// String says what the step expects.
func (s *Step) String() string {
	if s.op == nil {
		return "any request"
	}
	kind := "do"
	if s.dump {
		kind = "dump"
	}
	return fmt.Sprintf("%s: %s of %s", s.op.Family.Name, kind, s.op.Name)
}

// mismatch says why a request is not the one of the step; empty if it is.
func (s *Step) mismatch(r Request) string {
	if s.op == nil {
		return ""
	}
	number, have, body := s.op.Request, r.Header.Type, r.Body
	if s.dump && s.op.DumpRequest != 0 {
		number = s.op.DumpRequest
	}
	if s.op.Family.Generic {
		if len(body) < nlmsg.GenericLen {
			return "it is too short"
		}
		have, body = uint16(body[0]), body[nlmsg.GenericLen:]
	}
	switch {
	case r.Protocol != s.op.Family.Protocol:
		return fmt.Sprintf("its protocol is %d", r.Protocol)
	case have != number:
		return fmt.Sprintf("its number is %d", have)
	case s.dump && !r.Dump():
		return "it is no dump"
	}
	if s.check {
		var e nlattr.Encoder
		if s.want != nil {
			s.want.EncodeTo(&e)
		}
		if want, err := e.Finish(); err != nil || !bytes.Equal(want, body) {
			return fmt.Sprintf("its content is\n%x, not\n%x", body, want)
		}
	}
	return ""
}

// step returns the items that answer a request.
func (s *Script) step(r Request) []Item {
	s.mu.Lock()
	s.requests = append(s.requests, r)
	var step *Step
	if len(s.steps) > 0 {
		step = s.steps[0]
		if step.left--; step.left <= 0 && !step.forever {
			s.steps = s.steps[1:]
		}
	}
	s.mu.Unlock()
	if step == nil {
		s.tb.Errorf("nltest: request of type %d after the last step", r.Header.Type)
		return []Item{Datagram(Refuse(syscall.EPROTO, "unexpected request"))}
	}
	if why := step.mismatch(r); why != "" {
		s.tb.Errorf("nltest: request of type %d is not that of the step %v: %s", r.Header.Type, step, why)
		return []Item{Datagram(Refuse(syscall.EPROTO, "unexpected request"))}
	}
	return step.answer(r)
}

// OpenSocket opens a socket. It implements [nlconn.Transport].
func (s *Script) OpenSocket(protocol int, o nlconn.SocketOptions) (nlconn.Socket, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lastPort++
	f := &scriptSocket{s: s, protocol: protocol, port: s.lastPort}
	f.init()
	s.options = append(s.options, o)
	s.sockets[f] = true
	if s.slow {
		return f, nil
	}
	return &promptScript{f}, nil
}

// scriptSocket is a socket of a [Script].
type scriptSocket struct {
	pipe
	s        *Script
	protocol int
	port     uint32
	member   bool // of any group; guarded by s.mu
}

type promptScript struct{ *scriptSocket }

// TryReceive implements [nlconn.PromptSocket].
func (f *promptScript) TryReceive(pkts []nlconn.Packet) (int, error) { return f.tryReceive(pkts) }

// Send implements [nlconn.Socket].
func (f *scriptSocket) Send(b []byte) error {
	if f.isClosed() {
		return nlconn.ErrClosed
	}
	f.s.mu.Lock()
	f.s.sends++
	f.s.mu.Unlock()
	c := nlmsg.NewCursor(bytes.Clone(b))
	for c.Next() {
		r := Request{Protocol: f.protocol, Header: c.Header(), Body: c.Body(), Port: f.port}
		switch {
		case r.Header.Type == nlmsg.TypeNoop, f.protocol == nlconn.ProtocolGeneric && r.Header.Type == nlmsg.TypeControl:
			for d := range f.s.families.Answer(f.s.tb.Context(), nlconn.ProtocolGeneric, nlserve.Peer{Port: f.port}, c.Message()) {
				f.push(entry{Packet: nlconn.Packet{Data: d}})
			}
		default:
			f.put(r, f.s.step(r))
		}
	}
	if err := c.Err(); err != nil {
		return os.NewSyscallError("sendto", err)
	}
	return nil
}

// put appends items to the queue.
func (f *scriptSocket) put(r Request, items []Item) {
	for _, it := range items {
		e := it.entry(r)
		if it.after > 0 {
			e.ready = time.Now().Add(it.after)
		}
		f.push(e)
	}
}

// Join implements [nlconn.Socket].
func (f *scriptSocket) Join(group uint32) error {
	f.s.mu.Lock()
	defer f.s.mu.Unlock()
	f.s.joined = append(f.s.joined, group)
	f.member = true
	return nil
}

// Leave implements [nlconn.Socket].
func (f *scriptSocket) Leave(uint32) error { return nil }

// PortID implements [nlconn.Socket].
func (f *scriptSocket) PortID() uint32 { return f.port }

// Close implements [nlconn.Socket].
func (f *scriptSocket) Close() error {
	f.once.Do(func() {
		close(f.closed)
		f.s.mu.Lock()
		defer f.s.mu.Unlock()
		delete(f.s.sockets, f)
	})
	return nil
}
