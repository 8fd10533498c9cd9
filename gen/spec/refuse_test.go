package spec_test

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/nlgen/nlgen/gen/diag"
	"github.com/nlgen/nlgen/gen/spec"
)

// head makes the cases below whole specs; they begin in line 5.
const head = "name: t\ndoc: t\noperations: {list: []}\nattribute-sets: []\n"

func TestRefuse(t *testing.T) {
	for _, c := range []struct{ name, src, want string }{
		{"unknown key", "definitoins: []\nfoo: 1\n1: x\n~: x\n", `
t.yaml:5:1: unknown key "definitoins" in family, did you mean "definitions"?
t.yaml:6:1: unknown key "foo" in family
t.yaml:7:1: unknown key "1" in family
t.yaml:8:1: unknown key "~" in family
`},
		{"key that is no name", "? [a]\n: b\n? {a: b}\n: c\n", `
t.yaml:5:3: a key must be a name, not a list
t.yaml:7:3: a key must be a name, not a mapping
`},
		{"key twice", "doc: again\n", `
t.yaml:5:1: key "doc" is given twice in one family
    t.yaml:2:1: first given here
`},
		{"key twice below", "definitions:\n  - name: a\n    type: enum\n    entries: [{name: x, doc: a, doc: b}]\n", `
t.yaml:8:33: key "doc" is given twice in one entry
    t.yaml:8:25: first given here
`},
		{"wrong kinds", `
protocol: [ raw ]
definitions: {}
mcast-groups: []
sub-messages:
  - name
  - [ x ]
  -
  - name: {}
    formats: x
kernel-family: on
`[1:], `
t.yaml:5:11: "protocol" must be a text, not a list
t.yaml:6:14: "definitions" must be a list, not a mapping
t.yaml:7:15: mcast-groups must be a mapping, not a list
t.yaml:9:5: sub-message must be a mapping, not "name"
t.yaml:10:5: sub-message must be a mapping, not a list
t.yaml:11:4: sub-message has no "name"
t.yaml:11:4: sub-message has no "formats"
t.yaml:12:11: "name" must be a text, not a mapping
t.yaml:13:14: "formats" must be a list, not "x"
t.yaml:14:16: kernel-family must be a mapping, not "on"
`},
		{"missing", "definitions:\n  - doc: x\n  - name: a\n  - type: enum\n    name:\nsub-messages:\n  - {}\n", `
t.yaml:6:5: definition has no "name"
t.yaml:6:5: definition has no "type"
t.yaml:7:5: definition "a" has no "type"
t.yaml:8:5: enum has no "entries"
t.yaml:9:5: "name" of definition has no value
t.yaml:11:5: sub-message has no "name"
t.yaml:11:5: sub-message has no "formats"
`},
		{"parts of definitions", `
definitions:
  - {name: a, type: const}
  - {name: b, type: flags}
  - {name: c, type: struct}
  - {name: d, type: const, value: 1.5}
  - {name: e, type: const, value: 18446744073709551616}
`[1:], `
t.yaml:6:6: const "a" has no "value"
t.yaml:7:6: flags "b" has no "entries"
t.yaml:8:6: struct "c" has no "members"
t.yaml:9:35: "value" must be an integer or a text, not "1.5"
t.yaml:10:35: "value" must fit in 64 bits
`},
		{"closed lists", `
protocol: netlink
kernel-policy: none
definitions: [{name: a, type: enums, scope: Kernel, entries: []}]
mcast-groups: {list: [{name: g, flags: [ admin-perms, x ]}]}
`[1:], `
t.yaml:5:11: "protocol" is "netlink", must be one of genetlink, genetlink-c, genetlink-legacy, netlink-raw, did you mean "genetlink"?
t.yaml:6:16: "kernel-policy" is "none", must be one of split, per-op, global
t.yaml:7:31: "type" is "enums", must be one of const, enum, flags, struct, did you mean "enum"?
t.yaml:7:45: "scope" is "Kernel", must be one of uapi, kernel, user, did you mean "kernel"?
t.yaml:8:42: an item of "flags" is "admin-perms", must be one of admin-perm, uns-admin-perm, did you mean "admin-perm"?
t.yaml:8:55: an item of "flags" is "x", must be one of admin-perm, uns-admin-perm
`},
		{"numbers", `
protonum: -1
version: 0
mcast-groups:
  list:
    - {name: a, value: 18446744073709551616}
    - {name: b, value: 0x1ffffffffffffffff}
    - {name: c, value: 1e3}
    - {name: d, value: .nan}
    - {name: e, value: 08}
    - {name: f, value: "5"}
    - {name: g, value: five}
    - {name: h, value: true}
    - {name: i, value: [5]}
    - {name: j, value: }
    - {name: k, value: !!str 5}
    - {name: l, value: !!int "5"}
definitions:
  - {name: a, type: enum, entries: [{name: a, value: -9223372036854775809}, {name: b, value: 2001-01-01}]}
`[1:], `
t.yaml:5:11: "protonum" must not be negative
t.yaml:6:10: "version" must be at least 1
t.yaml:9:24: "value" must fit in 64 bits
t.yaml:10:24: "value" must fit in 64 bits
t.yaml:11:24: "value" must be an integer, not "1e3"
t.yaml:12:24: "value" must be an integer, not ".nan"
t.yaml:13:24: "value" must be an integer, not "08"
t.yaml:14:24: "value" must be an integer, not the text "5"
t.yaml:15:24: "value" must be an integer, not "five"
t.yaml:16:24: "value" must be an integer, not "true"
t.yaml:17:24: "value" must be an integer, not a list
t.yaml:19:30: "value" must be an integer, not the text "5"
t.yaml:22:54: "value" must fit in 64 bits
t.yaml:22:94: "value" must be an integer, not "2001-01-01"
`},
		{"booleans", "max-by-define: 1\ndefinitions: [{name: a, type: enum, entries: [], render-max: 'true'}]\n", `
t.yaml:5:16: "max-by-define" must be true or false, not "1"
t.yaml:6:62: "render-max" must be true or false, not "true"
`},
		{"names", `
definitions:
  - {name: "a/b", type: enum, entries: [ "x\ny", "", a/b, "\e[31m" ]}
  - {name: größe, type: enum, entries: [ größe, ]}
  - {name: " ", type: struct, members: [{name: "x\0", type: u8}], doc: "a\x1bb"}
  - {name: ok, type: struct, members: [], doc: "\u202e"}
`[1:], `
t.yaml:6:12: "name" "a/b" holds "/", a name has letters, digits, dashes, underscores and spaces
t.yaml:6:42: "name" "x\ny" holds "\n", which cannot be printed
t.yaml:6:50: "name" is empty
t.yaml:6:59: "name" "\x1b[31m" holds "\x1b", which cannot be printed
t.yaml:7:12: "name" "größe" holds "ö", a name has letters, digits, dashes, underscores and spaces
t.yaml:8:12: "name" is empty
t.yaml:8:48: "name" "x\x00" holds "\x00", a name has letters, digits, dashes, underscores and spaces
t.yaml:8:72: "doc" holds the character U+001B, which is not allowed
t.yaml:9:48: "doc" holds the character U+202E, which is not allowed
`},
		{"tags", "uapi-header: !!binary aGk=\ncmd-max-name: !foo bar\ndefinitions: !!set []\n", `
t.yaml:5:23: YAML tag "!!binary" does not belong here
t.yaml:6:20: YAML tag "!foo" does not belong here
t.yaml:7:14: YAML tag "!!set" does not belong here
`},
		{"levels", "protonum: 5\n", `
t.yaml:5:11: warning: "protonum" means nothing unless the protocol is netlink-raw
`},
		{"merge of a scalar", "<<: [ {doc: x}, 5 ]\n", `
t.yaml:5:17: the value of "<<" must be a mapping, not "5"
`},
		{"alias within itself", "definitions: &d\n  - name: a\n    type: enum\n    entries: *d\nmcast-groups: &m {list: *m, <<: *m}\n", `
t.yaml:8:14: alias "*d" stands within the value that it refers to
t.yaml:9:25: alias "*m" stands within the value that it refers to
t.yaml:9:33: alias "*m" stands within the value that it refers to
`},
	} {
		t.Run(c.name, func(t *testing.T) {
			var report diag.Report
			if spec.Read(&report, "t.yaml", []byte(head+c.src)) == nil {
				t.Error("no tree")
			}
			if got := "\n" + lines(&report); got != c.want {
				t.Errorf("got:%swant:%s", got, c.want)
			}
		})
	}
}

