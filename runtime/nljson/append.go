package nljson

import (
	"encoding/binary"
	"strconv"

	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlpolicy"
)

// Append appends a message as a JSON object. The body is what stands behind
// nlmsghdr, and genlmsghdr where there is one: the fixed header and the
// attributes. With an error, an *[Error], dst comes back as it was.
//
// Of repeated attributes that are no multi-attr the last one counts.
func Append(dst []byte, m *nlpolicy.Message, body []byte) ([]byte, error) {
	if m.Header != nil && len(body) < m.Header.Size {
		return dst, &Error{Err: nlattr.ErrTruncated}
	}
	x := appender{b: dst, all: cap(body)}
	x.b = append(x.b, '{')
	err := x.content(m.Header, "", setOf(m.Attrs), body, nil, 0)
	return x.finish(len(dst), err)
}

// AppendSet appends attributes that belong to one set as a JSON object.
func AppendSet(dst []byte, set *nlpolicy.Set, attrs []byte) ([]byte, error) {
	x := appender{b: dst, all: cap(attrs)}
	x.b = append(x.b, '{')
	err := x.content(nil, "", set, attrs, nil, 0)
	return x.finish(len(dst), err)
}

// AppendStruct appends a C struct as a JSON object. If b is too short, the
// members that are missing are zero; bytes behind the struct are ignored.
func AppendStruct(dst []byte, s *nlpolicy.Struct, b []byte) []byte {
	x := appender{b: dst}
	x.object(s, b, 0)
	return x.b
}

// appender writes JSON.
type appender struct {
	b       []byte
	all     int     // capacity of the whole input, to tell offsets by
	entries []entry // the attributes of the nests that are open
}

// finish returns the result.
func (x *appender) finish(start int, err error) ([]byte, error) {
	if err != nil {
		return x.b[:start], err
	}
	return append(x.b, '}'), nil
}

// fail returns an error about a part of the input.
func (x *appender) fail(part []byte, err error) error {
	return &Error{Offset: x.all - cap(part), Err: err}
}

// An entry is an attribute of a nest that is open.
type entry struct {
	typ     uint16 // with its flags
	again   bool   // there was one with this number before
	next    int32  // index of the next one with this number, or -1
	payload []byte
}

// manyEntries is how many attributes a nest may have before those with equal
// numbers are found with a map.
const manyEntries = 64

// index appends the attributes in b to x.entries, those with equal numbers
// chained to one another.
func (x *appender) index(b []byte) error {
	start := len(x.entries)
	var tails map[uint16]int32
	for len(b) > 0 {
		typ, payload, rest, err := cut(b)
		if err != nil {
			return x.fail(b, err)
		}
		b = rest
		now := int32(len(x.entries))
		x.entries = append(x.entries, entry{typ: typ, next: -1, payload: payload})
		number := typ & nlattr.TypeMask
		if int(now)-start == manyEntries {
			tails = make(map[uint16]int32, 2*manyEntries)
			for i, e := range x.entries[start:now] {
				tails[e.typ&nlattr.TypeMask] = int32(start + i)
			}
		}
		if tails != nil {
			if tail, ok := tails[number]; ok {
				x.entries[tail].next, x.entries[now].again = now, true
			}
			tails[number] = now
			continue
		}
		for i := int(now) - 1; i >= start; i-- {
			if e := &x.entries[i]; e.typ&nlattr.TypeMask == number {
				e.next, x.entries[now].again = now, true
				break
			}
		}
	}
	return nil
}

// cut splits the first attribute off b.
func cut(b []byte) (typ uint16, payload, rest []byte, err error) {
	if len(b) < nlattr.HeaderLen {
		return 0, nil, nil, nlattr.ErrTrailing
	}
	n := int(binary.NativeEndian.Uint16(b))
	if n < nlattr.HeaderLen || n > len(b) {
		return 0, nil, nil, nlattr.ErrTruncated
	}
	return binary.NativeEndian.Uint16(b[2:]), b[nlattr.HeaderLen:n], b[min(nlattr.Align(n), len(b)):], nil
}

