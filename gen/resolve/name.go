package resolve

import (
	"strings"

	"github.com/nlgen/nlgen/gen/diag"
	"github.com/nlgen/nlgen/gen/goname"
	"github.com/nlgen/nlgen/gen/ir"
	"github.com/nlgen/nlgen/gen/kind"
)

// name decides all Go names, by the rule in style.md and nowhere else. Names depend on nothing but the declaration that they stand
// for, so they do not change when a spec grows; two declarations that would get one name are an error.
func (f *family) name(report *diag.Report) {
	n := &namer{family: f, report: report, renames: newRenames(report, f), stripped: map[Strip]bool{}, pkg: scope{}, refused: map[decl]bool{}}
	n.pkg.reserve("Client", "New", "Family", "Event", "UnknownEvent", "Handler", "UnimplementedHandler", "NewService", "Serve",
		"TestRoundTrip", "TestService", "FuzzDecode")
	n.definitions()
	n.sets()
	n.selectors()
	n.submessages()
	n.operations()
	n.groups()
	n.renames.unneeded(report, f.Name)
	n.unstripped()
}

type namer struct {
	*family
	report   *diag.Report
	renames  *renames
	stripped map[Strip]bool // The prefixes that some name has.
	pkg      scope          // The names at package level.
	refused  map[decl]bool  // What has collided. One collision of a declaration is enough, others mostly follow from it.
}

// scope holds the Go names of one name space, with what they stand for.
type scope map[string]decl

// decl is a declaration of the spec. The zero decl is generated code itself.
type decl struct {
	kind string
	name string
	pos  diag.Pos
}

func (s scope) reserve(names ...string) {
	for _, name := range names {
		s[name] = decl{}
	}
}

// claim enters a Go name into a scope, or reports that it is taken.
func (n *namer) claim(s scope, name string, d decl) string {
	first, taken := s[name]
	if !taken {
		s[name] = d
		return name
	}
	switch {
	case n.refused[d]:
	case first.kind == "":
		n.report.Errorf(d.pos, "%s %q becomes Go name %s, which generated code needs for itself; give it another one in nlgen.yaml", d.kind, d.name, name)
	default:
		n.report.Errorf(d.pos, "%s %q and %s %q both become Go name %s; give one another name in nlgen.yaml", d.kind, d.name, first.kind, first.name, name).
			See(first.pos, "%s %q", first.kind, first.name)
	}
	n.refused[d] = true
	return name
}

// camel returns what the Go names of a declaration are made from: the name of an exception, or the spec's own in camel case. It returns
// false, with an error, if there is no such name.
func (n *namer) camel(d decl, path ...string) (string, bool) {
	return n.camelOf(d, d.name, path...)
}

// camelOf is camel for a declaration whose Go names are made from another text than its name.
func (n *namer) camelOf(d decl, text string, path ...string) (string, bool) {
	text = n.strip(text, path)
	camel, problem := "", goname.Problem(text)
	if problem == "" {
		camel = goname.Camel(text)
	}
	if r := n.renames.find(path...); r != nil {
		r.used = true
		r.idle = r.name == goname.Exported(camel)
		camel = r.name
		if printable(d.name) {
			problem = ""
		}
	}
	if problem != "" {
		n.report.Errorf(d.pos, "%s name %q %s", d.kind, d.name, problem)
	} else if formal[d.kind] && !isFormal(d.name) {
		n.report.Warnf(d.pos, "%s name %q has characters that the ynl schemas do not admit there", d.kind, d.name)
	}
	return camel, problem == ""
}

// formal lists the kinds of declarations whose names the schemas restrict. NB: underscores are left in peace, many specs have them.
var formal = map[string]bool{"const": true, "enum": true, "flags": true, "struct": true, "attribute set": true, "attribute": true, "operation": true}

func isFormal(name string) bool {
	return name[0] != '-' && !strings.ContainsFunc(name, func(r rune) bool { return r == ' ' || 'A' <= r && r <= 'Z' })
}

