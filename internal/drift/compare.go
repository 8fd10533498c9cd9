package drift

import (
	"fmt"
	"slices"
	"strings"

	"github.com/nlgen/nlgen/gen/ir"
)

// Compare compares our spec of a family with theirs.
func Compare(ours, theirs *ir.Family) *Comparison {
	c := &comparer{&Comparison{Family: ours.Name, Theirs: theirs.File}, map[[2]any]bool{}, map[any]bool{}}
	c.head(ours, theirs)
	c.groups(ours, theirs)
	c.ops(ours, theirs)
	c.rest(ours, theirs)
	slices.SortFunc(c.Differences, Order)
	return c.Comparison
}

// A comparer walks two specs.
type comparer struct {
	*Comparison
	pairs map[[2]any]bool // definitions that have been compared with each other
	met   map[any]bool    // definitions that have been compared with some
}

// meet reports whether two definitions are to be compared: both exist, and they have not met before. A definition that only one
// side has is a difference.
func meet[T any](c *comparer, path, what string, ours, theirs *T, name func(*T) string) bool {
	c.Facts++
	switch {
	case ours == nil && theirs == nil:
		return false
	case ours == nil:
		c.met[theirs] = true
		c.differ(path, what, absent, name(theirs))
		return false
	case theirs == nil:
		c.met[ours] = true
		c.differ(path, what, name(ours), absent)
		return false
	}
	c.met[ours], c.met[theirs] = true, true
	pair := [2]any{ours, theirs}
	if c.pairs[pair] {
		return false
	}
	c.pairs[pair] = true
	return true
}

// plain returns a name without what specs spell differently.
func plain(name string) string { return strings.ReplaceAll(strings.ToLower(name), "_", "-") }

func (c *comparer) head(ours, theirs *ir.Family) {
	Fact(c.Comparison, "family", "protocol", ours.Protocol, theirs.Protocol)
	Fact(c.Comparison, "family", "version", ours.Version, theirs.Version)
}

// groups compares multicast groups: by number where groups are joined by it, by name where the kernel is asked for the number.
func (c *comparer) groups(ours, theirs *ir.Family) {
	key := func(g *ir.Group) string { return g.Name }
	if !ours.Generic() {
		key = func(g *ir.Group) string { return fmt.Sprint(g.ID) }
	}
	match(ours.Groups, theirs.Groups, key, func(o, t *ir.Group) {
		switch {
		case o == nil:
			c.MissingHere("group "+t.Name, key(t))
		case t == nil:
			c.MissingThere("group "+o.Name, key(o))
		default:
			c.Facts++
			c.name("group "+o.Name, o.Name, t.Name)
		}
	})
}

// name notes that two things which are the same have different names.
func (c *comparer) name(path, ours, theirs string) {
	if plain(ours) != plain(theirs) {
		c.differ(path, "name", ours, theirs)
	}
}

// match calls f for each two things with the same key, and for those that only one side has, in the order of ours and then of theirs.
func match[T any, K comparable](ours, theirs []*T, key func(*T) K, f func(ours, theirs *T)) {
	at := map[K]*T{}
	for _, t := range theirs {
		if _, ok := at[key(t)]; !ok {
			at[key(t)] = t
		}
	}
	matched := map[K]bool{}
	for _, o := range ours {
		matched[key(o)] = true
		f(o, at[key(o)])
	}
	for _, t := range theirs {
		if !matched[key(t)] {
			f(nil, t)
		}
	}
}
