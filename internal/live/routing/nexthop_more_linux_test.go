package routing

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/rtlink"
	"github.com/nlgen/nlgen/generated/rtneigh"
	"github.com/nlgen/nlgen/generated/rtnexthop"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// resilient is a request for a resilient group of eight buckets. Those idle for three tenths of a second may move.
func resilient(id uint32, list ...rtnexthop.NexthopGrp) *rtnexthop.NewnexthopRequest {
	return &rtnexthop.NewnexthopRequest{
		ID: u32(id), Group: group(list...), GroupType: nlattr.Some(rtnexthop.NexthopGrpTypeRes),
		ResGroup: &rtnexthop.ResGroupAttrs{Buckets: u16(8), IdleTimer: u32(30)},
	}
}

// TestNexthopBuckets compares the buckets of resilient groups with what ip prints, all of them and by filters.
func TestNexthopBuckets(t *testing.T) {
	h := newHopping(t)
	c := witness.NewTally(t)
	h.make(hopCases(h.first, h.second)[:4])
	for _, req := range []*rtnexthop.NewnexthopRequest{
		resilient(40, rtnexthop.NexthopGrp{ID: 1}, rtnexthop.NexthopGrp{ID: 2, Weight: 2}), resilient(41, rtnexthop.NexthopGrp{ID: 4}, rtnexthop.NexthopGrp{ID: 1}),
	} {
		if err := h.client.Newnexthop(h.Ctx, req, nlconn.Create); err != nil {
			t.Fatal(err)
		}
	}
	dump := func(req *rtnexthop.GetnexthopbucketDumpRequest) []*rtnexthop.GetnexthopbucketReply {
		list, err := h.client.GetnexthopbucketCollect(h.Ctx, req)
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range list {
			witness.Known(t, "bucket", x)
		}
		return list
	}
	view := witness.View[*rtnexthop.GetnexthopbucketReply]{
		"id":    func(x *rtnexthop.GetnexthopbucketReply) any { return x.ID },
		"flags": func(x *rtnexthop.GetnexthopbucketReply) any { return hopFlags(x.Header.NhFlags) },
		"bucket": func(x *rtnexthop.GetnexthopbucketReply) any {
			return witness.Object{"index": x.ResBucket.Index, "idle_time": witness.Near(float64(x.ResBucket.IdleTime.V) / userHertz), "nhid": x.ResBucket.NhID}
		},
	}
	for _, f := range []struct {
		name string
		req  *rtnexthop.GetnexthopbucketDumpRequest
		args []string
		want int
	}{
		{"all", &rtnexthop.GetnexthopbucketDumpRequest{}, nil, 16},
		{"group", &rtnexthop.GetnexthopbucketDumpRequest{ID: u32(41)}, []string{"id", "41"}, 8},
		{"nexthop", &rtnexthop.GetnexthopbucketDumpRequest{ResBucket: &rtnexthop.ResBucketAttrs{NhID: u32(4)}}, []string{"nhid", "4"}, 4},
		{"link", &rtnexthop.GetnexthopbucketDumpRequest{Oif: u32(h.second)}, []string{"dev", "hop1"}, 4},
		{"master", &rtnexthop.GetnexthopbucketDumpRequest{Master: u32(h.bridge)}, []string{"master", "hopbr0"}, 4},
	} {
		ours := dump(f.req)
		theirs := witness.IP(t, append([]string{"-d", "nexthop", "bucket", "list"}, f.args...)...)
		if len(ours) != f.want || len(theirs) != f.want {
			t.Fatalf("%s: %d buckets, ip sees %d, want %d", f.name, len(ours), len(theirs), f.want)
		}
		for i, x := range ours {
			witness.Compare(c, fmt.Sprintf("%s %d", f.name, i), x, view, theirs[i])
			one, err := h.client.Getnexthopbucket(h.Ctx, &rtnexthop.GetnexthopbucketRequest{ID: x.ID, ResBucket: &rtnexthop.ResBucketAttrs{Index: x.ResBucket.Index}})
			if err != nil {
				t.Fatal(err)
			}
			c.Within("by do", x, one, "IdleTime", "NhFlags")
		}
	}
	// Half of the buckets have each member of the second group.
	count := map[uint32]int{}
	for _, x := range dump(&rtnexthop.GetnexthopbucketDumpRequest{ID: u32(41)}) {
		count[x.ResBucket.NhID.V]++
	}
	if count[1] != 4 || count[4] != 4 {
		t.Errorf("the buckets have %v", count)
	}
	c.Report("buckets")
}

