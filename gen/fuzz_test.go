package gen

import (
	"go/parser"
	"go/token"
	"strings"
	"testing"

	"github.com/nlgen/nlgen/gen/diag"
	"github.com/nlgen/nlgen/gen/emit"
	"github.com/nlgen/nlgen/gen/resolve"
	"github.com/nlgen/nlgen/gen/spec"
)

// FuzzSpec feeds anything for a spec. Either there is an error at a place, or the package that comes out is Go.
func FuzzSpec(f *testing.F) {
	for _, c := range goldenCases(f) {
		for _, file := range c.archive.Files {
			if strings.HasSuffix(file.Name, ".yaml") && file.Name != ConfigName {
				f.Add(file.Data)
			}
		}
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		report := new(diag.Report)
		family := resolve.Family(report, spec.Read(report, "fuzz.yaml", src), resolve.Options{})
		if family == nil {
			if !report.HasErrors() {
				t.Fatal("neither a family nor an error")
			}
			for _, d := range report.Diagnostics() {
				if d.Severity == diag.Error && d.Pos.Line == 0 && !strings.HasPrefix(d.Msg, "too many") {
					t.Errorf("error without a place: %v", d)
				}
			}
			return
		}
		files, err := emit.Family(family)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if _, err := parser.ParseFile(token.NewFileSet(), file.Name, file.Content, parser.SkipObjectResolution); err != nil {
				t.Errorf("%s: %v", file.Name, err)
			}
		}
	})
}
