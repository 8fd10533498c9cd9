package emit_test

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/format"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/nlgen/nlgen/gen/diag"
	"github.com/nlgen/nlgen/gen/emit"
	"github.com/nlgen/nlgen/gen/ir"
	"github.com/nlgen/nlgen/gen/kind"
	"github.com/nlgen/nlgen/gen/output"
	"github.com/nlgen/nlgen/gen/resolve"
	"github.com/nlgen/nlgen/gen/spec"
)

// family resolves a spec.
func family(t *testing.T, file string) *ir.Family {
	t.Helper()
	var report diag.Report
	f := resolve.Family(&report, spec.ReadFile(&report, file), resolve.Options{})
	if f == nil {
		t.Fatalf("%s: %v", file, report.Diagnostics())
	}
	return f
}

// specs returns the project's own specs, and those of the kernel where they are at
// hand.
func specs(t *testing.T) []string {
	t.Helper()
	var files []string
	for _, pattern := range []string{"../../specs/*.yaml", "../../../shared/kernel-specs/*/*.yaml"} {
		more, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, more...)
	}
	// Specs have company that describes no family.
	files = slices.DeleteFunc(files, func(file string) bool {
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		return !bytes.Contains(src, []byte("\nattribute-sets:"))
	})
	if len(files) == 0 {
		t.Skip("there are no specs here")
	}
	return files
}

// The budgets of a file.
const (
	maxLines = 6000
	maxBytes = 200_000
)

// TestSpecs emits every family: the same twice, in the form of gofmt, with the
// header, within the budgets.
func TestSpecs(t *testing.T) {
	for _, file := range specs(t) {
		t.Run(filepath.Base(filepath.Dir(file))+"/"+filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			f := family(t, file)
			checkKinds(t, f)
			files, err := emit.Family(f)
			if err != nil {
				t.Fatal(err)
			}
			again, err := emit.Family(f)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.EqualFunc(files, again, func(a, b output.File) bool { return a.Name == b.Name && bytes.Equal(a.Content, b.Content) }) {
				t.Error("two runs differ")
			}
			total := 0
			for _, o := range files {
				total += len(o.Content)
				if !output.Generated(o.Content) {
					t.Errorf("%s lacks the header", o.Name)
				}
				formatted, err := format.Source(o.Content)
				if err != nil || !bytes.Equal(formatted, o.Content) {
					t.Errorf("%s is not formatted: %v", o.Name, err)
				}
				if n := bytes.Count(o.Content, []byte("\n")); n > maxLines || len(o.Content) > maxBytes {
					t.Errorf("%s has %d lines and %d bytes", o.Name, n, len(o.Content))
				}
			}
			t.Logf("%d files, %d KB", len(files), total>>10)
		})
	}
}

// checkKinds checks that resolve left nothing that a kind cannot write, and that
// both agree on how fields hold attributes.
func checkKinds(t *testing.T, f *ir.Family) {
	t.Helper()
	var report diag.Report
	for _, s := range f.Sets {
		for _, a := range s.Attrs {
			kind.Check(a, &report)
			if p := kind.Presence(a); p != a.Presence {
				t.Errorf("%v: presence is %d, for the kind it is %d", a.Pos, a.Presence, p)
			}
		}
	}
	for _, d := range report.Diagnostics() {
		if d.Severity == diag.Error {
			t.Error(d)
		}
	}
}

// TestTypes type-checks every family, its tests included, against the runtime.
func TestTypes(t *testing.T) {
	if testing.Short() {
		t.Skip("needs the compiler, skipped by -short")
	}
	fset := token.NewFileSet()
	imports := importer.ForCompiler(fset, "gc", exports(t))
	for _, file := range specs(t) {
		f := family(t, file)
		files, err := emit.Family(f)
		if err != nil {
			t.Fatal(err)
		}
		var trees []*ast.File
		for _, o := range files {
			tree, err := parser.ParseFile(fset, f.Package+"/"+o.Name, o.Content, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			trees = append(trees, tree)
		}
		config := types.Config{Importer: imports, Error: func(err error) { t.Errorf("%s: %v", file, err) }}
		// Errors go to the function above.
		_, _ = config.Check(f.Package, fset, trees, nil)
	}
}

// exports compiles the runtime and returns a function that opens the export data of
// its packages, and of all that they import.
func exports(t *testing.T) func(path string) (io.ReadCloser, error) {
	t.Helper()
	cmd := exec.Command("go", "list", "-export", "-deps", "-f", "{{.ImportPath}} {{.Export}}",
		"../../runtime/nlconn", "../../runtime/nljson", "../../runtime/nlroundtrip", "../../runtime/nlserve", "../../runtime/nltest", "net")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	found := map[string]string{}
	for line := range strings.Lines(string(out)) {
		if path, file, ok := strings.Cut(strings.TrimSpace(line), " "); ok {
			found[path] = file
		}
	}
	return func(path string) (io.ReadCloser, error) {
		if found[path] == "" {
			return nil, fmt.Errorf("%s: generated code must not import it", path)
		}
		return os.Open(found[path])
	}
}
