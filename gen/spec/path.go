package spec

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/nlgen/nlgen/gen/diag"
)

// place is what the path of a patch leads to.
type place struct {
	object reflect.Value // The object, a struct; not valid for a section that is a list, an item that is a name, and what is missing.
	list   reflect.Value // The list of its items, if it has any.
	holder reflect.Value // The list that it is an item of,
	index  int           // and where in it.
	field  reflect.Value // The pointer that holds the object, if it is no item of a list.
	what   string        // What messages call it.
	pos    diag.Pos
	outer  *place
}

// find follows a path. If there is nothing at its end it returns nil, the last place that it came to, and the rest of the path.
func find(family *Family, path string) (at, last *place, rest string) {
	at = &place{object: reflect.ValueOf(family).Elem(), what: fmt.Sprintf("family %q", family.Name.V), pos: family.Name.Pos}
	if path == "family" {
		return at, nil, ""
	}
	for rest = path; rest != ""; {
		next, behind := at.step(rest)
		if next == nil {
			return nil, at, rest
		}
		next.outer = at
		at, rest = next, behind
	}
	return at, nil, ""
}

// step goes one step along a path and returns what is left of it.
func (p *place) step(path string) (*place, string) {
	if p.object.IsValid() {
		first, behind, _ := strings.Cut(path, "/")
		f := objects[p.object.Type()].byKey[first]
		_, top := p.object.Addr().Interface().(*Family)
		switch {
		case f == nil:
		case p.object.Field(f.index).Kind() == reflect.Pointer:
			return p.part(first, p.object.Field(f.index)), behind
		case top && p.object.Field(f.index).Kind() == reflect.Slice:
			return &place{list: p.object.Field(f.index), what: p.what, pos: p.pos}, behind
		}
	}
	if !p.list.IsValid() {
		return nil, path
	}
	// A name may hold slashes, so the longest one that fits counts.
	index, longest := -1, -1
	for i := range p.list.Len() {
		name := itemName(p.list.Index(i))
		if name.Set && len(name.V) > longest && (path == name.V || strings.HasPrefix(path, name.V+"/")) {
			index, longest = i, len(name.V)
		}
	}
	if index < 0 {
		return nil, path
	}
	return p.item(index), strings.TrimPrefix(path[longest:], "/")
}

// part returns the place of an object that hangs on another one, and may be missing.
func (p *place) part(key string, field reflect.Value) *place {
	part := &place{field: field, what: fmt.Sprintf("%q of %s", key, p.what), pos: p.pos}
	if p.outer == nil {
		part.what = p.what
	}
	if !field.IsNil() {
		part.object = field.Elem()
		part.pos = part.object.FieldByName("Pos").Interface().(diag.Pos)
		part.list = itemsOf(part.object)
	}
	return part
}

// item returns the place of an item of a list.
func (p *place) item(index int) *place {
	v := p.list.Index(index)
	name := itemName(v)
	item := &place{holder: p.list, index: index, what: named(itemNoun(p.list.Type()), name), pos: name.Pos}
	if v.Kind() == reflect.Pointer {
		item.object = v.Elem()
		item.list = itemsOf(item.object)
	}
	return item
}

// lacks says what is missing at a place. It names the first part of the path, which is what is missing unless a name holds slashes.
func (p *place) lacks(path string) string {
	first, _, _ := strings.Cut(path, "/")
	var known []string
	noun := ""
	if p.object.IsValid() {
		o := objects[p.object.Type()]
		for _, f := range o.fields {
			kind := p.object.Field(f.index).Kind()
			if _, top := p.object.Addr().Interface().(*Family); kind == reflect.Pointer || top && kind == reflect.Slice {
				known = append(known, f.key)
			}
		}
	}
	if p.list.IsValid() {
		noun = itemNoun(p.list.Type()) + " "
		for i := range p.list.Len() {
			known = append(known, itemName(p.list.Index(i)).V)
		}
	}
	hint := ""
	if near := diag.Closest(first, known); near != "" {
		hint = ", did you mean " + quote(near) + "?"
	}
	return p.what + " has no " + noun + quote(first) + hint
}

// itemsOf returns the list of what an object is mainly made of, or an invalid value if there is none.
func itemsOf(object reflect.Value) reflect.Value {
	name := ""
	switch o := object.Addr().Interface().(type) {
	case *Definition:
		switch o.Type.V {
		case "enum", "flags":
			name = "Entries"
		case "struct":
			name = "Members"
		default:
			return reflect.Value{}
		}
	case *AttributeSet, *Message, *Event:
		name = "Attributes"
	case *SubMessage:
		name = "Formats"
	case *Operations, *McastGroups:
		name = "List"
	default:
		return reflect.Value{}
	}
	return object.FieldByName(name)
}

// itemName returns the name of an item of a list. Formats go by their value.
func itemName(v reflect.Value) Val[string] {
	switch v := v.Interface().(type) {
	case Val[string]:
		return v
	case *Format:
		return v.Value
	}
	return v.Elem().FieldByName("Name").Interface().(Val[string])
}

// itemNoun returns what messages call an item of a list of some type.
func itemNoun(list reflect.Type) string {
	if list.Elem().Kind() == reflect.Pointer {
		return objects[list.Elem().Elem()].noun
	}
	return "attribute"
}
