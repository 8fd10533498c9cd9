package dynamic

import (
	"cmp"
	"maps"
	"math/bits"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/nlgen/nlgen/gen/ir"
)

// A rule is a reason why a record is right to differ: a fault of the tool that
// recorded it, or an error in the spec that both were given.
type rule string

// The rules. Each is about a construct; none knows a record.
const (
	rulePacked   rule = "the tool packs structs, which the kernel lays out as C does"
	ruleOverride rule = "the tool ignores what a subset overrides"
	ruleAutoEnum rule = "the tool prints uint and sint as numbers though they have an enum"
	ruleVersion  rule = "the tool sends version 1 whatever the spec says"
	rulePad      rule = "the spec calls an attribute pad that has content (nlctrl swaps mask and pad); pads are left out"
	ruleRepeated rule = "the tool keeps the last one or two of unknown attributes that repeat"
	ruleUnasked  rule = "the tool leaves out replies that have another number than the spec's, as echoes do"
	ruleNames    rule = "several names fit the number of a notification, and the tool takes another one"
	ruleNoReply  rule = "the tool's lenient decoder returns an empty list where a do has no reply"
	ruleText     rule = "the tool cuts the last byte of a string that has no NUL"
	ruleEvents   rule = "the spec lacks the family's events, whose numbers are also those of replies; the tool shows no event by such a number"
	ruleSelector rule = "the tool does not find the format of a sub-message, since it cut the selector"
	ruleMisfit   rule = "the spec is wrong about the type of an attribute, which is kept raw; the tool makes something of it"
	ruleTypeName rule = "the tool's lenient decoder names what does not fit by its number"
)

// faults change a family into what the tool takes it for.
var faults = []struct {
	rule   rule
	change func(*ir.Family)
}{
	{rulePacked, pack},
	{ruleOverride, ignoreOverrides},
	{ruleAutoEnum, dropAutoEnums},
	{ruleVersion, func(f *ir.Family) { f.Version = 1 }},
}

// A variant is a set of faults, by their bits.
type variant int

// variants are all sets of faults, small ones first: the spec as it is, then one fault, then several of them in one record.
var variants = func() []variant {
	list := make([]variant, 1<<len(faults))
	for i := range list {
		list[i] = variant(i)
	}
	slices.SortStableFunc(list, func(a, b variant) int { return bits.OnesCount(uint(a)) - bits.OnesCount(uint(b)) })
	return list
}()

// apply changes a family.
func (v variant) apply(f *ir.Family) {
	for i, fault := range faults {
		if v>>i&1 != 0 {
			fault.change(f)
		}
	}
}

// use adds the rules of the faults.
func (v variant) use(used map[rule]bool) {
	for i, fault := range faults {
		if v>>i&1 != 0 {
			used[fault.rule] = true
		}
	}
}

// pack takes the padding out of structs.
func pack(f *ir.Family) {
	done := map[*ir.Struct]bool{}
	var walk func(s *ir.Struct)
	walk = func(s *ir.Struct) {
		if done[s] {
			return
		}
		done[s] = true
		s.Size = 0
		for _, m := range s.Members {
			if m.Struct != nil {
				walk(m.Struct)
				m.Size = m.Struct.Size
			}
			m.Offset = s.Size
			s.Size += m.Size
		}
	}
	for _, s := range f.Structs {
		walk(s)
	}
}

func ignoreOverrides(f *ir.Family) {
	for _, s := range f.Sets {
		if s.Parent == nil {
			continue
		}
		for _, a := range s.Attrs {
			if p := s.Parent.Attr(a.Name); p != nil {
				set := a.Set
				*a = *p
				a.Set = set
			}
		}
	}
}

func dropAutoEnums(f *ir.Family) {
	for _, s := range f.Sets {
		for _, a := range s.Attrs {
			if a.Type == "uint" || a.Type == "sint" {
				a.Enum = nil
			}
		}
	}
}

// tally counts what came of the records.
type tally struct {
	t        *testing.T
	records  int
	agreed   int
	skipped  map[string]int
	excepted map[rule]int
}

func newTally(t *testing.T) *tally {
	return &tally{t: t, skipped: map[string]int{}, excepted: map[rule]int{}}
}

func (x *tally) skip(why string) { x.skipped[why]++ }

// outcome counts a record that agrees, or that differs for the given reasons.
func (x *tally) outcome(used map[rule]bool) {
	x.records++
	if len(used) == 0 {
		x.agreed++
	}
	for r := range used {
		x.excepted[r]++
	}
}

func (x *tally) fail(id, format string, args ...any) {
	x.records++
	x.t.Errorf(id+": "+format, args...)
}

// print writes the summary.
func (x *tally) print() {
	x.t.Logf("%d records, %d agree", x.records, x.agreed)
	for _, r := range slices.Sorted(maps.Keys(x.excepted)) {
		x.t.Logf("%6d excepted: %s", x.excepted[r], r)
	}
	for _, s := range slices.Sorted(maps.Keys(x.skipped)) {
		x.t.Logf("%6d skipped: %s", x.skipped[s], s)
	}
}

