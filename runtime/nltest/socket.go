package nltest

import (
	"context"
	"iter"
	"os"
	"sync"
	"syscall"

	"github.com/nlgen/nlgen/runtime/nlconn"
	"github.com/nlgen/nlgen/runtime/nlmsg"
	"github.com/nlgen/nlgen/runtime/nlserve"
)

// kernelSocket is a socket of a [Kernel].
type kernelSocket struct {
	pipe
	k      *Kernel
	at     address
	peer   nlserve.Peer
	to     uint32 // where Send goes; 0 is the kernel
	ctx    context.Context
	cancel context.CancelFunc
	groups map[uint32]bool // guarded by k.mu

	dumping sync.Mutex // held while next or stop run
	next    func() ([]byte, bool)
	stop    func()

	workMu  sync.Mutex
	work    [][]byte // datagrams that a slow kernel has not seen yet
	working bool
}

// promptSocket is a socket whose answers are there when Send returns.
type promptSocket struct{ *kernelSocket }

// TryReceive implements [nlconn.PromptSocket].
func (s *promptSocket) TryReceive(pkts []nlconn.Packet) (int, error) { return s.tryReceive(pkts) }

// defaultQueue is the size of a receive queue that nobody asked for
// (net.core.rmem_default).
const defaultQueue = 212992

func newKernelSocket(k *Kernel, at address, o nlconn.SocketOptions) *kernelSocket {
	s := &kernelSocket{k: k, at: at, to: o.Peer, groups: make(map[uint32]bool)}
	s.init()
	s.limit = defaultQueue
	if o.ReceiveQueue > 0 {
		s.limit = 2 * o.ReceiveQueue // as the kernel does
	}
	s.peer = nlserve.Peer{Port: at.port, Strict: !o.Lax && !k.config.noStrict, Uncapped: k.config.uncapped,
		NoExtAck: k.config.noExtAck, Room: k.config.room}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.refill = s.advance
	return s
}

// Send implements [nlconn.Socket].
func (s *kernelSocket) Send(b []byte) error { return s.SendTo(b, s.to, 0) }

// SendTo implements [nlserve.Socket].
func (s *kernelSocket) SendTo(b []byte, port, group uint32) error {
	if s.isClosed() {
		return nlconn.ErrClosed
	}
	b = append([]byte(nil), b...)
	switch {
	case group != 0:
		s.k.multicast(s.at.protocol, group, s.at.port, b, 0)
		return nil
	case port != 0:
		return s.k.deliver(address{s.at.protocol, port}, s.at.port, b)
	case !s.k.server.Serves(s.at.protocol):
		return os.NewSyscallError("sendto", syscall.ECONNREFUSED)
	case s.k.config.slow:
		s.later(b)
		return nil
	}
	s.answer(b)
	return nil
}

// later has a goroutine of the socket's answer a datagram.
func (s *kernelSocket) later(b []byte) {
	s.workMu.Lock()
	defer s.workMu.Unlock()
	s.work = append(s.work, b)
	if s.working {
		return
	}
	s.working = true
	go func() {
		for {
			s.workMu.Lock()
			if len(s.work) == 0 || s.isClosed() {
				s.working = false
				s.workMu.Unlock()
				return
			}
			b := s.work[0]
			s.work = s.work[1:]
			s.workMu.Unlock()
			s.answer(b)
		}
	}()
}

// answer carries out the requests of a datagram. What is no message is dropped,
// as the kernel does it.
func (s *kernelSocket) answer(b []byte) {
	c := nlmsg.NewCursor(b)
	for c.Next() {
		replies := s.k.server.Answer(s.ctx, s.at.protocol, s.peer, c.Message())
		if s.k.server.IsDump(s.at.protocol, c.Message()) {
			if !s.start(replies) {
				s.reply(nlserve.Refusal(s.peer, c.Message(), syscall.Errno(busy)))
			}
			continue
		}
		for b := range replies {
			s.reply(b)
		}
	}
}

// busy is EBUSY: a socket has one dump at a time.
const busy = 16

// reply puts a datagram into the socket's own queue. What does not fit is lost,
// and the socket says so.
func (s *kernelSocket) reply(b []byte) {
	if s.isCongested() || !s.push(entry{Packet: nlconn.Packet{Data: b}}) {
		s.lose()
	}
}

// start starts a dump, unless another is going on.
func (s *kernelSocket) start(replies iter.Seq[[]byte]) bool {
	s.dumping.Lock()
	if s.next != nil {
		s.dumping.Unlock()
		return false
	}
	s.next, s.stop = iter.Pull(replies)
	s.dumping.Unlock()
	s.advance()
	return true
}

// advance puts the next datagram of a dump into the queue, if there is a dump.
func (s *kernelSocket) advance() bool {
	s.dumping.Lock()
	more := false
	if s.next != nil {
		var b []byte
		if b, more = s.next(); more {
			s.reply(b)
		}
		if !more || ends(b) {
			s.stop()
			s.next, s.stop = nil, nil
		}
	}
	s.dumping.Unlock()
	if s.isClosed() {
		s.abandon()
	}
	return more
}

// ends reports whether a datagram has the end of a dump in it.
func ends(b []byte) bool {
	c := nlmsg.NewCursor(b)
	for c.Next() {
		if typ := c.Header().Type; typ == nlmsg.TypeDone || typ == nlmsg.TypeError {
			return true
		}
	}
	return false
}

// abandon ends a dump that nobody reads any more. It does nothing while the dump
// is being worked on: whoever does that calls it afterwards.
func (s *kernelSocket) abandon() {
	if !s.dumping.TryLock() {
		return
	}
	defer s.dumping.Unlock()
	if s.stop != nil {
		s.stop()
		s.next, s.stop = nil, nil
	}
}

// Join implements [nlconn.Socket].
func (s *kernelSocket) Join(group uint32) error { return s.member(group, true) }

// Leave implements [nlconn.Socket].
func (s *kernelSocket) Leave(group uint32) error { return s.member(group, false) }

func (s *kernelSocket) member(group uint32, is bool) error {
	if s.isClosed() {
		return nlconn.ErrClosed
	}
	if group == 0 {
		return os.NewSyscallError("setsockopt", syscall.EINVAL)
	}
	s.k.mu.Lock()
	defer s.k.mu.Unlock()
	s.groups[group] = is
	return nil
}

// PortID implements [nlconn.Socket].
func (s *kernelSocket) PortID() uint32 { return s.at.port }

// Close implements [nlconn.Socket].
func (s *kernelSocket) Close() error {
	s.once.Do(func() {
		s.k.forget(s)
		close(s.closed)
		s.cancel()
		s.abandon()
	})
	return nil
}
