package resolve

import (
	"path/filepath"

	"github.com/nlgen/nlgen/gen/diag"
	"github.com/nlgen/nlgen/gen/goname"
	"github.com/nlgen/nlgen/gen/ir"
)

const (
	netlinkGeneric = 16 // NETLINK_GENERIC
	maxProtocol    = 31 // MAX_LINKS - 1
	maxFamilyName  = 15 // GENL_NAMSIZ - 1
)

// head resolves what stands at the top of a spec.
func (f *family) head(report *diag.Report) {
	s := f.src
	f.Name = s.Name.V
	f.Doc = cleanDoc(s.Doc.V)
	f.Pos = s.Name.Pos
	f.File = filepath.Base(s.Pos.File)
	f.CHeader = s.UapiHeader.V
	f.Level = ir.Level(s.Protocol.Or(string(ir.Genetlink)))
	if f.Generic() {
		f.Protocol = netlinkGeneric
		f.Version = 1
		if v := s.Version; v.Set && v.V > 0xff {
			report.Errorf(v.Pos, "version %d does not fit into 8 bits", v.V)
		} else if v.Set {
			f.Version = int(v.V)
		}
		if len(f.Name) > maxFamilyName {
			report.Errorf(s.Name.Pos, "family name %q is longer than %d bytes, which is all that generic netlink has for it", f.Name, maxFamilyName)
		}
	} else {
		switch n := s.Protonum; {
		case n.Set && n.V > maxProtocol:
			report.Errorf(n.Pos, "protonum %d is none: netlink has the protocols 0 to %d", n.V, maxProtocol)
		case n.Set:
			f.Protocol = int(n.V)
		case !n.Bad:
			report.Errorf(s.Protocol.Pos, "a family of protocol %q needs a protonum", s.Protocol.V)
		}
	}
	f.packageName(report)
}

// packageName decides the name of the Go package. A name that stands for no package is an error here and not in the pass name, since
// it is none of the names that can collide.
func (f *family) packageName(report *diag.Report) {
	f.Package = f.opts.Package
	switch {
	case f.Package == "" && !f.src.Name.Set:
	case f.Package == "":
		f.Package = goname.Package(f.Name)
		if f.Package == "" {
			report.Errorf(f.src.Name.Pos, "no Go package can be named after family %q; set its package in nlgen.yaml", f.Name)
		}
	case !goname.IsPackage(f.Package):
		report.Errorf(f.src.Name.Pos, "%q, the package that nlgen.yaml has for family %q, is no name for a package", f.Package, f.Name)
	}
}
