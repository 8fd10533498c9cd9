// Package nlmsg knows netlink messages: the header (struct nlmsghdr), how
// messages stand side by side in a datagram, and the control messages by which
// the kernel acknowledges, refuses and ends.
//
//	 0               4       6       8               12              16
//	+---------------+-------+-------+---------------+---------------+------
//	| nlmsg_len     | type  | flags | nlmsg_seq     | nlmsg_pid     | body
//	+---------------+-------+-------+---------------+---------------+------
//
// Everything is in host byte order. The length counts the header and the body;
// the next message starts at the next multiple of four.
//
// The package knows nothing of sockets. Names of attributes come from the tables
// of nlpolicy. No input makes it panic or read past its end.
package nlmsg

import "encoding/binary"

// native is the byte order of this machine, which netlink uses throughout.
var native = binary.NativeEndian

// HeaderLen is the size of struct nlmsghdr in bytes.
const HeaderLen = 16

// GenericLen is the size of struct genlmsghdr in bytes.
const GenericLen = 4

// Types of control messages. Numbers from [MinType] on belong to the families.
const (
	TypeNoop    = 1    // NLMSG_NOOP
	TypeError   = 2    // NLMSG_ERROR: an ack if its error is 0
	TypeDone    = 3    // NLMSG_DONE: the end of a dump
	TypeOverrun = 4    // NLMSG_OVERRUN
	MinType     = 0x10 // NLMSG_MIN_TYPE
)

// TypeControl is the type of messages of nlctrl (GENL_ID_CTRL), the family of
// generic netlink that tells the types of all others. It never changes.
const TypeControl = 0x10

// Flags of every message.
const (
	FlagRequest      = 0x01 // NLM_F_REQUEST
	FlagMulti        = 0x02 // NLM_F_MULTI
	FlagAck          = 0x04 // NLM_F_ACK
	FlagEcho         = 0x08 // NLM_F_ECHO
	FlagDumpIntr     = 0x10 // NLM_F_DUMP_INTR
	FlagDumpFiltered = 0x20 // NLM_F_DUMP_FILTERED
)

// Flags of requests that read.
const (
	FlagRoot   = 0x100                // NLM_F_ROOT
	FlagMatch  = 0x200                // NLM_F_MATCH
	FlagAtomic = 0x400                // NLM_F_ATOMIC
	FlagDump   = FlagRoot | FlagMatch // NLM_F_DUMP
)

// Flags of requests that create or change.
const (
	FlagReplace = 0x100 // NLM_F_REPLACE
	FlagExcl    = 0x200 // NLM_F_EXCL
	FlagCreate  = 0x400 // NLM_F_CREATE
	FlagAppend  = 0x800 // NLM_F_APPEND
)

// Flags of requests that delete.
const (
	FlagNonRec = 0x100 // NLM_F_NONREC
	FlagBulk   = 0x200 // NLM_F_BULK
)

// Flags of an NLMSG_ERROR message.
const (
	FlagCapped  = 0x100 // NLM_F_CAPPED: of the request only the header is sent back
	FlagAckTLVs = 0x200 // NLM_F_ACK_TLVS: extended ack attributes follow
)

// Attributes of an extended ack.
const (
	AttrMessage  = 1 // NLMSGERR_ATTR_MSG
	AttrOffset   = 2 // NLMSGERR_ATTR_OFFS
	AttrCookie   = 3 // NLMSGERR_ATTR_COOKIE
	AttrPolicy   = 4 // NLMSGERR_ATTR_POLICY
	AttrMissType = 5 // NLMSGERR_ATTR_MISS_TYPE
	AttrMissNest = 6 // NLMSGERR_ATTR_MISS_NEST
)

// Header is a struct nlmsghdr.
type Header struct {
	Len   uint32 // bytes of the message with this header, without padding
	Type  uint16
	Flags uint16
	Seq   uint32
	PID   uint32 // port id of the sender, 0 for the kernel
}

// Append appends the header to b.
func (h Header) Append(b []byte) []byte {
	b = append(b, make([]byte, HeaderLen)...)
	h.Put(b[len(b)-HeaderLen:])
	return b
}

// Put stores the header in the first [HeaderLen] bytes of b.
func (h Header) Put(b []byte) {
	_ = b[HeaderLen-1]
	native.PutUint32(b, h.Len)
	native.PutUint16(b[4:], h.Type)
	native.PutUint16(b[6:], h.Flags)
	native.PutUint32(b[8:], h.Seq)
	native.PutUint32(b[12:], h.PID)
}

// Get loads the header from the first [HeaderLen] bytes of b.
func (h *Header) Get(b []byte) {
	_ = b[HeaderLen-1]
	h.Len = native.Uint32(b)
	h.Type = native.Uint16(b[4:])
	h.Flags = native.Uint16(b[6:])
	h.Seq = native.Uint32(b[8:])
	h.PID = native.Uint32(b[12:])
}

// ParseHeader reads the header that b starts with. It reports false if b is too
// short for one, and does not look at the length in it.
func ParseHeader(b []byte) (h Header, ok bool) {
	if len(b) < HeaderLen {
		return h, false
	}
	h.Get(b)
	return h, true
}

// Finish fills in the length of the message that starts at b[start], and pads b
// so that another message can follow.
func Finish(b []byte, start int) []byte {
	n := len(b) - start
	native.PutUint32(b[start:], uint32(n))
	for ; n&3 != 0; n++ {
		b = append(b, 0)
	}
	return b
}
