package nlpolicy

import (
	"bytes"
	"encoding/binary"
	"strconv"

	"github.com/nlgen/nlgen/runtime/nlattr"
)

// form says how the items of a place are laid out and named.
type form uint8

const (
	inAttrs   form = iota // attributes of a set
	inArray               // entries of an indexed array: the number is an index
	inLevels              // attributes of a nest-type-value: the number is a value
	inRecords             // C structs with their length, each followed by attributes
)

// A place is a run of bytes that holds items of one form, such as the payload
// of a nest, and knows the places around it. Everything that walks a message by
// its tables does so in places: bytes that do not fit the tables end a walk and
// do no harm.
type place struct {
	form  form
	set   *Set   // inAttrs: the set of the attributes
	attr  *Attr  // else: the attribute whose payload this is
	level int    // inLevels: which level, outermost 0
	body  []byte // the items
	off   int    // bytes before body in the message
	up    *place // the place around this one, nil for the message's own
	found selectors
}

// An item is an attribute, or a record.
type item struct {
	typ     uint16 // type of the attribute with its flags; 0 for a record
	off     int    // bytes before it in the message
	head    int    // bytes of its header
	size    int    // bytes up to the next item
	payload []byte // what stands behind the header
}

// number returns the attribute's number.
func (it *item) number() uint16 { return it.typ & nlattr.TypeMask }

// top returns the place of the top-level attributes of m, or false if body is
// too short for the fixed header. A message without a set has no attributes
// that are known.
func (m *Message) top(body []byte) (place, bool) {
	n := 0
	if m.Header != nil {
		if len(body) < m.Header.Size {
			return place{}, false
		}
		n = min(nlattr.Align(m.Header.Size), len(body))
	}
	return place{set: setOf(m.Attrs), body: body[n:], off: n}, true
}

// empty is the set of those who have none: every attribute is unknown.
var empty Set

// setOf returns the set behind a reference.
func setOf(r Ref) *Set {
	if r != nil {
		if s := r.Set(); s != nil {
			return s
		}
	}
	return &empty
}

// item returns the item at the given position of the place's body, and false at
// the end and where the bytes are no item.
func (p *place) item(at int) (item, bool) {
	b := p.body[min(at, len(p.body)):]
	if p.form == inRecords {
		return p.record(b, at)
	}
	if len(b) < nlattr.HeaderLen {
		return item{}, false
	}
	n := int(binary.NativeEndian.Uint16(b))
	if n < nlattr.HeaderLen || n > len(b) {
		return item{}, false
	}
	return item{
		typ:     binary.NativeEndian.Uint16(b[2:]),
		off:     p.off + at,
		head:    nlattr.HeaderLen,
		size:    nlattr.Align(n),
		payload: b[nlattr.HeaderLen:n],
	}, true
}

// record returns the record that b starts with.
func (p *place) record(b []byte, at int) (item, bool) {
	r := p.attr.Record
	n, ok := r.Len(b)
	if !ok {
		return item{}, false
	}
	head := min(nlattr.Align(r.Header.Size), n)
	return item{off: p.off + at, head: head, size: nlattr.Align(n), payload: b[head:n]}, true
}

// Len returns the length that the record at the start of b says it has, if
// that is possible.
func (r *Record) Len(b []byte) (int, bool) {
	if r.Header == nil || len(b) < r.Header.Size {
		return 0, false
	}
	for i := range r.Header.Members {
		m := &r.Header.Members[i]
		at := r.Header.Offset(m)
		if m.Name != r.Length || at < 0 || m.Size != 2 || at+2 > len(b) {
			continue
		}
		n := int(binary.NativeEndian.Uint16(b[at:]))
		return n, n >= r.Header.Size && n > 0 && n <= len(b)
	}
	return 0, false
}

// inside makes in the place within an item. It returns false if the item is a
// leaf, or one whose content the tables do not know.
func (p *place) inside(it *item, in *place) bool {
	*in = place{body: it.payload, off: it.off + it.head, up: p}
	switch p.form {
	case inAttrs:
		a := p.set.Find(it.number())
		return a != nil && p.open(a, in)
	case inArray:
		in.set = setOf(p.attr.Nested)
		return p.attr.Elem == Nest
	case inLevels:
		if p.level+1 < len(p.attr.Levels) {
			in.form, in.attr, in.level = inLevels, p.attr, p.level+1
		} else {
			in.set = setOf(p.attr.Nested)
		}
	default:
		in.set = setOf(p.attr.Record.Nested)
	}
	return true
}

