package spec_test

import (
	"strings"
	"testing"

	"github.com/nlgen/nlgen/gen/diag"
	"github.com/nlgen/nlgen/gen/spec"
)

// patched is what most of these tests patch.
const patched = `name: demo-fam
doc: d
definitions:
  - {name: limit, type: const, value: 4}
  - {name: mode, type: enum, value-start: 3, entries: [a, b, {name: c, value: -1}, d]}
  - {name: bits, type: flags, entries: [x, y]}
  - {name: rec, type: struct, members: [{name: m, type: u32}, {name: n, type: binary, len: limit}]}
attribute-sets:
  - name: main
    attributes:
      - {name: id, type: u32, checks: {max: limit}}
      - {name: kind, type: u8, enum: mode}
      - {name: inner, type: nest, nested-attributes: more}
      - {name: data, type: sub-message, sub-message: opts, selector: kind}
  - {name: sub, subset-of: main, attributes: [{name: id}, {name: kind}]}
  - {name: more, attributes: [{name: low, type: binary, struct: rec, value: 7}, {name: next, type: u8}]}
sub-messages:
  - {name: opts, formats: [{value: a/b, attribute-set: more}, {value: a, fixed-header: rec}]}
operations:
  fixed-header: rec
  list:
    - {name: get, doc: d, attribute-set: main, do: {request: {attributes: [id, kind]}, reply: {attributes: [id]}}}
    - {name: reserved, doc: d}
    - {name: got, doc: d, notify: get, mcgrp: all}
    - {name: ev, doc: d, attribute-set: sub, event: {attributes: [id, kind]}, mcgrp: all}
mcast-groups: {list: [{name: all}]}
`

// apply applies patches to a spec and returns it with what was said. The patches are written without what all of them have.
func apply(t *testing.T, text, patches string, errata bool) (*spec.Family, string) {
	t.Helper()
	var report diag.Report
	family := spec.Read(&report, "spec.yaml", []byte(text))
	if family == nil || report.HasErrors() {
		t.Fatal(lines(&report))
	}
	report = diag.Report{}
	var src strings.Builder
	src.WriteString("version: 1\npatches:\n")
	for _, p := range strings.Split(strings.TrimSpace(patches), "\n") {
		src.WriteString("- {family: demo_fam, why: W., " + strings.TrimSpace(p) + "}\n")
	}
	if errata {
		spec.Apply(&report, family, spec.ReadErrata(&report, "p.yaml", []byte(src.String())))
		return family, lines(&report)
	}
	config := spec.ReadConfig(&report, "p.yaml", []byte("output: o\nfamilies: [x]\n"+src.String()))
	spec.Apply(&report, family, config.Patches)
	return family, lines(&report)
}

func names(list []spec.Val[string]) string {
	var s []string
	for _, v := range list {
		s = append(s, v.V)
	}
	return strings.Join(s, " ")
}

// TestPatchRename makes sure that references follow a new name, and nothing else does.
func TestPatchRename(t *testing.T) {
	f, said := apply(t, patched, `
path: definitions/limit, set: {name: limit2}
path: definitions/mode, set: {name: mode2}
path: definitions/rec, set: {name: rec2}
path: attribute-sets/main, set: {name: main2}
path: attribute-sets/more, set: {name: more2}
path: attribute-sets/main2/id, set: {name: id2}
path: attribute-sets/main2/kind, set: {name: kind2}
path: sub-messages/opts, set: {name: opts2}
path: operations/get, set: {name: get2}
path: mcast-groups/all, set: {name: all2}
path: family, "was": {doc: d}, set: {name: fam, doc: e}`, false)
	if said != "" {
		t.Fatal(said)
	}
	main, sub, more := f.AttributeSets[0], f.AttributeSets[1], f.AttributeSets[2]
	ops := f.Operations.List
	for _, c := range []struct{ what, got, want string }{
		{"limit of a check", main.Attributes[0].Checks.Max.V.Name, "limit2"},
		{"length", f.Definitions[3].Members[1].Len.V.Name, "limit2"},
		{"enum", main.Attributes[1].Enum.V, "mode2"},
		{"struct", more.Attributes[0].Struct.V, "rec2"},
		{"fixed header of the family", f.Operations.FixedHeader.V, "rec2"},
		{"fixed header of a format", f.SubMessages[0].Formats[1].FixedHeader.V, "rec2"},
		{"parent", sub.SubsetOf.V, "main2"},
		{"set of an operation", ops[0].AttributeSet.V, "main2"},
		{"set of an event", ops[3].AttributeSet.V, "sub"},
		{"nest", main.Attributes[2].NestedAttributes.V, "more2"},
		{"set of a format", f.SubMessages[0].Formats[0].AttributeSet.V, "more2"},
		{"attribute of a subset", sub.Attributes[0].Name.V, "id2"},
		{"request", names(ops[0].Do.Request.Attributes), "id2 kind2"},
		{"reply", names(ops[0].Do.Reply.Attributes), "id2"},
		{"event", names(ops[3].Event.Attributes), "id2 kind2"},
		{"selector", main.Attributes[3].Selector.V, "kind2"},
		{"sub-message", main.Attributes[3].SubMessage.V, "opts2"},
		{"notification", ops[2].Notify.V, "get2"},
		{"group", ops[2].Mcgrp.V, "all2"},
		{"family", f.Name.V + f.Doc.V, "fame"},
		{"position", sub.Attributes[0].Name.Pos.File, "p.yaml"},
	} {
		if c.got != c.want {
			t.Errorf("%s: %q, want %q", c.what, c.got, c.want)
		}
	}
}

