package gen

import (
	"sync"

	"github.com/nlgen/nlgen/gen/diag"
	"github.com/nlgen/nlgen/gen/spec"
	"github.com/nlgen/nlgen/specs"
)

// ApplyErrata corrects what is known to be wrong with the specs that the kernel publishes, wherever a spec still has it. Notes in the
// report say what was done, and what is right by now.
func ApplyErrata(report *diag.Report, family *spec.Family) {
	e := errata()
	if e.report.HasErrors() {
		report.Merge(e.report)
	}
	spec.Apply(report, family, e.patches)
}

var errata = sync.OnceValue(func() (e struct {
	patches []*spec.Patch
	report  *diag.Report // It has nothing to say, as a test makes sure.
}) {
	e.report = new(diag.Report)
	const name = "errata.yaml"
	src, err := specs.FS.ReadFile(name)
	if err != nil {
		e.report.Errorf(diag.Pos{File: name}, "cannot read the errata: %v", err)
		return e
	}
	e.patches = spec.ReadErrata(e.report, name, src)
	return e
})
