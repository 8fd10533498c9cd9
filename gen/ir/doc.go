// Package ir holds the resolved form of a family: complete, with numbers
// assigned, references bound to pointers and Go names decided. It is made by
// package resolve and never changes afterwards. Emit, the dynamic codec, the
// lint rules and the documentation all read it and decide nothing themselves.
//
// There is no YAML in it and no Go builder. Orders are those of slices, so that
// two runs give the same output.
package ir

import "github.com/nlgen/nlgen/gen/diag"

// Level is the protocol level of a spec.
type Level string

// The four levels of the ynl spec language.
const (
	Genetlink       Level = "genetlink"
	GenetlinkC      Level = "genetlink-c"
	GenetlinkLegacy Level = "genetlink-legacy"
	NetlinkRaw      Level = "netlink-raw"
)

// Family is a resolved spec.
type Family struct {
	Name    string // as nlctrl knows it, for generic netlink
	Doc     string
	File    string // base name of the spec file
	CHeader string // the C header that declares the family
	// OpPrefix is how the names of the operations begin in C, if the spec says.
	OpPrefix string
	Package  string // Go package name
	Level    Level
	// Protocol is the netlink protocol: 16 (NETLINK_GENERIC), or the spec's
	// protonum.
	Protocol int
	// Version is byte 1 of struct genlmsghdr. Only for generic netlink.
	Version     int
	Directional bool // requests and replies are numbered apart
	Header      *Struct

	Consts      []*Const
	Enums       []*Enum
	Structs     []*Struct
	Sets        []*Set
	SubMessages []*SubMessage
	Ops         []*Op
	Groups      []*Group
	// Messages holds every message type once, in the order of operations.
	Messages []*Message
	// Events holds the notifications and events, in the order of operations.
	Events []*Event
	// Errors is the enum of errors that the family has of its own, nil if it has none.
	Errors *Enum
	Pos    diag.Pos
}

// Generic reports whether the family speaks generic netlink.
func (f *Family) Generic() bool { return f.Level != NetlinkRaw }

// Unicast reports whether the family has no multicast groups and yet something to tell, which then comes to the port that asked for it.
func (f *Family) Unicast() bool { return len(f.Events) > 0 && len(f.Groups) == 0 }

// Const is a named number or string.
type Const struct {
	Name     string
	Go       string // empty if Kernel is set
	C        string // name in the kernel's headers, as its prefix in the spec makes it
	Doc      string
	IsString bool
	Text     string // the value of a string
	Value    int64  // the value of a number
	Unsigned bool   // Value holds the bits of a uint64
	Kernel   bool   // scope: kernel; limits may name it, Go code does not
	Pos      diag.Pos
}

// Enum is an enum or a flags definition: a named Go integer type.
type Enum struct {
	Name   string
	Go     string
	Doc    string
	Prefix string // how the names of its entries begin in C, if the spec says
	// Flags says that the type holds a set of bits: the definition is of type
	// flags, or it is an enum that is only ever used with enum-as-flags.
	Flags   bool
	Entries []*Entry
	// Bits and Signed give the underlying Go integer: the widest that an
	// attribute or member with this enum needs; 32 unsigned if none has it.
	Bits   int // 8, 16, 32 or 64
	Signed bool
	Pos    diag.Pos
}

// Entry is a named value of an enum.
type Entry struct {
	Name string
	Go   string
	C    string // name in the kernel's headers, like that of a const
	Doc  string
	// Number is the value as the spec has it: the number of an enum's entry,
	// the bit number of a flag.
	Number int64
	// Value is the Go constant: the number, or the mask of a flag. It holds the
	// bits of an int64 if the enum is signed.
	Value uint64
	Pos   diag.Pos
}

// Struct is a C struct, laid out as the kernel lays it out on a 64-bit machine.
type Struct struct {
	Name    string
	Go      string
	Doc     string
	Size    int // bytes, with trailing padding and without Array
	Align   int // bytes
	Members []*Member
	Array   *Array // what stands behind the members; nil if nothing does
	// Header says that the struct is a fixed header of some message or format.
	Header bool
	Pos    diag.Pos
}

