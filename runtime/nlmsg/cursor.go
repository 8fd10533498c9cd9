package nlmsg

import (
	"errors"
	"fmt"
)

// Errors of [Cursor.Err].
var (
	// ErrTruncated reports a message that ends before its length says.
	ErrTruncated = errors.New("message is truncated")
	// ErrLength reports a message whose length is less than its header's.
	ErrLength = errors.New("message has a length below its header's")
	// ErrTrailing reports bytes behind the last message that are no message.
	ErrTrailing = errors.New("trailing bytes after the last message")
)

// A FormatError is a fault in the bytes of a datagram or a message.
type FormatError struct {
	Offset int // bytes before the fault
	Err    error
}

// Error returns the place and the cause.
func (e *FormatError) Error() string { return fmt.Sprintf("offset %d: %v", e.Offset, e.Err) }

// Unwrap returns the cause.
func (e *FormatError) Unwrap() error { return e.Err }

// A Cursor walks over the messages of a datagram. The zero Cursor has none.
//
//	c := nlmsg.NewCursor(datagram)
//	for c.Next() {
//		use(c.Header(), c.Body())
//	}
//	return c.Err()
//
// Zero bytes behind the last message are ignored: some senders hand over whole
// C buffers. A Cursor allocates nothing.
type Cursor struct {
	all  []byte
	off  int // of the current message
	end  int // of the current message, without padding
	next int // of the next one
	err  error
}

// NewCursor returns a cursor in front of the first message in b.
func NewCursor(b []byte) Cursor { return Cursor{all: b} }

// Reset puts the cursor in front of the first message in b.
func (c *Cursor) Reset(b []byte) { c.all, c.off, c.end, c.next, c.err = b, 0, 0, 0, nil }

// Next steps to the next message and reports whether there is one.
func (c *Cursor) Next() bool {
	c.off = c.next
	b := c.all[c.off:]
	if len(b) >= HeaderLen {
		// int may have 32 bits.
		if n := uint64(native.Uint32(b)); n >= HeaderLen && n <= uint64(len(b)) {
			c.end = c.off + int(n)
			// The padding of the last message may be missing.
			c.next = min(c.off+(int(n)+3)&^3, len(c.all))
			return true
		}
	}
	c.stop(b)
	return false
}

// stop ends the walk at bytes that are no message.
func (c *Cursor) stop(b []byte) {
	switch {
	case zero(b):
	case len(b) < HeaderLen:
		c.fail(ErrTrailing)
	case native.Uint32(b) < HeaderLen:
		c.fail(ErrLength)
	default:
		c.fail(ErrTruncated)
	}
	c.off, c.end, c.next = len(c.all), len(c.all), len(c.all)
}

func (c *Cursor) fail(err error) { c.err = &FormatError{Offset: c.off, Err: err} }

// Header returns the header of the current message.
func (c *Cursor) Header() Header {
	h, _ := ParseHeader(c.Message())
	return h
}

// Message returns the current message, header included, without padding. It is
// part of the datagram.
func (c *Cursor) Message() []byte { return c.all[c.off:c.end:c.end] }

// Body returns what stands behind the header of the current message, without
// padding. It is part of the datagram.
func (c *Cursor) Body() []byte {
	if m := c.Message(); len(m) >= HeaderLen {
		return m[HeaderLen:]
	}
	return nil
}

// Offset returns how many bytes of the datagram stand before the current
// message.
func (c *Cursor) Offset() int { return c.off }

// Err returns why the walk ended early, a *[FormatError], or nil.
func (c *Cursor) Err() error { return c.err }

func zero(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}
