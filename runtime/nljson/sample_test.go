package nljson

import p "github.com/nlgen/nlgen/runtime/nlpolicy"

// The tables of a family that has one of everything.

// selfRef is how generated code refers to a set that contains itself.
type selfRef struct{}

func (selfRef) Set() *p.Set { return loopSet }

var loopSet *p.Set

func init() {
	loopSet = &p.Set{Name: "loop", Attrs: []p.Attr{
		{Name: "leaf", Number: 1, Kind: p.U8},
		{Name: "again", Number: 2, Kind: p.Nest, Nested: selfRef{}},
		{Name: "list", Number: 3, Kind: p.IndexedArray, Elem: p.Nest, Nested: selfRef{}},
		{Name: "data", Number: 4, Kind: p.SubMessage, Sub: kinds, Selector: "mode"},
	}}
}

var (
	modeEnum = &p.Enum{Name: "mode", Names: []p.Value{{Name: "off", Value: 0}, {Name: "on", Value: 1}, {Name: "late", Value: 7},
		{Name: "none", Value: 1<<64 - 1}}}
	flagEnum = &p.Enum{Name: "caps", Flags: true, Names: []p.Value{{Name: "rx", Value: 4}, {Name: "tx", Value: 1}, {Name: "top", Value: 1 << 31}}}

	headerStruct = &p.Struct{Name: "hdr", Size: 6, Members: []p.Member{
		{Name: "family", Offset: 0, Size: 1, Kind: p.U8},
		{Name: "pad", Offset: 1, Size: 1, Kind: p.Pad},
		{Name: "hdr-flags", Offset: 2, Size: 4, Kind: p.U32, Enum: flagEnum},
	}}
	pointStruct = &p.Struct{Name: "point", Size: 4, Members: []p.Member{
		{Name: "x", Offset: 0, Size: 2, Kind: p.S16, Flags: p.BigEndian},
		{Name: "y", Offset: 2, Size: 1, Kind: p.U8, Enum: modeEnum},
	}}
	bigStruct = &p.Struct{Name: "big", Size: 28, Members: []p.Member{
		{Name: "at", Offset: 0, Size: 4, Kind: p.Binary, Struct: pointStruct},
		{Name: "label", Offset: 4, Size: 6, Kind: p.String},
		{Name: "mac", Offset: 10, Size: 6, Kind: p.Binary, Hint: p.MAC},
		{Name: "count", Offset: 16, Size: 8, Kind: p.U64},
		{Name: "addr", Offset: 24, Size: 4, Kind: p.U32, Flags: p.BigEndian, Hint: p.IPv4},
	}}
	opSet = &p.Set{Name: "op", Attrs: []p.Attr{
		{Name: "id", Number: 1, Kind: p.U32},
		{Name: "name", Number: 2, Kind: p.String},
		{Name: "app", Number: 3, Kind: p.SubMessage, Sub: kinds, Selector: "kind"},
	}}
	slotsStruct = &p.Struct{Name: "slots", Size: 4, Members: []p.Member{
		{Name: "first", Offset: 0, Size: 2},
		{Name: "count", Offset: 2, Size: 2},
	}, Array: &p.Array{Member: p.Member{Name: "slots", Size: 2}, Count: "count"}}
	vxlanSet = &p.Set{Name: "vxlan", Attrs: []p.Attr{{Name: "id", Number: 1, Kind: p.U32}}}
	kinds    = &p.SubMsg{Name: "kinds", Formats: []p.Format{
		{Value: "vxlan", Nested: vxlanSet},
		{Value: "prio", Header: pointStruct},
		{Value: "both", Header: headerStruct, Nested: vxlanSet},
		{Value: "empty"},
		{Value: "slots", Header: slotsStruct},
		{Value: "on", Nested: vxlanSet},
		{Value: "5", Nested: selfRef{}},
	}}
	linkSet = &p.Set{Name: "link", Attrs: []p.Attr{
		{Name: "kind", Number: 1, Kind: p.String},
		{Name: "data", Number: 2, Kind: p.SubMessage, Sub: kinds, Selector: "kind"},
		{Name: "ops", Number: 3, Kind: p.IndexedArray, Elem: p.Nest, Nested: opSet},
	}}
	nexthop = &p.Struct{Name: "rtnexthop", Size: 8, Members: []p.Member{
		{Name: "len", Offset: 0, Size: 2, Kind: p.U16},
		{Name: "flags", Offset: 2, Size: 1, Kind: p.U8},
		{Name: "hops", Offset: 3, Size: 1, Kind: p.U8},
		{Name: "ifindex", Offset: 4, Size: 4, Kind: p.S32},
	}}
	topSet = &p.Set{Name: "top", Attrs: []p.Attr{
		{Name: "none", Number: 0, Kind: p.Unused},
		{Name: "u8", Number: 1, Kind: p.U8},
		{Name: "u16", Number: 2, Kind: p.U16, Flags: p.BigEndian},
		{Name: "u32", Number: 3, Kind: p.U32},
		{Name: "u64", Number: 4, Kind: p.U64, Flags: p.LittleEndian},
		{Name: "s8", Number: 5, Kind: p.S8},
		{Name: "s64", Number: 6, Kind: p.S64},
		{Name: "uint", Number: 7, Kind: p.Uint},
		{Name: "sint", Number: 8, Kind: p.Sint},
		{Name: "flag", Number: 9, Kind: p.Flag},
		{Name: "string", Number: 10, Kind: p.String},
		{Name: "fixed", Number: 11, Kind: p.String, Limits: &p.Limits{Has: p.HasExactLen, Exact: 4}},
		{Name: "binary", Number: 12, Kind: p.Binary},
		{Name: "hex", Number: 13, Kind: p.Binary, Hint: p.Hex},
		{Name: "hexnum", Number: 14, Kind: p.S16, Hint: p.Hex},
		{Name: "mac", Number: 15, Kind: p.Binary, Hint: p.MAC},
		{Name: "addr", Number: 16, Kind: p.Binary, Hint: p.IPv4OrV6},
		{Name: "addr4", Number: 17, Kind: p.U32, Flags: p.BigEndian, Hint: p.IPv4},
		{Name: "uuid", Number: 18, Kind: p.Binary, Hint: p.UUID},
		{Name: "fddi", Number: 19, Kind: p.Binary, Hint: p.FDDI},
		{Name: "mode", Number: 20, Kind: p.U32, Enum: modeEnum},
		{Name: "smode", Number: 21, Kind: p.S8, Enum: modeEnum},
		{Name: "caps", Number: 22, Kind: p.U32, Enum: flagEnum},
		{Name: "modes", Number: 23, Kind: p.Uint, Enum: modeEnum, Flags: p.EnumFlags},
		{Name: "bits", Number: 24, Kind: p.Bitfield32, Enum: flagEnum},
		{Name: "nbits", Number: 25, Kind: p.Bitfield32},
		{Name: "struct", Number: 26, Kind: p.Binary, Struct: bigStruct},
		{Name: "packed", Number: 27, Kind: p.Binary, Elem: p.U16, Flags: p.BigEndian},
		{Name: "packed-modes", Number: 28, Kind: p.Binary, Elem: p.U8, Enum: modeEnum},
		{Name: "link", Number: 29, Kind: p.Nest, Nested: linkSet},
		{Name: "ops", Number: 30, Kind: p.IndexedArray, Elem: p.Nest, Nested: opSet},
		{Name: "addrs", Number: 31, Kind: p.IndexedArray, Elem: p.U32, Flags: p.BigEndian, Hint: p.IPv4},
		{Name: "blobs", Number: 32, Kind: p.IndexedArray, Elem: p.Binary, Hint: p.IPv6},
		{Name: "names", Number: 33, Kind: p.IndexedArray, Elem: p.String},
		{Name: "policy", Number: 34, Kind: p.NestTypeValue, Levels: []string{"policy-id", "attr-id"}, Nested: opSet},
		{Name: "many", Number: 35, Kind: p.U16, Flags: p.Multi},
		{Name: "many-caps", Number: 36, Kind: p.U8, Flags: p.Multi, Enum: flagEnum},
		{Name: "many-nests", Number: 37, Kind: p.Nest, Flags: p.Multi, Nested: opSet},
		{Name: "multipath", Number: 38, Kind: p.Binary, Record: &p.Record{Header: nexthop, Length: "len", Nested: opSet}},
		{Name: "pad", Number: 39, Kind: p.Pad},
		{Name: "by-mode", Number: 40, Kind: p.SubMessage, Sub: kinds, Selector: "mode"},
		{Name: "loop", Number: 41, Kind: p.Nest, Nested: selfRef{}},
		{Name: "hdr-flags", Number: 42, Kind: p.U32},
		{Name: "many-ops", Number: 43, Kind: p.IndexedArray, Elem: p.Nest, Nested: opSet, Flags: p.Multi},
		{Name: "many-policies", Number: 44, Kind: p.NestTypeValue, Levels: []string{"a"}, Nested: opSet, Flags: p.Multi},
		{Name: "svar", Number: 45, Kind: p.Sint, Enum: flagEnum},
		{Name: "headed", Number: 46, Kind: p.Nest, Flags: p.Multi, Struct: nexthop, Nested: opSet},
		{Name: "slots", Number: 47, Kind: p.Binary, Struct: slotsStruct},
		{Name: "bit-fields", Number: 48, Kind: p.IndexedArray, Elem: p.Bitfield32, Enum: flagEnum},
	}}
	message = &p.Message{Family: "sample", Op: "set", Header: headerStruct, Attrs: topSet}
)