// TestRefuseFile shows what is refused before there is a tree.
func TestRefuseFile(t *testing.T) {
	for _, c := range []struct{ name, src, want string }{
		{"empty", "", "t.yaml:1:1: the file is empty\n"},
		{"comments only", "# SPDX\n", "t.yaml:1:1: the file is empty\n"},
		{"empty document", "---\n", "t.yaml:1:1: the file is empty\n"},
		{"a list", "- a\n", "t.yaml:1:1: family must be a mapping, not a list\n"},
		{"a text", "\n abc\n", "t.yaml:2:2: family must be a mapping, not \"abc\"\n"},
		{"too large", strings.Repeat("#", 2<<20+1), "t.yaml:1:1: the file is larger than 2 MiB\n"},
		{"latin-1", "name: x\ndoc: ä\xe4\n", "t.yaml:2:7: not valid UTF-8\n"},
		{"utf-16", "\xff\xfen\x00", "t.yaml:1:1: not valid UTF-8\n"},
		{"nul", "name: x\x00\n", "t.yaml:1:8: character U+0000 is not allowed\n"},
		{"escape", "\ufeffname: \x1b[31m\n", "t.yaml:1:7: character U+001B is not allowed\n"},
		{"line separator", "a:\r b\u2028\r\n", "t.yaml:2:3: character U+2028 is not allowed\n"},
		{"documents", "name: x\n---\nname: y\n", "t.yaml:2:1: a second YAML document begins here, the file may hold one\n"},
		{"broken second document", "name: x\n---\na: b: c\n", "t.yaml:3:1: invalid YAML: mapping values are not allowed in this context\n"},
		{"no colon", "name: x\nfoo\nbar: z\nc: d\n", "t.yaml:2:1: invalid YAML: could not find expected ':'\n"},
		{"open quote", "name: x\ndoc: 'y\na: b\n", "t.yaml:2:1: invalid YAML: found unexpected end of stream\n"},
		{"tab", "a:\n\tb: c\n", "t.yaml:2:2: invalid YAML: found character that cannot start any token\n"},
		{"dedent", "name: x\ndoc:\n  a: b\n c: d\na: b\nc: d\n",
			"t.yaml:4:2: invalid YAML: did not find expected key\n"},
		{"key in a list", "name: x\ndoc:\n  - a\n  b: c\na: b\nc: d\n",
			"t.yaml:4:3: invalid YAML: did not find expected '-' indicator\n    t.yaml:3:3: in the block that begins here\n"},
		{"open list", "name: x\ndoc: [a, b\na: b\nc: d\n",
			"t.yaml:2:1: invalid YAML: did not find expected ',' or ']'\n"},
		{"stray brace", "name: x\ndoc: }\na: b\nc: d\n",
			"t.yaml:2:1: invalid YAML: did not find expected node content\n"},
		{"unknown anchor", "name: &ab x\ndoc: *abc\na: b\n", "t.yaml:2:6: alias \"*abc\" refers to an unknown anchor\n"},
		{"deep", "a: " + strings.Repeat("[", 20000), "t.yaml:1:1: invalid YAML: exceeded max depth of 10000\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var report diag.Report
			if spec.Read(&report, "t.yaml", []byte(c.src)) != nil {
				t.Error("there is a tree")
			}
			if got := lines(&report); got != c.want {
				t.Errorf("got:\n%swant:\n%s", got, c.want)
			}
		})
	}
}

