// Package genlbridge runs generated clients over connections of
// github.com/mdlayher/genetlink, for programs that have such a connection
// already, or test doubles of it:
//
//	conn, err := nlconn.Open(nlconn.WithTransport(genlbridge.New(existing)))
//
// What that library keeps to itself limits what comes through:
//
//   - only generic netlink, and no port ids, peers or namespaces of one's own:
//     the connection has been opened already;
//   - of a dump that fails half way, the messages before the error are lost, and
//     so is an interruption that only the final message tells of;
//   - warnings of acks, cookies, policies and missing attributes are lost; text
//     and offset of errors are not;
//   - the whole answer is in memory before its first message is handed on;
//   - it decides by NLM_F_MULTI whether more follows, which some families do not
//     set: where a dump lacks it, the bridge has to wait a moment to be sure that
//     the dump is over.
package genlbridge

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/mdlayher/genetlink"
	"github.com/mdlayher/netlink"

	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
	"github.com/nlgen/nlgen/runtime/nlmsg"
)

// Transport is an [nlconn.Transport] over connections of genetlink.
type Transport struct {
	shared *line
	dial   func() (*genetlink.Conn, error)
}

// New returns a transport whose sockets all share one connection, which stays
// the caller's: requests go over it one at a time. Nobody else may receive from
// it meanwhile. There are no subscriptions, since notifications would come
// between the answers.
func New(c *genetlink.Conn) *Transport { return &Transport{shared: newLine(c)} }

// NewDialer returns a transport that makes a connection for each socket, also
// for subscriptions, and closes it with the socket.
func NewDialer(dial func() (*genetlink.Conn, error)) *Transport { return &Transport{dial: dial} }

// OpenSocket returns a socket of the transport.
func (t *Transport) OpenSocket(protocol int, o nlconn.SocketOptions) (nlconn.Socket, error) {
	switch {
	case protocol != nlconn.ProtocolGeneric:
		return nil, fmt.Errorf("genlbridge: protocol %d: %w", protocol, errors.ErrUnsupported)
	case o.Port != 0 || o.Peer != 0 || o.Namespace != nil:
		return nil, fmt.Errorf("genlbridge: port, peer or namespace: %w", errors.ErrUnsupported)
	case t.shared != nil && o.Listen:
		return nil, fmt.Errorf("genlbridge: subscription over a shared connection: %w", errors.ErrUnsupported)
	case t.shared != nil:
		return newSocket(t.shared), nil
	}
	c, err := t.dial()
	if err != nil {
		return nil, err
	}
	// What a double or an old kernel does not know is done without.
	_ = c.SetOption(netlink.ExtendedAcknowledge, true)
	_ = c.SetOption(netlink.GetStrictCheck, !o.Lax)
	if o.ListenAllNSID {
		_ = c.SetOption(netlink.ListenAllNSID, true)
	}
	if o.ReceiveQueue > 0 {
		_ = c.SetReadBuffer(o.ReceiveQueue)
	}
	if o.SendQueue > 0 {
		_ = c.SetWriteBuffer(o.SendQueue)
	}
	s := newSocket(newLine(c))
	s.owned, s.listen = true, o.Listen
	return s, nil
}

// line is a connection, which serves one exchange at a time.
type line struct {
	turn chan struct{} // full while it does
	conn *genetlink.Conn
	left bool // an exchange was given up, and its answer may still come
}

func newLine(c *genetlink.Conn) *line { return &line{turn: make(chan struct{}, 1), conn: c} }

// socket is an [nlconn.Socket].
type socket struct {
	line   *line
	owned  bool
	listen bool
	closed context.Context // ends with the socket
	end    context.CancelFunc
	once   sync.Once // runs Close

	requests [][]byte        // sent, but not carried out yet
	queue    []nlconn.Packet // answers
	port     uint32
}

func newSocket(l *line) *socket {
	s := &socket{line: l}
	s.closed, s.end = context.WithCancel(context.Background())
	return s
}

// Send takes the requests in a datagram. They go out when their answers are
// asked for: so their answers can be read in one go, and the line is free again.
func (s *socket) Send(datagram []byte) error {
	if s.closed.Err() != nil {
		return nlconn.ErrClosed
	}
	c := nlmsg.NewCursor(datagram)
	for c.Next() {
		if len(c.Body()) < nlmsg.GenericLen {
			return fmt.Errorf("genlbridge: request without a struct genlmsghdr")
		}
		s.requests = append(s.requests, append([]byte(nil), c.Message()...))
	}
	return c.Err()
}

