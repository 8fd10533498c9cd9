package spec

import (
	"fmt"
	"reflect"
	"strings"
)

// object describes a struct of the tree: what it is called in messages as an item of a list, and its keys.
type object struct {
	noun   string
	fields []*field
	keys   []string
	byKey  map[string]*field
	plain  *field // The key that an object written as a bare scalar sets.
	pos    int    // The index of the field Pos.
}

// field is one key of an object.
type field struct {
	key      string
	number   int // The index in the fields of the object.
	index    int // The index in the struct.
	required bool
	expected bool
	null     bool
	name     nameRule
	list     string   // The name of the list of admitted values.
	words    []string // The admitted values.
}

// nameRule says which characters a text may hold.
type nameRule int

const (
	anyText    nameRule = iota
	looseName           // Something printable on one line.
	strictName          // Letters, digits, dashes, underscores, spaces.
)

// objects describes every struct that hangs on Family.
var objects = map[reflect.Type]*object{}

func init() { describe(reflect.TypeFor[Family]()) }

func describe(t reflect.Type) {
	if objects[t] != nil {
		return
	}
	o := &object{noun: noun(t.Name()), byKey: map[string]*field{}}
	objects[t] = o
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Name == "Pos" {
			o.pos = i
			continue
		}
		if !f.IsExported() {
			continue
		}
		o.add(i, f)
		elem := f.Type
		if elem.Kind() == reflect.Slice {
			elem = elem.Elem()
		}
		if elem.Kind() == reflect.Pointer {
			describe(elem.Elem())
		}
	}
}

func (o *object) add(index int, f reflect.StructField) {
	parts := strings.Split(f.Tag.Get("ynl"), ",")
	fd := &field{key: parts[0], number: len(o.fields), index: index, list: f.Tag.Get("oneof")}
	for _, option := range parts[1:] {
		switch option {
		case "required":
			fd.required = true
		case "expected":
			fd.expected = true
		case "null":
			fd.null = true
		case "plain":
			o.plain = fd
		case "name":
			fd.name = strictName
		case "label":
			fd.name = looseName
		default:
			panic(fmt.Sprintf("spec: impossible option %q of field %s", option, f.Name))
		}
	}
	if fd.list != "" {
		fd.words = words[fd.list]
		if fd.words == nil {
			panic(fmt.Sprintf("spec: impossible word list %q of field %s", fd.list, f.Name))
		}
	}
	o.fields = append(o.fields, fd)
	o.keys = append(o.keys, fd.key)
	o.byKey[fd.key] = fd
}

// noun turns the name of a Go type into words: "AttributeSet" gives "attribute set".
func noun(name string) string {
	switch name {
	case "McastGroup":
		return "multicast group"
	case "SubMessage":
		return "sub-message"
	}
	var b strings.Builder
	for i, r := range name {
		if 'A' <= r && r <= 'Z' {
			if i > 0 {
				b.WriteByte(' ')
			}
			r += 'a' - 'A'
		}
		b.WriteRune(r)
	}
	return b.String()
}
