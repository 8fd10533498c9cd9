// Package dynamic interprets a resolved family at run time: it turns JSON into
// the bytes of messages and back, and calls the running kernel with nothing
// generated. It serves the commands of nlgen that talk to the kernel, and it is
// the second implementation of the codec that generated code is compared with:
// the two have nothing in common but the attributes of runtime/nlattr.
//
// The JSON is that of the kernel's own ynl tool: the names of the spec as keys,
// enums by name, flags as lists of names, addresses as text, other bytes as hex
// digits. The members of a fixed header and the attributes behind it share one
// object; a name that both have means the member, unless its value is one that
// only the attribute can have.
//
//	attribute             JSON
//	integer               number; with an enum its name; with a hint its text
//	flags                 array of names in the order of the bits, unknown bits as numbers
//	flag                  true
//	string                text
//	binary                hex digits; with a hint its text; with a struct an object;
//	                      a packed array as array; records as array of objects
//	nest, sub-message     object; a sub-message of unknown format as hex digits
//	bitfield32            {"value": ..., "selector": ...}
//	multi-attr            array
//	indexed-array         array of values; for nests and structs of objects {"<index>": {...}}
//	nest-type-value       object: the levels as numbers, then the attributes inside;
//	                      an array of them unless there is exactly one
//	unknown               "UnknownAttr(68)": hex digits, or an object if NLA_F_NESTED is set
//
// Reading JSON is more tolerant than writing it: enums may be numbers, numbers
// may be text, a multi-attr that occurs once may lack its list, the entries of an
// indexed array their indexes.
//
// The package knows the IR and the runtime, and nothing of Go source text.
package dynamic

import (
	"errors"
	"fmt"
	"strings"
)

// Errors that an [Error] can unwrap to, beside those of package nlattr.
var (
	// ErrUnknown reports a key that is no attribute of the set and no member of
	// the struct.
	ErrUnknown = errors.New("unknown name")
	// ErrSelector reports a sub-message whose format is not known, because its
	// selector is missing or has a value that the spec does not list.
	ErrSelector = errors.New("the selector of the sub-message is missing or unknown")
	// ErrRange reports a number that does not fit its attribute.
	ErrRange = errors.New("number is out of range")
	// ErrDepth reports values that are nested too deep.
	ErrDepth = errors.New("values are nested too deep")
)

// An Error says what is wrong with a value, and where.
type Error struct {
	// Path leads to the value by the keys and indexes of the JSON:
	// "linkinfo.data.id", "multipath[0].gateway". It is empty if the message as a
	// whole is wrong.
	Path string
	// Offset is the number of bytes in front of the value, counted from the start
	// of the fixed header or, without one, of the attributes. It is -1 where there
	// are no bytes yet, since JSON is at fault.
	Offset int
	// Err is the cause.
	Err error
}

// Error returns the place and the cause in one line.
func (e *Error) Error() string {
	switch {
	case e.Path == "" && e.Offset < 0:
		return e.Err.Error()
	case e.Path == "":
		return fmt.Sprintf("offset %d: %v", e.Offset, e.Err)
	case e.Offset < 0:
		return fmt.Sprintf("%s: %v", e.Path, e.Err)
	default:
		return fmt.Sprintf("%s (offset %d): %v", e.Path, e.Offset, e.Err)
	}
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// wrong returns an error about JSON.
func wrong(err error) error { return &Error{Offset: -1, Err: err} }

// wrongf is [wrong] with a text.
func wrongf(format string, args ...any) error { return wrong(fmt.Errorf(format, args...)) }

// broken returns an error about bytes.
func broken(offset int, err error) error { return &Error{Offset: offset, Err: err} }

// within puts one more step in front of the path of an error, a key or an index
// in brackets, and returns the error.
func within(step string, err error) error {
	if e, ok := err.(*Error); ok {
		switch {
		case e.Path == "" || strings.HasPrefix(e.Path, "["):
			e.Path = step + e.Path
		default:
			e.Path = step + "." + e.Path
		}
	}
	return err
}

// step returns an index as a step of a path.
func step(n int) string { return fmt.Sprintf("[%d]", n) }