func (n *namer) definitions() {
	for _, d := range n.defList {
		if d.con != nil && d.con.Kernel {
			continue // Only limits name it.
		}
		at := decl{d.src.Type.V, d.name(), d.pos()}
		camel, ok := n.camel(at, "definitions", at.name)
		if !ok {
			continue
		}
		switch {
		case d.con != nil:
			d.con.Go = n.claim(n.pkg, goname.Exported(camel), at)
		case d.enu != nil:
			d.enu.Go = n.claim(n.pkg, goname.Exported(camel), at)
			n.claim(n.pkg, "Parse"+d.enu.Go, at)
			n.entries(d.enu)
		default:
			d.str.Go = n.claim(n.pkg, goname.Exported(camel), at)
			n.members(d.str)
		}
	}
}

func (n *namer) entries(e *ir.Enum) {
	for _, entry := range e.Entries {
		at := decl{"entry", entry.Name, entry.Pos}
		if camel, ok := n.camel(at, "definitions", e.Name, at.name); ok {
			entry.Go = n.claim(n.pkg, e.Go+camel, at)
		}
	}
}

func (n *namer) members(s *ir.Struct) {
	fields := scope{}
	fields.reserve("AppendBinary", "UnmarshalBinary", "MarshalJSON", "UnmarshalJSON")
	for _, m := range s.All() {
		at := decl{"member", m.Name, m.Pos}
		if m.Type == "pad" {
			continue
		}
		if camel, ok := n.camel(at, "definitions", s.Name, at.name); ok {
			m.Go = n.claim(fields, goname.Exported(camel), at)
		}
	}
}

func (n *namer) sets() {
	headed := n.headedSets()
	records := map[*ir.Record]bool{}
	for _, s := range n.setList {
		at := decl{"attribute set", s.Name, s.Pos}
		camel, ok := n.camel(at, "attribute-sets", at.name)
		if !ok {
			continue
		}
		base := goname.Base(camel, "Attributes", "Attribute", "Attrs", "Attr")
		s.Go = n.claim(n.pkg, goname.Exported(base+"Attrs"), at)
		fields := scope{}
		fields.reserve("Unknown", "EncodeTo", "DecodeFrom", "AppendBinary", "UnmarshalBinary", "Validate", "MarshalJSON", "UnmarshalJSON")
		if headed[s.Set] {
			fields.reserve("Header")
		}
		for _, a := range s.attrs {
			n.attr(s, a, "Attr"+base, fields)
			if a.Record != nil && !records[a.Record] {
				records[a.Record] = true
				n.claim(n.pkg, a.Record.Go, decl{"record", a.Name, a.Pos})
			}
		}
	}
}

// headedSets returns the sets whose attributes stand in a Go type beside a fixed header.
func (n *namer) headedSets() map[*ir.Set]bool {
	headed := map[*ir.Set]bool{}
	for _, m := range n.Messages {
		if m.Header != nil && m.Set != nil {
			headed[m.Set] = true
		}
	}
	for _, s := range n.SubMessages {
		for _, format := range s.Formats {
			if format.Header != nil && format.Set != nil {
				headed[format.Set] = true
			}
		}
	}
	for _, s := range n.Sets {
		for _, a := range s.Attrs {
			if a.Record != nil && a.Nested != nil {
				headed[a.Nested] = true
			}
		}
	}
	return headed
}

// attr names an attribute. In a subset it has the names of the parent's; only the field can have another one.
func (n *namer) attr(s *set, a *attr, prefix string, fields scope) {
	at := decl{"attribute", a.Name, a.Pos}
	var camel string
	if r := n.renames.find("attribute-sets", s.Name, a.Name); a.parent != nil && r == nil {
		camel = a.parent.Go
		if camel == "" {
			return // The parent's name was refused.
		}
	} else {
		var ok bool
		if camel, ok = n.camel(at, "attribute-sets", s.Name, a.Name); !ok {
			return
		}
	}
	a.Go = goname.Exported(camel)
	if a.Presence != ir.Never {
		n.claim(fields, a.Go, at)
	}
	if a.parent != nil {
		a.Const = a.parent.Const
	} else {
		a.Const = n.claim(n.pkg, prefix+camel, at)
	}
}

