package dynamic

import (
	"cmp"
	"slices"

	"github.com/nlgen/nlgen/gen/ir"
	"github.com/nlgen/nlgen/runtime/nlpolicy"
)

// tables are the policy tables of a family, made at run time. They serve to name
// the attributes that the kernel complains about, so they have no limits.
type tables struct {
	messages map[*ir.Op]*nlpolicy.Message
	sets     map[*ir.Set]*nlpolicy.Set
	structs  map[*ir.Struct]*nlpolicy.Struct
	enums    map[*ir.Enum]*nlpolicy.Enum
	subs     map[*ir.SubMessage]*nlpolicy.SubMsg
}

func newTables(f *ir.Family) *tables {
	t := &tables{
		messages: make(map[*ir.Op]*nlpolicy.Message, len(f.Ops)),
		sets:     make(map[*ir.Set]*nlpolicy.Set, len(f.Sets)),
		structs:  make(map[*ir.Struct]*nlpolicy.Struct, len(f.Structs)),
		enums:    make(map[*ir.Enum]*nlpolicy.Enum, len(f.Enums)),
		subs:     make(map[*ir.SubMessage]*nlpolicy.SubMsg, len(f.SubMessages)),
	}
	// Everything exists before it is filled in, since sets may contain themselves.
	for _, s := range f.Sets {
		t.sets[s] = &nlpolicy.Set{Name: s.Name}
	}
	for _, s := range f.Structs {
		t.structs[s] = &nlpolicy.Struct{Name: s.Name, Size: s.Size}
	}
	for _, s := range f.SubMessages {
		t.subs[s] = &nlpolicy.SubMsg{Name: s.Name}
	}
	for _, e := range f.Enums {
		t.enums[e] = enumTable(e)
	}
	for s, p := range t.structs {
		p.Members = t.members(s)
		if s.Array != nil {
			p.Array = &nlpolicy.Array{Member: t.member(s.Array.Member)}
			if s.Array.Count != nil {
				p.Array.Count = s.Array.Count.Name
			}
		}
	}
	for s, p := range t.subs {
		for _, x := range s.Formats {
			p.Formats = append(p.Formats, nlpolicy.Format{Value: x.Value, Header: t.structs[x.Header], Nested: t.ref(x.Set)})
		}
	}
	for s, p := range t.sets {
		p.Attrs = t.attrs(s)
	}
	for _, op := range f.Ops {
		t.messages[op] = &nlpolicy.Message{Family: f.Name, Op: op.Name, Header: t.structs[op.Header], Attrs: t.ref(op.Set)}
	}
	return t
}

// ref returns a reference to the table of a set, nil for none.
func (t *tables) ref(s *ir.Set) nlpolicy.Ref {
	if p := t.sets[s]; p != nil {
		return p
	}
	return nil // NB: a nil *Set would not be a nil Ref.
}

// attrs returns the rows of a set, ascending by number.
func (t *tables) attrs(s *ir.Set) []nlpolicy.Attr {
	rows := make([]nlpolicy.Attr, 0, len(s.Attrs))
	for _, a := range s.Attrs {
		rows = append(rows, t.attr(a))
	}
	slices.SortFunc(rows, func(a, b nlpolicy.Attr) int { return cmp.Compare(a.Number, b.Number) })
	return rows
}

func (t *tables) attr(a *ir.Attr) nlpolicy.Attr {
	p := nlpolicy.Attr{
		Name:   a.Name,
		Number: a.Number,
		Kind:   kindOf(a.Type),
		Elem:   kindOf(a.Elem),
		Flags:  flagsOf(a.Order, a.EnumFlags),
		Enum:   t.enums[a.Enum],
		Nested: t.ref(a.Nested),
		Struct: t.structs[a.Struct],
		Sub:    t.subs[a.Sub],
		Levels: a.Levels,
	}
	if a.Multi {
		p.Flags |= nlpolicy.Multi
	}
	if a.NetOrder {
		p.Flags |= nlpolicy.NetByteOrder
	}
	if a.Selector != nil {
		p.Selector = a.Selector.Name
	}
	if a.Type == "headed" {
		p.Kind = nlpolicy.Nest
	}
	if a.Type == "record" {
		p.Kind = nlpolicy.Binary
		p.Record = &nlpolicy.Record{Header: p.Struct, Length: a.Record.Length.Name, Nested: p.Nested}
		p.Struct, p.Nested = nil, nil
	}
	return p
}

func (t *tables) members(s *ir.Struct) []nlpolicy.Member {
	var rows []nlpolicy.Member
	for _, m := range s.Members {
		rows = append(rows, t.member(m))
	}
	return rows
}

func (t *tables) member(m *ir.Member) nlpolicy.Member {
	return nlpolicy.Member{
		Name:   m.Name,
		Offset: m.Offset,
		Size:   m.Size,
		Kind:   kindOf(m.Type),
		Flags:  flagsOf(m.Order, m.EnumFlags),
		Enum:   t.enums[m.Enum],
		Struct: t.structs[m.Struct],
	}
}

func enumTable(e *ir.Enum) *nlpolicy.Enum {
	p := &nlpolicy.Enum{Name: e.Name, Flags: e.Flags}
	for _, x := range e.Entries {
		p.Names = append(p.Names, nlpolicy.Value{Name: x.Name, Value: x.Value})
	}
	return p
}

// kindOf returns the kind with the name of an attribute type; [nlpolicy.Unused] if
// there is none.
func kindOf(typ string) nlpolicy.Kind {
	for k := nlpolicy.Unused; k <= nlpolicy.SubMessage; k++ {
		if k.String() == typ {
			return k
		}
	}
	return nlpolicy.Unused
}

func flagsOf(order ir.Order, enumFlags bool) nlpolicy.Flags {
	var f nlpolicy.Flags
	switch order {
	case ir.BigEndian:
		f = nlpolicy.BigEndian
	case ir.LittleEndian:
		f = nlpolicy.LittleEndian
	}
	if enumFlags {
		f |= nlpolicy.EnumFlags
	}
	return f
}
