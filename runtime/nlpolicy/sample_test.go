package nlpolicy

import (
	"testing"

	"github.com/nlgen/nlgen/runtime/nlattr"
)

// The tables of a family that has one of everything. The shapes are those of
// rt-link, rt-route, tc and nlctrl.

// selfRef is how generated code refers to a set that contains itself.
type selfRef struct{}

func (selfRef) Set() *Set { return loopSet }

var loopSet *Set

func init() {
	loopSet = &Set{Name: "loop", Attrs: []Attr{
		{Name: "leaf", Number: 1, Kind: U8},
		{Name: "again", Number: 2, Kind: Nest, Nested: selfRef{}},
		{Name: "format", Number: 3, Kind: SubMessage, Selector: "pick", Sub: &SubMsg{Name: "loop-msg",
			Formats: []Format{{Value: "loop", Nested: selfRef{}}}}},
		{Name: "pick", Number: 4, Kind: String},
	}}
}

var modeEnum = &Enum{Name: "mode", Names: []Value{{"off", 0}, {"on", 1}, {"late", 7}}}

var headerStruct = &Struct{Name: "ifinfomsg", Size: 16, Members: []Member{
	{Name: "family", Offset: 0, Size: 1, Kind: U8},
	{Name: "pad", Offset: 1, Size: 1, Kind: Pad},
	{Name: "type", Offset: 2, Size: 2, Kind: U16},
	{Name: "index", Offset: 4, Size: 4, Kind: S32},
	{Name: "flags", Offset: 8, Size: 4, Kind: U32},
	{Name: "change", Offset: 12, Size: 4, Kind: U32},
}}

var vxlanSet = &Set{Name: "vxlan", Attrs: []Attr{
	{Name: "id", Number: 1, Kind: U32, Limits: &Limits{Has: HasMax, Max: 65535}},
	{Name: "group", Number: 2, Kind: Binary, Limits: &Limits{Has: HasExactLen, Exact: 4}},
	{Name: "port", Number: 15, Kind: U16, Flags: BigEndian, Limits: &Limits{Has: HasMin | HasMax, Min: 1024, Max: 4096}},
}}

var bondSet = &Set{Name: "bond", Attrs: []Attr{
	{Name: "mode", Number: 1, Kind: U8, Enum: modeEnum},
	{Name: "id", Number: 2, Kind: U32},
}}

// tcqopt has a size that is no multiple of four.
var tcqopt = &Struct{Name: "tcqopt", Size: 6, Members: []Member{
	{Name: "limit", Offset: 0, Size: 4, Kind: U32},
	{Name: "bands", Offset: 4, Size: 2, Kind: U16},
}}

var kinds = &SubMsg{Name: "kinds", Formats: []Format{
	{Value: "vxlan", Nested: vxlanSet},
	{Value: "bond", Nested: bondSet},
	{Value: "prio", Header: tcqopt},
	{Value: "netem", Header: tcqopt, Nested: bondSet},
	{Value: "empty"},
}}

var modes = &SubMsg{Name: "modes", Formats: []Format{
	{Value: "on", Nested: vxlanSet},
	{Value: "3", Nested: bondSet},
}}

var linkinfoSet = &Set{Name: "linkinfo", Attrs: []Attr{
	{Name: "kind", Number: 1, Kind: String, Limits: &Limits{Has: HasMaxLen, MaxLen: 15}},
	{Name: "data", Number: 2, Kind: SubMessage, Sub: kinds, Selector: "kind"},
	{Name: "inner", Number: 3, Kind: Nest, Nested: &Set{Name: "inner", Attrs: []Attr{
		{Name: "app", Number: 1, Kind: SubMessage, Sub: kinds, Selector: "kind"},
		{Name: "by-mode", Number: 2, Kind: SubMessage, Sub: modes, Selector: "mode"},
	}}},
}}

var opSet = &Set{Name: "op", Attrs: []Attr{
	{Name: "id", Number: 1, Kind: U32},
	{Name: "name", Number: 2, Kind: String},
}}

var rtnexthop = &Struct{Name: "rtnexthop", Size: 8, Members: []Member{
	{Name: "len", Offset: 0, Size: 2, Kind: U16},
	{Name: "flags", Offset: 2, Size: 1, Kind: U8},
	{Name: "hops", Offset: 3, Size: 1, Kind: U8},
	{Name: "ifindex", Offset: 4, Size: 4, Kind: S32},
}}

