package nlpolicy

import (
	"fmt"
	"strconv"
	"strings"
	"syscall"
)

// What a message is refused for, in the words of the kernel's own ext-ack.
const (
	msgHeader      = "Invalid header length"
	msgUnknown     = "Unknown attribute type"
	msgUnsupported = "Unsupported attribute"
	msgLength      = "invalid attribute length"
	msgNested      = "NLA_F_NESTED is missing"
	msgNotNested   = "NLA_F_NESTED not expected"
	msgFailed      = "Attribute failed policy validation"
	msgElement     = "Array element too short"
	msgRange       = "integer out of range"
	msgMask        = "reserved bit set"
	msgSize        = "binary attribute size out of range"
	msgTrailing    = "bytes leftover after parsing attributes"
	msgDepth       = "allowed policy recursion depth exceeded"
	msgRecord      = "bytes leftover after parsing records"
)

// ValidationError is the first thing in a message that its policy forbids.
type ValidationError struct {
	// Errno is the error that the kernel would return. The error unwraps to it.
	Errno syscall.Errno
	// Msg is the reason in the kernel's words, such as "integer out of range".
	Msg string
	// Offset is the number of bytes before the attribute at fault, from the
	// start of the body that was validated. It is -1 if no attribute is to
	// blame, but the message or a nest as a whole.
	Offset int
	// Path names the attribute at fault, or the nest that is wrong as a whole.
	// It is empty if that is the message.
	Path string
	// Attr is the policy of the attribute, or nil if it has none.
	Attr *Attr
	// Value is what was refused: an integer as uint64, or as int64 if the
	// attribute is signed, a length in bytes as int, or nil.
	Value any
	// Detail says in words what is wrong with the value: "70000 is above 65535".
	Detail string
}

// Error returns the place, the reason and the detail in one line.
func (e *ValidationError) Error() string {
	var s strings.Builder
	if e.Path != "" {
		s.WriteString("attribute ")
		s.WriteString(e.Path)
		s.WriteString(": ")
	}
	s.WriteString(e.Msg)
	if e.Detail != "" {
		s.WriteString(": ")
		s.WriteString(e.Detail)
	}
	return s.String()
}

// Unwrap returns the errno, for errors.Is(err, syscall.ERANGE).
func (e *ValidationError) Unwrap() error { return e.Errno }

// reason is what is wrong with a value, in short.
type reason uint8

const (
	whyBelow    reason = iota + 1 // the value is below the limit
	whyAbove                      // the value is above the limit
	whyNot                        // the value is not the limit
	whyMask                       // the limit holds the bits that may not be set
	whySelector                   // the limit holds the bits that are not selected
	whyWord                       // a length is neither four nor eight
	whyNul                        // a string has no NUL byte
	whyBytes                      // so many bytes are left
	whyKind     reason = 0x0f
	whyLength   reason = 0x10 // the value is a length in bytes
	whyText     reason = 0x20 // the value is the length of a string
)

// error returns what was found as an error.
func (v *finding) error(m *Message, body []byte) *ValidationError {
	e := &ValidationError{Errno: v.errno, Msg: v.msg, Offset: v.off, Attr: v.attr}
	if v.nest != v.off {
		e.Offset = -1
	}
	if v.nest >= 0 {
		e.Path, _ = m.PathAt(body, v.nest)
	}
	e.Value, e.Detail = v.detail()
	return e
}

func (v *finding) detail() (any, string) {
	kind := v.why & whyKind
	if v.why&(whyLength|whyText) != 0 || kind == whyWord || kind == whyNul || kind == whyBytes {
		return int(v.value), v.lengths(kind)
	}
	var value any = v.value
	number := func(n uint64) string { return strconv.FormatUint(n, 10) }
	if v.attr != nil && (v.attr.Kind.Signed() || v.attr.Kind == IndexedArray && v.attr.Elem.Signed()) {
		value = int64(v.value)
		number = func(n uint64) string { return strconv.FormatInt(int64(n), 10) }
	}
	switch kind {
	case whyBelow:
		return value, number(v.value) + " is below " + number(v.limit)
	case whyAbove:
		return value, number(v.value) + " is above " + number(v.limit)
	case whyMask:
		return value, fmt.Sprintf("%#x has the bits %#x, which are not allowed", v.value, v.limit)
	case whySelector:
		return value, fmt.Sprintf("%#x has the bits %#x, which are not selected", v.value, v.limit)
	}
	return nil, ""
}

// lengths says what is wrong with a length.
func (v *finding) lengths(kind reason) string {
	n := plural(v.value)
	switch kind {
	case whyBelow:
		return n + ", at least " + strconv.FormatUint(v.limit, 10) + " needed"
	case whyAbove:
		if v.why&whyText != 0 {
			return "the text is longer than " + plural(v.limit)
		}
		return n + ", at most " + strconv.FormatUint(v.limit, 10) + " allowed"
	case whyNot:
		return n + " instead of " + strconv.FormatUint(v.limit, 10)
	case whyWord:
		return n + " instead of 4 or 8"
	case whyNul:
		return "the NUL byte is missing"
	}
	return n
}

func plural(n uint64) string {
	if n == 1 {
		return "1 byte"
	}
	return strconv.FormatUint(n, 10) + " bytes"
}
