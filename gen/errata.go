package gen

import (
	"sync"

	"github.com/nlgen/nlgen"
	"github.com/nlgen/nlgen/gen/diag"
	"github.com/nlgen/nlgen/gen/spec"
)

// errataName is the file of the errata. It stands beside the project's specs, where a pattern passes over it: it holds patches.
const errataName = "errata.yaml"

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
	text, err := nlgen.Files.ReadFile("specs/" + errataName)
	if err != nil {
		panic(err) // It is embedded.
	}
	e.patches = spec.ReadErrata(e.report, errataName, text)
	return e
})
