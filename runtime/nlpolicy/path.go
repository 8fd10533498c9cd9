package nlpolicy

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/nlgen/nlgen/runtime/nlattr"
)

// PathAt returns the path of the attribute at an offset in the words of the
// spec, "linkinfo.data.id". The body of the message is what stands behind
// nlmsghdr, and genlmsghdr where there is one; the offset counts from its start,
// as those of [ValidationError] and [nlattr.Error] do. The offset that the
// kernel reports (NLMSGERR_ATTR_OFFS) counts those headers too.
//
// An entry of an indexed array is written as its index in brackets, one of
// several occurrences of a multi-attr as its position in brackets, both right
// behind the name: "ops[2].id". Unknown attributes are written as numbers. An
// offset inside an attribute names the innermost attribute that the tables know.
// PathAt returns false if no attribute stands at the offset.
func (m *Message) PathAt(body []byte, offset int) (string, bool) {
	f := finder{target: offset}
	if p, ok := m.top(body); !ok || !f.find(&p, 0) {
		return "", false
	}
	return string(f.path), true
}

// MissingAt returns the path of an attribute that a message lacks, from what the
// kernel reports: the offset of the nest that lacks it (NLMSGERR_ATTR_MISS_NEST,
// less the headers, see [Message.PathAt]), or -1 for the top level, and the
// attribute's number (NLMSGERR_ATTR_MISS_TYPE).
func (m *Message) MissingAt(body []byte, nest int, typ uint16) string {
	p, ok := m.top(body)
	if !ok {
		p = place{set: setOf(m.Attrs)}
	}
	f := finder{target: nest, inner: p}
	if nest >= 0 && (!f.find(&p, 0) || !f.entered) {
		if len(f.path) == 0 {
			return strconv.Itoa(int(typ))
		}
		f.inner = place{set: &empty}
	}
	return string(f.inner.appendName(f.path, typ, 0, false))
}

// finder looks for the item at an offset and writes down the way there.
type finder struct {
	target  int
	path    []byte
	numbers []uint16
	entered bool  // the target is an item that has content
	inner   place // its content
}

// find looks in p and reports whether the target is in one of its items.
func (f *finder) find(p *place, depth int) bool {
	for at := 0; ; {
		it, ok := p.item(at)
		if !ok || f.target < it.off {
			return false
		}
		if f.target >= it.off+min(it.size, len(p.body)-at) {
			at += it.size
			continue
		}
		n, many := p.position(at, it.number())
		f.path = p.appendName(f.path, it.typ, n, many)
		if p.form != inRecords {
			f.numbers = append(f.numbers, it.number())
		}
		var in place
		switch {
		case depth >= nlattr.MaxDepth || !p.inside(&it, &in):
		case f.target == it.off:
			f.entered, f.inner = true, in
		default:
			// In the header or the padding of the item, it is the item itself.
			f.find(&in, depth+1)
		}
		return true
	}
}

// position returns how many items with the same number stand before the one at
// the given position, and whether the path has to say so.
func (p *place) position(at int, number uint16) (n int, many bool) {
	if p.form == inAttrs {
		a := p.set.Find(number)
		if a == nil || a.Flags&Multi == 0 {
			return 0, false
		}
		many = a.indexed()
	}
	for i := 0; ; {
		it, ok := p.item(i)
		if !ok {
			return n, many
		}
		if p.form == inRecords || it.number() == number {
			if i < at {
				n++
			}
			many = many || i != at
		}
		i += it.size
	}
}

// headed reports whether a struct stands in the attribute before others.
func (a *Attr) headed() bool { return a.Kind == Nest && a.Struct != nil }

// indexed reports whether the items inside the attribute have an index instead
// of a name. Then a multi-attr always has its position before it.
func (a *Attr) indexed() bool {
	return a.Kind == IndexedArray || a.Kind == NestTypeValue || a.Record != nil
}

// appendName appends the name of an item of this place: its type, its position
// among the items with the same number, and whether there are several.
func (p *place) appendName(path []byte, typ uint16, n int, many bool) []byte {
	number := typ & nlattr.TypeMask
	switch p.form {
	case inArray, inLevels:
		return appendIndex(path, int(number))
	case inRecords:
		return appendIndex(path, n)
	}
	if len(path) > 0 {
		path = append(path, '.')
	}
	a := p.set.Find(number)
	if a == nil {
		return strconv.AppendUint(path, uint64(number), 10)
	}
	path = append(path, a.Name...)
	if many && a.Flags&Multi != 0 {
		path = appendIndex(path, n)
	}
	return path
}

func appendIndex(path []byte, n int) []byte {
	path = append(path, '[')
	path = strconv.AppendInt(path, int64(n), 10)
	return append(path, ']')
}

// OffsetOf returns the offset of the attribute with the given path, the inverse
// of [Message.PathAt]. A multi-attr without a position means its first
// occurrence, any other repeated attribute the last one, which is the one that
// counts.
func (m *Message) OffsetOf(body []byte, path string) (int, bool) {
	p, ok := m.top(body)
	if !ok || path == "" {
		return 0, false
	}
	return p.offsetOf(path, 0)
}

func (p *place) offsetOf(path string, depth int) (int, bool) {
	want, rest, ok := p.target(path)
	if !ok || depth > nlattr.MaxDepth {
		return 0, false
	}
	hit, found := p.occurrence(want)
	if !found {
		return 0, false
	}
	if rest == "" {
		return hit.off, true
	}
	var in place
	if !p.inside(&hit, &in) {
		return 0, false
	}
	return in.offsetOf(rest, depth+1)
}

