// Package nlpolicy holds what is known about the attributes of a family as
// static tables, and what can be done with such tables: validate a message the
// way the kernel does, turn the offset of an attribute into a path of names and
// back.
//
// The tables are written by the generator as package variables that the linker
// lays out; nothing runs at start-up. They are read-only: whoever changes one
// changes it for the whole program.
//
// The package knows nothing of sockets and of Go types for messages.
package nlpolicy

// Kind is how the payload of an attribute is laid out: the attribute types of
// the ynl spec language, which mirror the kernel's NLA_* types.
type Kind uint8

// The kinds. The comment names the kernel's type (enum in include/net/netlink.h).
const (
	Unused        Kind = iota // NLA_REJECT: never sent, ignored when received
	Pad                       // padding before a 64-bit payload; never sent
	Flag                      // NLA_FLAG: no payload
	U8                        // NLA_U8
	U16                       // NLA_U16, NLA_BE16
	U32                       // NLA_U32, NLA_BE32
	U64                       // NLA_U64
	S8                        // NLA_S8
	S16                       // NLA_S16
	S32                       // NLA_S32
	S64                       // NLA_S64
	Uint                      // NLA_UINT: 4 or 8 bytes
	Sint                      // NLA_SINT: 4 or 8 bytes
	String                    // NLA_NUL_STRING, or NLA_STRING if it may lack the NUL
	Binary                    // NLA_BINARY: bytes, a C struct or a packed array
	Bitfield32                // NLA_BITFIELD32: struct nla_bitfield32
	Nest                      // NLA_NESTED
	IndexedArray              // NLA_NESTED_ARRAY: attributes whose numbers are indexes
	NestTypeValue             // nests whose attribute numbers carry values
	SubMessage                // content chosen by another attribute
)

var kindNames = [...]string{"unused", "pad", "flag", "u8", "u16", "u32", "u64", "s8", "s16", "s32", "s64", "uint", "sint",
	"string", "binary", "bitfield32", "nest", "indexed-array", "nest-type-value", "sub-message"}

// String returns the kind's name in the spec language.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return "kind(?)"
}

// Flags say how an attribute deviates from the plain form of its kind.
type Flags uint16

// The flags of an attribute or struct member.
const (
	BigEndian    Flags = 1 << iota // integers are in network byte order
	LittleEndian                   // integers are in little-endian byte order
	Multi                          // the attribute may occur several times
	EnumFlags                      // the enum's values are bits, not numbers
	Unterminated                   // the string may lack its NUL byte
	NetByteOrder                   // the attribute is sent with NLA_F_NET_BYTEORDER
)

// Hint is how a value is shown to people. It never changes the bytes.
type Hint uint8

// The hints.
const (
	NoHint Hint = iota
	Hex
	MAC
	FDDI
	IPv4
	IPv6
	IPv4OrV6
	UUID
)

// Limit says which limits of [Limits] apply.
type Limit uint8

// The limits that an attribute can have.
const (
	HasMin Limit = 1 << iota
	HasMax
	HasMask
	HasMinLen
	HasMaxLen
	HasExactLen
)

// Limits narrow the values that an attribute of a request may have.
type Limits struct {
	Has Limit
	// Min and Max are the smallest and the greatest value admitted, inclusive.
	// Those of unsigned attributes are held as the int64 with the same bits.
	Min, Max int64
	// Mask holds the bits that may be set (NLA_POLICY_MASK).
	Mask uint64
	// MinLen, MaxLen and Exact are payload lengths in bytes, for strings
	// without the NUL that ends them, but for Exact, which counts all bytes.
	MinLen, MaxLen, Exact uint32
}

// Attr describes one attribute of a set.
type Attr struct {
	Name   string // name in the spec
	Number uint16 // attribute number, 14 bits
	Kind   Kind
	Elem   Kind // element of an indexed array or of a packed array in a binary; else Unused
	Flags  Flags
	Hint   Hint
	Limits *Limits // nil if there are none
	Enum   *Enum   // names of the values; nil if there are none
	// Nested is the set inside a nest, inside each entry of an indexed array of
	// nests, or at the bottom of a nest-type-value. It is an interface, and not
	// a *Set, so that sets can contain one another.
	Nested Ref
	// Struct is the C struct that a binary or each entry of an indexed array holds, or
	// that stands in a nest before the attributes; nil if there is none.
	Struct *Struct
	Sub    *SubMsg // the formats of a sub-message
	// Selector is the attribute that chooses the format of a sub-message. It
	// is looked for in this set, then outward.
	Selector string
	Levels   []string // names of the levels of a nest-type-value, outermost first
	Record   *Record  // the records that a binary holds; nil if it holds none
}

// Record describes a binary that holds C structs, each with its length and
// followed by attributes, such as RTA_MULTIPATH with its struct rtnexthop. The
// length counts the struct and the attributes; each record starts at a multiple
// of four.
type Record struct {
	Header *Struct
	Length string // the u16 member that holds the record's length in bytes
	Nested Ref    // the attributes behind the struct
}

// Ref is a reference to a set. A *[Set] is one; generated code has others for
// sets that contain themselves, since Go admits no cycles between variables.
type Ref interface{ Set() *Set }

