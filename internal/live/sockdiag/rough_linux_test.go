package sockdiag

import (
	"errors"
	"io"
	"os/exec"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/inetdiag"
	"github.com/nlgen/nlgen/internal/nettest"
	"github.com/nlgen/nlgen/internal/witness"
)

// rough makes lo a path that loses packets, doubles them and brings them in another order, until the function is called that it returns.
func rough(t *testing.T) (smooth func()) {
	t.Helper()
	if !nettest.Guest() {
		t.Skip("the kernel here is built without netem: only in the virtual machine")
	}
	witness.Output(t, "tc", strings.Fields("qdisc add dev lo root netem delay 3ms 2ms loss 3% duplicate 5% reorder 30% 50%")...)
	smooth = func() { _ = exec.Command("tc", "qdisc", "del", "dev", "lo", "root").Run() }
	t.Cleanup(smooth)
	return smooth
}

// TestRoughPath sends over a rough path, and compares all that ss prints of the connection.
func TestRoughPath(t *testing.T) {
	ctx, conn := connect(t)
	smooth := rough(t)
	c := inetdiag.New(conn)
	p := connected(t, "127.0.0.1", option(unix.SOL_SOCKET, unix.SO_SNDBUF, 4096), option(unix.IPPROTO_TCP, unix.TCP_MAXSEG, 1000))
	go func() { _, _ = io.Copy(io.Discard, p.server) }()
	ends := func() (sender, receiver *inetdiag.TcpInfo) {
		list := sockets(ctx, t, c, unix.AF_INET, unix.IPPROTO_TCP)
		return find(t, list, p.client).Info, find(t, list, p.server).Info
	}
	for start := time.Now(); ; {
		_, err := p.client.Write(make([]byte, 100_000))
		must(t, err)
		if x, y := ends(); x.ReordSeen > 0 && x.SndbufLimited > 0 && x.BytesRetrans > 0 && y.RcvOoopack > 0 {
			break
		}
		if time.Since(start) > 20*time.Second {
			x, y := ends()
			t.Fatalf("the path is too good: %+v, %+v", x, y)
		}
	}
	smooth()
	tally := witness.NewTally(t)
	tally.Steady(func(tally *witness.Tally) {
		compareInet(t, tally, sockets(ctx, t, c, unix.AF_INET, unix.IPPROTO_TCP), ofTCP, tcpView, "-t", "-4")
	})
	tally.Report("a rough path")
}

// TestRoughSCTP does the same with SCTP.
func TestRoughSCTP(t *testing.T) {
	ctx, conn := connect(t)
	c := inetdiag.New(conn)
	listen, client := sctpSocket(t, unix.AF_INET), sctpSocket(t, unix.AF_INET)
	writeFile(t, "/proc/sys/net/sctp/rto_min", "10") // else a loss takes a second
	writeFile(t, "/proc/sys/net/sctp/rto_initial", "10")
	at := &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}, Port: 5200}
	must(t, unix.Bind(listen, at))
	must(t, unix.Listen(listen, 1))
	must(t, unix.Connect(client, at))
	server, _, err := unix.Accept(listen)
	must(t, err)
	t.Cleanup(func() { unix.Close(server) })
	smooth := rough(t)
	must(t, unix.SetNonblock(client, true))
	one := func(fd int) *inetdiag.SctpInfo {
		t.Helper()
		_, associations := sctpDump(ctx, t, c, unix.AF_INET, fd)
		if len(associations) != 1 {
			t.Fatalf("there are %d associations", len(associations))
		}
		return associations[0].Info
	}
	for start := time.Now(); ; {
		var err error
		for err == nil { // until there is no more room
			_, err = unix.Write(client, make([]byte, 5000))
		}
		if !errors.Is(err, unix.EAGAIN) {
			t.Fatal(err)
		}
		x, y := one(client), one(server)
		if x.Rtxchunks > 0 && x.Outqueue > 0 && x.Unackdata > 0 && y.Idupchunks > 0 {
			break
		}
		if time.Since(start) > 20*time.Second {
			t.Fatalf("the path is too good: %+v, %+v", x, y)
		}
		_, err = unix.Read(server, make([]byte, 50_000))
		must(t, err)
	}
	smooth()
	tally := witness.NewTally(t)
	tally.Steady(func(tally *witness.Tally) {
		for _, fd := range []int{client, server} {
			endpoints, associations := sctpDump(ctx, t, c, unix.AF_INET, fd)
			compareSCTP(t, tally, fd, endpoints[0], associations[0])
		}
	})
	tally.Report("a rough path")
}

// TestRawProtocol asks for a raw socket by the protocol that it receives.
func TestRawProtocol(t *testing.T) {
	ctx, conn := connect(t)
	c := inetdiag.New(conn)
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_RAW, unix.IPPROTO_ICMP)
	must(t, err)
	defer unix.Close(fd)
	list := sockets(ctx, t, c, unix.AF_INET, unix.IPPROTO_RAW)
	mine := withInode(t, list, fdInode(t, fd))
	header := inetdiag.InetDiagReqV2{
		SdiagFamily: unix.AF_INET, SdiagProtocol: unix.IPPROTO_RAW, SdiagRawProtocol: unix.IPPROTO_ICMP, IdiagExt: allExt, ID: mine.Header.ID,
	}
	got, err := c.Get(ctx, &inetdiag.GetRequest{Header: header})
	must(t, err)
	if got.Header.IdiagInode != mine.Header.IdiagInode {
		t.Errorf("another socket: %+v", got.Header)
	}
	header.SdiagRawProtocol = unix.IPPROTO_IGMP
	_, err = c.Get(ctx, &inetdiag.GetRequest{Header: header})
	if !errors.Is(err, unix.ENOENT) {
		t.Errorf("a socket of another protocol: %v", err)
	}
}
