package spec

import (
	"reflect"

	"gopkg.in/yaml.v3"

	"github.com/nlgen/nlgen/gen/diag"
)

// target is an object that is being read.
type target struct {
	*object
	noun string        // What messages call it.
	v    reflect.Value // The struct.
	seen []*yaml.Node  // The keys that were met, in the order of the fields.
}

// object reads a mapping into the struct v and reports whether there is something in it now. The position at serves if the node has none
// of its own.
func (r *reader) object(n *yaml.Node, at diag.Pos, v reflect.Value) bool {
	return r.objectAs(objects[v.Type()].noun, n, at, v)
}

// objectAs is object, with what messages call it.
func (r *reader) objectAs(noun string, n *yaml.Node, at diag.Pos, v reflect.Value) bool {
	n, ok := r.enter(n)
	if !ok {
		return false
	}
	defer r.leave()
	o := objects[v.Type()]
	t := &target{object: o, noun: noun, v: v, seen: make([]*yaml.Node, len(o.fields))}
	switch {
	case isNull(n) && !(o.plain != nil && isNullWord(n.Value)):
	case n.Kind == yaml.MappingNode:
		at = r.pos(n)
		if len(n.Content) > 0 {
			at = r.pos(n.Content[0])
		}
		r.mapping(t, n, false)
	case n.Kind == yaml.ScalarNode && o.plain != nil:
		at = r.pos(n)
		t.mark(o.plain, n)
		r.value(t, o.plain, n, n)
	default:
		r.report.Errorf(r.pos(n), "%s must be a mapping, not %s", noun, kind(n))
		return false
	}
	v.Field(o.pos).Set(reflect.ValueOf(at))
	r.missing(t, at)
	return true
}

// mark notes that the key of a field is met. It returns where it was met before, or nil.
func (t *target) mark(f *field, key *yaml.Node) *yaml.Node {
	if first := t.seen[f.number]; first != nil {
		return first
	}
	t.seen[f.number] = key
	return nil
}

// title names the object in a message: by its name, if it has one.
func (t *target) title() string {
	if f := t.byKey["name"]; f != nil {
		if name, ok := t.v.Field(f.index).Interface().(Val[string]); ok {
			return named(t.noun, name)
		}
	}
	return t.noun
}

func named(noun string, name Val[string]) string {
	if name.Set {
		return noun + " " + quote(name.V)
	}
	return noun
}

// mapping reads the pairs of a mapping. With merged, they come from a merge key and stand behind everything that was met before.
func (r *reader) mapping(t *target, n *yaml.Node, merged bool) {
	var merges []*yaml.Node
	for i := 0; i+1 < len(n.Content); i += 2 {
		if !r.spend(1) {
			return
		}
		key, value := n.Content[i], n.Content[i+1]
		word := key
		if word.Kind == yaml.AliasNode {
			word = word.Alias
		}
		if word.Kind != yaml.ScalarNode {
			r.report.Errorf(r.pos(key), "a key must be a name, not %s", kind(word))
			continue
		}
		if word.Tag == "!!merge" {
			merges = append(merges, value)
			continue
		}
		f := t.byKey[word.Value]
		if f == nil {
			r.unknownKey(t, word.Value, r.pos(key))
			continue
		}
		if first := t.mark(f, key); first != nil {
			if !merged {
				r.report.Errorf(r.pos(key), "key %q is given twice in one %s", f.key, t.noun).See(r.pos(first), "first given here")
			}
			continue
		}
		r.value(t, f, key, value)
	}
	for _, m := range merges {
		r.merge(t, m)
	}
}

// merge reads the value of a merge key: a mapping, or a list of mappings.
func (r *reader) merge(t *target, n *yaml.Node) {
	n, ok := r.enter(n)
	if !ok {
		return
	}
	defer r.leave()
	switch n.Kind {
	case yaml.MappingNode:
		r.mapping(t, n, true)
	case yaml.SequenceNode:
		for _, item := range n.Content {
			r.merge(t, item)
		}
	default:
		r.report.Errorf(r.pos(n), `the value of "<<" must be a mapping, not %s`, kind(n))
	}
}

func (r *reader) unknownKey(t *target, key string, pos diag.Pos) {
	complain := r.report.Errorf
	if r.allowUnknown {
		complain = r.report.Warnf
	}
	if near := diag.Closest(key, t.keys); near != "" {
		complain(pos, "unknown key %q in %s, did you mean %q?", key, t.noun, near)
		return
	}
	complain(pos, "unknown key %q in %s", key, t.noun)
}

// missing reports the keys that an object needs and lacks.
func (r *reader) missing(t *target, at diag.Pos) {
	for _, f := range t.fields {
		switch {
		case t.seen[f.number] != nil:
		case f.expected:
			r.report.Warnf(at, "%s has no %q", t.title(), f.key)
		case f.required:
			r.report.Errorf(at, "%s has no %q", t.title(), f.key)
			if s, ok := t.v.Field(f.index).Addr().Interface().(scalar); ok {
				s.spoil(at)
			}
		}
	}
}

// value reads the value of one key.
func (r *reader) value(t *target, f *field, key, n *yaml.Node) {
	v := t.v.Field(f.index)
	switch v.Kind() {
	case reflect.Slice:
		r.list(f, n, v)
	case reflect.Pointer:
		item := reflect.New(v.Type().Elem())
		if r.objectAs(f.key, n, r.pos(key), item.Elem()) {
			v.Set(item)
		}
	default:
		v.Addr().Interface().(scalar).read(r, t, f, r.pos(key), n)
	}
}

// list reads a list into a slice. The slice is not nil afterwards, whatever was found.
func (r *reader) list(f *field, n *yaml.Node, v reflect.Value) {
	v.Set(reflect.MakeSlice(v.Type(), 0, 0))
	n, ok := r.enter(n)
	if !ok {
		return
	}
	defer r.leave()
	if isNull(n) {
		return
	}
	if n.Kind != yaml.SequenceNode {
		r.report.Errorf(r.pos(n), "%q must be a list, not %s", f.key, kind(n))
		return
	}
	if elem := v.Type().Elem(); elem.Kind() == reflect.Pointer {
		for _, item := range n.Content {
			if p := reflect.New(elem.Elem()); r.object(item, r.pos(item), p.Elem()) {
				v.Set(reflect.Append(v, p))
			}
		}
		return
	}
	names := v.Addr().Interface().(*[]Val[string])
	for _, item := range n.Content {
		var name Val[string]
		if name.read(r, nil, f, r.pos(item), item); name.Set {
			*names = append(*names, name)
		}
	}
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.Tag == "!!null" }

// kind names the kind of a node for messages.
func kind(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	default:
		if isNull(n) {
			return "nothing"
		}
		return quote(n.Value)
	}
}
