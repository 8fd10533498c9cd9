package resolve_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/nlgen/nlgen/gen/diag"
	"github.com/nlgen/nlgen/gen/ir"
	"github.com/nlgen/nlgen/gen/resolve"
	"github.com/nlgen/nlgen/gen/spec"
)

// resolveText resolves a spec without its first lines, which the test need not repeat, and returns the diagnostics, one a line, with the
// places that belong to them indented. Lines count from the text that the test has.
func resolveText(text string, opts resolve.Options) (*ir.Family, string) {
	var report diag.Report
	s := spec.Read(&report, "t.yaml", []byte(text))
	f := resolve.Family(&report, s, opts)
	var b strings.Builder
	for _, d := range report.Diagnostics() {
		b.WriteString(strings.ReplaceAll(d.String(), "t.yaml:", "") + "\n")
		for _, r := range d.Related {
			b.WriteString("  " + strings.ReplaceAll(r.String(), "t.yaml:", "") + "\n")
		}
	}
	return f, b.String()
}

// resolved resolves a spec that must be free of warnings, too.
func resolved(t *testing.T, text string) *ir.Family {
	t.Helper()
	f, found := resolveText(text, resolve.Options{})
	if found != "" {
		t.Fatalf("unexpected diagnostics:\n%s", found)
	}
	checkFamily(t, f)
	return f
}

// head begins the specs of tests, on one line so that theirs begin on the second.
const head = "{name: test, doc: d, "

func set(t *testing.T, f *ir.Family, name string) *ir.Set {
	t.Helper()
	for _, s := range f.Sets {
		if s.Name == name {
			return s
		}
	}
	t.Fatalf("no set %q", name)
	return nil
}

func structOf(t *testing.T, f *ir.Family, name string) *ir.Struct {
	t.Helper()
	for _, s := range f.Structs {
		if s.Name == name {
			return s
		}
	}
	t.Fatalf("no struct %q", name)
	return nil
}

func enumOf(t *testing.T, f *ir.Family, name string) *ir.Enum {
	t.Helper()
	for _, e := range f.Enums {
		if e.Name == name {
			return e
		}
	}
	t.Fatalf("no enum %q", name)
	return nil
}

func opOf(t *testing.T, f *ir.Family, name string) *ir.Op {
	t.Helper()
	for _, o := range f.Ops {
		if o.Name == name {
			return o
		}
	}
	t.Fatalf("no operation %q", name)
	return nil
}

func numbers(s *ir.Set) map[string]int {
	m := map[string]int{}
	for _, a := range s.Attrs {
		m[a.Name] = int(a.Number)
	}
	return m
}

func names(attrs []*ir.Attr) string {
	var list []string
	for _, a := range attrs {
		list = append(list, a.Name)
	}
	return strings.Join(list, " ")
}

func diff(t *testing.T, what string, got, want any) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("%s (-want +got):\n%s", what, d)
	}
}
