package resolve_test

import (
	"testing"

	"github.com/nlgen/nlgen/gen/diag"
	"github.com/nlgen/nlgen/gen/resolve"
	"github.com/nlgen/nlgen/gen/spec"
)

// TestForeignTree makes sure that a tree that the reader did not make is checked for what the reader would have refused.
func TestForeignTree(t *testing.T) {
	text := func(s string) spec.Val[string] {
		return spec.Val[string]{V: s, Pos: diag.Pos{File: "t.yaml", Line: 1, Col: 1}, Set: true}
	}
	for typ, want := range map[string]string{
		"u9":     `t.yaml:1:1: attribute "a" has unknown type "u9"`,
		"record": `t.yaml:1:1: attribute "a" has unknown type "record"`,
		"u8":     "",
	} {
		var report diag.Report
		family := resolve.Family(&report, &spec.Family{
			Name:          text("test"),
			AttributeSets: []*spec.AttributeSet{{Name: text("s"), Attributes: []*spec.Attribute{{Name: text("a"), Type: text(typ)}}}},
		}, resolve.Options{})
		got := ""
		for _, d := range report.Diagnostics() {
			got += d.String()
		}
		if got != want || (family == nil) != (want != "") {
			t.Errorf("%s: %q", typ, got)
		}
	}
}
