package headers

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/nlgen/nlgen/gen/ir"
	"github.com/nlgen/nlgen/internal/drift"
)

// structs compares the layouts of structs.
func (c *comparer) structs() {
	for _, s := range c.family.Structs {
		name := strings.ToLower(c.expression("struct "+s.Name, spell(s.Name)))
		theirs := c.types.structs[name]
		switch {
		case name == none, theirs == nil && c.types.Partial:
			continue
		case theirs == nil:
			c.MissingThere("struct "+s.Name, "struct "+name)
			continue
		}
		drift.Fact(c.Comparison, s.Name, "size", int64(s.Size), theirs.ByteSize)
		c.members(s, places(theirs))
	}
}

// members compares each member with what stands in its place in C, and looks for places in C that no member covers.
func (c *comparer) members(s *ir.Struct, theirs []place) {
	covered := make([]bool, s.Size)
	for _, m := range s.Members {
		if m.Go == "" {
			continue // Padding.
		}
		for i := m.Offset; i < m.Offset+m.Size; i++ {
			covered[i] = true
		}
		at := s.Name + "/" + m.Name
		c.member(at, c.expression(at, m.Name), m, theirs)
	}
	for _, p := range theirs {
		if !p.leaf || p.size == 0 || padding(p.name) {
			continue
		}
		c.Facts++
		for i := p.offset; i < p.offset+p.size; i++ {
			if i < int64(len(covered)) && !covered[i] {
				c.MissingHere(s.Name, fmt.Sprintf("%s at %d", p.name, p.offset))
				break
			}
		}
	}
}

var spare = regexp.MustCompile(`pad|res(erved|vd)|unused|^res\d`)

// padding reports whether a member in C has no content.
func padding(name string) bool {
	return spare.MatchString(name)
}

// member compares one member with the place of its name, or else with one of its size at its offset.
func (c *comparer) member(at, name string, m *ir.Member, theirs []place) {
	var there *place
	for i, p := range theirs {
		if p.offset == int64(m.Offset) && p.size == int64(m.Size) && (there == nil || !like(name, there.name)) {
			there = &theirs[i]
		}
	}
	c.Facts++
	if there == nil {
		c.MissingThere(at, fmt.Sprintf("%d bytes at %d", m.Size, m.Offset))
		return
	}
	if !like(name, there.name) {
		drift.Fact(c.Comparison, at, "name", m.Name, there.name)
	}
	if there.leaf && strings.ContainsAny(m.Type[:1], "us") && m.Type != "string" {
		drift.Fact(c.Comparison, at, "byte-order", m.Order, order(there.typ))
		drift.Fact(c.Comparison, at, "signed", m.Type[0] == 's', there.signed)
	}
}

// like reports whether a member has the name of one in C, of which specs leave out a prefix.
func like(ours, theirs string) bool {
	plain := func(s string) string { return strings.ReplaceAll(strings.ToLower(s), "-", "_") }
	return strings.HasSuffix(plain(theirs), plain(ours))
}

// order returns the byte order that the name of a type in C tells.
func order(typ string) ir.Order {
	switch {
	case strings.HasPrefix(typ, "__be"):
		return ir.BigEndian
	case strings.HasPrefix(typ, "__le"):
		return ir.LittleEndian
	}
	return ir.Host
}
