package resolve

import (
	"strconv"

	"github.com/nlgen/nlgen/gen/diag"
	"github.com/nlgen/nlgen/gen/ir"
	"github.com/nlgen/nlgen/gen/spec"
)

// use is a place where an enum is used.
type use struct {
	integer
	asFlags bool
	what    string // "attribute" or "member"
	name    string
	pos     diag.Pos
}

// enums decides how wide enums are, and whether they hold bits, by the attributes and members that use them; then it checks that their
// entries fit.
func (f *family) enums(report *diag.Report) {
	uses := f.uses()
	for _, d := range f.defList {
		if d.enu != nil {
			f.widen(report, d, uses[d.enu])
		}
	}
}

func (f *family) uses() map[*ir.Enum][]use {
	uses := map[*ir.Enum][]use{}
	for _, s := range f.Structs {
		for _, m := range s.All() {
			if m.Enum != nil {
				number, _ := rangeOf(m.Type)
				uses[m.Enum] = append(uses[m.Enum], use{number, m.EnumFlags, "member", m.Name, m.Pos})
			}
		}
	}
	for _, s := range f.Sets {
		for _, a := range s.Attrs {
			if a.Enum != nil {
				uses[a.Enum] = append(uses[a.Enum], use{valueType(a), a.EnumFlags, "attribute", a.Name, a.Pos})
			}
		}
	}
	return uses
}

// valueType returns the integer type of an attribute that can have an enum: its own, or that of its elements.
func valueType(a *ir.Attr) integer {
	typ := a.Type
	switch {
	case typ == "bitfield32":
		typ = "u32"
	case a.Elem != "":
		typ = a.Elem
	}
	number, _ := rangeOf(typ)
	return number
}

func (f *family) widen(report *diag.Report, d *definition, uses []use) {
	e := d.enu
	flags, allSigned, anySigned := len(uses) > 0, len(uses) > 0, false
	var widest use
	for _, u := range uses {
		flags = flags && u.asFlags
		allSigned = allSigned && u.signed
		anySigned = anySigned || u.signed
		if u.bits > widest.bits {
			widest = u
		}
	}
	e.Flags = e.Flags || flags
	f.checkFlags(report, d, uses)

	var lowest, highest spec.Int
	for _, entry := range e.Entries {
		v, _ := f.entryValue(e, entry)
		if less(v, lowest) {
			lowest = v
		}
		if less(highest, v) {
			highest = v
		}
	}
	e.Bits = widest.bits
	e.Signed = allSigned || lowest.Neg && (anySigned || len(uses) == 0)
	if len(uses) == 0 {
		e.Bits = 32
		if r := enumRange(e); !r.holds(lowest) || !r.holds(highest) {
			e.Bits = 64
		}
	}
	f.fitEntries(report, d, widest)
}

// enumRange returns the type that an enum has so far.
func enumRange(e *ir.Enum) integer {
	sign := "u"
	if e.Signed {
		sign = "s"
	}
	r, _ := rangeOf(sign + strconv.Itoa(e.Bits))
	return r
}

// entryValue returns the value of the Go constant of an entry, and whether the entry has one: not every number is one of a bit.
func (f *family) entryValue(e *ir.Enum, entry *ir.Entry) (spec.Int, bool) {
	n := f.numbers[entry]
	switch {
	case !e.Flags:
		return n, true
	case n.Neg || n.Abs > 63:
		return spec.Int{}, false
	default:
		return spec.UintOf(1 << n.Abs), true
	}
}

// checkFlags checks that an enum whose numbers some attribute reads as bits has only numbers that can be bits.
func (f *family) checkFlags(report *diag.Report, d *definition, uses []use) {
	for _, u := range uses {
		if !u.asFlags {
			continue
		}
		for _, entry := range d.enu.Entries {
			if n := f.numbers[entry]; n.Neg || n.Abs > 63 {
				report.Errorf(entry.Pos, "entry %q of %q is %s, which %s %q cannot read as the number of a bit", entry.Name, d.name(), n, u.what, u.name).
					See(u.pos, "used here")
			}
		}
		return // One place is enough to show.
	}
}

// fitEntries computes the values of entries and checks that they fit the type of the enum.
func (f *family) fitEntries(report *diag.Report, d *definition, widest use) {
	e := d.enu
	r := enumRange(e)
	for _, entry := range e.Entries {
		v, ok := f.entryValue(e, entry)
		if !ok {
			continue
		}
		if !r.holds(v) {
			found := report.Errorf(entry.Pos, "the value of entry %q of %q, %s, does not fit into %s", entry.Name, d.name(), v, r)
			if widest.pos.IsValid() {
				found.See(widest.pos, "%s %q is its widest use", widest.what, widest.name)
			}
			continue
		}
		value, _ := bits(v)
		entry.Value = uint64(value)
	}
}
