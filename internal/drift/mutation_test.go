package drift

import (
	"maps"
	"reflect"
	"slices"
	"testing"

	"github.com/nlgen/nlgen/gen/ir"
)

// silent are the fields of the resolved form whose change is no drift, with what makes it none.
var silent = map[string]string{}

// Fields that are silent for these reasons have others below them that are not.
const (
	defines  = "what only we define is in use, or not"
	neverNil = "is never nil"
)

// blind reports whether nothing below a field is compared.
func blind(field string) bool {
	why := silent[field]
	return why != "" && why != defines && why != neverNil
}

func init() {
	for why, fields := range map[string][]string{
		"for people": {"Attr.Doc", "Const.Doc", "Entry.Doc", "Enum.Doc", "Family.Doc", "Member.Doc", "Message.Doc", "Message.Name", "Op.Doc",
			"Set.Doc", "Struct.Doc", "SubMessage.Doc", "Family.File", "Limit.Text", "Attr.Pos", "Const.Pos", "Entry.Pos", "Enum.Pos", "Family.Pos",
			"Format.Pos", "Group.Pos", "Member.Pos", "Message.Pos", "Op.Pos", "Set.Pos", "Struct.Pos", "SubMessage.Pos"},
		"names of Go and of C": {"Attr.C", "Attr.Const", "Attr.Go", "Const.C", "Const.Go", "Const.Kernel", "Entry.C", "Entry.Go", "Enum.Go", "Enum.Prefix", "Family.CHeader", "Family.OpPrefix", "Set.Prefix",
			"Family.Package", "Format.Go", "Format.Own", "Format.Sharing", "Group.Go", "Message.Go", "Message.Fields", "Message.Same", "Member.Go",
			"Op.C", "Op.Const", "Op.Go", "Set.Go", "Struct.Go", "SubMessage.Go", "SubMessage.RawGo", "Enum.Bits", "Enum.Signed", "Attr.Presence"},
		"what is matched by being reached": {"Enum.Name", "Family.Name", "Set.Name", "Struct.Name", "SubMessage.Name", "Selector.Name"},
		"follows from other fields": {"Attr.Set", "Set.Cyclic", "Set.Nest", "Set.Outer", "Set.Parent", "Struct.Header", "Struct.Align", "Message.Op", "Message.Request",
			"Entry.Number", "Family.Messages", "Family.Events", "Family.Directional", "Family.Header", "Family.Level", "Limit.Unsigned", "Const.Unsigned"},
		"of nlgen.yaml, which no spec says": {"Attr.NetOrder", "Attr.Record", "Op.Single", "Array.Count", "Family.Errors"},
		neverNil:                            {"Array.Member", "Mode.Request"},
		defines:                             {"Family.Consts", "Family.Enums", "Family.Sets", "Family.Structs", "Family.SubMessages"},
		"no family has one":                 {"Const.Text", "Const.IsString"},
	} {
		for _, field := range fields {
			silent[field] = why
		}
	}
}

// TestEveryFact changes every field of the resolved form of some specs, one at a time, and expects each change to be found somewhere: what
// a spec can say is compared. A new field must be compared or be among the silent ones.
func TestEveryFact(t *testing.T) {
	ours, err := Families()
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := Families()
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for i, f := range theirs {
		if !slices.Contains([]string{"nlctrl", "rt-route", "rt-nexthop", "rt-bridge-mdb", "tcp_metrics", "rt-neigh", "rt-bridge-link", "netdev", "tc", "ipset"}, f.Name) {
			continue
		}
		m := &mutator{found, map[any]bool{}, func() bool { return len(Compare(ours[i], f).Differences) > 0 }}
		m.walk(reflect.ValueOf(f))
	}
	all := map[string]bool{}
	fields(reflect.TypeFor[ir.Family](), all)
	for _, field := range slices.Sorted(maps.Keys(all)) {
		if silent[field] == "" && !found[field] {
			t.Errorf("no difference if %s differs", field)
		}
	}
	for field := range silent {
		if !all[field] {
			t.Errorf("there is no %s to be silent", field)
		}
	}
	t.Logf("changes of %d fields are found", len(found))
}

// fields collects the fields of a type and of those that it refers to.
func fields(t reflect.Type, all map[string]bool) {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice:
		fields(t.Elem(), all)
	case reflect.Struct:
		for i := range t.NumField() {
			field := t.Name() + "." + t.Field(i).Name
			if !all[field] {
				all[field] = true
				if !blind(field) {
					fields(t.Field(i).Type, all)
				}
			}
		}
	}
}

// A mutator changes one thing at a time.
type mutator struct {
	found map[string]bool // whether a change of a field was
	seen  map[any]bool
	check func() bool // is called while a field differs
}

func (m *mutator) walk(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() && !m.seen[v.Interface()] {
			m.seen[v.Interface()] = true
			m.walk(v.Elem())
		}
	case reflect.Slice:
		for i := range v.Len() {
			m.walk(v.Index(i))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			field := v.Type().Name() + "." + v.Type().Field(i).Name
			if silent[field] == "" {
				m.mutate(field, v.Field(i))
			}
			if !blind(field) {
				m.walk(v.Field(i))
			}
		}
	}
}

// mutate changes a field and changes it back, unless a change of one of its name was found before.
func (m *mutator) mutate(field string, v reflect.Value) {
	old := reflect.New(v.Type()).Elem()
	old.Set(v)
	switch {
	case m.found[field]:
		return
	case v.Kind() == reflect.Bool:
		v.SetBool(!v.Bool())
	case v.CanInt():
		v.SetInt(v.Int() + 1)
	case v.CanUint():
		v.SetUint(v.Uint() + 1)
	case v.Kind() == reflect.String:
		v.SetString(v.String() + "x")
	case v.Kind() == reflect.Pointer && !v.IsNil():
		v.SetZero()
	case v.Kind() == reflect.Slice && v.Len() > 0:
		v.Set(v.Slice(0, v.Len()-1))
	default:
		return
	}
	m.found[field] = m.check()
	v.Set(old)
}
