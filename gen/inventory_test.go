package gen

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// inventoried are the folders below gen whose diagnostics must be shown.
var inventoried = []string{".", "spec", "resolve", "kind", "goname"}

// unshown are the texts that no golden case can show, with the table tests that show them instead: the folder and the name of a test. A
// row that is not needed is an error.
var unshown = map[string]string{
	"unknown family %q, did you mean %q?": ". TestSelect",
	"unknown family %q, %s lists %s":      ". TestSelect",
	"the file is larger than %d MiB":      ". TestHugeFile",
	"family %q is too large: with %s %q it has more than %d attributes, members, entries, lines of docs and the like": "resolve TestWeight",
	"cannot read the configuration: %v":    "spec TestReadFile",
	"cannot read the spec: %v":             "spec TestReadFile",
	"yaml: %v":                             "spec TestDecodePanic",
	"%s must be a mapping of keys, not %s": "spec TestPatchRefused",
	"%q, the package that nlgen.yaml has for family %q, is no name for a package":    "resolve TestRenameErrors",
	"the exception for %s in goname/override.go is one that family %q does not need": "resolve TestRenameErrors",
	"attribute %q has unknown type %q":                                               "resolve TestForeignTree",
	"attribute %q: %s means nothing for type %s":                                     "kind TestCheck",
	"attribute %q of type record needs a struct and the member with its length":      "kind TestCheck",
	"attribute %q of type headed needs a struct and a set":                           "kind TestCheck",
	"check of a range or mask":                                                       "kind TestCheck",
	"check of a length":                                                              "kind TestCheck",
	"is empty":                                                                       "goname TestProblem",

	"dump request": "", // Goes into docs only.

	// No input is known for it.
	"nlgen cannot write this family, which is a bug of nlgen: %v": "",
}

// TestInventory makes sure that every text of a diagnostic has a golden case that makes nlgen say it. The texts are those in the source.
// Which of them were said is known from the coverage of the golden cases, so that two places with one text need a case each, and from
// what the cases want.
func TestInventory(t *testing.T) {
	if testing.Short() {
		t.Skip("builds these packages again, skipped by -short")
	}
	golden, wanted := cover(t, ".", "TestGolden"), wantedDiagnostics(t)
	needed := map[string]bool{}
	for _, d := range diagnosticTexts(t) {
		if golden.ran(t, d.at) && d.pattern().MatchString(wanted) {
			continue
		}
		instead, excused := unshown[d.text]
		needed[d.text] = true
		if !excused {
			t.Errorf("%s: no golden case shows %q", d.at, d.text)
		} else if dir, test, _ := strings.Cut(instead, " "); instead != "" && !cover(t, dir, test).ran(t, d.at) {
			t.Errorf("%s: %s in %s does not show %q", d.at, test, dir, d.text)
		}
	}
	for text := range unshown {
		if !needed[text] {
			t.Errorf("%q needs no row in unshown", text)
		}
	}
}

// A diagnosticText is a text in the source that becomes a diagnostic or a part of one.
type diagnosticText struct {
	at   token.Position // of the statement around it
	text string
}

var verb = regexp.MustCompile(`%[+#]?[0-9]*[a-zA-Z]`)

// pattern matches what becomes of the text.
func (d diagnosticText) pattern() *regexp.Regexp {
	parts := verb.Split(d.text, -1)
	for i, part := range parts {
		parts[i] = regexp.QuoteMeta(part)
	}
	return regexp.MustCompile(strings.Join(parts, ".*"))
}

// wantedDiagnostics returns all diagnostics that golden cases want.
func wantedDiagnostics(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	for _, c := range goldenCases(t) {
		for _, f := range c.archive.Files {
			if f.Name == "want/errors" || f.Name == "want/warnings" {
				b.Write(f.Data)
			}
		}
	}
	return b.String()
}

// diagnosticTexts returns the texts in the source that are for people: those that hold a blank, and that are not looked for in another
// text or panicked with.
func diagnosticTexts(t *testing.T) []diagnosticText {
	t.Helper()
	fset := token.NewFileSet()
	var texts []diagnosticText
	for _, dir := range inventoried {
		files, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			tree, err := parser.ParseFile(fset, file, nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			for _, decl := range tree.Decls {
				if f, ok := decl.(*ast.FuncDecl); ok && f.Body != nil {
					texts = append(texts, textsOf(fset, f.Body)...)
				}
			}
		}
	}
	if len(texts) < 200 {
		t.Fatalf("there are just %d texts", len(texts))
	}
	return texts
}

func textsOf(fset *token.FileSet, body *ast.BlockStmt) []diagnosticText {
	var texts []diagnosticText
	var around []ast.Node
	ast.Inspect(body, func(n ast.Node) bool {
		switch n := n.(type) {
		case nil:
			around = around[:len(around)-1]
			return true
		case *ast.CallExpr:
			if !forPeople(n.Fun) {
				return false
			}
		case *ast.BasicLit:
			text, err := strconv.Unquote(n.Value)
			if n.Kind == token.STRING && err == nil && strings.Contains(strings.TrimSpace(text), " ") {
				texts = append(texts, diagnosticText{fset.Position(statement(around).Pos()), text})
			}
		}
		around = append(around, n)
		return true
	})
	return texts
}

// forPeople reports whether the texts that a function is called with may be for people: not those of panic and of package strings.
func forPeople(f ast.Expr) bool {
	switch f := f.(type) {
	case *ast.Ident:
		return f.Name != "panic"
	case *ast.SelectorExpr:
		pkg, ok := f.X.(*ast.Ident)
		return !ok || pkg.Name != "strings"
	default:
		return true
	}
}

// statement returns the innermost statement of those around a text.
func statement(around []ast.Node) ast.Node {
	for i := len(around) - 1; ; i-- {
		switch s := around[i].(type) {
		case *ast.BlockStmt, *ast.CaseClause:
		case ast.Stmt:
			return s
		}
	}
}
