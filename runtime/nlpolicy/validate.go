package nlpolicy

import (
	"bytes"
	"encoding/binary"
	"slices"
	"sync"
	"syscall"

	"github.com/nlgen/nlgen/runtime/nlattr"
)

// Mode is how strictly a message is looked at.
type Mode uint8

// The modes of the kernel's parser.
const (
	// Strict is how the kernel parses the requests of all newer families
	// (NL_VALIDATE_STRICT): unknown attributes, wrong lengths, a wrong
	// NLA_F_NESTED bit and trailing bytes are errors.
	Strict Mode = iota
	// Liberal is how it parses those of older ones (NL_VALIDATE_LIBERAL):
	// unknown attributes and trailing bytes are skipped, integers may be too
	// long, and NLA_F_NESTED does not matter.
	Liberal
)

// maxDepth is how deep the kernel goes into one policy
// (MAX_POLICY_RECURSION_DEPTH).
const maxDepth = 10

// Validate checks a request against its tables as the kernel would, and returns
// a *[ValidationError] for the first attribute that it would refuse, or nil. The
// body of the message is what stands behind nlmsghdr, and genlmsghdr where there
// is one. Nothing is allocated for a valid message.
//
// The names of an enum are no limit: a value that the spec does not know is
// taken, since a newer kernel may know it. What kernels check by hand, such as
// attributes that must not be missing, is not in the tables.
func Validate(m *Message, body []byte, mode Mode) error {
	p, ok := m.top(body)
	if !ok {
		f := finding{errno: syscall.EINVAL, msg: msgHeader, nest: -1,
			why: whyBelow | whyLength, value: uint64(len(body)), limit: uint64(m.Header.Size)}
		return f.error(m, nil)
	}
	v := validators.Get().(*validator)
	v.mode, v.accept, v.depth, v.places[0] = mode, m.Accept, 0, p
	var err error
	if !v.attrs(&v.places[0], 0) {
		err = v.found.error(m, body)
	}
	for i := range v.used + 1 {
		v.places[i] = place{} // holds on to body
	}
	v.used, v.accept, v.found = 0, nil, finding{}
	validators.Put(v)
	return err
}

var validators = sync.Pool{New: func() any { return new(validator) }}

// validator is a walk through one message. It is used again and again, since the
// places that it is in refer to one another and would be allocated.
type validator struct {
	mode   Mode
	accept []uint16                   // of the top-level attributes
	depth  int                        // how deep it is, sub-messages and all
	used   int                        // how deep it has been
	places [nlattr.MaxDepth + 2]place // where it is, outermost first
	found  finding
}

// finding is what is wrong with a message, in parts: nothing is allocated before
// it is asked for.
type finding struct {
	errno syscall.Errno
	msg   string
	attr  *Attr
	off   int // offset of the item, or of bytes that are none
	nest  int // where no item is at fault: an offset in the nest, or -1 at the top; else off
	why   reason
	value uint64
	limit uint64
}

// fail records what is wrong with an item, and returns false.
func (v *validator) fail(errno syscall.Errno, msg string, a *Attr, it *item, why reason, value, limit uint64) bool {
	v.found = finding{errno, msg, a, it.off, it.off, why, value, limit}
	return false
}

// failIn records what is wrong with a place as a whole, at a position in it.
func (v *validator) failIn(p *place, at int, msg string, why reason, value uint64) bool {
	v.found = finding{errno: syscall.EINVAL, msg: msg, off: p.off + at, nest: -1, why: why, value: value}
	if p.up != nil {
		v.found.nest = p.off - 1
	}
	return false
}

// attrs checks the attributes of a place, as __nla_validate_parse does, and
// reports whether they are valid. The depth counts the nests of one policy.
func (v *validator) attrs(p *place, depth int) bool {
	if depth >= maxDepth {
		return v.failIn(p, 0, msgDepth, 0, 0)
	}
	at := 0
	for {
		it, ok := p.item(at)
		if !ok {
			break
		}
		if !v.attr1(p, &it, depth) {
			return false
		}
		at += it.size
	}
	if at >= len(p.body) || v.mode == Liberal {
		return true
	}
	return v.failIn(p, at, msgTrailing, whyBytes, uint64(len(p.body)-at))
}

// attr1 checks one attribute, as validate_nla does.
func (v *validator) attr1(p *place, it *item, depth int) bool {
	number := it.number()
	a := p.set.Find(number)
	known := a != nil && a.Kind != Unused && a.Kind != Pad
	top := p.up == nil
	if known && top && v.accept != nil {
		_, known = slices.BinarySearch(v.accept, number)
	}
	if !known {
		if v.mode == Liberal {
			return true
		}
		msg := msgUnsupported
		if number == 0 || number > v.highest(p.set, top) {
			msg = msgUnknown
		}
		return v.fail(syscall.EINVAL, msg, a, it, 0, 0, 0)
	}
	if v.mode == Strict {
		if n := a.Kind.Width(); n != 0 && len(it.payload) != n {
			return v.fail(syscall.EINVAL, msgLength, a, it, whyNot|whyLength, uint64(len(it.payload)), uint64(n))
		}
		if !v.nestedBit(p, a, it) {
			return false
		}
	}
	return v.payload(p, a, it, depth)
}

