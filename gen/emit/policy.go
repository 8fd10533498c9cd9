package emit

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/dave/jennifer/jen"

	"github.com/nlgen/nlgen/gen/ir"
	"github.com/nlgen/nlgen/gen/kind"
)

func policyName(m *ir.Message) string { return "policy" + m.Go }

// policies emits the static tables: one for each message, and those that they
// need.
func (g *generator) policies() []jen.Code {
	t := &tables{sets: map[*ir.Set]bool{}, structs: map[*ir.Struct]bool{}, subs: map[*ir.SubMessage]bool{}, refs: map[*ir.Set]bool{}}
	for _, m := range g.f.Messages {
		t.wantStruct(m.Header)
		if len(m.Attrs) > 0 || m.Set != nil {
			t.wantSet(m.Set)
		}
	}
	var decls []jen.Code
	for _, m := range g.f.Messages {
		decls = append(decls, t.message(g.f, m))
	}
	for _, s := range g.f.Sets {
		if t.sets[s] {
			decls = append(decls, t.set(s))
		}
	}
	for _, s := range g.f.SubMessages {
		if t.subs[s] {
			decls = append(decls, t.sub(s))
		}
	}
	for _, s := range g.f.Structs {
		if t.structs[s] {
			decls = append(decls, structTable(s))
		}
	}
	for _, e := range g.f.Enums {
		decls = append(decls, enumTable(e))
	}
	return decls
}

// tables knows which tables some message needs.
type tables struct {
	sets    map[*ir.Set]bool
	structs map[*ir.Struct]bool
	subs    map[*ir.SubMessage]bool
	refs    map[*ir.Set]bool // sets in cycles that some table refers to
}

func (t *tables) wantSet(s *ir.Set) {
	if s == nil || t.sets[s] {
		return
	}
	t.sets[s] = true
	for _, a := range s.Attrs {
		row := kind.Of(a).Row(a)
		t.wantRef(row.Nested)
		t.wantStruct(row.Struct)
		if row.Sub != nil && !t.subs[row.Sub] {
			t.subs[row.Sub] = true
			for _, f := range row.Sub.Formats {
				t.wantRef(f.Set)
				t.wantStruct(f.Header)
			}
		}
	}
}

// wantRef is wantSet for a set that another table refers to.
func (t *tables) wantRef(s *ir.Set) {
	if s != nil && s.Cyclic {
		t.refs[s] = true
	}
	t.wantSet(s)
}

func (t *tables) wantStruct(s *ir.Struct) {
	if s == nil || t.structs[s] {
		return
	}
	t.structs[s] = true
	for _, m := range s.All() {
		t.wantStruct(m.Struct)
	}
}

// key is name: value.
func key(name string, value jen.Code) jen.Code { return jen.Id(name).Op(":").Add(value) }

func policyID(name string) *jen.Statement { return jen.Qual(nlpolicy, name) }

func address(name string) *jen.Statement { return jen.Op("&").Id(name) }

// var name = p.T{ rows }
func table(name, typ string, values ...jen.Code) jen.Code {
	return jen.Var().Id(name).Op("=").Qual(nlpolicy, typ).Values(values...).Line()
}

// rows is []T{ ... } with one row a line.
func rows(typ *jen.Statement, list []jen.Code) jen.Code {
	return jen.Index().Add(typ).Custom(jen.Options{Open: "{", Close: "}", Separator: ",", Multi: true}, list...)
}

// var policyAddRequest = p.Message{Family: "fou", Op: "add", Attrs: &setFouAttrs, Accept: []uint16{1}}
func (t *tables) message(f *ir.Family, m *ir.Message) jen.Code {
	values := []jen.Code{key("Family", jen.Lit(f.Name)), key("Op", jen.Lit(m.Op.Name))}
	if m.Header != nil {
		values = append(values, key("Header", address("struct"+m.Header.Go)))
	}
	if m.Set != nil {
		values = append(values, key("Attrs", t.ref(m.Set, false)))
	}
	if m.Request && (m.Set == nil || len(m.Attrs) < len(fieldsOf(m.Set.Attrs))) {
		values = append(values, key("Accept", jen.Index().Uint16().Values(accepted(m)...)))
	}
	return table(policyName(m), "Message", values...)
}

// accepted lists the numbers of the message's attributes, ascending.
func accepted(m *ir.Message) []jen.Code {
	var list []jen.Code
	for _, a := range byNumber(m.Attrs) {
		list = append(list, jen.Lit(int(a.Number)))
	}
	return list
}

func byNumber(attrs []*ir.Attr) []*ir.Attr {
	return slices.SortedFunc(slices.Values(attrs), func(a, b *ir.Attr) int { return cmp.Compare(a.Number, b.Number) })
}

