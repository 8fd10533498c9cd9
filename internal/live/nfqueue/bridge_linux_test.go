package nfqueue

import (
	"bytes"
	"net"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/nfqueue"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/internal/witness/traffic"
	"github.com/nlgen/nlgen/runtime/nlattr"
)

// TestBridge gets a frame with a VLAN tag on its way through a bridge, and changes its tag, its header and its priority.
func TestBridge(t *testing.T) {
	n := witness.NewNamespace(t)
	bridge := traffic.NewBridge(n)
	b := newBench(t, 27, nfqueue.ConfigModePacket)
	b.rules("bridge", "chain c { type filter hook forward priority 0; ether saddr 02:00:00:00:00:08 meta priority set 1:2 jump q; };")
	bridge.From.Send(traffic.Tagged("plain"))
	p := b.next()
	tally := witness.NewTally(t)
	tally.Field("family", p.Header.NfgenFamily, "bridge")
	tally.Field("priority", p.Priority, float64(0x10002))
	tally.Field("protocol", p.PacketHdr.V.HwProtocol, float64(0x88b5))
	tally.Field("payload", p.Payload, "706c61696e")
	tally.Field("link layer header", p.L2hdr, "02000000000902000000000888b5")
	tally.Field("indev", p.IfindexIndev, float64(bridge.Link.Header.IfiIndex))
	tally.Field("outdev", p.IfindexOutdev, float64(bridge.Link.Header.IfiIndex))
	tally.Field("physindev", p.IfindexPhysindev, float64(bridge.In.Header.IfiIndex))
	tally.Field("physoutdev", p.IfindexPhysoutdev, float64(bridge.Out.Header.IfiIndex))
	tally.Field("sender", net.HardwareAddr(p.Hwaddr.V.HwAddr[:p.Hwaddr.V.HwAddrlen]), "02:00:00:00:00:08")
	if p.Vlan == nil {
		t.Fatalf("a frame without its tag: %+v", p)
	}
	tally.Field("vlan protocol", p.Vlan.Proto, float64(unix.ETH_P_8021Q))
	tally.Field("vlan tag", p.Vlan.Tci.V&^0x1000, float64(0x2005)) // but for a bit that only the kernel knows
	tally.Report("bridge")
	witness.Known(t, "message", p)
	verdict := b.verdict(p.PacketHdr.V.PacketID, nfqueue.VerdictCodeAccept)
	verdict.Vlan = &nfqueue.VlanAttrs{Proto: p.Vlan.Proto, Tci: nlattr.Some(uint16(0x4007))}
	verdict.L2hdr = []byte{0x02, 0, 0, 0, 0, 9, 0x02, 0, 0, 0, 0, 7, 0x88, 0xb5}
	verdict.Priority = nlattr.Some(uint32(0x30004))
	b.decide(verdict)
	got, vlan := bridge.To.Next("plain")
	if want := append(verdict.L2hdr, "plain"...); !bytes.Equal(got, want) || vlan&^0x1000 != 0x4007 {
		t.Errorf("the frame is\n%x of VLAN %#x, want\n%x", got, vlan, want)
	}
}
