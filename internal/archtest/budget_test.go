package archtest

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The budgets of generated code: what one can still open, search and compile with ease. Tests are not counted.
const (
	maxFileLines   = 6000
	maxFileSize    = 200 << 10
	maxPackageSize = 500 << 10
)

// TestBudget holds the size of every generated package. One that grows too large has attributes or messages that repeat what others
// have: that is for the generator to mend, not for the limit.
func TestBudget(t *testing.T) {
	folders, err := os.ReadDir(filepath.Join(root, "generated"))
	if err != nil {
		t.Fatal(err)
	}
	if len(folders) == 0 {
		t.Fatal("there is no generated package")
	}
	largest, name := 0, ""
	for _, folder := range folders {
		files, err := filepath.Glob(filepath.Join(root, "generated", folder.Name(), "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		size := 0
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			b, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			size += len(b)
			if lines := bytes.Count(b, []byte("\n")); lines > maxFileLines || len(b) > maxFileSize {
				t.Errorf("%s has %d bytes in %d lines, a file stops at %d and %d", file, len(b), lines, maxFileSize, maxFileLines)
			}
		}
		if size > maxPackageSize {
			t.Errorf("package %s has %d bytes, a package stops at %d", folder.Name(), size, maxPackageSize)
		}
		if size > largest {
			largest, name = size, folder.Name()
		}
	}
	t.Logf("%d packages; the largest is %s with %d KB", len(folders), name, largest>>10)
}
