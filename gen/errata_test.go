package gen

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nlgen/nlgen"
	"github.com/nlgen/nlgen/gen/diag"
	"github.com/nlgen/nlgen/gen/resolve"
	"github.com/nlgen/nlgen/gen/spec"
)

// corrected reads a spec and applies the errata until nothing is left to do. It returns the notes of the first time.
func corrected(t *testing.T, name string, src []byte) []*diag.Diagnostic {
	t.Helper()
	report := new(diag.Report)
	family := spec.Read(report, name, src)
	if family == nil {
		t.Fatal(errorText(t, report))
	}
	notes := new(diag.Report)
	ApplyErrata(notes, family)
	again := new(diag.Report)
	ApplyErrata(again, family)
	for _, d := range again.Diagnostics() {
		if d.Severity != diag.Note || strings.HasPrefix(d.Msg, "erratum applied") {
			t.Errorf("the second time: %v", d)
		}
	}
	if resolve.Family(report, family, resolve.Options{}) == nil || notes.HasErrors() {
		t.Errorf("the errata make the spec bad:\n%s%s", errorText(t, notes), errorText(t, report))
	}
	return notes.Diagnostics()
}

// TestErrata makes sure that the errata are well-formed, and that the specs of this project need none.
func TestErrata(t *testing.T) {
	e := errata()
	if text := errorText(t, e.report); text != "" || len(e.patches) == 0 {
		t.Fatalf("%d errata\n%s", len(e.patches), text)
	}
	for _, target := range BuiltIn().Targets {
		src, err := nlgen.Files.ReadFile(target.key)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range corrected(t, target.key, src) {
			if strings.HasPrefix(d.Msg, "erratum applied") {
				t.Errorf("%v", d)
			}
		}
	}
}

// TestErrataOfKernel makes sure that each erratum finds its error in one of the specs of the kernel, and leaves a good spec.
func TestErrataOfKernel(t *testing.T) {
	const dir = "../../shared/kernel-specs"
	files, err := filepath.Glob(filepath.Join(dir, "*", "*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Skipf("the kernel's specs are not in %s", dir)
	}
	applied := map[string]bool{}
	for _, file := range files {
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range corrected(t, filepath.Base(file), src) {
			t.Log(d)
			if why, ok := strings.CutPrefix(d.Msg, "erratum applied: "); ok {
				applied[why] = true
			}
		}
	}
	for _, p := range errata().patches {
		if !applied[diag.Escape(strings.TrimSuffix(p.Why.V, "."))] {
			t.Errorf("%v: nothing has this error: %s", p.Path.Pos, p.Why.V)
		}
	}
}
