package spec_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/nlgen/nlgen/gen/diag"
	"github.com/nlgen/nlgen/gen/spec"
)

// full is a spec that uses every key.
const full = `# SPDX-License-Identifier: BSD-3-Clause
---
name: demo
doc: >-
  A family
  for tests.
protocol: netlink-raw
protonum: 0x10
version: 0o17
uapi-header: linux/demo.h
kernel-policy: per-op
c-family-name: demo-name
c-version-name: demo-version
max-by-define: yes
cmd-max-name: demo-max
cmd-cnt-name: demo-cnt
kernel-family:
  headers: [ net/demo.h ]
  sock-priv: struct demo
definitions:
  - {name: big, type: const, value: 18446744073709551615, scope: kernel, header: linux/x.h}
  - {name: low, type: const, value: -9_223_372_036_854_775_808}
  - {name: word, type: const, value: "10"}
  - name: state
    type: enum
    doc: States.
    enum-name:
    enum-cnt-name: state-cnt
    name-prefix: demo-
    value-start: "3"
    render-max: True
    entries:
      - off
      - 1g
      - null
      - name: set
        value: -1
        doc: Set.
  - {name: none, type: flags, enum-name: ~, entries: []}
  - name: hdr
    type: struct
    members:
      - {name: a, type: u16, byte-order: big-endian, enum: state, enum-as-flags: true, display-hint: hex, doc: A.}
      - {name: b, type: binary, struct: other}
      - {name: c, type: pad, len: big - 1}
      - {name: d, type: string, len: 017}
attribute-sets:
  - name: main
    enum-name: demo-main
    attr-cnt-name: demo-cnt
    attr-max-name: demo-max
    name-prefix: demo-a-
    header: linux/y.h
    doc: Main.
    attributes:
      - &first
        name: first
        type: u32
        value: 0b11
        doc: First.
        checks: &limits {flags-mask: state, min: -1, max: u32-max, min-len: 1, max-len: big - 1, exact-len: 4, unterminated-ok: false}
      - name: second
        type: indexed-array
        sub-type: nest
        nested-attributes: main
        multi-attr: true
        byte-order: little-endian
        enum: state
        enum-as-flags: false
        display-hint: ipv4-or-v6
        struct: hdr
        sub-message: sub
        selector: first
        name-prefix: x-
        type-value: [ one, 2 ]
        checks: *limits
  - name: part
    subset-of: main
    attributes:
      - name: first
      - *first
sub-messages:
  - name: sub
    formats:
      - {value: 4g, fixed-header: hdr, attribute-set: main}
      - value: no
operations:
  enum-model: directional
  name-prefix: demo-cmd-
  enum-name:
  async-prefix: demo-ntf-
  async-enum: demo-async
  fixed-header: hdr
  list:
    - name: get
      doc: Get.
      value: 0xa12
      attribute-set: main
      fixed-header: hdr
      flags: [ admin-perm, uns-admin-perm ]
      dont-validate: [ strict, dump, dump-strict ]
      config-cond: demo
      do: &get
        pre: demo-pre
        post: demo-post
        request:
          value: 1
          attributes: &list
            - first
            - second
        reply:
      dump: *get
    - {name: ntf, doc: Ntf., notify: get, mcgrp: grp}
    - {name: evt, doc: Evt., event: {attributes: *list}}
    - {name: empty, doc: Nothing., do: {request: {attributes: }}, dump: }
mcast-groups:
  list:
    - {name: grp, value: 7, flags: [ admin-perm ], c-define-name: demo-grp}
`

