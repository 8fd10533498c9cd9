package dynamic

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strconv"

	"github.com/nlgen/nlgen/gen/ir"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
	"github.com/nlgen/nlgen/runtime/nlpolicy"
)

// Errors of a call that the spec rules out.
var (
	// ErrNoRequest reports an operation that nobody can ask for: a notification.
	ErrNoRequest = errors.New("the operation has no request")
	// ErrNoGroup reports a multicast group that neither the spec nor the kernel
	// knows.
	ErrNoGroup = errors.New("no such multicast group")
)

// A Client calls the kernel. Requests go out as they are, whatever the spec says
// of limits: the kernel is the judge. For the same reason an operation can be
// dumped that only has a do in the spec, and the other way round. What comes back
// is decoded leniently.
type Client struct {
	*Codec
	// Misfit is called with what does not fit the spec in a message that was
	// received. It may be nil.
	Misfit func(error)

	conn   *nlconn.Conn
	family *nlconn.Family
}

// NewClient returns a client of a family.
func NewClient(c *Codec, conn *nlconn.Conn) *Client {
	family := &nlconn.Family{
		Name:     c.Family.Name,
		Protocol: c.Family.Protocol,
		Generic:  c.Family.Generic(),
		Version:  uint8(c.Family.Version),
	}
	if e := c.Family.Errors; e != nil {
		family.Errors = enumTable(e)
	}
	for _, e := range c.Family.Events {
		if e.Private {
			family.Private = append(family.Private, e.Number)
		}
	}
	return &Client{Codec: c, conn: conn, family: family}
}

// operation returns the operation as nlconn has it. Replies may have any number:
// kernels answer with other numbers than specs say (devlink port-get), and all
// that an operation answers has one form. There is no reply policy, since the
// connection only sees the bytes of replies.
func (c *Client) operation(op *ir.Op) *nlconn.Operation {
	x := &nlconn.Operation{Family: c.family, Name: op.Name, Policy: c.tables.messages[op], Mode: nlpolicy.Liberal}
	if op.Do != nil {
		x.Request = op.Do.RequestNumber
	}
	if op.Dump != nil {
		x.DumpRequest = op.Dump.RequestNumber
		if op.Do == nil {
			x.Request = x.DumpRequest
		}
	}
	return x
}

// asked returns an error if an operation has no request.
func (c *Client) asked(op *ir.Op) error {
	if op.Do == nil && op.Dump == nil {
		return fmt.Errorf("%s: %s: %w", c.Family.Name, op.Name, ErrNoRequest)
	}
	return nil
}

// noValidate is what each call adds to the options of its caller, whose slice it
// leaves alone.
var noValidate = []nlconn.CallOption{nlconn.NoValidate}

// payload is a message as bytes.
type payload []byte

func (p payload) EncodeTo(e *nlattr.Encoder) { e.Append(p) }

// reply takes a message as bytes.
type reply struct {
	body []byte
	got  bool
}

func (r *reply) DecodeFrom(d *nlattr.Decoder) { r.body, r.got = bytes.Clone(d.Rest()), true }

// read decodes what was received.
func (c *Client) read(op *ir.Op, body []byte) (*Object, error) {
	o, misfits, err := c.ForReplies().DecodeLenient(op, body)
	for _, m := range misfits {
		if c.Misfit != nil {
			c.Misfit(fmt.Errorf("%s: %s: %w", c.Family.Name, op.Name, m))
		}
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %s: reply: %w", c.Family.Name, op.Name, err)
	}
	return o, nil
}

// request encodes a request.
func (c *Client) request(op *ir.Op, o *Object) (payload, error) {
	b, err := c.Append(nil, op, o)
	if err != nil {
		return nil, fmt.Errorf("%s: %s: %w", c.Family.Name, op.Name, err)
	}
	return b, nil
}

