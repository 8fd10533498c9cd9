package socket

import (
	"context"
	"os"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// A waiter waits for datagrams by means of the runtime's poller. Being known to
// it costs something with every datagram that comes, so the socket itself never
// is: a duplicate of the descriptor is, for as long as somebody waits, or for
// ever if the socket listens.
type waiter struct {
	mu     sync.Mutex
	closed bool
	file   *os.File
	conn   syscall.RawConn
}

// take returns the duplicate, and makes one if there is none.
func (w *waiter) take(fd int) (*os.File, syscall.RawConn, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return nil, nil, ErrClosed
	}
	if w.file != nil {
		return w.file, w.conn, nil
	}
	dup, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, nil, os.NewSyscallError("fcntl", err)
	}
	file := os.NewFile(uintptr(dup), "netlink")
	conn, err := file.SyscallConn()
	if err != nil {
		file.Close()
		return nil, nil, err
	}
	w.file, w.conn = file, conn
	return file, conn, nil
}

// drop closes the duplicate.
func (w *waiter) drop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.file != nil {
		w.file.Close()
		w.file, w.conn = nil, nil
	}
}

// close wakes whoever waits, and lets nobody wait any more.
func (w *waiter) close() {
	w.mu.Lock()
	w.closed = true
	w.mu.Unlock()
	w.drop()
}

// past is a deadline that has passed.
var past = time.Unix(1, 0)

// Receive waits until there is a datagram, then takes as many as are in the
// queue and there are packets for. It returns the context's error if that ends
// first, and [ErrClosed] if the socket is closed.
func (s *Socket) Receive(ctx context.Context, pkts []Packet) (int, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	n, err := s.TryReceive(pkts)
	if n > 0 || err != nil || len(pkts) == 0 {
		return n, err
	}
	if !s.acquire() {
		return 0, ErrClosed
	}
	file, conn, err := s.wait.take(s.fd)
	s.release()
	if err != nil {
		return 0, err
	}
	if !s.listen {
		defer s.wait.drop()
	}
	if ctx.Done() != nil {
		fired := make(chan struct{})
		stop := context.AfterFunc(ctx, func() {
			_ = file.SetReadDeadline(past)
			close(fired)
		})
		defer func() {
			if !stop() {
				<-fired
				_ = file.SetReadDeadline(time.Time{})
			}
		}()
	}
	var inner error
	err = conn.Read(func(uintptr) bool {
		n, inner = s.TryReceive(pkts)
		return n > 0 || inner != nil
	})
	switch {
	case inner != nil || n > 0:
		return n, inner
	case !s.acquire():
		return 0, ErrClosed
	}
	s.release()
	if ctx.Err() != nil {
		return 0, ctx.Err()
	}
	return 0, err
}
