package resolve_test

import (
	"testing"

	"github.com/nlgen/nlgen/gen/resolve"
)

func TestErrors(t *testing.T) {
	const tail = "operations: {list: []}\n"
	for _, tc := range []struct{ name, text, want string }{
		{"definitions", `
name: test
doc: d
protocol: genetlink-legacy
definitions:
- {name: a, type: const, value: 1}
- {name: a, type: enum, entries: [x]}
- {name: bits, type: flags, entries: [{name: x, value: 63}, y, z]}
- {name: wide, type: enum, entries: [a, {name: b, value: 256}]}
- {name: wide-bits, type: flags, entries: [a, {name: b, value: 8}]}
- {name: negative, type: enum, value-start: -1, entries: [m, n]}
- {name: twice, type: enum, entries: [x, y, {name: x, value: 0}, {name: y, value: 7}]}
- {name: start, type: enum, value-start: nothing, entries: [x, y]}
- {name: no-bit, type: enum, entries: [{name: x, value: 64}]}
- {name: both-signs, type: enum, entries: [{name: x, value: -1}, {name: y, value: 0xffffffffffffffff}]}
attribute-sets:
- name: s
  attributes:
  - {name: wide, type: u8, enum: wide}
  - {name: wide-bits, type: u8, enum: wide-bits}
  - {name: negative, type: u64, enum: negative}
  - {name: no-bit, type: u64, enum: no-bit, enum-as-flags: true}
`, `7:10: definition "a" is declared twice
  6:10: first declared here
8:61: flag "y" of "bits" is bit 64; the bits are 0 to 63
9:48: the value of entry "b" of "wide", 256, does not fit into 8 bits
  19:12: attribute "wide" is its widest use
10:54: the value of entry "b" of "wide-bits", 256, does not fit into 8 bits
  20:12: attribute "wide-bits" is its widest use
11:59: the value of entry "m" of "negative", -1, does not fit into 64 bits
  21:12: attribute "negative" is its widest use
12:52: warning: entry "x" of "twice" is listed twice
  12:39: first listed here
12:73: entry "y" of "twice" has two values
  12:42: first listed here
13:42: value-start of "start" is neither a number nor a known const: "nothing"
14:47: entry "x" of "no-bit" is 64, which attribute "no-bit" cannot read as the number of a bit
  22:12: used here
15:73: the value of entry "y" of "both-signs", 18446744073709551615, does not fit into 64 bits with a sign
`},
		{"structs", `
name: test
doc: d
protocol: netlink-raw
protonum: 0
definitions:
- {name: text, type: const, value: words}
- {name: a, type: struct, members: [{name: x, type: binary, struct: b}]}
- {name: b, type: struct, members: [{name: x, type: binary, struct: c}, {name: x, type: u8}, {name: y, type: u8}, {name: y, type: u16}]}
- {name: c, type: struct, members: [{name: x, type: binary, struct: a}]}
- {name: self, type: struct, members: [{name: x, type: binary, struct: self}]}
- {name: refs, type: struct, members: [{name: x, type: binary, struct: text}, {name: y, type: binary, struct: reff}, {name: z, type: u8, enum: refs}]}
- {name: lens, type: struct, members: [{name: x, type: binary, len: text}, {name: y, type: pad, len: -1}, {name: z, type: string, len: 70000}]}
- {name: large, type: struct, members: [{name: x, type: binary, len: 65531}, {name: y, type: u8}]}
- {name: odd, type: struct, members: [{name: x, type: u32, struct: a}]}
attribute-sets: []
`, `9:80: member "x" of struct "b" is declared twice
  9:44: first declared here
9:122: member "y" of struct "b" is declared twice
  9:101: first declared here
10:69: struct "a" contains itself
  10:10: by way of "c"
11:72: struct "self" contains itself
12:72: member "x" refers to "text" as a struct, but that is a const
  7:10: declared here
12:111: member "y" refers to unknown struct "reff", did you mean "refs"?
12:144: member "z" refers to "refs" as an enum, but that is a struct
  12:10: declared here
13:69: the length of member "x" is neither a number nor a known const: "text"
13:102: the length of member "y" is -1, possible are 0 to 65531
13:136: the length of member "z" is 70000, possible are 0 to 65531
14:85: struct "large" is larger than an attribute can be, 65531 bytes, with its member "y"
15:68: member "x" is of type u32, only a binary can be a struct
`},
		{"attributes", `
name: test
doc: d
attribute-sets:
- {name: s, attributes: [{name: a, type: u8}]}
- {name: s, attributes: []}
- name: n
  attributes:
  - {name: a, type: u8, value: 5}
  - {name: b, type: u8, value: 5}
  - {name: c, type: u8, value: 0x3fff}
  - {name: d, type: u8}
  - {name: e, type: u8}
  - {name: f, type: u8, value: 20000}
`, `6:10: attribute set "s" is declared twice
  5:10: first declared here
10:32: attribute "b" of set "n" has the number of "a", 5
  9:32: "a" stands here
12:12: attribute "d" has number 16384; the largest is 16383
14:32: attribute "f" has number 20000; the largest is 16383
`},
		{"twins", `
name: test
doc: d
attribute-sets:
- name: n
  attributes:
  - {name: a, type: u8}
  - {name: b, type: u8, value: 2}
  - {name: b, type: u16, value: 2}
  - {name: a, type: u8}
`, `9:12: attribute "b" is declared twice in set "n", with the types u8 and u16
  8:12: first declared here
10:12: attribute "a" is declared twice in set "n", with the numbers 1 and 3
  7:12: first declared here
`},
		{"references", `
name: test
doc: d
protocol: netlink-raw
protonum: 0
definitions:
- {name: header, type: struct, members: []}
sub-messages:
- {name: msg, formats: [{value: x, attribute-set: nosuch, fixed-header: headers}, {value: x}]}
- {name: msg, formats: []}
attribute-sets:
- name: peers
  attributes:
  - {name: peer, type: nest, nested-attributes: peer}
  - {name: again, type: nest, nested-attributes: peer}
  - {name: enum, type: u8, enum: header}
  - {name: struct, type: binary, struct: header2}
  - {name: sub, type: sub-message, sub-message: msgs, selector: peer}
  - {name: bad, type: sub-message, sub-message: msg, selector: peer}
- name: sub
  subset-of: peers
  attributes: [{name: peer}]
`, `9:51: format "x" refers to unknown set "nosuch"
9:73: format "x" refers to unknown struct "headers", did you mean "header"?
9:91: sub-message "msg" has two formats for "x"
  9:33: first declared here
10:10: sub-message "msg" is declared twice
  9:10: first declared here
14:49: attribute "peer" refers to unknown set "peer", did you mean "peers"?
15:50: attribute "again" refers to unknown set "peer", did you mean "peers"?
16:34: attribute "enum" refers to "header" as an enum, but that is a struct
  7:10: declared here
17:42: attribute "struct" refers to unknown struct "header2", did you mean "header"?
18:49: attribute "sub" refers to unknown sub-message "msgs", did you mean "msg"?
19:12: attribute "bad": the selector "peer" must be a string, or an integer that is no set of flags
`},
		{"keys", `
name: test
doc: d
definitions:
- {name: e, type: enum, entries: [x]}
attribute-sets:
- name: s
  attributes:
  - {name: a, type: string, enum: e}
  - {name: b, type: nest}
  - {name: c, type: u8, nested-attributes: s}
  - {name: d, type: flag, multi-attr: true, display-hint: hex}
  - {name: e, type: indexed-array}
  - {name: f, type: indexed-array, sub-type: nest}
  - {name: g, type: binary, sub-type: string}
  - {name: h, type: u64, type-value: [id], sub-type: u8}
  - {name: i, type: indexed-array, sub-type: flag}
  - {name: j, type: nest-type-value, type-value: [a-b, a_b, "x.y"], nested-attributes: s}
`, `9:35: attribute "a" is of type string, which has no "enum"
10:12: attribute "b" of type nest needs nested-attributes
11:44: attribute "c" is of type u8, which has no "nested-attributes"
12:39: warning: attribute "d" is of type flag, which has no "multi-attr"; it is ignored
12:59: warning: attribute "d" is of type flag, which has no "display-hint"; it is ignored
13:12: attribute "e" of type indexed-array needs a sub-type
14:12: attribute "f" of type indexed-array needs nested-attributes
15:12: attribute "g": a packed array has integers of a fixed width, not sub-type string
16:39: warning: attribute "h" is of type u64, which has no "type-value"; it is ignored
16:54: attribute "h" is of type u64, which has no "sub-type"
17:12: attribute "i": an indexed-array cannot have the sub-type flag
18:56: attribute "j" has two levels that become Go name "AB"
18:61: level "x.y" of attribute "j" has a character that names cannot have
`},
		{"limits", `
name: test
doc: d
definitions:
- {name: seven, type: const, value: 7}
- {name: text, type: const, value: words}
- {name: mask, type: flags, entries: [a, {name: b, value: 9}]}
attribute-sets:
- name: s
  attributes:
  - {name: a, type: u8, checks: {min: 9, max: seven}}
  - {name: b, type: u8, checks: {max: 256}}
  - {name: c, type: s8, checks: {min: s16-min, max: u8-max}}
  - {name: d, type: u8, checks: {max: nothing, min: text}}
  - {name: e, type: string, checks: {max: 3}}
  - {name: f, type: u16, checks: {max-len: 3, unterminated-ok: true, exact-len: 2}}
  - {name: g, type: binary, checks: {min-len: 8, max-len: seven}}
  - {name: h, type: binary, checks: {exact-len: 70000, min-len: -1}}
  - {name: i, type: u8, checks: {flags-mask: mask}}
  - {name: j, type: s8, checks: {flags-mask: 1}}
  - {name: k, type: u8, checks: {min: -1}}
`, `11:39: attribute "a" has a smallest value, 9, above its greatest, seven
12:39: the limit 256 of attribute "b" is not within its type, u8
13:39: the limit s16-min of attribute "c" is not within its type, s8
13:53: the limit u8-max of attribute "c" is not within its type, s8
14:39: warning: attribute "d" has an unknown limit "nothing", which is ignored
14:53: warning: attribute "d" has an unknown limit "text", which is ignored
15:43: attribute "e" is of type string, which has no check "max"
16:44: attribute "f" is of type u16, which has no check "max-len"
16:64: warning: attribute "f" is of type u16, which has no check "unterminated-ok"; it is ignored
17:47: attribute "g" has a smallest length, 8, above its greatest, 7
18:49: no payload can have the length of attribute "h", 70000
18:65: no payload can have the length of attribute "h", -1
19:46: the flags "mask" do not fit attribute "i", which is of type u8
20:46: attribute "j" is of type s8, which has no check "flags-mask"
21:39: the limit -1 of attribute "k" is not within its type, u8
`},
		{"head", `
name: a-name-of-17-byte
doc: d
version: 256
attribute-sets: []
`, `2:7: family name "a-name-of-17-byte" is longer than 15 bytes, which is all that generic netlink has for it
4:10: version 256 does not fit into 8 bits
`},
		{"raw without a protocol", `
name: type
doc: d
protocol: netlink-raw
attribute-sets: []
`, `2:7: no Go package can be named after family "type"; set its package in nlgen.yaml
4:11: a family of protocol "netlink-raw" needs a protonum
`},
		{"protocol", `
name: test
doc: d
protocol: netlink-raw
protonum: 32
attribute-sets: []
mcast-groups: {list: [{name: a, value: 0x100000000}, {name: b}]}
`, `5:11: protonum 32 is none: netlink has the protocols 0 to 31
7:40: multicast group "a" has number 4294967296, which does not fit into 32 bits
7:61: warning: multicast group "b" has no value, so nobody can join it
`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f, found := resolveText(tc.text+tail, resolve.Options{})
			diff(t, "diagnostics", found, tc.want)
			if f != nil {
				t.Error("errors, but a family")
			}
		})
	}
}