// key starts a member of the object that is open.
func (x *appender) key(name string) {
	if x.b[len(x.b)-1] != '{' {
		x.b = append(x.b, ',')
	}
	x.b = appendText(x.b, name)
	x.b = append(x.b, ':')
}

// comma starts an element of the array that is open.
func (x *appender) comma() {
	if x.b[len(x.b)-1] != '[' {
		x.b = append(x.b, ',')
	}
}

// content writes a fixed header but for the member skip, and the attributes
// behind it, into the object that is open.
func (x *appender) content(h *nlpolicy.Struct, skip string, set *nlpolicy.Set, b []byte, up *nlpolicy.Scope, depth int) error {
	if depth > nlattr.MaxDepth {
		return x.fail(b, nlattr.ErrTooDeep)
	}
	if h != nil {
		x.members(h, skip, b, 0)
		if h.Array != nil {
			return nil // it ends where the content does
		}
		b = b[headerLen(h, len(b)):]
	}
	start := len(x.entries)
	err := x.index(b)
	s := nlpolicy.Scope{Set: set, Attrs: b, Up: up}
	for i, end := start, len(x.entries); i < end && err == nil; i++ {
		if x.entries[i].again {
			continue
		}
		number := x.entries[i].typ & nlattr.TypeMask
		a := set.Find(number)
		if a == nil {
			err = x.unknown(number, i, depth)
		} else if a.Kind != nlpolicy.Unused && a.Kind != nlpolicy.Pad && member(h, a.Name) == nil {
			err = x.known(&s, a, i, depth)
		}
	}
	x.entries = x.entries[:start]
	return err
}

// known writes an attribute of a set, from the entry with its first occurrence.
func (x *appender) known(s *nlpolicy.Scope, a *nlpolicy.Attr, i, depth int) error {
	x.key(a.Name)
	if a.Flags&nlpolicy.Multi == 0 {
		for x.entries[i].next >= 0 {
			i = int(x.entries[i].next)
		}
		if err := x.value(s, a, x.entries[i].payload, depth); err != nil {
			return within(a.Name, err)
		}
		return nil
	}
	x.b = append(x.b, '[')
	for n := 0; i >= 0; n++ {
		x.comma()
		if err := x.value(s, a, x.entries[i].payload, depth); err != nil {
			return within(a.Name, within(step(n), err))
		}
		i = int(x.entries[i].next)
	}
	x.b = append(x.b, ']')
	return nil
}

// step returns an index as a step of a path.
func step(n int) string { return "[" + strconv.Itoa(n) + "]" }

// unknown writes an attribute that the set does not have.
func (x *appender) unknown(number uint16, i, depth int) error {
	name := "UnknownAttr(" + strconv.Itoa(int(number)) + ")"
	x.key(name)
	several := x.entries[i].next >= 0
	if several {
		x.b = append(x.b, '[')
	}
	for i >= 0 {
		if several {
			x.comma()
		}
		e := x.entries[i]
		if e.typ&nlattr.Nested != 0 && depth < nlattr.MaxDepth && wellFormed(e.payload) {
			x.b = append(x.b, '{')
			if err := x.content(nil, "", new(nlpolicy.Set), e.payload, nil, depth+1); err != nil {
				return within(name, err)
			}
			x.b = append(x.b, '}')
		} else {
			x.b = appendHex(x.b, e.payload)
		}
		i = int(e.next)
	}
	if several {
		x.b = append(x.b, ']')
	}
	return nil
}

// wellFormed reports whether b is a list of attributes.
func wellFormed(b []byte) bool {
	for len(b) > 0 {
		_, _, rest, err := cut(b)
		if err != nil {
			return false
		}
		b = rest
	}
	return true
}