// TestPatchNumbers makes sure that a patch sees the numbers that a spec gives out without writing them down, as they were before the
// first patch.
func TestPatchNumbers(t *testing.T) {
	f, said := apply(t, patched, `
path: definitions/mode/a, was: {value: 3}, set: {value: 30}
path: definitions/mode/b, was: {value: 4}, set: {value: 40}
path: definitions/mode/d, was: {value: 0}, set: {value: 1}
path: definitions/bits/y, was: {value: 1}, set: {value: 2}
path: attribute-sets/main/kind, was: {value: 2}, set: {value: 20}
path: attribute-sets/main/data, was: {value: 4}, set: {value: 22}
path: attribute-sets/more/next, was: {value: 8}, set: {value: 9}
path: operations/ev, was: {value: 4}, set: {value: 5}
path: attribute-sets/more, add: [{name: a1, type: u8}, {name: a2, type: u8}], before: next
path: attribute-sets/more/a2, was: {value: 9, type: u8}, set: {type: u16, value: 12}`, false)
	if said != "" {
		t.Error(said)
	}
	if v := f.AttributeSets[2].Attributes; len(v) != 4 || v[1].Name.V != "a1" || v[2].Value.V != 12 || v[3].Value.V != 9 {
		t.Errorf("got %+v", v)
	}
	if v := f.Definitions[1].Entries[3].Value; v.V != spec.IntOf(1) || v.Pos.File != "p.yaml" {
		t.Errorf("got %+v", v)
	}
}

// TestPatchPlaces makes sure that paths lead to objects of every kind, and names with slashes are found.
func TestPatchPlaces(t *testing.T) {
	f, said := apply(t, patched, `
path: sub-messages/opts/a/b, was: {attribute-set: more}, set: {attribute-set: sub}
path: sub-messages/opts/a, was: {fixed-header: rec, attribute-set: null}, set: {fixed-header: null}
path: operations, was: {fixed-header: rec, enum-model: null}, set: {fixed-header: null, enum-model: unified}
path: operations/get/do/request, add: [inner, data], after: id
path: operations/get/do/request/kind, before: id
path: operations/get/do/reply, was: {attributes: [id]}, set: {attributes: [id, kind]}
path: operations/ev/event/kind, drop: true
path: operations/get/do/request/inner, drop: true
path: attribute-sets/main/id/checks, was: {max: limit, min: null}, set: {max: 3}
path: attribute-sets/main/kind/checks, drop: true
path: attribute-sets/main/id, was: {checks: {max: 3}}, set: {checks: null}
path: attribute-sets/main/kind, drop: true
path: definitions/rec/m, after: n
path: mcast-groups, add: {name: few, value: 3}
path: operations/get, was: {dump: null, flags: null}, set: {dump: {reply: {attributes: [id]}}, flags: [admin-perm]}`, false)
	want := "p.yaml:14:37: the patch does not fit: there is no \"checks\" of attribute \"kind\"\n    spec.yaml:12:16: declared here\n"
	if said != want {
		t.Errorf("got %swant %s", said, want)
	}
	main, ops := f.AttributeSets[0], f.Operations.List
	for _, c := range []struct{ what, got, want string }{
		{"request", names(ops[0].Do.Request.Attributes), "id data"},
		{"reply", names(ops[0].Do.Reply.Attributes), "id"},
		{"event", names(ops[3].Event.Attributes), "id"},
		{"dump", names(ops[0].Dump.Reply.Attributes), "id"},
		{"flags", names(ops[0].Flags), "admin-perm"},
		{"format", f.SubMessages[0].Formats[0].AttributeSet.V, "sub"},
		{"header", f.SubMessages[0].Formats[1].FixedHeader.V + f.Operations.FixedHeader.V, ""},
		{"member", f.Definitions[3].Members[1].Name.V, "m"},
		{"group", f.McastGroups.List[1].Name.V, "few"},
	} {
		if c.got != c.want {
			t.Errorf("%s: %q, want %q", c.what, c.got, c.want)
		}
	}
	if len(main.Attributes) != 3 || len(f.AttributeSets[1].Attributes) != 1 || main.Attributes[0].Checks != nil {
		t.Errorf("got %+v", main.Attributes)
	}
}

