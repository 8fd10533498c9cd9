package policy

import (
	"slices"
	"strings"
	"testing"

	"github.com/nlgen/nlgen/gen/ir"
	"github.com/nlgen/nlgen/generated/nlctrl"
	"github.com/nlgen/nlgen/internal/drift"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// number returns the policy of an unsigned integer.
func number(typ nlctrl.AttrType, least, most uint64) nlctrl.PolicyAttrs {
	return nlctrl.PolicyAttrs{Type: nlattr.Some(typ), MinValueU: nlattr.Some(least), MaxValueU: nlattr.Some(most)}
}

// toy is a family and what a kernel says of it. They agree.
func toy() (*ir.Family, *nlconn.FamilyInfo, *dump) {
	two := 2
	inner := &ir.Set{Name: "inner", Attrs: []*ir.Attr{{Name: "depth", Number: 1, Type: "u8"}}}
	set := &ir.Set{Name: "attrs", Attrs: []*ir.Attr{
		{Name: "size", Number: 1, Type: "u32", Checks: &ir.Checks{Min: &ir.Limit{Value: 1}}},
		{Name: "paint", Number: 2, Type: "u8", Enum: &ir.Enum{Entries: []*ir.Entry{{Value: 0}, {Value: 3}}}},
		{Name: "bits", Number: 3, Type: "u32", EnumFlags: true, Enum: &ir.Enum{Flags: true, Entries: []*ir.Entry{{Value: 1}, {Value: 4}}}},
		{Name: "name", Number: 4, Type: "string", Checks: &ir.Checks{MaxLen: &two}},
		{Name: "key", Number: 5, Type: "binary", Checks: &ir.Checks{ExactLen: &two}},
		{Name: "nest", Number: 6, Type: "nest", Nested: inner},
		{Name: "offset", Number: 7, Type: "s8"},
		{Name: "select", Number: 8, Type: "bitfield32", EnumFlags: true, Enum: &ir.Enum{Flags: true, Entries: []*ir.Entry{{Value: 1}, {Value: 2}}}},
	}}
	f := &ir.Family{Name: "toy", Version: 1, Groups: []*ir.Group{{Name: "mgmt"}}}
	f.Ops = []*ir.Op{
		{Name: "set", Number: 1, Set: set, NetAdmin: true, Do: &ir.Mode{Request: &ir.Message{Set: set, Attrs: set.Attrs}}},
		{Name: "get", Number: 2, Set: set, Dump: &ir.Mode{Request: &ir.Message{Set: set}}},
		{Name: "set-ntf", Number: 3, Set: set},
	}
	info := &nlconn.FamilyInfo{Name: "toy", Version: 1, Groups: []nlconn.Group{{Name: "mgmt"}}, Ops: []nlconn.FamilyOp{
		{ID: 1, Flags: uint32(nlctrl.OpFlagsCmdCapDo | nlctrl.OpFlagsCmdCapHaspol | nlctrl.OpFlagsUnsAdminPerm)},
		{ID: 2, Flags: uint32(nlctrl.OpFlagsCmdCapDump)},
	}}
	bits := number(nlctrl.AttrTypeU32, 0, 1<<32-1)
	bits.Mask = nlattr.Some[uint64](5)
	d := &dump{
		ops: map[uint32]nlctrl.OpPolicyAttrs{1: {Do: nlattr.Some[uint32](0)}},
		sets: map[uint16]map[uint16]nlctrl.PolicyAttrs{
			0: {
				1: number(nlctrl.AttrTypeU32, 1, 1<<32-1),
				2: number(nlctrl.AttrTypeU8, 0, 3),
				3: bits,
				4: {Type: nlattr.Some(nlctrl.AttrTypeNulString), MaxLength: nlattr.Some[uint32](2)},
				5: {Type: nlattr.Some(nlctrl.AttrTypeBinary), MinLength: nlattr.Some[uint32](2), MaxLength: nlattr.Some[uint32](2)},
				6: {Type: nlattr.Some(nlctrl.AttrTypeNested), PolicyIdx: nlattr.Some[uint32](1)},
				7: {Type: nlattr.Some(nlctrl.AttrTypeS8), MinValueS: nlattr.Some[int64](-128), MaxValueS: nlattr.Some[int64](127)},
				8: {Type: nlattr.Some(nlctrl.AttrTypeBitfield32), Bitfield32Mask: nlattr.Some[uint32](3)},
			},
			1: {1: number(nlctrl.AttrTypeU8, 0, 255)},
		},
	}
	return f, info, d
}

func TestCompare(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(f *ir.Family, info *nlconn.FamilyInfo, d *dump)
		want   []string
	}{
		{"nothing", func(*ir.Family, *nlconn.FamilyInfo, *dump) {}, nil},
		{"version", func(_ *ir.Family, info *nlconn.FamilyInfo, _ *dump) { info.Version = 2 }, []string{"family: version 1, theirs 2"}},
		{"header", func(_ *ir.Family, info *nlconn.FamilyInfo, _ *dump) { info.HeaderSize = 4 }, []string{"family: size of the fixed header 0, theirs 4"}},
		{"groups", func(f *ir.Family, _ *nlconn.FamilyInfo, _ *dump) { f.Groups[0].Name = "other" },
			[]string{"group mgmt: missing here, theirs defined", "group other: missing there, ours defined"}},
		{"operations", func(f *ir.Family, _ *nlconn.FamilyInfo, _ *dump) { f.Ops[1].Number = 9 },
			[]string{"op 2: missing here, theirs cmd-cap-dump", "op get: missing there, ours number 9"}},
		{"flags", func(_ *ir.Family, info *nlconn.FamilyInfo, _ *dump) {
			info.Ops[0].Flags = uint32(nlctrl.OpFlagsAdminPerm | nlctrl.OpFlagsCmdCapDo | nlctrl.OpFlagsCmdCapDump)
		}, []string{"op set: admin-perm false, theirs true", "op set: dump false, theirs true", "op set: uns-admin-perm true, theirs false"}},
		{"attribute that we lack", func(_ *ir.Family, _ *nlconn.FamilyInfo, d *dump) { d.sets[1][2] = number(nlctrl.AttrTypeU8, 0, 255) },
			[]string{"inner/2: missing here, theirs u8"}},
		{"attribute that is refused", func(_ *ir.Family, _ *nlconn.FamilyInfo, d *dump) { delete(d.sets[0], 1) },
			[]string{"op set do/size: missing there, ours listed"}},
		{"attribute that is not listed", func(f *ir.Family, _ *nlconn.FamilyInfo, _ *dump) {
			f.Ops[0].Do.Request.Attrs = slices.Delete(slices.Clone(f.Ops[0].Set.Attrs), 0, 1)
		}, []string{"op set do/1: missing here, theirs listed"}},
		{"reply's attribute", func(_ *ir.Family, _ *nlconn.FamilyInfo, d *dump) { delete(d.sets[1], 1) }, nil},
		{"type", func(_ *ir.Family, _ *nlconn.FamilyInfo, d *dump) { d.sets[1][1] = number(nlctrl.AttrTypeU16, 0, 9) },
			[]string{"inner/depth: type u8, theirs u16"}},
		{"range", func(_ *ir.Family, _ *nlconn.FamilyInfo, d *dump) { d.sets[0][1] = number(nlctrl.AttrTypeU32, 0, 9) },
			[]string{"op set do/size: range 1..4294967295, theirs 0..9"}},
		{"enum", func(_ *ir.Family, _ *nlconn.FamilyInfo, d *dump) { d.sets[0][2] = number(nlctrl.AttrTypeU8, 0, 4) },
			[]string{"op set do/paint: range 0..3, theirs 0..4"}},
		{"bits", func(_ *ir.Family, _ *nlconn.FamilyInfo, d *dump) {
			a := d.sets[0][3]
			a.Mask.V = 7
			d.sets[0][3] = a
		}, []string{"op set do/bits: bits 0x5, theirs 0x7"}},
		{"selected bits", func(_ *ir.Family, _ *nlconn.FamilyInfo, d *dump) {
			a := d.sets[0][8]
			a.Bitfield32Mask.V = 1
			d.sets[0][8] = a
		}, []string{"op set do/select: bits 0x3, theirs 0x1"}},
		{"range in a nest", func(_ *ir.Family, _ *nlconn.FamilyInfo, d *dump) { d.sets[1][1] = number(nlctrl.AttrTypeU8, 0, 8) },
			[]string{"inner/depth: range 0..255, theirs 0..8"}},
		{"text that ends in a NUL", func(f *ir.Family, _ *nlconn.FamilyInfo, _ *dump) { f.Ops[0].Set.Attrs[3].Checks = nil },
			[]string{"op set do/name: most bytes none, theirs 2"}},
		{"text that may end without", func(f *ir.Family, _ *nlconn.FamilyInfo, _ *dump) { f.Ops[0].Set.Attrs[3].Checks.Unterminated = true },
			[]string{"op set do/name: unterminated-ok true, theirs false"}},
		{"number that is bytes", func(_ *ir.Family, _ *nlconn.FamilyInfo, d *dump) {
			d.sets[0][1] = nlctrl.PolicyAttrs{Type: nlattr.Some(nlctrl.AttrTypeBinary)}
		}, []string{"op set do/size: type u32, theirs binary"}},
		{"dump's attributes", func(f *ir.Family, _ *nlconn.FamilyInfo, d *dump) {
			f.Ops[1].Dump.Request.Attrs = f.Ops[1].Set.Attrs[:2]
			d.ops[2] = nlctrl.OpPolicyAttrs{Dump: nlattr.Some[uint32](2)}
			d.sets[2] = map[uint16]nlctrl.PolicyAttrs{2: d.sets[0][2], 4: d.sets[0][4]}
		}, []string{"op get dump/4: missing here, theirs listed", "op get dump/size: missing there, ours listed"}},
		{"any bit", func(f *ir.Family, _ *nlconn.FamilyInfo, _ *dump) { f.Ops[0].Set.Attrs[2].Enum = nil },
			[]string{"op set do/bits: bits any bit, theirs 0x5"}},
		{"lengths", func(_ *ir.Family, _ *nlconn.FamilyInfo, d *dump) {
			d.sets[0][4], d.sets[0][5] = nlctrl.PolicyAttrs{Type: nlattr.Some(nlctrl.AttrTypeString), MaxLength: nlattr.Some[uint32](3)},
				nlctrl.PolicyAttrs{Type: nlattr.Some(nlctrl.AttrTypeBinary), MinLength: nlattr.Some[uint32](1)}
		}, []string{"op set do/key: fewest bytes 2, theirs 1", "op set do/name: most bytes 2, theirs 3"}},
		{"signed range", func(f *ir.Family, _ *nlconn.FamilyInfo, _ *dump) {
			f.Ops[0].Set.Attrs[6].Checks = &ir.Checks{Min: &ir.Limit{Value: -1}}
		}, []string{"op set do/offset: range -1..127, theirs -128..127"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			f, info, d := toy()
			test.change(f, info, d)
			c := compare(f, info, d)
			var got []string
			for _, d := range c.Differences {
				got = append(got, d.String())
			}
			slices.Sort(got)
			if !slices.Equal(got, test.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(test.want, "\n"))
			}
		})
	}
}

