package sockdiag

import (
	"net/netip"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/inetdiag"
	"github.com/nlgen/nlgen/generated/rtroute"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// TestFastOpen makes a connection whose first packet has data, over a route on which time stamps count microseconds, and compares all that
// ss prints of it.
func TestFastOpen(t *testing.T) {
	ctx, conn := connect(t)
	c := inetdiag.New(conn)
	here := netip.MustParseAddr("127.0.0.9")
	const local = 255 // RT_TABLE_LOCAL
	route := &rtroute.NewrouteRequest{
		Header: rtroute.Rtmsg{RtmFamily: unix.AF_INET, RtmDstLen: 32, RtmTable: local, RtmScope: rtroute.RtScopeHost, RtmType: rtroute.RtmTypeLocal, RtmProtocol: rtroute.RtProtocolKernel},
		Dst:    nlattr.Some(here), Oif: nlattr.Some(uint32(1)), Metrics: &rtroute.MetricsAttrs{Features: nlattr.Some(rtroute.RtaxFeaturesTcpUsecTs)},
	}
	must(t, rtroute.New(conn).Newroute(ctx, route, nlconn.Create, nlconn.Replace))
	t.Cleanup(func() {
		if err := rtroute.New(conn).Delroute(ctx, &rtroute.DelrouteRequest{Header: route.Header, Dst: route.Dst}); err != nil {
			t.Error(err)
		}
	})
	writeFile(t, "/proc/sys/net/ipv4/tcp_fastopen", "1543") // both sides, without cookies, and all who listen
	socket := func() int {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
		must(t, err)
		t.Cleanup(func() { unix.Close(fd) })
		return fd
	}
	listen, client := socket(), socket()
	at := &unix.SockaddrInet4{Addr: here.As4(), Port: 5300}
	must(t, unix.Bind(listen, at))
	must(t, unix.Listen(listen, 1))
	must(t, unix.Sendto(client, []byte("hello"), unix.MSG_FASTOPEN, at))
	server, _, err := unix.Accept(listen)
	must(t, err)
	t.Cleanup(func() { unix.Close(server) })
	tally := witness.NewTally(t)
	tally.Steady(func(tally *witness.Tally) {
		list := sockets(ctx, t, c, unix.AF_INET, unix.IPPROTO_TCP)
		for name, fd := range map[string]int{"client": client, "server": server} {
			x := withInode(t, list, fdInode(t, fd))
			const want = inetdiag.TcpOptionsSynData | inetdiag.TcpOptionsUsecTs
			if x.Info.Options&want != want {
				tally.Errorf("the options of the %s are %v", name, x.Info.Options)
			}
		}
		compareInet(t, tally, list, ofTCP, tcpView, "-t", "-4")
	})
	tally.Report("fast open")
}