// Large reports that an optional struct is held by a pointer rather than by
// value: beyond 16 bytes.
func (s *Struct) Large() bool { return s.Size > 16 || s.Array != nil }

// All returns the members, and behind them what an element of the array is, if
// there is one.
func (s *Struct) All() []*Member {
	if s.Array == nil {
		return s.Members
	}
	return append(s.Members[:len(s.Members):len(s.Members)], s.Array.Member)
}

// Array is a C flexible array: elements of one size up to the end of the payload.
// That a struct ends in one comes from nlgen.yaml.
type Array struct {
	*Member         // one element; Offset is that of the first
	Count   *Member // holds the number of elements; nil if none does
}

// Member is a member of a struct.
type Member struct {
	Name   string
	Go     string // empty for padding
	Doc    string
	Type   string // u8 .. u64, s8 .. s64, binary, string, pad
	Offset int    // bytes
	Size   int    // bytes
	Order  Order
	Hint   Hint
	Enum   *Enum // nil if there is none
	// EnumFlags says that the member holds bits of Enum.
	EnumFlags bool
	Struct    *Struct // an embedded struct, for binary
	Pos       diag.Pos
}

// Order is a byte order.
type Order string

// The byte orders. Host order is the empty string.
const (
	Host         Order = ""
	BigEndian    Order = "big-endian"
	LittleEndian Order = "little-endian"
)

// Hint is a display hint.
type Hint string

// The display hints.
const (
	NoHint   Hint = ""
	Hex      Hint = "hex"
	MAC      Hint = "mac"
	FDDI     Hint = "fddi"
	IPv4     Hint = "ipv4"
	IPv6     Hint = "ipv6"
	IPv4OrV6 Hint = "ipv4-or-v6"
	UUID     Hint = "uuid"
)

// Set is an attribute set.
type Set struct {
	Name   string
	Go     string // type name
	Doc    string
	Prefix string  // how the names of its attributes begin in C, if the spec says
	Attrs  []*Attr // in the order of the spec; duplicates removed
	// Parent is the set that this one is a subset of, or nil.
	Parent *Set
	// Nest says that the set stands inside an attribute, a record or a format,
	// so that it needs a Go type of its own.
	Nest bool
	// Cyclic says that the set contains itself, directly or through others.
	Cyclic bool
	// Outer lists the selectors that sub-messages below this set look for in
	// an enclosing set. The generated decode takes each as a parameter.
	Outer []string
	Pos   diag.Pos
}

// Attr returns the attribute with the given spec name, or nil.
func (s *Set) Attr(name string) *Attr {
	for _, a := range s.Attrs {
		if a.Name == name {
			return a
		}
	}
	return nil
}

// Presence is how a Go field tells a present value from an absent one.
type Presence int

// The presences.
const (
	Never   Presence = iota // pad, unused: no field
	Opt                     // nlattr.Opt[T]
	Bool                    // bool, for flags
	Pointer                 // *T: nests and large structs
	Slice                   // []T: multi-attr, arrays; nil is absent
	Bytes                   // []byte and types over it: nil is absent
	Iface                   // sub-messages: nil is absent
)

// Attr is an attribute of a set.
type Attr struct {
	Name   string
	Go     string // field name
	Const  string // name of the Go constant with the number
	C      string // name in the kernel's headers, like that of a const
	Doc    string
	Set    *Set   // the set that it stands in
	Number uint16 // 14 bits
	Type   string // spec name of the kind: u8 .. sub-message, or record, headed
	Elem   string // sub-type of an indexed array or packed array, or ""
	Order  Order
	Hint   Hint
	Multi  bool
	// NetOrder says that the type is sent with NLA_F_NET_BYTEORDER.
	NetOrder bool
	Enum     *Enum
	// EnumFlags says that the value holds bits of Enum.
	EnumFlags bool
	Nested    *Set    // of nest, indexed-array, nest-type-value, record, headed
	Struct    *Struct // of binary, record and headed
	Sub       *SubMessage
	Selector  *Selector
	Levels    []string // type-value of a nest-type-value
	Record    *Record
	Checks    *Checks // nil if there are none
	Presence  Presence
	Pos       diag.Pos
}

