package resolve

import (
	"github.com/nlgen/nlgen/gen/diag"
	"github.com/nlgen/nlgen/gen/ir"
)

// maxWeight bounds what is generated of a family. A line of generated code is built, formatted and compared in memory, which takes about
// a kilobyte; an attribute of a message has a dozen lines. The heaviest family of the kernel stays below a tenth of it.
const maxWeight = 1 << 16

const (
	declWeight = 4  // of a declaration that becomes a type or a function, beside what is in it
	docWeight  = 64 // bytes of a doc
)

// weigh adds up what is generated for the declarations of the spec. What messages have besides is added as they are made.
func (f *family) weigh(report *diag.Report) {
	for _, d := range f.defList {
		n := declWeight + docLen(d.src.Doc.V)
		for _, e := range d.src.Entries {
			n += 1 + docLen(e.Doc.V)
		}
		for _, m := range d.src.Members {
			n += 1 + docLen(m.Doc.V)
		}
		f.load(report, d.src.Type.V, d.name(), d.pos(), n)
	}
	for _, s := range f.setList {
		n := declWeight + docLen(s.Doc) + len(s.Outer)
		for _, a := range s.attrs {
			n += 1 + docLen(a.Doc) + len(a.Levels)
		}
		f.load(report, "attribute set", s.Name, s.Pos, n)
	}
	for _, s := range f.subList {
		f.load(report, "sub-message", s.Name, s.Pos, declWeight*(1+len(s.Formats)))
	}
	for _, g := range f.Groups {
		f.load(report, "multicast group", g.Name, g.Pos, 1)
	}
	for _, o := range f.opList {
		f.load(report, "operation", o.src.Name.V, o.src.Name.Pos, declWeight+docLen(o.Doc))
	}
}

func docLen(doc string) int { return min(len(doc), maxDoc) / docWeight }

// load adds to the weight of a family, and reports the declaration with which it is too much.
func (f *family) load(report *diag.Report, what, name string, pos diag.Pos, n int) {
	before := f.weight
	f.weight += n
	if before <= maxWeight && f.weight > maxWeight {
		report.Errorf(pos, "family %q is too large: with %s %q it has more than %d attributes, members, entries, lines of docs and the like",
			f.Name, what, name, maxWeight)
	}
}

// loadMessage adds the weight of a message. It returns the attributes that the message can have: none if it is too much.
func (m *shaper) loadMessage(o *op, attrs []*ir.Attr) []*ir.Attr {
	m.load(m.report, "operation", o.Name, o.Pos, declWeight+len(attrs))
	if m.weight > maxWeight {
		return nil
	}
	return attrs
}
