package dynamic

import (
	"github.com/nlgen/nlgen/gen/ir"
	"github.com/nlgen/nlgen/runtime/nlattr"
)

// reader reads attributes into JSON.
type reader struct {
	c       *Codec
	lenient bool
	misfits []error
}

// An item is an attribute with its place in the message.
type item struct {
	typ     uint16 // with its flags
	off     int    // bytes in front of its header
	payload []byte
}

func (it item) number() uint16 { return it.typ & nlattr.TypeMask }

// split returns the attributes in b, which starts at the given offset of the
// message.
func split(b []byte, off int) ([]item, error) {
	d := nlattr.NewDecoder(b)
	var items []item
	for d.Next() {
		items = append(items, item{typ: d.RawType(), off: off + d.Offset(), payload: d.Payload()})
	}
	if err := d.Err(); err != nil {
		e := err.(*nlattr.Error) // NB: every error of a decoder is one.
		return nil, broken(off+e.Offset, e.Err)
	}
	return items, nil
}

// scope is a list of attributes and the lists around it: where the selector of a
// sub-message is looked for.
type scope struct {
	set  *set
	last map[uint16][]byte // payloads by number; of repeated attributes the last counts
	up   *scope
}

// message returns the content of a message of an operation.
func (r *reader) message(op *ir.Op, body []byte) (*Object, error) {
	header, set := r.c.form(op)
	if header != nil && len(body) < header.Size {
		return nil, &Error{Offset: len(body), Err: nlattr.ErrTruncated}
	}
	o := new(Object)
	if err := r.content(o, header, nil, set, body, 0, nil, 0); err != nil {
		return nil, err
	}
	return o, nil
}

// content adds a fixed header, but for the member skip, and the attributes behind
// it to an object. An attribute with the name of a member is left out of a
// message; in a sub-message it replaces the member, as the kernel's tool has it.
// A number that is too large for the member replaces it anywhere: it is what the
// member stands for.
func (r *reader) content(o *Object, h *ir.Struct, skip *ir.Member, s *set, b []byte, off int, up *scope, depth int) error {
	if depth > nlattr.MaxDepth {
		return broken(off, nlattr.ErrTooDeep)
	}
	if h != nil {
		showStruct(o, h, skip, b)
		if h.Array != nil {
			return nil // The array ends where the content does.
		}
		n := headerLen(h, len(b))
		b, off = b[n:], off+n
	}
	items, err := split(b, off)
	if err != nil {
		return err
	}
	// Attributes with one number stand together, at the place of the first.
	groups := make(map[uint16][]item, len(items))
	in := &scope{set: s, last: make(map[uint16][]byte, len(items)), up: up}
	for _, it := range items {
		groups[it.number()] = append(groups[it.number()], it)
		in.last[it.number()] = it.payload
	}
	for _, it := range items {
		group := groups[it.number()]
		if group == nil {
			continue // It was the first of its group that counts.
		}
		delete(groups, it.number())
		a := s.numbered[it.number()]
		switch {
		case a == nil:
			o.Add(unknownName(it.number()), unknownGroup(group, depth))
		case a.Type == "pad" || a.Type == "unused":
		case member(h, a.Name) != nil && up == nil && !outgrown(member(h, a.Name), a, group):
		default:
			if member(h, a.Name) != nil {
				o.remove(a.Name)
			}
			if err := r.group(o, in, a, group, depth); err != nil {
				return err
			}
		}
	}
	return nil
}

// outgrown reports whether an attribute is a number that is too large for the
// member of the header with the same name.
func outgrown(m *ir.Member, a *ir.Attr, group []item) bool {
	n, ok := integerOf(a.Type, a)
	room, number := integerMember(m)
	if !ok || !number || a.Multi {
		return false
	}
	v, ok := n.load(group[len(group)-1].payload)
	return ok && room.fits(v, n.signed && int64(v) < 0) != nil
}