// Selector is the attribute that chooses the format of a sub-message.
type Selector struct {
	Name string
	// Attr is the attribute in the same set; nil if it stands in an outer one.
	Attr *Attr
}

// Record says that a binary holds structs of varying length, each followed by
// attributes (struct rtnexthop), or just one of them. It comes from nlgen.yaml.
type Record struct {
	Go     string  // name of the Go type of one record
	Length *Member // the u16 member that holds the length of the record; nil if there is just one
}

// Checks are the limits of an attribute in a request.
type Checks struct {
	Min, Max                 *Limit
	Mask                     *uint64 // flags-mask
	MinLen, MaxLen, ExactLen *int
	Unterminated             bool
}

// Limit is a smallest or greatest value.
type Limit struct {
	Value    int64 // the bits of a uint64 if Unsigned
	Unsigned bool
	Text     string // as the spec has it: a number or a name
}

// SubMessage is a content whose form another attribute chooses.
type SubMessage struct {
	Name    string
	Go      string // the sealed interface
	RawGo   string // the type that holds an unknown format's bytes
	Doc     string
	Formats []*Format
	Pos     diag.Pos
}

// Format is one form of a sub-message.
type Format struct {
	Value  string  // the selector's value
	Header *Struct // nil if there is none
	Set    *Set    // nil if there is none
	// Go is the type of the content; empty if the format has neither header nor
	// set. It is the set's or the header's own type if there is just one of the
	// two, else a type of the format's own.
	Go  string
	Own bool // the type is the format's own
	// Sharing says that other formats have the same Go type, so that the type
	// does not tell the selector.
	Sharing bool
	Pos     diag.Pos
}

// Group is a multicast group.
type Group struct {
	Name string
	Go   string
	ID   uint32 // only netlink-raw; 0 if the spec has none
	Pos  diag.Pos
}

// Op is an operation.
type Op struct {
	Name  string
	Go    string // method name
	Const string // name of the Go constant with the number (Cmd...)
	C     string // name in the kernel's headers, like that of a const
	Doc   string
	// Set and Header are what requests have: the top-level attributes and the
	// fixed header, nil if there are none. Replies mostly have the same; what
	// they have stands in Reply.
	Set    *Set
	Header *Struct
	// Number is what the constant holds: the request's number, or the reply's
	// for notifications.
	Number uint16
	Do     *Mode // nil if there is none
	Dump   *Mode
	// Notify is the operation whose reply this notification carries, or nil.
	Notify    *Op
	Event     bool   // an asynchronous message with its own attributes
	Group     *Group // that carries the notification; nil if the spec names none
	AdminPerm bool   // needs CAP_NET_ADMIN in the initial user namespace
	NetAdmin  bool   // needs CAP_NET_ADMIN in the namespace's user namespace
	// Lenient says that the kernel parses do requests without strict checks.
	Lenient     bool
	LenientDump bool
	// Single says that a do is always answered by one message or an error.
	Single bool
	Reply  *Message // the union of what do, dump and notifications answer; nil if nothing
	Pos    diag.Pos
}

// Mode is how an operation is called: do or dump.
type Mode struct {
	Request       *Message // never nil; without attributes if the spec lists none
	RequestNumber uint16
	ReplyNumber   uint16 // 0 if HasReply is not set
	HasReply      bool
}

// Message is a message type: a fixed header and attributes of one set.
type Message struct {
	Name   string // for people: "getlink dump request"
	Go     string
	Doc    string
	Op     *Op
	Header *Struct
	Set    *Set // nil if there are no attributes
	// Attrs are the attributes listed for the message, in the order of the set,
	// without those that have no field.
	Attrs []*Attr
	// Fields are the attributes that the Go type has: those of the message, or if
	// others have a part in the type, those of them all.
	Fields []*Attr
	// Same is the earlier message with the same shape, whose Go type this one is
	// an alias of; nil if there is none.
	Same *Message
	// Request says that the message goes to the kernel.
	Request bool
	Pos     diag.Pos
}

// Event is a notification or an event.
type Event struct {
	Go     string // type name
	Op     *Op
	Number uint16
	// Private says that it comes to the port of a request, with a number like that of an answer.
	Private bool
	// Message is the content. The event's Go type embeds it.
	Message *Message
}
