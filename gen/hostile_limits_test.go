package gen

import (
	"fmt"
	"strings"
	"testing"
)

// TestHostileManyAttributes makes sure that a set of 10,000 attributes becomes a package, as a message, a subset and a nest.
func TestHostileManyAttributes(t *testing.T) {
	if testing.Short() {
		t.Skip("takes half a minute, skipped by -short")
	}
	const n = 10_000
	v := try(t, hostileHead+"attribute-sets:\n- name: main\n  attributes:\n"+list(n, "\n", "  - {name: a#, type: u32, doc: Number #.}")+
		"\n- {name: part, subset-of: main, attributes: ["+list(n, ", ", "{name: a#}")+"]}\n"+
		"- {name: outer, attributes: [{name: inner, type: nest, nested-attributes: part, doc: Inner.}]}\n"+
		"operations:\n  list:\n  - {name: get, doc: d, value: 16, attribute-set: main, do: {request: {attributes: ["+list(n, ", ", "a#")+"]}}}\n"+
		"  - {name: set, doc: d, attribute-set: outer, do: {request: {attributes: [inner]}}}\n")
	if v.files == "" || v.text != "" {
		t.Fatalf("no package, or diagnostics:\n%.2000s", v.text)
	}
	total := 0
	for line := range strings.Lines(v.files) {
		var name string
		var lines, size int
		if _, err := fmt.Sscan(line, &name, &lines, &size); err != nil {
			t.Fatal(err)
		}
		total += size
	}
	if per := total / n; per < 100 || per > 2000 {
		t.Errorf("an attribute takes %d bytes of Go", per)
	}
}

