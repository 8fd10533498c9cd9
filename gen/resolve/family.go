package resolve

import (
	"github.com/nlgen/nlgen/gen/diag"
	"github.com/nlgen/nlgen/gen/goname"
	"github.com/nlgen/nlgen/gen/ir"
	"github.com/nlgen/nlgen/gen/spec"
)

// family is a family under construction: what is resolved so far, and by which names the passes find it again. The maps are looked
// into and never ranged over, so that all orders are those of the spec.
type family struct {
	*ir.Family
	src       *spec.Family
	opts      Options
	overrides []goname.Override

	defs    map[string]*definition // Consts, enums, flags and structs share one name space.
	defList []*definition
	byC     map[string]*ir.Const   // Consts by name-prefix and name.
	numbers map[*ir.Entry]spec.Int // The numbers of entries, with their signs.
	sets    map[string]*set
	setList []*set
	subs    map[string]*sub
	subList []*sub
	grps    map[string]*ir.Group
	opOf    map[string]*op
	opList  []*op // With those that only reserve a number.

	weight int // What is generated, as far as it is known.
	effort int // What may still be spent on guessing what was meant by unknown names.
}

// definition is a definition of the spec: just one of the pointers to its resolved form is not nil.
type definition struct {
	src *spec.Definition
	con *ir.Const
	enu *ir.Enum
	str *ir.Struct
}

// set is an attribute set. Its attrs run parallel to the Attrs of the ir.Set.
type set struct {
	*ir.Set
	src    *spec.AttributeSet
	parent *set
	attrs  []*attr
	index  map[string]int  // Where in attrs an attribute stands, by name.
	lost   map[string]bool // The attributes that were refused.
}

// attr is an attribute. Its src holds the keys that count: in a subset, those of the parent with those of the subset over them; in all
// sets, without those that the kind does not read.
type attr struct {
	*ir.Attr
	src    *spec.Attribute
	parent *attr           // In a subset, the attribute of the parent set,
	own    *spec.Attribute // and the keys that the subset writes itself.
	broken bool            // A reference leads nowhere, which was reported.
}

// sub is a sub-message.
type sub struct {
	*ir.SubMessage
	src *spec.SubMessage
}

// op is an operation. One that only reserves a number has none of do, dump, notify and event.
type op struct {
	*ir.Op
	src      *spec.Operation
	notifies []*op // The notifications that carry the reply of this operation.
	lost     bool  // Its number is not one.
	reply    form  // What its reply and its notifications have.
}

// form is the fixed header of a message and the set of its attributes; both may be nil.
type form struct {
	header *ir.Struct
	set    *ir.Set
	whole  bool // The message has all attributes of the set, whatever the spec lists.
}

func newFamily(s *spec.Family, opts Options, overrides []goname.Override) *family {
	return &family{
		Family:    new(ir.Family),
		src:       s,
		opts:      opts,
		overrides: overrides,
		defs:      map[string]*definition{},
		byC:       map[string]*ir.Const{},
		numbers:   map[*ir.Entry]spec.Int{},
		sets:      map[string]*set{},
		subs:      map[string]*sub{},
		grps:      map[string]*ir.Group{},
		opOf:      map[string]*op{},
		effort:    20_000,
	}
}

// fill makes the ir.Attrs and the index of a set from its attrs.
func (s *set) fill() {
	s.Attrs = make([]*ir.Attr, len(s.attrs))
	s.index = make(map[string]int, len(s.attrs))
	for i, a := range s.attrs {
		s.Attrs[i] = a.Attr
		s.index[a.Name] = i
	}
}

// attr returns the attribute with the given name, or nil.
func (s *set) attr(name string) *attr {
	if i, ok := s.index[name]; ok {
		return s.attrs[i]
	}
	return nil
}

// declare enters a named thing into its name space, and reports whether it may stay: a thing without a name was reported by the reader,
// one with the name of another is reported here.
func declare[T any](report *diag.Report, space map[string]T, what string, name spec.Val[string], v T, pos func(T) diag.Pos) bool {
	if !name.Set {
		return false
	}
	if first, ok := space[name.V]; ok {
		report.Errorf(name.Pos, "%s %q is declared twice", what, name.V).See(pos(first), "first declared here")
		return false
	}
	space[name.V] = v
	return true
}

// guess returns what to append to the message about an unknown name: the name that was probably meant, or nothing.
func guess[T any](f *family, name string, list []T, nameOf func(T) string) string {
	f.effort -= len(list)
	if f.effort < 0 {
		return ""
	}
	names := make([]string, len(list))
	for i, v := range list {
		names[i] = nameOf(v)
	}
	if meant := diag.Closest(name, names); meant != "" {
		return ", did you mean \"" + diag.Escape(meant) + "\"?"
	}
	return ""
}

func (d *definition) name() string  { return d.src.Name.V }
func (d *definition) pos() diag.Pos { return d.src.Name.Pos }
func (s *set) name() string         { return s.Name }
func (s *set) pos() diag.Pos        { return s.Pos }
func (a *attr) name() string        { return a.Name }
func (s *sub) name() string         { return s.Name }
func (s *sub) pos() diag.Pos        { return s.Pos }
func (o *op) name() string          { return o.Name }
func (o *op) pos() diag.Pos         { return o.Pos }