// TestAttributes shows what is required of attributes, and that subsets are exempt.
func TestAttributes(t *testing.T) {
	_, report := read(`
- name: a
- {name: b, type: u31, len: 5}
- {type: nest, checks: 5, multi-attr: 1, type-value: {}}
- {name: c, type: u8, sub-type: struct, value: x, display-hint: mac-address}
- {name: d, type: u8, checks: {min: 1.5, max: 99999999999999999999, min-len: "", max-len: "1", len: 5}}
`)
	const types = "unused, pad, flag, binary, bitfield32, uint, sint, u8, u16, u32, u64, s8, s16, s32, s64, string, nest, " +
		"indexed-array, nest-type-value, sub-message"
	want := `
t.yaml:7:5: attribute "a" has no "type"
t.yaml:8:21: "type" is "u31", must be one of ` + types + `, did you mean "u32"?
t.yaml:8:26: unknown key "len" in attribute
t.yaml:9:6: attribute has no "name"
t.yaml:9:26: checks must be a mapping, not "5"
t.yaml:9:41: "multi-attr" must be true or false, not "1"
t.yaml:9:56: "type-value" must be a list, not a mapping
t.yaml:10:35: "sub-type" is "struct", must be one of ` + types + `
t.yaml:10:50: "value" must be an integer, not "x"
t.yaml:10:67: "display-hint" is "mac-address", must be one of hex, mac, fddi, ipv4, ipv6, ipv4-or-v6, uuid
t.yaml:11:39: "min" must be an integer or a text, not "1.5"
t.yaml:11:49: "max" must fit in 64 bits
t.yaml:11:80: "min-len" is empty
t.yaml:11:98: unknown key "len" in checks
`
	if got := "\n" + lines(report); got != want {
		t.Errorf("got:%swant:%s", got, want)
	}
}

