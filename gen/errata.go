package gen

import (
	_ "embed"
	"sync"

	"github.com/nlgen/nlgen/gen/diag"
	"github.com/nlgen/nlgen/gen/spec"
)

//go:embed errata.yaml
var errataText []byte

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
	e.patches = spec.ReadErrata(e.report, "errata.yaml", errataText)
	return e
})
