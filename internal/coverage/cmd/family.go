package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/nlgen/nlgen/gen/ir"
)

// A way is how something was seen.
type way uint8

const (
	sent way = 1 << iota
	came
)

// A family is what the messages show of one.
type family struct {
	*ir.Family
	seen    map[any]way    // operations, attributes, formats, members, entries
	unknown map[string]int // what messages had that the spec has not
}

func newFamily(f *ir.Family) *family {
	return &family{Family: f, seen: map[any]way{}, unknown: map[string]int{}}
}

func (f *family) see(x any, out bool) {
	if out {
		f.seen[x] |= sent
	} else {
		f.seen[x] |= came
	}
}

// add notes what was seen of the same family elsewhere.
func (f *family) add(more *family) {
	if f.Family != more.Family {
		return
	}
	for x, how := range more.seen {
		f.seen[x] |= how
	}
	for name, n := range more.unknown {
		f.unknown[name] += n
	}
}

func (f *family) note(unknown string) { f.unknown[unknown]++ }

// message takes a request or a reply.
func (f *family) message(name string, out bool, body []byte) bool {
	i := slices.IndexFunc(f.Ops, func(op *ir.Op) bool { return op.Name == name })
	if i < 0 {
		return false
	}
	op := f.Ops[i]
	f.see(op, out)
	w := walk{f, out}
	switch {
	case out:
		w.content(op.Header, op.Set, body, nil)
	case op.Reply != nil:
		w.content(op.Reply.Header, op.Reply.Set, body, nil)
	}
	return true
}

// event takes a notification.
func (f *family) event(number uint16, body []byte) bool {
	for _, ev := range f.Events {
		if ev.Number == number {
			f.see(ev.Op, false)
			walk{f, false}.content(ev.Message.Header, ev.Message.Set, body, nil)
			return true
		}
	}
	return false
}

// A part is one sort of what a family consists of.
type part struct {
	what  string
	names map[string]way
}

// parts lists everything that a family consists of, and how it was seen.
func (f *family) parts() []part {
	ops, attrs, formats, members, entries := map[string]way{}, map[string]way{}, map[string]way{}, map[string]way{}, map[string]way{}
	held := f.held()
	for _, op := range f.Ops {
		ops[op.Name] = f.seen[op]
	}
	for _, s := range f.Sets {
		for _, a := range s.Attrs {
			if s.Parent == nil && held[s] && a.Type != "pad" && a.Type != "unused" {
				attrs[s.Name+"/"+a.Name] = f.seen[a]
			}
		}
	}
	for _, s := range f.SubMessages {
		for _, x := range s.Formats {
			if held[s] && (x.Header != nil || x.Set != nil) { // Else there is nothing of it in a message.
				formats[s.Name+"/"+x.Value] = f.seen[x]
			}
		}
	}
	for _, s := range f.Structs {
		for _, m := range s.All() {
			if m.Type != "pad" && held[s] {
				members[s.Name+"/"+m.Name] = f.seen[m]
			}
		}
	}
	for _, e := range f.Enums {
		for _, x := range e.Entries {
			if held[e] {
				entries[e.Name+"/"+x.Name] = f.seen[x]
			}
		}
	}
	return []part{{"operations", ops}, {"attributes", attrs}, {"formats", formats}, {"members of structs", members}, {"values of enums", entries}}
}

// held returns the sets, sub-messages, structs and enums that messages hold. The others are of payloads that the spec leaves as bytes, or
// number something, such as the words of an array.
func (f *family) held() map[any]bool {
	held := map[any]bool{}
	var hold func(parts ...any)
	hold = func(parts ...any) {
		for _, x := range parts {
			if held[x] {
				continue
			}
			held[x] = true
			switch x := x.(type) {
			case *ir.Set:
				if x == nil {
					continue
				}
				hold(x.Parent)
				for _, a := range x.Attrs {
					hold(a.Nested, a.Sub, a.Struct, a.Enum)
				}
			case *ir.SubMessage:
				if x == nil {
					continue
				}
				for _, format := range x.Formats {
					hold(format.Header, format.Set)
				}
			case *ir.Struct:
				if x == nil {
					continue
				}
				for _, m := range x.All() {
					hold(m.Struct, m.Enum)
				}
			}
		}
	}
	for _, m := range f.Messages {
		hold(m.Header, m.Set)
	}
	return held
}

// report says what was seen and what was not.
func (f *family) report(w io.Writer, verbose bool) {
	fmt.Fprintf(w, "%s\n", f.Name)
	for _, p := range f.parts() {
		if len(p.names) == 0 {
			continue
		}
		never, onlySent, onlyCame := p.seen(0), p.seen(sent), p.seen(came)
		all := len(p.names)
		fmt.Fprintf(w, "  %d %s: %d sent, %d came, %d never seen\n", all, p.what, all-len(never)-len(onlyCame), all-len(never)-len(onlySent), len(never))
		list(w, "never seen", never)
		if verbose {
			list(w, "only sent", onlySent)
			list(w, "only came", onlyCame)
		}
	}
	list(w, "not in the spec", slices.Sorted(maps.Keys(f.unknown)))
}

// seen returns the names of what was seen in one way.
func (p *part) seen(how way) []string {
	var names []string
	for _, name := range slices.Sorted(maps.Keys(p.names)) {
		if p.names[name] == how {
			names = append(names, name)
		}
	}
	return names
}

// list prints names, those of one set or enum on a line.
func list(w io.Writer, what string, names []string) {
	for len(names) > 0 {
		of, _, found := strings.Cut(names[0], "/")
		n := 1
		for n < len(names) && found && strings.HasPrefix(names[n], of+"/") {
			n++
		}
		if !found {
			n = len(names)
		}
		fmt.Fprintf(w, "    %s: %s\n", what, strings.ReplaceAll(strings.Join(names[:n], " "), " "+of+"/", " "))
		names = names[n:]
	}
}
