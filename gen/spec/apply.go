package spec

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/nlgen/nlgen/gen/diag"
)

// Apply applies the patches that are for a family to its tree, in their order. All of them see the numbers that the spec gives out before
// the first of them.
//
// A patch that does not fit is an error that shows the patch and the place in the spec. An erratum is left out then: without a word if
// the spec has no such object, with a note if it is right already or has something else. A note also says which errata applied.
func Apply(report *diag.Report, family *Family, patches []*Patch) {
	p := &patcher{report: report, family: family}
	for _, patch := range patches {
		if !patch.For(family.Name.V) || !patch.Path.Set {
			continue
		}
		if p.numbers == nil {
			p.numbers = numbersOf(family)
		}
		p.apply(patch)
	}
	if p.changed {
		// What a spec must have, it must still have.
		r := &reader{report: report}
		r.check(family)
	}
}

// patcher applies patches to one family.
type patcher struct {
	report  *diag.Report
	family  *Family
	numbers numbers
	changed bool
}

// An outcome is what became of a patch.
type outcome int

const (
	applied outcome = iota
	idle            // The spec is what the patch makes of it.
	unfit           // The spec has something else than what the patch must see.
	absent          // The spec has no such object.
	refused         // The patch is wrong, as was reported.
)

// result is an outcome with where to show it, and in what way the patch does not fit.
type result struct {
	outcome outcome
	pos     diag.Pos // in the spec
	at      diag.Pos // in the patch
	problem string
}

func (p *patcher) apply(patch *Patch) {
	r := p.run(patch)
	p.changed = p.changed || r.outcome == applied
	if !r.at.IsValid() {
		r.at = patch.Path.Pos
	}
	switch {
	case r.outcome == refused:
	case patch.erratum:
		p.note(patch, r)
	case r.outcome == idle:
		p.report.Errorf(r.at, "the patch is not needed any more: %s", r.problem).See(r.pos, "it stands here")
	case r.outcome == unfit:
		p.report.Errorf(r.at, "the patch does not fit: %s", r.problem).See(r.pos, "it stands here")
	case r.outcome == absent:
		p.report.Errorf(r.at, "the patch does not fit: %s", r.problem).See(r.pos, "declared here")
	}
}

// note says what became of an erratum.
func (p *patcher) note(patch *Patch, r result) {
	why := strings.TrimSuffix(patch.Why.V, ".")
	switch r.outcome {
	case applied:
		p.report.Notef(r.pos, "erratum applied: %s", why)
	case idle:
		p.report.Notef(r.pos, "erratum obsolete, %s: %s", r.problem, why)
	case unfit:
		p.report.Notef(r.pos, "erratum left out, %s: %s", r.problem, why)
	}
}

func (p *patcher) run(patch *Patch) result {
	at, last, rest := find(p.family, patch.Path.V)
	drop := patch.Drop.V
	switch {
	case at == nil && drop && last.list.IsValid() && !strings.Contains(rest, "/"):
		return result{outcome: idle, pos: last.pos, problem: last.lacks(rest)}
	case at == nil:
		return result{outcome: absent, pos: last.pos, problem: last.lacks(rest)}
	case patch.Add.IsSet():
		return p.add(patch, at)
	case at.object.IsValid(), at.holder.IsValid():
	case at.field.IsValid():
		return result{outcome: absent, pos: at.pos, problem: fmt.Sprintf("there is no %s", at.what)}
	default:
		p.report.Errorf(patch.Path.Pos, "%q is a whole section; a patch changes what stands in it", patch.Path.V)
		return result{outcome: refused}
	}
	wanted, ok := p.wanted(patch, at)
	if !ok {
		return result{outcome: refused}
	}
	switch {
	case patch.Set.IsSet():
		return p.set(patch, at, wanted)
	case wanted.problem != "":
		return wanted
	case drop:
		return p.drop(patch, at)
	default:
		return p.move(patch, at)
	}
}