// TestHostileNumbers makes sure that numbers that do not fit on the wire are refused where they stand: attributes have 14 bits, lengths
// and messages 16, the rest at most 32 or 64.
func TestHostileNumbers(t *testing.T) {
	const sets = "attribute-sets: [{name: s, attributes: [{name: a, type: u32}]}]\n"
	op := func(text string) string { return sets + "operations: {list: [{name: o, doc: d, " + text + "}]}\n" }
	directional := func(text string) string {
		return sets + "operations: {enum-model: directional, list: [{name: o, doc: d, " + text + "}]}\n"
	}
	attr := func(text string) string {
		return "attribute-sets: [{name: s, attributes: [{name: a, " + text + "}]}]\n" + noOps
	}
	def := func(text string) string { return "definitions: [" + text + "]\n" + sets + noOps }
	for _, c := range []struct{ name, spec, want string }{
		{"attribute", attr("type: u32, value: 0x4000"), `attribute "a" has number 16384; the largest is 16383`},
		{"attribute of 16 bits", attr("type: u32, value: 0xffff"), `attribute "a" has number 65535; the largest is 16383`},
		{"attribute of 17 bits", attr("type: u32, value: 0x10001"), `attribute "a" has number 65537; the largest is 16383`},
		{"attribute of 32 bits", attr("type: u32, value: 0x100000001"), `attribute "a" has number 4294967297; the largest is 16383`},
		{"attribute of 64 bits", attr("type: u32, value: 0xffffffffffffffff"), `the largest is 16383`},
		{"attribute of 65 bits", attr("type: u32, value: 0x10000000000000001"), `"value" must fit in 64 bits`},
		{"attribute behind the last", "attribute-sets: [{name: s, attributes: [{name: a, type: u8, value: 0x3fff}, {name: b, type: u8}]}]\n" + noOps,
			`attribute "b" has number 16384; the largest is 16383`},
		{"negative attribute", attr("type: u32, value: -1"), `"value" must not be negative`},
		{"operation", op("value: 0x10000, do: {request: }"), `operation "o" has number 65536; the largest is 65535`},
		{"operation of 32 bits", op("value: 0x100000010, do: {request: }"), `operation "o" has number 4294967312; the largest is 65535`},
		{"operation behind the last", sets + "operations: {list: [{name: a, doc: d, value: 0xffff}, {name: o, doc: d, do: {request: }}]}\n",
			`operation "o" has number 65536; the largest is 65535`},
		{"request", directional("do: {request: {value: 0x10000}}"), `operation "o" has number 65536; the largest is 65535`},
		{"reply", directional("do: {request: {value: 16}, reply: {value: 0x10010}}"), `operation "o" has number 65552; the largest is 65535`},
		{"reply of a dump", directional("do: {request: {value: 16}}, dump: {reply: {value: 0x100000010}}"),
			`operation "o" has number 4294967312; the largest is 65535`},
		{"notification", directional("value: 0x10010, attribute-set: s, event: {attributes: [a]}"), `operation "o" has number 65552`},
		{"group", sets + noOps + "mcast-groups: {list: [{name: g, value: 0x100000001}]}\n", `multicast group "g" has number 4294967297, which does not fit into 32 bits`},
		{"length of bytes", def("{name: h, type: struct, members: [{name: b, type: binary, len: 0x10000}]}"), `the length of member "b" is 65536, possible are 0 to 65531`},
		{"length of bytes of 32 bits", def("{name: h, type: struct, members: [{name: b, type: binary, len: 0x100000004}]}"),
			`the length of member "b" is 4294967300, possible are 0 to 65531`},
		{"length of a const less one", def("{name: n, type: const, value: 0}, {name: h, type: struct, members: [{name: b, type: binary, len: n - 1}]}"),
			`the length of member "b" is neither a number nor a known const`},
		{"struct", def("{name: h, type: struct, members: [" + list(9, ", ", "{name: b#, type: binary, len: 8000}") + "]}"),
			`struct "h" is larger than an attribute can be`},
		{"check of a length", attr("type: binary, checks: {exact-len: 0x10000}"), `no payload can have the length of attribute "a", 65536`},
		{"check of a greatest length", attr("type: binary, checks: {max-len: 0x80000000}"), `no payload can have the length of attribute "a", 2147483648`},
		{"check of 16 bits", attr("type: u16, checks: {max: 0x10000}"), `the limit 65536 of attribute "a" is not within its type, u16`},
		{"check of 32 bits", attr("type: u32, checks: {max: 0x100000000}"), `the limit 4294967296 of attribute "a" is not within its type, u32`},
		{"check of 32 bits with a sign", attr("type: s32, checks: {min: -2147483649}"), `the limit -2147483649 of attribute "a" is not within its type, s32`},
		{"check of 64 bits with a sign", attr("type: s64, checks: {max: 0x8000000000000000}"), `the limit 9223372036854775808 of attribute "a" is not within its type, s64`},
		{"entry", "definitions: [{name: e, type: enum, entries: [{name: x, value: 0x10000}]}]\n" + attr("type: u16, enum: e"),
			`the value of entry "x" of "e", 65536, does not fit into 16 bits`},
		{"entry behind the last", def("{name: e, type: enum, entries: [{name: x, value: 0xffffffffffffffff}, y, z]}"),
			`entry "y" of "e" stands behind the one with the greatest number of all`},
		{"bit", def("{name: e, type: flags, entries: [{name: x, value: 64}]}"), `flag "x" of "e" is bit 64; the bits are 0 to 63`},
		{"bit of an attribute", "definitions: [{name: e, type: flags, entries: [{name: x, value: 32}]}]\n" + attr("type: bitfield32, enum: e"),
			`the value of entry "x" of "e", 4294967296, does not fit into 32 bits`},
		{"none", attr("type: u8, value: 0x3fff"), ""},
	} {
		t.Run(c.name, func(t *testing.T) { expect(t, c.spec, c.want) })
	}
}

