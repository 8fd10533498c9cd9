package spec

import (
	"reflect"
	"slices"
)

// follow gives an object's new name to everything in a family that refers to it by the old one.
func follow(f *Family, at *place, old, name Val[string]) {
	if !at.object.IsValid() || !old.Set || !name.Set {
		return
	}
	switch at.object.Addr().Interface().(type) {
	case *Attribute:
		followAttribute(f, at, old, name)
		return
	case *Member, *Entry, *Family:
		return // Nothing in a spec refers to them.
	}
	to := at.object.Type()
	references(reflect.ValueOf(f).Elem(), func(fd *field, v reflect.Value) {
		if refersTo(fd.key) != to {
			return
		}
		switch ref := v.Addr().Interface().(type) {
		case *Val[string]:
			if ref.Set && ref.V == old.V {
				*ref = name
			}
		case *Val[Limit]:
			if ref.Set && !ref.V.IsInt && ref.V.Name == old.V {
				ref.V.Name = name.V
			}
		}
	})
}

// refersTo returns the type of what a key refers to by name, or nil if it refers to nothing.
func refersTo(key string) reflect.Type {
	switch key {
	case "enum", "struct", "fixed-header", "len", "value-start", "flags-mask", "min", "max", "min-len", "max-len", "exact-len":
		return reflect.TypeFor[Definition]()
	case "subset-of", "nested-attributes", "attribute-set":
		return reflect.TypeFor[AttributeSet]()
	case "sub-message":
		return reflect.TypeFor[SubMessage]()
	case "notify":
		return reflect.TypeFor[Operation]()
	case "mcgrp":
		return reflect.TypeFor[McastGroup]()
	default:
		return nil
	}
}

// references calls visit for each scalar below an object, with its key.
func references(object reflect.Value, visit func(fd *field, v reflect.Value)) {
	for _, fd := range objects[object.Type()].fields {
		switch v := object.Field(fd.index); v.Kind() {
		case reflect.Pointer:
			if !v.IsNil() {
				references(v.Elem(), visit)
			}
		case reflect.Slice:
			for i := range v.Len() {
				if item := v.Index(i); item.Kind() == reflect.Pointer {
					references(item.Elem(), visit)
				}
			}
		default:
			visit(fd, v)
		}
	}
}

// followAttribute renames an attribute in subsets of its set, in lists of messages, and in selectors of attributes beside it.
func followAttribute(f *Family, at *place, old, name Val[string]) {
	sets := withSubsets(f, at)
	for _, s := range sets {
		for _, a := range s.Attributes {
			if a.Name.V == old.V && s != sets[0] {
				a.Name = name
			}
			if a.Selector.Set && a.Selector.V == old.V {
				a.Selector = name
			}
		}
	}
	for _, list := range messagesWith(f, sets) {
		for i := range *list {
			if (*list)[i].V == old.V {
				(*list)[i] = name
			}
		}
	}
}

// forget drops an attribute from subsets of its set and from lists of messages.
func forget(f *Family, at *place, name string) {
	sets := withSubsets(f, at)
	for _, s := range sets[1:] {
		s.Attributes = slices.DeleteFunc(s.Attributes, func(a *Attribute) bool { return a.Name.V == name })
	}
	for _, list := range messagesWith(f, sets) {
		*list = slices.DeleteFunc(*list, func(v Val[string]) bool { return v.V == name })
	}
}

// withSubsets returns the set that an attribute stands in, and its subsets.
func withSubsets(f *Family, at *place) []*AttributeSet {
	set := at.outer.object.Addr().Interface().(*AttributeSet)
	sets := []*AttributeSet{set}
	for _, s := range f.AttributeSets {
		if s != set && s.SubsetOf.Set && s.SubsetOf.V == set.Name.V {
			sets = append(sets, s)
		}
	}
	return sets
}

// messagesWith returns the lists of attributes of messages that have one of some sets. Notifications have the set of the operation that
// they belong to, and no list.
func messagesWith(f *Family, sets []*AttributeSet) []*[]Val[string] {
	if f.Operations == nil {
		return nil
	}
	var lists []*[]Val[string]
	for _, o := range f.Operations.List {
		if !slices.ContainsFunc(sets, func(s *AttributeSet) bool { return o.AttributeSet.Set && s.Name.V == o.AttributeSet.V }) {
			continue
		}
		for _, x := range []*Exchange{o.Do, o.Dump} {
			if x != nil && x.Request != nil {
				lists = append(lists, &x.Request.Attributes)
			}
			if x != nil && x.Reply != nil {
				lists = append(lists, &x.Reply.Attributes)
			}
		}
		if o.Event != nil {
			lists = append(lists, &o.Event.Attributes)
		}
	}
	return lists
}
