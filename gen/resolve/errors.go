package resolve

import "github.com/nlgen/nlgen/gen/diag"

// errors finds the enum that the user says has errors of the family.
func (f *family) errors(report *diag.Report) {
	e := f.opts.Errors
	if e.Enum == "" {
		return
	}
	switch d := f.defs[e.Enum]; {
	case d == nil:
		report.Errorf(e.Pos, "family %q has no definition %q%s", f.Name, e.Enum, guess(f, e.Enum, f.defList, (*definition).name))
	case d.enu == nil || d.enu.Flags:
		report.Errorf(e.Pos, "definition %q is no enum, so it has no errors", e.Enum).See(d.src.Name.Pos, "declared here")
	default:
		f.Errors = d.enu
	}
}
