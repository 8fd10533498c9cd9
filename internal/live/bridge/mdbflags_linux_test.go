package bridge

import (
	"net/netip"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/rtbridgelink"
	"github.com/nlgen/nlgen/generated/rtbridgemdb"
	"github.com/nlgen/nlgen/generated/rtlink"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/internal/witness/traffic"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// igmp sends a message of IGMPv2 about a group out of a link: the report of a member (0x16), or that it leaves (0x17).
func igmp(l *lab, link string, kind byte, to, group string) {
	l.T.Helper()
	dst := netip.MustParseAddr(to)
	message := append([]byte{kind, 0, 0, 0}, netip.MustParseAddr(group).AsSlice()...)
	l.send(link, traffic.GroupMAC(dst), 0, unix.ETH_P_IP, traffic.IGMP(netip.MustParseAddr("192.0.2.9"), dst, message))
}

// TestFastLeave lets a member join and leave, behind a port where it is gone at once, and hears so.
func TestFastLeave(t *testing.T) {
	l := newLab(t, &rtlink.LinkinfoBridgeAttrs{})
	l.forwarding()
	ctx := witness.Patience(t)
	client := rtbridgemdb.New(l.Conn)
	err := rtbridgelink.New(l.Conn).Setlink(l.Ctx, &rtbridgelink.SetlinkRequest{Header: header(l.ports[0]), Protinfo: &rtbridgelink.BrportAttrs{FastLeave: u8(1)}})
	if err != nil {
		t.Fatal(err)
	}
	sub, err := client.Subscribe(ctx, rtbridgemdb.GroupMdb)
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	about := func(x *rtbridgemdb.GetmdbReply, flags rtbridgemdb.MdbFlags) error {
		for _, m := range membersOf(x) {
			if m.Header.PortIfindex == l.ports[0] && groupText(&m.Header) == "239.1.1.9" && m.Header.Flags&flags == flags {
				return nil
			}
		}
		return witness.ErrOther
	}
	witness.Play(t, ctx, sub.All(ctx), []witness.Step[rtbridgemdb.Event]{
		witness.NewStep("join", func() error { igmp(l, "far0", 0x16, "239.1.1.9", "239.1.1.9"); return nil }, func(ev rtbridgemdb.Event) error {
			if x, ok := ev.(*rtbridgemdb.NewmdbNtf); ok {
				return about(&x.GetmdbReply, 0)
			}
			return witness.ErrOther
		}),
		witness.NewStep("leave", func() error { igmp(l, "far0", 0x17, "224.0.0.2", "239.1.1.9"); return nil }, func(ev rtbridgemdb.Event) error {
			if x, ok := ev.(*rtbridgemdb.DelmdbNtf); ok {
				return about(&x.GetmdbReply, rtbridgemdb.MdbFlagsFastLeave)
			}
			return witness.ErrOther
		}),
	})
}

// TestGroupFlags has entries with flags of the kernel's own: of a source that is left out, and of a port that gets a source because it gets
// all but some. A router is behind a port for a while.
func TestGroupFlags(t *testing.T) {
	l := newLab(t, snooping())
	l.forwarding()
	c := witness.NewTally(t)
	client := rtbridgemdb.New(l.Conn)
	const temp, perm = rtbridgemdb.MdbStateTemporary, rtbridgemdb.MdbStatePermanent
	for _, req := range []*rtbridgemdb.NewmdbRequest{
		{Header: mdbHeader(l.bridge), Entry: group(l.ports[0], "239.1.1.8", temp), EntryAttrs: &rtbridgemdb.MdbeAttrs{
			GroupMode: nlattr.Some(rtbridgemdb.McastModeExclude), SrcList: sources("192.0.2.1"),
		}},
		{Header: mdbHeader(l.bridge), Entry: group(l.ports[1], "239.1.1.8", perm), EntryAttrs: &rtbridgemdb.MdbeAttrs{Source: addr("192.0.2.3")}},
	} {
		if err := client.Newmdb(l.Ctx, req, nlconn.Create); err != nil {
			t.Fatal(err)
		}
	}
	setRouter(l, l.ports[1], rtbridgelink.MdbRtrTypeTemp)
	c.Steady(func(c *witness.Tally) {
		list, routers := l.members()
		var flags rtbridgemdb.MdbFlags
		for _, m := range list {
			flags |= m.Header.Flags
		}
		const all = rtbridgemdb.MdbFlagsStarExcl | rtbridgemdb.MdbFlagsBlocked
		if flags&all != all {
			c.Errorf("the flags are %v", flags)
		}
		if p := routers["br0"]; len(p) != 1 || p[0].Type.V != rtbridgemdb.MdbRtrTypeTemp || p[0].Timer.V == 0 {
			c.Errorf("the routers are %+v", routers)
		}
	})
	l.compareMdb(c)
	c.Report("flags of groups")
}

// TestPortStates puts a port into each state, and tells each sort of router behind it.
func TestPortStates(t *testing.T) {
	l := newLab(t, snooping())
	l.forwarding()
	c := witness.NewTally(t)
	client := rtbridgelink.New(l.Conn)
	for state := rtbridgelink.BrStateDisabled; state <= rtbridgelink.BrStateBlocking; state++ {
		for _, kind := range []rtbridgelink.MdbRtrType{rtbridgelink.MdbRtrTypeDisabled, rtbridgelink.MdbRtrTypeTempQuery, rtbridgelink.MdbRtrTypePerm, rtbridgelink.MdbRtrTypeTemp} {
			want := &rtbridgelink.BrportAttrs{State: nlattr.Some(state), MulticastRouter: nlattr.Some(kind)}
			if err := client.Setlink(l.Ctx, &rtbridgelink.SetlinkRequest{Header: header(l.ports[0]), Protinfo: want}); err != nil {
				t.Fatalf("%v, %v: %v", state, kind, err)
			}
			// Filters for what a kernel lacks change nothing.
			const lacking = rtbridgelink.RtextFilterCfmConfig | rtbridgelink.RtextFilterCfmStatus | rtbridgelink.RtextFilterMrp
			if state == rtbridgelink.BrStateBlocking {
				want.State = nlattr.Some(rtbridgelink.BrStateForwarding) // Without a spanning tree nothing is blocked.
			}
			c.Within(state.String()+" "+kind.String(), want, l.list(lacking | rtbridgelink.RtextFilterSkipStats)[l.ports[0]].Protinfo)
		}
		l.compareLinks(c)
	}
	c.Report("states of ports")
}
