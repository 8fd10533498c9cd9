package nlmsg

import (
	"errors"
	"syscall"

	"github.com/nlgen/nlgen/runtime/nlattr"
)

// Control is what an NLMSG_ERROR or NLMSG_DONE message says. Its slices are
// part of the message.
type Control struct {
	// Errno is the error, 0 for an ack or a dump that ended well.
	Errno syscall.Errno
	// Request is the header of the request that is answered. It is zero for
	// NLMSG_DONE, which does not send it back.
	Request Header
	// Ext is the extended ack; zero if there is none.
	Ext ExtAck
}

// ErrControl reports a control message that is too short for what it must hold.
var ErrControl = errors.New("control message is too short")

// ParseError reads the body of an NLMSG_ERROR message:
//
//	s32 error | nlmsghdr of the request | rest of the request | attributes
//
// The rest of the request is not there if the message is capped, and the
// attributes only if the flag NLM_F_ACK_TLVS says so.
func ParseError(h Header, body []byte) (Control, error) {
	req, ok := ParseHeader(body[min(4, len(body)):])
	if !ok {
		return Control{}, &FormatError{Offset: len(body), Err: ErrControl}
	}
	c := Control{Errno: errnoOf(body), Request: req}
	if h.Flags&FlagAckTLVs == 0 {
		return c, nil
	}
	start := uint64(4 + HeaderLen)
	if h.Flags&FlagCapped == 0 && req.Len >= HeaderLen {
		start = 4 + (uint64(req.Len)+3)&^3
	}
	if start > uint64(len(body)) {
		return c, &FormatError{Offset: len(body), Err: ErrControl}
	}
	return c, c.Ext.parse(body[start:])
}

// ParseDone reads the body of an NLMSG_DONE message: an s32 error and, if the
// flag NLM_F_ACK_TLVS says so, attributes. Some families send no body at all,
// which means that all went well.
func ParseDone(h Header, body []byte) (Control, error) {
	if len(body) == 0 {
		return Control{}, nil
	}
	if len(body) < 4 {
		return Control{}, &FormatError{Offset: len(body), Err: ErrControl}
	}
	c := Control{Errno: errnoOf(body)}
	if h.Flags&FlagAckTLVs == 0 {
		return c, nil
	}
	return c, c.Ext.parse(body[4:])
}

// errnoOf returns the error number that a body starts with. Dumps of some old
// families end with the positive length of the last message, which is no error.
func errnoOf(body []byte) syscall.Errno {
	if n := int32(native.Uint32(body)); n < 0 {
		return syscall.Errno(uint32(-n))
	}
	return 0
}

// ExtAck holds the attributes of an extended ack. Its slices are part of the
// message.
type ExtAck struct {
	Message []byte // NLMSGERR_ATTR_MSG, without the NUL
	Cookie  []byte // NLMSGERR_ATTR_COOKIE
	Policy  []byte // NLMSGERR_ATTR_POLICY: the attributes in it

	// Offset is where the attribute that the kernel refused starts, counted
	// from the start of the request's header (NLMSGERR_ATTR_OFFS); 0 if it names
	// none.
	Offset uint32

	// MissingType is the number of an attribute that is missing, and
	// MissingNest where the nest starts that lacks it, 0 for the top level.
	HasMissing  bool
	MissingType uint32 // NLMSGERR_ATTR_MISS_TYPE
	MissingNest uint32 // NLMSGERR_ATTR_MISS_NEST
}

// parse reads the attributes of an extended ack. A later kernel may have more.
func (x *ExtAck) parse(b []byte) error {
	d := nlattr.NewDecoder(b)
	for d.Next() {
		switch d.Type() {
		case AttrMessage:
			x.Message = cut(d.Payload())
		case AttrOffset:
			x.Offset = d.Uint32()
		case AttrCookie:
			x.Cookie = d.Payload()
		case AttrPolicy:
			x.Policy = d.Payload()
		case AttrMissType:
			x.MissingType, x.HasMissing = d.Uint32(), true
		case AttrMissNest:
			x.MissingNest = d.Uint32()
		}
	}
	return d.Err()
}

// cut returns what stands before the first NUL byte.
func cut(b []byte) []byte {
	for i, c := range b {
		if c == 0 {
			return b[:i]
		}
	}
	return b
}

// Empty reports whether there is nothing in the extended ack.
func (x *ExtAck) Empty() bool {
	return x.Message == nil && x.Cookie == nil && x.Policy == nil && x.Offset == 0 && !x.HasMissing
}

// Ack is what the kernel says beside "it is done".
type Ack struct {
	// Warning is the kernel's text, empty if it has none. The request was
	// carried out all the same.
	Warning string
	// Cookie is what the family sends with the ack; most send none.
	Cookie []byte
}

// Ack returns the ack that c is. Nothing in it is part of the message.
func (c *Control) Ack() *Ack {
	return &Ack{Warning: string(c.Ext.Message), Cookie: append([]byte(nil), c.Ext.Cookie...)}
}
