package nljson

import (
	"fmt"
	"strconv"

	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlpolicy"
)

// value writes an attribute of the scope.
func (w *writer) value(s *scope, a *nlpolicy.Attr, n *node) error {
	switch a.Kind {
	case nlpolicy.Flag:
		if n.sort != isBool {
			return n.want(sortNames[isBool])
		}
		if n.yes {
			w.e.Flag(a.Number)
		}
		return nil
	case nlpolicy.Nest:
		if a.Struct != nil {
			return w.headed(s, a, n)
		}
		return w.nest(a.Number, nil, setOf(a.Nested), n, s)
	case nlpolicy.IndexedArray:
		return w.array(s, a, n)
	case nlpolicy.NestTypeValue:
		return w.levels(s, a, n)
	case nlpolicy.SubMessage:
		return w.subMessage(s, a, n)
	case nlpolicy.Binary:
		switch {
		case n.sort == isArray && a.Record != nil:
			return w.records(s, a, n)
		case n.sort == isObject && a.Struct != nil:
			return w.structure(a.Number, a.Struct, n)
		case n.sort == isArray && a.Elem.Width() > 0:
			return w.packed(a, n)
		}
	}
	typ := a.Number
	if a.Flags&nlpolicy.NetByteOrder != 0 {
		typ |= nlattr.NetByteOrder
	}
	return w.leaf(a, a.Kind, typ, n)
}

// structure writes an object as a C struct and the array that it may end in.
func (w *writer) structure(typ uint16, st *nlpolicy.Struct, n *node) error {
	nest := w.e.BeginRaw(typ)
	if err := putStruct(w.e.Extend(st.Size), st, n, 0); err != nil {
		return err
	}
	if err := w.elements(st, n); err != nil {
		return err
	}
	w.e.End(nest)
	return nil
}

// nest writes an object as a nest.
func (w *writer) nest(typ uint16, h *nlpolicy.Struct, set *nlpolicy.Set, n *node, s *scope) error {
	nest := w.e.Begin(typ)
	if err := w.content(h, "", set, n, s); err != nil {
		return err
	}
	w.e.End(nest)
	return nil
}

// headed writes a struct with attributes behind it. Hex digits are taken as they
// are.
func (w *writer) headed(s *scope, a *nlpolicy.Attr, n *node) error {
	if n.sort == isText {
		b, err := unhex(n, nlpolicy.NoHint)
		if err == nil {
			w.e.Bytes(a.Number, b)
		}
		return err
	}
	nest := w.e.BeginRaw(a.Number)
	if err := w.content(a.Struct, "", setOf(a.Nested), n, s); err != nil {
		return err
	}
	w.e.EndFixed(nest, a.Struct.Size)
	return nil
}

// leaf writes an attribute without attributes and structs in it. The kind is that of a or of its
// elements.
func (w *writer) leaf(a *nlpolicy.Attr, k nlpolicy.Kind, typ uint16, n *node) error {
	switch {
	case k.Integer():
		v, err := integer(n, k, a.Flags, a.Hint, a.Enum)
		if err != nil {
			return err
		}
		var b [8]byte
		w.e.Bytes(typ, putInteger(b[:], width(k, v), a.Flags, v))
	case k == nlpolicy.String:
		if n.sort != isText {
			return n.want(sortNames[isText])
		}
		w.text(a, typ, n.text)
	case k == nlpolicy.Flag:
		w.e.Flag(typ)
	case k == nlpolicy.Bitfield32:
		return w.bitfield(a, typ, n)
	default:
		b, err := unhex(n, a.Hint)
		if err != nil {
			return err
		}
		w.e.Bytes(typ, b)
	}
	return nil
}

// text writes a string. One whose length is fixed is filled up with NUL bytes, and
// left as it is if it is longer, since it may have come from the kernel; any other
// ends in one.
func (w *writer) text(a *nlpolicy.Attr, typ uint16, s string) {
	if l := a.Limits; l != nil && l.Has&nlpolicy.HasExactLen != 0 && l.Exact <= nlattr.MaxLen {
		w.e.PaddedText(typ, s, int(l.Exact))
		return
	}
	w.e.String(typ, s)
}