// TestAllowUnknown shows the option for foreign extensions.
func TestAllowUnknown(t *testing.T) {
	f, report := read("- {name: a, type: u8, transparent: true, display-hint: sockaddr}\n- {name: b, type: foo}", spec.AllowUnknown())
	want := `
t.yaml:7:25: warning: unknown key "transparent" in attribute
t.yaml:7:58: warning: "display-hint" is "sockaddr", must be one of hex, mac, fddi, ipv4, ipv6, ipv4-or-v6, uuid
t.yaml:8:21: "type" is "foo", must be one of unused, pad, flag, binary, bitfield32, uint, sint, u8, u16, u32, u64, s8, s16, s32, s64, string, nest, indexed-array, nest-type-value, sub-message
`
	if got := "\n" + lines(report); got != want {
		t.Errorf("got:%swant:%s", got, want)
	}
	if a := f.AttributeSets[0].Attributes[0]; a.DisplayHint.Set || !a.DisplayHint.Bad {
		t.Errorf("hint is %+v", a.DisplayHint)
	}
}

// TestHostile shows that the work and the output are bounded whatever aliases multiply.
func TestHostile(t *testing.T) {
	const n = 100000
	laughs := "name: x\nx0: &x0 [a, a]\n"
	for i := range 30 {
		d := string(rune('a' + i%26))
		laughs += d + "x" + d + ": &" + d + strings.Repeat("x", i) + " [" + strings.Repeat("*x0,", 10) + "]\n"
	}
	for _, c := range []struct{ name, src, want string }{
		{"laughs", laughs, "unknown key"},
		{"entries", head + "definitions:\n- {name: a, type: enum, entries: &e [" + strings.Repeat("a,", n) + "]}\n" +
			strings.Repeat("- {name: b, type: enum, entries: *e}\n", n/5), `the aliases of this spec stand for too much, with "*e"`},
		{"merges", head + "mcast-groups: &e {list: [], " + strings.Repeat("a: b,", n) + "}\n" +
			"<<: [" + strings.Repeat("*e,", n) + "]\n", "unknown key"},
		{"mistakes", head + strings.Repeat("x: y\n", n), "too many errors, 99000 more not shown"},
		{"long names", head + "cmd-max-name: &a \"" + strings.Repeat("\x7f", 0) + strings.Repeat("ü", n) + "\"\nprotocol: *a\n*a : *a\n", "…"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			var report diag.Report
			spec.Read(&report, "t.yaml", []byte(c.src))
			runtime.ReadMemStats(&after)
			var b strings.Builder
			report.WriteText(&b)
			if !strings.Contains(b.String(), c.want) {
				t.Errorf("no %q in:\n%.2000s", c.want, b.String())
			}
			if b.Len() > 1<<20 {
				t.Errorf("%d bytes of output", b.Len())
			}
			if used := after.TotalAlloc - before.TotalAlloc; used > 1<<29 {
				t.Errorf("%d MiB allocated", used>>20)
			}
		})
	}
}

// TestReadFile shows that positions carry the path as given, and what becomes of files that cannot be read.
func TestReadFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x.yaml")
	if err := os.WriteFile(path, []byte(head+"x: y\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var report diag.Report
	f := spec.ReadFile(&report, path)
	if f == nil || f.Name.Pos.File != path {
		t.Errorf("family is %+v", f)
	}
	none := filepath.Join(dir, "none.yaml")
	if spec.ReadFile(&report, none) != nil || spec.ReadFile(&report, dir) != nil {
		t.Error("read what is not there")
	}
	if spec.ReadConfigFS(&report, os.DirFS(dir), "none.yaml", "none.yaml") != nil {
		t.Error("read a configuration that is not there")
	}
	want := dir + ": cannot read the spec: is a directory\n" +
		none + ": cannot read the spec: no such file or directory\n" +
		path + ":5:1: unknown key \"x\" in family\n" +
		"none.yaml: cannot read the configuration: no such file or directory\n"
	if got := lines(&report); got != want {
		t.Errorf("got:\n%swant:\n%s", got, want)
	}
}
