package headers

import (
	"slices"
	"strings"

	"github.com/nlgen/nlgen/gen/ir"
)

// A Plan is what of families has a name in C.
type Plan struct {
	families []*family
	names    []*Name
}

// NewPlan lists what is to be compared.
func NewPlan(names []*Name, families []*ir.Family) *Plan {
	p := &Plan{names: names}
	for _, f := range families {
		p.families = append(p.families, collect(f, names))
	}
	return p
}

// Identifiers returns the names in C that constants have.
func (p *Plan) Identifiers() []string {
	var list []string
	for _, f := range p.families {
		for _, g := range f.groups {
			for _, x := range g.things {
				list = append(list, identifier.FindAllString(x.expression, -1)...)
			}
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// Unused returns the lines of names.txt that were not needed.
func (p *Plan) Unused() []*Name {
	return slices.DeleteFunc(slices.Clone(p.names), func(n *Name) bool { return n.used })
}

// A family is one with the names in C that it has things for.
type family struct {
	*ir.Family
	names  []*Name
	groups []*group
	named  map[string]bool
}

// A group is what one enum in C holds, mostly: a set, an enum, the operations.
type group struct {
	path   string
	things []thing
	shared bool // by families: what one does not have is another's
	flags  bool
}

// A thing has a number here and a name in C.
type thing struct {
	path       string
	expression string
	value      int64
	bit        int64 // of a flag: its number
	inner      bool  // programs do not see the name
}

// collect lists all of a family that has a number.
func collect(source *ir.Family, names []*Name) *family {
	f := &family{Family: source, names: names, named: map[string]bool{}}
	for _, x := range f.Consts {
		if !x.IsString {
			f.group("const", true).add(f, "const "+x.Name, x.C, x.Value)
		}
	}
	for _, e := range f.Enums {
		g := f.group(e.Name, false)
		g.flags = e.Flags
		for _, x := range e.Entries {
			g.add(f, e.Name+"/"+x.Name, x.C, int64(x.Value))
			if n := len(g.things); n > 0 {
				g.things[n-1].bit = x.Number
			}
		}
	}
	for _, s := range f.Sets {
		g := f.group(s.Name, s.Parent != nil) // What a subset does not have, its parent has.
		for _, a := range s.Attrs {
			g.add(f, s.Name+"/"+a.Name, a.C, int64(a.Number))
		}
	}
	for _, op := range f.Ops {
		g := f.group("op", true)
		g.add(f, "op "+op.Name, op.C, int64(op.Number))
		g.reply(f, "op "+op.Name+" do reply", op, op.Do)
		g.reply(f, "op "+op.Name+" dump reply", op, op.Dump)
	}
	if !f.Generic() {
		g := f.group("group", true)
		g.add(f, "family", "", int64(f.Protocol))
		for _, x := range f.Groups {
			g.add(f, "group "+x.Name, spell(x.Name), int64(x.ID))
		}
	}
	return f
}

// group returns the group of a path.
func (f *family) group(path string, shared bool) *group {
	for _, g := range f.groups {
		if g.path == path {
			return g
		}
	}
	f.groups = append(f.groups, &group{path: path, shared: shared})
	return f.groups[len(f.groups)-1]
}

func (g *group) add(f *family, path, name string, value int64) {
	e := f.expression(path, name)
	if e == none {
		return
	}
	e, inner := strings.CutPrefix(e, "kernel ")
	g.things = append(g.things, thing{path: path, expression: e, value: value, inner: inner})
	for _, name := range identifier.FindAllString(e, -1) {
		f.named[name] = true
	}
}

// reply adds the number of a reply. Most replies of generic netlink have the number of the request and no other name.
func (g *group) reply(f *family, path string, op *ir.Op, m *ir.Mode) {
	if m != nil && m.HasReply && (f.Directional || m.ReplyNumber != op.Number) {
		g.add(f, path, op.C+"_REPLY", int64(m.ReplyNumber))
	}
}
