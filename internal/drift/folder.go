package drift

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/nlgen/nlgen/gen"
	"github.com/nlgen/nlgen/gen/diag"
	"github.com/nlgen/nlgen/gen/ir"
)

// Families returns the families of this repository in the order of their names.
func Families() ([]*ir.Family, error) { return families(gen.BuiltIn()) }

// Read returns the families that the specs of a folder describe, with the errata that come with nlgen. A folder without specs holds
// folders with some, one for each version of the kernel: the newest counts. The error is [fs.ErrNotExist] if there is no such folder.
//
// The release of the kernel is that in the name of the folder, nil if it has none.
func Read(folder string) (list []*ir.Family, release []int, err error) {
	folder, err = newest(folder)
	if err != nil {
		return nil, nil, err
	}
	files, err := specs(folder)
	if err != nil {
		return nil, nil, err
	}
	project := &gen.Project{Errata: true}
	for _, file := range files {
		project.Targets = append(project.Targets, &gen.Target{Spec: file})
	}
	list, err = families(project)
	return list, Version(filepath.Base(folder)), err
}

func specs(folder string) ([]string, error) { return filepath.Glob(filepath.Join(folder, "*.yaml")) }

// newest returns the folder with specs that is to be read.
func newest(folder string) (string, error) {
	if files, err := specs(folder); len(files) > 0 || err != nil {
		return folder, err
	}
	entries, err := os.ReadDir(folder)
	if err != nil {
		return "", err
	}
	entries = slices.DeleteFunc(entries, func(e fs.DirEntry) bool {
		files, err := specs(filepath.Join(folder, e.Name()))
		return len(files) == 0 || err != nil
	})
	if len(entries) == 0 {
		return "", fmt.Errorf("there is no spec in %s", folder)
	}
	last := slices.MaxFunc(entries, func(a, b fs.DirEntry) int { return slices.Compare(Version(a.Name()), Version(b.Name())) })
	return filepath.Join(folder, last.Name()), nil
}

// Version returns the numbers in a name, such as 6 and 12 of linux-6.12.
func Version(name string) []int {
	var list []int
	for _, digits := range strings.FieldsFunc(name, func(r rune) bool { return r < '0' || r > '9' }) {
		if n, err := strconv.Atoi(digits); err == nil {
			list = append(list, n)
		}
	}
	return list
}

func families(project *gen.Project) ([]*ir.Family, error) {
	var list []*ir.Family
	var errs []error
	for _, t := range project.Targets {
		var report diag.Report
		if f := project.Family(&report, t); f != nil {
			list = append(list, f)
			continue
		}
		for _, d := range report.Diagnostics() {
			if d.Severity == diag.Error {
				errs = append(errs, errors.New(strings.TrimSpace(report.Text(d))))
			}
		}
	}
	slices.SortStableFunc(list, func(a, b *ir.Family) int { return cmp.Compare(a.Name, b.Name) })
	return list, errors.Join(errs...)
}

// CompareAll compares those of our families that the others have, too.
func CompareAll(ours, theirs []*ir.Family) []*Comparison {
	byName := map[string]*ir.Family{}
	for _, t := range theirs {
		byName[t.Name] = t
	}
	var list []*Comparison
	for _, o := range ours {
		if t := byName[o.Name]; t != nil {
			list = append(list, Compare(o, t))
		}
	}
	return list
}
