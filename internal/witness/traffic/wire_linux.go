package traffic

import (
	"bytes"
	"encoding/binary"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/rtlink"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
)

// A Wire is a socket for the frames of a link.
type Wire struct {
	*testing.T
	fd int
	to unix.SockaddrLinklayer
}

// NewWire opens one for a link, by its index.
func NewWire(t *testing.T, index int32) *Wire {
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
	return &Wire{t, fd, unix.SockaddrLinklayer{Ifindex: int(index)}}
}

// Send sends a frame.
func (w *Wire) Send(frame []byte) {
	w.Helper()
	if err := unix.Sendto(w.fd, frame, 0, &w.to); err != nil {
		w.Fatal(err)
	}
}

// Next returns the next frame that ends so, and the VLAN tag that it came with.
func (w *Wire) Next(end string) (frame []byte, vlan uint16) {
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

// Tagged is a frame of a protocol for experiments, from 02:00:00:00:00:08 to 02:00:00:00:00:09, in VLAN 5 with class 1.
func Tagged(payload string) []byte {
	return append([]byte{0x02, 0, 0, 0, 0, 9, 0x02, 0, 0, 0, 0, 8, 0x81, 0, 0x20, 5, 0x88, 0xb5}, payload...)
}

// A Bridge has two ports, whose other ends are wires.
type Bridge struct {
	Link, In, Out *rtlink.GetlinkReply
	From, To      *Wire
}

// NewBridge makes one that forwards.
func NewBridge(n *witness.Namespace) *Bridge {
	n.Helper()
	in, sender := n.Veth("qbr0", "qbr1")
	out, receiver := n.Veth("qbr2", "qbr3")
	link := n.Create(&rtlink.NewlinkRequest{Ifname: nlattr.Some("qbr"), Linkinfo: &rtlink.LinkinfoAttrs{Data: &rtlink.LinkinfoBridgeAttrs{}}})
	n.Up(in, sender, out, receiver, link)
	for _, port := range []*rtlink.GetlinkReply{in, out} {
		req := &rtlink.SetlinkRequest{Header: rtlink.Ifinfomsg{IfiIndex: port.Header.IfiIndex}, Master: nlattr.Some(uint32(link.Header.IfiIndex))}
		if err := n.Links.Setlink(n.Ctx, req); err != nil {
			n.Fatal(err)
		}
		witness.Forwards(n, port.Ifname.V)
	}
	return &Bridge{link, in, out, NewWire(n.T, sender.Header.IfiIndex), NewWire(n.T, receiver.Header.IfiIndex)}
}
