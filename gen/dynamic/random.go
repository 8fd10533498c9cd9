package dynamic

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"strconv"

	"github.com/nlgen/nlgen/gen/ir"
	"github.com/nlgen/nlgen/runtime/nlattr"
)

// RandomOptions say what random messages hold.
type RandomOptions struct {
	// Unknown adds attributes and values of enums that the spec does not know.
	Unknown bool
	// Unlisted adds attributes of the set that the spec does not list for the
	// message, behind those that it does.
	Unlisted bool
	// Shuffle puts attributes in any order. Without it they stand in the order of
	// their set, the unknown ones last, as generated code writes them.
	Shuffle bool
}

// Random returns the content of a random message, in the very form that Decode
// has: members of the header first, what can be said by name said by name.
// Attributes keep the limits that the spec sets. The same state of the generator
// gives the same message.
func (c *Codec) Random(rng *rand.Rand, m *ir.Message, options RandomOptions) *Object {
	r := &random{Rand: rng, c: c, RandomOptions: options, left: 12 + rng.IntN(60)}
	o := new(Object)
	if m.Header != nil {
		r.members(o, m.Header, nil)
	}
	list := m.Fields
	if options.Unlisted {
		list = slices.Clone(list)
		for _, a := range c.set(m.Set).Attrs {
			if !slices.Contains(m.Fields, a) {
				list = append(list, a)
			}
		}
	}
	r.attrs(o, m.Header, c.set(m.Set), list, nil, 0)
	return o
}

// random makes values.
type random struct {
	*rand.Rand
	RandomOptions
	c    *Codec
	left int // attributes that the message may still get
}

// Bounds of random values.
const (
	randomDepth = 5  // of nests
	randomList  = 3  // entries of arrays, occurrences of a multi-attr
	randomBytes = 24 // bytes of binaries and strings without a limit
)

// attrs adds attributes of a set to an object. Those that choose the format of
// others are made first.
func (r *random) attrs(o *Object, h *ir.Struct, s *set, list []*ir.Attr, up *jsonScope, depth int) {
	scope := &jsonScope{set: s, object: new(Object), up: up}
	values := map[*ir.Attr]any{}
	var rest []*ir.Attr
	for _, a := range list {
		switch {
		case a.Type == "pad" || a.Type == "unused":
		case member(h, a.Name) != nil && (up == nil || a.Type != "nest"):
			// The member is meant by the name.
		case r.selects(s, a):
			if v, ok := r.selector(s, a); ok {
				values[a] = v
				scope.object.Add(a.Name, v)
			}
		default:
			rest = append(rest, a)
		}
	}
	// A long list gets a few attributes, a short one most of them.
	odds := 8
	if n := len(rest); n > 16 {
		odds = max(1, 128/n)
	}
	for _, a := range rest {
		if r.left <= 0 || r.IntN(16) >= odds {
			continue
		}
		if v, ok := r.occurrences(scope, a, depth); ok {
			values[a] = v
		}
	}
	for a := range values {
		o.remove(a.Name) // the member of a header that the attribute replaces
	}
	start := len(o.Keys)
	for _, a := range list {
		if v, ok := values[a]; ok {
			o.Add(a.Name, v)
		}
	}
	if r.Unknown && s != none && r.IntN(8) == 0 { // What follows a header without a set is ignored.
		r.unknown(o, s, depth)
	}
	if r.RandomOptions.Shuffle {
		keys, list := o.Keys[start:], o.Values[start:]
		r.Rand.Shuffle(len(keys), func(i, j int) {
			keys[i], keys[j] = keys[j], keys[i]
			list[i], list[j] = list[j], list[i]
		})
	}
}

// unknown adds an attribute that the set does not have.
func (r *random) unknown(o *Object, s *set, depth int) {
	number := uint16(r.IntN(nlattr.TypeMask + 1))
	if s.numbered[number] != nil {
		return
	}
	if _, ok := o.Get(unknownName(number)); ok {
		return
	}
	var v any = showBytes(ir.NoHint, r.bytes(r.IntN(randomBytes)))
	if depth < randomDepth && r.IntN(3) == 0 {
		inner := new(Object)
		r.unknown(inner, none, depth+1)
		v = inner
	}
	o.Add(unknownName(number), v)
}

