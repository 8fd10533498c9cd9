package dynamic

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/nlgen/nlgen/runtime/nlattr"
)

// An Object is a JSON object whose members keep their order: that of the wire
// when it was decoded, and the one in which attributes are sent when it is to be
// encoded. A key may come twice.
//
// A value is nil, a bool, a [json.Number], a string, a []any or an *Object.
type Object struct {
	Keys   []string
	Values []any
}

// Add appends a member.
func (o *Object) Add(key string, value any) {
	o.Keys = append(o.Keys, key)
	o.Values = append(o.Values, value)
}

// Get returns the value of a key, the last one if it comes twice.
func (o *Object) Get(key string) (any, bool) {
	for i := len(o.Keys) - 1; i >= 0; i-- {
		if o.Keys[i] == key {
			return o.Values[i], true
		}
	}
	return nil, false
}

// remove removes the members with a key.
func (o *Object) remove(key string) {
	for i := slices.Index(o.Keys, key); i >= 0; i = slices.Index(o.Keys, key) {
		o.Keys, o.Values = slices.Delete(o.Keys, i, i+1), slices.Delete(o.Values, i, i+1)
	}
}

// MarshalJSON returns the object as JSON, on one line.
func (o *Object) MarshalJSON() ([]byte, error) { return AppendJSON(nil, o), nil }

// UnmarshalJSON reads the object from JSON.
func (o *Object) UnmarshalJSON(src []byte) error {
	v, err := Parse(src)
	if err != nil {
		return err
	}
	p, ok := v.(*Object)
	if !ok {
		return wrongf("got %s, want an object", sortOf(v))
	}
	*o = *p
	return nil
}

// AppendJSON appends a value as JSON, on one line. Bytes of strings that are no
// UTF-8 become U+FFFD.
func AppendJSON(dst []byte, v any) []byte {
	switch v := v.(type) {
	case *Object:
		dst = append(dst, '{')
		for i, key := range v.Keys {
			if i > 0 {
				dst = append(dst, ", "...)
			}
			dst = appendText(dst, key)
			dst = append(dst, ": "...)
			dst = AppendJSON(dst, v.Values[i])
		}
		return append(dst, '}')
	case []any:
		dst = append(dst, '[')
		for i, e := range v {
			if i > 0 {
				dst = append(dst, ", "...)
			}
			dst = AppendJSON(dst, e)
		}
		return append(dst, ']')
	case string:
		return appendText(dst, v)
	case json.Number:
		return append(dst, v...)
	case bool:
		return fmt.Append(dst, v)
	}
	return append(dst, "null"...)
}

// appendText appends a JSON string, without the escapes that HTML would need.
func appendText(dst []byte, s string) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(s) // NB: a string cannot fail.
	return append(dst, bytes.TrimSuffix(b.Bytes(), []byte("\n"))...)
}

// sortOf says what a value is.
func sortOf(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case bool:
		return "true or false"
	case json.Number:
		return "a number"
	case string:
		return "a string"
	case []any:
		return "an array"
	}
	return "an object"
}

// maxNodes is how deep JSON values may be nested: an attribute takes up to three
// levels, for itself, its list and its index.
const maxNodes = 4 * nlattr.MaxDepth

// Parse reads one JSON value, which has to be all of the input. Numbers keep all
// of their digits, objects their order.
func Parse(src []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(src))
	d.UseNumber()
	v, err := parse(d, 0)
	if err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, wrong(errors.New("more than one JSON value"))
	}
	return v, nil
}

func parse(d *json.Decoder, depth int) (any, error) {
	if depth > maxNodes {
		return nil, wrong(ErrDepth)
	}
	t, err := d.Token()
	if err != nil {
		return nil, syntax(err)
	}
	delim, ok := t.(json.Delim)
	if !ok {
		return t, nil
	}
	if delim == '[' {
		list := []any{}
		for d.More() {
			v, err := parse(d, depth+1)
			if err != nil {
				return nil, within(step(len(list)), err)
			}
			list = append(list, v)
		}
		_, err := d.Token()
		return list, syntax(err)
	}
	o := new(Object)
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return nil, syntax(err)
		}
		key, _ := t.(string)
		v, err := parse(d, depth+1)
		if err != nil {
			return nil, within(key, err)
		}
		o.Add(key, v)
	}
	_, err = d.Token()
	return o, syntax(err)
}

// syntax returns an error of the JSON reader as one of this package.
func syntax(err error) error {
	if err == nil {
		return nil
	}
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	var s *json.SyntaxError
	if errors.As(err, &s) {
		return wrongf("byte %d of the JSON: %w", s.Offset, err)
	}
	return wrongf("the JSON: %w", err)
}
