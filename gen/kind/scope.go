package kind

import (
	"go/doc"
	"go/token"
	"regexp"
	"slices"

	"github.com/dave/jennifer/jen"

	"github.com/nlgen/nlgen/gen/goname"
	"github.com/nlgen/nlgen/gen/ir"
)

// Scope is the type whose encode or decode is being written.
type Scope struct {
	Set    *ir.Set
	Fields []*ir.Attr // the attributes that the type has a field for
	// Derived lists the selectors that encode holds in a local variable, since
	// their value may follow from the content they choose.
	Derived []*ir.Attr
	// Inner says that encode and decode take the outer selectors of the set as
	// parameters. Messages have nothing around them.
	Inner bool
}

// Param returns the parameter that carries the text of an outer selector. Where its
// name would hide another, it ends in what no other name ends in.
func Param(selector string) string {
	name := goname.Unexported(goname.Camel(selector))
	if token.IsKeyword(name) || doc.IsPredeclared(name) || taken.MatchString(name) {
		return name + "Text"
	}
	return name
}

// taken matches the names of other variables, packages and functions in the bodies
// where a parameter may stand.
var taken = regexp.MustCompile(`^(.|.*[0-9]|typ|selector|nest|array|list|entry|rec|back|at|ok|start|odd|pick|` +
	`nlattr|nlpolicy|net|netip|(at|encode|decode|sample)[A-Z].*)$`)

// Local returns the variable that holds a derived selector in encode.
func Local(a *ir.Attr) string { return Param(a.Name) }

// selecting is a kind whose values can choose the format of a sub-message.
type selecting interface {
	// Text returns the text that the optional value opt chooses by.
	Text(a *ir.Attr, opt *jen.Statement) *jen.Statement
	// FromText returns the optional value for an optional text.
	FromText(a *ir.Attr, text *jen.Statement) *jen.Statement
	// Choose returns the value whose text is the one given, if there is one.
	Choose(a *ir.Attr, text string) (*jen.Statement, bool)
}

// CanSelect reports whether the attribute can choose the format of a sub-message. A
// set of flags is no one value.
func CanSelect(a *ir.Attr) bool {
	_, ok := Of(a).(selecting)
	return ok && a.Presence == ir.Opt && !a.EnumFlags
}

// FromText returns the optional value of a selector for an optional text.
func FromText(a *ir.Attr, text *jen.Statement) *jen.Statement {
	return Of(a).(selecting).FromText(a, text)
}

// Choose returns the value of a selector that chooses by the given text, if there
// is one.
func Choose(a *ir.Attr, text string) (*jen.Statement, bool) {
	return Of(a).(selecting).Choose(a, text)
}

// Has reports whether the type has a field for the attribute.
func (s *Scope) Has(a *ir.Attr) bool { return slices.Contains(s.Fields, a) }

// Selector returns the text of the selector with the given name: of the field of
// this type if its set defines the selector, else of the parameter that brings it
// from an enclosing one.
func (s *Scope) Selector(name string) *jen.Statement {
	a := s.Set.Attr(name)
	switch {
	case a == nil && s.Inner && slices.Contains(s.Set.Outer, name):
		return jen.Id(Param(name))
	case a == nil, !s.Has(a), !CanSelect(a):
		return jen.Lit("")
	}
	opt := jen.Id("x").Dot(a.Go)
	if slices.Contains(s.Derived, a) {
		opt = jen.Id(Local(a))
	}
	return Of(a).(selecting).Text(a, opt)
}

// outer returns the texts of the selectors that a set takes as parameters.
func (s *Scope) outer(set *ir.Set) []jen.Code {
	var args []jen.Code
	for _, name := range set.Outer {
		args = append(args, s.Selector(name))
	}
	return args
}

// Late reports whether the attribute can be decoded only when all others of its
// set are: a selector that stands beside it chooses what it holds.
func (s *Scope) Late(a *ir.Attr) bool {
	has := func(name string) bool {
		sel := s.Set.Attr(name)
		return sel != nil && s.Has(sel)
	}
	if a.Nested != nil && slices.ContainsFunc(a.Nested.Outer, has) {
		return true
	}
	if a.Sub == nil {
		return false
	}
	return a.Selector != nil && has(a.Selector.Name) || slices.ContainsFunc(SubOuter(a.Sub), has)
}

// SubOuter lists the selectors that the formats of a sub-message look for outside
// of it. Functions over the sub-message take each as a parameter.
func SubOuter(sub *ir.SubMessage) []string {
	var names []string
	for _, f := range sub.Formats {
		if f.Set == nil {
			continue
		}
		for _, name := range f.Set.Outer {
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return names
}
