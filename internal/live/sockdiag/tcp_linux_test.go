package sockdiag

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/inetdiag"
	"github.com/nlgen/nlgen/internal/nettest"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
)

// A pair is both ends of a connection.
type pair struct{ client, server *net.TCPConn }

// connected makes a pair. Both ends have options.
func connected(t *testing.T, host string, set ...func(fd int) error) pair {
	t.Helper()
	control := func(_, _ string, raw syscall.RawConn) (err error) {
		return errors.Join(raw.Control(func(fd uintptr) {
			for _, f := range set {
				err = errors.Join(err, f(int(fd)))
			}
		}), err)
	}
	config, dialer := net.ListenConfig{Control: control}, net.Dialer{Control: control}
	config.SetMultipathTCP(false)
	dialer.SetMultipathTCP(false)
	listener, err := config.Listen(t.Context(), "tcp", net.JoinHostPort(host, "0"))
	must(t, err)
	defer listener.Close()
	client, err := dialer.DialContext(t.Context(), "tcp", listener.Addr().String())
	must(t, err)
	t.Cleanup(func() { client.Close() })
	server, err := listener.Accept()
	must(t, err)
	t.Cleanup(func() { server.Close() })
	return pair{client.(*net.TCPConn), server.(*net.TCPConn)}
}

func (p pair) port() int { return p.client.LocalAddr().(*net.TCPAddr).Port }

// losing loses the packets of TCP that a match of nft takes.
func losing(t *testing.T, match string) {
	t.Helper()
	witness.Output(t, "nft", "add table inet lose; add chain inet lose c { type filter hook input priority 0; }; add rule inet lose c tcp "+match+" drop")
	t.Cleanup(func() { _ = exec.Command("nft", "delete table inet lose").Run() })
}

// option sets a socket option to a number.
func option(level, name, value int) func(fd int) error {
	return func(fd int) error { return unix.SetsockoptInt(fd, level, name, value) }
}

// begin begins to connect, and does not wait.
func begin(t *testing.T, port int) {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_NONBLOCK, 0)
	must(t, err)
	t.Cleanup(func() { unix.Close(fd) })
	if err := unix.Connect(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}, Port: port}); err != unix.EINPROGRESS {
		t.Fatal(err)
	}
}