// errSilent reports that there is nothing to wait for.
var errSilent = errors.New("genlbridge: nothing was sent that could be answered")

// Receive carries out the requests and returns their answers, or waits for
// notifications.
func (s *socket) Receive(ctx context.Context, pkts []nlconn.Packet) (int, error) {
	if s.closed.Err() != nil {
		return 0, nlconn.ErrClosed
	}
	if len(s.queue) == 0 {
		if err := s.refill(ctx); err != nil {
			if s.closed.Err() != nil {
				return 0, nlconn.ErrClosed
			}
			return 0, err
		}
	}
	n := 0
	for n < len(pkts) && n < len(s.queue) {
		buf := pkts[n].Buf
		pkts[n] = s.queue[n]
		pkts[n].Buf = buf
		n++
	}
	s.queue = s.queue[n:]
	return n, nil
}

// refill waits for its turn, then for answers or notifications, until ctx ends or
// the socket is closed.
func (s *socket) refill(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(s.closed, cancel)()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case s.line.turn <- struct{}{}:
		defer func() { <-s.line.turn }()
	}
	defer s.until(ctx)()
	if s.listen && len(s.requests) == 0 {
		for len(s.queue) == 0 {
			_, msgs, err := s.line.conn.Receive()
			if err != nil {
				return received(ctx, err)
			}
			for _, m := range msgs {
				s.push(m, m.Header.Sequence)
			}
		}
		return nil
	}
	if len(s.requests) == 0 {
		return errSilent
	}
	requests := s.requests
	s.requests = nil
	for _, r := range requests {
		if err := s.exchange(ctx, r); err != nil {
			return err
		}
	}
	if len(s.queue) == 0 {
		return errSilent
	}
	return nil
}

// past is a deadline that has passed.
var past = time.Unix(1, 0)

// until makes receiving end with the context. The function that it returns
// undoes that.
func (s *socket) until(ctx context.Context) func() {
	fired := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		_ = s.line.conn.SetReadDeadline(past)
		close(fired)
	})
	return func() {
		if !stop() {
			<-fired
			_ = s.line.conn.SetReadDeadline(time.Time{})
		}
	}
}

// received says what an error of receiving means.
func received(ctx context.Context, err error) error {
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, syscall.ENOBUFS):
		return nlconn.ErrOverrun
	}
	return err
}

// exchange carries out one request and queues its answer.
func (s *socket) exchange(ctx context.Context, request []byte) (err error) {
	if err := ctx.Err(); err != nil {
		return err
	}
	if s.line.left {
		if err := s.drain(ctx); err != nil {
			return err
		}
	}
	defer func() { s.line.left = err != nil }()
	h, _ := nlmsg.ParseHeader(request)
	body := request[nlmsg.HeaderLen:]
	dump := h.Flags&nlmsg.FlagDump == nlmsg.FlagDump
	flags := h.Flags
	if !dump {
		flags |= nlmsg.FlagAck // by which its answer ends
	}
	m := genetlink.Message{Header: genetlink.Header{Command: body[0], Version: body[1]}, Data: body[nlmsg.GenericLen:]}
	sent, err := s.line.conn.Send(m, h.Type, netlink.HeaderFlags(flags))
	if err != nil {
		return err
	}
	s.port = sent.Header.PID
	more := true // NLM_F_MULTI tells that the dump is still going on, or was read to its end
	for more {
		_, msgs, err := s.line.conn.Receive()
		if seq, ok := refusal(err); ok && seq != sent.Header.Sequence {
			continue // of an exchange that was given up
		}
		if err != nil {
			return s.refused(ctx, h, sent.Header.Sequence, err)
		}
		multi := len(msgs) == 0
		for _, m := range msgs {
			switch {
			case m.Header.Sequence != sent.Header.Sequence:
				continue
			case m.Header.Type == netlink.Error:
				more = false
				if h.Flags&nlmsg.FlagAck != 0 {
					s.push(m, h.Seq)
				}
				continue
			}
			multi = multi || m.Header.Flags&netlink.Multi != 0
			s.push(m, h.Seq)
		}
		if !dump || !more {
			continue
		}
		if more = !multi && s.pending(ctx); more {
			defer func() { _ = s.line.conn.SetReadDeadline(time.Time{}) }()
		} else {
			s.control(h, nlmsg.TypeDone, nlmsg.FlagMulti, 0, nil)
		}
	}
	return nil
}

