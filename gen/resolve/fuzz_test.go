package resolve_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/nlgen/nlgen/gen/diag"
	"github.com/nlgen/nlgen/gen/resolve"
	"github.com/nlgen/nlgen/gen/spec"
)

// FuzzResolve resolves whatever the reader makes of bytes, also of those with errors: it must not panic, and a family that it returns
// must be whole.
func FuzzResolve(f *testing.F) {
	for _, dir := range []string{"../../specs", "../../../shared/kernel-specs/linux-6.12", "../../../shared/kernel-specs/linux-6.16"} {
		files, _ := filepath.Glob(filepath.Join(dir, "*.yaml"))
		for _, file := range files {
			if src, err := os.ReadFile(file); err == nil && len(src) < 40_000 {
				f.Add(src)
			}
		}
	}
	f.Add([]byte(`{name: a, doc: d, definitions: [{name: s, type: struct, members: [{name: x, type: u8}]}, {name: e, type: flags, entries: [a]}],
attribute-sets: [{name: s, attributes: [{name: a, type: u8, enum: e}, {name: b, type: binary, struct: s}]}, {name: t, subset-of: s, attributes: [{name: b}]}],
operations: {list: [{name: o, doc: d, attribute-set: t, do: {request: {attributes: [b]}}}, {name: n, doc: d, notify: o}]}}`))
	f.Fuzz(func(t *testing.T, src []byte) {
		var report diag.Report
		s := spec.Read(&report, "f.yaml", src)
		family := resolve.Family(&report, s, resolve.Options{})
		if family == nil {
			if s != nil && !report.HasErrors() {
				t.Error("neither a family nor an error")
			}
			return
		}
		checkFamily(t, family)
	})
}
