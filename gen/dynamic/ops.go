package dynamic

import (
	"github.com/nlgen/nlgen/gen/ir"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlmsg"
)

// Requests returns the operations whose do or dump request has the given number:
// the command of generic netlink, the message type of other protocols.
func (c *Codec) Requests(number uint16) []*ir.Op {
	var ops []*ir.Op
	for _, op := range c.Family.Ops {
		if op.Do != nil && op.Do.RequestNumber == number || op.Dump != nil && op.Dump.RequestNumber == number {
			ops = append(ops, op)
		}
	}
	return ops
}

// Replies returns the operations whose replies, and the notifications and events
// which have the given number, those that nobody asked for first. Numbers are not
// unique: a reply and a notification often share one.
func (c *Codec) Replies(number uint16) []*ir.Op {
	var ops []*ir.Op
	for _, op := range c.Family.Ops {
		if (op.Notify != nil || op.Event) && op.Number == number {
			ops = append(ops, op)
		}
	}
	for _, op := range c.Family.Ops {
		if replies(op.Do, number) || replies(op.Dump, number) {
			ops = append(ops, op)
		}
	}
	return ops
}

func replies(m *ir.Mode, number uint16) bool {
	return m != nil && m.HasReply && m.ReplyNumber == number
}

// DecodeBest decodes the body of a message with the first of the operations that
// it fits. With none it returns the error of the first. The operations are those
// of [Codec.Requests], or those of [Codec.Replies] with the codec for replies.
func (c *Codec) DecodeBest(ops []*ir.Op, body []byte) (*ir.Op, *Object, error) {
	var first error
	for _, op := range ops {
		o, err := c.Decode(op, body)
		if err == nil {
			return op, o, nil
		}
		if first == nil {
			first = err
		}
	}
	return nil, nil, first
}

// AppendPayload appends what stands behind nlmsghdr in a message of an operation:
// the generic netlink header with the given number, for families that have it,
// then what [Codec.Append] appends.
func (c *Codec) AppendPayload(dst []byte, op *ir.Op, number uint16, o *Object) ([]byte, error) {
	b := dst
	if c.Family.Generic() {
		b = append(b, uint8(number), uint8(c.Family.Version), 0, 0)
	}
	b, err := c.Append(b, op, o)
	if err != nil {
		return dst, err
	}
	return b, nil
}

// AppendMessage appends a whole message with the given header, in which the length
// is filled in. The type is too, but not that of generic netlink, where it is the
// number that the kernel gave to the family.
func (c *Codec) AppendMessage(dst []byte, h nlmsg.Header, op *ir.Op, number uint16, o *Object) ([]byte, error) {
	if !c.Family.Generic() {
		h.Type = number
	}
	b, err := c.AppendPayload(h.Append(dst), op, number, o)
	if err != nil {
		return dst, err
	}
	return nlmsg.Finish(b, len(dst)), nil
}

// Payload takes what stands behind nlmsghdr apart: the number in the generic
// netlink header, and the body behind it. For other protocols it returns the
// message type as the number.
func (c *Codec) Payload(typ uint16, payload []byte) (number uint16, body []byte, err error) {
	if !c.Family.Generic() {
		return typ, payload, nil
	}
	if len(payload) < nlmsg.GenericLen {
		return 0, nil, &Error{Offset: len(payload), Err: nlattr.ErrTruncated}
	}
	return uint16(payload[0]), payload[nlmsg.GenericLen:], nil
}