// Do carries out an operation and returns its replies: most answer none or one. A
// change of nftables is sent as a transaction of its own, since the kernel takes it
// in no other form.
func (c *Client) Do(ctx context.Context, op *ir.Op, o *Object, opts ...nlconn.CallOption) ([]*Object, error) {
	if err := c.asked(op); err != nil {
		return nil, err
	}
	req, err := c.request(op, o)
	if err != nil {
		return nil, err
	}
	if begin, end := c.edges(op); begin != nil {
		return c.transact(ctx, begin, end, op, req, opts)
	}
	var list []*Object
	for r, err := range nlconn.DoAll[reply](ctx, c.conn, c.operation(op), req, slices.Concat(opts, noValidate)...) {
		if err != nil {
			return list, err
		}
		o, err := c.read(op, r.body)
		if err != nil {
			return list, err
		}
		list = append(list, o)
	}
	return list, nil
}

// Dump yields the messages of a dump while they come. An error about the content
// of a message stands in its place; every other error is the last thing yielded.
func (c *Client) Dump(ctx context.Context, op *ir.Op, o *Object, opts ...nlconn.CallOption) iter.Seq2[*Object, error] {
	return func(yield func(*Object, error) bool) {
		if err := c.asked(op); err != nil {
			yield(nil, err)
			return
		}
		req, err := c.request(op, o)
		if err != nil {
			yield(nil, err)
			return
		}
		for r, err := range nlconn.Dump[reply](ctx, c.conn, c.operation(op), req, slices.Concat(opts, noValidate)...) {
			var o *Object
			if err == nil {
				o, err = c.read(op, r.body)
			}
			if !yield(o, err) {
				return
			}
		}
	}
}

// A Call is one request of several that are sent together.
type Call struct {
	Op      *ir.Op
	Request *Object
	Flags   nlconn.Flags
}

// Messages of nfnetlink that begin and end a batch (NFNL_MSG_BATCH_BEGIN,
// NFNL_MSG_BATCH_END).
const (
	batchBegin = 16
	batchEnd   = 17
)

// edges returns the operations that begin and end a transaction if the family has
// them and the operation belongs into one: if it is answered by nothing.
func (c *Client) edges(op *ir.Op) (begin, end *nlconn.Operation) {
	if c.Family.Protocol != nlconn.ProtocolNetfilter || op.Do == nil || op.Do.HasReply || op.Do.RequestNumber <= batchEnd {
		return nil, nil
	}
	begins, ends := c.Requests(batchBegin), c.Requests(batchEnd)
	if len(begins) == 0 || len(ends) == 0 {
		return nil, nil
	}
	return c.operation(begins[0]), c.operation(ends[0])
}

// transact carries out one operation as a transaction. Both edges are a struct
// nfgenmsg whose res_id, in network order, is the subsystem: the upper byte of the
// message's type.
func (c *Client) transact(ctx context.Context, begin, end *nlconn.Operation, op *ir.Op, req payload, opts []nlconn.CallOption) ([]*Object, error) {
	edge := payload{0, 0, 0, uint8(op.Do.RequestNumber >> 8)}
	b := c.conn.NewBatch(c.Family.Protocol, nlconn.Transaction(begin, edge, end, edge))
	var r reply
	b.AddReply(ctx, c.operation(op), req, &r, slices.Concat(opts, noValidate)...)
	err := b.Do(ctx)
	var batch *nlconn.BatchError
	if errors.As(err, &batch) && batch.Err == nil && len(batch.Failed) == 1 {
		err = batch.Failed[0].Err
	}
	if err != nil || !r.got {
		return nil, err
	}
	o, err := c.read(op, r.body)
	if err != nil {
		return nil, err
	}
	return []*Object{o}, nil
}

// transaction reports whether the first and the last of some calls make a
// transaction of those between.
func (c *Client) transaction(calls []Call) bool {
	n := len(calls)
	return c.Family.Protocol == nlconn.ProtocolNetfilter && n >= 2 &&
		c.operation(calls[0].Op).Request == batchBegin && c.operation(calls[n-1].Op).Request == batchEnd
}