// TestErrata makes sure that an erratum does no harm where it does not fit.
func TestErrata(t *testing.T) {
	_, said := apply(t, patched, `
path: attribute-sets/main/id, was: {type: u32}, set: {type: u16}
path: attribute-sets/main/kind, was: {type: u16}, set: {type: u8}
path: attribute-sets/main/inner, was: {type: string}, set: {type: binary}
path: attribute-sets/main/nosuch, was: {type: string}, set: {type: binary}
path: attribute-sets/nosuch/x, drop: true
path: attribute-sets/main/nosuch, drop: true
path: attribute-sets/more, add: {name: next, type: u8}
path: attribute-sets/more, add: {name: more, type: u8}, after: nosuch
path: attribute-sets/more/low, was: {value: 7}, after: next
path: attribute-sets/more/low, after: next`, true)
	want := `spec.yaml:9:11: note: erratum obsolete, attribute set "main" has no attribute "nosuch": W
spec.yaml:11:16: note: erratum applied: W
spec.yaml:12:16: note: erratum obsolete, attribute "kind" is that already: W
spec.yaml:13:29: note: erratum left out, attribute "inner" has type nest, not string: W
spec.yaml:16:12: note: erratum left out, attribute set "more" has no attribute "nosuch": W
spec.yaml:16:38: note: erratum applied: W
spec.yaml:16:38: note: erratum obsolete, attribute "low" stands there already: W
spec.yaml:16:88: note: erratum obsolete, there is attribute "next" already: W
`
	if said != want {
		t.Errorf("got:\n%swant:\n%s", said, want)
	}
}

// TestPatchOtherFamily makes sure that patches for other families do nothing.
func TestPatchOtherFamily(t *testing.T) {
	var report diag.Report
	family := spec.Read(&report, "spec.yaml", []byte(patched))
	config := spec.ReadConfig(&report, "p.yaml", []byte("version: 1\noutput: o\nfamilies: [x]\npatches: [{family: demo, path: operations/get, drop: true, why: W}]\n"))
	spec.Apply(&report, family, config.Patches)
	if said := lines(&report); said != "" || len(family.Operations.List) != 4 {
		t.Errorf("%s, %d operations", said, len(family.Operations.List))
	}
}

// TestPatchRefused makes sure that a patch that was refused when it was read does no harm if it is applied all the same.
func TestPatchRefused(t *testing.T) {
	for _, patch := range []string{
		"path: attribute-sets/main/id, set: u8",
		"path: attribute-sets/main/id, was: [type], drop: true",
	} {
		family, said := apply(t, patched, "\n"+patch, false)
		if !strings.Contains(said, "must be a mapping of keys, not ") || len(family.AttributeSets[0].Attributes) != 4 {
			t.Errorf("%s: %s, %d attributes", patch, said, len(family.AttributeSets[0].Attributes))
		}
	}
}

// FuzzPatch applies any patches to a spec. Whatever they say, there is no panic, and the spec that comes out can be patched again.
func FuzzPatch(f *testing.F) {
	for _, p := range []string{
		"path: attribute-sets/main/kind, was: {value: 2, type: u8}, set: {name: x, value: 20, checks: {max: 3}}",
		"path: definitions/mode/a, was: {value: 3}, set: {value: null}",
		"path: attribute-sets/main, add: [{name: n, type: u8}, {name: m, type: nest}], before: kind",
		"path: operations/get/do/request, add: [inner, data], after: id",
		"path: operations/get/do/request/kind, before: id", "path: operations/ev/event/kind, drop: true",
		"path: mcast-groups, add: {name: few, value: 3}", "path: sub-messages/opts/a/b, drop: true", "path: family, set: {name: other}",
		"path: operations/get/dump/request, add: id", "path: attribute-sets/main/id, was: &a {checks: *a}, set: {checks: *a}",
	} {
		f.Add(p)
	}
	f.Fuzz(func(t *testing.T, p string) {
		var report diag.Report
		family := spec.Read(&report, "spec.yaml", []byte(patched))
		text := "version: 1\npatches:\n- {family: demo-fam, why: W, " + p + "}\n- {family: demo-fam, why: W, path: attribute-sets/main/id, drop: true}\n"
		errata := spec.ReadErrata(&report, "p.yaml", []byte(text))
		spec.Apply(&report, family, errata)
		spec.Apply(&report, family, errata)
		for _, d := range report.Diagnostics() {
			if d.Severity == diag.Error && d.Pos.Line == 0 && !strings.HasPrefix(d.Msg, "too many") {
				t.Errorf("error without a place: %v", d)
			}
		}
	})
}
