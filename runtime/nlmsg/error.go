package nlmsg

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/nlgen/nlgen/runtime/nlpolicy"
)

// Error is a request that the kernel refused, with all that it tells about the
// reason. It unwraps to the error number, so that errors.Is(err, os.ErrExist)
// and errors.Is(err, unix.EEXIST) work.
type Error struct {
	Family string // name of the family, "rt-link"
	Op     string // name of the operation, "newlink"
	// Errno is the error number, Linux's on every system.
	Errno syscall.Errno
	// Name is the name of Errno in the words of the spec, if the family has errors
	// of its own and it is one of these: "exist".
	Name string
	// Message is the kernel's own text; empty if it has none.
	Message string

	// Attr is the path of the attribute that was refused, in the words of the
	// spec: "linkinfo.data.id". It is empty if the kernel names none, or if it
	// is not to be found in the tables.
	Attr string
	// Offset is where that attribute starts, in bytes from the start of the
	// request's header; 0 if the kernel names none.
	Offset int

	// Missing is the path of an attribute that is required and was not sent;
	// empty if the kernel names none.
	Missing string
	// MissingType is its number, and MissingNest where the nest starts that
	// lacks it, counted like Offset; 0 for the top level.
	MissingType uint32
	MissingNest int

	// Policy is what the kernel would accept for Attr; nil if it does not say.
	Policy *Policy
	// Cookie is what the family sends beside; most send nothing.
	Cookie []byte
}

// Error returns everything in one line:
//
//	rt-link: newlink: EEXIST: "File exists" [attribute linkinfo.data.id]
func (e *Error) Error() string {
	var s strings.Builder
	for _, name := range []string{e.Family, e.Op} {
		if name != "" {
			s.WriteString(name)
			s.WriteString(": ")
		}
	}
	if e.Name != "" {
		s.WriteString(e.Name)
		s.WriteString(": ")
	}
	s.WriteString(ErrnoName(int(e.Errno)))
	if e.Message != "" {
		s.WriteString(": ")
		s.WriteString(strconv.Quote(e.Message))
	} else if text := errnoText(e.Errno); text != "" {
		s.WriteString(": ")
		s.WriteString(text)
	}
	facts := make([]string, 0, 3)
	if e.Attr != "" {
		facts = append(facts, "attribute "+e.Attr)
	} else if e.Offset != 0 {
		facts = append(facts, fmt.Sprintf("attribute at offset %d", e.Offset))
	}
	if e.Missing != "" {
		facts = append(facts, "missing attribute "+e.Missing)
	}
	if e.Policy != nil {
		facts = append(facts, "policy "+e.Policy.String())
	}
	if len(facts) > 0 {
		s.WriteString(" [")
		s.WriteString(strings.Join(facts, ", "))
		s.WriteByte(']')
	}
	return s.String()
}

// Unwrap returns the error number.
func (e *Error) Unwrap() error { return e.Errno }

// Is makes errors.Is work for the errors of package io/fs and
// [errors.ErrUnsupported] where the system's own error numbers are not Linux's,
// and for ENOTSUPP, which no C library knows.
func (e *Error) Is(target error) bool {
	var names string
	switch target {
	case fs.ErrExist:
		names = "EEXIST ENOTEMPTY"
	case fs.ErrNotExist:
		names = "ENOENT"
	case fs.ErrPermission:
		names = "EPERM EACCES"
	case errors.ErrUnsupported:
		names = "EOPNOTSUPP ENOSYS ENOTSUPP"
	default:
		return false
	}
	return slices.Contains(strings.Fields(names), ErrnoName(int(e.Errno)))
}

// NewError returns the error that a control message carries. The request is the
// message as it was sent, header included; skip is how many bytes of it stand
// before the body that the tables describe: [HeaderLen], for generic netlink
// also [GenericLen]. Without tables (m is nil) attributes have no names.
// Nothing in the error is part of the control message.
func NewError(family, op string, c *Control, request []byte, skip int, m *nlpolicy.Message) *Error {
	x := &c.Ext
	e := &Error{Family: family, Op: op, Errno: c.Errno, Message: string(x.Message), Offset: int(x.Offset)}
	if len(x.Cookie) > 0 {
		e.Cookie = append(e.Cookie, x.Cookie...)
	}
	if x.Policy != nil {
		if p, err := ParsePolicy(x.Policy); err == nil {
			e.Policy = &p
		}
	}
	if x.HasMissing {
		e.MissingType, e.MissingNest = x.MissingType, int(x.MissingNest)
		e.Missing = strconv.FormatUint(uint64(x.MissingType), 10)
	}
	if m == nil || skip > len(request) {
		return e
	}
	body := request[skip:]
	if off := int(x.Offset) - skip; x.Offset != 0 && off >= 0 {
		if path, ok := m.PathAt(body, off); ok {
			e.Attr = path
		}
	}
	if x.HasMissing && x.MissingType <= 0xffff {
		nest := -1
		if x.MissingNest != 0 {
			nest = int(x.MissingNest) - skip
		}
		if path := m.MissingAt(body, nest, uint16(x.MissingType)); path != "" {
			e.Missing = path
		}
	}
	return e
}
