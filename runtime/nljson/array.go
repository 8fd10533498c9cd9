package nljson

import (
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlpolicy"
)

// elements writes the array that a struct ends in; what the object says of the
// other members was written last. The number of elements is filled in where it is
// zero. A value that is no list is the only element.
func (w *writer) elements(s *nlpolicy.Struct, object *node) error {
	a := s.Array
	if a == nil {
		return nil
	}
	n := object.last(a.Name)
	if n == nil || n.sort == isNull {
		return nil
	}
	fixed := w.e.Len() - s.Size
	count := 0
	if isBytes(a) {
		b, err := unhex(n, a.Hint)
		if err != nil {
			return within(a.Name, err)
		}
		w.e.Append(b)
		count = len(b)
	} else {
		list := []node{*n}
		if n.sort == isArray {
			list = n.list
		}
		for i := range list {
			if err := putMember(w.e.Extend(a.Size), &a.Member, &list[i], 0); err != nil {
				return within(a.Name, within(step(i), err))
			}
		}
		count = len(list)
	}
	c := s.Counter()
	if c == nil || w.e.Err() != nil {
		return nil
	}
	at := memberOf(w.e.Written()[fixed:], s, c)
	if have, ok := nlpolicy.LoadInteger(c.Type(), c.Flags, at); !ok || have != 0 {
		return nil
	}
	if c.Size < 4 && count >= 1<<(8*c.Size) {
		return within(c.Name, n.fail(nlattr.ErrRange))
	}
	putInteger(at, c.Size, c.Flags, uint64(count))
	return nil
}
