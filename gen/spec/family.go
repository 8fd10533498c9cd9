package spec

import "github.com/nlgen/nlgen/gen/diag"

// The tag of a field says which key it holds and how it is read:
//
//	ynl:"key"            the key
//	ynl:"key,required"   an error if the key is missing or has no value
//	ynl:"key,expected"   a warning if it is missing
//	ynl:"key,null"       null has a meaning of its own, so the words null and Null are not taken for a text
//	ynl:"key,name"       a name: letters, digits, dashes, underscores, spaces
//	ynl:"key,label"      a name with any characters that can be printed
//	ynl:"key,plain"      an object may be written as a bare scalar, which is then the value of this key
//	oneof:"words"        the admitted values, a list of that name in words.go
//
// A slice is nil if the key is absent, and not nil (but perhaps empty) if the key is there, even with a null value. The same goes for
// pointers to objects: `request:` with nothing behind it gives an empty Message, not a nil one. The Pos of an object is that of its
// first key, or that of the key that holds it if there is nothing in it.

// Family is one spec.
type Family struct {
	Pos           diag.Pos
	Name          Val[string]     `ynl:"name,required,name"`
	Doc           Val[string]     `ynl:"doc,expected"`
	Protocol      Val[string]     `ynl:"protocol" oneof:"protocol"`
	Protonum      Val[uint64]     `ynl:"protonum"`
	Version       Val[uint64]     `ynl:"version"`
	UapiHeader    Val[string]     `ynl:"uapi-header"`
	KernelPolicy  Val[string]     `ynl:"kernel-policy" oneof:"kernel-policy"`
	Definitions   []*Definition   `ynl:"definitions"`
	AttributeSets []*AttributeSet `ynl:"attribute-sets,required"`
	SubMessages   []*SubMessage   `ynl:"sub-messages"`
	Operations    *Operations     `ynl:"operations,required"`
	McastGroups   *McastGroups    `ynl:"mcast-groups"`

	// Names for C code and instructions for kernel code. nlgen ignores them.
	CFamilyName  Val[string]   `ynl:"c-family-name"`
	CVersionName Val[string]   `ynl:"c-version-name"`
	MaxByDefine  Val[bool]     `ynl:"max-by-define"`
	CmdMaxName   Val[string]   `ynl:"cmd-max-name"`
	CmdCntName   Val[string]   `ynl:"cmd-cnt-name"`
	KernelFamily *KernelFamily `ynl:"kernel-family"`
}

// KernelFamily tells the kernel's own generator what to put into kernel code. nlgen ignores it.
type KernelFamily struct {
	Pos      diag.Pos
	Headers  []Val[string] `ynl:"headers"`
	SockPriv Val[string]   `ynl:"sock-priv"`
}

// Definition is a const, an enum, a set of flags or a C struct. Read makes sure that a const has a value, an enum and flags have
// entries (perhaps none), and a struct has members.
type Definition struct {
	Pos        diag.Pos
	Name       Val[string] `ynl:"name,required,name"`
	Type       Val[string] `ynl:"type,required" oneof:"definition type"`
	Doc        Val[string] `ynl:"doc"`
	Header     Val[string] `ynl:"header"`
	Scope      Val[string] `ynl:"scope" oneof:"scope"`
	Value      Val[Const]  `ynl:"value"`       // const
	ValueStart Val[Limit]  `ynl:"value-start"` // enum, flags
	Entries    []*Entry    `ynl:"entries"`     // enum, flags
	RenderMax  Val[bool]   `ynl:"render-max"`  // enum, flags
	Members    []*Member   `ynl:"members"`     // struct
	NamePrefix Val[string] `ynl:"name-prefix"` // A C prefix, but checks may refer to a const by prefix and name.

	// Names for C code. nlgen ignores them.
	EnumName    Val[string] `ynl:"enum-name,null"`
	EnumCntName Val[string] `ynl:"enum-cnt-name"`
}

// Entry is one entry of an enum or of flags. An entry written as a bare string has a name only.
type Entry struct {
	Pos   diag.Pos
	Name  Val[string] `ynl:"name,required,label,plain"`
	Value Val[Int]    `ynl:"value"` // For flags, the number of the bit.
	Doc   Val[string] `ynl:"doc"`
}

