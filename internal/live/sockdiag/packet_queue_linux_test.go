package sockdiag

import (
	"fmt"
	"slices"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/packetdiag"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/internal/witness/traffic"
)

// TestPacketQueue has a socket receive more packets than it has room for, and nobody read them.
func TestPacketQueue(t *testing.T) {
	ctx, conn := connect(t)
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW, 0)
	must(t, err)
	defer unix.Close(fd)
	must(t, unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, 8192))
	const protocol = 0xb588 // ETH_P_802_EX1, in network byte order
	must(t, unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: protocol, Ifindex: 1}))
	for range 50 {
		traffic.SendFrame(t, 1, append(make([]byte, 12), append([]byte{0x88, 0xb5}, make([]byte, 500)...)...))
	}
	tally := witness.NewTally(t)
	tally.Steady(func(tally *witness.Tally) {
		list, err := packetdiag.New(conn).GetCollect(ctx, &packetdiag.GetDumpRequest{Header: packetdiag.PacketDiagReq{SdiagFamily: unix.AF_PACKET, PdiagShow: 0x3f}})
		must(t, err)
		i := slices.IndexFunc(list, func(x *packetdiag.GetReply) bool { return x.Header.PdiagIno == fdInode(t, fd) })
		if i < 0 {
			t.Fatalf("the socket is not among %d", len(list))
		}
		x := list[i]
		if x.Meminfo.RmemAlloc == 0 || x.Meminfo.Drops == 0 {
			tally.Errorf("memory: %+v", x.Meminfo)
		}
		for _, words := range ssWords(t, "-0", "-b") {
			if shown := ssObject(t, words, "type", "state", "recvq", "sendq", "local", "peer"); shown["ino"] == fmt.Sprint(x.Header.PdiagIno) {
				witness.Compare(tally, "ss", x, packetView, shown)
			}
		}
	})
	tally.Report("a queue of packets")
}
