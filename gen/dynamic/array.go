package dynamic

import (
	"github.com/nlgen/nlgen/gen/ir"
	"github.com/nlgen/nlgen/runtime/nlattr"
)

// isArray reports whether a name is that of the array at the end of a struct.
func isArray(s *ir.Struct, name string) bool {
	return s != nil && s.Array != nil && s.Array.Name == name
}

// isBytes says that the elements of an array are bytes, which JSON has as one text.
func isBytes(a *ir.Array) bool { return a.Struct == nil && a.Type == "binary" }

// most is how many elements an array can have: no more than the member that counts them can say.
func most(a *ir.Array) int {
	if a.Count != nil && a.Count.Size < 4 {
		return 1<<(8*a.Count.Size) - 1
	}
	return nlattr.MaxLen
}

// elements appends the array that a struct ends in, of which b is the rest. The number of elements is filled in where it is zero. A
// value that is no list is the only element.
func (w *writer) elements(b []byte, s *ir.Struct, o *Object) ([]byte, error) {
	if s.Array == nil {
		return b, nil
	}
	a := s.Array
	v, ok := o.Get(a.Name)
	if !ok || v == nil {
		return b, nil
	}
	n := 0
	if isBytes(a) {
		content, err := readBytes(a.Hint, v)
		if err != nil {
			return nil, within(a.Name, err)
		}
		b, n = append(b, content...), len(content)
	} else {
		list, ok := v.([]any)
		if !ok {
			list = []any{v}
		}
		for i, v := range list {
			element := *a.Member
			element.Offset = 0
			part := make([]byte, a.Size)
			if err := w.member(part, &element, v); err != nil {
				return nil, within(a.Name, within(step(i), err))
			}
			b = append(b, part...)
		}
		n = len(list)
	}
	if a.Count == nil {
		return b, nil
	}
	count, _ := integerMember(a.Count)
	at := b[a.Count.Offset : a.Count.Offset+a.Count.Size]
	if have, _ := count.load(at); have == 0 {
		if n > most(a) {
			return nil, within(a.Count.Name, wrong(ErrRange))
		}
		copy(at, count.bytes(uint64(n)))
	}
	return b, nil
}

// showElements returns the array at the end of a struct, which is all of b. What is less than an element is ignored.
func showElements(a *ir.Array, b []byte) any {
	if isBytes(a) {
		return showBytes(a.Hint, b[:min(len(b), most(a))])
	}
	list := []any{}
	for len(b) >= a.Size && len(list) < most(a) {
		list = append(list, showMember(a.Member, b[:a.Size]))
		b = b[a.Size:]
	}
	return list
}