// group adds the occurrences of one attribute to an object. Where lenient, those
// that do not fit the attribute's type are added as unknown.
func (r *reader) group(o *Object, s *scope, a *ir.Attr, group []item, depth int) error {
	if !a.Multi {
		group = group[len(group)-1:]
	}
	list := make([]any, 0, len(group))
	var misfits []item
	for i, it := range group {
		mark := len(r.misfits)
		v, err := r.value(s, a, it.payload, it.off, depth)
		if a.Multi {
			err = r.within(mark, step(i), err)
		}
		err = r.within(mark, a.Name, err)
		if err == nil {
			list = append(list, v)
			continue
		}
		if !r.lenient {
			return err
		}
		r.misfits = append(r.misfits, err)
		misfits = append(misfits, it)
	}
	switch {
	case a.Multi && len(list) > 0:
		o.Add(a.Name, list)
	case len(list) > 0:
		o.Add(a.Name, list[0])
	}
	if len(misfits) > 0 {
		o.Add(unknownName(a.Number), unknownGroup(misfits, depth))
	}
	return nil
}

// within puts one more step in front of the paths of an error, and of the misfits
// since a mark. It returns the error.
func (r *reader) within(mark int, step string, err error) error {
	for _, m := range r.misfits[mark:] {
		_ = within(step, m)
	}
	return within(step, err)
}

// value returns the payload of an attribute of the scope, whose header stands at
// the given offset.
func (r *reader) value(s *scope, a *ir.Attr, p []byte, off, depth int) (any, error) {
	inner := off + nlattr.HeaderLen
	switch a.Type {
	case "nest":
		return r.nest(s, r.c.set(a.Nested), p, inner, depth)
	case "headed":
		if len(p) < a.Struct.Size {
			return nil, broken(inner, nlattr.ErrTruncated)
		}
		o := new(Object)
		return o, r.content(o, a.Struct, nil, r.c.set(a.Nested), p, inner, s, depth+1)
	case "indexed-array":
		return r.array(s, a, p, inner, depth)
	case "nest-type-value":
		return r.levels(s, a, p, inner, depth)
	case "sub-message":
		return r.subMessage(s, a, p, inner, depth)
	case "record":
		return r.records(s, a, p, inner, depth)
	}
	return leaf(a, a.Type, p, off)
}

// nest returns the attributes of a nest as an object.
func (r *reader) nest(s *scope, inner *set, p []byte, off, depth int) (any, error) {
	o := new(Object)
	return o, r.content(o, nil, nil, inner, p, off, s, depth+1)
}

// leaf returns a payload without attributes inside. The type is that of a or of
// its elements.
func leaf(a *ir.Attr, typ string, p []byte, off int) (any, error) {
	if n, ok := integerOf(typ, a); ok {
		v, ok := n.load(p)
		if !ok {
			return nil, broken(off, nlattr.ErrLength)
		}
		return n.show(v), nil
	}
	switch typ {
	case "flag":
		return true, nil
	case "string":
		return untilNul(p), nil
	case "bitfield32":
		if len(p) != 8 {
			return nil, broken(off, nlattr.ErrLength)
		}
		n := integer{width: 4, enum: a.Enum, flags: a.Enum != nil}
		value, _ := n.load(p[:4])
		selector, _ := n.load(p[4:])
		return &Object{Keys: []string{"value", "selector"}, Values: []any{n.show(value), n.show(selector)}}, nil
	}
	switch {
	case a.Struct != nil:
		o := new(Object)
		showStruct(o, a.Struct, nil, p)
		return o, nil
	case typ == "binary" && a.Type == typ && a.Elem != "":
		return packed(a, p, off)
	}
	return showBytes(a.Hint, p), nil
}

// packed returns an array without headers.
func packed(a *ir.Attr, p []byte, off int) (any, error) {
	n, ok := integerOf(a.Elem, a)
	if !ok || n.width == 0 || len(p)%n.width != 0 {
		return nil, broken(off, nlattr.ErrLength)
	}
	list := make([]any, 0, len(p)/n.width)
	for ; len(p) > 0; p = p[n.width:] {
		v, _ := n.load(p[:n.width])
		list = append(list, n.show(v))
	}
	return list, nil
}