var topSet = &Set{Name: "top", Attrs: []Attr{
	{Name: "unspec", Number: 0, Kind: Unused},
	{Name: "u8", Number: 1, Kind: U8},
	{Name: "u16", Number: 2, Kind: U16, Limits: &Limits{Has: HasMin | HasMax, Min: 2, Max: 300}},
	{Name: "u32", Number: 3, Kind: U32, Flags: BigEndian, Limits: &Limits{Has: HasMax, Max: 100}},
	{Name: "u64", Number: 4, Kind: U64, Limits: &Limits{Has: HasMin, Min: -2}}, // 2^64-2
	{Name: "s8", Number: 5, Kind: S8, Limits: &Limits{Has: HasMin | HasMax, Min: -3, Max: 3}},
	{Name: "s32", Number: 6, Kind: S32, Limits: &Limits{Has: HasMin, Min: -100}},
	{Name: "uint", Number: 7, Kind: Uint, Limits: &Limits{Has: HasMax, Max: 1 << 33}},
	{Name: "sint", Number: 8, Kind: Sint, Limits: &Limits{Has: HasMin, Min: -5}},
	{Name: "flag", Number: 9, Kind: Flag},
	{Name: "string", Number: 10, Kind: String},
	{Name: "name", Number: 11, Kind: String, Limits: &Limits{Has: HasMaxLen, MaxLen: 4}},
	{Name: "text", Number: 12, Kind: String, Flags: Unterminated, Limits: &Limits{Has: HasMaxLen, MaxLen: 4}},
	{Name: "fixed", Number: 13, Kind: String, Limits: &Limits{Has: HasExactLen, Exact: 4}},
	{Name: "binary", Number: 14, Kind: Binary, Limits: &Limits{Has: HasMinLen | HasMaxLen, MinLen: 2, MaxLen: 6}},
	{Name: "masked", Number: 15, Kind: U32, Limits: &Limits{Has: HasMask, Mask: 0xff}},
	{Name: "bits", Number: 16, Kind: Bitfield32},
	{Name: "mask-bits", Number: 17, Kind: Bitfield32, Limits: &Limits{Has: HasMask, Mask: 7}},
	{Name: "linkinfo", Number: 18, Kind: Nest, Nested: linkinfoSet},
	{Name: "ops", Number: 19, Kind: IndexedArray, Elem: Nest, Nested: opSet},
	{Name: "words", Number: 20, Kind: IndexedArray, Elem: U32, Flags: BigEndian},
	{Name: "blobs", Number: 21, Kind: IndexedArray, Elem: Binary, Limits: &Limits{Has: HasExactLen, Exact: 16}},
	{Name: "policy", Number: 22, Kind: NestTypeValue, Levels: []string{"policy-id", "attr-id"}, Nested: opSet},
	{Name: "many", Number: 23, Kind: U16, Flags: Multi},
	{Name: "many-nests", Number: 24, Kind: Nest, Flags: Multi, Nested: opSet},
	{Name: "multipath", Number: 25, Kind: Binary, Record: &Record{Header: rtnexthop, Length: "len", Nested: opSet}},
	{Name: "pad", Number: 26, Kind: Pad},
	{Name: "mode", Number: 27, Kind: U32, Enum: modeEnum},
	{Name: "by-mode", Number: 28, Kind: SubMessage, Sub: modes, Selector: "mode"},
	{Name: "open", Number: 29, Kind: Nest},
	{Name: "many-ops", Number: 30, Kind: IndexedArray, Elem: Nest, Nested: opSet, Flags: Multi},
	{Name: "struct", Number: 31, Kind: Binary, Struct: tcqopt},
	{Name: "headed", Number: 32, Kind: Nest, Flags: Multi, Struct: rtnexthop, Nested: opSet},
	{Name: "loop", Number: 40, Kind: Nest, Nested: selfRef{}},
	{Name: "reserved", Number: 50, Kind: Unused},
}}

var sample = &Message{Family: "sample", Op: "set", Header: headerStruct, Attrs: topSet}

// plain is the same without a fixed header.
var plain = &Message{Family: "sample", Op: "set", Attrs: topSet}

// build returns what f encodes.
func build(t testing.TB, f func(e *nlattr.Encoder)) []byte {
	t.Helper()
	var e nlattr.Encoder
	f(&e)
	b, err := e.Finish()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// nest encodes a nest around f.
func nest(e *nlattr.Encoder, typ uint16, f func()) {
	n := e.Begin(typ)
	f()
	e.End(n)
}