// highest returns the highest number that the kernel's policy has: above it
// attributes are unknown, below it they are not supported.
func (v *validator) highest(s *Set, top bool) uint16 {
	if top && v.accept != nil {
		if n := len(v.accept); n > 0 {
			return v.accept[n-1]
		}
		return 0
	}
	for i := len(s.Attrs) - 1; i >= 0; i-- {
		if k := s.Attrs[i].Kind; k != Unused && k != Pad {
			return s.Attrs[i].Number
		}
	}
	return 0
}

// nestedBit checks the bit NLA_F_NESTED, which nests must have and nothing else
// may have.
func (v *validator) nestedBit(p *place, a *Attr, it *item) bool {
	want := false
	switch a.Kind {
	case Nest, IndexedArray, NestTypeValue:
		want = !a.headed() // To the kernel, what starts with a struct is a binary.
	case SubMessage:
		f := p.format(a)
		if f == nil {
			return true
		}
		want = f.Nested != nil
	}
	switch has := it.typ&nlattr.Nested != 0; {
	case want && !has:
		return v.fail(syscall.EINVAL, msgNested, a, it, 0, 0, 0)
	case has && !want:
		return v.fail(syscall.EINVAL, msgNotNested, a, it, 0, 0, 0)
	}
	return true
}

// payload checks the payload of an attribute by its kind.
func (v *validator) payload(p *place, a *Attr, it *item, depth int) bool {
	n := len(it.payload)
	switch a.Kind {
	case Flag:
		if n > 0 {
			return v.fail(syscall.ERANGE, msgFailed, a, it, whyNot|whyLength, uint64(n), 0)
		}
	case U8, U16, U32, U64, S8, S16, S32, S64, Uint, Sint:
		return v.integer(a, a.Kind, it)
	case Bitfield32:
		return v.bitfield(a, it)
	case String:
		return v.string(a, it)
	case Binary:
		return v.binary(a, it) && (a.Record == nil || n == 0 || v.enter(p, it, 0))
	case Nest, NestTypeValue, IndexedArray:
		if a.headed() {
			if n < a.Struct.Size {
				return v.fail(syscall.EINVAL, msgFailed, a, it, whyBelow|whyLength, uint64(n), uint64(a.Struct.Size))
			}
			return v.enter(p, it, 0)
		}
		if n == 0 {
			return true
		}
		if n < nlattr.HeaderLen {
			return v.fail(syscall.ERANGE, msgFailed, a, it, whyBelow|whyLength, uint64(n), nlattr.HeaderLen)
		}
		if a.Nested == nil && a.Kind != IndexedArray {
			return true
		}
		return v.enter(p, it, depth+1)
	case SubMessage:
		return v.subMessage(p, a, it)
	}
	return true
}

// enter checks what is inside an item.
func (v *validator) enter(p *place, it *item, depth int) (ok bool) {
	if v.depth >= nlattr.MaxDepth {
		return v.failIn(p, 0, msgDepth, 0, 0)
	}
	v.depth++
	v.used = max(v.used, v.depth)
	in := &v.places[v.depth]
	switch {
	case !p.inside(it, in):
		ok = true
	case in.form == inAttrs:
		ok = v.attrs(in, depth)
	case in.form == inRecords:
		ok = v.records(in)
	default:
		ok = v.entries(in, depth)
	}
	v.depth--
	return ok
}

// subMessage checks the fixed header of a sub-message and its attributes, whose
// policy is another one.
func (v *validator) subMessage(p *place, a *Attr, it *item) bool {
	f := p.format(a)
	if f == nil {
		return true
	}
	if n := len(it.payload); f.Header != nil && n < f.Header.Size {
		return v.fail(syscall.EINVAL, msgFailed, a, it, whyBelow|whyLength, uint64(n), uint64(f.Header.Size))
	}
	return f.Nested == nil || v.enter(p, it, 0)
}

// entries checks the entries of an indexed array, as nla_validate_array does, or
// the attributes of a nest-type-value. Bytes behind the last entry are ignored.
func (v *validator) entries(p *place, depth int) bool {
	for at := 0; ; {
		it, ok := p.item(at)
		if !ok {
			return true
		}
		at += it.size
		a, n := p.attr, len(it.payload)
		if p.form == inArray && a.Elem != Nest {
			if !v.element(a, &it) {
				return false
			}
			continue
		}
		if n == 0 || a.Nested == nil {
			continue
		}
		if n < nlattr.HeaderLen {
			return v.fail(syscall.ERANGE, msgElement, a, &it, whyBelow|whyLength, uint64(n), nlattr.HeaderLen)
		}
		if !v.enter(p, &it, depth) {
			return false
		}
	}
}

// element checks an entry of an indexed array that is no nest.
func (v *validator) element(a *Attr, it *item) bool {
	switch {
	case a.Elem.Integer():
		if n := a.Elem.Width(); v.mode == Strict && n != 0 && len(it.payload) != n {
			return v.fail(syscall.EINVAL, msgLength, a, it, whyNot|whyLength, uint64(len(it.payload)), uint64(n))
		}
		return v.integer(a, a.Elem, it)
	case a.Elem == String:
		return v.string(a, it)
	case a.Elem == Binary:
		return v.binary(a, it)
	}
	return true
}

