package kind

import (
	"github.com/dave/jennifer/jen"

	"github.com/nlgen/nlgen/gen/diag"
	"github.com/nlgen/nlgen/gen/ir"
)

func init() { register("headed", headed{}) }

// headed is a binary that holds one C struct, followed by attributes up to its
// end (MDBA_MDB_ENTRY_INFO with its struct br_mdb_entry). No spec says so: it
// comes from nlgen.yaml, as a record without a length. It is encoded like a nest,
// but does not have NLA_F_NESTED: to the kernel it is a binary.
type headed struct{ nest }

func (headed) Reads(*ir.Attr) Keys            { return KeyStruct | KeyNested | KeyHint | KeyByteOrder | KeyLength }
func (headed) Type(a *ir.Attr) *jen.Statement { return jen.Id(a.Record.Go) }
func (headed) Row(a *ir.Attr) Row             { return Row{Kind: "Nest", Nested: a.Nested, Struct: a.Struct} }

func (headed) Check(a *ir.Attr, r *diag.Report) {
	if a.Record == nil || a.Struct == nil || a.Nested == nil {
		r.Errorf(a.Pos, "attribute %q of type headed needs a struct and a set", a.Name)
	}
}

// Take is that of a nest.
func (k headed) Take(a *ir.Attr, dst Dest, s *Scope) []jen.Code {
	return takeNest(k.Type(a), a.Nested, dst, s)
}

func (headed) Sample(a *ir.Attr, s Samples) *jen.Statement { return s.Record(a) }
