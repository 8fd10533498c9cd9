package live

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

	"github.com/nlgen/nlgen/runtime/nlattr"
)

// A view says how a tool prints a T: the function of a key returns the value that stands under that key of the tool's JSON. A key
// that is not in the view means the field of the same name: "hello_time" is HelloTime. A key that means neither fails the test, so
// that nothing the tool shows goes unseen.
type view[T any] map[string]func(x T) any

// An object is a JSON object of a tool.
type object = map[string]any

// near is a number that changes while it is looked at, such as a timer.
type near float64

// tolerance is by how much a near number may differ.
const tolerance = 3

// oneOf is a value for which tools have several spellings.
type oneOf []any

// unseen is why a key of the tool is not compared.
type unseen string

// A tally compares fields and counts them.
type tally struct {
	t      *testing.T
	fields int
	unseen map[string]unseen
	errs   []string // what differs, until report
}

func newTally(t *testing.T) *tally { return &tally{t: t, unseen: map[string]unseen{}} }

// errorf notes a difference.
func (c *tally) errorf(format string, args ...any) {
	c.errs = append(c.errs, fmt.Sprintf(format, args...))
}

// steady compares things that two programs read one after the other: what differs because it changed in between, such as a counter
// or a timer, is the same when they are read again. The last attempt counts.
func (c *tally) steady(f func(c *tally)) {
	c.t.Helper()
	for attempt := 0; ; attempt++ {
		again := newTally(c.t)
		f(again)
		if len(again.errs) > 0 && attempt < 5 {
			time.Sleep(20 * time.Millisecond << attempt)
			continue
		}
		c.fields += again.fields
		c.errs = append(c.errs, again.errs...)
		maps.Copy(c.unseen, again.unseen)
		return
	}
}

// report says how many fields were compared, and which were not and why.
func (c *tally) report(what string) {
	c.t.Helper()
	for _, err := range c.errs {
		c.t.Error(err)
	}
	c.t.Logf("%s: %d fields compared", what, c.fields)
	for _, key := range sortedKeys(c.unseen) {
		c.t.Logf("%s: %s is not compared: %s", what, key, c.unseen[key])
	}
	if c.fields == 0 && !c.t.Failed() {
		c.t.Skipf("%s: this kernel has nothing of it", what)
	}
}

// compare holds every key of the tool's object against x.
func compare[T any](c *tally, where string, x T, v view[T], theirs object) {
	c.t.Helper()
	for _, key := range sortedKeys(theirs) {
		at := where + "." + key
		if get, ok := v[key]; ok {
			ours := get(x)
			if why, ok := ours.(unseen); ok {
				c.unseen[at] = why
				continue
			}
			c.field(at, ours, theirs[key])
			continue
		}
		ours, ok := fieldNamed(x, key)
		if !ok {
			c.errorf("%s: nothing of ours is known to be %v", at, theirs[key])
			continue
		}
		c.field(at, ours, theirs[key])
	}
}

// field compares one value.
func (c *tally) field(at string, ours, theirs any) {
	c.t.Helper()
	c.fields++
	if !same(ours, theirs) {
		c.errorf("%s: ours is %v (%T), the tool's %v", at, ours, ours, theirs)
	}
}

// fieldNamed returns the field of a struct that a key means.
func fieldNamed(x any, key string) (any, bool) {
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

// same reports whether a value of ours is what a tool prints as theirs.
func same(ours, theirs any) bool {
	if text, ok := ours.(fmt.Stringer); ok {
		if s, ok := theirs.(string); ok {
			return strings.EqualFold(text.String(), s)
		}
	}
	v := reflect.ValueOf(ours)
	switch {
	case !v.IsValid():
		return theirs == nil
	case isOpt(v):
		return v.FieldByName("OK").Bool() && same(v.FieldByName("V").Interface(), theirs)
	}
	switch x := ours.(type) {
	case near:
		n, ok := theirs.(float64)
		return ok && float64(x)-n <= tolerance && n-float64(x) <= tolerance
	case net.HardwareAddr:
		return x.String() == theirs
	case []byte:
		return hex.EncodeToString(x) == theirs
	case set:
		return x.same(theirs)
	case oneOf:
		return slices.ContainsFunc(x, func(ours any) bool { return same(ours, theirs) })
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
			if !same(v.Index(i).Interface(), theirs[i]) {
				return false
			}
		}
		return true
	case object:
		m, ok := ours.(object)
		if !ok || len(m) != len(theirs) {
			return false
		}
		for key := range theirs {
			if !same(m[key], theirs[key]) {
				return false
			}
		}
		return true
	}
	return false
}

