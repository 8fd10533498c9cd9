package nfqueue

import (
	"bytes"
	"encoding/binary"
	"net"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/nfqueue"
	"github.com/nlgen/nlgen/generated/rtlink"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
)

// A wire is a socket for the frames of a link.
type wire struct {
	*testing.T
	fd int
	to unix.SockaddrLinklayer
}

func newWire(t *testing.T, index int32) *wire {
	t.Helper()
	all := uint16(unix.ETH_P_ALL)<<8 | unix.ETH_P_ALL>>8 // network order
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW, 0)
	if err == nil {
		err = unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: all, Ifindex: int(index)})
	}
	if err == nil {
		err = unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_AUXDATA, 1)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	return &wire{t, fd, unix.SockaddrLinklayer{Ifindex: int(index)}}
}

func (w *wire) send(frame []byte) {
	w.Helper()
	if err := unix.Sendto(w.fd, frame, 0, &w.to); err != nil {
		w.Fatal(err)
	}
}

// next returns the next frame that ends so, and the VLAN tag that it came with.
func (w *wire) next(end string) (frame []byte, vlan uint16) {
	w.Helper()
	if err := unix.SetsockoptTimeval(w.fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: 5}); err != nil {
		w.Fatal(err)
	}
	for start := time.Now(); time.Since(start) < 5*time.Second; {
		frame, control := make([]byte, 2000), make([]byte, 200)
		n, m, _, _, err := unix.Recvmsg(w.fd, frame, control, 0)
		if err != nil {
			w.Fatal(err)
		}
		if frame = frame[:n]; !bytes.HasSuffix(frame, []byte(end)) {
			continue
		}
		messages, err := unix.ParseSocketControlMessage(control[:m])
		if err != nil || len(messages) != 1 {
			w.Fatalf("%d control messages, %v", len(messages), err)
		}
		return frame, binary.NativeEndian.Uint16(messages[0].Data[16:]) // tp_vlan_tci
	}
	w.Fatalf("no frame that ends with %q", end)
	return nil, 0
}

// forwards waits until a port of a bridge forwards, which its link must be ready for.
func forwards(t *testing.T, port string) {
	t.Helper()
	var state []byte
	for start := time.Now(); time.Since(start) < 5*time.Second; time.Sleep(10 * time.Millisecond) {
		if state, _ = os.ReadFile("/sys/class/net/" + port + "/brport/state"); string(state) == "3\n" { // BR_STATE_FORWARDING
			return
		}
	}
	t.Fatalf("%s does not forward: its state is %s", port, state)
}

// TestBridge gets a frame with a VLAN tag on its way through a bridge, and changes its tag, its header and its priority.
func TestBridge(t *testing.T) {
	n := witness.NewNamespace(t)
	in, sender := n.Veth("qbr0", "qbr1")
	out, receiver := n.Veth("qbr2", "qbr3")
	bridge := n.Create(&rtlink.NewlinkRequest{Ifname: nlattr.Some("qbr"), Linkinfo: &rtlink.LinkinfoAttrs{Data: &rtlink.LinkinfoBridgeAttrs{}}})
	n.Up(in, sender, out, receiver, bridge)
	for _, port := range []*rtlink.GetlinkReply{in, out} {
		if err := n.Links.Setlink(n.Ctx, &rtlink.SetlinkRequest{Header: rtlink.Ifinfomsg{IfiIndex: port.Header.IfiIndex}, Master: nlattr.Some(uint32(bridge.Header.IfiIndex))}); err != nil {
			t.Fatal(err)
		}
	}
	b := newBench(t, 27, nfqueue.ConfigModePacket)
	b.rules("bridge", "chain c { type filter hook forward priority 0; ether saddr 02:00:00:00:00:08 meta priority set 1:2 jump q; };")
	for _, port := range []string{"qbr0", "qbr2"} {
		forwards(t, port)
	}
	from, to := newWire(t, sender.Header.IfiIndex), newWire(t, receiver.Header.IfiIndex)
	dst, src := net.HardwareAddr{0x02, 0, 0, 0, 0, 9}, net.HardwareAddr{0x02, 0, 0, 0, 0, 8}
	frame := append(append(append([]byte{}, dst...), src...), 0x81, 0, 0x20, 5, 0x88, 0xb5) // VLAN 5, class 1
	from.send(append(frame, "plain"...))
	p := b.next()
	tally := witness.NewTally(t)
	tally.Field("family", p.Header.NfgenFamily, "bridge")
	tally.Field("priority", p.Priority, float64(0x10002))
	tally.Field("protocol", p.PacketHdr.V.HwProtocol, float64(0x88b5))
	tally.Field("payload", p.Payload, "706c61696e")
	tally.Field("link layer header", p.L2hdr, "02000000000902000000000888b5")
	tally.Field("indev", p.IfindexIndev, float64(bridge.Header.IfiIndex))
	tally.Field("outdev", p.IfindexOutdev, float64(bridge.Header.IfiIndex))
	tally.Field("physindev", p.IfindexPhysindev, float64(in.Header.IfiIndex))
	tally.Field("physoutdev", p.IfindexPhysoutdev, float64(out.Header.IfiIndex))
	tally.Field("sender", net.HardwareAddr(p.Hwaddr.V.HwAddr[:p.Hwaddr.V.HwAddrlen]), src.String())
	if p.Vlan == nil {
		t.Fatalf("a frame without its tag: %+v", p)
	}
	tally.Field("vlan protocol", p.Vlan.Proto, float64(unix.ETH_P_8021Q))
	tally.Field("vlan tag", p.Vlan.Tci, float64(0x2005|0x1000&p.Vlan.Tci.V))
	tally.Report("bridge")
	if unknown := witness.Unknown(p); len(unknown) > 0 {
		t.Errorf("unknown attributes %v", unknown)
	}
	verdict := b.verdict(p.PacketHdr.V.PacketID, nfqueue.VerdictCodeAccept)
	verdict.Vlan = &nfqueue.VlanAttrs{Proto: p.Vlan.Proto, Tci: nlattr.Some(uint16(0x4007))}
	verdict.L2hdr = append(append(append([]byte{}, dst...), 0x02, 0, 0, 0, 0, 7), 0x88, 0xb5)
	verdict.Priority = nlattr.Some(uint32(0x30004))
	b.decide(verdict)
	got, vlan := to.next("plain")
	if want := append(verdict.L2hdr, "plain"...); !bytes.Equal(got, want) || vlan&^0x1000 != 0x4007 {
		t.Errorf("the frame is\n%x of VLAN %#x, want\n%x", got, vlan, want)
	}
}