// TestHostileOverlaps makes sure that two things with one number are refused where nobody could tell them apart, and are a warning
// where one of them counts.
func TestHostileOverlaps(t *testing.T) {
	const set = "attribute-sets: [{name: s, attributes: [{name: a, type: u32}]}]\n"
	attrs := func(text string) string {
		return "attribute-sets: [{name: s, attributes: [" + text + "]}]\n" + noOps
	}
	ops := func(text string) string { return set + "operations:\n" + text }
	for _, c := range []struct {
		name, spec, want string
		fine             bool // It is a warning, or nothing if none is wanted.
	}{
		{"attributes", attrs("{name: a, type: u8, value: 5}, {name: b, type: u8, value: 5}"), `attribute "b" of set "s" has the number of "a", 5`, false},
		{"attributes by counting", attrs("{name: a, type: u8, value: 2}, {name: b, type: u8, value: 1}, {name: c, type: u8}"),
			`attribute "c" of set "s" has the number of "a", 2`, false},
		{"attribute and placeholder", attrs("{name: a, type: u8, value: 5}, {name: b, type: unused, value: 5}"),
			`warning: attribute "b" has number 5, which is not above that of the one before it, 5`, true},
		{"attribute twice", attrs("{name: a, type: u8, value: 5}, {name: a, type: u8, value: 5}"), `warning: attribute "a" is listed twice in set "s"; this one counts`, true},
		{"entries", "definitions: [{name: e, type: enum, entries: [{name: a, value: 5}, {name: b, value: 5}]}]\n" + set + noOps, "", true},
		{"bits", "definitions: [{name: e, type: flags, entries: [{name: a, value: 5}, {name: b, value: 5}]}]\n" + set + noOps, "", true},
		{"operations", ops("  list: [{name: a, doc: d, value: 16, do: {request: }}, {name: b, doc: d, value: 16, do: {request: }}]\n"),
			`the do of operation "b" has the number of "a", 16`, false},
		{"do and dump", ops("  list: [{name: a, doc: d, value: 16, do: {request: }}, {name: b, doc: d, value: 16, dump: {reply: }}]\n"), "", true},
		{"requests", ops("  enum-model: directional\n  list: [{name: a, doc: d, do: {request: {value: 16}}}, {name: b, doc: d, do: {request: {value: 16}}}]\n"), "", true},
		{"formats", "sub-messages: [{name: m, formats: [{value: x}, {value: x}]}]\n" + set + noOps, `sub-message "m" has two formats for "x"`, false},
		{"groups", set + noOps + "mcast-groups: {list: [{name: a, value: 1}, {name: b, value: 1}]}\n",
			`warning: multicast group "b" has the number of "a", 1: who joins one joins both`, true},
		{"members", "definitions: [{name: h, type: struct, members: [{name: a, type: u8}, {name: a, type: u8}]}]\n" + set + noOps,
			`member "a" of struct "h" is declared twice`, false},
		{"Go names", attrs("{name: a-b, type: u8}, {name: a_b, type: u8}"), `attribute "a_b" and attribute "a-b" both become Go name AB`, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if !c.fine {
				expect(t, c.spec, c.want)
				return
			}
			v := try(t, hostileHead+c.spec)
			if v.files == "" || !strings.Contains(v.text, c.want) || c.want == "" && v.text != "" {
				t.Errorf("no package, or not %q:\n%s", c.want, v.text)
			}
		})
	}
}

// TestHostileFiles makes sure that files that are hard to read as YAML are refused with bounded means.
func TestHostileFiles(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds and much memory, skipped by -short")
	}
	const size = 2<<20 - 200
	fill := func(text string) string { return strings.Repeat(text, size/len(text)) }
	for _, c := range []struct{ name, file, want string }{
		{"100 MB", strings.Repeat("# a line of 20 chars\n", 5<<20), "the file is larger than 2 MiB"},
		{"open lists", fill("["), "invalid YAML"},
		{"open mappings", fill("{a: "), "invalid YAML"},
		{"open blocks", list(2000, "", "#:\n") + strings.Join(strings.Split(strings.Repeat(" ", 1000), ""), "a:\n"), ""},
		{"items", hostileHead + "attribute-sets: [" + fill("a,") + "]\n", "attribute set must be a mapping"},
		{"mappings", hostileHead + "attribute-sets: [" + fill("{},") + "]\n", `attribute set has no "name"`},
		{"keys", fill("a: b\n"), `unknown key "a" in family`},
		{"complex keys", fill("? [a]\n"), "a key must be a name, not a list"},
		{"anchors", hostileHead + "attribute-sets: [" + fill("&a a,") + "]\n", "attribute set must be a mapping"},
		{"aliases", hostileHead + "attribute-sets: [&a a," + fill("*a,") + "]\n", "attribute set must be a mapping"},
		{"doubling aliases", "a0: &a0 [x, x]\n" + ring(40, "b#: &b# [*a0, *a0]\n") + noOps, `unknown key "b0" in family`},
		{"doubling merges", hostileHead + "attribute-sets: []\nmcast-groups: &m0 {list: []}\n" +
			"operations:\n  <<: [" + fill("*m0,") + "]\n  list: []\n", "the aliases of this spec stand for too much"},
		{"tags", hostileHead + "attribute-sets: [" + fill("!a b,") + "]\n", `YAML tag "!a" does not belong here`},
		{"one line", hostileHead + "uapi-header: \"" + fill("x") + "\"\n", `has no "attribute-sets"`},
		{"escapes", hostileHead + "attribute-sets: \"" + fill(`\x41`) + "\"\n", `"attribute-sets" must be a list`},
		{"documents", fill("--- a\n"), "a second YAML document begins here"},
		{"no UTF-8", fill("\xff"), "not valid UTF-8"},
		{"nothing", fill("\x00"), "character U+0000 is not allowed"},
		{"line ends", fill("\r"), "the file is empty"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if v := try(t, c.file); v.files != "" || !strings.Contains(v.text, c.want) || v.text == "" {
				t.Errorf("no %q in\n%.2000s", c.want, v.text)
			}
		})
	}
}