// TestNexthopBucketEvents makes one of two members of a resilient group heavier while the buckets are busy, and hears of each that moves
// when it is idle.
func TestNexthopBucketEvents(t *testing.T) {
	h := newHopping(t)
	h.make(hopCases(h.first, h.second)[:2])
	ctx := witness.Patience(t)
	sub, err := h.client.Subscribe(ctx, rtnexthop.GroupNexthop)
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	if err := h.client.Newnexthop(h.Ctx, resilient(60, rtnexthop.NexthopGrp{ID: 1}, rtnexthop.NexthopGrp{ID: 2}), nlconn.Create); err != nil {
		t.Fatal(err)
	}
	time.Sleep(20 * time.Millisecond) // Within the tick in which a bucket was made, nothing makes it busy.
	h.send(60, 64)
	heavy := resilient(60, rtnexthop.NexthopGrp{ID: 1}, rtnexthop.NexthopGrp{ID: 2, Weight: 6})
	if err := h.client.Newnexthop(h.Ctx, heavy, nlconn.Create, nlconn.Replace); err != nil {
		t.Fatal(err)
	}
	// second returns the buckets of the second member.
	second := func() map[uint16]bool {
		list, err := h.client.GetnexthopbucketCollect(h.Ctx, &rtnexthop.GetnexthopbucketDumpRequest{ID: u32(60)})
		if err != nil || len(list) != 8 {
			t.Fatalf("%d buckets, %v", len(list), err)
		}
		indexes := map[uint16]bool{}
		for _, x := range list {
			if x.ResBucket.NhID == u32(2) {
				indexes[x.ResBucket.Index.V] = true
			}
		}
		return indexes
	}
	moved := second() // Four, and idle ones that moved at once, which no event tells.
	if len(moved) == 7 {
		t.Fatal("no bucket was busy")
	}
	for ev, err := range sub.All(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		if x, ok := ev.(*rtnexthop.NewnexthopbucketNtf); ok {
			if x.ID != u32(60) || x.ResBucket == nil || x.ResBucket.NhID != u32(2) {
				t.Errorf("a bucket moved: %+v, %+v", x, x.ResBucket)
			}
			moved[x.ResBucket.Index.V] = true
		}
		if len(moved) == 7 {
			break
		}
	}
	if got := second(); !maps.Equal(got, moved) {
		t.Errorf("the second member has the buckets %v, and we heard of %v", got, moved)
	}
	if x := h.get(&rtnexthop.GetnexthopRequest{ID: u32(60)}); x.ResGroup.UnbalancedTime != u64(0) {
		t.Errorf("in balance, for %v ticks not", x.ResGroup.UnbalancedTime)
	}
}

// TestNexthopDatabase has a VXLAN link send to the members of a group, and compares the entry with what bridge prints.
func TestNexthopDatabase(t *testing.T) {
	h := newHopping(t)
	vxlan := h.Create(&rtlink.NewlinkRequest{Ifname: text("hopvx0"), Linkinfo: &rtlink.LinkinfoAttrs{Data: &rtlink.LinkinfoVxlanAttrs{ID: u32(7)}}})
	for _, hc := range hopCases(h.first, h.second) {
		if hc.req.Fdb { // two nexthops, and a group of the first
			h.make([]hopCase{hc})
		}
	}
	neigh := rtneigh.New(h.Conn)
	header := rtneigh.Ndmsg{
		NdmFamily: unix.AF_BRIDGE, NdmIfindex: vxlan.Header.IfiIndex, NdmState: rtneigh.NudStatePermanent, NdmFlags: rtneigh.NtfFlagsSelf,
	}
	entry := &rtneigh.NewneighRequest{Header: header, Lladdr: mac(1), NhID: u32(31)}
	if err := neigh.Newneigh(h.Ctx, entry, nlconn.Create); err != nil {
		t.Fatal(err)
	}
	// Only a group serves a database.
	lone := &rtneigh.NewneighRequest{Header: header, Lladdr: mac(2), NhID: u32(20)}
	if err := neigh.Newneigh(h.Ctx, lone, nlconn.Create); !errors.Is(err, syscall.EINVAL) {
		t.Errorf("a single nexthop: %v", err)
	}
	list, err := neigh.GetneighCollect(h.Ctx, &rtneigh.GetneighDumpRequest{Header: rtneigh.Ndmsg{NdmFamily: unix.AF_BRIDGE}, Ifindex: u32(uint32(vxlan.Header.IfiIndex))})
	if err != nil {
		t.Fatal(err)
	}
	c := witness.NewTally(t)
	theirs := witness.List(t, "bridge", "-j", "fdb", "show", "dev", "hopvx0")
	for _, x := range list {
		if x.Lladdr.String() != mac(1).String() {
			continue
		}
		c.Within("entry", entry, x)
		for _, o := range theirs {
			if o["mac"] == mac(1).String() {
				c.Field("nhid", x.NhID, o["nhid"])
			}
		}
	}
	if c.Fields < 2 {
		t.Errorf("the entry is not in %+v or not in %v", list, theirs)
	}
	c.Report("entry of a database")
	if x := h.get(&rtnexthop.GetnexthopRequest{ID: u32(31)}); !x.Fdb || len(x.Group.Members) != 1 || x.Group.Members[0].ID != 20 {
		t.Errorf("the group of the database is %+v", x)
	}
}