// TestStates has sockets of TCP in every state and with every timer, and compares all that ss prints of them.
func TestStates(t *testing.T) {
	ctx, conn := connect(t)
	c := inetdiag.New(conn)
	dump := func() []reply {
		t.Helper()
		return append(sockets(ctx, t, c, unix.AF_INET, unix.IPPROTO_TCP), sockets(ctx, t, c, unix.AF_INET6, unix.IPPROTO_TCP)...)
	}
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	must(t, err)
	defer listener.Close()
	half, err := net.Listen("tcp4", "127.0.0.1:0")
	must(t, err)
	defer half.Close()

	alive := connected(t, "::1", option(unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1), option(unix.SOL_SOCKET, unix.SO_MARK, 77),
		option(unix.SOL_SOCKET, unix.SO_MAX_PACING_RATE, 1<<30))
	closed := connected(t, "127.0.0.1")
	must(t, errors.Join(closed.client.Close(), closed.server.Close())) // TIME-WAIT
	shut := connected(t, "127.0.0.1")
	must(t, shut.client.CloseWrite()) // FIN-WAIT-2, CLOSE-WAIT
	last, both, lost := connected(t, "127.0.0.1"), connected(t, "127.0.0.1"), connected(t, "127.0.0.1")
	must(t, last.client.CloseWrite())
	full := connected(t, "127.0.0.1", option(unix.SOL_SOCKET, unix.SO_SNDBUF, 1<<20))
	await(t, dump, last.client, inetdiag.TcpStateFinWait2)
	losing(t, fmt.Sprintf("sport { %d } tcp flags & (syn|ack) == syn|ack drop; add rule inet lose c tcp dport %d drop; add rule inet lose c tcp sport { %d, %d }",
		half.Addr().(*net.TCPAddr).Port, last.port(), both.port(), lost.port()))
	must(t, last.server.CloseWrite()) // LAST-ACK
	must(t, errors.Join(both.client.CloseWrite(), both.server.CloseWrite()))
	_, err = lost.client.Write(make([]byte, 5000))
	must(t, err)
	begin(t, half.Addr().(*net.TCPAddr).Port) // SYN-SENT, SYN-RECV
	_, err = alive.client.Write(make([]byte, 1000))
	must(t, err)
	must(t, full.client.SetWriteDeadline(time.Now().Add(100*time.Millisecond)))
	for err == nil { // until the window is closed
		_, err = full.client.Write(make([]byte, 1<<16))
	}
	await(t, dump, both.client, inetdiag.TcpStateClosing)
	witness.Await(t, "packets that are sent again, and a window that is probed", func() bool {
		x, y := find(t, dump(), lost.client), find(t, dump(), full.client)
		return x.Info.TotalRetrans > 1 && x.Info.Backoff > 0 && y.Header.IdiagTimer == inetdiag.TimerProbe
	})

	tally := witness.NewTally(t)
	seen, timers := map[string]bool{}, map[inetdiag.Timer]bool{}
	tally.Steady(func(tally *witness.Tally) {
		all := dump()
		for _, x := range all {
			seen[states[x.Header.IdiagState]] = true
			timers[x.Header.IdiagTimer] = true
			witness.Known(t, "message", x)
		}
		compareInet(t, tally, all, ofTCP, tcpView, "-t")
	})
	tally.Report("tcp")
	for state, name := range states {
		if !seen[name] && state != inetdiag.TcpStateClose && state != inetdiag.TcpStateFinWait1 {
			t.Errorf("no socket is in the state %s", name)
		}
	}
	for timer := inetdiag.TimerNone; timer <= inetdiag.TimerProbe; timer++ {
		if !timers[timer] {
			t.Errorf("no socket has the timer %v", timer)
		}
	}
}

// find returns a socket of a dump.
func find(t *testing.T, list []reply, c syscall.Conn) reply {
	t.Helper()
	return withInode(t, list, inode(t, c))
}

func withInode(t *testing.T, list []reply, number uint32) reply {
	t.Helper()
	i := slices.IndexFunc(list, func(x reply) bool { return x.Header.IdiagInode == number })
	if i < 0 {
		t.Fatalf("the socket is not among %d", len(list))
	}
	return list[i]
}

// await waits until a socket is in a state.
func await(t *testing.T, dump func() []reply, c syscall.Conn, state inetdiag.TcpState) {
	t.Helper()
	witness.Await(t, "the state "+state.String(), func() bool { return find(t, dump(), c).Header.IdiagState == state })
}

// TestCongestion reads what controls of congestion say of a connection: those that this kernel has of the three that tell something.
func TestCongestion(t *testing.T) {
	ctx, conn := connect(t)
	c := inetdiag.New(conn)
	writeFile(t, "/proc/sys/net/ipv4/tcp_ecn", "1") // without which dctcp does nothing
	for _, control := range []string{"bbr", "dctcp", "vegas"} {
		t.Run(control, func(t *testing.T) {
			p := connected(t, "127.0.0.1", func(fd int) error {
				err := unix.SetsockoptString(fd, unix.IPPROTO_TCP, unix.TCP_CONGESTION, control)
				if errors.Is(err, syscall.ENOENT) && !nettest.Guest() {
					t.Skipf("this kernel has no %s", control)
				}
				return err
			})
			for range 20 { // Some tell nothing before a few round trips.
				_, err := p.client.Write(make([]byte, 3000))
				must(t, err)
				_, err = io.ReadFull(p.server, make([]byte, 3000))
				must(t, err)
			}
			tally := witness.NewTally(t)
			tally.Steady(func(tally *witness.Tally) {
				list := sockets(ctx, t, c, unix.AF_INET, unix.IPPROTO_TCP)
				mine := find(t, list, p.client)
				witness.Known(t, control, mine)
				if told := map[string]bool{"bbr": mine.Bbrinfo != nil, "dctcp": mine.Dctcpinfo.OK, "vegas": mine.Vegasinfo.OK}; !told[control] {
					t.Errorf("%s tells nothing: %+v", control, mine)
				}
				if v := mine.Vegasinfo.V; control == "vegas" && (v.Enabled != 1 || v.Rtt == 0 || v.Minrtt == 0) {
					t.Errorf("vegas tells %+v", v)
				}
				if d := mine.Dctcpinfo.V; control == "dctcp" && (d.Enabled != 1 || d.Alpha == 0) {
					t.Errorf("dctcp tells %+v", d)
				}
				compareInet(t, tally, list, ofTCP, tcpView, "-t", "-4")
			})
			tally.Report(control)
		})
	}
}

