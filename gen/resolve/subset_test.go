package resolve_test

import (
	"testing"

	"github.com/nlgen/nlgen/gen/ir"
	"github.com/nlgen/nlgen/gen/resolve"
)

func TestSubsets(t *testing.T) {
	f := resolved(t, `
name: test
doc: d
protocol: netlink-raw
protonum: 0
definitions:
- {name: colour, type: enum, entries: [red]}
attribute-sets:
- name: parent-attrs
  attributes:
  - {name: flags, type: u16, doc: theirs, byte-order: big-endian, enum: colour, checks: {min: 1, max: 9}}
  - {name: addr, type: binary, display-hint: ipv4}
  - {name: list, type: u32}
  - {name: nest, type: nest, nested-attributes: inner}
  - {name: turned, type: nest, nested-attributes: inner}
- {name: inner, attributes: []}
- {name: other, attributes: []}
- name: sub-attrs
  subset-of: parent-attrs
  attributes:
  - {name: nest, nested-attributes: other}
  - {name: flags, type: u32, doc: ours, checks: {max: 70000}}
  - {name: addr, display-hint: ipv6}
  - {name: list, multi-attr: true}
  - {name: turned, type: binary}
operations: {list: []}
`)
	parent, sub := set(t, f, "parent-attrs"), set(t, f, "sub-attrs")
	if sub.Parent != parent {
		t.Error("the parent is not bound")
	}
	diff(t, "order", names(sub.Attrs), "nest flags addr list turned")
	diff(t, "numbers", numbers(sub), map[string]int{"nest": 4, "flags": 1, "addr": 2, "list": 3, "turned": 5})
	flags := sub.Attr("flags")
	if flags.Type != "u32" || flags.Doc != "ours" || flags.Order != ir.BigEndian || flags.Enum == nil || flags.Checks.Min != nil || flags.Checks.Max.Value != 70000 {
		t.Errorf("flags: %+v", flags)
	}
	if was := parent.Attr("flags"); was.Type != "u16" || was.Doc != "theirs" || was.Checks.Max.Value != 9 {
		t.Errorf("the parent changed: %+v", was)
	}
	if flags.Const != "AttrParentFlags" || flags.Go != "Flags" || flags.Set != sub || sub.Go != "SubAttrs" {
		t.Errorf("names: %s %s", flags.Const, flags.Go)
	}
	if enumOf(t, f, "colour").Bits != 32 {
		t.Error("the enum is not as wide as the subset uses it")
	}
	if sub.Attr("addr").Hint != ir.IPv6 || sub.Attr("list").Presence != ir.Slice || sub.Attr("nest").Nested.Name != "other" {
		t.Error("overrides do not count")
	}
	// What a type of the subset's own does not read is not inherited.
	if turned := sub.Attr("turned"); turned.Type != "binary" || turned.Nested != nil {
		t.Errorf("turned: %+v", turned)
	}
}

func TestSubsetErrors(t *testing.T) {
	_, found := resolveText(`
name: test
doc: d
attribute-sets:
- name: early
  subset-of: parent
  attributes: []
- name: parent
  attributes:
  - {name: a, type: u32}
  - {name: bb, type: u32}
- name: sub
  subset-of: parent
  attributes:
  - {name: a, value: 1}
  - {name: bb, value: 9}
  - {name: bc}
- {name: own, subset-of: own, attributes: []}
- {name: subsub, subset-of: sub, attributes: [{name: a}]}
- {name: lost, subset-of: paren, attributes: [{name: a}]}
operations: {list: []}
`, resolve.Options{})
	diff(t, "diagnostics", found, `6:14: set "early" is a subset of "parent", which stands behind it
  8:9: declared here
15:22: warning: attribute "a" of a subset has the number of its parent; it needs no value
16:23: attribute "bb" of a subset has a value, but its number is that of its parent, 2
  11:12: declared here
17:12: subset "sub" has attribute "bc", which its parent "parent" lacks, did you mean "bb"?
  8:9: declared here
18:26: set "own" is a subset of itself
19:29: set "subsub" is a subset of "sub", which is a subset itself
  12:9: declared here
20:27: subset "lost" refers to unknown set "paren", did you mean "parent"?
`)
}