// selectors makes sure that the texts of selectors are told apart where generated functions hand them inward.
func (n *namer) selectors() {
	params, seen := scope{}, map[string]bool{}
	for _, s := range n.setList {
		for _, a := range s.attrs {
			if a.Selector != nil && !seen[a.Selector.Name] {
				seen[a.Selector.Name] = true
				n.claim(params, kind.Param(a.Selector.Name), decl{"selector", a.Selector.Name, a.src.Selector.Pos})
			}
		}
	}
}

func (n *namer) submessages() {
	for _, s := range n.subList {
		at := decl{"sub-message", s.Name, s.Pos}
		camel, ok := n.camel(at, "sub-messages", s.Name)
		if !ok {
			continue
		}
		base := goname.Base(camel, "Msg")
		s.Go = n.claim(n.pkg, goname.Exported(base+"Msg"), at)
		s.RawGo = n.claim(n.pkg, goname.Exported(base+"Raw"), at)
		users := map[string]int{}
		for _, format := range s.Formats {
			n.format(s, format, base)
			users[format.Go]++
		}
		for _, format := range s.Formats {
			format.Sharing = format.Go != "" && users[format.Go] > 1
		}
	}
}

// format names the type of a format: that of the set or the header if there is just one of them, else a type of its own.
func (n *namer) format(s *sub, format *ir.Format, base string) {
	r := n.renames.find("sub-messages", s.Name, format.Value)
	format.Own = format.Header != nil && format.Set != nil
	switch {
	case format.Own:
		at := decl{"format", format.Value, format.Pos}
		if camel, ok := n.camelOf(at, goname.Clean(format.Value), "sub-messages", s.Name, format.Value); ok {
			format.Go = n.claim(n.pkg, goname.Exported(base+camel), at)
		}
		return
	case format.Set != nil:
		format.Go = format.Set.Go
	case format.Header != nil:
		format.Go = format.Header.Go
	}
	if r != nil {
		r.used = true
		n.report.Errorf(r.pos, "format %q of sub-message %q has no type of its own to give a Go name to", format.Value, s.Name)
	}
}

func (n *namer) operations() {
	methods := scope{}
	methods.reserve("Subscribe")
	events := map[*ir.Op]*ir.Event{}
	for _, e := range n.Events {
		events[e.Op] = e
	}
	for _, o := range n.Ops {
		at := decl{"operation", o.Name, o.Pos}
		camel, ok := n.camel(at, "operations", o.Name)
		if !ok {
			continue
		}
		o.Go = goname.Exported(camel)
		o.Const = n.claim(n.pkg, "Cmd"+camel, at)
		if o.Do != nil || o.Dump != nil {
			n.claim(n.pkg, "Op"+camel, at)
		}
		if o.Do != nil {
			n.claim(methods, o.Go, at)
			o.Do.Request.Go = n.claim(n.pkg, o.Go+"Request", at)
		}
		if o.Dump != nil {
			for _, suffix := range []string{"Dump", "DumpInto", "Collect"} {
				n.claim(methods, o.Go+suffix, at)
			}
			o.Dump.Request.Go = n.claim(n.pkg, o.Go+"DumpRequest", at)
		}
		if e := events[o]; e != nil {
			e.Go = n.claim(n.pkg, eventName(o.Go), at)
		}
		// NB: a notification mostly has the reply of another operation, which that one names.
		if o.Reply != nil && o.Reply.Op == o {
			suffix := "Reply"
			if o.Event || o.Notify != nil {
				suffix = "Message"
			}
			o.Reply.Go = n.claim(n.pkg, o.Go+suffix, at)
		}
	}
}

// eventName returns the type of a notification or event: the operation's name, which must tell that it is one.
func eventName(op string) string {
	if strings.HasSuffix(op, "Ntf") || strings.HasSuffix(op, "Event") {
		return op
	}
	return op + "Event"
}

func (n *namer) groups() {
	for _, g := range n.Groups {
		at := decl{"multicast group", g.Name, g.Pos}
		text := g.Name
		// All groups of rtnetlink have the same first word, RTNLGRP in C.
		if words := goname.Words(text); len(words) > 1 && strings.EqualFold(words[0], "rtnlgrp") {
			text = strings.Join(words[1:], "-")
		}
		camel, ok := n.camelOf(at, text, "mcast-groups", g.Name)
		if !ok {
			continue
		}
		g.Go = n.claim(n.pkg, "Group"+camel, at)
	}
}