// selects reports whether the attribute chooses the format of others beside it
// or below.
func (r *random) selects(s *set, a *ir.Attr) bool {
	if _, _, number := widthOf(a.Type); a.Multi || !number && a.Type != "string" {
		return false
	}
	return len(r.formats(s, a)) > 0
}

// formats returns the values by which an attribute can choose.
func (r *random) formats(s *set, a *ir.Attr) []string {
	var list []string
	add := func(user *ir.Attr) {
		for _, f := range user.Sub.Formats {
			list = append(list, f.Value)
		}
	}
	for _, user := range s.Attrs {
		if user.Selector != nil && user.Selector.Name == a.Name {
			add(user)
		}
	}
	if len(list) > 0 {
		return list
	}
	// The sub-messages of enclosed sets, if they look for it here.
	if slices.ContainsFunc(s.Attrs, func(inner *ir.Attr) bool {
		return inner.Nested != nil && slices.Contains(inner.Nested.Outer, a.Name)
	}) {
		for _, other := range r.c.Family.Sets {
			for _, user := range other.Attrs {
				if user.Selector != nil && user.Selector.Attr == nil && user.Selector.Name == a.Name {
					add(user)
				}
			}
		}
	}
	return list
}

// selector returns a value that chooses a format, mostly.
func (r *random) selector(s *set, a *ir.Attr) (any, bool) {
	if r.IntN(6) == 0 {
		return nil, false
	}
	list := r.formats(s, a)
	value := list[r.IntN(len(list))]
	n, number := integerOf(a.Type, a)
	if !number {
		if r.Unknown && r.IntN(8) == 0 {
			value = "unknown"
		}
		return value, a.Checks == nil || a.Checks.MaxLen == nil || len(value) <= *a.Checks.MaxLen
	}
	v, err := n.read(value)
	return n.show(v), err == nil && n.selects(v) == value
}

// occurrences returns the value of an attribute: a list if it may occur many times.
func (r *random) occurrences(s *jsonScope, a *ir.Attr, depth int) (any, bool) {
	if !a.Multi {
		r.left--
		return r.value(s, a, depth)
	}
	var list []any
	for range 1 + r.IntN(randomList) {
		r.left--
		if v, ok := r.value(s, a, depth); ok {
			list = append(list, v)
		}
	}
	return list, len(list) > 0
}

// value returns a value of an attribute, and false if it is too deep.
func (r *random) value(s *jsonScope, a *ir.Attr, depth int) (any, bool) {
	switch a.Type {
	case "flag":
		return true, true
	case "nest":
		return r.nest(s, nil, nil, a.Nested, depth)
	case "headed":
		return r.nest(s, a.Struct, nil, a.Nested, depth)
	case "indexed-array":
		return r.array(s, a, depth)
	case "nest-type-value":
		return r.levels(s, a, depth)
	case "sub-message":
		return r.subMessage(s, a, depth)
	case "record":
		var list []any
		for range 1 + r.IntN(randomList) {
			if v, ok := r.nest(s, a.Struct, a.Record.Length, a.Nested, depth); ok {
				list = append(list, v)
			}
		}
		return list, len(list) > 0
	}
	return r.leaf(a, a.Type), true
}

// nest returns an object of a header, but for the member skip, and attributes.
func (r *random) nest(s *jsonScope, h *ir.Struct, skip *ir.Member, inner *ir.Set, depth int) (any, bool) {
	if depth >= randomDepth {
		return nil, false
	}
	o := new(Object)
	if h != nil {
		r.members(o, h, skip)
	}
	x := r.c.set(inner)
	r.attrs(o, h, x, x.Attrs, s, depth+1)
	return o, true
}

