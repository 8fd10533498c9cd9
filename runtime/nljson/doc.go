// Package nljson turns the bytes of netlink messages into JSON and back, by the
// policy tables of package nlpolicy. The JSON is that of the kernel's own ynl
// tool: the names of the spec as keys, enums by name, flags as lists of names,
// addresses as text, other bytes as hex digits.
//
//	attribute             JSON
//	integer               number; with an enum its name; with a hint its text
//	flags                 array of names in the order of the bits, unknown bits as numbers
//	flag                  true
//	string                text
//	binary                hex digits; with a hint its text; with a struct an object;
//	                      a packed array as array
//	nest, sub-message     object; a sub-message of unknown format as hex digits
//	bitfield32            {"value": ..., "selector": ...}
//	multi-attr            array
//	indexed array         array of values; for nests and structs of objects {"<index>": {...}}
//	nest-type-value       object: the levels as numbers, then the attributes inside;
//	                      an array of them unless there is exactly one
//	records               array of objects
//	unknown               "UnknownAttr(68)": hex digits, or an object if NLA_F_NESTED is set
//
// The members of a fixed header and the attributes behind it share one object; if
// they share a name too, it means the member. Reading is more tolerant than
// writing: enums may be numbers, numbers may be text, a multi-attr that occurs once
// may lack its list, and the entries of an indexed array their indexes.
//
// The package knows nothing of sockets and of Go types for messages.
package nljson

import (
	"errors"
	"fmt"
	"strings"

	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlpolicy"
)

// Errors that an [Error] can unwrap to, beside those of package nlattr.
var (
	// ErrUnknown reports a key that is no attribute of the set and no member of
	// the struct.
	ErrUnknown = errors.New("unknown key")
	// ErrSelector reports a sub-message whose format is not known, because its
	// selector is missing or has a value that the spec does not list.
	ErrSelector = errors.New("the selector of the sub-message is missing or unknown")
	// ErrRange reports a number that does not fit its attribute.
	ErrRange = errors.New("number out of range")
	// ErrDepth reports JSON that is nested too deep.
	ErrDepth = errors.New("values are nested too deep")
)

// Error is the first thing that went wrong.
type Error struct {
	// Path leads to the value at fault, in the keys and indexes of the JSON:
	// "linkinfo.data.id", "multipath[0].gateway".
	Path string
	// Offset is where the value at fault stands: for [Append] in the bytes of
	// the message, for [Encode] in the text of the JSON.
	Offset int
	// Err is the cause.
	Err error
}

// Error returns the place and the cause in one line.
func (e *Error) Error() string {
	if e.Path == "" {
		return fmt.Sprintf("offset %d: %v", e.Offset, e.Err)
	}
	return fmt.Sprintf("%s (offset %d): %v", e.Path, e.Offset, e.Err)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// within puts one more step in front of the path of an error: a key, or an index
// in brackets. It returns err.
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

// flagged reports whether the values of an integer are sets of bits that the
// enum names.
func flagged(e *nlpolicy.Enum, f nlpolicy.Flags) bool {
	return e != nil && (e.Flags || f&nlpolicy.EnumFlags != 0)
}

// mask returns the bits that a value of an enum stands for.
func mask(e *nlpolicy.Enum, v uint64) uint64 {
	switch {
	case e.Flags:
		return v
	case v < 64:
		return 1 << v
	}
	return 0
}

// setOf returns the set behind a reference; the one behind none is empty.
func setOf(r nlpolicy.Ref) *nlpolicy.Set {
	if r != nil {
		if s := r.Set(); s != nil {
			return s
		}
	}
	return new(nlpolicy.Set)
}

// member returns the member of a struct with the given name, or nil. Padding has
// no name that counts.
func member(s *nlpolicy.Struct, name string) *nlpolicy.Member {
	if s != nil {
		for i := range s.Members {
			if m := &s.Members[i]; m.Name == name && m.Type() != nlpolicy.Pad {
				return m
			}
		}
	}
	return nil
}

// headerLen returns the bytes of a fixed header with its padding, no more than
// there are.
func headerLen(s *nlpolicy.Struct, have int) int {
	if s == nil {
		return 0
	}
	return min(nlattr.Align(s.Size), have)
}
