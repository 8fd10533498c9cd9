package resolve

import (
	"github.com/nlgen/nlgen/gen/diag"
	"github.com/nlgen/nlgen/gen/goname"
	"github.com/nlgen/nlgen/gen/ir"
	"github.com/nlgen/nlgen/gen/spec"
)

// records makes attributes of type record or headed out of the binaries that the user named.
func (f *family) records(report *diag.Report) {
	for _, r := range f.opts.Records {
		proto := f.record(report, r)
		if proto == nil {
			continue
		}
		for _, s := range f.setList {
			if s.Name != r.Set && (s.parent == nil || s.parent.Name != r.Set) {
				continue
			}
			if a := s.attr(r.Attribute); a != nil && a.Type == "binary" {
				a.Type, a.Nested, a.Struct, a.Record = proto.Type, proto.Nested, proto.Struct, proto.Record
				a.Hint = ir.NoHint
			}
		}
	}
}

// record checks what the user says, and returns an attribute with what makes it a record; nil, with an error, if something is wrong.
func (f *family) record(report *diag.Report, r Record) *ir.Attr {
	val := func(name string) spec.Val[string] { return spec.Val[string]{V: name, Pos: r.Pos, Set: true} }
	s := f.set(report, "record of", r.Attribute, val(r.Set))
	inner := f.set(report, "record of", r.Attribute, val(r.Attributes))
	d := f.structDef(report, "record of", r.Attribute, val(r.Struct))
	if s == nil || inner == nil || d == nil {
		return nil
	}
	typ := "record"
	if r.Length == "" {
		typ = "headed"
	}
	a := s.attr(r.Attribute)
	switch {
	case a == nil && s.lost[r.Attribute]:
	case a == nil:
		report.Errorf(r.Pos, "set %q has no attribute %q%s", r.Set, r.Attribute, guess(f, r.Attribute, s.attrs, (*attr).name))
	case a.Type == "record" || a.Type == "headed":
		report.Errorf(r.Pos, "attribute %q of set %q is said to hold records twice", r.Attribute, r.Set)
	case a.Type != "binary" || a.Struct != nil || a.Elem != "" || a.Multi && typ == "record":
		report.Errorf(r.Pos, "attribute %q of set %q cannot hold records, it is no plain binary", r.Attribute, r.Set).See(a.Pos, "declared here")
	case d.str.Array != nil:
		report.Errorf(r.Pos, "struct %q cannot stand in front of attributes, it ends in an array of any length", r.Struct).See(d.pos(), "declared here")
	default:
		length, ok := recordLength(report, r, d)
		if !goname.IsExported(r.Go) {
			report.Errorf(r.Pos, "%q is no exported Go name for a record of %q", r.Go, r.Attribute)
			ok = false
		}
		if ok {
			return &ir.Attr{Type: typ, Nested: inner.Set, Struct: d.str, Record: &ir.Record{Go: r.Go, Length: length}}
		}
	}
	return nil
}

// recordLength returns the member that holds the length of a record, nil if the user names none, and false, with an error, if it is
// not fit for that.
func recordLength(report *diag.Report, r Record, d *definition) (*ir.Member, bool) {
	if r.Length == "" {
		return nil, true
	}
	for _, m := range d.str.Members {
		if m.Name != r.Length {
			continue
		}
		if m.Type == "u16" && m.Order == ir.Host {
			return m, true
		}
		report.Errorf(r.Pos, "the length of a record is a u16 in host order, member %q is not", r.Length).See(m.Pos, "declared here")
		return nil, false
	}
	report.Errorf(r.Pos, "struct %q has no member %q for the length of a record", r.Struct, r.Length).See(d.pos(), "declared here")
	return nil, false
}
