package gen

import (
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/nlgen/nlgen/gen/diag"
)

// TestHugeFile makes sure that a file of 100 MB is refused without being read.
func TestHugeFile(t *testing.T) {
	t.Chdir(t.TempDir())
	f, err := os.Create("huge.yaml")
	if err != nil {
		t.Fatal(err)
	}
	line := "# " + strings.Repeat("x", 4093) + "\n"
	for range 100 << 20 / len(line) {
		if _, err := f.WriteString(line); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	report := new(diag.Report)
	if packages := Single("huge.yaml", "out", "").Build(report); packages != nil {
		t.Error("there is a package")
	}
	runtime.ReadMemStats(&after)
	var text strings.Builder
	if err := report.WriteText(&text); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(text.String(), "huge.yaml:1:1: the file is larger than 2 MiB\n    | # xxx") || report.Errors() != 1 {
		t.Errorf("the report is\n%s", text.String())
	}
	if used := after.TotalAlloc - before.TotalAlloc; used > 40<<20 {
		t.Errorf("%d MB were allocated", used>>20)
	}
}
