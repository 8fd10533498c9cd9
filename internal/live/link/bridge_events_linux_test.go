package link

import (
	"bytes"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/rtlink"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
)

// TestLinkBridgeEvents reads what the kernel tells listeners of links about ports of bridges: messages of family AF_BRIDGE, which use
// the same numbers for other contents. What the types have no room for must be kept.
func TestLinkBridgeEvents(t *testing.T) {
	n := witness.NewNamespace(t)
	bridge := n.Create(&rtlink.NewlinkRequest{Ifname: nlattr.Some("bridge0"), Linkinfo: &rtlink.LinkinfoAttrs{Data: &rtlink.LinkinfoBridgeAttrs{}}})
	filtering := n.Links.Newlink(n.Ctx, &rtlink.NewlinkRequest{Header: rtlink.Ifinfomsg{IfiIndex: bridge.Header.IfiIndex},
		Linkinfo: &rtlink.LinkinfoAttrs{Data: &rtlink.LinkinfoBridgeAttrs{VlanFiltering: yes()}}}) == nil
	port, _ := n.Veth("port0", "peer0")
	ctx := witness.Patience(t)
	sub, err := n.Links.Subscribe(ctx, rtlink.GroupLink)
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	master := u32(uint32(bridge.Header.IfiIndex))
	if err := n.Links.Setlink(n.Ctx, &rtlink.SetlinkRequest{Header: rtlink.Ifinfomsg{IfiIndex: port.Header.IfiIndex}, Master: master}); err != nil {
		t.Fatal(err)
	}
	for ev, err := range sub.All(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		ntf, ok := ev.(*rtlink.NewlinkNtf)
		if !ok || ntf.Header.IfiFamily != unix.AF_BRIDGE || ntf.Header.IfiIndex != port.Header.IfiIndex {
			continue
		}
		if filtering && ntf.AfSpec == nil {
			continue // The first of them comes before the port has a VLAN.
		}
		if ntf.Master != master || ntf.Protinfo == nil || !ntf.Protinfo.State.OK || !ntf.Protinfo.Cost.OK {
			t.Errorf("the port is told as %+v, %+v", ntf, ntf.Protinfo)
		}
		if filtering {
			// struct bridge_vlan_info of VLAN 1, untagged and of untagged frames, in place of the settings of IPv4.
			vlan := []byte{6, 0, 1, 0}
			if x := ntf.AfSpec.Unknown; len(x) != 1 || x[0].Number() != rtlink.AttrAfSpecInet || !bytes.Equal(x[0].Data, vlan) {
				t.Errorf("the VLANs are told as %+v", x)
			}
		}
		return
	}
	t.Error("nothing is told about the port")
}