// ref is &setX, or refX{} where a set contains itself: Go admits no cycles
// between variables.
func (t *tables) ref(s *ir.Set, inside bool) *jen.Statement {
	if inside && s.Cyclic {
		return jen.Id("ref" + s.Go).Values()
	}
	return address("set" + s.Go)
}

func (t *tables) set(s *ir.Set) jen.Code {
	var list []jen.Code
	for _, a := range byNumber(s.Attrs) {
		list = append(list, jen.Values(t.attr(a)...))
	}
	values := []jen.Code{key("Name", jen.Lit(s.Name))}
	if len(list) > 0 {
		values = append(values, key("Attrs", rows(policyID("Attr"), list)))
	}
	d := table("set"+s.Go, "Set", values...)
	if !t.refs[s] {
		return d
	}
	ref := "ref" + s.Go
	return group([]jen.Code{
		d,
		jen.Comment("// " + ref + " refers to set" + s.Go + " from within."),
		jen.Type().Id(ref).Struct(),
		jen.Line(),
		jen.Func().Params(jen.Id(ref)).Id("Set").Params().Op("*").Qual(nlpolicy, "Set").Block(jen.Return(address("set" + s.Go))),
	})
}

// attr is {Name: "port", Number: 1, Kind: p.U16, Flags: p.BigEndian}.
func (t *tables) attr(a *ir.Attr) []jen.Code {
	r := kind.Of(a).Row(a)
	row := []jen.Code{key("Name", jen.Lit(a.Name)), key("Number", jen.Lit(int(a.Number))), key("Kind", policyID(r.Kind))}
	if r.Elem != "" {
		row = append(row, key("Elem", policyID(r.Elem)))
	}
	if f := flags(a); f != nil {
		row = append(row, key("Flags", f))
	}
	if a.Hint != ir.NoHint {
		row = append(row, key("Hint", policyID(hints[a.Hint])))
	}
	if a.Checks != nil {
		if l := limits(a.Checks); len(l) > 0 {
			row = append(row, key("Limits", jen.Op("&").Qual(nlpolicy, "Limits").Values(l...)))
		}
	}
	if a.Enum != nil {
		row = append(row, key("Enum", address("enum"+a.Enum.Go)))
	}
	if r.Record != nil {
		return append(row, key("Record", t.record(r)))
	}
	if r.Nested != nil {
		row = append(row, key("Nested", t.ref(r.Nested, true)))
	}
	if r.Struct != nil {
		row = append(row, key("Struct", address("struct"+r.Struct.Go)))
	}
	if r.Sub != nil {
		row = append(row, key("Sub", address("sub"+r.Sub.Go)), key("Selector", jen.Lit(a.Selector.Name)))
	}
	if len(r.Levels) > 0 {
		var names []jen.Code
		for _, l := range r.Levels {
			names = append(names, jen.Lit(l))
		}
		row = append(row, key("Levels", jen.Index().String().Values(names...)))
	}
	return row
}

func (t *tables) record(r kind.Row) jen.Code {
	values := []jen.Code{key("Header", address("struct"+r.Struct.Go)), key("Length", jen.Lit(r.Record.Length.Name))}
	if r.Nested != nil {
		values = append(values, key("Nested", t.ref(r.Nested, true)))
	}
	return jen.Op("&").Qual(nlpolicy, "Record").Values(values...)
}

var hints = map[ir.Hint]string{ir.Hex: "Hex", ir.MAC: "MAC", ir.FDDI: "FDDI", ir.IPv4: "IPv4", ir.IPv6: "IPv6",
	ir.IPv4OrV6: "IPv4OrV6", ir.UUID: "UUID"}

// flags joins what deviates from the plain form of a kind.
func flags(a *ir.Attr) *jen.Statement {
	return joined(a.Order, a.Multi, a.Enum != nil && a.EnumFlags && !a.Enum.Flags, a.Checks != nil && a.Checks.Unterminated, a.NetOrder)
}

func joined(order ir.Order, multi, enumFlags, unterminated, netOrder bool) *jen.Statement {
	var s *jen.Statement
	for _, f := range []struct {
		name string
		set  bool
	}{
		{"BigEndian", order == ir.BigEndian},
		{"LittleEndian", order == ir.LittleEndian},
		{"Multi", multi},
		{"EnumFlags", enumFlags},
		{"Unterminated", unterminated},
		{"NetByteOrder", netOrder},
	} {
		switch {
		case !f.set:
		case s == nil:
			s = policyID(f.name)
		default:
			s.Op("|").Add(policyID(f.name))
		}
	}
	return s
}

