package ethtool

import (
	"testing"

	"github.com/nlgen/nlgen/generated/ethtool"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
)

func u8(v uint8) nlattr.Opt[uint8]    { return nlattr.Some(v) }
func u32(v uint32) nlattr.Opt[uint32] { return nlattr.Some(v) }

// TestSettings compares what there is to read of the links with what ethtool prints, changes it, and compares again.
func TestSettings(t *testing.T) {
	l := newLab(t)
	l.tap()
	c := witness.NewTally(t)
	all := func() {
		t.Helper()
		for _, link := range []string{"veth0", "tap0"} {
			t.Logf("%s: %v", link, l.look(c, link))
		}
	}
	all()
	for what, err := range map[string]error{
		"channels": l.client.ChannelsSet(l.Ctx, &ethtool.ChannelsSetRequest{Header: of("veth0"), RxCount: u32(2), TxCount: u32(3)}),
		"coalesce": l.client.CoalesceSet(l.Ctx, &ethtool.CoalesceSetRequest{Header: of("tap0"), RxMaxFrames: u32(5)}),
		"speed": l.client.LinkmodesSet(l.Ctx, &ethtool.LinkmodesSetRequest{
			Header: of("tap0"), Speed: u32(100), Duplex: nlattr.Some(ethtool.DuplexHalf), Autoneg: u8(0),
		}),
		"port": l.client.LinkinfoSet(l.Ctx, &ethtool.LinkinfoSetRequest{Header: of("tap0"), Port: nlattr.Some(ethtool.PortFibre), Phyaddr: u8(7)}),
		"messages": l.client.DebugSet(l.Ctx, &ethtool.DebugSetRequest{
			Header: of("tap0"), Msgmask: bitset(map[string]bool{"drv": true, "link": true}),
		}),
	} {
		if err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	all()
	channels, _ := l.channels("veth0")
	c.Field("channels for receiving", channels["Current hardware settings/RX"], "2")
	c.Field("channels for sending", channels["Current hardware settings/TX"], "3")
	coalesce, _ := l.coalesce("tap0")
	c.Field("frames", coalesce["rx-frames"], "5")
	settings, _ := l.settings("tap0")
	c.Field("speed", settings["Speed"]+" "+settings["Duplex"], "100Mb/s Half")
	c.Field("connector", settings["Port"]+" "+settings["PHYAD"], "FIBRE 7")
	c.Field("messages", settings["Current message level"], "0x00000005 (5) drv link")
	c.Report("settings")
}
