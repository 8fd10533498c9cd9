package sockdiag

import (
	"errors"
	"io"
	"os/exec"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/inetdiag"
	"github.com/nlgen/nlgen/internal/nettest"
	"github.com/nlgen/nlgen/internal/witness"
)

// TestMarks has the network mark all packets that may be marked (ECN), and compares what is counted of it with what ss prints. The
// sockets belong to another user.
func TestMarks(t *testing.T) {
	ctx, conn := connect(t)
	c := inetdiag.New(conn)
	witness.Output(t, "nft", "add table ip marks; add chain ip marks c { type filter hook output priority 0; }; "+
		"add rule ip marks c meta l4proto tcp ip ecn != not-ect ip ecn set ce")
	t.Cleanup(func() { _ = exec.Command("nft", "delete table ip marks").Run() })
	writeFile(t, "/proc/sys/net/ipv4/tcp_ecn", "1")
	for _, control := range []string{"reno", "dctcp"} {
		t.Run(control, func(t *testing.T) {
			p := connected(t, "127.0.0.1", func(fd int) error {
				err := unix.SetsockoptString(fd, unix.IPPROTO_TCP, unix.TCP_CONGESTION, control)
				if errors.Is(err, syscall.ENOENT) && !nettest.Guest() {
					t.Skipf("this kernel has no %s", control)
				}
				return errors.Join(err, unix.Fchown(fd, 1234, 1234))
			})
			for range 20 {
				_, err := p.client.Write(make([]byte, 3000))
				must(t, err)
				_, err = io.ReadFull(p.server, make([]byte, 3000))
				must(t, err)
			}
			tally := witness.NewTally(t)
			tally.Steady(func(tally *witness.Tally) {
				list := sockets(ctx, t, c, unix.AF_INET, unix.IPPROTO_TCP)
				sender, receiver := find(t, list, p.client), find(t, list, p.server)
				tally.Field("user", sender.Header.IdiagUid, 1234.0)
				if sender.Info.DeliveredCe == 0 {
					tally.Errorf("the sender has heard of no marks: %+v", sender.Info)
				}
				if d := receiver.Dctcpinfo.V; control == "dctcp" && d.CeState != 1 {
					tally.Errorf("dctcp of the receiver tells %+v", d)
				}
				compareInet(t, tally, list, ofTCP, tcpView, "-t", "-4")
			})
			tally.Report(control)
		})
	}
}