// packed writes an array without headers.
func (w *writer) packed(a *nlpolicy.Attr, n *node) error {
	nest := w.e.BeginRaw(a.Number)
	var b [8]byte
	for i := range n.list {
		v, err := integer(&n.list[i], a.Elem, a.Flags, a.Hint, a.Enum)
		if err != nil {
			return within(step(i), err)
		}
		w.e.Append(putInteger(b[:], a.Elem.Width(), a.Flags, v))
	}
	w.e.End(nest)
	return nil
}

// array writes an indexed array.
func (w *writer) array(s *scope, a *nlpolicy.Attr, n *node) error {
	if n.sort != isArray {
		return n.want(sortNames[isArray])
	}
	if len(n.list) > nlattr.TypeMask+1 {
		return n.fail(nlattr.ErrTooLong)
	}
	nest := w.e.Begin(a.Number)
	for i := range n.list {
		entry, index := &n.list[i], uint16(i)
		var err error
		if v, number, ok := indexed(a, entry); ok {
			entry, index = v, number
		}
		switch {
		case a.Elem == nlpolicy.Nest:
			err = w.nest(index, nil, setOf(a.Nested), entry, s)
		case a.Struct != nil && entry.sort == isObject:
			err = w.structure(index, a.Struct, entry)
		default:
			err = w.leaf(a, a.Elem, index, entry)
		}
		if err != nil {
			return within(step(i), err)
		}
	}
	w.e.End(nest)
	return nil
}

// indexed returns the index and the content of an entry that is written with its
// index, {"<index>": {...}}.
func indexed(a *nlpolicy.Attr, n *node) (*node, uint16, bool) {
	if n.sort != isObject || len(n.keys) != 1 || n.list[0].sort != isObject {
		return nil, 0, false
	}
	index, err := strconv.ParseUint(n.keys[0], 10, 14)
	if err != nil || setOf(a.Nested).Named(n.keys[0]) != nil {
		return nil, 0, false
	}
	return &n.list[0], uint16(index), true
}

// levels writes a nest-type-value. Neighbours with the same outer numbers share
// the attributes of the outer levels, but for one that ends there: its last level
// is empty, and stays so.
func (w *writer) levels(s *scope, a *nlpolicy.Attr, n *node) error {
	if len(a.Levels) == 0 {
		return w.nest(a.Number, nil, setOf(a.Nested), n, s)
	}
	list := []node{*n}
	if n.sort == isArray {
		list = n.list
	}
	outer := w.e.Begin(a.Number)
	var nests []nlattr.Nest
	var open []uint16
	for i := range list {
		err := w.leafOfLevels(s, a, &list[i], &nests, &open)
		if err != nil && n.sort == isArray {
			err = within(step(i), err)
		}
		if err != nil {
			return err
		}
	}
	for len(nests) > 0 {
		w.e.End(nests[len(nests)-1])
		nests = nests[:len(nests)-1]
	}
	w.e.End(outer)
	return nil
}

// leafOfLevels writes one innermost attribute of a nest-type-value. It ends the
// outer levels that are open and not its own, and leaves its own open.
func (w *writer) leafOfLevels(s *scope, a *nlpolicy.Attr, n *node, nests *[]nlattr.Nest, open *[]uint16) error {
	if n.sort != isObject {
		return n.want(sortNames[isObject])
	}
	numbers, err := levelNumbers(a, n)
	if err != nil {
		return err
	}
	same := 0
	for same < len(*open)-1 && same < len(numbers)-1 && (*open)[same] == numbers[same] {
		same++
	}
	for len(*nests) > same {
		w.e.End((*nests)[len(*nests)-1])
		*nests = (*nests)[:len(*nests)-1]
	}
	*open = append((*open)[:0], numbers...)
	for _, number := range numbers[same:] {
		*nests = append(*nests, w.e.Begin(number))
	}
	inner := node{sort: isObject, at: n.at}
	for i, key := range n.keys {
		if !isLevel(a, key) {
			inner.keys = append(inner.keys, key)
			inner.list = append(inner.list, n.list[i])
		}
	}
	if len(numbers) < len(a.Levels) && len(inner.keys) > 0 {
		return n.fail(fmt.Errorf("%q is missing", a.Levels[len(numbers)]))
	}
	return w.content(nil, "", setOf(a.Nested), &inner, s)
}