func TestRecords(t *testing.T) {
	const text = `
name: test
doc: d
protocol: netlink-raw
protonum: 0
definitions:
- {name: rtnexthop, type: struct, members: [{name: len, type: u16}, {name: flags, type: u8}, {name: hops, type: u8}, {name: ifindex, type: s32}]}
attribute-sets:
- {name: route, attributes: [{name: multipath, type: binary}, {name: gateway, type: binary}, {name: n, type: u32}]}
- {name: some, subset-of: route, attributes: [{name: multipath}]}
operations: {list: []}
`
	good := resolve.Record{Set: "route", Attribute: "multipath", Struct: "rtnexthop", Length: "len", Attributes: "route", Go: "NextHop"}
	f, found := resolveText(text, resolve.Options{Records: []resolve.Record{good}})
	diff(t, "diagnostics", found, "")
	checkFamily(t, f)
	route := set(t, f, "route")
	for _, a := range []string{"route", "some"} {
		a := set(t, f, a).Attr("multipath")
		if a.Type != "record" || a.Nested != route || a.Struct.Name != "rtnexthop" || a.Record.Go != "NextHop" || a.Record.Length.Name != "len" {
			t.Errorf("%+v", a)
		}
	}
	one := good
	one.Length = ""
	f, found = resolveText(text, resolve.Options{Records: []resolve.Record{one}})
	diff(t, "diagnostics of one", found, "")
	if a := set(t, f, "route").Attr("multipath"); a.Type != "headed" || a.Record.Length != nil || a.Struct.Name != "rtnexthop" {
		t.Errorf("%+v", a)
	}
	if !route.Nest || !route.Cyclic {
		t.Error("the set does not stand in itself")
	}

	bad := func(change func(*resolve.Record)) string {
		r := good
		change(&r)
		_, found := resolveText(text, resolve.Options{Records: []resolve.Record{r}})
		return found
	}
	for _, tc := range []struct {
		change func(*resolve.Record)
		want   string
	}{
		{func(r *resolve.Record) { r.Set = "routes" }, "record of \"multipath\" refers to unknown set \"routes\", did you mean \"route\"?\n"},
		{func(r *resolve.Record) { r.Attribute = "n" }, "attribute \"n\" of set \"route\" cannot hold records, it is no plain binary\n  9:101: declared here\n"},
		{func(r *resolve.Record) { r.Attribute = "m" }, "set \"route\" has no attribute \"m\"\n"},
		{func(r *resolve.Record) { r.Length = "hop" }, "struct \"rtnexthop\" has no member \"hop\" for the length of a record\n  7:10: declared here\n"},
		{func(r *resolve.Record) { r.Length = "hops" }, "the length of a record is a u16 in host order, member \"hops\" is not\n  7:101: declared here\n"},
		{func(r *resolve.Record) { r.Go = "nextHop" }, "\"nextHop\" is no exported Go name for a record of \"multipath\"\n"},
		{func(r *resolve.Record) { r.Go = "RouteAttrs" }, "9:37: record \"multipath\" and attribute set \"route\" both become Go name RouteAttrs; give one another name in nlgen.yaml\n  9:10: attribute set \"route\"\n"},
	} {
		diff(t, "record", bad(tc.change), tc.want)
	}
}

