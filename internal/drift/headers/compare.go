package headers

import (
	"debug/dwarf"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"

	"github.com/nlgen/nlgen/internal/drift"
)

// Compare compares the families of a plan with what a kernel says.
func (p *Plan) Compare(t *Types) []*drift.Comparison {
	users, shared := map[*dwarf.EnumType]int{}, map[*dwarf.EnumType]bool{}
	for _, f := range p.families {
		for enum, g := range f.enums(t) {
			users[enum]++
			shared[enum] = shared[enum] || g.shared
		}
	}
	var list []*drift.Comparison
	for _, f := range p.families {
		c := &comparer{&drift.Comparison{Family: f.Name, Theirs: t.Of}, f, t}
		for _, g := range f.groups {
			c.numbers(g)
		}
		for enum, g := range f.enums(t) {
			// What this family does not have of an enum with several users may be another's.
			if !shared[enum] || users[enum] == 1 {
				c.missing(enum, g)
			}
		}
		c.structs()
		slices.SortFunc(c.Differences, drift.Order)
		list = append(list, c.Comparison)
	}
	return list
}

// enums returns the C enums that things of a family are in, each with the first group that has one.
func (f *family) enums(t *Types) map[*dwarf.EnumType]*group {
	enums := map[*dwarf.EnumType]*group{}
	for _, g := range f.groups {
		for _, x := range g.things {
			for _, name := range identifier.FindAllString(x.expression, -1) {
				if enum := t.constants[name].enum; enum != nil && enums[enum] == nil {
					enums[enum] = g
				}
			}
		}
	}
	return enums
}

// A comparer compares one family.
type comparer struct {
	*drift.Comparison
	family *family
	types  *Types
}

func (c *comparer) expression(path, name string) string { return c.family.expression(path, name) }

// numbers compares the numbers of a group.
func (c *comparer) numbers(g *group) {
	values := make([]*int64, len(g.things))
	masks := false
	for i, x := range g.things {
		if v, ok := c.types.eval(x.expression); ok {
			values[i] = &v
			masks = masks || v != x.bit
		}
	}
	for i, x := range g.things {
		v := values[i]
		if v == nil && (x.inner || c.types.Partial && !c.kin(x, g)) {
			continue // These headers do not show it, or this kernel was built without all of them.
		}
		c.Facts++
		switch {
		case v == nil:
			c.MissingThere(x.path, fmt.Sprintf("%d (%s)", x.value, x.expression))
		case g.flags && !masks: // The kernel names either the masks or the numbers of flags.
		case same(x.value, *v):
		default:
			drift.Fact(c.Comparison, x.path, "number", x.value, *v)
		}
	}
}

// kin reports whether an enum has others of a group whose names begin like that of a thing, so that it would have the thing, too.
func (c *comparer) kin(x thing, g *group) bool {
	for _, other := range g.things {
		if c.types.constants[other.expression].enum != nil && clan(other.expression) == clan(x.expression) {
			return true
		}
	}
	return false
}

// clan returns the beginning of a name in C: the first two of its words, but not the last.
func clan(name string) string {
	words := strings.SplitAfterN(name, "_", 3)
	return strings.Join(words[:min(2, len(words)-1)], "")
}

// same reports whether two numbers are, or are the same 32 bits.
func same(a, b int64) bool {
	return a == b || uint32(a) == uint32(b) && min(a, b) < 0 && min(a, b) >= math.MinInt32 && max(a, b) <= math.MaxUint32
}

// limit are names of C enums that stand for no thing: the first, the last, padding.
var limit = regexp.MustCompile(`^__|_(MAX|UNSPEC|PAD|CNT|COUNT|UNUSED|MASK|NONE|BIT|NUMBER|NUMHOOKS|NUMPROTO)$|_BIT_`)

// missing looks for what an enum has beside the things of this family.
func (c *comparer) missing(enum *dwarf.EnumType, g *group) {
	numbers := map[int64]bool{}
	for _, v := range enum.Val {
		if c.family.named[v.Name] {
			numbers[v.Val] = true
		}
	}
	for _, v := range enum.Val {
		c.Facts++
		// What has the number of a thing is another name of it.
		if !numbers[v.Val] && !limit.MatchString(v.Name) {
			c.MissingHere(g.path, fmt.Sprintf("%s (%d)", v.Name, v.Val))
		}
	}
}
