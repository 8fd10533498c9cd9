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
			f.group("const", true).add(f, thing{path: "const " + x.Name, expression: x.C, value: x.Value})
		}
	}
	for _, e := range f.Enums {
		g := f.group(e.Name, false)
		g.flags = e.Flags
		for _, x := range e.Entries {
			g.add(f, thing{path: e.Name + "/" + x.Name, expression: x.C, value: int64(x.Value), bit: x.Number})
		}
	}
	for _, s := range f.Sets {
		g := f.group(s.Name, s.Parent != nil) // What a subset does not have, its parent has.
		for _, a := range s.Attrs {
			g.add(f, thing{path: s.Name + "/" + a.Name, expression: a.C, value: int64(a.Number)})
		}
	}
	for _, op := range f.Ops {
		g := f.group("op", true)
		g.add(f, thing{path: "op " + op.Name, expression: op.C, value: int64(op.Number)})
		g.reply(f, "op "+op.Name+" do reply", op, op.Do)
		g.reply(f, "op "+op.Name+" dump reply", op, op.Dump)
	}
	if f.Generic() {
		f.group("family", true).add(f, thing{path: "version", expression: spell(f.Name) + "_FAMILY_VERSION", value: int64(f.Version)})
		return f
	}
	f.group("family", true).add(f, thing{path: "protocol", value: int64(f.Protocol)})
	for _, x := range f.Groups {
		f.group("group", true).add(f, thing{path: "group " + x.Name, expression: spell(x.Name), value: int64(x.ID)})
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

// add adds a thing, by the name that the kernel has for it: its expression is what the spec makes of it.
func (g *group) add(f *family, x thing) {
	x.expression = f.expression(x.path, x.expression)
	if x.expression == none {
		return
	}
	x.expression, x.inner = strings.CutPrefix(x.expression, "kernel ")
	g.things = append(g.things, x)
	for _, name := range identifier.FindAllString(x.expression, -1) {
		f.named[name] = true
	}
}

// reply adds the number of a reply. Most replies of generic netlink have the number of the request and no other name.
func (g *group) reply(f *family, path string, op *ir.Op, m *ir.Mode) {
	if m != nil && m.HasReply && (f.Directional || m.ReplyNumber != op.Number) {
		g.add(f, thing{path: path, expression: op.C + "_REPLY", value: int64(m.ReplyNumber)})
	}
}
