package genlbridge

import (
	"context"
	"encoding/binary"
	"errors"
	"iter"
	"os"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/mdlayher/genetlink"
	"github.com/mdlayher/netlink"

	"github.com/nlgen/nlgen/runtime/nlconn"
)

// double is a socket below the library, whose answers are held back until they are
// let go.
type double struct {
	mu      sync.Mutex
	expired chan struct{} // closed when the deadline has passed
	timer   *time.Timer
	ready   chan []netlink.Message
	held    [][]netlink.Message
	sent    chan netlink.Message
}

func newDouble() *double {
	return &double{expired: make(chan struct{}), ready: make(chan []netlink.Message, 100), sent: make(chan netlink.Message, 100)}
}

// Send answers a do by an ack, a command above 100 by an error, and a dump by a
// message without NLM_F_MULTI, then the end.
func (d *double) Send(m netlink.Message) error {
	h := netlink.Header{Type: m.Header.Type, Sequence: m.Header.Sequence}
	body := append([]byte(nil), m.Data...)
	errno := int32(0)
	if m.Data[0] > 100 {
		errno = -int32(syscall.EEXIST)
	}
	ack := h
	ack.Type = netlink.Error
	control := append(binary.NativeEndian.AppendUint32(nil, uint32(errno)), make([]byte, 16)...)
	answer := [][]netlink.Message{{{Header: ack, Data: control}}}
	if m.Header.Flags&netlink.Dump == netlink.Dump {
		end := h
		end.Type, end.Flags = netlink.Done, netlink.Multi
		answer = [][]netlink.Message{{{Header: h, Data: body}}, {{Header: end, Data: control[:4]}}}
	}
	d.mu.Lock()
	d.held = append(d.held, answer...)
	d.mu.Unlock()
	d.sent <- m
	return nil
}

// release lets the answers go that are held back.
func (d *double) release() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, msgs := range d.held {
		d.ready <- msgs
	}
	d.held = nil
}

func (d *double) Receive() ([]netlink.Message, error) {
	d.mu.Lock()
	expired := d.expired
	d.mu.Unlock()
	select {
	case msgs := <-d.ready:
		return msgs, nil
	case <-expired:
		return nil, os.ErrDeadlineExceeded
	}
}

func (d *double) ReceiveIter() iter.Seq2[netlink.Message, error] {
	return func(yield func(netlink.Message, error) bool) {
		msgs, err := d.Receive()
		if err != nil {
			yield(netlink.Message{}, err)
		}
		for _, m := range msgs {
			if !yield(m, nil) {
				return
			}
		}
	}
}

func (d *double) SetReadDeadline(t time.Time) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.timer != nil && !d.timer.Stop() || t.IsZero() {
		d.expired = make(chan struct{})
	}
	d.timer = nil
	if !t.IsZero() {
		expired := d.expired
		d.timer = time.AfterFunc(time.Until(t), func() { close(expired) })
	}
	return nil
}

func (d *double) SetDeadline(t time.Time) error        { return d.SetReadDeadline(t) }
func (d *double) SetWriteDeadline(time.Time) error     { return nil }
func (d *double) SendMessages([]netlink.Message) error { return errors.ErrUnsupported }
func (d *double) Close() error                         { return nil }

// nlctrl needs no look-up.
var (
	control = nlconn.Family{Name: "nlctrl", Protocol: nlconn.ProtocolGeneric, Generic: true, Version: 2}
	opAcked = nlconn.Operation{Family: &control, Name: "acked", Request: 3}
	opBad   = nlconn.Operation{Family: &control, Name: "bad", Request: 101}
	opDump  = nlconn.Operation{Family: &control, Name: "dump", Request: 4, Reply: 4}
)

// What one call leaves behind on a shared connection is no other's, and nobody
// waits for another's answer longer than for the own.
func TestShared(t *testing.T) {
	for _, given := range []struct {
		up   string
		call func(context.Context, *nlconn.Conn) error
	}{
		{"do", func(ctx context.Context, c *nlconn.Conn) error { return nlconn.Exec(ctx, c, &opAcked, nil) }},
		{"refused", func(ctx context.Context, c *nlconn.Conn) error { return nlconn.Exec(ctx, c, &opBad, nil) }},
		{"dump", func(ctx context.Context, c *nlconn.Conn) error {
			_, err := nlconn.Collect[port](ctx, c, &opDump, nil)
			return err
		}},
	} {
		t.Run(given.up, func(t *testing.T) {
			d := newDouble()
			c := open(t, New(genetlink.NewConn(netlink.NewConn(d, 1))))
			ctx, cancel := context.WithCancel(soon(t))
			ended := make(chan error, 1)
			go func() { ended <- given.call(ctx, c) }()
			<-d.sent
			short, stop := context.WithTimeout(soon(t), 10*time.Millisecond)
			defer stop()
			if err := nlconn.Exec(short, c, &opAcked, nil); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("while another waits: %v", err)
			}
			cancel()
			if err := <-ended; !errors.Is(err, context.Canceled) {
				t.Errorf("given up: %v", err)
			}
			d.release()
			go func() {
				for range d.sent {
					d.release()
				}
			}()
			if all, err := nlconn.Collect[port](soon(t), c, &opDump, nil); err != nil || len(all) != 1 {
				t.Errorf("then: %d messages, %v", len(all), err)
			}
			if err := nlconn.Exec(soon(t), c, &opAcked, nil); err != nil {
				t.Errorf("then: %v", err)
			}
			if err := nlconn.Exec(soon(t), c, &opBad, nil); !errors.Is(err, os.ErrExist) {
				t.Errorf("then: %v", err)
			}
			close(d.sent)
		})
	}
}

// Close ends calls over a connection that stays open.
func TestSharedClose(t *testing.T) {
	d := newDouble()
	c := open(t, New(genetlink.NewConn(netlink.NewConn(d, 1))))
	ended := make(chan error, 2)
	for range 2 {
		go func() { ended <- nlconn.Exec(t.Context(), c, &opAcked, nil) }()
	}
	<-d.sent
	c.Close()
	late := time.After(10 * time.Second)
	for range 2 {
		select {
		case err := <-ended:
			if !errors.Is(err, nlconn.ErrClosed) {
				t.Error(err)
			}
		case <-late:
			t.Fatal("the calls go on")
		}
	}
}
