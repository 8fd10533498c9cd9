package nljson

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlpolicy"
)

// Encode writes the message that a JSON object describes: its fixed header, then
// the attributes in the order of the object. Members of the header that are
// missing are zero. A null stands for an absent attribute, but an empty one if
// it is a binary.
//
// The error is an *[Error]; then what was written is of no use, and the encoder
// has failed too.
func Encode(e *nlattr.Encoder, m *nlpolicy.Message, src []byte) error {
	return encode(e, m.Header, setOf(m.Attrs), src)
}

// EncodeSet writes the attributes of one set that a JSON object describes.
func EncodeSet(e *nlattr.Encoder, set *nlpolicy.Set, src []byte) error {
	return encode(e, nil, set, src)
}

// EncodeStruct writes the C struct that a JSON object describes into b, which
// has the size of the struct. Members that are missing are zero. An array at the
// end of the struct is not written.
func EncodeStruct(b []byte, s *nlpolicy.Struct, src []byte) error {
	n, err := parse(src)
	if err != nil {
		return err
	}
	if len(b) < s.Size {
		return n.fail(nlattr.ErrTruncated)
	}
	clear(b[:s.Size])
	return putStruct(b, s, &n, 0)
}

func encode(e *nlattr.Encoder, h *nlpolicy.Struct, set *nlpolicy.Set, src []byte) error {
	n, err := parse(src)
	w := writer{e: e}
	if err == nil {
		err = w.content(h, "", set, &n, nil)
	}
	if err == nil {
		err = w.check(&n)
	}
	if err != nil {
		e.Fail(0, err)
	}
	return err
}

// fail returns an error about a value.
func (n *node) fail(err error) error { return &Error{Offset: n.at, Err: err} }

// want returns an error about a value of another sort than is needed.
func (n *node) want(what string) error {
	return n.fail(fmt.Errorf("got %s, want %s", sortNames[n.sort], what))
}

// writer writes attributes from JSON.
type writer struct{ e *nlattr.Encoder }

// A scope is an object that describes attributes, and those around it: where the
// selector of a sub-message is looked for.
type scope struct {
	set    *nlpolicy.Set
	object *node
	up     *scope
}

// content writes a fixed header but for the member skip, and the attributes
// behind it.
func (w *writer) content(h *nlpolicy.Struct, skip string, set *nlpolicy.Set, n *node, up *scope) error {
	if n.sort != isObject {
		return n.want(sortNames[isObject])
	}
	if err := w.check(n); err != nil {
		return err // the nest is too deep
	}
	if h != nil {
		b := w.e.Extend(h.Size)
		for i, key := range n.keys {
			if m := member(h, key); m != nil && key != skip && !shadowed(h, set, m, &n.list[i]) {
				if err := putMember(memberOf(b, h, m), m, &n.list[i], 0); err != nil {
					return within(key, err)
				}
			}
		}
		if h.Array != nil {
			if err := w.elements(h, n); err != nil {
				return err
			}
			return known(h, n) // No attributes follow: the array ends where the content does.
		}
		w.e.Pad()
	}
	s := scope{set: set, object: n, up: up}
	for i, key := range n.keys {
		if m := member(h, key); m != nil && key != skip && !shadowed(h, set, m, &n.list[i]) {
			continue
		}
		if err := w.attr(&s, key, &n.list[i]); err != nil {
			return within(key, err)
		}
	}
	return nil
}

// known returns an error about the first key of an object that is neither a member
// of a struct nor its array.
func known(s *nlpolicy.Struct, n *node) error {
	for i, key := range n.keys {
		if member(s, key) == nil && (s.Array == nil || key != s.Array.Name) {
			return within(key, n.list[i].fail(fmt.Errorf("%w in %s", ErrUnknown, s.Name)))
		}
	}
	return nil
}

