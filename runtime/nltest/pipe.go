package nltest

import (
	"context"
	"sync"
	"time"

	"github.com/nlgen/nlgen/runtime/nlconn"
)

// pipe is the receiving half of a socket in memory.
type pipe struct {
	mu        sync.Mutex
	queue     []entry
	size      int  // what the queue takes
	limit     int  // what it may take; 0 is any
	lost      bool // ErrOverrun is to be reported
	congested bool // nothing is taken in until the queue is empty

	more   chan struct{} // has an element if there may be something new
	closed chan struct{}
	once   sync.Once

	// refill gets more into an empty queue, if there is more; nil does not.
	refill func() bool
}

// entry is what one Receive returns: a datagram or an error.
type entry struct {
	nlconn.Packet
	err   error
	ready time.Time // not to be received before
}

// overhead is what the kernel counts for a datagram beside its bytes.
const overhead = 640

func (p *pipe) init() {
	p.more, p.closed = make(chan struct{}, 1), make(chan struct{})
}

// push appends to the queue. It reports false if the queue is full.
func (p *pipe) push(entries ...entry) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, e := range entries {
		cost := len(e.Data) + overhead
		if p.limit > 0 && p.size+cost > p.limit && len(p.queue) > 0 {
			return false
		}
		p.queue = append(p.queue, e)
		p.size += cost
	}
	p.wake()
	return true
}

// lose marks that a datagram was lost. That is reported once until the queue is
// empty again.
func (p *pipe) lose() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lost, p.congested = p.lost || !p.congested, true
	p.wake()
}

func (p *pipe) isCongested() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.congested
}

func (p *pipe) wake() {
	select {
	case p.more <- struct{}{}:
	default:
	}
}

func (p *pipe) isClosed() bool {
	select {
	case <-p.closed:
		return true
	default:
		return false
	}
}

// take takes what is there, and says how long it is until there is more: 0 if
// that is not known.
func (p *pipe) take(pkts []nlconn.Packet) (int, time.Duration, error) {
	if p.isClosed() {
		return 0, 0, nlconn.ErrClosed
	}
	for {
		n, wait, err := p.shift(pkts)
		if n > 0 || wait > 0 || err != nil || p.refill == nil || !p.refill() {
			return n, wait, err
		}
	}
}

// shift takes entries off the queue.
func (p *pipe) shift(pkts []nlconn.Packet) (n int, wait time.Duration, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.lost {
		p.lost = false
		return 0, 0, nlconn.ErrOverrun
	}
	for n < len(pkts) && len(p.queue) > 0 {
		e := &p.queue[0]
		if !e.ready.IsZero() {
			if left := time.Until(e.ready); left > 0 {
				if n == 0 {
					wait = left
				}
				break
			}
		}
		if e.err != nil {
			if n == 0 {
				err = e.err
				p.drop()
			}
			break
		}
		fill(&pkts[n], &e.Packet)
		n++
		p.drop()
	}
	return n, wait, err
}

// drop removes the first entry.
func (p *pipe) drop() {
	p.size -= len(p.queue[0].Data) + overhead
	p.queue[0] = entry{}
	if p.queue = p.queue[1:]; len(p.queue) == 0 {
		p.queue, p.congested = nil, false
	}
}

// fill puts a datagram where the kernel would: into the buffer if it fits, so
// that who keeps a part of it is found out.
func fill(to, from *nlconn.Packet) {
	buf := to.Buf
	*to = *from
	to.Buf = buf
	if len(from.Data) <= len(buf) {
		to.Data = buf[:copy(buf, from.Data)]
	}
	to.Len = max(from.Len, len(from.Data))
}

// Receive implements [nlconn.Socket].
func (p *pipe) Receive(ctx context.Context, pkts []nlconn.Packet) (int, error) {
	for {
		n, wait, err := p.take(pkts)
		if n > 0 || err != nil {
			return n, err
		}
		var timer <-chan time.Time
		if wait > 0 {
			t := time.NewTimer(wait)
			defer t.Stop()
			timer = t.C
		}
		select {
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-p.closed:
			return 0, nlconn.ErrClosed
		case <-p.more:
		case <-timer:
		}
	}
}

// tryReceive is the TryReceive of sockets that are prompt.
func (p *pipe) tryReceive(pkts []nlconn.Packet) (int, error) {
	n, _, err := p.take(pkts)
	return n, err
}
