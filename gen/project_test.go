package gen

import (
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"github.com/nlgen/nlgen/gen/diag"
)

// demo is a small spec of a family with the given name.
func demo(name string) string {
	return "name: " + name + `
doc: Demo family.
protocol: genetlink
attribute-sets:
  - {name: main, attributes: [{name: id, type: u32, doc: Identifier.}]}
operations:
  list:
    - {name: get, doc: Get one., attribute-set: main, do: {request: {attributes: [id]}, reply: {attributes: [id]}}}
`
}

// open writes the files into a new current folder and opens its nlgen.yaml.
func open(t *testing.T, files map[string]string) *Project {
	t.Helper()
	t.Chdir(t.TempDir())
	for name, data := range files {
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(data), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	report := new(diag.Report)
	p := Open(report, ConfigName)
	if p == nil {
		t.Fatal(errorText(t, report))
	}
	return p
}

func errorText(t *testing.T, report *diag.Report) string {
	t.Helper()
	var b strings.Builder
	if err := report.WriteText(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// build builds a project that must be without errors.
func build(t *testing.T, p *Project) []*Package {
	t.Helper()
	report := new(diag.Report)
	packages := p.Build(report)
	if packages == nil {
		t.Fatal(errorText(t, report))
	}
	return packages
}

func TestSelect(t *testing.T) {
	p := open(t, map[string]string{
		ConfigName:           "version: 1\noutput: .\nfamilies:\n  - specs/rt-link.yaml\n  - {spec: specs/fou.yaml, package: tunnels}\n",
		"specs/rt-link.yaml": demo("rt-link"), "specs/fou.yaml": demo("fou"),
	})
	for _, tc := range []struct {
		names []string
		want  []string
		err   string
	}{
		{nil, []string{"rt-link", "fou"}, ""},
		{[]string{"fou", "rt-link"}, []string{"rt-link", "fou"}, ""},
		{[]string{"tunnels"}, []string{"fou"}, ""},
		{[]string{"specs/rt-link.yaml", "rt-link"}, []string{"rt-link"}, ""},
		{[]string{"rt-lnik"}, nil, `unknown family "rt-lnik", did you mean "rt-link"?`},
		{[]string{"wireguard"}, nil, `unknown family "wireguard", nlgen.yaml lists rt-link, fou`},
	} {
		q, err := p.Select(tc.names)
		if err != nil {
			if err.Error() != tc.err {
				t.Errorf("Select(%q): %v, want %q", tc.names, err, tc.err)
			}
			continue
		}
		if got := q.Names(); tc.err != "" || !reflect.DeepEqual(got, tc.want) {
			t.Errorf("Select(%q) = %q, want %q", tc.names, got, tc.want)
		}
	}
}

// TestPattern makes sure that a pattern takes what has no entry of its own, and takes it once.
func TestPattern(t *testing.T) {
	p := open(t, map[string]string{
		ConfigName:     "version: 1\noutput: out\nfamilies:\n  - specs/*.yaml\n  - {spec: specs/b.yaml, package: bee}\n  - spec: specs/[a-b].yaml\n",
		"specs/a.yaml": demo("a"), "specs/b.yaml": demo("b"), "specs/c.yaml": demo("c"), "specs/README": "",
	})
	if got, want := p.Names(), []string{"a", "c", "b"}; !reflect.DeepEqual(got, want) {
		t.Errorf("names %q, want %q", got, want)
	}
	var dirs []string
	for _, pkg := range build(t, p) {
		dirs = append(dirs, filepath.ToSlash(pkg.Dir))
	}
	if want := []string{"out/a", "out/c", "out/bee"}; !reflect.DeepEqual(dirs, want) {
		t.Errorf("folders %q, want %q", dirs, want)
	}
}

// TestDeterministic builds the same families in another order, and on one processor.
func TestDeterministic(t *testing.T) {
	files := map[string]string{ConfigName: "version: 1\noutput: .\nfamilies: [a.yaml, b.yaml, c.yaml]\n",
		"a.yaml": demo("a"), "b.yaml": demo("b"), "c.yaml": demo("c")}
	first := map[string]*Package{}
	for _, pkg := range build(t, open(t, files)) {
		first[pkg.Name] = pkg
	}
	files[ConfigName] = "version: 1\noutput: .\nfamilies: [c.yaml, a.yaml, b.yaml]\n"
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	second := build(t, open(t, files))
	if len(second) != 3 {
		t.Fatal(len(second), "packages")
	}
	for _, pkg := range second {
		if !reflect.DeepEqual(first[pkg.Name], pkg) {
			t.Errorf("package %s differs", pkg.Name)
		}
	}
}

// TestPositions makes sure that diagnostics name files as the caller reaches them.
func TestPositions(t *testing.T) {
	t.Chdir(t.TempDir())
	dir := filepath.Join("deep", "down")
	if err := os.MkdirAll(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	config, spec := filepath.Join(dir, ConfigName), filepath.Join(dir, "a.yaml")
	for name, data := range map[string]string{config: "version: 1\noutput: .\nfamilies: [a.yaml]\n", spec: demo("a") + "colour: red\n"} {
		if err := os.WriteFile(name, []byte(data), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	report := new(diag.Report)
	p := Open(report, config)
	if p == nil || p.Build(report) != nil {
		t.Fatal("no error")
	}
	if got := errorText(t, report); !strings.HasPrefix(got, spec+":9:1: unknown key") {
		t.Error(got)
	}
}
