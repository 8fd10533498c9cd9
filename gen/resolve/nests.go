package resolve

import (
	"slices"

	"github.com/nlgen/nlgen/gen/diag"
	"github.com/nlgen/nlgen/gen/ir"
	"github.com/nlgen/nlgen/gen/kind"
)

// nests finds out what follows from how sets contain one another: which sets stand inside something, which contain themselves, and
// which need to know selectors of the sets around them.
func (f *family) nests(report *diag.Report) {
	g := newGraph(f.Family)
	for i, s := range f.Sets {
		s.Nest = len(g.outer[i]) > 0
	}
	g.markCycles()
	f.outerSelectors(report, g)
}

// graph holds what stands inside what. Its nodes are the sets of a family, by their places in Family.Sets, and behind them its
// sub-messages, which stand in sets and have the sets of their formats inside.
type graph struct {
	sets  []*ir.Set
	inner [][]int
	outer [][]int
}

func newGraph(f *ir.Family) *graph {
	nodes := len(f.Sets) + len(f.SubMessages)
	g := &graph{sets: f.Sets, inner: make([][]int, nodes), outer: make([][]int, nodes)}
	place := make(map[*ir.Set]int, len(f.Sets))
	for i, s := range f.Sets {
		place[s] = i
	}
	placeSub := make(map[*ir.SubMessage]int, len(f.SubMessages))
	for i, s := range f.SubMessages {
		placeSub[s] = len(f.Sets) + i
	}
	for i, s := range f.Sets {
		for _, a := range s.Attrs {
			if a.Nested != nil {
				g.inner[i] = append(g.inner[i], place[a.Nested])
			}
			if a.Sub != nil {
				g.inner[i] = append(g.inner[i], placeSub[a.Sub])
			}
		}
	}
	for i, s := range f.SubMessages {
		for _, format := range s.Formats {
			if format.Set != nil {
				g.inner[len(f.Sets)+i] = append(g.inner[len(f.Sets)+i], place[format.Set])
			}
		}
	}
	for i := range g.inner {
		slices.Sort(g.inner[i])
		g.inner[i] = slices.Compact(g.inner[i])
		for _, j := range g.inner[i] {
			g.outer[j] = append(g.outer[j], i)
		}
	}
	return g
}

// markCycles marks the sets that contain themselves: those in a strongly connected component of several sets, and those directly inside
// themselves. It is Tarjan's algorithm with a stack of its own, since a spec may nest very deep.
func (g *graph) markCycles() {
	n := len(g.inner)
	order := make([]int, n) // When a set was reached, from 1 on.
	low := make([]int, n)   // The earliest set on the stack that can be reached from it.
	onStack := make([]bool, n)
	var stack []int
	type frame struct{ set, next int }
	var calls []frame
	time := 0
	for root := range g.inner {
		if order[root] != 0 {
			continue
		}
		calls = append(calls[:0], frame{set: root})
		for len(calls) > 0 {
			c := &calls[len(calls)-1]
			v := c.set
			if c.next == 0 && order[v] == 0 {
				time++
				order[v], low[v] = time, time
				stack = append(stack, v)
				onStack[v] = true
			}
			if c.next < len(g.inner[v]) {
				w := g.inner[v][c.next]
				c.next++
				switch {
				case w == v:
					g.sets[v].Cyclic = true // NB: sub-messages are never directly inside themselves.
				case order[w] == 0:
					calls = append(calls, frame{set: w})
				case onStack[w]:
					low[v] = min(low[v], order[w])
				}
				continue
			}
			if low[v] == order[v] {
				at := len(stack) - 1
				for stack[at] != v {
					at--
				}
				for _, w := range stack[at:] {
					onStack[w] = false
					if w < len(g.sets) && len(stack)-at > 1 {
						g.sets[w].Cyclic = true
					}
				}
				stack = stack[:at]
			}
			calls = calls[:len(calls)-1]
			if len(calls) > 0 {
				u := calls[len(calls)-1].set
				low[u] = min(low[u], low[v])
			}
		}
	}
}

// maxOuter is how many selectors a family can look for in enclosing sets. It bounds the work below; one real spec has one.
const maxOuter = 64