func isOpt(v reflect.Value) bool {
	return v.Kind() == reflect.Struct && v.NumField() == 2 && v.Type().Field(0).Name == "V" && v.Type().Field(1).Name == "OK"
}

// set is a list whose order does not matter, as a tool prints it.
type set []string

func (s set) same(theirs any) bool {
	list, ok := theirs.([]any)
	names := make([]string, len(list))
	for i := range list {
		names[i] = fmt.Sprint(list[i])
	}
	slices.Sort(names)
	return ok && slices.Equal(slices.Sorted(slices.Values(s)), names)
}

// within compares each field that is set in want, a part of a request, with the same field of got, the same part of a reply. Fields
// in skip are left out; they are not answered as they were asked.
func (c *tally) within(at string, want, got any, skip ...string) {
	c.t.Helper()
	w, g := reflect.Indirect(reflect.ValueOf(want)), reflect.Indirect(reflect.ValueOf(got))
	if !g.IsValid() || w.Type() != g.Type() && w.Kind() != reflect.Struct {
		c.errorf("%s: asked for %v, got %v", at, want, got)
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
			c.errorf("%s.%s: was asked for, but %v has no such field", at, name, g.Type())
			continue
		}
		if asked.Kind() == reflect.Interface || asked.Kind() == reflect.Pointer {
			if answer.IsNil() {
				c.errorf("%s.%s: was asked for, but there is none", at, name)
				continue
			}
			if reflect.Indirect(asked).Kind() == reflect.Struct || asked.Kind() == reflect.Interface {
				c.within(at+"."+name, asked.Interface(), answer.Interface(), skip...)
				continue
			}
		}
		if asked.Kind() == reflect.Struct && !isOpt(asked) {
			c.within(at+"."+name, asked.Interface(), answer.Interface(), skip...)
			continue
		}
		c.fields++
		if diff := cmp.Diff(asked.Interface(), answer.Interface(), addresses); diff != "" {
			c.errorf("%s.%s: asked for -, got +:\n%s", at, name, diff)
		}
	}
}

var addresses = cmp.Comparer(func(a, b netip.Addr) bool { return a == b })

// logUnknown says which attributes of a reply the spec does not know. A newer kernel may have some; they must be kept, and are.
func logUnknown(t *testing.T, what string, x any) {
	t.Helper()
	var walk func(at string, v reflect.Value)
	walk = func(at string, v reflect.Value) {
		if v.IsValid() && v.CanInterface() {
			if list, ok := v.Interface().([]nlattr.Attr); ok {
				for _, a := range list {
					t.Logf("%s: unknown attribute %d: %x", at, a.Number(), a.Data)
				}
				return
			}
		}
		switch v.Kind() {
		case reflect.Pointer, reflect.Interface:
			if !v.IsNil() {
				walk(at, v.Elem())
			}
		case reflect.Struct:
			for i := range v.NumField() {
				walk(at+"."+v.Type().Field(i).Name, v.Field(i))
			}
		case reflect.Slice:
			for i := range v.Len() {
				walk(fmt.Sprintf("%s[%d]", at, i), v.Index(i))
			}
		}
	}
	walk(what, reflect.ValueOf(x))
}

// sortedKeys returns the keys of an object, for messages in a stable order.
func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
