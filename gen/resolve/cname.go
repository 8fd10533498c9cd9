package resolve

import (
	"strings"

	"github.com/nlgen/nlgen/gen/diag"
	"github.com/nlgen/nlgen/gen/spec"
)

// cnames gives constants the names that they have in C: a prefix and the name. Without a prefix in the spec, it is the one that the kernel's
// own tool makes of names. Only those of the spec become prefixes of sets, enums and operations: what is implied can be wrong.
func (f *family) cnames(*diag.Report) {
	for _, d := range f.defList {
		switch {
		case d.con != nil:
			d.con.C = cname(prefix(d.src.NamePrefix, f.Name+"-"), d.con.Name)
		case d.enu != nil:
			d.enu.Prefix = cname(d.src.NamePrefix.V, "")
			for _, e := range d.enu.Entries {
				e.C = cname(prefix(d.src.NamePrefix, f.Name+"-"+d.enu.Name+"-"), e.Name)
			}
		}
	}
	for _, s := range f.setList {
		s.Prefix = cname(s.src.NamePrefix.V, "")
		for _, a := range s.attrs {
			a.C = cname(prefix(a.src.NamePrefix, f.prefixOf(s)), a.Name)
		}
	}
	if f.src.Operations != nil {
		f.OpPrefix = cname(f.src.Operations.NamePrefix.V, "")
	}
	for _, o := range f.opList {
		p := prefix(f.src.Operations.NamePrefix, f.Name+"-cmd-")
		if isAsync(o.src) {
			p = prefix(f.src.Operations.AsyncPrefix, p)
		}
		o.C = cname(p, o.Name)
	}
}

// prefixOf returns the prefix of the attributes of a set. A subset has that of its parent.
func (f *family) prefixOf(s *set) string {
	for s.parent != nil {
		s = s.parent
	}
	if s.Name == f.Name {
		return prefix(s.src.NamePrefix, f.Name+"-a-")
	}
	return prefix(s.src.NamePrefix, f.Name+"-a-"+s.Name+"-")
}

// prefix returns the prefix that a spec has, or else one that it implies.
func prefix(own spec.Val[string], implied string) string {
	if own.Set {
		return own.V
	}
	return implied
}

func cname(prefix, name string) string {
	return strings.Map(func(r rune) rune {
		if r == '-' || r == ' ' {
			return '_'
		}
		return r
	}, strings.ToUpper(prefix+name))
}