// wanted compares an object with what the patch must see of it. The result has a problem if it sees something else.
func (p *patcher) wanted(patch *Patch, at *place) (result, bool) {
	if !patch.Was.IsSet() {
		return result{}, true
	}
	if !at.object.IsValid() {
		p.report.Errorf(patch.Was.Pos, "%s is a name in a list, it has no keys", at.what)
		return result{}, false
	}
	was, seen, ok := patch.Was.some(p.report, at.object.Type())
	if !ok {
		return result{}, false
	}
	for _, f := range seen {
		if now, wanted := p.value(at, f), was.Field(f.index); !same(now, wanted) {
			problem := at.what + " has " + differs(f, now, wanted)
			return result{outcome: unfit, pos: posOf(now, at.pos), at: posOf(wanted, patch.Was.Pos), problem: problem}, true
		}
	}
	return result{}, true
}

// differs says what the value of a key is, and what it should be.
func differs(f *field, now, wanted reflect.Value) string {
	key := f.key
	if _, ok := now.Interface().(Val[string]); key == "value" && !ok {
		key = "number"
	}
	is, ok := given(now)
	should, also := given(wanted)
	switch {
	case ok && also:
		return fmt.Sprintf("%s %s, not %s", key, is, should)
	case ok:
		return fmt.Sprintf("%s %s, and should have none", key, is)
	case also:
		return fmt.Sprintf("no %s, and should have %s", key, should)
	default:
		return fmt.Sprintf("other %s than it should have", key)
	}
}

// posOf returns the position of a value, or at if it has none.
func posOf(v reflect.Value, at diag.Pos) diag.Pos {
	if v.Kind() == reflect.Pointer && !v.IsNil() {
		v = v.Elem()
	}
	if v.Kind() == reflect.Struct {
		if pos := v.FieldByName("Pos").Interface().(diag.Pos); pos.IsValid() {
			return pos
		}
	}
	return at
}

// value returns the value of a key, and for numbers those that the spec gives out without writing them down.
func (p *patcher) value(at *place, f *field) reflect.Value {
	v := at.object.Field(f.index)
	if f.key != "value" {
		return v
	}
	number, ok := p.numbers[at.object.Addr().Interface()]
	if !ok {
		number, ok = numbersOf(p.family)[at.object.Addr().Interface()]
	}
	if !ok {
		return v
	}
	switch now := v.Interface().(type) {
	case Val[uint64]:
		return reflect.ValueOf(Val[uint64]{V: number.Abs, Pos: now.Pos, Set: true})
	case Val[Int]:
		return reflect.ValueOf(Val[Int]{V: number, Pos: now.Pos, Set: true})
	default:
		return v
	}
}

// set gives an object new values of keys.
func (p *patcher) set(patch *Patch, at *place, wanted result) result {
	if !at.object.IsValid() {
		p.report.Errorf(patch.Set.Pos, "%s is a name in a list, it has no keys", at.what)
		return result{outcome: refused}
	}
	set, seen, ok := patch.Set.some(p.report, at.object.Type())
	if !ok {
		return result{outcome: refused}
	}
	right := true
	for _, f := range seen {
		right = right && same(p.value(at, f), set.Field(f.index))
	}
	switch {
	case right:
		return result{outcome: idle, pos: at.pos, problem: at.what + " is that already"}
	case wanted.problem != "":
		return wanted
	}
	for _, f := range seen {
		to, from := at.object.Field(f.index), set.Field(f.index)
		if f.key == "name" {
			follow(p.family, at, to.Interface().(Val[string]), from.Interface().(Val[string]))
		}
		to.Set(from)
	}
	return result{pos: at.pos}
}

