package resolve

import (
	"github.com/nlgen/nlgen/gen/diag"
	"github.com/nlgen/nlgen/gen/ir"
	"github.com/nlgen/nlgen/gen/spec"
)

// maxPayload is the size of the largest payload that an attribute can have: its length, which counts the header, has 16 bits.
const maxPayload = 0xffff - 4

// maxMembers bounds the members of a struct, which are all visited in encoding one. Structs in structs multiply them, and those without
// a byte are not bounded by their size.
const maxMembers = 4096

// layout gives the members of structs their places, as a C compiler does on a 64-bit machine: an integer at a multiple of its size, an
// embedded struct at a multiple of its own alignment, bytes anywhere, and the whole a multiple of the largest alignment in it.
func (f *family) layout(report *diag.Report) {
	l := &layouts{family: f, report: report, state: map[*ir.Struct]int{}, broken: map[*ir.Struct]bool{}, count: map[*ir.Struct]int{}, arrays: f.arrays(report)}
	for _, d := range f.defList {
		if d.str != nil {
			l.layOut(d)
		}
	}
}

type layouts struct {
	*family
	report *diag.Report
	state  map[*ir.Struct]int
	count  map[*ir.Struct]int  // The members, with those of structs within.
	broken map[*ir.Struct]bool // An error was found; a struct around it cannot be laid out either.
	arrays map[string]Array    // What ends in an array, by the name of the struct.
}

const (
	laying = 1 // The struct is being laid out: to need it now is a cycle.
	laid   = 2
)

func (l *layouts) layOut(d *definition) {
	s := d.str
	if l.state[s] != 0 {
		return
	}
	l.state[s] = laying
	s.Align = 1
	seen := map[string]*ir.Member{}
	members := d.src.Members
	array, flexible := l.arrays[d.name()]
	if flexible {
		members = members[:len(members)-1]
	}
	for i, src := range members {
		m, align := l.member(d, src, i == len(d.src.Members)-1)
		if m == nil {
			continue
		}
		if first := seen[m.Name]; first != nil && m.Type != "pad" && first.Type != "pad" {
			l.report.Errorf(src.Name.Pos, "member %q of struct %q is declared twice", m.Name, s.Name).See(first.Pos, "first declared here")
			continue
		}
		seen[m.Name] = m
		m.Offset = roundUp(s.Size, align)
		if m.Offset+m.Size > maxPayload {
			l.report.Errorf(src.Name.Pos, "struct %q is larger than an attribute can be, %d bytes, with its member %q", s.Name, maxPayload, m.Name)
			l.broken[s] = true
			break
		}
		l.count[s]++
		if m.Struct != nil {
			l.count[s] += l.count[m.Struct]
		}
		if l.count[s] > maxMembers {
			l.report.Errorf(src.Name.Pos, "struct %q has more than %d members, with those of the structs in it", s.Name, maxMembers)
			l.broken[s] = true
			break
		}
		s.Size = m.Offset + m.Size
		s.Align = max(s.Align, align)
		s.Members = append(s.Members, m)
	}
	if flexible {
		l.array(d, array)
	}
	s.Size = roundUp(s.Size, s.Align)
	l.state[s] = laid
}

func roundUp(n, align int) int { return (n + align - 1) / align * align }

// member resolves a member but for its place, and returns its alignment; nil if it cannot be laid out, or has no bytes.
func (l *layouts) member(d *definition, src *spec.Member, last bool) (m *ir.Member, align int) {
	if !src.Name.Set || !src.Type.Set {
		return nil, 0
	}
	m = &ir.Member{
		Name:  src.Name.V,
		Doc:   cleanDoc(src.Doc.V),
		Type:  src.Type.V,
		Order: ir.Order(src.ByteOrder.V),
		Hint:  ir.Hint(src.DisplayHint.V),
		Pos:   src.Name.Pos,
	}
	number, isInt := rangeOf(m.Type)
	l.memberEnum(m, src, isInt)
	if src.Struct.Set && m.Type != "binary" {
		l.report.Errorf(src.Struct.Pos, "member %q is of type %s, only a binary can be a struct", m.Name, m.Type)
		return nil, 0
	}
	switch {
	case isInt:
		m.Size, align = number.bits/8, number.bits/8
		if n, ok := l.value(src.Len.V); src.Len.Set && (!ok || n != spec.IntOf(int64(m.Size))) {
			l.report.Warnf(src.Len.Pos, "the length of member %q is that of its type, %s", m.Name, m.Type)
		}
		if m.Size == 1 {
			m.Order = ir.Host
		}
		return m, align
	case src.Struct.Set:
		return l.embed(d, m, src)
	case src.Struct.Bad, src.Len.Bad:
		return nil, 0
	case !src.Len.Set && m.Type == "binary" && last:
		l.report.Warnf(m.Pos, "member %q at the end of struct %q has no length; what stands there is ignored", m.Name, d.name())
		return nil, 0
	case !src.Len.Set:
		l.report.Errorf(m.Pos, "member %q of type %s has no length", m.Name, m.Type)
		return nil, 0
	}
	m.Order = ir.Host // On bytes it is noise.
	n, ok := l.value(src.Len.V)
	switch {
	case !ok:
		l.report.Errorf(src.Len.Pos, "the length of member %q is neither a number nor a known const: %q", m.Name, src.Len.V.String())
		return nil, 0
	case n.Neg || n.Abs > maxPayload:
		l.report.Errorf(src.Len.Pos, "the length of member %q is %s, possible are 0 to %d", m.Name, n, maxPayload)
		return nil, 0
	}
	m.Size = int(n.Abs)
	return m, 1
}

func (l *layouts) memberEnum(m *ir.Member, src *spec.Member, isInt bool) {
	switch {
	case src.Enum.Set && !isInt:
		l.report.Warnf(src.Enum.Pos, "member %q is of type %s, which has no enum", m.Name, m.Type)
	case src.Enum.Set:
		m.Enum = l.enum(l.report, "member", m.Name, src.Enum)
		m.EnumFlags = m.Enum != nil && (m.Enum.Flags || src.EnumAsFlags.V)
	case src.EnumAsFlags.V && !src.Enum.Bad:
		l.report.Warnf(src.EnumAsFlags.Pos, "member %q has no enum to read as flags", m.Name)
	}
}

// embed resolves a member that is a struct.
func (l *layouts) embed(d *definition, m *ir.Member, src *spec.Member) (*ir.Member, int) {
	inner := l.structDef(l.report, "member", m.Name, src.Struct)
	if inner == nil {
		return nil, 0
	}
	if l.state[inner.str] == laying {
		report := l.report.Errorf(src.Struct.Pos, "struct %q contains itself", inner.name())
		if inner != d {
			report.See(d.pos(), "by way of %q", d.name())
		}
		return nil, 0
	}
	l.layOut(inner)
	if l.broken[inner.str] {
		l.broken[d.str] = true
		return nil, 0
	}
	if inner.str.Array != nil {
		l.report.Errorf(src.Struct.Pos, "member %q is struct %q, which ends in an array of any length", m.Name, inner.name()).See(inner.pos(), "declared here")
		l.broken[d.str] = true
		return nil, 0
	}
	m.Struct, m.Order = inner.str, ir.Host
	m.Size = inner.str.Size
	if n, ok := l.value(src.Len.V); src.Len.Set && (!ok || n != spec.IntOf(int64(m.Size))) {
		l.report.Warnf(src.Len.Pos, "the length of member %q is that of struct %q, %d bytes", m.Name, inner.name(), m.Size)
	}
	return m, inner.str.Align
}
