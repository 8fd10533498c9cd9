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
// Of repeated attributes that are no multi-attr the last one counts. An attribute
// whose payload is not what the table says is shown as an unknown one: only what
// is no list of attributes at all is an error.
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
	if h != nil && h.Array != nil {
		x.members(h, skip, b, 0, nil)
		return nil // it ends where the content does
	}
	start, attrs := len(x.entries), b[headerLen(h, len(b)):]
	err := x.index(attrs)
	end := len(x.entries)
	if h != nil && err == nil {
		x.members(h, skip, b, 0, func(m *nlpolicy.Member) bool { return x.replaced(set, m, up != nil, start, end) })
	}
	s := nlpolicy.Scope{Set: set, Attrs: attrs, Up: up}
	for i := start; i < end && err == nil; i++ {
		if x.entries[i].again {
			continue
		}
		number := x.entries[i].typ & nlattr.TypeMask
		a := set.Find(number)
		switch {
		case a == nil:
			x.unknown(number, i, depth)
		case a.Kind == nlpolicy.Unused || a.Kind == nlpolicy.Pad:
		case member(h, a.Name) != nil && !x.replaced(set, member(h, a.Name), up != nil, start, end):
		default:
			x.known(&s, a, i, depth)
		}
	}
	x.entries = x.entries[:start]
	return err
}

// replaced reports whether some entry is an attribute that stands in the place of
// the header's member with its name: any in a sub-message, and a number that the
// member cannot hold anywhere, since it is what the member stands for.
func (x *appender) replaced(set *nlpolicy.Set, m *nlpolicy.Member, inner bool, start, end int) bool {
	a := set.Named(m.Name)
	if a == nil {
		return false
	}
	last := -1
	for i := start; i < end; i++ {
		if x.entries[i].typ&nlattr.TypeMask == a.Number {
			last = i
		}
	}
	return last >= 0 && (inner || a.Flags&nlpolicy.Multi == 0 && outgrown(m, a, x.entries[last].payload))
}

// outgrown reports whether a payload is a number that is too large for a member.
func outgrown(m *nlpolicy.Member, a *nlpolicy.Attr, p []byte) bool {
	if !a.Kind.Integer() || !m.Type().Integer() || len(p) != a.Kind.Width() && (a.Kind.Width() != 0 || len(p) != 4 && len(p) != 8) {
		return false
	}
	v, _ := nlpolicy.LoadInteger(a.Kind, a.Flags, p)
	negative := a.Kind.Signed() && int64(v) < 0
	room := 8 * m.Type().Width()
	if m.Type().Signed() {
		room--
		if negative {
			v, negative = ^v, false
		}
	}
	return negative || room < 64 && v>>room != 0
}

// known writes an attribute of a set, from the entry with its first occurrence.
// Occurrences that are not what the table says follow as unknown ones.
func (x *appender) known(s *nlpolicy.Scope, a *nlpolicy.Attr, i, depth int) {
	start := len(x.b)
	x.key(a.Name)
	many := a.Flags&nlpolicy.Multi != 0
	if many {
		x.b = append(x.b, '[')
	}
	var misfits []int
	shown := false
	for ; i >= 0; i = int(x.entries[i].next) {
		if !many && x.entries[i].next >= 0 {
			continue
		}
		mark := len(x.b)
		if many {
			x.comma()
		}
		if err := x.value(s, a, x.entries[i].payload, depth); err != nil {
			x.b = x.b[:mark]
			misfits = append(misfits, i)
		} else {
			shown = true
		}
	}
	if many {
		x.b = append(x.b, ']')
	}
	if !shown {
		x.b = x.b[:start]
	}
	if len(misfits) > 0 {
		x.raw(a.Number, misfits, depth)
	}
}

// step returns an index as a step of a path.
func step(n int) string { return "[" + strconv.Itoa(n) + "]" }

// unknown writes an attribute that the set does not have, from the entry with its
// first occurrence.
func (x *appender) unknown(number uint16, i, depth int) {
	if x.entries[i].next < 0 {
		x.raw(number, []int{i}, depth)
		return
	}
	var all []int
	for ; i >= 0; i = int(x.entries[i].next) {
		all = append(all, i)
	}
	x.raw(number, all, depth)
}

// raw writes entries of one number without what a table says of them: hex digits,
// or an object if NLA_F_NESTED is set; an array if there are several.
func (x *appender) raw(number uint16, list []int, depth int) {
	x.key("UnknownAttr(" + strconv.Itoa(int(number)) + ")")
	if len(list) > 1 {
		x.b = append(x.b, '[')
	}
	for _, i := range list {
		if len(list) > 1 {
			x.comma()
		}
		e := x.entries[i]
		mark := len(x.b)
		// A nest without its last padding would come back with it, which can make it
		// a value of its attribute.
		if e.typ&nlattr.Nested != 0 && len(e.payload)%4 == 0 && depth < nlattr.MaxDepth {
			x.b = append(x.b, '{')
			if err := x.content(nil, "", new(nlpolicy.Set), e.payload, nil, depth+1); err == nil {
				x.b = append(x.b, '}')
				continue
			}
		}
		x.b = appendHex(x.b[:mark], e.payload)
	}
	if len(list) > 1 {
		x.b = append(x.b, ']')
	}
}