// shadowed reports whether a value that the name of a header's member stands for
// is that of the attribute with this name: the member cannot hold it, as it is too
// large or of another sort.
func shadowed(h *nlpolicy.Struct, set *nlpolicy.Set, m *nlpolicy.Member, n *node) bool {
	return set.Named(m.Name) != nil && putMember(make([]byte, m.Size), m, n, 0) != nil
}

// attr writes the attribute that a key names.
func (w *writer) attr(s *scope, key string, n *node) error {
	a := s.set.Named(key)
	switch {
	case a == nil:
		number, ok := unknownNumber(key)
		if !ok {
			return n.fail(fmt.Errorf("%w in %s", ErrUnknown, s.set.Name))
		}
		return w.unknown(number, n)
	case a.Kind == nlpolicy.Unused || a.Kind == nlpolicy.Pad:
		return n.fail(fmt.Errorf("an attribute of type %s is never sent", a.Kind))
	case a.Flags&nlpolicy.Multi != 0 && n.sort == isArray:
		for i := range n.list {
			if err := w.one(s, a, &n.list[i]); err != nil {
				return within(step(i), err)
			}
		}
		return nil
	}
	return w.one(s, a, n)
}

// one writes one attribute, or none for null and for a flag that is false.
func (w *writer) one(s *scope, a *nlpolicy.Attr, n *node) error {
	if n.sort == isNull && a.Kind != nlpolicy.Binary {
		return nil
	}
	if err := w.value(s, a, n); err != nil {
		return err
	}
	return w.check(n)
}

// check returns the error of the encoder as one about the value that was written
// last.
func (w *writer) check(n *node) error {
	err := w.e.Err()
	if err == nil {
		return nil
	}
	var e *nlattr.Error
	if errors.As(err, &e) {
		err = e.Err
	}
	return n.fail(err)
}

// unknownNumber returns the number in "UnknownAttr(68)".
func unknownNumber(key string) (uint16, bool) {
	digits, ok := strings.CutPrefix(key, "UnknownAttr(")
	if !ok {
		return 0, false
	}
	digits, ok = strings.CutSuffix(digits, ")")
	n, err := strconv.ParseUint(digits, 10, 14)
	return uint16(n), ok && err == nil
}

// unknown writes an attribute that is known by its number only.
func (w *writer) unknown(number uint16, n *node) error {
	switch n.sort {
	case isObject:
		nest := w.e.Begin(number)
		if err := w.content(nil, "", new(nlpolicy.Set), n, nil); err != nil {
			return err
		}
		w.e.End(nest)
	case isArray:
		for i := range n.list {
			if n.list[i].sort == isArray {
				return within(step(i), n.list[i].want("hex digits or an object"))
			}
			if err := w.unknown(number, &n.list[i]); err != nil {
				return within(step(i), err)
			}
		}
	default:
		b, err := unhex(n, nlpolicy.NoHint)
		if err != nil {
			return err
		}
		w.e.Bytes(number, b)
	}
	return w.check(n)
}

// format returns the format of a sub-message.
func (s *scope) format(a *nlpolicy.Attr) *nlpolicy.Format {
	for ; s != nil && a.Sub != nil; s = s.up {
		sel := s.set.Named(a.Selector)
		if sel == nil {
			continue
		}
		n := s.object.last(sel.Name)
		if n != nil && n.sort == isArray && len(n.list) > 0 && !flagged(sel.Enum, sel.Flags) {
			n = &n.list[len(n.list)-1]
		}
		if n == nil || n.sort == isNull {
			return nil
		}
		if sel.Kind == nlpolicy.String {
			return a.Sub.Select(sel, []byte(n.text))
		}
		var b [8]byte
		v, err := integer(n, sel.Kind, sel.Flags, sel.Hint, sel.Enum)
		if err != nil {
			return nil
		}
		return a.Sub.Select(sel, putInteger(b[:], width(sel.Kind, v), sel.Flags, v))
	}
	return nil
}