func (r *random) array(s *jsonScope, a *ir.Attr, depth int) (any, bool) {
	var list []any
	for i := range 1 + r.IntN(randomList) {
		v, ok := any(nil), true
		switch {
		case a.Elem == "nest":
			v, ok = r.nest(s, nil, nil, a.Nested, depth)
		case a.Struct != nil:
			v = r.leaf(a, a.Elem)
		default:
			list = append(list, r.leaf(a, a.Elem))
			continue
		}
		if !ok {
			return nil, false
		}
		index := strconv.Itoa(i*100 + r.IntN(100))
		list = append(list, &Object{Keys: []string{index}, Values: []any{v}})
	}
	return list, true
}

func (r *random) levels(s *jsonScope, a *ir.Attr, depth int) (any, bool) {
	if depth+len(a.Levels) >= randomDepth+2 {
		return nil, false
	}
	inner := r.c.set(a.Nested)
	attrs := slices.DeleteFunc(slices.Clone(inner.Attrs), func(x *ir.Attr) bool { return slices.Contains(a.Levels, x.Name) })
	var list []any
	for range 1 + r.IntN(randomList) {
		o, levels := new(Object), a.Levels
		if r.IntN(4) == 0 {
			levels = levels[:1+r.IntN(len(levels))] // With fewer levels it stands for an empty nest.
		}
		for _, level := range levels {
			o.Add(level, json.Number(strconv.Itoa(r.IntN(3))))
		}
		if len(levels) == len(a.Levels) {
			r.attrs(o, nil, inner, attrs, s, depth+1)
		}
		list = append(list, o)
	}
	if len(list) == 1 {
		return list[0], true
	}
	return list, true
}

func (r *random) subMessage(s *jsonScope, a *ir.Attr, depth int) (any, bool) {
	f := s.format(a)
	if f == nil {
		return showBytes(ir.NoHint, r.bytes(r.IntN(randomBytes))), true
	}
	return r.nest(s, f.Header, nil, f.Set, depth)
}

// leaf returns a value without attributes inside.
func (r *random) leaf(a *ir.Attr, typ string) any {
	if n, ok := integerOf(typ, a); ok {
		return n.show(r.integer(n, a.Checks))
	}
	switch typ {
	case "string":
		return r.text(r.length(a.Checks, 0, randomBytes))
	case "bitfield32":
		n := integer{width: 4, enum: a.Enum, flags: a.Enum != nil}
		selector := r.integer(n, a.Checks)
		value := selector & r.Uint64()
		return &Object{Keys: []string{"value", "selector"}, Values: []any{n.show(value), n.show(selector)}}
	}
	switch n, packed := integerOf(a.Elem, a); {
	case a.Struct != nil:
		o := new(Object)
		r.members(o, a.Struct, nil)
		return o
	case packed && a.Type == "binary":
		list := []any{}
		for range max(1, r.length(a.Checks, n.width, 4*n.width)/n.width) {
			list = append(list, n.show(r.integer(n, nil)))
		}
		return list
	}
	return showBytes(a.Hint, r.bytes(r.binaryLength(a)))
}

// binaryLength returns how many bytes a binary has: its hint and the limits of
// the spec decide.
func (r *random) binaryLength(a *ir.Attr) int {
	fits := func(n int) bool { return r.length(a.Checks, n, n) == n }
	switch a.Hint {
	case ir.IPv4, ir.IPv6, ir.IPv4OrV6:
		if a.Hint == ir.IPv4 || a.Hint == ir.IPv4OrV6 && r.IntN(2) == 0 {
			if fits(4) {
				return 4
			}
			return 16
		}
		if fits(16) {
			return 16
		}
		return 4
	case ir.MAC:
		return r.length(a.Checks, 6, 6)
	case ir.UUID:
		return r.length(a.Checks, 16, 16)
	}
	return r.length(a.Checks, 0, randomBytes)
}

// length returns a length between two bounds, or as near as the limits admit.
func (r *random) length(c *ir.Checks, least, most int) int {
	if c != nil {
		if c.ExactLen != nil {
			return *c.ExactLen
		}
		if c.MaxLen != nil {
			most = min(most, *c.MaxLen)
			least = min(least, most)
		}
		if c.MinLen != nil {
			least = max(least, *c.MinLen)
			most = max(most, least)
		}
	}
	return least + r.IntN(most-least+1)
}

