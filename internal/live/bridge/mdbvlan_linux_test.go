package bridge

import (
	"testing"

	"github.com/nlgen/nlgen/generated/rtbridgemdb"
	"github.com/nlgen/nlgen/generated/rtbridgevlan"
	"github.com/nlgen/nlgen/generated/rtlink"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// TestGroupsOfVlans has one group in two VLANs, and a router in one of them, in a bridge that snoops each VLAN by itself.
func TestGroupsOfVlans(t *testing.T) {
	l := newLab(t, filtering(rtlink.BrBooloptMcastVlanSnooping, rtlink.BrBooloptMcastVlanSnooping))
	l.forwarding()
	ctx := witness.Patience(t)
	c := witness.NewTally(t)
	client, vlans := rtbridgemdb.New(l.Conn), rtbridgevlan.New(l.Conn)
	set := func(index uint32, e rtbridgevlan.VlanEntryAttrs) error {
		return vlans.Newvlan(l.Ctx, &rtbridgevlan.NewvlanRequest{Header: vlanHeader(index), Entry: []rtbridgevlan.VlanEntryAttrs{e}})
	}
	both := entry(10, 0)
	both.Range = u16(11)
	for _, index := range []uint32{l.bridge, l.ports[0]} {
		if err := set(index, both); err != nil {
			t.Fatal(err)
		}
	}
	var cases []*rtbridgemdb.NewmdbRequest
	for _, vid := range []uint16{10, 11} {
		e := group(l.ports[0], "239.1.1.1", rtbridgemdb.MdbStatePermanent)
		e.Vid = vid
		cases = append(cases, &rtbridgemdb.NewmdbRequest{Header: mdbHeader(l.bridge), Entry: e})
	}
	sub, err := client.Subscribe(ctx, rtbridgemdb.GroupMdb)
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	var steps []witness.Step[rtbridgemdb.Event]
	for _, req := range cases {
		steps = append(steps, witness.Step[rtbridgemdb.Event]{Name: "add", Do: func() error { return client.Newmdb(l.Ctx, req, nlconn.Create) }, Match: func(ev rtbridgemdb.Event) error {
			x, ok := ev.(*rtbridgemdb.NewmdbNtf)
			if !ok || len(membersOf(&x.GetmdbReply)) != 1 || !membersOf(&x.GetmdbReply)[0].is(req) {
				return witness.ErrOther
			}
			return nil
		}})
	}
	router := entry(10, rtbridgevlan.VlanFlagsOnlyOpts)
	router.McastRouter = nlattr.Some(rtbridgevlan.MdbRtrTypePerm)
	steps = append(steps, witness.Step[rtbridgemdb.Event]{Name: "a router", Do: func() error { return set(l.ports[0], router) }, Match: func(ev rtbridgemdb.Event) error {
		x, ok := ev.(*rtbridgemdb.NewmdbNtf)
		if !ok || x.Router == nil || x.Router.Port[0].Header.Ifindex != l.ports[0] || x.Router.Port[0].Vid != u16(10) {
			return witness.ErrOther
		}
		return nil
	}})
	witness.Play(t, ctx, sub.All(ctx), steps)
	for _, req := range cases {
		if got := l.found(req); got == nil {
			t.Errorf("VLAN %d: not in the dump", req.Entry.Vid)
		} else {
			got.same(c, "group", req)
		}
	}
	l.compareMdb(c)
	if e := l.find(l.ports[0], 11); e.McastNGroups.V == 0 {
		t.Errorf("the VLAN database counts no groups: %+v", e)
	}
	if err := client.Delmdb(l.Ctx, &rtbridgemdb.DelmdbRequest{Header: mdbHeader(l.bridge), Entry: &rtbridgemdb.BrMdbEntry{Vid: 10}}, nlconn.Bulk); err != nil {
		t.Error(err)
	}
	if l.found(cases[0]) != nil || l.found(cases[1]) == nil {
		t.Error("VLAN 10 must be flushed, not VLAN 11")
	}
	c.Report("groups of VLANs")
}
