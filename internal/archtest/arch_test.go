package archtest

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const (
	root   = "../.."
	module = "github.com/nlgen/nlgen/"
)

// A file is what the tests look at: where it stands and what it imports.
type file struct {
	name      string // with slashes, from the root of the module
	dir       string // the folder of name
	test      bool
	generated bool
	lines     int
	imports   []string // import paths; those of this module without the name of the module
	doc       bool     // has a package comment
}

// layers says for each handwritten package which packages of this module it may import. Tests may import more: see testEdges.
// A package that is not listed is an error, so that a new one gets its place here.
var layers = map[string][]string{
	"cmd/nlgen":              {"gen", "gen/diag", "gen/output", "gen/dynamic", "gen/ir", "runtime/nlconn", "runtime/nlmsg"},
	"examples/show":          {"generated/*", "runtime/*"},
	"internal/archtest":      {},
	"internal/coverage":      {"runtime/*"},
	"internal/coverage/cmd":  {"gen", "gen/diag", "gen/ir", "internal/coverage", "runtime/*"},
	"internal/drift":         {"gen", "gen/diag", "gen/ir"},
	"internal/drift/cmd":     {"gen/ir", "internal/drift", "internal/drift/headers", "internal/drift/policy", "runtime/nlconn"},
	"internal/drift/headers": {"gen/ir", "internal/drift"},
	// It asks the kernel, and so stands on both halves.
	"internal/drift/policy": {"gen/ir", "generated/nlctrl", "internal/drift", "runtime/*"},
	"internal/families":     {"gen", "gen/diag", "gen/ir"},
	"internal/kernelspecs":  {"gen", "gen/diag", "gen/output", "internal/kernelspecs/agree"},
	// It holds both halves beside each other.
	"internal/kernelspecs/agree": {"gen", "gen/diag", "gen/dynamic", "gen/ir", "runtime/*"},
	"internal/live":              {},
	"internal/oracle":            {},
	"internal/witness":           {"generated/rtlink", "runtime/*", "internal/coverage", "internal/nettest"},
	"internal/witness/traffic":   {"generated/conntrack", "generated/rtlink", "internal/witness", "runtime/*"},
	"internal/vm":                {},
	"internal/vm/vmtest":         {"internal/coverage", "internal/vm"},
	"internal/nettest":           {},

	"gen":         {"gen/spec", "gen/resolve", "gen/ir", "gen/emit", "gen/output", "gen/diag", "gen/goname", "."},
	"gen/diag":    {},
	"gen/goname":  {},
	"gen/spec":    {"gen/diag"},
	"gen/ir":      {"gen/diag"},
	"gen/kind":    {"gen/ir", "gen/diag", "gen/goname"},
	"gen/resolve": {"gen/spec", "gen/ir", "gen/kind", "gen/goname", "gen/diag"},
	"gen/emit":    {"gen/ir", "gen/kind", "gen/output", "templates"},
	"gen/output":  {},
	"templates":   {},
	".":           {}, // the specs, for the command to carry

	// The tools that work on the running kernel stand on both halves.
	"gen/dynamic": {"gen/spec", "gen/resolve", "gen/ir", "gen/diag", "runtime/*"},

	"runtime/nlattr":      {},
	"runtime/nlpolicy":    {"runtime/nlattr"},
	"runtime/nljson":      {"runtime/nlattr", "runtime/nlpolicy"},
	"runtime/nlmsg":       {"runtime/nlattr", "runtime/nlpolicy"},
	"runtime/nlroundtrip": {"runtime/nlattr"},
	"runtime/socket":      {},
	"runtime/nlconn":      {"runtime/nlattr", "runtime/nlpolicy", "runtime/nlmsg", "runtime/socket"},
	"runtime/nlserve":     {"runtime/nlattr", "runtime/nlpolicy", "runtime/nlmsg", "runtime/socket", "runtime/nlconn"},
	"runtime/nltest":      {"runtime/nlattr", "runtime/nlmsg", "runtime/nlconn", "runtime/nlserve"},
	"runtime/nltrace":     {"runtime/nlattr", "runtime/nlpolicy", "runtime/nljson", "runtime/nlmsg", "runtime/nlconn"},
	"runtime/genlbridge":  {"runtime/nlattr", "runtime/nlmsg", "runtime/nlconn"},
}

