package spec

import (
	"fmt"
	"reflect"

	"gopkg.in/yaml.v3"

	"github.com/nlgen/nlgen/gen/diag"
)

// Fragment is a piece of YAML that is read when it is known what it describes: a patch says `set: {type: u16}`, and whether type is a
// key and u16 a value of it depends on the object that the patch is for.
type Fragment struct {
	Pos  diag.Pos
	node *yaml.Node
	text *text
}

// IsSet reports whether there is a fragment to read.
func (f *Fragment) IsSet() bool { return f.node != nil }

// isBad reports whether there should be one, which was reported.
func (f *Fragment) isBad() bool { return f.node == nil && f.Pos.IsValid() }

func (f *Fragment) read(r *reader, _ *target, fd *field, at diag.Pos, n *yaml.Node) {
	if isNull(n) {
		r.report.Errorf(at, "%q has no value", fd.key)
		f.spoil(at)
		return
	}
	*f = Fragment{Pos: r.pos(n), node: n, text: r.text}
}

func (f *Fragment) spoil(at diag.Pos) { *f = Fragment{Pos: at} }

// resolved returns the node of the fragment behind an alias.
func (f *Fragment) resolved() *yaml.Node {
	if f.node.Kind == yaml.AliasNode {
		return f.node.Alias
	}
	return f.node
}

// keys returns the keys of a fragment that is a mapping, and false if it is none.
func (f *Fragment) keys() ([]string, bool) {
	n := f.resolved()
	if n.Kind != yaml.MappingNode {
		return nil, false
	}
	var keys []string
	for i := 0; i+1 < len(n.Content); i += 2 {
		keys = append(keys, n.Content[i].Value)
	}
	return keys, true
}

// reader returns a reader for the fragment. Each reading has one of its own, since fragments are read concurrently.
func (f *Fragment) reader(report *diag.Report) *reader {
	report.AddSource(f.text.file, f.text.src)
	return &reader{report: report, text: f.text, budget: aliasBudget}
}

// some reads a fragment with some of the keys of an object of type t. A key with the value null stands for the absence of the key. What
// it returns has the fields that were read, and in seen those that were there.
func (f *Fragment) some(report *diag.Report, t reflect.Type) (v reflect.Value, seen []*field, ok bool) {
	before := report.Errors()
	r := f.reader(report)
	n, ok := r.enter(f.node)
	if !ok {
		return v, nil, false
	}
	defer r.leave()
	o := objects[t]
	v = reflect.New(t).Elem()
	if n.Kind != yaml.MappingNode {
		report.Errorf(f.Pos, "%s must be a mapping of keys, not %s", o.noun, kind(n))
		return v, nil, false
	}
	into := &target{object: o, noun: o.noun, v: v, seen: make([]*yaml.Node, len(o.fields))}
	present := *n
	present.Content = nil
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if fd := o.byKey[key.Value]; fd == nil || !isNull(value) || into.seen[fd.number] != nil {
			present.Content = append(present.Content, key, value)
		} else if fd.required {
			report.Errorf(r.pos(value), "%q of %s cannot be taken away", fd.key, o.noun)
		} else {
			into.seen[fd.number] = key
		}
	}
	r.mapping(into, &present, false)
	for _, fd := range o.fields {
		if into.seen[fd.number] != nil {
			seen = append(seen, fd)
		}
	}
	return v, seen, report.Errors() == before
}

// items reads a fragment that is one item for a list of type t, or a list of them. The result is a list of that type.
func (f *Fragment) items(report *diag.Report, t reflect.Type) (v reflect.Value, ok bool) {
	before := report.Errors()
	r := f.reader(report)
	v = reflect.New(t).Elem()
	nodes := []*yaml.Node{f.node}
	if n := f.resolved(); n.Kind == yaml.SequenceNode {
		nodes = n.Content
	}
	for _, n := range nodes {
		if t.Elem().Kind() == reflect.Pointer {
			if p := reflect.New(t.Elem().Elem()); r.object(n, r.pos(n), p.Elem()) {
				v = reflect.Append(v, p)
			}
			continue
		}
		var name Val[string]
		if name.read(r, nil, &field{key: "add", name: looseName}, r.pos(n), n); name.Set {
			v = reflect.Append(v, reflect.ValueOf(name))
		}
	}
	return v, report.Errors() == before
}

// same reports whether two values of the tree say the same. Positions do not count.
func same(a, b reflect.Value) bool {
	switch a.Kind() {
	case reflect.Pointer:
		if a.IsNil() || b.IsNil() {
			return a.IsNil() == b.IsNil()
		}
		return same(a.Elem(), b.Elem())
	case reflect.Slice:
		if a.Len() != b.Len() {
			return false
		}
		for i := range a.Len() {
			if !same(a.Index(i), b.Index(i)) {
				return false
			}
		}
		return true
	case reflect.Struct:
		o := objects[a.Type()]
		if o == nil { // A Val.
			return a.FieldByName("Set").Bool() == b.FieldByName("Set").Bool() &&
				a.FieldByName("V").Interface() == b.FieldByName("V").Interface()
		}
		for _, f := range o.fields {
			if !same(a.Field(f.index), b.Field(f.index)) {
				return false
			}
		}
		return true
	default:
		panic(fmt.Sprintf("spec: impossible kind %v in a tree", a.Kind()))
	}
}

// given returns the text of a scalar of the tree and whether it is one that is set.
func given(v reflect.Value) (string, bool) {
	if v.Kind() != reflect.Struct || !v.FieldByName("Set").Bool() {
		return "", false
	}
	return fmt.Sprint(v.FieldByName("V").Interface()), true
}