// Multi carries out several requests that are sent together, and returns the
// first reply to each, nil for those that are only acknowledged. Requests of
// nfnetlink between the messages that begin and end a batch are a transaction.
// The error of requests that fail is a *[nlconn.BatchError].
func (c *Client) Multi(ctx context.Context, calls []Call) ([]*Object, error) {
	requests := make([]payload, len(calls))
	for i, call := range calls {
		if err := c.asked(call.Op); err != nil {
			return nil, err
		}
		req, err := c.request(call.Op, call.Request)
		if err != nil {
			return nil, fmt.Errorf("request %d: %w", i, err)
		}
		requests[i] = req
	}
	first, last := 0, len(calls)
	var opts []nlconn.BatchOption
	if c.transaction(calls) {
		first, last = 1, last-1
		opts = append(opts, nlconn.Transaction(c.operation(calls[0].Op), requests[0], c.operation(calls[last].Op), requests[last]))
	}
	b := c.conn.NewBatch(c.Family.Protocol, opts...)
	replies := make([]reply, len(calls))
	for i := first; i < last; i++ {
		b.AddReply(ctx, c.operation(calls[i].Op), requests[i], &replies[i], calls[i].Flags, nlconn.NoValidate)
	}
	failed := b.Do(ctx)
	var batch *nlconn.BatchError
	if errors.As(failed, &batch) {
		for _, f := range batch.Failed {
			f.Index += first // Those that begin a transaction count here.
		}
	}
	list := make([]*Object, len(calls))
	for i := range replies {
		if replies[i].got {
			var err error
			if list[i], err = c.read(calls[i].Op, replies[i].body); err != nil && failed == nil {
				failed = err
			}
		}
	}
	return list, failed
}

// A Notification is a message that nobody asked for.
type Notification struct {
	Name string // of the operation
	Msg  any    // an *Object; hex digits if no operation has the message's number
}

// Object returns the notification as JSON has it.
func (n *Notification) Object() *Object {
	return &Object{Keys: []string{"name", "msg"}, Values: []any{n.Name, n.Msg}}
}

// Listen joins multicast groups and then yields their notifications. Groups are
// those of the spec, others that the kernel knows by name, or numbers. Errors stand
// in the place of notifications. The loop ends when ctx ends.
func (c *Client) Listen(ctx context.Context, groups ...string) (iter.Seq2[*Notification, error], error) {
	var join []nlconn.Group
	for _, name := range groups {
		g, err := c.group(name)
		if err != nil {
			return nil, err
		}
		join = append(join, g)
	}
	sub, err := nlconn.Subscribe(ctx, c.conn, c.family, c.notification, join...)
	if err != nil {
		return nil, err
	}
	return func(yield func(*Notification, error) bool) {
		defer sub.Close()
		for n, err := range sub.All(ctx) {
			if !yield(n, err) {
				return
			}
		}
	}, nil
}

// group returns the group of the given name or number.
func (c *Client) group(name string) (nlconn.Group, error) {
	for _, g := range c.Family.Groups {
		if g.Name != name {
			continue
		}
		if g.ID == 0 && !c.Family.Generic() {
			return nlconn.Group{}, fmt.Errorf("%s: %w: the spec has %q without a number; groups can be named by their number, too",
				c.Family.Name, ErrNoGroup, name)
		}
		return nlconn.Group{Name: name, ID: g.ID}, nil
	}
	if id, err := strconv.ParseUint(name, 10, 32); err == nil && id > 0 {
		return nlconn.Group{Name: name, ID: uint32(id)}, nil
	}
	if !c.Family.Generic() {
		return nlconn.Group{}, fmt.Errorf("%s: %w: %q", c.Family.Name, ErrNoGroup, name)
	}
	return nlconn.Group{Name: name}, nil
}

// notification decodes a notification. A message without a place in the spec may
// still be the news of a request that was carried out: unless requests and answers
// are numbered apart, it has the number of that request (RTM_DELLINK,
// OVS_DP_CMD_NEW).
func (c *Client) notification(n *nlconn.Notification) (*Notification, error) {
	ops := c.Replies(n.Number)
	if len(ops) == 0 && (!c.Family.Generic() || !c.Family.Directional) {
		ops = c.Requests(n.Number)
	}
	if len(ops) == 0 {
		return &Notification{Name: "Unknown(" + strconv.Itoa(int(n.Number)) + ")", Msg: showBytes(ir.NoHint, n.Body)}, nil
	}
	op, o, err := c.ForReplies().DecodeBest(ops, n.Body)
	if err != nil {
		op = ops[0]
		o, err = c.read(op, n.Body)
	}
	return &Notification{Name: op.Name, Msg: o}, err
}
