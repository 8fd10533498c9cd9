package dynamic

import (
	"encoding/json"
	"slices"
	"strconv"

	"github.com/nlgen/nlgen/gen/ir"
	"github.com/nlgen/nlgen/runtime/nlattr"
)

// levels writes a nest-type-value: one nest for each level, whose number is the
// value. Neighbours with the same outer numbers share the nests of the outer
// levels, but for one that ends there: its last level is empty, and stays so.
func (w *writer) levels(s *jsonScope, a *ir.Attr, v any) error {
	list, many := v.([]any)
	if !many {
		list = []any{v}
	}
	outer := w.e.Begin(a.Number)
	var open []nlattr.Nest
	var numbers []uint16 // of the open nests
	for i, entry := range list {
		next, inner, err := levelsOf(a, entry)
		if err == nil {
			same := 0
			for same < len(numbers)-1 && same < len(next)-1 && numbers[same] == next[same] {
				same++
			}
			for len(open) > same {
				w.e.End(open[len(open)-1])
				open = open[:len(open)-1]
			}
			numbers = next
			for _, number := range next[same:] {
				open = append(open, w.e.Begin(number))
			}
			err = w.content(nil, nil, w.c.set(a.Nested), inner, s)
		}
		if err != nil && many {
			err = within(step(i), err)
		}
		if err != nil {
			return err
		}
	}
	for len(open) > 0 {
		w.e.End(open[len(open)-1])
		open = open[:len(open)-1]
	}
	w.e.End(outer)
	return nil
}

// levelsOf takes an entry of a nest-type-value apart: the numbers of its levels,
// and the attributes inside the innermost.
func levelsOf(a *ir.Attr, v any) ([]uint16, *Object, error) {
	o, ok := v.(*Object)
	if !ok {
		return nil, nil, wrongf("got %s, want an object", sortOf(v))
	}
	var numbers []uint16
	for _, level := range a.Levels {
		v, ok := o.Get(level)
		if !ok {
			break
		}
		number, err := integer{width: 2}.read(v)
		if err == nil && number > nlattr.TypeMask {
			err = wrong(nlattr.ErrNumber)
		}
		if err != nil {
			return nil, nil, within(level, err)
		}
		numbers = append(numbers, uint16(number))
	}
	inner := new(Object)
	for i, key := range o.Keys {
		if !slices.Contains(a.Levels, key) {
			inner.Add(key, o.Values[i])
		}
	}
	if n := len(numbers); n == 0 || n < len(a.Levels) && len(inner.Keys) > 0 {
		return nil, nil, wrongf("%q is missing", a.Levels[n])
	}
	return numbers, inner, nil
}

// levels returns the content of a nest-type-value: one object for each innermost
// attribute, in an array unless there is exactly one.
func (r *reader) levels(s *scope, a *ir.Attr, p []byte, off, depth int) (any, error) {
	if depth+len(a.Levels) > nlattr.MaxDepth {
		return nil, broken(off, nlattr.ErrTooDeep)
	}
	list := []any{}
	if err := r.level(s, a, p, off, nil, &list, depth); err != nil {
		return nil, err
	}
	if len(list) == 1 {
		return list[0], nil
	}
	return list, nil
}

// level appends what stands behind the numbers of the outer levels.
func (r *reader) level(s *scope, a *ir.Attr, p []byte, off int, numbers []uint16, list *[]any, depth int) error {
	if len(numbers) == len(a.Levels) || len(p) == 0 && len(numbers) > 0 {
		o := new(Object)
		for i, number := range numbers {
			o.Add(a.Levels[i], json.Number(strconv.Itoa(int(number))))
		}
		mark := len(r.misfits)
		err := r.content(o, nil, nil, r.c.set(a.Nested), p, off, s, depth+len(numbers)+1)
		if err = r.within(mark, step(len(*list)), err); err != nil {
			return err
		}
		*list = append(*list, o)
		return nil
	}
	items, err := split(p, off)
	if err != nil {
		return within(step(len(*list)), err)
	}
	for _, it := range items {
		if err := r.level(s, a, it.payload, it.off+nlattr.HeaderLen, append(numbers, it.number()), list, depth); err != nil {
			return err
		}
	}
	return nil
}