func TestReadFull(t *testing.T) {
	var report diag.Report
	f := spec.Read(&report, "full.yaml", []byte(full))
	if len(report.Diagnostics()) > 0 {
		t.Fatalf("unexpected diagnostics:\n%s", lines(&report))
	}
	second, part := f.AttributeSets[0].Attributes[1], f.AttributeSets[1]
	hdr, ops := f.Definitions[5], f.Operations.List
	state := f.Definitions[3]
	for _, c := range []struct {
		name      string
		got, want any
	}{
		{"name", f.Name.V, "demo"},
		{"doc", f.Doc.V, "A family for tests."},
		{"protonum", f.Protonum.V, uint64(16)},
		{"version", f.Version.V, uint64(15)},
		{"policy", f.KernelPolicy.V, "per-op"},
		{"max-by-define", f.MaxByDefine.V, true},
		{"headers", f.KernelFamily.Headers[0].V, "net/demo.h"},
		{"big const", f.Definitions[0].Value.V, spec.Const{IsInt: true, Int: spec.UintOf(1<<64 - 1)}},
		{"low const", f.Definitions[1].Value.V, spec.Const{IsInt: true, Int: spec.IntOf(-1 << 63)}},
		{"text const", f.Definitions[2].Value.V, spec.Const{Text: "10"}},
		{"null enum-name", state.EnumName.Null(), true},
		{"tilde enum-name", f.Definitions[4].EnumName.Null(), true},
		{"value-start", state.ValueStart.V, spec.Limit{IsInt: true, Int: spec.IntOf(3)}},
		{"render-max", state.RenderMax.V, true},
		{"entry off", state.Entries[0].Name.V, "off"},
		{"entry 1g", state.Entries[1].Name.V, "1g"},
		{"entry null", state.Entries[2].Name.V, "null"},
		{"entry value", state.Entries[3].Value.V, spec.IntOf(-1)},
		{"no entries", f.Definitions[4].Entries != nil && len(f.Definitions[4].Entries) == 0, true},
		{"no members", f.Definitions[4].Members == nil, true},
		{"embedded", hdr.Members[1].Struct.V, "other"},
		{"named len", hdr.Members[2].Len.V, spec.Limit{Name: "big", Minus: 1}},
		{"octal len", hdr.Members[3].Len.V, spec.Limit{IsInt: true, Int: spec.IntOf(15)}},
		{"binary number", f.AttributeSets[0].Attributes[0].Value.V, uint64(3)},
		{"max", second.Checks.Max.V, spec.Limit{Name: "u32-max"}},
		{"min", second.Checks.Min.V, spec.Limit{IsInt: true, Int: spec.IntOf(-1)}},
		{"unterminated", second.Checks.UnterminatedOk, spec.Val[bool]{Set: true, Pos: diag.Pos{
			File: "full.yaml", Line: 61, Col: 129, EndCol: 134}}},
		{"type-value", second.TypeValue[1].V, "2"},
		{"subset type", part.Attributes[0].Type.Set, false},
		{"aliased attribute", part.Attributes[1].Type.V, "u32"},
		{"aliased attribute is a copy", part.Attributes[1] != f.AttributeSets[0].Attributes[0], true},
		{"format", f.SubMessages[0].Formats[1].Value.V, "no"},
		{"op value", ops[0].Value.V, uint64(0xa12)},
		{"op flags", len(ops[0].Flags), 2},
		{"dump is do", cmp.Equal(ops[0].Do, ops[0].Dump) && ops[0].Do != ops[0].Dump, true},
		{"empty reply", ops[0].Do.Reply != nil && ops[0].Do.Reply.Attributes == nil, true},
		{"no event", ops[0].Event == nil, true},
		{"event", ops[2].Event.Attributes[1].V, "second"},
		{"null attributes", ops[3].Do.Request.Attributes != nil, true},
		{"no reply", ops[3].Do.Reply == nil, true},
		{"empty dump", ops[3].Dump != nil && ops[3].Dump.Request == nil, true},
		{"group", f.McastGroups.List[0].Value.V, uint64(7)},
	} {
		if diff := cmp.Diff(c.want, c.got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

// TestPositions shows where objects, names and null values stand.
func TestPositions(t *testing.T) {
	src := strings.Join([]string{
		"name: &n demo",
		"doc: 'it''s' # üü",
		"attribute-sets:",
		"  - {doc: \"größe\", name: main, attributes: [ ]}",
		"operations:",
		"  enum-name:",
		"  list:",
		"    - name: *n",
		"      doc: |",
		"        Text.",
		"      flags: [ admin-perm ]",
		"      do:",
		"",
	}, "\r\n")
	var report diag.Report
	f := spec.Read(&report, "pos.yaml", []byte("\ufeff"+src))
	if len(report.Diagnostics()) > 0 {
		t.Fatalf("unexpected diagnostics:\n%s", lines(&report))
	}
	op := f.Operations.List[0]
	for _, c := range []struct {
		name              string
		got               diag.Pos
		line, col, endCol int
	}{
		{"family", f.Pos, 1, 1, 5},
		{"anchored name", f.Name.Pos, 1, 10, 14},
		{"quoted doc", f.Doc.Pos, 2, 6, 13},
		{"set", f.AttributeSets[0].Pos, 4, 6, 9},
		{"double quotes", f.AttributeSets[0].Doc.Pos, 4, 11, 18},
		{"behind wide text", f.AttributeSets[0].Name.Pos, 4, 26, 30},
		{"null", f.Operations.EnumName.Pos, 6, 3, 12},
		{"operation", op.Pos, 8, 7, 11},
		{"aliased name", op.Name.Pos, 1, 10, 14},
		{"literal", op.Doc.Pos, 9, 12, 0},
		{"list item", op.Flags[0].Pos, 11, 16, 26},
		{"null object", op.Do.Pos, 12, 7, 9},
	} {
		want := diag.Pos{File: "pos.yaml", Line: c.line, Col: c.col, EndCol: c.endCol}
		if c.got != want {
			t.Errorf("%s at %+v, want %+v", c.name, c.got, want)
		}
	}
}

// TestMerge shows that merge keys fill in what a mapping lacks.
func TestMerge(t *testing.T) {
	f, report := read(`
- &a {name: a, type: u8, doc: A}
- {<<: *a, name: b}
- <<: [ {type: u16, <<: {value: 9}}, *a ]
  name: c
`)
	if len(report.Diagnostics()) > 0 {
		t.Fatalf("unexpected diagnostics:\n%s", lines(report))
	}
	b, c := f.AttributeSets[0].Attributes[1], f.AttributeSets[0].Attributes[2]
	if b.Name.V != "b" || b.Type.V != "u8" || b.Doc.V != "A" {
		t.Errorf("b is %+v", b)
	}
	if c.Name.V != "c" || c.Type.V != "u16" || c.Value.V != 9 || c.Doc.V != "A" {
		t.Errorf("c is %+v", c)
	}
}

// read reads a spec that has the given list as the attributes of its set.
func read(attributes string, options ...spec.Option) (*spec.Family, *diag.Report) {
	src := "name: t\ndoc: t\noperations: {list: []}\nattribute-sets:\n- name: s\n  attributes:\n" +
		"  " + strings.ReplaceAll(strings.TrimSpace(attributes), "\n", "\n  ") + "\n"
	report := new(diag.Report)
	return spec.Read(report, "t.yaml", []byte(src), options...), report
}

// lines returns the diagnostics with their related places, without excerpts.
func lines(report *diag.Report) string {
	var b strings.Builder
	for _, d := range report.Diagnostics() {
		b.WriteString(d.String() + "\n")
		for _, rel := range d.Related {
			b.WriteString("    " + rel.String() + "\n")
		}
	}
	return b.String()
}

// TestAnchorTwice shows that an anchor may be defined again, as YAML has it: an alias stands for the last value before it that has the
// anchor, and that value begins with the anchor.
func TestAnchorTwice(t *testing.T) {
	f, report := read(`
- &x {name: a, type: u8, doc: A}
- {<<: *x, name: b}
- &x {name: c, type: u16, doc: C}
- {<<: *x, name: d}
`)
	if len(report.Diagnostics()) > 0 {
		t.Fatalf("unexpected diagnostics:\n%s", lines(report))
	}
	attrs := f.AttributeSets[0].Attributes
	if b, d := attrs[1], attrs[3]; b.Type.V != "u8" || b.Doc.V != "A" || d.Type.V != "u16" || d.Doc.V != "C" {
		t.Errorf("b is %+v, d is %+v", b, d)
	}
	_, report = read(`
- &x {name: a, type: u8}
- &x {name: b, <<: *x}
`)
	if !strings.Contains(lines(report), "t.yaml:8:22: alias \"*x\" stands within the value that it refers to\n") {
		t.Errorf("an alias within the value that takes its anchor over: %s", lines(report))
	}
}
