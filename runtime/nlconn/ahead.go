package nlconn

import (
	"errors"
	"runtime"
	"sync"
)

// An ahead receives a long dump while the messages before are being decoded. The
// kernel makes the messages of a dump inside recvmsg, so it works on one
// processor while the caller's loop does on another. Only a dump that has
// filled some buffers gets one, and it ends with the dump: there is no goroutine
// for a short one and none between calls.
//
// Its goroutine has the socket, which it never waits on, until full is closed.
type ahead struct {
	sock PromptSocket
	free chan *stretch
	full chan *stretch
	cur  *stretch // the caller's
}

// A stretch is what is handed over at once. Waking somebody costs as much as
// receiving a datagram does, so it holds several.
type stretch struct {
	pkts [stretchLen]Packet
	room []byte
	n    int
	err  error
}

const (
	stretchLen = 4
	// stretches is how many there are: the caller has one, one is filled, and
	// one waits, so that nobody does.
	stretches = 3
	// fullLen is the length from which a datagram counts as full. A kernel fills
	// 8 KiB at least if it has the messages (NLMSG_GOODSIZE).
	fullLen = 7 << 10
	// aheadAfter is how many full datagrams a dump has before it counts as long.
	aheadAfter = 4
)

// spare keeps stretches, a quarter of a megabyte each, for the next long dump.
var spare = sync.Pool{New: func() any {
	s := &stretch{room: make([]byte, stretchLen*bufLen)}
	for i := range s.pkts {
		s.pkts[i].Buf = s.room[i*bufLen : (i+1)*bufLen : (i+1)*bufLen]
	}
	return s
}}

// receiveAhead gets what was received ahead, once the dump is long. It gets
// nothing if that is not so, or nobody receives ahead any more.
func (x *exchange) receiveAhead() error {
	if x.ahead == nil {
		if x.filled < aheadAfter {
			return nil
		}
		x.ahead = startAhead(x.prompt)
	}
	var err error
	x.got, err = x.ahead.next()
	if errors.Is(err, ErrOverrun) {
		x.c.cfg.hooks.overrun(x.protocol)
	}
	if len(x.got) == 0 {
		x.stopAhead(true)
	}
	return err
}

// stopAhead makes the socket the exchange's alone. Unless the messages are read to
// their end, somebody may still refer to the datagram of the last one.
func (x *exchange) stopAhead(read bool) {
	if x.ahead != nil {
		x.ahead.stop(read)
		x.ahead, x.stream = nil, false
	}
}

// worthwhile reports whether there is a second processor.
func worthwhile() bool { return runtime.GOMAXPROCS(0) > 1 }

func startAhead(sock PromptSocket) *ahead {
	a := &ahead{sock: sock, free: make(chan *stretch, stretches), full: make(chan *stretch, stretches)}
	for range stretches {
		a.free <- spare.Get().(*stretch)
	}
	go a.run()
	return a
}

// run receives until the queue is empty, which is after the end of the dump, or
// the caller has had enough.
func (a *ahead) run() {
	defer close(a.full)
	for s := range a.free {
		s.n, s.err = a.sock.TryReceive(s.pkts[:])
		more := s.n == len(s.pkts) && s.err == nil
		a.full <- s
		if !more {
			return
		}
	}
}

// next returns the next datagrams, those before being done with. It returns none
// when there are no more, and the socket is the caller's again.
func (a *ahead) next() ([]Packet, error) {
	if a.cur != nil {
		a.free <- a.cur
		a.cur = nil
	}
	s, ok := <-a.full
	if !ok {
		return nil, nil
	}
	a.cur = s
	return s.pkts[:s.n], s.err
}

// stop waits until the socket is the caller's again. The last datagrams that next
// returned are used again if they were read to their end.
func (a *ahead) stop(read bool) {
	close(a.free)
	for s := range a.full {
		spare.Put(s)
	}
	for s := range a.free {
		spare.Put(s)
	}
	if a.cur != nil && read {
		spare.Put(a.cur)
	}
}
