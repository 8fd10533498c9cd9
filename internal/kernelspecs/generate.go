package main

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/nlgen/nlgen/gen"
	"github.com/nlgen/nlgen/gen/diag"
	"github.com/nlgen/nlgen/gen/output"
	"github.com/nlgen/nlgen/internal/kernelspecs/agree"
)

// A file is a spec: how its package is made, and its name within the folder that was asked for.
type file struct {
	agree.Source
	name string // with slashes, without the extension
}

// find returns the specs in some folders and in the folders below, and those that an nlgen.yaml lists. If there are several folders, the
// names begin with the folder's.
func find(folders []string) ([]file, error) {
	var files []file
	for _, folder := range folders {
		prefix := ""
		if len(folders) > 1 {
			prefix = filepath.Base(folder) + "/"
		}
		count := len(files)
		if filepath.Base(folder) == gen.ConfigName {
			listed, err := configured(folder)
			if err != nil {
				return nil, err
			}
			files = append(files, listed...)
			continue
		}
		err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			ext := filepath.Ext(path)
			if entry.IsDir() || ext != ".yaml" && ext != ".yml" {
				return nil
			}
			rel, err := filepath.Rel(folder, path)
			if err != nil {
				return err
			}
			if path, err = filepath.Abs(path); err != nil {
				return err
			}
			name := prefix + strings.TrimSuffix(filepath.ToSlash(rel), ext)
			files = append(files, file{Source: agree.Source{Spec: path}, name: name})
			return nil
		})
		if err != nil {
			return nil, err
		}
		if len(files) == count {
			return nil, fmt.Errorf("there is no spec in %s", folder)
		}
	}
	slices.SortFunc(files, func(a, b file) int { return cmp.Compare(a.name, b.name) })
	return files, nil
}

// configured returns the specs that an nlgen.yaml lists.
func configured(config string) ([]file, error) {
	config, err := filepath.Abs(config)
	if err != nil {
		return nil, err
	}
	var report diag.Report
	project := gen.Open(&report, config)
	if project == nil {
		return nil, fmt.Errorf("%v", report.Diagnostics()[0])
	}
	var files []file
	for _, t := range project.Targets {
		files = append(files, file{Source: agree.Source{Spec: t.Spec, Config: config}, name: t.Name()})
	}
	return files, nil
}

// A result is what came of a spec.
type result struct {
	file
	pkg      *gen.Package // nil if there were errors
	report   *diag.Report
	warnings int
	took     time.Duration
	lines    int
	bytes    int
}

// generate makes the packages of all specs, one after the other, so that each has its time.
func generate(files []file) []*result {
	var results []*result
	for _, f := range files {
		r := &result{file: f, report: new(diag.Report)}
		start := time.Now()
		r.pkg = f.Build(r.report)
		r.took = time.Since(start)
		for _, d := range r.report.Diagnostics() {
			if d.Severity == diag.Warning {
				r.warnings++
			}
		}
		if r.pkg != nil {
			for _, f := range code(r.pkg) {
				r.lines += bytes.Count(f.Content, []byte("\n"))
				r.bytes += len(f.Content)
			}
		}
		results = append(results, r)
	}
	return results
}

// code returns the files of a package that are no tests.
func code(pkg *gen.Package) []output.File {
	return slices.DeleteFunc(slices.Clone(pkg.Files), func(f output.File) bool { return strings.HasSuffix(f.Name, "_test.go") })
}

// show writes what there is to say about a spec.
func (r *result) show(w io.Writer, all bool) error {
	if all {
		return r.report.WriteText(w)
	}
	for _, d := range r.report.Diagnostics() {
		if d.Severity == diag.Error {
			if _, err := io.WriteString(w, r.report.Text(d)); err != nil {
				return err
			}
		}
	}
	return nil
}

// The budgets of generated code. Tests are not counted.
const (
	maxFile    = 200 << 10
	maxLines   = 6000
	maxPackage = 500 << 10
)

// over returns what of a package is larger than it should be.
func (r *result) over() []string {
	if r.pkg == nil {
		return nil
	}
	var list []string
	if r.bytes > maxPackage {
		list = append(list, fmt.Sprintf("%s: %d bytes, a package stops at %d", r.name, r.bytes, maxPackage))
	}
	for _, f := range code(r.pkg) {
		if lines := bytes.Count(f.Content, []byte("\n")); len(f.Content) > maxFile || lines > maxLines {
			list = append(list, fmt.Sprintf("%s/%s: %d bytes in %d lines, a file stops at %d and %d", r.name, f.Name, len(f.Content), lines,
				maxFile, maxLines))
		}
	}
	return list
}

// table prints a line for each spec, and the sums.
func table(w io.Writer, results []*result) error {
	out := tabwriter.NewWriter(w, 0, 8, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(out, "spec\tlevel\tops\tsets\tattributes\twarnings\tseconds\tlines\tbytes\t")
	var sum struct {
		ops, sets, attrs, warnings, lines, bytes int
		took                                     time.Duration
	}
	var over []string
	for _, r := range results {
		if r.pkg == nil {
			fmt.Fprintf(out, "%s\trefused: %d errors\t\t\t\t%d\t%.3f\t\t\t\n", r.name, r.report.Errors(), r.warnings, r.took.Seconds())
			continue
		}
		family, attrs := r.pkg.Family, 0
		for _, s := range family.Sets {
			attrs += len(s.Attrs)
		}
		fmt.Fprintf(out, "%s\t%s\t%d\t%d\t%d\t%d\t%.3f\t%d\t%d\t\n", r.name, family.Level, len(family.Ops), len(family.Sets), attrs,
			r.warnings, r.took.Seconds(), r.lines, r.bytes)
		sum.ops += len(family.Ops)
		sum.sets += len(family.Sets)
		sum.attrs += attrs
		sum.warnings += r.warnings
		sum.lines += r.lines
		sum.bytes += r.bytes
		sum.took += r.took
		over = append(over, r.over()...)
	}
	fmt.Fprintf(out, "%d specs\t\t%d\t%d\t%d\t%d\t%.3f\t%d\t%d\t\n", len(results), sum.ops, sum.sets, sum.attrs, sum.warnings,
		sum.took.Seconds(), sum.lines, sum.bytes)
	if err := out.Flush(); err != nil {
		return err
	}
	for _, line := range over {
		if _, err := fmt.Fprintln(w, "over budget:", line); err != nil {
			return err
		}
	}
	return nil
}
