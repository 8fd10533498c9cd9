package bridge

import (
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/rtbridgelink"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
)

// TestSwitchOfCard sets the mode of a switch that is in a network card, and whether the addresses that it learns are
// told to the bridge.
func TestSwitchOfCard(t *testing.T) {
	n := witness.NewNamespace(t)
	link := n.Card()
	l := &lab{Namespace: n, names: map[uint32]string{}}
	l.know()
	client, index := rtbridgelink.New(n.Conn), uint32(link.Header.IfiIndex)
	c := witness.NewTally(t)
	for mode, name := range map[rtbridgelink.BridgeMode]string{rtbridgelink.BridgeModeVeb: "VEB", rtbridgelink.BridgeModeVepa: "VEPA"} {
		for sync := range uint8(2) {
			req := &rtbridgelink.SetlinkRequest{
				Header: header(index), Protinfo: &rtbridgelink.BrportAttrs{LearningSync: u8(sync)},
				AfSpec: &rtbridgelink.AfSpecBridgeAttrs{Flags: nlattr.Some(rtbridgelink.BridgeFlagsSelf), Mode: nlattr.Some(mode)},
			}
			if err := client.Setlink(n.Ctx, req); err != nil {
				t.Fatal(err)
			}
			all, err := client.GetlinkCollect(n.Ctx, &rtbridgelink.GetlinkDumpRequest{Header: rtbridgelink.Ifinfomsg{IfiFamily: unix.AF_BRIDGE}})
			if err != nil || len(all) != 1 {
				t.Fatalf("%d links, %v", len(all), err)
			}
			c.Within(name, req.Protinfo, all[0].Protinfo)
			c.Field("mode", all[0].AfSpec.Mode, float64(mode))
			theirs := witness.List(t, "bridge", "-d", "-j", "link", "show")
			if len(theirs) != 1 {
				t.Fatalf("bridge shows %v", theirs)
			}
			view := linkView(l.names)
			view["hwmode"] = func(x *rtbridgelink.GetlinkReply) any {
				return map[rtbridgelink.BridgeMode]string{mode: name}[x.AfSpec.Mode.V]
			}
			view["learning_sync"] = func(x *rtbridgelink.GetlinkReply) any { return x.Protinfo.LearningSync }
			witness.Compare(c, "nic0", all[0], view, theirs[0])
		}
	}
	c.Report("the switch of a card")
}
