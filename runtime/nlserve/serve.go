package nlserve

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/nlgen/nlgen/runtime/nlconn"
	"github.com/nlgen/nlgen/runtime/nlmsg"
	"github.com/nlgen/nlgen/runtime/socket"
)

// A Socket is where [Serve] takes requests from. A *[socket.Socket] is one, and
// so are the sockets of package nltest.
type Socket interface {
	Receive(ctx context.Context, pkts []nlconn.Packet) (int, error)
	// SendTo sends a datagram to a port, or to the members of a group if that is
	// not 0. It does not wait: EAGAIN says that the receiver's queue is full.
	SendTo(datagram []byte, port, group uint32) error
	PortID() uint32
	Close() error
}

// Listen opens a netlink socket for [Serve], bound to a port id of the caller's
// choice or, if that is 0, of the kernel's. Any protocol will do; that of
// processes among themselves, which needs no privileges, is
// [nlconn.ProtocolUser]. Clients use [nlconn.WithPeer], and
// [nlconn.WithProtocol] if the protocol is not their family's.
func Listen(protocol int, port uint32) (Socket, error) {
	const queue = 1 << 20
	s, err := socket.Open(protocol, socket.Options{Port: port, Listen: true, ReceiveQueue: queue})
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	return s, nil
}

// Serve answers the requests that come through a socket, until ctx ends or the
// socket is closed. All services must be of one protocol, which need not be the
// socket's.
func Serve(ctx context.Context, sock Socket, services ...Service) error {
	s := new(Server)
	if err := s.Register(services...); err != nil {
		return err
	}
	return s.Serve(ctx, sock)
}

// Serve answers the requests that come through a socket, until ctx ends or the
// socket is closed; then it returns nil. Requests of one client are carried out
// one after the other, those of several at the same time. In the end it waits for
// the methods that are at work, whose context has ended, and closes the socket.
//
// All services must be of one protocol. Notifications go to groups of the
// socket's protocol, as far as they have numbers up to 32.
func (s *Server) Serve(ctx context.Context, sock Socket) error {
	defer sock.Close()
	protocol, err := s.protocol()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	w := &workers{s: s, sock: sock, protocol: protocol, waiting: make(map[uint32][][]byte)}
	defer w.group.Wait()
	defer cancel()
	s.mu.Lock()
	s.serving = append(s.serving, sock)
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.serving = slices.DeleteFunc(s.serving, func(other Socket) bool { return other == sock })
	}()
	const packets, room = 8, 32 << 10
	pkts := make([]nlconn.Packet, packets)
	for i := range pkts {
		pkts[i].Buf = make([]byte, room)
	}
	for {
		n, err := sock.Receive(ctx, pkts)
		switch {
		case ctx.Err() != nil, errors.Is(err, nlconn.ErrClosed):
			return nil
		case errors.Is(err, nlconn.ErrOverrun):
			continue // whoever sent what was lost has to ask again
		case err != nil:
			return err
		}
		for i := range pkts[:n] {
			if p := &pkts[i]; p.Port != 0 && !p.Truncated() {
				w.take(ctx, p.Port, append([]byte(nil), p.Data...))
			}
		}
	}
}

// protocol returns the protocol of all families.
func (s *Server) protocol() (int, error) {
	s.once.Do(s.start)
	s.mu.RLock()
	defer s.mu.RUnlock()
	protocol := -1
	for name, f := range s.families {
		switch {
		case name == controlName:
		case protocol < 0:
			protocol = f.Family.Protocol
		case protocol != f.Family.Protocol:
			return 0, fmt.Errorf("serve: services of protocols %d and %d", min(protocol, f.Family.Protocol), max(protocol, f.Family.Protocol))
		}
	}
	if protocol < 0 {
		protocol = nlconn.ProtocolGeneric
	}
	return protocol, nil
}

// workers are the goroutines of a Serve, one for each client that has requests.
type workers struct {
	s        *Server
	sock     Socket
	protocol int
	group    sync.WaitGroup

	mu      sync.Mutex
	waiting map[uint32][][]byte // datagrams by port; an entry has a goroutine
	bytes   int                 // in all of them
}

const (
	// Of requests that wait, so many are kept: clients, datagrams of each, and
	// bytes in all.
	maxClients = 1024
	maxWaiting = 64
	maxBytes   = 64 << 20
	// stalled is how long a client may leave its queue full.
	stalled = 10 * time.Second
)

// take hands a datagram to the goroutine of its sender. A client that asks for
// more than it reads is refused.
func (w *workers) take(ctx context.Context, port uint32, datagram []byte) {
	w.mu.Lock()
	queue, busy := w.waiting[port]
	full := len(queue) >= maxWaiting || !busy && len(w.waiting) >= maxClients || w.bytes+len(datagram) > maxBytes
	if !full {
		w.waiting[port] = append(queue, datagram)
		w.bytes += len(datagram)
	}
	w.mu.Unlock()
	switch {
	case full:
		w.refuse(port, datagram)
	case !busy:
		w.group.Add(1)
		go w.work(ctx, port)
	}
}

// refuse answers the requests of a datagram with ENOBUFS.
func (w *workers) refuse(port uint32, datagram []byte) {
	c := nlmsg.NewCursor(datagram)
	for c.Next() {
		_ = w.sock.SendTo(Refusal(Peer{Port: port}, c.Message(), syscall.Errno(eNOBUFS)), port, 0)
	}
}

// work answers the requests of a client until there are none. A client that was
// waited for in vain is not waited for again before it reads.
func (w *workers) work(ctx context.Context, port uint32) {
	defer w.group.Done()
	patience := stalled
	for {
		w.mu.Lock()
		queue := w.waiting[port]
		if len(queue) == 0 {
			delete(w.waiting, port)
			w.mu.Unlock()
			return
		}
		datagram := queue[0]
		w.waiting[port] = queue[1:]
		w.bytes -= len(datagram)
		w.mu.Unlock()
		c := nlmsg.NewCursor(datagram)
		for c.Next() {
			for b := range w.s.Answer(ctx, w.protocol, Peer{Port: port}, c.Message()) {
				if err := w.send(ctx, b, port, patience); err != nil {
					if errors.Is(err, syscall.EAGAIN) {
						patience = 0
					}
					break // the client is gone, or does not read
				}
				patience = stalled
			}
		}
	}
}

// send sends a datagram as soon as there is room in the client's queue, and waits
// no longer than patience for that.
func (w *workers) send(ctx context.Context, b []byte, port uint32, patience time.Duration) error {
	const first, last = 20 * time.Microsecond, 5 * time.Millisecond
	var waited time.Duration
	for pause := first; ; pause = min(2*pause, last) {
		err := w.sock.SendTo(b, port, 0)
		if !errors.Is(err, syscall.EAGAIN) || waited >= patience {
			return err
		}
		t := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			t.Stop()
			return ctx.Err()
		case <-t.C:
			waited += pause
		}
	}
}
