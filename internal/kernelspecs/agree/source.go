package agree

import (
	"github.com/nlgen/nlgen/gen"
	"github.com/nlgen/nlgen/gen/diag"
)

// A Source says how a package was made, so that it can be made again.
type Source struct {
	Spec   string // the path of the spec
	Config string // the path of the nlgen.yaml that lists the spec; empty if none does
	Errata bool   // apply the errata that come with nlgen, too
	Corpus string // a folder with recorded traffic of the family; empty if there is none
}

// Build makes the package. It returns nil if the report then has an error.
func (s Source) Build(report *diag.Report) *gen.Package {
	project := gen.Single(s.Spec, "", "")
	if s.Config != "" {
		all := gen.Open(report, s.Config)
		if all == nil {
			return nil
		}
		var err error
		if project, err = all.Select([]string{s.Spec}); err != nil {
			report.Errorf(diag.Pos{File: s.Config}, "%v", err)
			return nil
		}
	}
	project.Errata = project.Errata || s.Errata
	if packages := project.Build(report); packages != nil {
		return packages[0]
	}
	return nil
}
