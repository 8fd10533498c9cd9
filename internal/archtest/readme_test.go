package archtest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestReadme holds the code on top of README.md against the example that it is, and what it is said to print against what that prints.
func TestReadme(t *testing.T) {
	readme, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	example, err := os.ReadFile(filepath.Join(root, "generated/rtlink/example_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	_, code, _ := strings.Cut(string(readme), "```go\n")
	code, text, _ := strings.Cut(code, "```\n")
	_, printed, _ := strings.Cut(text, "and prints\n\n")
	printed, _, _ = strings.Cut(printed, "\n\n")

	code, _, _ = strings.Cut(strings.Replace(code, " // conn, err := nlconn.Open()", "", 1), "```")
	if body := "\t" + strings.ReplaceAll(strings.TrimSpace(code), "\n", "\n\t"); !strings.Contains(string(example), strings.ReplaceAll(body, "\n\t\n", "\n\n")) {
		t.Errorf("the example of package rtlink is not this any more:\n%s", code)
	}
	if want := strings.ReplaceAll("\n"+printed, "\n    ", "\n\t// "); printed == "" || !strings.Contains(string(example), "// Output:"+want) {
		t.Errorf("the example of package rtlink does not print this any more:\n%s", printed)
	}
}