// limits are the checks of an attribute.
func limits(c *ir.Checks) []jen.Code {
	var has *jen.Statement
	var values []jen.Code
	add := func(flag, field, value string) {
		if has == nil {
			has = policyID(flag)
		} else {
			has.Op("|").Add(policyID(flag))
		}
		values = append(values, key(field, jen.Id(value)))
	}
	if c.Min != nil {
		add("HasMin", "Min", strconv.FormatInt(c.Min.Value, 10))
	}
	if c.Max != nil {
		add("HasMax", "Max", strconv.FormatInt(c.Max.Value, 10))
	}
	if c.Mask != nil {
		add("HasMask", "Mask", "0x"+strconv.FormatUint(*c.Mask, 16))
	}
	if c.MinLen != nil {
		add("HasMinLen", "MinLen", strconv.Itoa(*c.MinLen))
	}
	if c.MaxLen != nil {
		add("HasMaxLen", "MaxLen", strconv.Itoa(*c.MaxLen))
	}
	if c.ExactLen != nil {
		add("HasExactLen", "Exact", strconv.Itoa(*c.ExactLen))
	}
	if has == nil {
		return nil
	}
	return append([]jen.Code{key("Has", has)}, values...)
}

func (t *tables) sub(s *ir.SubMessage) jen.Code {
	var list []jen.Code
	for _, f := range s.Formats {
		row := []jen.Code{key("Value", jen.Lit(f.Value))}
		if f.Header != nil {
			row = append(row, key("Header", address("struct"+f.Header.Go)))
		}
		if f.Set != nil {
			row = append(row, key("Nested", t.ref(f.Set, true)))
		}
		list = append(list, jen.Values(row...))
	}
	return table("sub"+s.Go, "SubMsg", key("Name", jen.Lit(s.Name)), key("Formats", rows(policyID("Format"), list)))
}

// structTable leaves padding out: the member behind it has its offset.
func structTable(s *ir.Struct) jen.Code {
	var list []jen.Code
	end := 0
	for _, m := range s.Members {
		if m.Type != "pad" {
			list = append(list, jen.Values(memberRow(m, end)...))
			end = m.Offset + m.Size
		}
	}
	values := []jen.Code{key("Name", jen.Lit(s.Name)), key("Size", jen.Lit(s.Size)), key("Members", rows(policyID("Member"), list))}
	if s.Array != nil {
		array := []jen.Code{key("Member", policyID("Member").Values(memberRow(s.Array.Member, s.Array.Member.Offset)...))}
		if s.Array.Count != nil {
			array = append(array, key("Count", jen.Lit(s.Array.Count.Name)))
		}
		values = append(values, key("Array", jen.Op("&").Qual(nlpolicy, "Array").Values(array...)))
	}
	return table("struct"+s.Go, "Struct", values...)
}

// memberRow describes a member behind one that ends at an offset.
func memberRow(m *ir.Member, end int) []jen.Code {
	row := []jen.Code{key("Name", jen.Lit(m.Name))}
	if m.Offset != end {
		row = append(row, key("Offset", jen.Lit(m.Offset)))
	}
	row = append(row, key("Size", jen.Lit(m.Size)))
	if k := memberKind(m); k != "" {
		row = append(row, key("Kind", policyID(k)))
	}
	if f := joined(m.Order, false, m.Enum != nil && m.EnumFlags && !m.Enum.Flags, false, false); f != nil {
		row = append(row, key("Flags", f))
	}
	if m.Hint != ir.NoHint {
		row = append(row, key("Hint", policyID(hints[m.Hint])))
	}
	if m.Enum != nil {
		row = append(row, key("Enum", address("enum"+m.Enum.Go)))
	}
	if m.Struct != nil {
		row = append(row, key("Struct", address("struct"+m.Struct.Go)))
	}
	return row
}

// memberKind is empty for unsigned integers, where the size says all, and for structs.
func memberKind(m *ir.Member) string {
	switch m.Type {
	case "binary":
		if m.Struct != nil {
			return ""
		}
		return "Binary"
	case "string":
		return "String"
	}
	if m.Type[0] == 's' {
		return "S" + strconv.Itoa(8*m.Size)
	}
	return ""
}

// valueRow leaves out a zero, as the zero value is.
func valueRow(name, value string) jen.Code {
	row := []jen.Code{key("Name", jen.Lit(name))}
	if value != "0" && value != "0x0" {
		row = append(row, key("Value", jen.Id(value)))
	}
	return jen.Values(row...)
}

func enumTable(e *ir.Enum) jen.Code {
	values := []jen.Code{key("Name", jen.Lit(e.Name))}
	if e.Flags {
		values = append(values, key("Flags", jen.True()))
	}
	var list []jen.Code
	for _, entry := range e.Entries {
		v := strconv.FormatUint(entry.Value, 10)
		switch {
		case e.Flags:
			v = "0x" + strconv.FormatUint(entry.Value&(1<<e.Bits-1), 16)
		case e.Signed && int64(entry.Value) < 0:
			v = "0x" + strconv.FormatUint(entry.Value, 16)
		}
		list = append(list, valueRow(entry.Name, v))
	}
	if len(list) > 0 {
		values = append(values, key("Names", rows(policyID("Value"), list)))
	}
	return table("enum"+e.Go, "Enum", values...)
}
