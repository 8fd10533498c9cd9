package spec_test

import (
	"strings"
	"testing"
	"unicode"

	"github.com/nlgen/nlgen/gen/diag"
	"github.com/nlgen/nlgen/gen/spec"
)

// FuzzRead shows that no input makes the reader panic, that it never returns nothing without a word, and that what it prints is fit for a
// terminal.
func FuzzRead(f *testing.F) {
	for _, seed := range []string{
		full, head, "", "---\n", "- a\n", "a: &a [*a]\n", "a: *b\n", "{{}: []}", "? - a\n: b", "<<: {<<: [{}]}\n", "name: !!binary x\n",
		head + "definitions: &d [{name: a, type: enum, entries: *d}]\n",
		head + "definitions:\n - &a {name: x, type: const, value: 0x_f}\n - {<<: *a, name: y}\n",
		"name: \"\\e[31m\"\r\ndoc: |+\r\n  a\r\n\r\n", "%YAML 1.1\n---\nname: x\n...\n", "name: x\n\tdoc: y\n", "a: [b\nc: d\n", "a:\n  b\n c: d\n",
		"name: 'a''b\n  c'\n", "\ufeffname: größe\n", "a: \xff\n", "a: b\n--- c\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		var report diag.Report
		family := spec.Read(&report, "f.yaml", src)
		if family == nil && !report.HasErrors() {
			t.Error("no tree and no error")
		}
		var b strings.Builder
		if err := report.WriteText(&b); err != nil {
			t.Error(err)
		}
		for _, r := range b.String() {
			if r != '\n' && !unicode.IsPrint(r) || r == unicode.ReplacementChar && !strings.ContainsRune(string(src), r) {
				t.Errorf("output holds %U:\n%q", r, b.String())
			}
		}
		for _, d := range report.Diagnostics() {
			if d.Pos.File != "" && (d.Pos.Line < 1 || d.Pos.Col < 1 || d.Pos.EndCol != 0 && d.Pos.EndCol <= d.Pos.Col) {
				t.Errorf("impossible position %+v of %q", d.Pos, d.Msg)
			}
		}
	})
}
