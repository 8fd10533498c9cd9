package witness

import (
	"encoding/hex"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// A View says how a tool prints a T: the function of a key returns the value that stands under that key of the tool's JSON. A key
// that is not in the view means the field of the same name: "hello_time" is HelloTime. A key that means neither fails the test, so
// that nothing the tool shows goes unseen.
type View[T any] map[string]func(x T) any

// An Object is a JSON object of a tool.
type Object = map[string]any

// Near is a number that changes while it is looked at, such as a timer.
type Near float64

// Tolerance is by how much a near number may differ.
const Tolerance = 3

// OneOf is a value for which tools have several spellings.
type OneOf []any

// Unseen is why a key of the tool is not compared.
type Unseen string

// A Tally compares fields and counts them.
type Tally struct {
	T      *testing.T
	Fields int
	Unseen map[string]Unseen
	Errs   []string // what differs, until report
}

func NewTally(t *testing.T) *Tally { return &Tally{T: t, Unseen: map[string]Unseen{}} }

// Errorf notes a difference.
func (c *Tally) Errorf(format string, args ...any) {
	c.Errs = append(c.Errs, fmt.Sprintf(format, args...))
}

// Steady compares things that two programs read one after the other: what differs because it changed in between, such as a counter
// or a timer, is the same when they are read again. The last attempt counts.
func (c *Tally) Steady(f func(c *Tally)) {
	c.T.Helper()
	for attempt := 0; ; attempt++ {
		again := NewTally(c.T)
		f(again)
		if len(again.Errs) > 0 && attempt < 5 {
			time.Sleep(20 * time.Millisecond << attempt)
			continue
		}
		c.Fields += again.Fields
		c.Errs = append(c.Errs, again.Errs...)
		maps.Copy(c.Unseen, again.Unseen)
		return
	}
}

// Report says how many fields were compared, and which were not and why.
func (c *Tally) Report(what string) {
	c.T.Helper()
	for _, err := range c.Errs {
		c.T.Error(err)
	}
	c.T.Logf("%s: %d fields compared", what, c.Fields)
	for _, key := range SortedKeys(c.Unseen) {
		c.T.Logf("%s: %s is not compared: %s", what, key, c.Unseen[key])
	}
	if c.Fields == 0 && !c.T.Failed() {
		c.T.Skipf("%s: this kernel has nothing of it", what)
	}
}

// Compare holds every key of the tool's object against x.
func Compare[T any](c *Tally, where string, x T, v View[T], theirs Object) {
	c.T.Helper()
	for _, key := range SortedKeys(theirs) {
		at := where + "." + key
		if get, ok := v[key]; ok {
			ours := get(x)
			if why, ok := ours.(Unseen); ok {
				c.Unseen[at] = why
				continue
			}
			c.Field(at, ours, theirs[key])
			continue
		}
		ours, ok := FieldNamed(x, key)
		if !ok {
			c.Errorf("%s: nothing of ours is known to be %v", at, theirs[key])
			continue
		}
		c.Field(at, ours, theirs[key])
	}
}

// Field compares one value.
func (c *Tally) Field(at string, ours, theirs any) {
	c.T.Helper()
	c.Fields++
	if !Same(ours, theirs) {
		c.Errorf("%s: ours is %v (%T), the tool's %v", at, ours, ours, theirs)
	}
}

// FieldNamed returns the field of a struct that a key means.
func FieldNamed(x any, key string) (any, bool) {
	v := reflect.Indirect(reflect.ValueOf(x))
	if v.Kind() != reflect.Struct {
		return nil, false
	}
	plain := strings.NewReplacer("_", "", "-", "").Replace(key)
	for i := range v.NumField() {
		if strings.EqualFold(v.Type().Field(i).Name, plain) {
			return v.Field(i).Interface(), true
		}
	}
	return nil, false
}

// Same reports whether a value of ours is what a tool prints as theirs.
func Same(ours, theirs any) bool {
	if text, ok := ours.(fmt.Stringer); ok {
		if s, ok := theirs.(string); ok {
			return strings.EqualFold(text.String(), s)
		}
	}
	v := reflect.ValueOf(ours)
	switch {
	case !v.IsValid():
		return theirs == nil
	case IsOpt(v):
		return v.FieldByName("OK").Bool() && Same(v.FieldByName("V").Interface(), theirs)
	}
	switch x := ours.(type) {
	case Near:
		n, ok := theirs.(float64)
		return ok && float64(x)-n <= Tolerance && n-float64(x) <= Tolerance
	case net.HardwareAddr:
		return x.String() == theirs
	case []byte:
		return hex.EncodeToString(x) == theirs
	case Set:
		return x.Same(theirs)
	case OneOf:
		return slices.ContainsFunc(x, func(ours any) bool { return Same(ours, theirs) })
	}
	switch theirs := theirs.(type) {
	case float64:
		return v.CanInt() && float64(v.Int()) == theirs || v.CanUint() && float64(v.Uint()) == theirs || v.CanFloat() && v.Float() == theirs
	case bool:
		return v.CanInt() && (v.Int() != 0) == theirs || v.CanUint() && (v.Uint() != 0) == theirs || v.Kind() == reflect.Bool && v.Bool() == theirs
	case string:
		return v.Kind() == reflect.String && v.String() == theirs
	case []any:
		if v.Kind() != reflect.Slice || v.Len() != len(theirs) {
			return false
		}
		for i := range theirs {
			if !Same(v.Index(i).Interface(), theirs[i]) {
				return false
			}
		}
		return true
	case Object:
		m, ok := ours.(Object)
		if !ok || len(m) != len(theirs) {
			return false
		}
		for key := range theirs {
			if own, ok := m[key]; !ok || !Same(own, theirs[key]) {
				return false
			}
		}
		return true
	}
	return false
}

func IsOpt(v reflect.Value) bool {
	return v.Kind() == reflect.Struct && v.NumField() == 2 && v.Type().Field(0).Name == "V" && v.Type().Field(1).Name == "OK"
}

// Set is a list whose order does not matter, as a tool prints it.
type Set []string

func (s Set) Same(theirs any) bool {
	list, ok := theirs.([]any)
	names := make([]string, len(list))
	for i := range list {
		names[i] = fmt.Sprint(list[i])
	}
	slices.Sort(names)
	return ok && slices.Equal(slices.Sorted(slices.Values(s)), names)
}

// Within compares each field that is set in want, a part of a request, with the same field of got, the same part of a reply. Fields
// in skip are left out; they are not answered as they were asked.
func (c *Tally) Within(at string, want, got any, skip ...string) {
	c.T.Helper()
	w, g := reflect.Indirect(reflect.ValueOf(want)), reflect.Indirect(reflect.ValueOf(got))
	if !g.IsValid() || w.Type() != g.Type() && w.Kind() != reflect.Struct {
		c.Errorf("%s: asked for %v, got %v", at, want, got)
		return
	}
	for i := range w.NumField() {
		name := w.Type().Field(i).Name
		asked := w.Field(i)
		if asked.IsZero() || slices.Contains(skip, name) {
			continue
		}
		answer := g.FieldByName(name)
		if !answer.IsValid() {
			c.Errorf("%s.%s: was asked for, but %v has no such field", at, name, g.Type())
			continue
		}
		if asked.Kind() == reflect.Interface || asked.Kind() == reflect.Pointer {
			if answer.IsNil() {
				c.Errorf("%s.%s: was asked for, but there is none", at, name)
				continue
			}
			if reflect.Indirect(asked).Kind() == reflect.Struct || asked.Kind() == reflect.Interface {
				c.Within(at+"."+name, asked.Interface(), answer.Interface(), skip...)
				continue
			}
		}
		if asked.Kind() == reflect.Struct && !IsOpt(asked) {
			c.Within(at+"."+name, asked.Interface(), answer.Interface(), skip...)
			continue
		}
		c.Fields++
		if diff := cmp.Diff(asked.Interface(), answer.Interface(), Addresses); diff != "" {
			c.Errorf("%s.%s: asked for -, got +:\n%s", at, name, diff)
		}
	}
}

var Addresses = cmp.Comparer(func(a, b netip.Addr) bool { return a == b })

// SortedKeys returns the keys of an object, for messages in a stable order.
func SortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