// occurrence returns the item that a step of a path leads to.
func (p *place) occurrence(want target) (hit item, found bool) {
	n := 0
	for at := 0; ; {
		it, ok := p.item(at)
		if !ok {
			return hit, found && want.position < 0
		}
		if p.form == inRecords || it.number() == want.number {
			if n == want.position {
				return it, true
			}
			hit, found = it, true
			n++
		}
		at += it.size
	}
}

// A target is one step of a path.
type target struct {
	number   uint16
	position int // among those with the number; -1 for the last
}

// target splits the first step off a path.
func (p *place) target(path string) (t target, rest string, ok bool) {
	if p.form != inAttrs {
		n, rest, ok := cutIndex(path)
		if !ok || p.form != inRecords && n > nlattr.TypeMask {
			return t, "", false
		}
		if p.form == inRecords {
			return target{position: n}, rest, true
		}
		return target{number: uint16(n), position: -1}, rest, true
	}
	path = strings.TrimPrefix(path, ".")
	end := strings.IndexAny(path, ".[")
	if end < 0 {
		end = len(path)
	}
	name, rest := path[:end], path[end:]
	t.position = -1
	if a := p.set.Named(name); a != nil {
		t.number = a.Number
		if a.Flags&Multi == 0 {
			return t, rest, true
		}
		t.position = 0
		if n, r, ok := cutIndex(rest); ok {
			t.position, rest = n, r
		}
		return t, rest, true
	}
	n, err := strconv.ParseUint(name, 10, 14)
	t.number = uint16(n)
	return t, rest, err == nil
}

// cutIndex splits an index in brackets off a path.
func cutIndex(path string) (n int, rest string, ok bool) {
	if !strings.HasPrefix(path, "[") {
		return 0, path, false
	}
	digits, rest, ok := strings.Cut(path[1:], "]")
	u, err := strconv.ParseUint(digits, 10, 31)
	return int(u), rest, ok && err == nil
}

// Names returns the path with the given attribute numbers, outermost first, in
// the words of the spec. Without the message's bytes nobody knows the format of
// a sub-message: a number inside is named if all formats that have it agree.
func (m *Message) Names(path []uint16) string {
	return string(m.names(path, nil))
}

// names is Names; with the bytes that were written before an encoder failed, it
// finds the formats of sub-messages.
func (m *Message) names(path []uint16, written []byte) []byte {
	p, ok := m.top(written)
	if !ok {
		p = place{set: setOf(m.Attrs)}
	}
	return p.names(nil, path, nil)
}

// names appends the names of the rest of a path. Where the format of a
// sub-message is not known, formats holds all of them.
func (p *place) names(out []byte, path []uint16, formats []Format) []byte {
	if len(path) == 0 {
		return out
	}
	number := path[0] & nlattr.TypeMask
	p.set = agreed(p.set, formats, number)
	out = p.appendName(out, number, 0, false)
	it := p.unfinished(number)
	var in place
	ok := p.inside(&it, &in)
	if p.form == inAttrs {
		if a := p.set.Find(number); a != nil && a.Record != nil {
			// A record has no number of its own.
			in, ok = place{set: setOf(a.Record.Nested), up: p}, true
		} else if a != nil && a.Kind == Nest {
			// Of a nest that starts with a struct nothing may be written yet.
			in.set, ok = setOf(a.Nested), true
		} else if a != nil && a.Kind == SubMessage && a.Sub != nil && !ok {
			formats = a.Sub.Formats
			if f := p.format(a); f != nil {
				formats = []Format{*f}
			}
			in = place{set: &empty, up: p}
			return in.names(out, path[1:], formats)
		}
	}
	if !ok {
		in = place{set: &empty, up: p}
	}
	return in.names(out, path[1:], nil)
}

// agreed returns the set of the first of several formats that has an attribute
// with the number, if no other format calls it something else.
func agreed(set *Set, formats []Format, number uint16) *Set {
	var found *Attr
	for i := range formats {
		s := setOf(formats[i].Nested)
		a := s.Find(number)
		switch {
		case a == nil:
		case found == nil:
			found, set = a, s
		case found.Name != a.Name:
			return &empty
		}
	}
	return set
}

// unfinished returns the nest with the given number that an encoder left open:
// its header says that it is empty, and all that follows belongs to it.
func (p *place) unfinished(number uint16) item {
	for at := 0; p.form != inRecords; {
		it, ok := p.item(at)
		if !ok {
			break
		}
		if it.number() == number && len(it.payload) == 0 {
			it.payload = p.body[at+it.head:]
			return it
		}
		at += it.size
	}
	return item{typ: number, head: nlattr.HeaderLen}
}

// Locate fills in the name of the attribute in an error of an encoder or a
// decoder, and returns err. The body is what the decoder was given, or what the
// encoder had written ([nlattr.Encoder.Written]); without it, names inside
// sub-messages may be missing.
func (m *Message) Locate(err error, body []byte) error {
	var e *nlattr.Error
	if !errors.As(err, &e) || e.Name != "" || len(e.Path) == 0 {
		return err
	}
	if p, ok := m.top(body); ok {
		f := finder{target: e.Offset}
		if f.find(&p, 0) && slices.Equal(f.numbers, e.Path) {
			e.Name = string(f.path)
			return err
		}
	}
	e.Name = string(m.names(e.Path, body))
	return err
}