// A comparison is that of what was decoded with what was recorded.
type comparison struct {
	c     *Codec
	used  map[rule]bool
	diffs []string
	// misfits are the paths of what did not fit the spec.
	misfits map[string]bool
}

func (x *comparison) differ(path string, got, want any) {
	show := func(v any) string {
		if v == missing {
			return "nothing"
		}
		return string(AppendJSON(nil, v))
	}
	x.diffs = append(x.diffs, path+": got "+show(got)+", recorded "+show(want))
}

// missing stands for the value of a key that is not there.
const missing = rule("missing")

func (x *comparison) value(path string, got, want any) {
	switch w := want.(type) {
	case *Object:
		if g, ok := got.(*Object); ok {
			x.object(path, g, w)
			return
		}
	case []any:
		if g, ok := got.([]any); ok && len(g) == len(w) {
			for i, g := range unordered(g, w) {
				x.value(path+step(i), g, w[i])
			}
			return
		}
		if x.repeated(path, got, w) {
			return
		}
	case string:
		if g, ok := got.(string); ok && g != w && len(g) == len(w)+1 && strings.HasPrefix(g, w) {
			x.used[ruleText] = true
			return
		}
	}
	if list, ok := got.([]any); ok && x.repeated(path, list, []any{want}) {
		return
	}
	if sortOf(got) != sortOf(want) || sortOf(got) == "an array" || got != want {
		x.differ(path, got, want)
	}
}

// unordered returns the elements of got in the order of want if that is a set of
// flags, which the recording has sorted.
func unordered(got, want []any) []any {
	byName := func(a, b any) int {
		s, _ := a.(string)
		t, _ := b.(string)
		return cmp.Compare(s, t)
	}
	isText := func(v any) bool { _, ok := v.(string); return ok }
	if !slices.IsSortedFunc(want, byName) || slices.ContainsFunc(want, func(v any) bool { return !isText(v) }) {
		return got
	}
	return slices.SortedFunc(slices.Values(got), byName)
}

// repeated reports whether want is what the tool keeps of a repeated attribute
// that it does not know.
func (x *comparison) repeated(path string, got any, want []any) bool {
	list, ok := got.([]any)
	n := len(list) - len(want)
	if !ok || n <= 0 || !strings.HasSuffix(path, ")") {
		return false
	}
	for i, w := range want {
		x.value(path+step(i), list[n+i], w)
	}
	x.used[ruleRepeated] = true
	return true
}

// result is the index of a reply in front of a path.
var result = regexp.MustCompile(`^(\[\d+\])?(\.msg)?\.`)

// misfit reports whether the attribute at the path does not fit the spec.
func (x *comparison) misfit(path string) bool {
	path = result.ReplaceAllString(path, "")
	for m := range x.misfits {
		if rest, ok := strings.CutPrefix(m, path); ok && (rest == "" || rest[0] == '[' && !strings.Contains(rest, ".")) {
			return true
		}
	}
	return false
}

var lenientName = regexp.MustCompile(`^type-(\d+)$`)

func (x *comparison) object(path string, got, want *Object) {
	renamed := map[string]bool{}
	raw := 0 // attributes that do not fit and are named by their numbers
	for i, key := range want.Keys {
		v, ok := got.Get(key)
		if m := lenientName.FindStringSubmatch(key); m != nil && !ok {
			number, _ := strconv.Atoi(m[1])
			v, ok = got.Get(unknownName(uint16(number)))
			renamed[unknownName(uint16(number))] = true
			x.used[ruleTypeName] = true
		}
		switch {
		case ok && sortOf(v) == "an object" && sortOf(want.Values[i]) == "a string" && cutSelector(got, want):
			x.used[ruleSelector] = true
		case ok:
			x.value(path+"."+key, v, want.Values[i])
		case x.isPad(key):
			x.used[rulePad] = true
		case x.misfit(path + "." + key):
			x.used[ruleMisfit] = true
			raw++
		default:
			x.differ(path+"."+key, missing, want.Values[i])
		}
	}
	for i, key := range got.Keys {
		_, number := unknownNumber(key)
		switch _, ok := want.Get(key); {
		case ok || renamed[key]:
		case number && raw > 0:
			raw--
		default:
			x.differ(path+"."+key, got.Values[i], missing)
		}
	}
}

// cutSelector reports whether the tool cut a string of the object, which then
// chooses no format.
func cutSelector(got, want *Object) bool {
	for i, key := range want.Keys {
		v, _ := got.Get(key)
		if g, w := text(v), text(want.Values[i]); len(g) == len(w)+1 && strings.HasPrefix(g, w) {
			return true
		}
	}
	return false
}

// isPad reports whether the spec knows an attribute by this name as padding only.
func (x *comparison) isPad(name string) bool {
	found := false
	for _, s := range x.c.Family.Sets {
		if a := s.Attr(name); a != nil {
			if a.Type != "pad" {
				return false
			}
			found = true
		}
	}
	return found
}
