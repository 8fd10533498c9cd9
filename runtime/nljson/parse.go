package nljson

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"

	"github.com/nlgen/nlgen/runtime/nlattr"
)

// sort is what a JSON value is.
type sort uint8

const (
	isNull sort = iota
	isBool
	isNumber
	isText
	isArray
	isObject
)

var sortNames = [...]string{"null", "true or false", "a number", "a string", "an array", "an object"}

// A node is a JSON value. The members of an object stand in their order, also
// when a key comes twice.
type node struct {
	sort sort
	yes  bool   // the value of a bool
	text string // of a text; the digits of a number
	keys []string
	list []node // elements, or the values of the keys
	at   int    // bytes of input before it
}

// maxNodes is how deep JSON values may be nested: an attribute takes up to three
// levels, for itself, its list and its index.
const maxNodes = 4 * nlattr.MaxDepth

// parse reads one JSON value, which has to be all of the input.
func parse(src []byte) (node, error) {
	d := reader{json.NewDecoder(bytes.NewReader(src)), src}
	d.UseNumber()
	var n node
	if err := d.read(&n, 0); err != nil {
		return n, err
	}
	at := d.next()
	if _, err := d.Token(); err != io.EOF {
		return n, &Error{Offset: at, Err: errors.New("more than one JSON value")}
	}
	return n, nil
}

// reader reads values from src.
type reader struct {
	*json.Decoder
	src []byte
}

// next returns where the next token starts.
func (d reader) next() int {
	at := int(d.InputOffset())
	for at < len(d.src) && bytes.IndexByte([]byte(" \t\r\n,:"), d.src[at]) >= 0 {
		at++
	}
	return at
}

// read reads the value that comes next.
func (d reader) read(n *node, depth int) error {
	n.at = d.next()
	if depth > maxNodes {
		return &Error{Offset: n.at, Err: ErrDepth}
	}
	t, err := d.Token()
	if err != nil {
		return d.syntax(err)
	}
	switch t := t.(type) {
	case bool:
		n.sort, n.yes = isBool, t
	case json.Number:
		n.sort, n.text = isNumber, t.String()
	case string:
		n.sort, n.text = isText, t
	case json.Delim:
		n.sort = isArray
		if t == '{' {
			n.sort = isObject
		}
		for d.More() {
			if n.sort == isObject {
				k, err := d.Token()
				if err != nil {
					return d.syntax(err)
				}
				key, _ := k.(string)
				n.keys = append(n.keys, key)
			}
			n.list = append(n.list, node{})
			if err := d.read(&n.list[len(n.list)-1], depth+1); err != nil {
				return err
			}
		}
		if _, err := d.Token(); err != nil {
			return d.syntax(err)
		}
	}
	return nil
}

// syntax returns an error of the JSON reader with its offset.
func (d reader) syntax(err error) error {
	at := int(d.InputOffset())
	var se *json.SyntaxError
	if errors.As(err, &se) {
		at = int(se.Offset)
	}
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return &Error{Offset: at, Err: err}
}

// last returns the value of a key, the last one if it comes twice, or nil.
func (n *node) last(key string) *node {
	for i := len(n.keys) - 1; i >= 0; i-- {
		if n.keys[i] == key {
			return &n.list[i]
		}
	}
	return nil
}