func TestNexthopRefusals(t *testing.T) {
	h := newHopping(t)
	h.make(hopCases(h.first, h.second)[:3])
	set := func(req *rtnexthop.NewnexthopRequest) func() error {
		return func() error { return h.client.Newnexthop(h.Ctx, req, nlconn.Create, nlconn.NoValidate) }
	}
	v4 := rtnexthop.Nhmsg{NhFamily: unix.AF_INET}
	dead := v4
	dead.NhFlags = rtnexthop.RtnhFlagsDead
	for _, r := range []refusal{
		{"nothing", set(&rtnexthop.NewnexthopRequest{Header: v4, ID: u32(50)}), syscall.EINVAL, `rt-nexthop: newnexthop: EINVAL: "Device attribute required for non-blackhole and non-fdb nexthops"`},
		{"no family", set(&rtnexthop.NewnexthopRequest{ID: u32(50), Oif: u32(h.first)}), syscall.EINVAL, `rt-nexthop: newnexthop: EINVAL: "Invalid address family"`},
		{"a flag of the kernel", set(&rtnexthop.NewnexthopRequest{Header: dead, ID: u32(50), Oif: u32(h.first)}), syscall.EINVAL, `rt-nexthop: newnexthop: EINVAL: "Invalid nexthop flags in ancillary header"`},
		{"a blackhole with a device", set(&rtnexthop.NewnexthopRequest{Header: v4, ID: u32(50), Blackhole: true, Oif: u32(h.first)}), syscall.EINVAL, `rt-nexthop: newnexthop: EINVAL: "Blackhole attribute can not be used with gateway, oif, encap or fdb"`},
		{"a gateway of another family", set(&rtnexthop.NewnexthopRequest{Header: v4, ID: u32(50), Oif: u32(h.first), Gateway: addr("2001:db8::2")}), syscall.EINVAL, `rt-nexthop: newnexthop: EINVAL: "Invalid gateway"`},
		{"a gateway that is not reachable", set(&rtnexthop.NewnexthopRequest{Header: v4, ID: u32(50), Oif: u32(h.first), Gateway: addr("203.0.113.1")}), syscall.ENETUNREACH, `rt-nexthop: newnexthop: ENETUNREACH: "Nexthop has invalid gateway"`},
		{"an empty group", set(&rtnexthop.NewnexthopRequest{ID: u32(50), Group: group()}), syscall.EINVAL, `rt-nexthop: newnexthop: EINVAL: "Invalid length for nexthop group attribute"`},
		{"a group with a gateway", set(&rtnexthop.NewnexthopRequest{ID: u32(50), Group: group(rtnexthop.NexthopGrp{ID: 1}), Gateway: addr("192.0.2.2")}), syscall.EINVAL, `rt-nexthop: newnexthop: EINVAL: "No other attributes can be set in nexthop groups"`},
		{"a member that is not there", set(&rtnexthop.NewnexthopRequest{ID: u32(50), Group: group(rtnexthop.NexthopGrp{ID: 99})}), syscall.EINVAL, `rt-nexthop: newnexthop: EINVAL: "Invalid nexthop id"`},
		{"a member twice", set(&rtnexthop.NewnexthopRequest{ID: u32(50), Group: group(rtnexthop.NexthopGrp{ID: 1}, rtnexthop.NexthopGrp{ID: 1})}), syscall.EINVAL, `rt-nexthop: newnexthop: EINVAL: "Nexthop id can not be used twice in a group"`},
		{"reserved bytes", set(&rtnexthop.NewnexthopRequest{ID: u32(50), Group: group(rtnexthop.NexthopGrp{ID: 1, Resvd2: 1})}), syscall.EINVAL, `rt-nexthop: newnexthop: EINVAL: "Reserved field in nexthop_grp must be 0"`},
		{"a mixed group", set(&rtnexthop.NewnexthopRequest{ID: u32(50), Group: group(rtnexthop.NexthopGrp{ID: 1}), Fdb: true}), syscall.EINVAL, `rt-nexthop: newnexthop: EINVAL: "FDB nexthop group can only have fdb nexthops"`},
		{"a resilient group without buckets", set(&rtnexthop.NewnexthopRequest{
			ID: u32(50), Group: group(rtnexthop.NexthopGrp{ID: 1}), GroupType: nlattr.Some(rtnexthop.NexthopGrpTypeRes),
		}), syscall.EINVAL, `rt-nexthop: newnexthop: EINVAL: "Number of buckets not specified for nexthop group insertion"`},
		{"delete nothing", func() error { return h.client.Delnexthop(h.Ctx, &rtnexthop.DelnexthopRequest{}) }, syscall.EINVAL, `rt-nexthop: delnexthop: EINVAL: "Nexthop id is missing"`},
		{"number zero", func() error {
			_, err := h.client.Getnexthop(h.Ctx, &rtnexthop.GetnexthopRequest{ID: u32(0)})
			return err
		}, syscall.EINVAL, `rt-nexthop: getnexthop: EINVAL: "Invalid nexthop id"`},
		{"flags that are not known", func() error {
			_, err := h.client.Getnexthop(h.Ctx, &rtnexthop.GetnexthopRequest{ID: u32(1), OpFlags: nlattr.Some(rtnexthop.NhaOpFlag(1 << 5))}, nlconn.NoValidate)
			return err
		}, syscall.EINVAL, `rt-nexthop: getnexthop: EINVAL: "reserved bit set" [attribute op-flags]`},
		{"a bucket of no group", func() error {
			_, err := h.client.Getnexthopbucket(h.Ctx, &rtnexthop.GetnexthopbucketRequest{ID: u32(1), ResBucket: &rtnexthop.ResBucketAttrs{Index: u16(0)}})
			return err
		}, syscall.EINVAL, `rt-nexthop: getnexthopbucket: EINVAL: "Not a nexthop group"`},
	} {
		r.check(t)
	}
}

