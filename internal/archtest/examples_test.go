package archtest

import (
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"testing"
)

// TestExamples holds that each generated package has an example, and that each example is run: go test only compiles one that does not
// say what it prints.
func TestExamples(t *testing.T) {
	folders, err := os.ReadDir(filepath.Join(root, "generated"))
	if err != nil {
		t.Fatal(err)
	}
	for _, folder := range folders {
		files, err := filepath.Glob(filepath.Join(root, "generated", folder.Name(), "*_test.go"))
		if err != nil {
			t.Fatal(err)
		}
		fset := token.NewFileSet()
		var parsed []*ast.File
		for _, file := range files {
			f, err := parser.ParseFile(fset, file, nil, parser.ParseComments)
			if err != nil {
				t.Fatal(err)
			}
			parsed = append(parsed, f)
		}
		examples := doc.Examples(parsed...)
		if len(examples) == 0 {
			t.Errorf("package %s has no example", folder.Name())
		}
		for _, x := range examples {
			if x.Output == "" && !x.EmptyOutput {
				t.Errorf("package %s: Example%s does not say what it prints", folder.Name(), x.Name)
			}
		}
	}
}
