package gen

import (
	"strings"
	"testing"

	"github.com/nlgen/nlgen/gen/diag"
	"github.com/nlgen/nlgen/gen/ir"
)

// TestDocs makes sure that everything in the specs of this repository has a doc, except for padding, and that no doc contradicts the byte
// order of its number.
func TestDocs(t *testing.T) {
	p := BuiltIn()
	for _, target := range p.Targets {
		f := p.Family(new(diag.Report), target)
		said := func(doc string, path ...string) {
			if strings.TrimSpace(doc) == "" {
				t.Errorf("%s: %s has no doc", f.Name, strings.Join(path, " "))
			}
		}
		number := func(doc string, order ir.Order, path ...string) {
			said(doc, path...)
			if order == ir.BigEndian && strings.Contains(doc, "host byte order") || order == ir.Host && strings.Contains(doc, "network byte order") {
				t.Errorf("%s: %s has byte order %q, and its doc: %s", f.Name, strings.Join(path, " "), order, doc)
			}
		}
		said(f.Doc, "family")
		for _, c := range f.Consts {
			said(c.Doc, c.Name)
		}
		for _, e := range f.Enums {
			said(e.Doc, e.Name)
			for _, v := range e.Entries {
				said(v.Doc, e.Name, v.Name)
			}
		}
		for _, s := range f.Structs {
			said(s.Doc, s.Name)
			for _, m := range s.All() {
				switch {
				case m.Go == "": // Padding.
				case strings.HasPrefix(m.Type, "u") || strings.HasPrefix(m.Type, "s") && m.Type != "string":
					number(m.Doc, m.Order, s.Name, m.Name)
				default:
					said(m.Doc, s.Name, m.Name)
				}
			}
		}
		for _, s := range f.Sets {
			said(s.Doc, s.Name)
			for _, a := range s.Attrs {
				switch {
				case a.Presence == ir.Never: // Padding, or a number that nobody uses.
				case strings.HasPrefix(a.Type, "u") || strings.HasPrefix(a.Type, "s") && a.Type != "string" && a.Type != "sub-message":
					number(a.Doc, a.Order, s.Name, a.Name)
				default:
					said(a.Doc, s.Name, a.Name)
				}
			}
		}
		for _, op := range f.Ops {
			said(op.Doc, op.Name)
		}
	}
}
