package resolve_test

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nlgen/nlgen/gen/diag"
	"github.com/nlgen/nlgen/gen/resolve"
	"github.com/nlgen/nlgen/gen/spec"
)

func TestNests(t *testing.T) {
	f, found := resolveText(`
name: test
doc: d
protocol: netlink-raw
protonum: 0
sub-messages:
- {name: opts, formats: [{value: a, attribute-set: opt-a}, {value: b}]}
- {name: stats, formats: [{value: a, attribute-set: stat-a}]}
attribute-sets:
- {name: top, attributes: [{name: kind, type: string}, {name: opts, type: sub-message, sub-message: opts, selector: kind}, {name: mid, type: nest, nested-attributes: mid}]}
- {name: mid, attributes: [{name: in, type: indexed-array, sub-type: nest, nested-attributes: low}]}
- {name: low, attributes: [{name: app, type: sub-message, sub-message: stats, selector: kind}]}
- {name: opt-a, attributes: [{name: top, type: nest, nested-attributes: top}]}
- {name: stat-a, attributes: [{name: deep, type: sub-message, sub-message: opts, selector: kind}]}
- {name: self, attributes: [{name: self, type: nest, nested-attributes: self, multi-attr: true}]}
- {name: alone, attributes: [{name: data, type: sub-message, sub-message: opts, selector: nowhere}, {name: more, type: sub-message, sub-message: opts, selector: mid}]}
- {name: bad, attributes: [{name: kind, type: nest, nested-attributes: bad-low}]}
- {name: bad-low, attributes: [{name: app, type: sub-message, sub-message: stats, selector: kind}]}
operations: {list: []}
`, resolve.Options{})
	diff(t, "diagnostics", found, `16:91: attribute "data" has the selector "nowhere", which no set has
16:162: warning: attribute "more" has the selector "mid", which neither set "alone" nor any set around it has; its content stays raw
17:35: attribute "kind" of set "bad" is the selector of "deep", and must be a string, or an integer that is no set of flags
  14:38: needed here
`)
	if f != nil {
		t.Error("errors, but a family")
	}

	f, _ = resolveText(strings.ReplaceAll(`
name: test
doc: d
protocol: netlink-raw
protonum: 0
sub-messages:
- {name: opts, formats: [{value: a, attribute-set: opt-a}, {value: b}]}
- {name: stats, formats: [{value: a, attribute-set: stat-a}]}
attribute-sets:
- {name: top, attributes: [{name: kind, type: string}, {name: opts, type: sub-message, sub-message: opts, selector: kind}, {name: mid, type: nest, nested-attributes: mid}]}
- {name: mid, attributes: [{name: in, type: indexed-array, sub-type: nest, nested-attributes: low}]}
- {name: low, attributes: [{name: app, type: sub-message, sub-message: stats, selector: kind}]}
- {name: opt-a, attributes: [{name: x, type: u32}]}
- {name: stat-a, attributes: [{name: deep, type: sub-message, sub-message: opts, selector: kind}]}
- {name: self, attributes: [{name: self, type: nest, nested-attributes: self, multi-attr: true}]}
- {name: ring-a, attributes: [{name: b, type: nest, nested-attributes: ring-b}]}
- {name: ring-b, attributes: [{name: a, type: sub-message, sub-message: ring, selector: s}, {name: s, type: u8}]}
operations: {list: []}
`, "sub-messages:\n", "sub-messages:\n- {name: ring, formats: [{value: '1', attribute-set: ring-a}]}\n"), resolve.Options{})
	for name, want := range map[string]string{
		"top": "false false []", "mid": "true false [kind]", "low": "true false [kind]", "opt-a": "true false []", "stat-a": "true false [kind]",
		"self": "true true []", "ring-a": "true true []", "ring-b": "true true []",
	} {
		s := set(t, f, name)
		if got := fmt.Sprint(s.Nest, s.Cyclic, s.Outer); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	if a := set(t, f, "top").Attr("opts"); a.Selector.Attr != set(t, f, "top").Attr("kind") {
		t.Error("the selector is not bound")
	}
}

// TestHostile resolves specs that are large and tangled beyond reason, with a bound on time and memory.
func TestHostile(t *testing.T) {
	const n = 2000
	repeat := func(n int, line func(i int) string) string {
		var b strings.Builder
		for i := range n {
			b.WriteString(line(i))
		}
		return b.String()
	}
	const top = "name: test\ndoc: d\nprotocol: netlink-raw\nprotonum: 0\n"
	const ops = "operations: {list: []}\n"
	for name, text := range map[string]string{
		"many attributes": top + "attribute-sets:\n- name: s\n  attributes:\n" +
			repeat(10_000, func(i int) string { return fmt.Sprintf("  - {name: a%d, type: u32}\n", i) }) + ops,
		"deep nests": top + "attribute-sets:\n" +
			repeat(n, func(i int) string {
				return fmt.Sprintf("- {name: s%d, attributes: [{name: a, type: nest, nested-attributes: s%d}]}\n", i, (i+1)%n)
			}) + ops,
		"deep structs": top + "definitions:\n" +
			repeat(n, func(i int) string {
				return fmt.Sprintf("- {name: s%d, type: struct, members: [{name: a, type: binary, struct: s%d}]}\n", i, (i+1)%n)
			}) + "attribute-sets: []\n" + ops,
		"doubling structs": top + "definitions:\n" +
			repeat(n, func(i int) string {
				return fmt.Sprintf("- {name: s%d, type: struct, members: [{name: a, type: binary, struct: s%d}, {name: b, type: binary, struct: s%d}]}\n", i, i+1, i+1)
			}) + fmt.Sprintf("- {name: s%d, type: struct, members: [{name: a, type: u32}]}\nattribute-sets: []\n", n) + ops,
		"selectors from outside": top + "sub-messages: [{name: m, formats: []}]\nattribute-sets:\n" +
			repeat(n, func(i int) string {
				return fmt.Sprintf("- {name: s%d, attributes: [{name: a, type: nest, nested-attributes: s%d}, {name: b, type: sub-message, sub-message: m, selector: x%d}]}\n", i, (i+1)%n, i)
			}) + ops,
		"formats times sets": top + "sub-messages:\n- name: m\n  formats:\n" +
			repeat(n, func(i int) string { return fmt.Sprintf("  - {value: v%d, attribute-set: s%d}\n", i, i) }) + "attribute-sets:\n" +
			repeat(n, func(i int) string {
				return fmt.Sprintf("- {name: s%d, attributes: [{name: b, type: sub-message, sub-message: m, selector: x}]}\n", i)
			}) + ops,
		"unknown names": top + "attribute-sets:\n- name: s\n  attributes:\n" +
			repeat(n, func(i int) string {
				return fmt.Sprintf("  - {name: attribute-number-%d, type: nest, nested-attributes: another-long-name-%d}\n", i, i)
			}) + ops,
	} {
		t.Run(name, func(t *testing.T) {
			var report diag.Report
			s := spec.Read(&report, "t.yaml", []byte(text))
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			start := time.Now()
			resolve.Family(&report, s, resolve.Options{})
			took := time.Since(start)
			runtime.ReadMemStats(&after)
			t.Logf("%v, %d KiB, %d errors", took, (after.TotalAlloc-before.TotalAlloc)>>10, report.Errors())
			if took > 20*time.Second || after.TotalAlloc-before.TotalAlloc > 256<<20 {
				t.Errorf("took %v and %d MiB", took, (after.TotalAlloc-before.TotalAlloc)>>20)
			}
		})
	}
}

// TestOrder resolves a spec twice: nothing in a family depends on the run.
func TestOrder(t *testing.T) {
	text := "{name: test, doc: d, protocol: netlink-raw, protonum: 0, sub-messages: [{name: m, formats: []}],\n attribute-sets: [{name: s, attributes: ["
	for i := range 20 {
		text += fmt.Sprintf("{name: a%d, type: sub-message, sub-message: m, selector: x%d},", i, 20-i)
	}
	text += "]},{name: k, attributes: ["
	for i := range 20 {
		text += fmt.Sprintf("{name: x%d, type: string},", i+1)
	}
	text += "]}], operations: {list: []}}"
	first, _ := resolveText(text, resolve.Options{})
	for range 20 {
		f, _ := resolveText(text, resolve.Options{})
		if !slices.Equal(first.Sets[0].Outer, f.Sets[0].Outer) {
			t.Fatal("the order of selectors changes")
		}
	}
}
