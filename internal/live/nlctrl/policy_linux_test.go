package nlctrl

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/nlgen/nlgen/generated/nlctrl"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
)

// TestPolicies dumps the policies of every family that has them, and compares them with what genl prints. Nothing in them may be unknown
// to the spec, and what refers to another policy must find it.
func TestPolicies(t *testing.T) {
	_, conn := witness.Dial(t)
	client := nlctrl.New(conn)
	families, err := client.GetfamilyCollect(witness.Patience(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	var total, attrs int
	for _, f := range families {
		t.Run(f.FamilyName.V, func(t *testing.T) {
			has := slices.ContainsFunc(f.Ops, func(op nlattr.Indexed[nlctrl.OpAttrs]) bool {
				return op.V.Flags.V&nlctrl.OpFlagsCmdCapHaspol != 0
			})
			p, err := readPolicies(witness.Patience(t), client, &nlctrl.GetpolicyDumpRequest{FamilyName: f.FamilyName})
			if err != nil {
				if has {
					t.Error(err)
				} else {
					t.Skip(err)
				}
				return
			}
			p.check(t)
			compareWithGenl(t, f.FamilyName.V, p.messages)
			for _, op := range f.Ops {
				id := op.V.ID.V
				if op.V.Flags.V&nlctrl.OpFlagsCmdCapDo == 0 {
					id = 0 // The kernel puts the policy of an operation without a do under number 0.
				}
				pair, ok := p.ops[id]
				if has := op.V.Flags.V&nlctrl.OpFlagsCmdCapHaspol != 0; has != (ok && (pair.Do.OK || pair.Dump.OK)) && id != 0 {
					t.Errorf("operation %d: its flags are %v, its policies %+v", op.V.ID.V, op.V.Flags.V, pair)
				}
			}
			total += len(p.sets)
			attrs += p.attrs
		})
	}
	t.Logf("%d policies with %d attributes of %d families", total, attrs, len(families))
	if attrs == 0 {
		t.Error("no policy was read")
	}

	// The policies of one operation alone.
	p, err := readPolicies(witness.Patience(t), client, &nlctrl.GetpolicyDumpRequest{
		FamilyName: nlattr.Some("nlctrl"), Op: nlattr.Some(uint32(nlctrl.CmdGetpolicy)),
	})
	if err != nil {
		t.Fatal(err)
	}
	p.check(t)
	ops := slices.Collect(maps.Values(p.ops))
	if len(ops) != 1 || !ops[0].Dump.OK {
		t.Fatalf("the operation getpolicy has the policies %v", p.ops)
	}
	name := p.sets[uint16(ops[0].Dump.V)][nlctrl.AttrCtrlFamilyName]
	if name.Type.V != nlctrl.AttrTypeNulString || name.MaxLength.V != 15 {
		t.Errorf("the kernel's policy of family-name is %+v", name)
	}
}

// policies is a policy dump put together.
type policies struct {
	sets  map[uint16]map[uint16]nlctrl.PolicyAttrs
	ops   map[uint32]nlctrl.OpPolicyAttrs
	attrs int
	// messages are the replies, to look for what the spec does not know.
	messages []*nlctrl.GetpolicyReply
}

func readPolicies(ctx context.Context, client *nlctrl.Client, req *nlctrl.GetpolicyDumpRequest) (*policies, error) {
	replies, err := client.GetpolicyCollect(ctx, req)
	if err != nil {
		return nil, err
	}
	p := &policies{sets: map[uint16]map[uint16]nlctrl.PolicyAttrs{}, ops: map[uint32]nlctrl.OpPolicyAttrs{}, messages: replies}
	for _, r := range replies {
		for _, op := range r.OpPolicy {
			p.ops[uint32(op.Index)] = op.V
		}
		for _, set := range r.Policy {
			if p.sets[set.Index] == nil {
				p.sets[set.Index] = map[uint16]nlctrl.PolicyAttrs{}
			}
			for _, attr := range set.V {
				p.sets[set.Index][attr.Index] = attr.V
				p.attrs++
			}
		}
	}
	return p, nil
}

// check looks for what is unknown or dangling. Operations may refer to policies that are not there: the kernel leaves out empty ones.
func (p *policies) check(t *testing.T) {
	t.Helper()
	known := func(set uint32, from string) {
		if _, ok := p.sets[uint16(set)]; !ok {
			t.Errorf("%s refers to policy %d, which is not in the dump", from, set)
		}
	}
	for set, attrs := range p.sets {
		for number, a := range attrs {
			at := fmt.Sprintf("attribute %d of policy %d", number, set)
			if len(a.Unknown) > 0 {
				t.Errorf("%s has unknown attributes: %v", at, a.Unknown)
			}
			if !a.Type.OK || a.Type.V > nlctrl.AttrTypeUint {
				t.Errorf("%s has the type %v", at, a.Type)
			}
			if a.PolicyIdx.OK {
				known(a.PolicyIdx.V, at)
				if max := a.PolicyMaxtype.V; !a.PolicyMaxtype.OK || max == 0 {
					t.Errorf("%s is a nest with the highest attribute %v", at, a.PolicyMaxtype)
				}
			}
			for number := range p.sets[uint16(a.PolicyIdx.V)] {
				if a.PolicyIdx.OK && uint32(number) > a.PolicyMaxtype.V {
					t.Errorf("%s is a nest up to %d that has an attribute %d", at, a.PolicyMaxtype.V, number)
				}
			}
		}
	}
	for _, m := range p.messages {
		if len(m.Unknown) > 0 {
			t.Errorf("a reply has unknown attributes: %v", m.Unknown)
		}
		for _, op := range m.OpPolicy {
			if len(op.V.Unknown) > 0 {
				t.Errorf("the policies of operation %d have unknown attributes: %v", op.Index, op.V.Unknown)
			}
		}
	}
}

// compareWithGenl compares the messages of a dump with the lines that genl prints of them, word by word.
func compareWithGenl(t *testing.T, family string, messages []*nlctrl.GetpolicyReply) {
	t.Helper()
	var ours []string
	for _, m := range messages {
		line := fmt.Sprintf("ID: %#x ", m.FamilyID.V)
		for _, op := range m.OpPolicy {
			line += fmt.Sprintf(" op %d policies:", op.Index)
			if op.V.Do.OK {
				line += fmt.Sprintf(" do=%d", op.V.Do.V)
			}
			if op.V.Dump.OK {
				line += fmt.Sprintf(" dump=%d", op.V.Dump.V)
			}
		}
		for _, set := range m.Policy {
			for _, a := range set.V {
				line += fmt.Sprintf(" policy[%d]:attr[%d]: %s", set.Index, a.Index, policyText(a.V))
			}
		}
		ours = append(ours, line)
	}
	var theirs []string
	for line := range strings.Lines(string(witness.Output(t, "genl", "ctrl", "policy", "name", family))) {
		theirs = append(theirs, strings.TrimSpace(line))
	}
	if diff := cmp.Diff(ours, theirs); diff != "" {
		t.Errorf("ours -, genl's +:\n%s", diff)
	}
}

// policyText is how genl prints what an attribute may be; it does not know the integers of any width, and says nothing of masks.
func policyText(a nlctrl.PolicyAttrs) string {
	kind := strings.ToUpper(strings.ReplaceAll(a.Type.V.String(), "-", "_"))
	if a.Type.V == nlctrl.AttrTypeSint || a.Type.V == nlctrl.AttrTypeUint {
		kind = "unknown"
	}
	line := "type=" + kind
	put := func(format string, there bool, args ...any) {
		if there {
			line += fmt.Sprintf(format, args...)
		}
	}
	put(" policy:%d", a.PolicyIdx.OK, a.PolicyIdx.V)
	put(" maxattr:%d", a.PolicyMaxtype.OK, a.PolicyMaxtype.V)
	put(" range:[%d,%d]", a.MinValueS.OK && a.MaxValueS.OK, a.MinValueS.V, a.MaxValueS.V)
	put(" range:[%d,%d]", a.MinValueU.OK && a.MaxValueU.OK, a.MinValueU.V, a.MaxValueU.V)
	put(" min len:%d", a.MinLength.OK, a.MinLength.V)
	put(" max len:%d", a.MaxLength.OK, a.MaxLength.V)
	return line
}