// TestOneCause makes sure that what was refused is not complained about where it is used.
func TestOneCause(t *testing.T) {
	f, found := resolveText(`
name: test
doc: d
protocol: netlink-raw
protonum: 0
sub-messages: [{name: msg, formats: []}]
attribute-sets:
- name: n
  attributes:
  - {name: kind, type: u9}
  - {name: data, type: sub-message, sub-message: msg, selector: kind}
- {name: sub, subset-of: n, attributes: [{name: kind}, {name: data}]}
- {name: lost, subset-of: other, attributes: [{name: x}]}
operations:
  list:
  - {name: a, doc: d, value: 16, attribute-set: n, do: {request: {attributes: [kind, data]}}}
  - {name: b, doc: d, attribute-set: sub, do: {request: {attributes: [kind, data]}}}
  - {name: c, doc: d, attribute-set: lost, do: {request: {attributes: [x]}}}
`, resolve.Options{})
	diff(t, "diagnostics", found, `10:24: "type" is "u9", must be one of unused, pad, flag, binary, bitfield32, uint, sint, u8, u16, u32, u64, s8, s16, s32, s64, string, nest, indexed-array, nest-type-value, sub-message, did you mean "u8"?
13:27: subset "lost" refers to unknown set "other"
`)
	if f != nil {
		t.Error("errors, but a family")
	}
}
