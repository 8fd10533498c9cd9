package gen

import (
	"strings"
	"sync"

	"github.com/nlgen/nlgen"
	"github.com/nlgen/nlgen/gen/diag"
)

// BuiltIn returns the project of this repository, which the command carries with it: its specs, and what its nlgen.yaml says of them.
var BuiltIn = sync.OnceValue(func() *Project {
	report := new(diag.Report)
	project := openFS(report, nlgen.Files, "", ConfigName)
	if project == nil {
		var text strings.Builder
		_ = report.WriteText(&text) // NB: a builder takes everything.
		panic("gen: the built-in nlgen.yaml is wrong:\n" + text.String())
	}
	return project
})