// open makes in, which holds the payload of a, the place within a.
func (p *place) open(a *Attr, in *place) bool {
	switch a.Kind {
	case Nest:
		in.set = setOf(a.Nested)
		return in.skip(a.Struct)
	case IndexedArray:
		in.form, in.attr = inArray, a
	case NestTypeValue:
		in.set = setOf(a.Nested)
		if len(a.Levels) > 0 {
			in.form, in.attr = inLevels, a
		}
	case SubMessage:
		f := p.format(a)
		if f == nil {
			return false
		}
		in.set = setOf(f.Nested)
		return in.skip(f.Header) && f.Nested != nil
	default:
		if a.Record == nil {
			return false
		}
		in.form, in.attr = inRecords, a
	}
	return true
}

// skip takes the struct off that the place's body starts with, if there is one,
// and returns false if the body is too short for it.
func (p *place) skip(header *Struct) bool {
	if header == nil {
		return true
	}
	if len(p.body) < header.Size {
		return false
	}
	n := min(nlattr.Align(header.Size), len(p.body))
	p.body, p.off = p.body[n:], p.off+n
	return true
}

// format returns the format of the sub-message a in this place, or nil if its
// selector is absent or has a value that the spec does not list. The selector is
// looked for outward; the first set that defines it decides, whether the
// message has it there or not.
func (p *place) format(a *Attr) *Format {
	if a.Sub == nil {
		return nil
	}
	for ; p != nil; p = p.up {
		if p.form != inAttrs {
			continue
		}
		if s := p.set.Named(a.Selector); s != nil {
			if v, ok := p.found.last(p.body, s.Number); ok {
				return a.Sub.Select(s, v)
			}
			return nil
		}
	}
	return nil
}

// selectors remembers the selectors that were found in one list of attributes:
// else a message full of sub-messages would be read once for each of them.
type selectors struct {
	known [4]struct {
		number uint16
		state  uint8 // 0: free, 1: the attribute is absent, 2: present
		start  int   // of the payload
		end    int
	}
	next uint8
}

// last returns the payload of the last attribute with the given number: of
// repeated attributes the last one counts.
func (c *selectors) last(attrs []byte, number uint16) ([]byte, bool) {
	for i := range c.known {
		if k := &c.known[i]; k.state != 0 && k.number == number {
			return attrs[k.start:k.end], k.state == 2
		}
	}
	k := &c.known[c.next%uint8(len(c.known))]
	c.next++
	k.number, k.state, k.start, k.end = number, 1, 0, 0
	p := place{body: attrs}
	for at := 0; ; {
		it, more := p.item(at)
		if !more {
			return attrs[k.start:k.end], k.state == 2
		}
		if it.number() == number {
			k.state, k.start, k.end = 2, at+it.head, at+it.head+len(it.payload)
		}
		at += it.size
	}
}

// A Scope is a list of attributes and the lists around it: where the selector of
// a sub-message is looked for.
type Scope struct {
	Set   *Set
	Attrs []byte
	Up    *Scope // nil for the top-level attributes
	found selectors
}

// Format returns the format of the sub-message a, which stands among the
// attributes of s. It returns nil if the selector is absent, or has a value that
// the spec does not list. The selector is looked for outward: the first set that
// defines it decides, whether the message has it there or not.
func (s *Scope) Format(a *Attr) *Format {
	for ; s != nil && a.Sub != nil; s = s.Up {
		if s.Set == nil {
			continue
		}
		if sel := s.Set.Named(a.Selector); sel != nil {
			if v, ok := s.found.last(s.Attrs, sel.Number); ok {
				return a.Sub.Select(sel, v)
			}
			return nil
		}
	}
	return nil
}

// Select returns the format that the payload of the selector chooses, or nil. A
// string selects by its text, an integer by the name that its enum gives it, or
// else by its decimal digits. An integer of the wrong length chooses nothing, since
// no decoder takes it.
func (s *SubMsg) Select(selector *Attr, payload []byte) *Format {
	if selector.Kind == String || selector.Kind == Binary {
		if i := bytes.IndexByte(payload, 0); i >= 0 {
			payload = payload[:i]
		}
		return s.find(payload)
	}
	v, ok := selector.Integer(payload)
	if n := selector.Kind.Width(); !ok || n != len(payload) && (n != 0 || len(payload) != 4 && len(payload) != 8) {
		return nil
	}
	if name, ok := selector.Enum.NameOf(v); ok {
		return s.Find(name)
	}
	var digits [20]byte
	if selector.Kind.Signed() {
		return s.find(strconv.AppendInt(digits[:0], int64(v), 10))
	}
	return s.find(strconv.AppendUint(digits[:0], v, 10))
}

// find is Find for a value in a byte slice.
func (s *SubMsg) find(value []byte) *Format {
	for i := range s.Formats {
		if s.Formats[i].Value == string(value) {
			return &s.Formats[i]
		}
	}
	return nil
}