// layer returns what a package may import.
func layer(dir string) ([]string, bool) {
	allowed, ok := layers[row(dir)]
	return allowed, ok
}

// row returns the package in whose row another one stands. The families' folders of live tests share that of internal/live.
func row(dir string) string {
	if strings.HasPrefix(dir, "internal/live/") {
		return "internal/live"
	}
	return dir
}

// generatedEdges is what packages below generated/ may import of this module.
var generatedEdges = []string{"runtime/*"}

// testEdges says what the tests of a half may import besides what its code may: anything of the same half. No test of the generator
// imports the runtime: generated code is checked against it by the compiler, not by hand.
func testEdges(dir string) []string {
	switch top, _, _ := strings.Cut(dir, "/"); {
	case dir == "gen/dynamic":
		return []string{"gen/*", "runtime/*", "generated/*", "internal/nettest"}
	case top == "gen", top == "templates":
		return []string{"gen/*", "templates"}
	case top == "runtime", top == "examples", top == "generated", top == "internal":
		return []string{"runtime/*", "generated/*", "internal/*"}
	case dir == "cmd/nlgen":
		return []string{"gen/*", "internal/nettest", "internal/witness", "."}
	default:
		return []string{"gen/*"}
	}
}

// owners says which packages may import a library, by the path of its module or package. A library that is not listed may be
// imported by nobody.
var owners = []struct {
	library  string
	packages []string
	tests    []string // packages whose tests may import it, too
}{
	{"gopkg.in/yaml.v3", []string{"gen/spec"}, []string{"gen/emit"}}, // A test there makes specs that are wrong in every place.
	{"github.com/dave/jennifer", []string{"gen/kind", "gen/emit"}, nil},
	{"github.com/mdlayher", []string{"runtime/genlbridge"}, []string{"*"}},
	{"github.com/spf13/cobra", []string{"cmd/nlgen"}, nil},
	{"github.com/google/go-cmp", []string{"internal/witness", "internal/witness/traffic"}, []string{"*"}},
	{"github.com/pmezard/go-difflib", []string{"gen/output"}, nil},
	{"golang.org/x/tools/txtar", nil, []string{"gen", "gen/*", "cmd/nlgen"}},
	{"golang.org/x/tools", []string{"gen/output"}, nil},
	{"golang.org/x/sys", []string{"runtime/socket", "runtime/nlconn", "runtime/nlmsg", "internal/nettest", "internal/witness", "internal/witness/traffic"}, []string{"*"}},
}

func TestImports(t *testing.T) {
	for _, f := range files(t) {
		for _, imp := range f.imports {
			first, _, _ := strings.Cut(imp, "/")
			switch {
			case imp+"/" == module:
				checkEdge(t, f, ".")
			case strings.HasPrefix(imp, module):
				checkEdge(t, f, strings.TrimPrefix(imp, module))
			case strings.Contains(first, "."):
				checkLibrary(t, f, imp)
			case imp == "unsafe" && f.generated:
				t.Errorf("%s imports unsafe: generated code reads and writes structs member by member", f.name)
			}
		}
	}
}

// checkEdge holds the edges between packages of this module.
func checkEdge(t *testing.T, f file, imp string) {
	if imp == f.dir {
		return // A test outside of its package.
	}
	allowed, listed := layer(f.dir)
	if strings.HasPrefix(f.dir, "generated/") {
		allowed, listed = generatedEdges, true
	}
	if f.test {
		allowed, listed = append(slices.Clone(allowed), testEdges(f.dir)...), true
	}
	if !listed {
		return // TestPackagesAreListed says so once.
	}
	if !matches(allowed, imp) {
		t.Errorf("%s imports %s; %s may import %v", f.name, imp, f.dir, allowed)
	}
}

// checkLibrary holds the users of libraries.
func checkLibrary(t *testing.T, f file, imp string) {
	for _, o := range owners {
		if imp != o.library && !strings.HasPrefix(imp, o.library+"/") {
			continue
		}
		if !matches(o.packages, f.dir) && !(f.test && matches(o.tests, f.dir)) {
			t.Errorf("%s imports %s, which only %v may, and the tests of %v", f.name, imp, o.packages, o.tests)
		}
		return
	}
	t.Errorf("%s imports %s, a library without an owner", f.name, imp)
}

