package spec

import "github.com/nlgen/nlgen/gen/diag"

// Operations is the section of operations.
type Operations struct {
	Pos         diag.Pos
	EnumModel   Val[string]  `ynl:"enum-model" oneof:"enum-model"`
	FixedHeader Val[string]  `ynl:"fixed-header"`
	NamePrefix  Val[string]  `ynl:"name-prefix"` // The prefix of the C names, for doc comments.
	List        []*Operation `ynl:"list,required"`

	// Names for C code. nlgen ignores them.
	EnumName    Val[string] `ynl:"enum-name,null"`
	AsyncPrefix Val[string] `ynl:"async-prefix"`
	AsyncEnum   Val[string] `ynl:"async-enum,null"`
}

// Operation is one operation: a request with do or dump, a notification with notify or event. One with none of the four reserves a
// number.
type Operation struct {
	Pos          diag.Pos
	Name         Val[string]   `ynl:"name,required,name"`
	Doc          Val[string]   `ynl:"doc,expected"`
	Value        Val[uint64]   `ynl:"value"`
	AttributeSet Val[string]   `ynl:"attribute-set"`
	FixedHeader  Val[string]   `ynl:"fixed-header"`
	Flags        []Val[string] `ynl:"flags" oneof:"operation flag"`
	DontValidate []Val[string] `ynl:"dont-validate" oneof:"dont-validate"`
	Do           *Exchange     `ynl:"do"`
	Dump         *Exchange     `ynl:"dump"`
	Notify       Val[string]   `ynl:"notify"`
	Event        *Event        `ynl:"event"`
	Mcgrp        Val[string]   `ynl:"mcgrp"`

	// The Kconfig option that the command depends on. It serves documentation only.
	ConfigCond Val[string] `ynl:"config-cond"`
}

// Exchange is what goes to the kernel and what comes back, for do or for dump.
type Exchange struct {
	Pos     diag.Pos
	Request *Message `ynl:"request"`
	Reply   *Message `ynl:"reply"`

	// Names of kernel functions. nlgen ignores them.
	Pre  Val[string] `ynl:"pre"`
	Post Val[string] `ynl:"post"`
}

// Message is a request or a reply.
type Message struct {
	Pos        diag.Pos
	Value      Val[uint64]   `ynl:"value"` // The number of the message, in the directional model.
	Attributes []Val[string] `ynl:"attributes"`
}

// Event is the content of a notification that has no operation of the same content.
type Event struct {
	Pos        diag.Pos
	Attributes []Val[string] `ynl:"attributes"`
}
