package connection

import (
	"context"
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
	"github.com/nlgen/nlgen/runtime/nlmsg"
)

// wire is the content of a message of any operation, as it stands behind the headers.
type wire []byte

func (w wire) EncodeTo(e *nlattr.Encoder)    { e.Append(w) }
func (w *wire) DecodeFrom(d *nlattr.Decoder) { *w = slices.Clone(d.Rest()) }

// attrs encodes attributes.
func attrs(t *testing.T, put func(e *nlattr.Encoder)) wire {
	t.Helper()
	e := nlattr.NewEncoder(nil)
	put(&e)
	b, err := e.Finish()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// A message is what came in, and in which datagram.
type message struct {
	datagram int
	nlmsg.Header
	body []byte
}

// is reports whether the message is a control message that ends an answer with an error number, 0 for none.
func (m message) is(typ uint16, errno syscall.Errno) bool {
	return m.Type == typ && len(m.body) >= 4 && int32(binary.NativeEndian.Uint32(m.body)) == -int32(errno)
}

// talk sends a request on a socket of its own and takes in whatever is answered until nothing more comes. It is what a Conn is compared
// with: it knows nothing of ends.
func talk(t *testing.T, c *nlconn.Conn, protocol int, typ, flags uint16, body []byte) (all []message) {
	t.Helper()
	s, err := c.OpenSocket(protocol, nlconn.SocketOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	b := make([]byte, nlmsg.HeaderLen, nlmsg.HeaderLen+len(body))
	binary.NativeEndian.PutUint32(b, uint32(cap(b)))
	binary.NativeEndian.PutUint16(b[4:], typ)
	binary.NativeEndian.PutUint16(b[6:], flags|nlmsg.FlagRequest)
	binary.NativeEndian.PutUint32(b[8:], 4711)
	if err := s.Send(append(b, body...)); err != nil {
		t.Fatal(err)
	}
	pkts := []nlconn.Packet{{Buf: make([]byte, 1<<20)}}
	for n := 0; ; n++ {
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		_, err := s.Receive(ctx, pkts)
		cancel()
		if errors.Is(err, context.DeadlineExceeded) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		cursor := nlmsg.NewCursor(pkts[0].Data)
		for cursor.Next() {
			all = append(all, message{n, cursor.Header(), slices.Clone(cursor.Body())})
		}
		if err := cursor.Err(); err != nil {
			t.Fatal(err)
		}
	}
}

// generic puts the header of generic netlink before a content.
func generic(cmd uint8, content wire) []byte { return append([]byte{cmd, 1, 0, 0}, content...) }

// family returns the message type of a family. The test is skipped if the kernel has none of that name.
func family(t *testing.T, ctx context.Context, c *nlconn.Conn, name string) uint16 {
	t.Helper()
	f, err := c.Family(ctx, name)
	if errors.Is(err, syscall.ENOENT) {
		t.Skipf("not in this kernel: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return f.ID
}

// operation describes an operation of generic netlink whose answer has a number of its own.
func operation(family, name string, request, reply uint16) *nlconn.Operation {
	f := &nlconn.Family{Name: family, Protocol: unix.NETLINK_GENERIC, Generic: true, Version: 1}
	return &nlconn.Operation{Family: f, Name: name, Request: request, Reply: reply}
}

// all carries out an operation and returns what it answers.
func all(t *testing.T, ctx context.Context, c *nlconn.Conn, op *nlconn.Operation, req wire) (replies []wire) {
	t.Helper()
	for r, err := range nlconn.DoAll[wire](ctx, c, op, req) {
		if err != nil {
			t.Fatal(err)
		}
		replies = append(replies, *r)
	}
	return replies
}

// refusal makes sure that an error is one of the kernel with a number and a text.
func refusal(t *testing.T, err error, errno syscall.Errno, text string) {
	t.Helper()
	var e *nlmsg.Error
	if !errors.As(err, &e) || e.Errno != errno || !strings.Contains(e.Message, text) {
		t.Errorf("got %v, want %v with %q", err, errno, text)
	}
}