// TestNexthopEvents makes, replaces and removes nexthops, and reads what the kernel tells of it.
func TestNexthopEvents(t *testing.T) {
	h := newHopping(t)
	ctx := witness.Patience(t)
	sub, err := h.client.Subscribe(ctx, rtnexthop.GroupNexthop)
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	c := witness.NewTally(t)
	is := func(hc hopCase) func(rtnexthop.Event) error {
		return func(ev rtnexthop.Event) error {
			x, ok := ev.(*rtnexthop.NewnexthopNtf)
			if !ok || x.ID != hc.req.ID {
				return witness.ErrOther
			}
			sameHop(c, hc, &x.GetnexthopReply)
			return nil
		}
	}
	var steps []witness.Step[rtnexthop.Event]
	for _, hc := range hopCases(h.first, h.second) {
		steps = append(steps, witness.NewStep(hc.name, func() error {
			err := h.client.Newnexthop(h.Ctx, hc.req, nlconn.Create, nlconn.Exclusive)
			if errors.Is(err, syscall.EINVAL) && hc.name == "group with large weights" {
				return errors.ErrUnsupported
			}
			return err
		}, is(hc)))
	}
	changed := hopCase{"replaced", &rtnexthop.NewnexthopRequest{
		Header: rtnexthop.Nhmsg{NhFamily: unix.AF_INET}, ID: u32(1), Gateway: addr("192.0.2.55"), Oif: u32(h.first),
	}}
	before := hopCase{"resilient group", resilient(50, rtnexthop.NexthopGrp{ID: 1})}
	steps = append(steps,
		witness.NewStep(changed.name, func() error { return h.client.Newnexthop(h.Ctx, changed.req, nlconn.Create, nlconn.Replace) }, is(changed)),
		witness.NewStep(before.name, func() error { return h.client.Newnexthop(h.Ctx, before.req, nlconn.Create) }, is(before)),
		witness.NewStep("delete", func() error {
			return h.client.Delnexthop(h.Ctx, &rtnexthop.DelnexthopRequest{ID: u32(50)})
		}, func(ev rtnexthop.Event) error {
			x, ok := ev.(*rtnexthop.DelnexthopNtf)
			if !ok || x.ID != u32(50) {
				return witness.ErrOther
			}
			c.Within("deleted", before.req, &x.GetnexthopReply, "NhScope")
			return nil
		}))
	witness.Play(t, ctx, sub.All(ctx), steps)
	c.Report("events of nexthops")
	for _, hc := range hopCases(h.first, h.second) {
		err := h.client.Delnexthop(h.Ctx, &rtnexthop.DelnexthopRequest{ID: hc.req.ID})
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Error(err)
		}
	}
}