// records checks the lengths of records and the attributes in them.
func (v *validator) records(p *place) bool {
	at := 0
	for {
		it, ok := p.item(at)
		if !ok {
			break
		}
		if !v.enter(p, &it, 0) {
			return false
		}
		at += it.size
	}
	if at >= len(p.body) || v.mode == Liberal {
		return true
	}
	return v.failIn(p, at, msgRecord, whyBytes, uint64(len(p.body)-at))
}

// integer checks the length, range and mask of an integer.
func (v *validator) integer(a *Attr, k Kind, it *item) bool {
	n := len(it.payload)
	value, ok := LoadInteger(k, a.Flags, it.payload)
	if k == Uint || k == Sint {
		if n != 4 && n != 8 {
			return v.fail(syscall.EINVAL, msgLength, a, it, whyWord, uint64(n), 0)
		}
	} else if !ok {
		return v.fail(syscall.ERANGE, msgFailed, a, it, whyNot|whyLength, uint64(n), uint64(k.Width()))
	}
	l := a.Limits
	if l == nil {
		return true
	}
	lo, hi := uint64(l.Min), uint64(l.Max)
	var below, above bool
	if k.Signed() {
		below, above = int64(value) < l.Min, int64(value) > l.Max
	} else {
		below, above = value < lo, value > hi
	}
	switch {
	case l.Has&HasMin != 0 && below:
		return v.fail(syscall.ERANGE, msgRange, a, it, whyBelow, value, lo)
	case l.Has&HasMax != 0 && above:
		return v.fail(syscall.ERANGE, msgRange, a, it, whyAbove, value, hi)
	case l.Has&HasMask != 0 && value&^l.Mask != 0:
		return v.fail(syscall.EINVAL, msgMask, a, it, whyMask, value, value&^l.Mask)
	}
	return true
}

// bitfield checks a struct nla_bitfield32.
func (v *validator) bitfield(a *Attr, it *item) bool {
	if len(it.payload) != 8 {
		return v.fail(syscall.ERANGE, msgFailed, a, it, whyNot|whyLength, uint64(len(it.payload)), 8)
	}
	value := uint64(binary.NativeEndian.Uint32(it.payload))
	selector := uint64(binary.NativeEndian.Uint32(it.payload[4:]))
	if l := a.Limits; l != nil && l.Has&HasMask != 0 && (value|selector)&^l.Mask != 0 {
		return v.fail(syscall.EINVAL, msgFailed, a, it, whyMask, value|selector, (value|selector)&^l.Mask)
	}
	if value&^selector != 0 {
		return v.fail(syscall.EINVAL, msgFailed, a, it, whySelector, value, value&^selector)
	}
	return true
}

// string checks a string: NLA_NUL_STRING, NLA_STRING if it may lack the NUL, and
// NLA_BINARY if its length is fixed.
func (v *validator) string(a *Attr, it *item) bool {
	n, most := len(it.payload), -1
	if l := a.Limits; l != nil {
		if l.Has&HasExactLen != 0 {
			return v.binary(a, it)
		}
		if l.Has&HasMaxLen != 0 && l.MaxLen > 0 {
			most = int(min(l.MaxLen, nlattr.MaxLen))
		}
	}
	if a.Flags&Unterminated == 0 {
		within := n
		if most >= 0 {
			within = min(n, most+1)
		}
		if bytes.IndexByte(it.payload[:within], 0) < 0 {
			if within < n {
				return v.fail(syscall.EINVAL, msgFailed, a, it, whyAbove|whyText, uint64(n), uint64(most))
			}
			return v.fail(syscall.EINVAL, msgFailed, a, it, whyNul, uint64(n), 0)
		}
	}
	if n < 1 {
		return v.fail(syscall.ERANGE, msgFailed, a, it, whyBelow|whyLength, 0, 1)
	}
	if it.payload[n-1] == 0 {
		n--
	}
	if most >= 0 && n > most {
		return v.fail(syscall.ERANGE, msgFailed, a, it, whyAbove|whyText, uint64(n), uint64(most))
	}
	return true
}

// binary checks the length of a binary.
func (v *validator) binary(a *Attr, it *item) bool {
	l := a.Limits
	if l == nil {
		return true
	}
	n := uint64(len(it.payload))
	switch {
	case l.Has&HasExactLen != 0 && n != uint64(l.Exact):
		return v.fail(syscall.ERANGE, msgSize, a, it, whyNot|whyLength, n, uint64(l.Exact))
	case l.Has&HasMinLen != 0 && n < uint64(l.MinLen):
		return v.fail(syscall.ERANGE, msgSize, a, it, whyBelow|whyLength, n, uint64(l.MinLen))
	case l.Has&HasMaxLen != 0 && n > uint64(l.MaxLen):
		return v.fail(syscall.ERANGE, msgSize, a, it, whyAbove|whyLength, n, uint64(l.MaxLen))
	}
	return true
}
