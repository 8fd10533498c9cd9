package spec

// numbers are those that a spec gives out, by object: attributes of sets that are no subsets, entries of enums and flags, and operations
// of the unified model. Objects with a number that could not be read, and those counted from there, have none.
type numbers map[any]Int

// numbersOf counts as the passes of package resolve do, which check the numbers besides. A patch is compared with what is written down
// nowhere, so it must be known here, too.
func numbersOf(f *Family) numbers {
	n := numbers{}
	for _, d := range f.Definitions {
		if d.Type.V != "enum" && d.Type.V != "flags" {
			continue
		}
		c := counter{known: !d.ValueStart.Bad && (!d.ValueStart.Set || d.ValueStart.V.IsInt), next: d.ValueStart.V.Int}
		for _, e := range d.Entries {
			c.count(n, e, e.Value)
		}
	}
	for _, s := range f.AttributeSets {
		if s.SubsetOf.Set || s.SubsetOf.Bad {
			continue
		}
		c := counter{known: true, next: Int{Abs: 1}}
		for _, a := range s.Attributes {
			c.count(n, a, toInt(a.Value))
		}
	}
	if ops := f.Operations; ops != nil && ops.EnumModel.V != "directional" {
		c := counter{known: true, next: Int{Abs: 1}}
		for _, o := range ops.List {
			c.count(n, o, toInt(o.Value))
		}
	}
	return n
}

type counter struct {
	next  Int
	known bool
}

// count gives an object its number and goes on to the next.
func (c *counter) count(n numbers, object any, v Val[Int]) {
	switch {
	case v.Set:
		c.next, c.known = v.V, true
	case v.Bad:
		c.known = false
	}
	if !c.known {
		return
	}
	n[object] = c.next
	if c.next.Neg {
		c.next.Abs--
		c.next.Neg = c.next.Abs != 0
	} else {
		c.next.Abs++
		c.known = c.next.Abs != 0
	}
}

func toInt(v Val[uint64]) Val[Int] {
	return Val[Int]{V: UintOf(v.V), Pos: v.Pos, Set: v.Set, Bad: v.Bad}
}
