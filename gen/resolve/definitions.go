package resolve

import (
	"math"

	"github.com/nlgen/nlgen/gen/diag"
	"github.com/nlgen/nlgen/gen/ir"
	"github.com/nlgen/nlgen/gen/spec"
)

// definitions declares consts, enums, flags and structs, and numbers the entries of enums and flags. The members of structs are the
// work of layout.
func (f *family) definitions(report *diag.Report) {
	for _, src := range f.src.Definitions {
		d := &definition{src: src}
		if !src.Type.Set || !declare(report, f.defs, "definition", src.Name, d, (*definition).pos) {
			continue
		}
		f.defList = append(f.defList, d)
		name, doc, pos := src.Name.V, cleanDoc(src.Doc.V), src.Name.Pos
		switch src.Type.V {
		case "const":
			d.con = &ir.Const{Name: name, Doc: doc, Kernel: src.Scope.V == "kernel", Pos: pos}
			f.Consts = append(f.Consts, d.con)
			setConst(d.con, src)
			if p := src.NamePrefix; p.Set && f.byC[p.V+name] == nil {
				f.byC[p.V+name] = d.con
			}
		case "struct":
			d.str = &ir.Struct{Name: name, Doc: doc, Pos: pos}
			f.Structs = append(f.Structs, d.str)
		default:
			d.enu = &ir.Enum{Name: name, Doc: doc, Flags: src.Type.V == "flags", Pos: pos}
			f.Enums = append(f.Enums, d.enu)
		}
	}
	for _, d := range f.defList {
		if d.enu != nil {
			f.enumEntries(report, d)
		}
	}
}

func setConst(c *ir.Const, src *spec.Definition) {
	v := src.Value.V
	if !v.IsInt {
		c.IsString, c.Text = true, v.Text
		return
	}
	c.Value, c.Unsigned = bits(v.Int)
}

// enumEntries numbers the entries of an enum, or the bits of flags: from value-start or 0 upward, and from each explicit value on.
func (f *family) enumEntries(report *diag.Report, d *definition) {
	next, ok := f.firstValue(report, d)
	over := false // The number of the entry before is the greatest.
	seen := map[string]*ir.Entry{}
	if d.src.Entries != nil && len(d.src.Entries) == 0 {
		report.Warnf(d.pos(), "%s %q has no entries, so its values are just numbers", d.src.Type.V, d.name())
	}
	for _, src := range d.src.Entries {
		switch {
		case src.Value.Set:
			next, ok, over = src.Value.V, true, false
		case src.Value.Bad:
			ok, over = false, false
		case over:
			report.Errorf(src.Pos, "entry %q of %q stands behind the one with the greatest number of all, and has no value", src.Name.V, d.name())
			over = false
		}
		number := next
		valid := ok && f.checkEntry(report, d, src, number)
		if ok {
			// An overflow is reported once; the next explicit value sets the count again.
			next, ok = increment(number)
			over = !ok
			ok = ok && valid
		}
		if !src.Name.Set || !valid {
			continue
		}
		if first := seen[src.Name.V]; first != nil {
			if f.numbers[first] == number {
				report.Warnf(src.Name.Pos, "entry %q of %q is listed twice", src.Name.V, d.name()).See(first.Pos, "first listed here")
			} else {
				report.Errorf(src.Name.Pos, "entry %q of %q has two values", src.Name.V, d.name()).See(first.Pos, "first listed here")
			}
			continue
		}
		e := &ir.Entry{Name: src.Name.V, Doc: cleanDoc(src.Doc.V), Pos: src.Name.Pos}
		e.Number, _ = bits(number)
		e.Value = uint64(e.Number)
		seen[e.Name] = e
		f.numbers[e] = number
		d.enu.Entries = append(d.enu.Entries, e)
	}
}

// firstValue returns where an enum or flags begin to count.
func (f *family) firstValue(report *diag.Report, d *definition) (spec.Int, bool) {
	start := d.src.ValueStart
	if !start.Set {
		return spec.Int{}, !start.Bad
	}
	v, ok := f.value(start.V)
	if !ok {
		report.Errorf(start.Pos, "value-start of %q is neither a number nor a known const: %q", d.name(), start.V.String())
	}
	return v, ok
}

// checkEntry reports whether the number of an entry can be: that of a flag is the number of a bit, from 0 to 63.
func (f *family) checkEntry(report *diag.Report, d *definition, src *spec.Entry, number spec.Int) bool {
	if d.enu.Flags && (number.Neg || number.Abs > 63) {
		pos := src.Pos
		if src.Value.Set {
			pos = src.Value.Pos
		}
		report.Errorf(pos, "flag %q of %q is bit %s; the bits are 0 to 63", src.Name.V, d.name(), number)
		return false
	}
	return true
}

// bits returns an integer as the IR holds it: as an int64, or as the int64 with the bits of the uint64 if it is that large.
func bits(i spec.Int) (v int64, unsigned bool) {
	if v, ok := i.Int64(); ok {
		return v, false
	}
	return int64(i.Abs), true
}

// increment returns the next integer, and false behind the greatest.
func increment(i spec.Int) (spec.Int, bool) {
	switch {
	case !i.Neg:
		return spec.Int{Abs: i.Abs + 1}, i.Abs < math.MaxUint64
	case i.Abs <= 1:
		return spec.Int{}, true
	default:
		return spec.Int{Neg: true, Abs: i.Abs - 1}, true
	}
}

// less reports whether a < b.
func less(a, b spec.Int) bool {
	switch {
	case a.Neg != b.Neg:
		return a.Neg
	case a.Neg:
		return a.Abs > b.Abs
	default:
		return a.Abs < b.Abs
	}
}