// settle is how long the bridge waits for more of a dump without NLM_F_MULTI.
const settle = 100 * time.Millisecond

// pending makes receiving end soon. It reports whether there is any use in that.
func (s *socket) pending(ctx context.Context) bool {
	return ctx.Err() == nil && s.line.conn.SetReadDeadline(time.Now().Add(settle)) == nil
}

// drain reads the answer of the exchange that was given up before. Nobody can tell
// its end from that of the next one's.
func (s *socket) drain(ctx context.Context) error {
	defer func() { _ = s.line.conn.SetReadDeadline(time.Time{}) }()
	for s.pending(ctx) {
		_, _, err := s.line.conn.Receive()
		if _, ok := refusal(err); err == nil || ok {
			continue
		}
		if errors.Is(err, os.ErrDeadlineExceeded) {
			break
		}
		return received(ctx, err)
	}
	return ctx.Err()
}

// refusal returns the number of the request that an error of receiving answers, if
// it does.
func refusal(err error) (seq uint32, ok bool) {
	var op *netlink.OpError
	if !errors.As(err, &op) || op.Sequence == 0 {
		return 0, false
	}
	return op.Sequence, true
}

// refused queues the error that a request was answered with. Other errors it
// returns.
func (s *socket) refused(ctx context.Context, h nlmsg.Header, seq uint32, err error) error {
	var op *netlink.OpError
	var errno syscall.Errno
	if errors.As(err, &op) && op.Sequence == seq && errors.As(op.Err, &errno) {
		var e nlattr.Encoder
		if op.Message != "" {
			e.Text(nlmsg.AttrMessage, op.Message)
		}
		if op.Offset != 0 {
			e.Uint32(nlmsg.AttrOffset, uint32(op.Offset))
		}
		tlvs, _ := e.Finish()
		s.control(h, nlmsg.TypeError, nlmsg.FlagCapped, errno, tlvs)
		return nil
	}
	if h.Flags&nlmsg.FlagDump == nlmsg.FlagDump && ctx.Err() == nil && errors.Is(err, os.ErrDeadlineExceeded) {
		s.control(h, nlmsg.TypeDone, nlmsg.FlagMulti, 0, nil)
		return nil
	}
	return received(ctx, err)
}

// control queues a control message that the library kept to itself.
func (s *socket) control(req nlmsg.Header, typ, flags uint16, errno syscall.Errno, tlvs []byte) {
	if len(tlvs) > 0 {
		flags |= nlmsg.FlagAckTLVs
	}
	b := nlmsg.Header{Type: typ, Flags: flags, Seq: req.Seq, PID: s.port}.Append(nil)
	b = binary.NativeEndian.AppendUint32(b, uint32(-int32(errno)))
	if typ == nlmsg.TypeError {
		b = req.Append(b)
	}
	b = nlmsg.Finish(append(b, tlvs...), 0)
	s.queue = append(s.queue, nlconn.Packet{Data: b, Len: len(b)})
}

// push queues a message under the sequence number that the caller knows.
func (s *socket) push(m netlink.Message, seq uint32) {
	h := nlmsg.Header{Type: uint16(m.Header.Type), Flags: uint16(m.Header.Flags), Seq: seq, PID: m.Header.PID}
	b := make([]byte, 0, nlmsg.HeaderLen+len(m.Data)+3)
	b = nlmsg.Finish(append(h.Append(b), m.Data...), 0)
	s.queue = append(s.queue, nlconn.Packet{Data: b, Len: len(b)})
}

// Join joins a multicast group.
func (s *socket) Join(group uint32) error { return s.line.conn.JoinGroup(group) }

// Leave leaves a multicast group.
func (s *socket) Leave(group uint32) error { return s.line.conn.LeaveGroup(group) }

// PortID returns the port of the connection, as far as it is known: 0 before the
// first request.
func (s *socket) PortID() uint32 { return s.port }

// Close closes the socket, and the connection if it belongs to it.
func (s *socket) Close() error {
	var err error
	s.once.Do(func() {
		s.end()
		if s.owned {
			err = s.line.conn.Close()
		}
	})
	return err
}