// outerSelectors finds the selectors that sub-messages look for in the sets around their own. The first set outward whose spec has an
// attribute of the selector's name decides, so the search ends there.
func (f *family) outerSelectors(report *diag.Report, g *graph) {
	var names []string
	users := map[string][]*ir.Attr{}
	for _, s := range f.Sets {
		for _, a := range s.Attrs {
			if a.Selector == nil || a.Selector.Attr != nil {
				continue
			}
			if users[a.Selector.Name] == nil {
				if len(names) == maxOuter {
					report.Errorf(a.Pos, "attribute %q needs one more selector of enclosing sets, %q, than the %d that a family can have",
						a.Name, a.Selector.Name, maxOuter)
					return
				}
				names = append(names, a.Selector.Name)
			}
			users[a.Selector.Name] = append(users[a.Selector.Name], a)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		f.outerSelector(report, g, name, users[name])
	}
}

// outerSelector finds who needs and who has the selector of some name.
func (f *family) outerSelector(report *diag.Report, g *graph, name string, users []*ir.Attr) {
	using, has := make([]bool, len(g.inner)), make([]bool, len(g.inner))
	place := make(map[*ir.Set]int, len(f.setList))
	for i, s := range f.setList {
		place[s.Set] = i
		has[i] = s.attr(name) != nil
	}
	for _, a := range users {
		using[place[a.Set]] = true
	}
	// Inward from what has the selector: what is reached finds it.
	within, found := make([]bool, len(g.inner)), make([]bool, len(g.inner))
	for i, inner := range g.inner {
		for _, j := range inner {
			within[j] = within[j] || has[i]
		}
	}
	for _, i := range g.spread(within, g.inner, has) {
		found[i] = true
	}
	exists := slices.ContainsFunc(f.setList, func(s *set) bool { return s.attr(name) != nil || s.lost[name] })
	for _, a := range users {
		if i := place[a.Set]; !exists {
			own := f.setList[i]
			report.Errorf(own.attr(a.Name).src.Selector.Pos, "attribute %q has the selector %q, which no set has%s", a.Name, name,
				guess(f, name, own.attrs, (*attr).name))
		} else if !found[i] {
			report.Warnf(f.setList[i].attr(a.Name).src.Selector.Pos,
				"attribute %q has the selector %q, which neither set %q nor any set around it has; its content stays raw", a.Name, name, a.Set.Name)
		}
	}
	// Outward from the users: each set on the way needs the selector handed in, up to those that have it.
	for _, i := range g.spread(using, g.outer, has) {
		if i < len(g.sets) {
			g.sets[i].Outer = append(g.sets[i].Outer, name)
		}
		for _, j := range g.outer[i] {
			if !has[j] {
				continue
			}
			if selector := f.setList[j].attr(name); !kind.CanSelect(selector.Attr) && !report.Full() {
				user := g.userWithin(j, users, place, has)
				report.Errorf(selector.Pos, "attribute %q of set %q is the selector of %q, and must be a string, or an integer that is no set of flags", name, g.sets[j].Name, user.Name).
					See(user.Pos, "needed here")
			}
		}
	}
}

// userWithin returns the first of the users of a selector that find it in set j.
func (g *graph) userWithin(j int, users []*ir.Attr, place map[*ir.Set]int, has []bool) *ir.Attr {
	start, within := make([]bool, len(g.inner)), make([]bool, len(g.inner))
	for _, i := range g.inner[j] {
		start[i] = true
	}
	for _, i := range g.spread(start, g.inner, has) {
		within[i] = true
	}
	at := slices.IndexFunc(users, func(a *ir.Attr) bool { return within[place[a.Set]] })
	return users[at] // NB: j was reached from one of them.
}

// spread returns, in ascending order, the nodes that can be reached from those in start along edges, without going through one in stop.
// Those in stop are not among the result.
func (g *graph) spread(start []bool, edges [][]int, stop []bool) []int {
	reached := make([]bool, len(g.inner))
	var work []int
	reach := func(i int) {
		if !reached[i] && !stop[i] {
			reached[i] = true
			work = append(work, i)
		}
	}
	for i, ok := range start {
		if ok {
			reach(i)
		}
	}
	for len(work) > 0 {
		i := work[len(work)-1]
		work = work[:len(work)-1]
		for _, j := range edges[i] {
			reach(j)
		}
	}
	var list []int
	for i, ok := range reached {
		if ok {
			list = append(list, i)
		}
	}
	return list
}