// array returns an indexed array.
func (r *reader) array(s *scope, a *ir.Attr, p []byte, off, depth int) (any, error) {
	items, err := split(p, off)
	if err != nil {
		return nil, err
	}
	list := make([]any, 0, len(items))
	for i, it := range items {
		var v any
		mark := len(r.misfits)
		if a.Elem == "nest" {
			v, err = r.nest(s, r.c.set(a.Nested), it.payload, it.off+nlattr.HeaderLen, depth+1)
		} else {
			v, err = leaf(a, a.Elem, it.payload, it.off)
		}
		if a.Elem == "nest" || a.Struct != nil {
			v = &Object{Keys: []string{integer{}.digits(uint64(it.number()))}, Values: []any{v}}
		}
		if err = r.within(mark, step(i), err); err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, nil
}

// subMessage returns the content of a sub-message in the format that its selector
// chooses, or hex digits if that is not known.
func (r *reader) subMessage(s *scope, a *ir.Attr, p []byte, off, depth int) (any, error) {
	f := s.format(a)
	switch {
	case f == nil,
		f.Header != nil && len(p) < f.Header.Size,
		f.Header == nil && f.Set == nil && len(p) > 0:
		return showBytes(ir.NoHint, p), nil
	case f.Set == nil && (f.Header == nil || f.Header.Array == nil):
		p = p[:headerLen(f.Header, len(p))]
	}
	o := new(Object)
	return o, r.content(o, f.Header, nil, r.c.set(f.Set), p, off, s, depth+1)
}

// format returns the format of a sub-message, or nil if its selector is absent
// or has a value that the spec does not list. The selector is looked for outward:
// the first set that defines it decides, whether it is there or not.
func (s *scope) format(a *ir.Attr) *ir.Format {
	for ; s != nil; s = s.up {
		selector := s.set.named[a.Selector.Name]
		if selector == nil {
			continue
		}
		p, ok := s.last[selector.Number]
		if !ok {
			return nil
		}
		n, number := integerOf(selector.Type, selector)
		if !number {
			return find(a.Sub, untilNul(p))
		}
		v, ok := n.load(p)
		if !ok {
			return nil
		}
		return find(a.Sub, n.selects(v))
	}
	return nil
}

// records returns structs with attributes behind them as an array of objects,
// without the lengths.
func (r *reader) records(s *scope, a *ir.Attr, p []byte, off, depth int) (any, error) {
	list := []any{}
	for len(p) > 0 {
		size := 0
		if at := a.Record.Length.Offset; len(p) >= a.Struct.Size {
			size = int(nlattr.GetUint16(p[at : at+2]))
		}
		if size < a.Struct.Size || size > len(p) || size == 0 {
			return nil, within(step(len(list)), broken(off, nlattr.ErrTruncated))
		}
		o, mark := new(Object), len(r.misfits)
		err := r.content(o, a.Struct, a.Record.Length, r.c.set(a.Nested), p[:size], off, s, depth+1)
		if err = r.within(mark, step(len(list)), err); err != nil {
			return nil, err
		}
		list = append(list, o)
		next := min(nlattr.Align(size), len(p))
		p, off = p[next:], off+next
	}
	return list, nil
}

// unknownGroup returns attributes that the set does not have: hex digits, or an
// object if NLA_F_NESTED is set; an array if there are several.
func unknownGroup(group []item, depth int) any {
	if len(group) == 1 {
		return unknown(group[0], depth)
	}
	list := make([]any, len(group))
	for i, it := range group {
		list[i] = unknown(it, depth)
	}
	return list
}

func unknown(it item, depth int) any {
	// A nest without its last padding would come back with it, which can make it a value of its attribute.
	if it.typ&nlattr.Nested == 0 || len(it.payload)%4 != 0 || depth >= nlattr.MaxDepth {
		return showBytes(ir.NoHint, it.payload)
	}
	items, err := split(it.payload, 0)
	if err != nil {
		return showBytes(ir.NoHint, it.payload)
	}
	o := new(Object)
	groups := map[uint16][]item{}
	for _, it := range items {
		groups[it.number()] = append(groups[it.number()], it)
	}
	for _, it := range items {
		if group := groups[it.number()]; group != nil {
			delete(groups, it.number())
			o.Add(unknownName(it.number()), unknownGroup(group, depth+1))
		}
	}
	return o
}
