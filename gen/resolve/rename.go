package resolve

import (
	"strings"

	"github.com/nlgen/nlgen/gen/diag"
	"github.com/nlgen/nlgen/gen/goname"
)

// rename is a Go name from nlgen.yaml or from the table of package goname.
type rename struct {
	path  string
	name  string // in Go
	pos   diag.Pos
	table bool // It stands in goname/override.go.
	used  bool
	idle  bool // It is what the rule gives anyway.
}

// renames holds the exceptions to the naming rule.
type renames struct {
	byPath map[string]*rename
	list   []*rename
}

// newRenames gathers the exceptions for a family. What the user says comes before what the table says.
func newRenames(report *diag.Report, f *family) *renames {
	r := &renames{byPath: map[string]*rename{}}
	for _, o := range f.opts.Names {
		r.add(report, &rename{path: o.Path, name: o.Go, pos: o.Pos})
	}
	for _, o := range f.overrides {
		if r.byPath[o.Path] == nil {
			r.add(report, &rename{path: o.Path, name: o.Go, pos: f.src.Name.Pos, table: true})
		}
	}
	return r
}

func (r *renames) add(report *diag.Report, n *rename) {
	switch first := r.byPath[n.path]; {
	case !goname.IsExported(n.name):
		report.Errorf(n.pos, "%q, the Go name for %s, is no exported identifier", n.name, n.path)
	case first != nil:
		report.Errorf(n.pos, "%s is renamed twice", n.path).See(first.pos, "renamed here")
	default:
		r.byPath[n.path] = n
		r.list = append(r.list, n)
	}
}

// find returns the exception for a path, or nil.
func (r *renames) find(path ...string) *rename {
	if len(r.list) == 0 {
		return nil
	}
	return r.byPath[strings.Join(path, "/")]
}

// unneeded reports the exceptions that name nothing. A row of the table must also change something.
func (r *renames) unneeded(report *diag.Report, family string) {
	for _, n := range r.list {
		switch {
		case n.table && (!n.used || n.idle):
			report.Errorf(n.pos, "the exception for %s in goname/override.go is one that family %q does not need", n.path, family)
		case !n.used:
			report.Errorf(n.pos, "family %q has no %s to give a Go name to", family, n.path)
		}
	}
}
