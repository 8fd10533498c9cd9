package gen

import (
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"sync"

	"github.com/nlgen/nlgen/gen/diag"
	"github.com/nlgen/nlgen/gen/emit"
	"github.com/nlgen/nlgen/gen/ir"
	"github.com/nlgen/nlgen/gen/output"
	"github.com/nlgen/nlgen/gen/resolve"
	"github.com/nlgen/nlgen/gen/spec"
)

// A Package is a generated Go package that is not written yet.
type Package struct {
	Family *ir.Family
	Name   string
	Dir    string        // the folder that it belongs in
	Files  []output.File // named without a folder
}

// Build makes the packages of all targets, in the order of the targets. It writes no file. It returns nil if the report then has an
// error; it goes on after the first one, so that the report says everything that is wrong with any of the specs.
func (p *Project) Build(report *diag.Report) []*Package {
	// Each target has a report of its own, so that the order of diagnostics does not depend on who is faster.
	reports := make([]diag.Report, len(p.Targets))
	packages := make([]*Package, len(p.Targets))
	names := make([]string, len(p.Targets))
	slots := make(chan struct{}, runtime.GOMAXPROCS(0))
	var running sync.WaitGroup
	for i, t := range p.Targets {
		slots <- struct{}{}
		running.Go(func() {
			packages[i], names[i] = p.build(t, &reports[i])
			<-slots
		})
	}
	running.Wait()
	for i := range reports {
		report.Merge(&reports[i])
	}
	p.checkFolders(report, packages)
	p.checkPatches(report, names)
	if report.HasErrors() {
		return nil
	}
	return packages
}

// build makes the package of one target, and returns the name of its family, too. The package is nil if there is an error.
func (p *Project) build(t *Target, report *diag.Report) (*Package, string) {
	family, name := p.resolve(t, report)
	if family == nil {
		return nil, name
	}
	files, err := emit.Family(family)
	if err != nil {
		// Whatever a spec says, its package parses; so this is a mistake of nlgen, but the user should know which spec shows it.
		report.Errorf(diag.Pos{File: t.Spec, Line: 1, Col: 1}, "nlgen cannot write this family, which is a bug of nlgen: %v", err)
		return nil, name
	}
	dir := t.Dir
	if dir == "" {
		dir = filepath.Join(p.Output, family.Package)
	}
	return &Package{Family: family, Name: family.Package, Dir: dir, Files: files}, name
}

// resolve reads the spec of one target and resolves it. It returns the name of the family, too.
func (p *Project) resolve(t *Target, report *diag.Report) (*ir.Family, string) {
	var source *spec.Family
	var options []spec.Option
	if t.unknown {
		options = append(options, spec.AllowUnknown())
	}
	if p.fsys != nil {
		source = spec.ReadFS(report, p.fsys, t.key, t.Spec, options...)
	} else {
		source = spec.ReadFile(report, t.Spec, options...)
	}
	if source == nil {
		return nil, ""
	}
	// The patches of nlgen.yaml come first: they were made for the spec as it is, and whoever has one needs no erratum.
	spec.Apply(report, source, p.patches)
	if p.Errata {
		ApplyErrata(report, source)
	}
	return resolve.Family(report, source, t.Options), source.Name.V
}

// Family resolves the spec of a target, with all that nlgen.yaml says of it. It returns nil if the report then has an error.
func (p *Project) Family(report *diag.Report, t *Target) *ir.Family {
	family, _ := p.resolve(t, report)
	return family
}

// checkFolders reports packages that would go to the same folder.
func (p *Project) checkFolders(report *diag.Report, packages []*Package) {
	first := map[string]int{}
	for i, pkg := range packages {
		if pkg == nil {
			continue
		}
		if j, ok := first[pkg.Dir]; ok {
			t := p.Targets[j]
			report.Errorf(p.Targets[i].pos, "the package of this family is %q, like that of %q", pkg.Name, t.key).
				See(t.pos, "first used here")
			continue
		}
		first[pkg.Dir] = i
	}
}

// checkPatches reports patches for families that are not there. If only some families were selected, the others are not known.
func (p *Project) checkPatches(report *diag.Report, names []string) {
	for _, patch := range p.patches {
		if p.partial || !patch.Family.Set || slices.ContainsFunc(names, patch.For) {
			continue
		}
		hint := ""
		if near := diag.Closest(patch.Family.V, names); near != "" {
			hint = fmt.Sprintf(", did you mean %q?", near)
		}
		report.Errorf(patch.Family.Pos, "the patch is for family %q, which none of the specs describes%s", patch.Family.V, hint)
	}
}
