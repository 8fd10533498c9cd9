package resolve_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/nlgen/nlgen/gen/diag"
	"github.com/nlgen/nlgen/gen/resolve"
	"github.com/nlgen/nlgen/gen/spec"
)

// TestKernelSpecs resolves the kernel's own specs as they are. With -v it prints the warnings.
func TestKernelSpecs(t *testing.T) {
	const dir = "../../../shared/kernel-specs"
	files, err := filepath.Glob(filepath.Join(dir, "*", "*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Skipf("the kernel's specs are not in %s", dir)
	}
	for _, file := range files {
		t.Run(filepath.Base(filepath.Dir(file))+"/"+filepath.Base(file), func(t *testing.T) {
			src, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var report diag.Report
			s := spec.Read(&report, filepath.Base(file), src)
			family := resolve.Family(&report, s, resolve.Options{})
			for _, d := range report.Diagnostics() {
				t.Log(report.Text(d))
			}
			if family == nil || report.HasErrors() {
				t.Fatal("has errors")
			}
			checkFamily(t, family)
		})
	}
}