// Member is one member of a struct.
type Member struct {
	Pos         diag.Pos
	Name        Val[string] `ynl:"name,required,name"`
	Type        Val[string] `ynl:"type,required" oneof:"member type"`
	Len         Val[Limit]  `ynl:"len"`
	ByteOrder   Val[string] `ynl:"byte-order" oneof:"byte-order"`
	Doc         Val[string] `ynl:"doc"`
	Enum        Val[string] `ynl:"enum"`
	EnumAsFlags Val[bool]   `ynl:"enum-as-flags"`
	DisplayHint Val[string] `ynl:"display-hint" oneof:"display-hint"`
	Struct      Val[string] `ynl:"struct"`
}

// AttributeSet is a name space of attributes, or with SubsetOf a selection from another one.
type AttributeSet struct {
	Pos        diag.Pos
	Name       Val[string]  `ynl:"name,required,name"`
	Doc        Val[string]  `ynl:"doc"`
	SubsetOf   Val[string]  `ynl:"subset-of"`
	Attributes []*Attribute `ynl:"attributes,required"`
	NamePrefix Val[string]  `ynl:"name-prefix"` // The prefix of the C names, for doc comments.

	// Names for C code. nlgen ignores them.
	EnumName    Val[string] `ynl:"enum-name,null"`
	AttrCntName Val[string] `ynl:"attr-cnt-name"`
	AttrMaxName Val[string] `ynl:"attr-max-name"`
	Header      Val[string] `ynl:"header"`
}

// Attribute is one attribute of a set. Read makes sure that it has a type, unless the set is a subset of another one.
type Attribute struct {
	Pos              diag.Pos
	Name             Val[string]   `ynl:"name,required,name"`
	Type             Val[string]   `ynl:"type" oneof:"attribute type"`
	Doc              Val[string]   `ynl:"doc"`
	Value            Val[uint64]   `ynl:"value"`
	TypeValue        []Val[string] `ynl:"type-value,label"`
	ByteOrder        Val[string]   `ynl:"byte-order" oneof:"byte-order"`
	MultiAttr        Val[bool]     `ynl:"multi-attr"`
	NestedAttributes Val[string]   `ynl:"nested-attributes"`
	Enum             Val[string]   `ynl:"enum"`
	EnumAsFlags      Val[bool]     `ynl:"enum-as-flags"`
	Checks           *Checks       `ynl:"checks"`
	SubType          Val[string]   `ynl:"sub-type" oneof:"attribute type"`
	DisplayHint      Val[string]   `ynl:"display-hint" oneof:"display-hint"`
	Struct           Val[string]   `ynl:"struct"`
	SubMessage       Val[string]   `ynl:"sub-message"`
	Selector         Val[string]   `ynl:"selector"`
	NamePrefix       Val[string]   `ynl:"name-prefix"` // The prefix of this attribute's C name, for doc comments.
}

// Checks are the limits that the kernel puts on an attribute in requests.
type Checks struct {
	Pos            diag.Pos
	FlagsMask      Val[Limit] `ynl:"flags-mask"`
	Min            Val[Limit] `ynl:"min"`
	Max            Val[Limit] `ynl:"max"`
	MinLen         Val[Limit] `ynl:"min-len"`
	MaxLen         Val[Limit] `ynl:"max-len"`
	ExactLen       Val[Limit] `ynl:"exact-len"`
	UnterminatedOk Val[bool]  `ynl:"unterminated-ok"`
}

// SubMessage is a payload whose shape depends on the value of another attribute, the selector.
type SubMessage struct {
	Pos     diag.Pos
	Name    Val[string] `ynl:"name,required,label"`
	Formats []*Format   `ynl:"formats,required"`
}

// Format is the shape of a sub-message for one value of the selector.
type Format struct {
	Pos          diag.Pos
	Value        Val[string] `ynl:"value,required,label"`
	FixedHeader  Val[string] `ynl:"fixed-header"`
	AttributeSet Val[string] `ynl:"attribute-set"`
}

// McastGroups is the section of multicast groups.
type McastGroups struct {
	Pos  diag.Pos
	List []*McastGroup `ynl:"list,required"`
}

// McastGroup is one multicast group.
type McastGroup struct {
	Pos   diag.Pos
	Name  Val[string] `ynl:"name,required,label"`
	Value Val[uint64] `ynl:"value"`

	// A name for C code and permission hints for kernel code. nlgen ignores them.
	CDefineName Val[string]   `ynl:"c-define-name"`
	Flags       []Val[string] `ynl:"flags" oneof:"operation flag"`
}
