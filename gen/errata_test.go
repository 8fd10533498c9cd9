package gen

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/nlgen/nlgen"
	"github.com/nlgen/nlgen/gen/diag"
	"github.com/nlgen/nlgen/gen/ir"
	"github.com/nlgen/nlgen/gen/resolve"
	"github.com/nlgen/nlgen/gen/spec"
)

const didApply = "erratum applied: "

// corrected reads a spec and applies the errata until nothing is left to do. It returns the resolved family and the notes of the first
// time.
func corrected(t *testing.T, name string, src []byte) (*ir.Family, []*diag.Diagnostic) {
	t.Helper()
	report := new(diag.Report)
	family := spec.Read(report, name, src)
	if family == nil {
		t.Fatal(errorText(t, report))
	}
	notes := new(diag.Report)
	ApplyErrata(notes, family)
	again := new(diag.Report)
	ApplyErrata(again, family)
	for _, d := range again.Diagnostics() {
		if d.Severity != diag.Note || strings.HasPrefix(d.Msg, didApply) {
			t.Errorf("the second time: %v", d)
		}
	}
	resolved := resolve.Family(report, family, resolve.Options{})
	if resolved == nil || notes.HasErrors() {
		t.Fatalf("the errata make the spec bad:\n%s%s", errorText(t, notes), errorText(t, report))
	}
	return resolved, notes.Diagnostics()
}

// fitting applies the errata to a spec one by one, and adds those that do something to a list.
func fitting(t *testing.T, name string, src []byte, found []*spec.Patch) []*spec.Patch {
	t.Helper()
	family := spec.Read(new(diag.Report), name, src)
	if family == nil {
		t.Fatalf("%s cannot be read", name)
	}
	for _, p := range errata().patches {
		notes := new(diag.Report)
		spec.Apply(notes, family, []*spec.Patch{p})
		for _, d := range notes.Diagnostics() {
			if strings.HasPrefix(d.Msg, didApply) {
				found = append(found, p)
			}
		}
	}
	return found
}

// needed makes sure that each erratum is among those that were of use.
func needed(t *testing.T, found []*spec.Patch) {
	t.Helper()
	for _, p := range errata().patches {
		if !slices.Contains(found, p) {
			t.Errorf("%v: nothing has this error: %s: %s", p.Path.Pos, p.Path.V, p.Why.V)
		}
	}
}

// TestErrata makes sure that the errata are well-formed, and that the specs of this project need none.
func TestErrata(t *testing.T) {
	e := errata()
	if text := errorText(t, e.report); text != "" || len(e.patches) == 0 {
		t.Fatalf("%d errata\n%s", len(e.patches), text)
	}
	for _, target := range BuiltIn().Targets {
		src, err := nlgen.Files.ReadFile(target.key)
		if err != nil {
			t.Fatal(err)
		}
		_, notes := corrected(t, target.key, src)
		for _, d := range notes {
			if strings.HasPrefix(d.Msg, didApply) {
				t.Errorf("%v", d)
			}
		}
	}
}

// TestErrataOfKernel makes sure that each erratum finds its error in one of the specs of the kernel, and leaves a good spec.
func TestErrataOfKernel(t *testing.T) {
	const dir = "../../shared/kernel-specs"
	files, err := filepath.Glob(filepath.Join(dir, "*", "*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Skipf("the kernel's specs are not in %s; TestErrataCases has their errors", dir)
	}
	var found []*spec.Patch
	for _, file := range files {
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		_, notes := corrected(t, filepath.Base(file), src)
		for _, d := range notes {
			t.Log(d)
		}
		found = fitting(t, file, src, found)
	}
	needed(t, found)
}

// TestErrataCases applies the errata to specs that have nothing but those errors, and compares the facts that come out. Each erratum is
// needed by one of them.
func TestErrataCases(t *testing.T) {
	files, err := filepath.Glob("testdata/errata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no cases", err)
	}
	var found []*spec.Patch
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		src := archive.Files[0].Data
		family, notes := corrected(t, filepath.Base(file), src)
		for _, d := range notes {
			if !strings.HasPrefix(d.Msg, didApply) {
				t.Errorf("%v", d)
			}
		}
		found = fitting(t, file, src, found)
		want := txtar.File{Name: "want", Data: []byte(facts(family))}
		switch {
		case *update:
			archive.Files = append(archive.Files[:1], want)
			if err := os.WriteFile(file, txtar.Format(archive), 0o666); err != nil {
				t.Fatal(err)
			}
		case len(archive.Files) != 2:
			t.Errorf("%s does not say what it wants", file)
		case string(archive.Files[1].Data) != string(want.Data):
			t.Errorf("%s: %s", file, difference(string(archive.Files[1].Data), string(want.Data)))
		}
	}
	needed(t, found)
}

// facts lists what decides over the bytes of a family's messages, one fact a line.
func facts(family *ir.Family) string {
	var b strings.Builder
	line := func(words ...any) { fmt.Fprintln(&b, strings.Join(strings.Fields(fmt.Sprint(words...)), " ")) }
	for _, e := range family.Enums {
		for _, x := range e.Entries {
			line("enum ", e.Name, "/", x.Name, " ", x.Number)
		}
	}
	for _, s := range family.Structs {
		for _, m := range s.Members {
			line("struct ", s.Name, "/", m.Name, " ", m.Offset, " ", m.Type, " ", m.Order)
		}
	}
	for _, s := range family.Sets {
		for _, a := range s.Attrs {
			multi, inner := "", ""
			if a.Multi {
				multi = "multi"
			}
			if a.Nested != nil {
				inner = a.Nested.Name
			}
			if a.Struct != nil {
				inner = a.Struct.Name
			}
			line("set ", s.Name, "/", a.Name, " ", a.Number, " ", a.Type, " ", a.Elem, " ", a.Order, " ", a.Hint, " ", inner, " ", multi)
		}
	}
	for _, s := range family.SubMessages {
		for _, f := range s.Formats {
			header, set := "none", "none"
			if f.Header != nil {
				header = f.Header.Name
			}
			if f.Set != nil {
				set = f.Set.Name
			}
			line("format ", s.Name, "/", f.Value, " header ", header, " set ", set)
		}
	}
	for _, m := range family.Messages {
		var names []string
		for _, a := range m.Attrs {
			names = append(names, a.Name)
		}
		line("message ", m.Name, ": ", strings.Join(names, ", "))
	}
	for _, op := range family.Ops {
		line("operation ", op.Name, " ", op.Number)
		for _, mode := range []*ir.Mode{op.Do, op.Dump} {
			if mode != nil {
				line("operation ", op.Name, " asks ", mode.RequestNumber, " answers ", mode.ReplyNumber)
			}
		}
	}
	for _, g := range family.Groups {
		line("group ", g.Name, " ", g.ID)
	}
	return b.String()
}

// difference returns the first lines in which two texts differ.
func difference(want, got string) string {
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range max(len(w), len(g)) {
		if a, b := cmp.Or(at(w, i), "nothing"), cmp.Or(at(g, i), "nothing"); a != b {
			return fmt.Sprintf("line %d is %q, not %q", i+1, b, a)
		}
	}
	return "no difference"
}

func at(lines []string, i int) string {
	if i < len(lines) {
		return lines[i]
	}
	return ""
}
