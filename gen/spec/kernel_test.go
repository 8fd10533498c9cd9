package spec_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/nlgen/nlgen/gen/diag"
	"github.com/nlgen/nlgen/gen/spec"
)

// kernelSpecs returns the paths of the kernel's own specs of one version, which lie beside the checkout where they are available.
func kernelSpecs(tb testing.TB, version string) []string {
	tb.Helper()
	paths, err := filepath.Glob(filepath.Join("..", "..", "..", "shared", "kernel-specs", version, "*.yaml"))
	if err != nil {
		tb.Fatal(err)
	}
	if len(paths) == 0 {
		tb.Skipf("the kernel's specs of %s are not here", version)
	}
	return paths
}

// TestKernelSpecs shows that the kernel's own files are read without a word, and completely.
func TestKernelSpecs(t *testing.T) {
	for _, version := range []string{"linux-6.12", "linux-6.16"} {
		t.Run(version, func(t *testing.T) {
			attributes := 0
			for _, path := range kernelSpecs(t, version) {
				var report diag.Report
				f := spec.ReadFile(&report, path)
				if f == nil || len(report.Diagnostics()) > 0 {
					report.WriteText(os.Stderr)
					t.Fatalf("%s: not clean", path)
				}
				for _, set := range f.AttributeSets {
					attributes += len(set.Attributes)
				}
				if len(f.Operations.List) == 0 {
					t.Errorf("%s: no operations", path)
				}
			}
			if attributes < 2000 {
				t.Errorf("only %d attributes", attributes)
			}
		})
	}
}

// BenchmarkRead reads all specs of one kernel.
func BenchmarkRead(b *testing.B) {
	sources := map[string][]byte{}
	size := int64(0)
	for _, path := range kernelSpecs(b, "linux-6.16") {
		src, err := os.ReadFile(path)
		if err != nil {
			b.Fatal(err)
		}
		sources[path] = src
		size += int64(len(src))
	}
	b.SetBytes(size)
	b.ReportAllocs()
	for b.Loop() {
		for name, src := range sources {
			var report diag.Report
			if spec.Read(&report, name, src) == nil {
				b.Fatal(name)
			}
		}
	}
}