// add adds items to a list.
func (p *patcher) add(patch *Patch, at *place) result {
	made := reflect.Value{}
	if at.field.IsValid() && !at.object.IsValid() {
		made = reflect.New(at.field.Type().Elem())
		made.Elem().FieldByName("Pos").Set(reflect.ValueOf(patch.Pos))
		at.list = itemsOf(made.Elem())
	}
	if !at.list.IsValid() {
		p.report.Errorf(patch.Path.Pos, "nothing can be added to %s, it has no list of items", at.what)
		return result{outcome: refused}
	}
	if patch.Was.IsSet() {
		p.report.Errorf(patch.Was.Pos, `"was" does not go with "add": what is added must not be there`)
		return result{outcome: refused}
	}
	items, ok := patch.Add.items(p.report, at.list.Type())
	if !ok {
		return result{outcome: refused}
	}
	noun := itemNoun(at.list.Type())
	there := 0
	r := result{pos: at.pos, at: patch.Add.Pos}
	for i := range items.Len() {
		if old := indexOf(at.list, itemName(items.Index(i)).V); old >= 0 {
			there++
			name := itemName(at.list.Index(old))
			r.pos, r.problem = name.Pos, fmt.Sprintf("there is %s already", named(noun, name))
		}
	}
	switch {
	case there == items.Len():
		r.outcome = idle
		return r
	case there > 0:
		r.outcome = unfit
		return r
	}
	index, r := p.beside(patch, at)
	if r.problem != "" {
		return r
	}
	list := reflect.MakeSlice(at.list.Type(), 0, at.list.Len()+items.Len())
	list = reflect.AppendSlice(list, at.list.Slice(0, index))
	list = reflect.AppendSlice(list, items)
	list = reflect.AppendSlice(list, at.list.Slice(index, at.list.Len()))
	at.list.Set(list)
	if made.IsValid() {
		at.field.Set(made)
	}
	return result{pos: at.pos}
}

// beside returns where in a list something is to stand.
func (p *patcher) beside(patch *Patch, at *place) (int, result) {
	name, shift := patch.After, 1
	if patch.Before.Set {
		name, shift = patch.Before, 0
	}
	if !name.Set {
		return at.list.Len(), result{}
	}
	index := indexOf(at.list, name.V)
	if index < 0 {
		return 0, result{outcome: unfit, pos: at.pos, at: name.Pos, problem: at.lacks(name.V)}
	}
	return index + shift, result{}
}

// drop takes an object away.
func (p *patcher) drop(patch *Patch, at *place) result {
	if !at.holder.IsValid() {
		if _, ok := at.object.Addr().Interface().(*Operations); ok || !at.field.IsValid() {
			p.report.Errorf(patch.Path.Pos, "%q cannot be dropped", patch.Path.V)
			return result{outcome: refused}
		}
		at.field.SetZero()
		return result{pos: at.pos}
	}
	if a, ok := at.holder.Index(at.index).Interface().(*Attribute); ok {
		forget(p.family, at, a.Name.V)
	}
	list := reflect.AppendSlice(at.holder.Slice3(0, at.index, at.index), at.holder.Slice(at.index+1, at.holder.Len()))
	at.holder.Set(list)
	return result{pos: at.pos}
}

// move puts an item of a list to another place in it.
func (p *patcher) move(patch *Patch, at *place) result {
	if !at.holder.IsValid() {
		p.report.Errorf(patch.Path.Pos, "%s cannot be moved, it is no item of a list", at.what)
		return result{outcome: refused}
	}
	index, r := p.beside(patch, at.outer)
	switch {
	case r.problem != "":
		return r
	case index == at.index, index == at.index+1:
		return result{outcome: idle, pos: at.pos, problem: at.what + " stands there already"}
	}
	item := at.holder.Index(at.index)
	var items []reflect.Value
	for i := range at.holder.Len() + 1 {
		if i == index {
			items = append(items, item)
		}
		if i < at.holder.Len() && i != at.index {
			items = append(items, at.holder.Index(i))
		}
	}
	at.holder.Set(reflect.Append(reflect.MakeSlice(at.holder.Type(), 0, len(items)), items...))
	return result{pos: at.pos}
}

// indexOf returns where in a list the item with a name stands, or -1.
func indexOf(list reflect.Value, name string) int {
	for i := range list.Len() {
		if v := itemName(list.Index(i)); v.Set && v.V == name {
			return i
		}
	}
	return -1
}
