package nlctrl

import (
	"testing"

	"github.com/nlgen/nlgen/generated/nlctrl"
	"github.com/nlgen/nlgen/internal/nettest"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// TestFamilyEvents takes the module of a family out of the kernel and puts it in again, and hears of the family and its group go and come.
// The family is one of the first namespace only, so that is where it is told.
func TestFamilyEvents(t *testing.T) {
	if !nettest.Guest() {
		t.Skip("modules are loaded in the virtual machine only")
	}
	const module, family = "drop_monitor", "NET_DM"
	ctx, conn := witness.Dial(t, nlconn.WithNamespace("/proc/1/ns/net"))
	client := nlctrl.New(conn)
	remove := func() { witness.Output(t, "rmmod", module) }
	reload := func() { witness.Output(t, "insmod", "/lib/modules/"+module+".ko") }
	remove()
	sub, err := client.Subscribe(ctx, nlctrl.GroupNotify)
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	reload()
	read := func() *nlctrl.GetfamilyReply {
		t.Helper()
		x, err := client.Getfamily(ctx, &nlctrl.GetfamilyRequest{FamilyName: nlattr.Some(family)})
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
	whole := read()
	remove()
	reload()
	again := read()

	c := witness.NewTally(t)
	var told []string
	for ev, err := range sub.All(witness.Patience(t)) {
		if err != nil {
			t.Fatal(err)
		}
		want := whole
		if len(told) > 3 {
			want = again
		}
		group := &nlctrl.NewmcastGrpNtfMessage{FamilyID: want.FamilyID, FamilyName: want.FamilyName, McastGroups: want.McastGroups}
		switch ev := ev.(type) {
		case *nlctrl.NewfamilyNtf:
			told = append(told, "family")
			c.Within("family", want, ev.GetfamilyReply, "McastGroups")
		case *nlctrl.NewmcastGrpNtf:
			told = append(told, "group")
			c.Within("group", group, ev.NewmcastGrpNtfMessage, "Ops")
		case *nlctrl.DelmcastGrpNtf:
			told = append(told, "no group")
			c.Within("no group", group, ev.NewmcastGrpNtfMessage)
		case *nlctrl.DelfamilyNtf:
			told = append(told, "no family")
			c.Field("no family", ev.FamilyName, family)
		}
		if len(told) == 6 {
			break
		}
	}
	c.Field("told", told, []any{"family", "group", "no group", "no family", "family", "group"})
	c.Report("families that come and go")
}
