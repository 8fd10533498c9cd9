package nlctrl

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
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