// levelNumbers returns the numbers of the levels that an object has.
func levelNumbers(a *nlpolicy.Attr, n *node) ([]uint16, error) {
	var numbers []uint16
	for _, level := range a.Levels {
		v := n.last(level)
		if v == nil {
			break
		}
		number, err := integer(v, nlpolicy.U16, 0, 0, nil)
		if err == nil && number > nlattr.TypeMask {
			err = v.fail(nlattr.ErrNumber)
		}
		if err != nil {
			return nil, within(level, err)
		}
		numbers = append(numbers, uint16(number))
	}
	if len(numbers) == 0 {
		return nil, n.fail(fmt.Errorf("%q is missing", a.Levels[0]))
	}
	return numbers, nil
}

// isLevel reports whether a key is the name of a level.
func isLevel(a *nlpolicy.Attr, key string) bool {
	for _, level := range a.Levels {
		if level == key {
			return true
		}
	}
	return false
}

// bitfield writes a struct nla_bitfield32. A selector that is missing has the
// bits of the value.
func (w *writer) bitfield(a *nlpolicy.Attr, typ uint16, n *node) error {
	if n.sort != isObject {
		return n.want(sortNames[isObject])
	}
	var f nlattr.Bitfield32
	chosen := false
	for i, key := range n.keys {
		v, err := integer(&n.list[i], nlpolicy.U32, nlpolicy.EnumFlags, nlpolicy.NoHint, a.Enum)
		switch {
		case err != nil:
			return within(key, err)
		case key == "value":
			f.Value = uint32(v)
		case key == "selector":
			f.Selector, chosen = uint32(v), true
		default:
			return within(key, n.list[i].fail(ErrUnknown))
		}
	}
	if !chosen {
		f.Selector = f.Value
	}
	w.e.Bitfield32(typ, f)
	return nil
}

// subMessage writes a sub-message in the format that its selector chooses. Hex
// digits are taken as they are.
func (w *writer) subMessage(s *scope, a *nlpolicy.Attr, n *node) error {
	if n.sort == isText {
		b, err := unhex(n, nlpolicy.NoHint)
		if err == nil {
			w.e.Bytes(a.Number, b)
		}
		return err
	}
	f := s.format(a)
	if f == nil {
		return n.fail(ErrSelector)
	}
	typ := a.Number
	if f.Nested != nil {
		typ |= nlattr.Nested
	}
	nest := w.e.BeginRaw(typ)
	if err := w.content(f.Header, "", setOf(f.Nested), n, s); err != nil {
		return err
	}
	if f.Header != nil {
		w.e.EndFixed(nest, f.Header.Size)
	} else {
		w.e.End(nest)
	}
	return nil
}

// records writes structs with their lengths, each followed by attributes.
func (w *writer) records(s *scope, a *nlpolicy.Attr, n *node) error {
	r := a.Record
	length := member(r.Header, r.Length)
	if length == nil || length.Size != 2 {
		return n.fail(nlattr.ErrLength)
	}
	nest := w.e.BeginRaw(a.Number)
	for i := range n.list {
		start := w.e.Len()
		if err := w.content(r.Header, r.Length, setOf(r.Nested), &n.list[i], s); err != nil {
			return within(step(i), err)
		}
		size := w.e.Len() - start
		if size > nlattr.MaxLen {
			return within(step(i), n.list[i].fail(nlattr.ErrTooLong))
		}
		if w.e.Err() == nil {
			nlattr.PutUint16(memberOf(w.e.Written()[start:], r.Header, length), uint16(size))
		}
	}
	w.e.End(nest)
	return nil
}
