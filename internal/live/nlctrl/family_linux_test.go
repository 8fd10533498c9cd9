package nlctrl

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/nlgen/nlgen/generated/nlctrl"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// A genlFamily is what "genl ctrl list" says about a family. Numbers are in genl's spelling.
type genlFamily struct {
	Name, ID, Version, Header, Maxattr string
	Ops                                []string // number, and flags if there are any
	Groups                             []string // name and number
}

// genlFamilies reads the list of genl.
func genlFamilies(t *testing.T) []genlFamily {
	t.Helper()
	var list []genlFamily
	lines := bufio.NewScanner(bytes.NewReader(witness.Output(t, "genl", "ctrl", "list")))
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		if name, ok := strings.CutPrefix(line, "Name: "); ok {
			list = append(list, genlFamily{Name: name})
			continue
		}
		if len(list) == 0 {
			continue
		}
		f := &list[len(list)-1]
		var number string
		switch {
		case strings.HasPrefix(line, "ID: "):
			fmt.Sscanf(line, "ID: %s Version: %s header size: %s max attribs: %s", &f.ID, &f.Version, &f.Header, &f.Maxattr)
		case strings.HasPrefix(line, "#") && strings.Contains(line, "name: "):
			head, name, _ := strings.Cut(line, "name: ")
			fmt.Sscanf(head[strings.Index(head, "ID-"):], "ID-%s", &number)
			f.Groups = append(f.Groups, name+" "+number)
		case strings.HasPrefix(line, "#"):
			fmt.Sscanf(line[strings.Index(line, "ID-"):], "ID-%s", &number)
			f.Ops = append(f.Ops, number)
		case strings.HasPrefix(line, "Capabilities (") && len(f.Ops) > 0:
			_, flags, _ := strings.Cut(strings.TrimSuffix(line, "):"), "(")
			f.Ops[len(f.Ops)-1] += " " + flags
		}
	}
	return list
}

// asGenl is a family in genl's spelling.
func asGenl(x *nlctrl.GetfamilyReply) genlFamily {
	hex := func(n uint32) string { return "0x" + strconv.FormatUint(uint64(n), 16) }
	f := genlFamily{
		Name: x.FamilyName.V, ID: hex(uint32(x.FamilyID.V)), Version: hex(x.Version.V), Header: strconv.Itoa(int(x.Hdrsize.V)),
		Maxattr: strconv.Itoa(int(x.Maxattr.V)),
	}
	for _, op := range x.Ops {
		text := hex(op.V.ID.V)
		if x.Version.V > 1 {
			text += " " + hex(uint32(op.V.Flags.V)) // genl shows them for families of version 2 and above only.
		}
		f.Ops = append(f.Ops, text)
	}
	for _, group := range x.McastGroups {
		f.Groups = append(f.Groups, group.V.Name.V+" "+hex(group.V.ID.V))
	}
	return f
}

// TestFamilies compares every family of the machine, with its operations and groups, with what genl prints; by number and by name;
// and with what the connection itself has found. It needs no namespace of its own: it only reads, and takes no lock of the kernel that
// configuration takes.
func TestFamilies(t *testing.T) {
	ctx, conn := witness.Dial(t)
	client := nlctrl.New(conn)
	c := witness.NewTally(t)
	// Families come and go with modules: look again if one did meanwhile.
	c.Steady(func(c *witness.Tally) {
		all, err := client.GetfamilyCollect(ctx, nil)
		if err != nil {
			t.Fatal(err)
		}
		theirs := genlFamilies(t)
		if len(all) != len(theirs) {
			c.Errorf("we see %d families, genl %d", len(all), len(theirs))
			return
		}
		byName := map[string]genlFamily{}
		for _, f := range theirs {
			byName[f.Name] = f
		}
		for _, f := range all {
			ours := asGenl(f)
			c.Fields += 5 + 2*len(f.Ops) + 2*len(f.McastGroups)
			if diff := cmp.Diff(ours, byName[ours.Name]); diff != "" {
				c.Errorf("%s: ours -, genl's +:\n%s", ours.Name, diff)
			}
			witness.Known(t, ours.Name, f)
			for _, req := range []*nlctrl.GetfamilyRequest{{FamilyName: f.FamilyName}, {FamilyID: f.FamilyID}} {
				one, err := client.Getfamily(ctx, req)
				if err != nil || !reflect.DeepEqual(one, f) {
					c.Errorf("%s: by do %+v, %v", ours.Name, one, err)
				}
			}
			info, err := conn.Family(ctx, f.FamilyName.V)
			if err != nil || info.ID != f.FamilyID.V || len(info.Ops) != len(f.Ops) || len(info.Groups) != len(f.McastGroups) {
				c.Errorf("%s: the connection knows %+v, %v", ours.Name, info, err)
			}
		}
	})
	if _, err := client.Getfamily(ctx, &nlctrl.GetfamilyRequest{FamilyName: nlattr.Some("no such one")}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a family that does not exist: %v", err)
	}
	c.Report("families")
}

// TestPolicies dumps the policies of every family that has them. Nothing in them may be unknown to the spec, and what refers to
// another policy must find it.
func TestPolicies(t *testing.T) {
	ctx, conn := witness.Dial(t)
	client := nlctrl.New(conn)
	families, err := client.GetfamilyCollect(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	var total, attrs int
	for _, f := range families {
		t.Run(f.FamilyName.V, func(t *testing.T) {
			has := slices.ContainsFunc(f.Ops, func(op nlattr.Indexed[nlctrl.OpAttrs]) bool {
				return op.V.Flags.V&nlctrl.OpFlagsCmdCapHaspol != 0
			})
			p, err := readPolicies(ctx, client, &nlctrl.GetpolicyDumpRequest{FamilyName: f.FamilyName})
			if err != nil {
				if has {
					t.Error(err)
				} else {
					t.Skip(err)
				}
				return
			}
			p.check(t)
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
	p, err := readPolicies(ctx, client, &nlctrl.GetpolicyDumpRequest{
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

// TestFamilyNames gets all families by the connection's own list.
func TestFamilyNames(t *testing.T) {
	ctx, conn := witness.Dial(t)
	families, err := conn.Families(ctx)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(families, func(f *nlconn.FamilyInfo) bool { return f.Name == "nlctrl" })
	if i < 0 || families[i].ID != 16 {
		t.Fatalf("nlctrl is not among the %d families", len(families))
	}
	if group, ok := families[i].Group("notify"); !ok || group.ID != 16 {
		t.Errorf("nlctrl has the groups %v", families[i].Groups)
	}
}
