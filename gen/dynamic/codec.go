package dynamic

import (
	"github.com/nlgen/nlgen/gen/diag"
	"github.com/nlgen/nlgen/gen/ir"
	"github.com/nlgen/nlgen/gen/resolve"
	"github.com/nlgen/nlgen/gen/spec"
	"github.com/nlgen/nlgen/runtime/nlattr"
)

// A Codec encodes and decodes the messages of one family. It is safe for
// concurrent use.
type Codec struct {
	Family *ir.Family
	sets   map[*ir.Set]*set
	ops    map[string]*ir.Op
	tables *tables
	// replies says that the messages are those that the kernel sends.
	replies bool
}

// set is an attribute set with its attributes by name and by number.
type set struct {
	*ir.Set
	named    map[string]*ir.Attr
	numbered map[uint16]*ir.Attr
}

// none stands for the set of those that have none: every attribute is unknown.
var none = &set{Set: new(ir.Set)}

// New returns the codec of a family.
func New(f *ir.Family) *Codec {
	c := &Codec{Family: f, sets: make(map[*ir.Set]*set, len(f.Sets)), ops: make(map[string]*ir.Op, len(f.Ops))}
	for _, s := range f.Sets {
		x := &set{Set: s, named: make(map[string]*ir.Attr, len(s.Attrs)), numbered: make(map[uint16]*ir.Attr, len(s.Attrs))}
		for _, a := range s.Attrs {
			x.named[a.Name], x.numbered[a.Number] = a, a
		}
		c.sets[s] = x
	}
	for _, op := range f.Ops {
		c.ops[op.Name] = op
	}
	c.tables = newTables(f)
	return c
}

// A Patch changes a spec before it is resolved.
type Patch func(*diag.Report, *spec.Family)

// Read returns the codec of the spec in src, or nil if the report then has an
// error. Positions carry name. It keeps src, which must not change.
func Read(report *diag.Report, name string, src []byte, patches ...Patch) *Codec {
	return resolved(report, spec.Read(report, name, src), patches)
}

// ReadFile returns the codec of the spec in a file, or nil if the report then has
// an error.
func ReadFile(report *diag.Report, path string, patches ...Patch) *Codec {
	return resolved(report, spec.ReadFile(report, path), patches)
}

func resolved(report *diag.Report, s *spec.Family, patches []Patch) *Codec {
	for _, patch := range patches {
		if s != nil {
			patch(report, s)
		}
	}
	if f := resolve.Family(report, s, resolve.Options{}); f != nil {
		return New(f)
	}
	return nil
}

// Op returns the operation with the given name, or nil.
func (c *Codec) Op(name string) *ir.Op { return c.ops[name] }

// ForReplies returns the codec of what the kernel sends: replies, notifications
// and events. Those of c itself are requests. The two differ only for operations
// whose replies have another fixed header or attribute set, as nlgen.yaml says.
func (c *Codec) ForReplies() *Codec {
	r := *c
	r.replies = true
	return &r
}

// form returns the fixed header and the set of an operation's messages.
func (c *Codec) form(op *ir.Op) (*ir.Struct, *set) {
	if c.replies && op.Reply != nil {
		return op.Reply.Header, c.set(op.Reply.Set)
	}
	return op.Header, c.set(op.Set)
}

// set returns what is known of a set, which may be nil.
func (c *Codec) set(s *ir.Set) *set {
	if x := c.sets[s]; x != nil {
		return x
	}
	return none
}

// Append appends a message of an operation: its fixed header, then the attributes
// in the order of the object. Members of the header that are missing are zero. A
// null stands for an absent attribute, but an empty one if it is a binary. A nil
// object is an empty one. With an error, an *[Error], dst comes back as it was.
func (c *Codec) Append(dst []byte, op *ir.Op, o *Object) ([]byte, error) {
	e := nlattr.NewEncoder(dst)
	if err := c.encode(&e, op, o); err != nil {
		return dst, err
	}
	return e.Finish()
}

// encode writes a message of an operation.
func (c *Codec) encode(e *nlattr.Encoder, op *ir.Op, o *Object) error {
	if o == nil {
		o = new(Object)
	}
	w := writer{c: c, e: e}
	header, set := c.form(op)
	if err := w.content(header, nil, set, o, nil); err != nil {
		return err
	}
	return w.check()
}

// Decode returns the content of a message of an operation: of what stands behind
// nlmsghdr, and genlmsghdr where there is one. Nothing in the object is part of
// the body. The error is an *[Error]. Of repeated attributes that are no
// multi-attr the last one counts.
func (c *Codec) Decode(op *ir.Op, body []byte) (*Object, error) {
	r := reader{c: c}
	return r.message(op, body)
}

// DecodeLenient is [Codec.Decode] for specs that may be wrong: an attribute whose
// payload does not fit what the spec says is kept as if it were unknown, and
// reported in the second result. Only a message that is no list of attributes at
// all is an error.
func (c *Codec) DecodeLenient(op *ir.Op, body []byte) (*Object, []error, error) {
	r := reader{c: c, lenient: true}
	o, err := r.message(op, body)
	return o, r.misfits, err
}

// headerLen returns the bytes of a fixed header with its padding, no more than
// there are.
func headerLen(s *ir.Struct, have int) int {
	if s == nil {
		return 0
	}
	return min(nlattr.Align(s.Size), have)
}

// member returns the member of a struct with the given name, or nil. Padding has
// no name that counts.
func member(s *ir.Struct, name string) *ir.Member {
	if s != nil {
		for _, m := range s.Members {
			if m.Name == name && m.Type != "pad" {
				return m
			}
		}
	}
	return nil
}
