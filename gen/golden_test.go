package gen

import (
	"bytes"
	"flag"
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/nlgen/nlgen/gen/diag"
)

var update = flag.Bool("update", false, "rewrite what the golden cases want")

// A goldenCase is a file of testdata: a sentence that says what it shows, the inputs, and below want/ what must come out of them.
//
// The inputs are either spec.yaml, for a single spec, or an nlgen.yaml with its specs. What must come out is either want/errors with
// the diagnostics, or some of the generated files, whole, under the name of the package if there are several; want/warnings holds the
// diagnostics if there are some and the files come out all the same.
type goldenCase struct {
	name    string
	file    string
	archive *txtar.Archive
}

func goldenCases(t testing.TB) []goldenCase {
	t.Helper()
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no golden cases", err)
	}
	var cases []goldenCase
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		abs, err := filepath.Abs(file)
		if err != nil {
			t.Fatal(err)
		}
		cases = append(cases, goldenCase{strings.TrimSuffix(filepath.Base(file), ".txtar"), abs, archive})
	}
	return cases
}

// run puts the inputs of a case into a folder, changes to it, and builds.
func (c goldenCase) run(t *testing.T) ([]*Package, *diag.Report) {
	t.Helper()
	t.Chdir(t.TempDir())
	configured := false
	for _, f := range c.archive.Files {
		if strings.HasPrefix(f.Name, "want/") {
			continue
		}
		configured = configured || f.Name == ConfigName
		if err := os.MkdirAll(filepath.Dir(f.Name), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(f.Name, f.Data, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	report := new(diag.Report)
	project := Single("spec.yaml", "out", "")
	if configured {
		project = Open(report, ConfigName)
	}
	if project == nil {
		return nil, report
	}
	return project.Build(report), report
}

// got returns what came out of a case, by its name below want/.
func got(t *testing.T, packages []*Package, report *diag.Report) map[string]string {
	t.Helper()
	out := map[string]string{}
	var text bytes.Buffer
	if err := report.WriteText(&text); err != nil {
		t.Fatal(err)
	}
	switch {
	case report.HasErrors():
		if packages != nil {
			t.Error("there are packages in spite of errors")
		}
		return map[string]string{"want/errors": text.String()}
	case text.Len() > 0:
		out["want/warnings"] = text.String()
	}
	for _, p := range packages {
		for _, f := range p.Files {
			name := path.Join("want", f.Name)
			if len(packages) > 1 {
				name = path.Join("want", p.Name, f.Name)
			}
			out[name] = string(f.Content)
		}
	}
	return out
}

func TestGolden(t *testing.T) {
	for _, c := range goldenCases(t) {
		t.Run(c.name, func(t *testing.T) {
			if text := txtar.Format(c.archive); bytes.Count(text, []byte("\n")) > 150 && !*update {
				t.Error("the case has more than 150 lines: split it, or want fewer files")
			}
			packages, report := c.run(t)
			out := got(t, packages, report)
			if *update {
				c.update(t, out)
				return
			}
			c.compare(t, out)
		})
	}
}

// compare holds what came out against what is wanted. Diagnostics must all be wanted, files need not.
func (c goldenCase) compare(t *testing.T, out map[string]string) {
	t.Helper()
	wanted := map[string]bool{}
	for _, f := range c.archive.Files {
		if !strings.HasPrefix(f.Name, "want/") {
			continue
		}
		wanted[f.Name] = true
		text, ok := out[f.Name]
		if !ok {
			t.Errorf("%s does not come out", f.Name)
		} else if text != string(f.Data) {
			t.Errorf("%s differs, -update would change it:\n%s", f.Name, diffText(string(f.Data), text))
		}
	}
	for _, name := range []string{"want/errors", "want/warnings"} {
		if text, ok := out[name]; ok && !wanted[name] {
			t.Errorf("%s is not wanted:\n%s", name, text)
		}
	}
	if len(wanted) == 0 {
		t.Error("the case wants nothing, -update fills it in")
	}
}

// update rewrites what a case wants: the files that it has below want/, or all if it has none that came out.
func (c goldenCase) update(t *testing.T, out map[string]string) {
	t.Helper()
	updated := &txtar.Archive{Comment: c.archive.Comment}
	var kept []txtar.File
	for _, f := range c.archive.Files {
		if !strings.HasPrefix(f.Name, "want/") {
			updated.Files = append(updated.Files, f)
		} else if text, ok := out[f.Name]; ok {
			kept = append(kept, txtar.File{Name: f.Name, Data: []byte(text)})
		}
	}
	chosen := slices.ContainsFunc(kept, func(f txtar.File) bool { return f.Name != "want/warnings" })
	for _, name := range slices.Sorted(maps.Keys(out)) {
		have := slices.ContainsFunc(kept, func(f txtar.File) bool { return f.Name == name })
		if !have && (!chosen || name == "want/warnings") {
			kept = append(kept, txtar.File{Name: name, Data: []byte(out[name])})
		}
	}
	updated.Files = append(updated.Files, kept...)
	if err := os.WriteFile(c.file, txtar.Format(updated), 0o666); err != nil {
		t.Fatal(err)
	}
}

// diffText shows the first place at which two texts differ, with some lines around it.
func diffText(want, got string) string {
	a, b := strings.Split(want, "\n"), strings.Split(got, "\n")
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	from := max(0, n-2)
	return fmt.Sprintf("from line %d\nwant:\n%s\ngot:\n%s", n+1, excerpt(a, from), excerpt(b, from))
}

func excerpt(lines []string, from int) string {
	return "\t" + strings.Join(lines[min(from, len(lines)):min(from+8, len(lines))], "\n\t")
}