// writeFile writes a setting of this process's namespace.
func writeFile(t *testing.T, name, text string) {
	t.Helper()
	must(t, os.WriteFile(name, []byte(text), 0))
}

// TestJoin has a connection of MPTCP take more ways than one, of which one is a backup, and compares all that ss prints of it and of its
// subflows.
func TestJoin(t *testing.T) {
	ctx, conn := connect(t)
	c := inetdiag.New(conn)
	if _, err := os.Stat("/proc/sys/net/mptcp"); err != nil {
		t.Skipf("this kernel has no MPTCP: %v", err)
	}
	for _, args := range []string{
		"link add join0 type veth peer name join1", "link set join0 up", "link set join1 up", "addr add 10.20.0.1/24 dev join0", "addr add 10.20.0.2/24 dev join0", "addr add 10.20.0.3/24 dev join0",
		"mptcp limits set subflows 4 add_addr_accepted 4", "mptcp endpoint add 10.20.0.2 dev join0 subflow backup", "mptcp endpoint add 10.20.0.3 dev join0 signal",
	} {
		witness.Output(t, "ip", strings.Fields(args)...)
	}
	t.Cleanup(func() {
		_ = exec.Command("ip", "mptcp", "endpoint", "flush").Run()
		_ = exec.Command("ip", "link", "del", "join0").Run()
	})
	var config net.ListenConfig
	config.SetMultipathTCP(true)
	listener, err := config.Listen(ctx, "tcp4", "10.20.0.1:0")
	must(t, err)
	defer listener.Close()
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(10, 20, 0, 1)}}
	dialer.SetMultipathTCP(true)
	client, err := dialer.DialContext(ctx, "tcp4", listener.Addr().String())
	must(t, err)
	defer client.Close()
	server, err := listener.Accept()
	must(t, err)
	defer server.Close()
	_, err = client.Write(make([]byte, 3000))
	must(t, err)
	_, err = io.ReadFull(server, make([]byte, 3000))
	must(t, err)

	want := inetdiag.SubflowFlagsJoinRem | inetdiag.SubflowFlagsJoinLoc | inetdiag.SubflowFlagsBkupRem | inetdiag.SubflowFlagsBkupLoc
	var seen inetdiag.SubflowFlags
	witness.Await(t, "subflows with all flags", func() bool {
		for _, x := range sockets(ctx, t, c, unix.AF_INET, unix.IPPROTO_TCP) {
			if x.UlpInfo != nil && x.UlpInfo.Mptcp != nil {
				seen |= x.UlpInfo.Mptcp.Flags.V
			}
		}
		return seen&want == want
	})
	tally := witness.NewTally(t)
	tally.Steady(func(tally *witness.Tally) {
		list, err := c.MptcpGetCollect(ctx, &inetdiag.MptcpGetDumpRequest{
			Header:   inetdiag.InetDiagReqV2{SdiagFamily: unix.AF_INET, SdiagProtocol: 255, IdiagExt: allExt, IdiagStates: allStates},
			Protocol: nlattr.Some(uint32(mptcp)),
		})
		must(t, err)
		compareInet(t, tally, list, ofMPTCP, mptcpView, "-M")
		compareInet(t, tally, sockets(ctx, t, c, unix.AF_INET, unix.IPPROTO_TCP), ofTCP, tcpView, "-t", "-4")
	})
	tally.Report("subflows")
}
