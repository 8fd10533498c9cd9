package link

import (
	"errors"
	"syscall"
	"testing"

	"github.com/nlgen/nlgen/generated/rtlink"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// TestLinkProtoDown takes a link down for reasons, and up again when there is none left.
func TestLinkProtoDown(t *testing.T) {
	n := witness.NewNamespace(t)
	c := witness.NewTally(t)
	lower, _ := n.Veth("lower0", "lower1")
	link := n.Create(&rtlink.NewlinkRequest{Ifname: nlattr.Some("down0"), Link: u32(uint32(lower.Header.IfiIndex)),
		Linkinfo: &rtlink.LinkinfoAttrs{Kind: nlattr.Some("macvlan")}})
	header := rtlink.Ifinfomsg{IfiIndex: link.Header.IfiIndex}
	reasons := func(mask, value uint32) *rtlink.ProtoDownReasonAttrs {
		return &rtlink.ProtoDownReasonAttrs{Mask: u32(mask), Value: u32(value)}
	}
	for _, change := range []struct {
		req    *rtlink.SetlinkRequest
		down   uint8
		reason uint32
	}{
		{&rtlink.SetlinkRequest{ProtoDown: yes(), ProtoDownReason: &rtlink.ProtoDownReasonAttrs{Value: u32(0x21)}}, 1, 0x21},
		{&rtlink.SetlinkRequest{ProtoDownReason: reasons(6, 4)}, 1, 0x25},
		{&rtlink.SetlinkRequest{ProtoDownReason: reasons(0xffffffff, 8)}, 1, 8},
		{&rtlink.SetlinkRequest{ProtoDownReason: reasons(8, 0)}, 1, 0},
		{&rtlink.SetlinkRequest{ProtoDown: no()}, 0, 0},
	} {
		change.req.Header = header
		if err := n.Links.Setlink(n.Ctx, change.req); err != nil {
			t.Fatal(err)
		}
		got := n.Link("down0")
		var reason uint32
		if got.ProtoDownReason != nil {
			reason = got.ProtoDownReason.Value.V
		}
		if got.ProtoDown.V != change.down || reason != change.reason {
			t.Errorf("after %+v: %d for %#x", change.req, got.ProtoDown.V, reason)
		}
		compareWithIP(n, c, "down0")
	}
	// It stays down as long as there is a reason.
	if err := n.Links.Setlink(n.Ctx, &rtlink.SetlinkRequest{Header: header, ProtoDown: yes(), ProtoDownReason: reasons(1, 1)}); err != nil {
		t.Fatal(err)
	}
	if err := n.Links.Setlink(n.Ctx, &rtlink.SetlinkRequest{Header: header, ProtoDown: no()}); !errors.Is(err, syscall.EBUSY) {
		t.Errorf("up in spite of a reason: %v", err)
	}
	c.Report("proto-down")
}

// TestLinkElsewhere makes links whose parts are in two namespaces, moves one, and finds them by the number of the namespace.
func TestLinkElsewhere(t *testing.T) {
	n := witness.NewNamespace(t)
	stranger := witness.NewStranger(t)
	_, conn := witness.Dial(t, nlconn.WithNamespaceFD(int(stranger.Namespace.Fd())))
	there := rtlink.New(conn)

	// The peer by the process, the other end moved by a file descriptor, with an index of its choice.
	header := rtlink.Ifinfomsg{IfiIndex: 4241}
	a := n.Create(&rtlink.NewlinkRequest{Header: header, Ifname: nlattr.Some("here0"), Linkinfo: &rtlink.LinkinfoAttrs{Data: &rtlink.LinkinfoVethAttrs{
		Peer: &rtlink.VethPeerVeth{Header: rtlink.Ifinfomsg{IfiIndex: 4242}, Ifname: nlattr.Some("there0"), NetNsPid: u32(stranger.PID)},
	}}})
	if a.Header.IfiIndex != 4241 || a.Link.V != 4242 || !a.LinkNetnsid.OK {
		t.Fatalf("the link is %d, the peer is %v in %v", a.Header.IfiIndex, a.Link, a.LinkNetnsid)
	}
	moved, _ := n.Veth("move0", "move1")
	if err := n.Links.Setlink(n.Ctx, &rtlink.SetlinkRequest{Header: rtlink.Ifinfomsg{IfiIndex: moved.Header.IfiIndex},
		NetNsFd: u32(uint32(stranger.Namespace.Fd())), NewIfindex: nlattr.Some(int32(777)), Ifname: nlattr.Some("moved0")}); err != nil {
		t.Fatal(err)
	}
	for name, index := range map[string]int32{"there0": 4242, "moved0": 777} {
		x, err := there.Getlink(n.Ctx, &rtlink.GetlinkRequest{Ifname: nlattr.Some(name)})
		if err != nil || x.Header.IfiIndex != index || !x.LinkNetnsid.OK {
			t.Errorf("%s there: %+v, %v", name, x, err)
		}
		// From here, by the number that this namespace has for the other.
		x, err = n.Links.Getlink(n.Ctx, &rtlink.GetlinkRequest{Ifname: nlattr.Some(name), TargetNetnsid: a.LinkNetnsid})
		if err != nil || x.Header.IfiIndex != index || x.TargetNetnsid != a.LinkNetnsid {
			t.Errorf("%s from here: %+v, %v", name, x, err)
		}
	}
	all, err := n.Links.GetlinkCollect(n.Ctx, &rtlink.GetlinkDumpRequest{TargetNetnsid: a.LinkNetnsid})
	if err != nil || len(all) < 3 { // With lo.
		t.Errorf("%d links there: %v", len(all), err)
	}
	c := witness.NewTally(t)
	rows := witness.IP(t, "-d", "link", "show", "dev", "here0")
	c.Field("link_netnsid", n.Link("here0").LinkNetnsid, rows[0]["link_netnsid"])
	c.Field("link_index", n.Link("here0").Link, rows[0]["link_index"])
	c.Report("two namespaces")
	if err := n.Links.Dellink(n.Ctx, &rtlink.DellinkRequest{Ifname: nlattr.Some("moved0"), TargetNetnsid: a.LinkNetnsid}); err != nil {
		t.Error(err)
	}
	if _, err := n.Links.Getlink(n.Ctx, &rtlink.GetlinkRequest{Ifname: nlattr.Some("move1")}); !errors.Is(err, syscall.ENODEV) {
		t.Errorf("the other end of what was deleted there: %v", err)
	}
}

// TestLinkGroup deletes the links of a group.
func TestLinkGroup(t *testing.T) {
	n := witness.NewNamespace(t)
	for _, name := range []string{"group0", "group1"} {
		n.Create(&rtlink.NewlinkRequest{Ifname: nlattr.Some(name), Group: u32(1234), Linkinfo: &rtlink.LinkinfoAttrs{Kind: nlattr.Some("ifb")}})
	}
	n.Create(&rtlink.NewlinkRequest{Ifname: nlattr.Some("stays0"), Linkinfo: &rtlink.LinkinfoAttrs{Kind: nlattr.Some("ifb")}})
	if err := n.Links.Dellink(n.Ctx, &rtlink.DellinkRequest{Group: u32(1234)}); err != nil {
		t.Fatal(err)
	}
	left := n.Dump()
	if left["group0"] != nil || left["group1"] != nil || left["stays0"] == nil {
		t.Errorf("left are %v", witness.SortedKeys(left))
	}
}

// TestLinkPortProfiles sends profiles of ports (802.1Qbg), which a kernel without such hardware refuses only after it has read them.
func TestLinkPortProfiles(t *testing.T) {
	n := witness.NewNamespace(t)
	link, _ := n.Veth("profile0", "profile1")
	header := rtlink.Ifinfomsg{IfiIndex: link.Header.IfiIndex}
	profile := rtlink.PortSelfAttrs{
		Vf: u32(0), Profile: nlattr.Some("a profile"), InstanceUuid: make([]byte, 16), HostUuid: make([]byte, 16),
		Request: nlattr.Some(rtlink.PortRequestAssociate),
	}
	for _, req := range []*rtlink.SetlinkRequest{
		{Header: header, PortSelf: &profile},
		{Header: header, VfPorts: &rtlink.VfPortsAttrs{Port: []rtlink.PortSelfAttrs{profile}}},
	} {
		if err := n.Links.Setlink(n.Ctx, req); !errors.Is(err, syscall.EOPNOTSUPP) {
			t.Errorf("%+v: %v", req, err)
		}
	}
}