// TestAdopt shows that the policies of an operation's own dump get numbers that no other has.
func TestAdopt(t *testing.T) {
	d := &dump{
		sets: map[uint16]map[uint16]nlctrl.PolicyAttrs{0: {1: number(nlctrl.AttrTypeU8, 0, 255)}},
		ops:  map[uint32]nlctrl.OpPolicyAttrs{1: {Do: nlattr.Some[uint32](0), Dump: nlattr.Some[uint32](3)}}, // 3 accepts nothing.
	}
	one := &dump{
		sets: map[uint16]map[uint16]nlctrl.PolicyAttrs{
			0: {1: {Type: nlattr.Some(nlctrl.AttrTypeNested), PolicyIdx: nlattr.Some[uint32](1)}},
			1: {2: number(nlctrl.AttrTypeU16, 0, 9)},
		},
		ops: map[uint32]nlctrl.OpPolicyAttrs{0: {Dump: nlattr.Some[uint32](0)}},
	}
	d.adopt(7, one)
	if got := d.ops[7]; !got.Dump.OK || got.Dump.V != 4 || got.Do.OK {
		t.Errorf("the operation has %v", got)
	}
	if got := d.sets[4][1].PolicyIdx.V; got != 5 || d.sets[5][2].MaxValueU.V != 9 {
		t.Errorf("the nest refers to %d of %v", got, d.sets)
	}
}

// TestJudge shows that lines of a release explain nothing in kernels that have it, and that an older one need not have every known difference.
func TestJudge(t *testing.T) {
	known, err := drift.ParseKnown("known.txt", `
toy | newer 6.18 | it came later.
    op new: missing there, ours number 1
toy | ours | it is known.
    a: *
`)
	if err != nil {
		t.Fatal(err)
	}
	c := &drift.Comparison{Family: "toy"}
	c.MissingThere("op new", "number 1")
	for _, test := range []struct {
		release            string
		unexplained, stale int
	}{{"6.12.117+deb12-amd64", 0, 0}, {"6.9", 0, 0}, {"6.18.44-fc", 1, 1}, {"6.18", 1, 1}, {"7.0", 1, 1}} {
		v := Judge(known, []*drift.Comparison{c}, test.release)
		if len(v.Unexplained) != test.unexplained || len(v.Stale) != test.stale {
			t.Errorf("%s: unexplained %v, stale %v", test.release, v.Unexplained, v.Stale)
		}
	}
}
