package nlserve

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// A Service is what a family offers.
type Service struct {
	Family  *nlconn.Family
	Methods []Method
	// Groups are the multicast groups. Those of generic netlink get a number when
	// the family is registered, unless they have one.
	Groups []nlconn.Group
}

// A Method is an operation with the function that carries it out. The functions
// [Exec], [Do], [DoAll] and [Dump] make one.
type Method struct {
	Op   *nlconn.Operation
	kind kind
	run  func(context.Context, *nlattr.Decoder) iter.Seq2[nlconn.Encodable, error]
}

// IsDump reports whether the method serves the dump of its operation.
func (m *Method) IsDump() bool { return m.kind == dump }

// kind is how the answer of a method ends.
type kind uint8

const (
	one  kind = iota // by an ack, if one was asked for
	many             // by NLMSG_DONE, then an ack if one was asked for
	dump             // by NLMSG_DONE
)

// String returns what a method is called in errors.
func (k kind) String() string {
	if k == dump {
		return "dump"
	}
	return "do"
}

// Reply is a pointer to a T that can be sent. It lets functions be called
// without type arguments: callers never write it.
type Reply[T any] interface {
	*T
	nlconn.Encodable
}

// Empty is a request or a reply without content. As a request it takes any: use
// it for operations whose requests carry nothing.
type Empty struct{}

// EncodeTo does nothing.
func (*Empty) EncodeTo(*nlattr.Encoder) {}

// DecodeFrom does nothing.
func (*Empty) DecodeFrom(*nlattr.Decoder) {}

// Exec serves an operation that answers nothing but an ack.
func Exec[Q any, PQ nlconn.Message[Q]](op *nlconn.Operation, f func(context.Context, *Q) error) Method {
	return Method{op, one, func(ctx context.Context, d *nlattr.Decoder) iter.Seq2[nlconn.Encodable, error] {
		return func(yield func(nlconn.Encodable, error) bool) {
			req, err := request[Q, PQ](d)
			if err == nil {
				err = f(ctx, req)
			}
			if err != nil {
				yield(nil, err)
			}
		}
	}}
}

// Do serves an operation that answers one reply. A nil reply without an error is
// none: then there is just the ack.
func Do[Q, R any, PQ nlconn.Message[Q], PR Reply[R]](op *nlconn.Operation, f func(context.Context, *Q) (*R, error)) Method {
	return Method{op, one, func(ctx context.Context, d *nlattr.Decoder) iter.Seq2[nlconn.Encodable, error] {
		return func(yield func(nlconn.Encodable, error) bool) {
			req, err := request[Q, PQ](d)
			var reply *R
			if err == nil {
				reply, err = f(ctx, req)
			}
			if reply != nil && !yield(PR(reply), nil) {
				return
			}
			if err != nil {
				yield(nil, err)
			}
		}
	}}
}

// DoAll serves an operation that answers several replies. An error ends them.
func DoAll[Q, R any, PQ nlconn.Message[Q], PR Reply[R]](op *nlconn.Operation, f func(context.Context, *Q) iter.Seq2[*R, error]) Method {
	return Method{op, many, stream[Q, R, PQ, PR](f)}
}

// Dump serves the dump of an operation. What the function yields is sent while
// the client reads, so a dump can be long. An error ends it;
// [nlconn.ErrDumpInterrupted] at the end marks it as interrupted.
func Dump[Q, R any, PQ nlconn.Message[Q], PR Reply[R]](op *nlconn.Operation, f func(context.Context, *Q) iter.Seq2[*R, error]) Method {
	return Method{op, dump, stream[Q, R, PQ, PR](f)}
}

func stream[Q, R any, PQ nlconn.Message[Q], PR Reply[R]](f func(context.Context, *Q) iter.Seq2[*R, error]) func(context.Context, *nlattr.Decoder) iter.Seq2[nlconn.Encodable, error] {
	return func(ctx context.Context, d *nlattr.Decoder) iter.Seq2[nlconn.Encodable, error] {
		return func(yield func(nlconn.Encodable, error) bool) {
			req, err := request[Q, PQ](d)
			if err != nil {
				yield(nil, err)
				return
			}
			for reply, err := range f(ctx, req) {
				if err != nil {
					yield(nil, err)
					return
				}
				if !yield(PR(reply), nil) {
					return
				}
			}
		}
	}
}

// ErrUnimplemented is what handlers refuse operations with that they do not
// carry out. The client gets EOPNOTSUPP.
var ErrUnimplemented = fmt.Errorf("operation is not implemented: %w", errors.ErrUnsupported)

// Refuse is a dump that fails at once.
func Refuse[R any](err error) iter.Seq2[*R, error] {
	return func(yield func(*R, error) bool) { yield(nil, err) }
}

// request decodes a request.
func request[Q any, PQ nlconn.Message[Q]](d *nlattr.Decoder) (*Q, error) {
	req := new(Q)
	PQ(req).DecodeFrom(d)
	return req, d.Err()
}

// number returns the number of requests for the method and that of its replies.
func (m *Method) number() (request, reply uint16) {
	request, reply = m.Op.Request, m.Op.Reply
	if m.kind == dump {
		if m.Op.DumpRequest != 0 {
			request = m.Op.DumpRequest
		}
		if m.Op.DumpReply != 0 {
			reply = m.Op.DumpReply
		}
	}
	return request, reply
}

// check reports what is wrong with a service.
func (s *Service) check() error {
	if s.Family == nil {
		return fmt.Errorf("service without a family")
	}
	if s.Family.Generic != (s.Family.Protocol == nlconn.ProtocolGeneric) {
		return fmt.Errorf("%s: a family is generic if its protocol is %d, and only then", s.Family.Name, nlconn.ProtocolGeneric)
	}
	for _, m := range s.Methods {
		switch {
		case m.Op == nil || m.run == nil:
			return fmt.Errorf("%s: method without an operation or a function", s.Family.Name)
		case m.Op.Family.Name != s.Family.Name:
			return fmt.Errorf("%s: operation %s belongs to the family %s", s.Family.Name, m.Op.Name, m.Op.Family.Name)
		case m.Op.Family.Protocol != s.Family.Protocol || m.Op.Family.Generic != s.Family.Generic:
			return fmt.Errorf("%s: operation %s belongs to another protocol", s.Family.Name, m.Op.Name)
		}
	}
	return nil
}
