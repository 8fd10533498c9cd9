package spec

import (
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/nlgen/nlgen/gen/diag"
)

// TestConstructs makes sure that each key of each object of the language, and of nlgen.yaml, is in a golden case that generates
// something, and so is each word of the closed lists. A sub-type that no array can have is in the case that refuses it.
func TestConstructs(t *testing.T) {
	seen := map[string]bool{}
	families, configs := goldenTrees(t, "error-sub-type-of-indexed")
	for _, tree := range families {
		record(seen, reflect.ValueOf(tree).Elem())
	}
	for _, tree := range configs {
		record(seen, reflect.ValueOf(tree).Elem())
	}
	for _, o := range objects {
		if o.noun == "patch file" {
			continue // The project's own errata.
		}
		for _, f := range o.fields {
			if !seen[o.noun+" "+f.key] {
				t.Errorf("no golden case has key %q in %s", f.key, o.noun)
			}
			for _, word := range f.words {
				if !seen[o.noun+" "+f.key+" "+word] {
					t.Errorf("no golden case has %q for key %q in %s", word, f.key, o.noun)
				}
			}
		}
	}
}

// record notes which keys an object and those below it have, and their words.
func record(seen map[string]bool, v reflect.Value) {
	o := objects[v.Type()]
	for _, f := range o.fields {
		key := o.noun + " " + f.key
		switch v := v.Field(f.index); {
		case v.Kind() == reflect.Pointer && !v.IsNil():
			seen[key] = true
			record(seen, v.Elem())
		case v.Kind() == reflect.Slice:
			for i := range v.Len() {
				seen[key] = true
				if item := v.Index(i); item.Kind() == reflect.Pointer {
					record(seen, item.Elem())
				} else {
					seen[key+" "+item.Interface().(Val[string]).V] = true
				}
			}
		case v.Kind() == reflect.Struct:
			switch val := v.Interface().(type) {
			case Val[string]:
				seen[key] = seen[key] || val.Set
				seen[key+" "+val.V] = true
			case Fragment:
				seen[key] = seen[key] || val.IsSet()
			default:
				seen[key] = seen[key] || v.FieldByName("Set").Bool()
			}
		}
	}
}

// goldenTrees returns the specs and configurations of the golden cases from which something is generated, and of some others.
func goldenTrees(t *testing.T, also ...string) (map[string]*Family, map[string]*Config) {
	t.Helper()
	files, err := filepath.Glob("../testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no golden cases", err)
	}
	families, configs := map[string]*Family{}, map[string]*Config{}
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimSuffix(filepath.Base(file), ".txtar")
		if strings.HasPrefix(name, "error-") && !slices.Contains(also, name) {
			continue
		}
		for _, f := range archive.Files {
			var report diag.Report
			switch {
			case f.Name == "nlgen.yaml":
				configs[name] = ReadConfig(&report, f.Name, f.Data)
			case strings.HasSuffix(f.Name, ".yaml"):
				families[name+"/"+f.Name] = Read(&report, f.Name, f.Data, AllowUnknown())
			}
			if report.HasErrors() {
				t.Errorf("%s: %s: %v", name, f.Name, report.Diagnostics())
			}
		}
	}
	return families, configs
}
