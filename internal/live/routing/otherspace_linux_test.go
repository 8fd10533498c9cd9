package routing

import (
	"errors"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/rtaddr"
	"github.com/nlgen/nlgen/generated/rtlink"
	"github.com/nlgen/nlgen/generated/rtneigh"
	"github.com/nlgen/nlgen/generated/rtnsid"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// numbered starts a process in a namespace of its own, gives that a number here, and returns a connection to it.
func numbered(t *testing.T, n *witness.Namespace, number int32) (*witness.Stranger, *nlconn.Conn) {
	t.Helper()
	s := witness.NewStranger(t)
	if err := rtnsid.New(n.Conn).Newnsid(n.Ctx, &rtnsid.NewnsidRequest{Nsid: nlattr.Some(rtnsid.Nsid(number)), Pid: u32(s.PID)}); err != nil {
		t.Fatal(err)
	}
	_, there := witness.Dial(t, nlconn.WithNamespaceFD(int(s.Namespace.Fd())))
	return s, there
}

// TestAddressesElsewhere lists the addresses of another namespace from here, as they are listed there.
func TestAddressesElsewhere(t *testing.T) {
	n := witness.NewNamespace(t)
	c := witness.NewTally(t)
	_, there := numbered(t, n, 11)
	address := &rtaddr.NewaddrRequest{Header: rtaddr.Ifaddrmsg{IfaFamily: unix.AF_INET, IfaPrefixlen: 24, IfaIndex: 1}, Local: addr("192.0.2.77")}
	if err := rtaddr.New(there).Newaddr(n.Ctx, address, nlconn.Create); err != nil {
		t.Fatal(err)
	}
	want, err := rtaddr.New(there).GetaddrCollect(n.Ctx, &rtaddr.GetaddrDumpRequest{})
	if err != nil {
		t.Fatal(err)
	}
	got, err := rtaddr.New(n.Conn).GetaddrCollect(n.Ctx, &rtaddr.GetaddrDumpRequest{TargetNetnsid: s32(11)})
	if err != nil || len(got) != len(want) || len(got) == 0 {
		t.Fatalf("there are %d addresses, %d are seen from here, %v", len(want), len(got), err)
	}
	for i, x := range got {
		c.Field("namespace", x.TargetNetnsid, 11.0)
		c.Within("address", want[i], x)
	}
	c.Report("addresses elsewhere")
}

// TestMoveAway moves a link to another namespace: it is told where to. A VXLAN link there still sends from here, which its database says.
func TestMoveAway(t *testing.T) {
	n := witness.NewNamespace(t)
	ctx := witness.Patience(t)
	s, there := numbered(t, n, 12)
	// From there, this namespace has a number too.
	if err := rtnsid.New(there).Newnsid(n.Ctx, &rtnsid.NewnsidRequest{Nsid: nlattr.Some(rtnsid.Nsid(13)), Pid: u32(uint32(unix.Getpid()))}); err != nil {
		t.Fatal(err)
	}
	lower, _ := n.Veth("away0", "away1")
	vxlan := n.Create(&rtlink.NewlinkRequest{Ifname: text("awayvx0"), Linkinfo: &rtlink.LinkinfoAttrs{
		Data: &rtlink.LinkinfoVxlanAttrs{ID: u32(7), Link: u32(uint32(lower.Header.IfiIndex))},
	}})
	sub, err := n.Links.Subscribe(ctx, rtlink.GroupLink)
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	witness.Play(t, ctx, sub.All(ctx), []witness.Step[rtlink.Event]{witness.NewStep("move", func() error {
		return n.Links.Setlink(n.Ctx, &rtlink.SetlinkRequest{Header: rtlink.Ifinfomsg{IfiIndex: vxlan.Header.IfiIndex}, NetNsFd: u32(uint32(s.Namespace.Fd()))})
	}, func(ev rtlink.Event) error {
		x, ok := ev.(*rtlink.DellinkNtf)
		if !ok || x.Ifname.V != "awayvx0" {
			return witness.ErrOther
		}
		if x.NewNetnsid != s32(12) || x.NewIfindex.V == 0 {
			return errors.New("it is not told where to")
		}
		return nil
	})})
	moved, err := rtlink.New(there).Getlink(n.Ctx, &rtlink.GetlinkRequest{Ifname: text("awayvx0")})
	if err != nil {
		t.Fatal(err)
	}
	if moved.LinkNetnsid != s32(13) {
		t.Errorf("the lower link is in namespace %v", moved.LinkNetnsid)
	}
	client := rtneigh.New(there)
	entry := &rtneigh.NewneighRequest{
		Header: rtneigh.Ndmsg{NdmFamily: unix.AF_BRIDGE, NdmIfindex: moved.Header.IfiIndex, NdmState: rtneigh.NudStatePermanent, NdmFlags: self},
		Lladdr: mac(7), Dst: addr("192.0.2.8"),
	}
	if err := client.Newneigh(n.Ctx, entry, nlconn.Create); err != nil {
		t.Fatal(err)
	}
	list, err := client.GetneighCollect(n.Ctx, &rtneigh.GetneighDumpRequest{Header: rtneigh.Ndmsg{NdmFamily: unix.AF_BRIDGE}})
	if err != nil || len(list) != 1 || list[0].LinkNetnsid != s32(13) {
		t.Errorf("the database is %+v, %v", list, err)
	}
}