// Set describes the attributes that may stand side by side.
type Set struct {
	Name  string // name in the spec
	Attrs []Attr // ascending by number, each number once
}

// Set returns s. It makes a *Set a [Ref].
func (s *Set) Set() *Set { return s }

// Find returns the attribute with the given number, or nil.
func (s *Set) Find(number uint16) *Attr {
	lo, hi := 0, len(s.Attrs)
	// Most sets are dense and start at 1: look there first.
	if i := int(number) - 1; i >= 0 && i < hi && s.Attrs[i].Number == number {
		return &s.Attrs[i]
	}
	for lo < hi {
		m := int(uint(lo+hi) >> 1)
		if s.Attrs[m].Number < number {
			lo = m + 1
		} else {
			hi = m
		}
	}
	if lo < len(s.Attrs) && s.Attrs[lo].Number == number {
		return &s.Attrs[lo]
	}
	return nil
}

// Named returns the attribute with the given name, or nil.
func (s *Set) Named(name string) *Attr {
	for i := range s.Attrs {
		if s.Attrs[i].Name == name {
			return &s.Attrs[i]
		}
	}
	return nil
}

// Enum names the values of an integer, or its bits.
type Enum struct {
	Name  string
	Flags bool    // values are masks of single bits
	Names []Value // in the order of the spec
}

// Value is a named value of an enum; for flags the mask, for an enum the number.
type Value struct {
	Name  string
	Value uint64 // negative numbers as the uint64 with the same bits
}

// Struct describes a C struct as the kernel lays it out on a 64-bit machine. Padding
// need not be among its members.
type Struct struct {
	Name    string
	Size    int // bytes, with the padding at the end
	Members []Member
	Array   *Array // what stands behind the members; nil if nothing does
}

// Array describes a C flexible array: elements of one size up to the end of the
// payload.
type Array struct {
	Member        // one element; Offset is that of the first
	Count  string // the member that holds the number of elements; empty if none does
}

// Elements returns the bytes of the elements that the array at the end of s has
// in a payload: whole ones, and no more than the member that counts them can say.
// It returns nothing if s ends in none.
func (s *Struct) Elements(b []byte) []byte {
	a := s.Array
	if a == nil || a.Size <= 0 || len(b) <= s.Size {
		return nil
	}
	n := (len(b) - s.Size) / a.Size
	if c := s.Counter(); c != nil && c.Size < 4 {
		n = min(n, 1<<(8*c.Size)-1)
	}
	return b[s.Size : s.Size+n*a.Size]
}

// Counter returns the member that holds the number of the array's elements, or
// nil.
func (s *Struct) Counter() *Member {
	if s.Array == nil || s.Array.Count == "" {
		return nil
	}
	for i := range s.Members {
		if s.Members[i].Name == s.Array.Count {
			return &s.Members[i]
		}
	}
	return nil
}

// Offset returns where a member of s begins, in bytes from the start of the
// struct; -1 if it is none.
func (s *Struct) Offset(m *Member) int {
	at := 0
	for i := range s.Members {
		x := &s.Members[i]
		if x.Offset != 0 {
			at = x.Offset
		}
		if x == m {
			return at
		}
		at += x.Size
	}
	return -1
}

// Member describes a member of a C struct.
type Member struct {
	Name   string
	Offset int  // bytes from the start of the struct; 0 if it begins where the member before it ends
	Size   int  // bytes
	Kind   Kind // integer kinds, String, Binary or Pad; see Type
	Flags  Flags
	Hint   Hint
	Enum   *Enum
	Struct *Struct // an embedded struct
}

// Type returns the kind of the member. Where Kind is not set, that is Binary for a
// struct, else an unsigned integer of the member's size.
func (m *Member) Type() Kind {
	switch {
	case m.Kind != Unused:
		return m.Kind
	case m.Struct != nil:
		return Binary
	}
	switch m.Size {
	case 1:
		return U8
	case 2:
		return U16
	case 4:
		return U32
	case 8:
		return U64
	}
	return Unused
}

// SubMsg describes the formats among which a selector chooses.
type SubMsg struct {
	Name    string
	Formats []Format
}

// Find returns the format for the selector's value, or nil.
func (s *SubMsg) Find(value string) *Format {
	for i := range s.Formats {
		if s.Formats[i].Value == value {
			return &s.Formats[i]
		}
	}
	return nil
}

// Format is what a sub-message holds for one value of its selector: a fixed
// header, then attributes. Both may be absent.
type Format struct {
	Value  string
	Header *Struct
	Nested Ref
}

// Message describes what a message carries behind the netlink header, and the
// generic netlink header where there is one.
type Message struct {
	Family string  // name of the family
	Op     string  // name of the operation
	Header *Struct // fixed header; nil if there is none
	Attrs  Ref     // top-level attributes; nil if there are none
	// Accept lists the numbers of the top-level attributes that the operation
	// takes, ascending. Nil stands for all of the set.
	Accept []uint16
}

// Whole returns the message with all attributes of its set.
func (m Message) Whole() *Message {
	m.Accept = nil
	return &m
}