// matches reports whether a list holds dir, or a pattern such as "runtime/*" or "*" that stands for it.
func matches(list []string, dir string) bool {
	for _, pattern := range list {
		if pattern == dir || pattern == "*" {
			return true
		}
		if prefix, ok := strings.CutSuffix(pattern, "*"); ok && strings.HasPrefix(dir, prefix) {
			return true
		}
	}
	return false
}

func TestPackagesAreListed(t *testing.T) {
	seen := map[string]bool{}
	for _, f := range files(t) {
		if seen[f.dir] || f.test || strings.HasPrefix(f.dir, "generated/") {
			continue
		}
		seen[f.dir] = true
		if _, ok := layer(f.dir); !ok {
			t.Errorf("package %s has no row in layers: say what it may import", f.dir)
		}
	}
	if len(seen) == 0 {
		t.Error("no Go file was found")
	}
}

// TestLayersAreNeeded holds that the rows let packages import what they do import, and nothing else.
func TestLayersAreNeeded(t *testing.T) {
	imports := map[string][]string{}
	for _, f := range files(t) {
		name := row(f.dir)
		imports[name] = append(imports[name], "")
		for _, imp := range f.imports {
			if imp+"/" == module {
				imp = module + "."
			}
			if inner, ok := strings.CutPrefix(imp, module); ok && !f.test {
				imports[name] = append(imports[name], inner)
			}
		}
	}
	for name, allowed := range layers {
		if imports[name] == nil {
			t.Errorf("there is no package %s, and it has a row in layers", name)
		}
		for _, pattern := range allowed {
			if !slices.ContainsFunc(imports[name], func(imp string) bool { return matches([]string{pattern}, imp) }) {
				t.Errorf("%s does not import %s, and may by its row in layers", name, pattern)
			}
		}
	}
}

func TestNoFileInRuntime(t *testing.T) {
	for _, f := range files(t) {
		if f.dir == "runtime" || f.dir == "generated" || f.dir == "." && f.name != "nlgen.go" {
			t.Errorf("%s stands in %s, which only holds packages", f.name, f.dir)
		}
	}
}

func TestFileLength(t *testing.T) {
	const longest, longestGenerated = 600, 6000
	for _, f := range files(t) {
		if limit := longest; !f.generated && f.lines > limit {
			t.Errorf("%s has %d lines; a handwritten file stops at %d", f.name, f.lines, limit)
		}
		if f.generated && f.lines > longestGenerated {
			t.Errorf("%s has %d lines; a generated file stops at %d", f.name, f.lines, longestGenerated)
		}
	}
}

func TestPackageComments(t *testing.T) {
	documented, all := map[string]bool{}, map[string]bool{}
	for _, f := range files(t) {
		if !f.test {
			all[f.dir] = true
			documented[f.dir] = documented[f.dir] || f.doc
		}
	}
	for dir := range all {
		if !documented[dir] {
			t.Errorf("package %s has no package comment that says what it may know and what not", dir)
		}
	}
}

// files returns every Go file of the module, but for test data and nested modules, in the order of their names.
func files(t *testing.T) []file {
	t.Helper()
	var list []file
	err := filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel := filepath.ToSlash(strings.TrimPrefix(filepath.Clean(name), filepath.Clean(root)+string(filepath.Separator)))
		if entry.IsDir() {
			_, err := os.Stat(filepath.Join(name, "go.mod"))
			base := entry.Name()
			if name != root && (err == nil || base == "testdata" || strings.HasPrefix(base, ".") && base != "..") {
				return filepath.SkipDir
			}
			return nil
		}
		if strings.HasSuffix(rel, ".go") {
			list = append(list, parse(t, name, rel))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func parse(t *testing.T, name, rel string) file {
	t.Helper()
	src, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	tree, err := parser.ParseFile(token.NewFileSet(), rel, src, parser.ImportsOnly|parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	f := file{
		name:      rel,
		dir:       path.Dir(rel),
		test:      strings.HasSuffix(rel, "_test.go"),
		generated: ast.IsGenerated(tree),
		lines:     bytes.Count(src, []byte("\n")),
		doc:       tree.Doc != nil,
	}
	for _, imp := range tree.Imports {
		p, err := strconv.Unquote(imp.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		f.imports = append(f.imports, p)
	}
	return f
}