func (r *random) bytes(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

// alphabet has characters of one to four bytes, and those that JSON escapes.
var alphabet = []rune("abcdefghijklmnopqrstuvwxyz-_.0123456789 \"\\\n\t<&>éß€漢🙂")

// text returns a text of at most n bytes.
func (r *random) text(n int) string {
	var s []rune
	for {
		c := alphabet[r.IntN(len(alphabet))]
		if r.IntN(8) != 0 {
			c = alphabet[r.IntN(30)]
		}
		if len(string(append(s, c))) > n {
			return string(s)
		}
		s = append(s, c)
	}
}

// members adds the members of a struct, but for skip, to an object.
func (r *random) members(o *Object, s *ir.Struct, skip *ir.Member) {
	for _, m := range s.Members {
		if m.Type != "pad" && m != skip {
			o.Add(m.Name, r.member(m))
		}
	}
	if s.Array != nil {
		r.elements(o, s.Array)
	}
}

// elements adds the array at the end of a struct. What holds the number of elements has any number but zero, which encoding replaces.
func (r *random) elements(o *Object, a *ir.Array) {
	for i, v := range o.Values {
		if a.Count != nil && o.Keys[i] == a.Count.Name && v == json.Number("0") {
			o.Values[i] = json.Number("1")
		}
	}
	if isBytes(a) {
		o.Add(a.Name, showBytes(a.Hint, r.bytes(r.IntN(randomBytes))))
		return
	}
	list := []any{}
	for range r.IntN(randomList + 1) {
		list = append(list, r.member(a.Member))
	}
	o.Add(a.Name, list)
}

func (r *random) member(m *ir.Member) any {
	if m.Struct != nil {
		o := new(Object)
		r.members(o, m.Struct, nil)
		return o
	}
	if n, ok := integerMember(m); ok {
		return n.show(r.integer(n, nil))
	}
	if m.Type == "string" {
		return r.text(r.IntN(m.Size + 1))
	}
	return showBytes(m.Hint, r.bytes(m.Size))
}

// integer returns the value of an integer. Small values and the ends of the range
// are more likely than others.
func (r *random) integer(n integer, c *ir.Checks) uint64 {
	size := 8 * n.width
	if size == 0 {
		size = 64
	}
	all := ^uint64(0) >> (64 - size)
	switch {
	case n.flags:
		return r.flags(n, c, all)
	case n.enum != nil && len(n.enum.Entries) > 0 && !(r.Unknown && r.IntN(8) == 0):
		v := uint64(n.enum.Entries[r.IntN(len(n.enum.Entries))].Number)
		if n.fits(v, n.signed && int64(v) < 0) == nil {
			return v
		}
	}
	lo, hi := uint64(0), all
	if n.signed {
		lo, hi = -(uint64(1) << (size - 1)), all>>1
	}
	if c != nil && c.Min != nil {
		lo = uint64(c.Min.Value)
	}
	if c != nil && c.Max != nil {
		hi = uint64(c.Max.Value)
	}
	v := lo
	switch r.IntN(4) {
	case 0:
		v = hi
	case 1:
		v = lo + min(hi-lo, r.Uint64N(16))
	default:
		if span := hi - lo; span == ^uint64(0) {
			v = r.Uint64()
		} else {
			v = lo + r.Uint64N(span+1)
		}
	}
	if c != nil && c.Mask != nil {
		v &= *c.Mask
	}
	return v
}

// flags returns a set of bits, those with a name unless unknown ones are wanted.
func (r *random) flags(n integer, c *ir.Checks, all uint64) uint64 {
	var v uint64
	for _, x := range n.enum.Entries {
		if x.Number >= 0 && x.Number < 64 && r.IntN(3) == 0 {
			v |= 1 << x.Number
		}
	}
	if r.Unknown && r.IntN(8) == 0 {
		v |= 1 << r.IntN(64)
	}
	if c != nil && c.Mask != nil {
		v &= *c.Mask
	}
	return v & all
}
