package sockdiag

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/inetdiag"
	"github.com/nlgen/nlgen/internal/witness"
	"github.com/nlgen/nlgen/runtime/nlattr"
)

// address is how /proc/net writes an address and a port: words of 32 bits in host byte order.
func address(family uint8, addr [16]byte, port uint16) string {
	words := 1
	if family == unix.AF_INET6 {
		words = 4
	}
	var s strings.Builder
	for i := range words {
		fmt.Fprintf(&s, "%08X", binary.NativeEndian.Uint32(addr[4*i:]))
	}
	return fmt.Sprintf("%s:%04X", &s, port)
}

// compareProc compares sockets with the lines of a file in /proc/net.
func compareProc(t *testing.T, tally *witness.Tally, list []reply, file string) {
	t.Helper()
	ours := map[uint32]reply{}
	for _, x := range list {
		if x.Header.IdiagInode != 0 { // A socket without an owner has none.
			ours[x.Header.IdiagInode] = x
		}
	}
	b, err := os.ReadFile("/proc/self/net/" + file)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(b)), "\n")[1:]
	seen := 0
	for _, line := range lines {
		f := strings.Fields(line)
		ino, err := strconv.ParseUint(f[9], 10, 32)
		if err != nil || ino == 0 {
			continue
		}
		x := ours[uint32(ino)]
		if x == nil {
			tally.Errorf("%s lists inode %d, we do not", file, ino)
			continue
		}
		seen++
		h := x.Header
		at := fmt.Sprintf("%s inode %d ", file, ino)
		tally.Field(at+"local", address(h.IdiagFamily, h.ID.Src, h.ID.Sport), f[1])
		tally.Field(at+"remote", address(h.IdiagFamily, h.ID.Dst, h.ID.Dport), f[2])
		tally.Field(at+"state", fmt.Sprintf("%02X", uint8(h.IdiagState)), f[3])
		if h.IdiagState != inetdiag.TcpStateListen { // There the file has the queue of bytes, which is empty.
			tally.Field(at+"queues", fmt.Sprintf("%08X:%08X", h.IdiagWqueue, h.IdiagRqueue), f[4])
		}
		tally.Field(at+"uid", strconv.Itoa(int(h.IdiagUid)), f[7])
	}
	if seen != len(ours) || seen == 0 {
		tally.Errorf("%s lists %d sockets with an owner, we %d", file, seen, len(ours))
	}
}

// TestTCP compares connections and listeners with /proc/net, with getsockopt(TCP_INFO) and with what ss prints.
func TestTCP(t *testing.T) {
	ctx, conn := connect(t)
	c := inetdiag.New(conn)
	for _, network := range []string{"tcp4", "tcp6"} {
		family, host := uint8(unix.AF_INET), "127.0.0.1"
		if network == "tcp6" {
			family, host = unix.AF_INET6, "::1"
		}
		listener, err := net.Listen(network, net.JoinHostPort(host, "0"))
		if err != nil {
			t.Fatal(err)
		}
		defer listener.Close()
		client, err := net.Dial(network, listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		server, err := listener.Accept()
		if err != nil {
			t.Fatal(err)
		}
		defer server.Close()
		if _, err := client.Write(make([]byte, 1000)); err != nil {
			t.Fatal(err)
		}
		onFD(t, client.(*net.TCPConn), func(fd int) error { return unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_MARK, 77) })
		if err := client.(*net.TCPConn).CloseWrite(); err != nil {
			t.Fatal(err)
		}

		tally := witness.NewTally(t)
		tally.Steady(func(tally *witness.Tally) {
			compareProc(t, tally, sockets(ctx, t, c, family, unix.IPPROTO_TCP), strings.Replace(network, "4", "", 1))
		})
		var mine reply
		witness.Await(t, "the ACK of a FIN, after the time for delayed ACKs", func() bool {
			mine = find(t, sockets(ctx, t, c, family, unix.IPPROTO_TCP), client.(*net.TCPConn))
			return mine.Header.IdiagState == inetdiag.TcpStateFinWait2
		})
		if mine.Info == nil || mine.Cong.V == "" || mine.Skmeminfo == nil || !mine.Meminfo.OK {
			t.Fatalf("the connection is %+v", mine)
		}
		witness.Known(t, network, mine)
		tally.Field("mark", mine.Mark, 77.0)
		tally.Field("shutdown", mine.Shutdown.V, "send")
		tally.Field("state", mine.Header.IdiagState, "fin-wait2")
		compareSockopt(t, tally, client.(*net.TCPConn), mine)
		tally.Steady(func(tally *witness.Tally) {
			compareInet(t, tally, sockets(ctx, t, c, family, unix.IPPROTO_TCP), ofTCP, tcpView, "-t", "-"+network[3:])
		})
		tally.Report(network)

		// A do finds the very socket by its cookie.
		one, err := c.Get(ctx, &inetdiag.GetRequest{Header: inetdiag.InetDiagReqV2{
			SdiagFamily: family, SdiagProtocol: unix.IPPROTO_TCP, IdiagExt: allExt, ID: mine.Header.ID}})
		if err != nil || one.Header.IdiagInode != mine.Header.IdiagInode {
			t.Errorf("%s: get by id: %+v, %v", network, one, err)
		}
		other := mine.Header.ID
		other.Cookie0++
		_, err = c.Get(ctx, &inetdiag.GetRequest{Header: inetdiag.InetDiagReqV2{SdiagFamily: family, SdiagProtocol: unix.IPPROTO_TCP, ID: other}})
		if !errors.Is(err, syscall.ENOENT) {
			t.Errorf("%s: get with another cookie: %v", network, err)
		}
	}
}

// compareSockopt compares with the socket's own word. Counters are still; times go on.
func compareSockopt(t *testing.T, tally *witness.Tally, c syscall.Conn, x reply) {
	t.Helper()
	var info *unix.TCPInfo
	var cong string
	onFD(t, c, func(fd int) (err error) {
		if info, err = unix.GetsockoptTCPInfo(fd, unix.IPPROTO_TCP, unix.TCP_INFO); err == nil {
			cong, err = unix.GetsockoptString(fd, unix.IPPROTO_TCP, unix.TCP_CONGESTION)
		}
		return err
	})
	i := x.Info
	tally.Field("cong", x.Cong, strings.TrimRight(cong, "\x00"))
	for _, f := range []struct {
		name         string
		ours, theirs uint64
	}{
		{"state", uint64(i.State), uint64(info.State)}, {"ca-state", uint64(i.CaState), uint64(info.Ca_state)},
		{"retransmits", uint64(i.Retransmits), uint64(info.Retransmits)}, {"options", uint64(i.Options), uint64(info.Options)},
		{"rto", uint64(i.Rto), uint64(info.Rto)}, {"snd-mss", uint64(i.SndMss), uint64(info.Snd_mss)},
		{"rcv-mss", uint64(i.RcvMss), uint64(info.Rcv_mss)}, {"unacked", uint64(i.Unacked), uint64(info.Unacked)},
		{"pmtu", uint64(i.Pmtu), uint64(info.Pmtu)}, {"rcv-ssthresh", uint64(i.RcvSsthresh), uint64(info.Rcv_ssthresh)},
		{"rtt", uint64(i.Rtt), uint64(info.Rtt)}, {"rttvar", uint64(i.Rttvar), uint64(info.Rttvar)},
		{"snd-ssthresh", uint64(i.SndSsthresh), uint64(info.Snd_ssthresh)}, {"snd-cwnd", uint64(i.SndCwnd), uint64(info.Snd_cwnd)},
		{"advmss", uint64(i.Advmss), uint64(info.Advmss)}, {"reordering", uint64(i.Reordering), uint64(info.Reordering)},
		{"rcv-space", uint64(i.RcvSpace), uint64(info.Rcv_space)}, {"total-retrans", uint64(i.TotalRetrans), uint64(info.Total_retrans)},
		{"pacing-rate", i.PacingRate, info.Pacing_rate}, {"max-pacing-rate", i.MaxPacingRate, info.Max_pacing_rate},
		{"bytes-acked", i.BytesAcked, info.Bytes_acked}, {"bytes-received", i.BytesReceived, info.Bytes_received},
		{"segs-out", uint64(i.SegsOut), uint64(info.Segs_out)}, {"segs-in", uint64(i.SegsIn), uint64(info.Segs_in)},
		{"notsent-bytes", uint64(i.NotsentBytes), uint64(info.Notsent_bytes)}, {"min-rtt", uint64(i.MinRtt), uint64(info.Min_rtt)},
		{"data-segs-in", uint64(i.DataSegsIn), uint64(info.Data_segs_in)}, {"data-segs-out", uint64(i.DataSegsOut), uint64(info.Data_segs_out)},
		{"delivery-rate", i.DeliveryRate, info.Delivery_rate}, {"busy-time", i.BusyTime, info.Busy_time},
		{"rwnd-limited", i.RwndLimited, info.Rwnd_limited}, {"sndbuf-limited", i.SndbufLimited, info.Sndbuf_limited},
		{"delivered", uint64(i.Delivered), uint64(info.Delivered)}, {"delivered-ce", uint64(i.DeliveredCe), uint64(info.Delivered_ce)},
		{"bytes-sent", i.BytesSent, info.Bytes_sent}, {"bytes-retrans", i.BytesRetrans, info.Bytes_retrans},
		{"dsack-dups", uint64(i.DsackDups), uint64(info.Dsack_dups)}, {"reord-seen", uint64(i.ReordSeen), uint64(info.Reord_seen)},
		{"rcv-ooopack", uint64(i.RcvOoopack), uint64(info.Rcv_ooopack)}, {"snd-wnd", uint64(i.SndWnd), uint64(info.Snd_wnd)},
		{"rcv-wnd", uint64(i.RcvWnd), uint64(info.Rcv_wnd)}, {"rehash", uint64(i.Rehash), uint64(info.Rehash)},
		{"total-rto", uint64(i.TotalRto), uint64(info.Total_rto)},
		{"total-rto-recoveries", uint64(i.TotalRtoRecoveries), uint64(info.Total_rto_recoveries)},
		{"total-rto-time", uint64(i.TotalRtoTime), uint64(info.Total_rto_time)},
	} {
		tally.Field("info."+f.name, f.ours, float64(f.theirs))
	}
}

// TestFilter chooses sockets by states, by ports and by a program.
func TestFilter(t *testing.T) {
	ctx, conn := connect(t)
	c := inetdiag.New(conn)
	var ports []uint16
	for range 3 {
		l, err := net.Listen("tcp4", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		ports = append(ports, netip.MustParseAddrPort(l.Addr().String()).Port())
	}
	client, err := net.Dial("tcp4", fmt.Sprintf("127.0.0.1:%d", ports[0]))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	count := func(req *inetdiag.GetDumpRequest) int {
		t.Helper()
		req.Header.SdiagFamily, req.Header.SdiagProtocol = unix.AF_INET, unix.IPPROTO_TCP
		list, err := c.GetCollect(ctx, req)
		if err != nil {
			t.Error(err)
		}
		return len(list)
	}
	if n := count(&inetdiag.GetDumpRequest{Header: inetdiag.InetDiagReqV2{IdiagStates: 1 << inetdiag.TcpStateListen}}); n != 3 {
		t.Errorf("%d listeners, want 3", n)
	}
	byPort := inetdiag.InetDiagReqV2{IdiagStates: allStates, ID: inetdiag.InetDiagSockid{Sport: ports[1]}}
	if n := count(&inetdiag.GetDumpRequest{Header: byPort}); n != 1 {
		t.Errorf("%d sockets of a port, want 1", n)
	}
	// Source port >= p: an operation with its argument in the port half of a second one; what does not hold jumps beyond the end.
	program := make([]byte, 8)
	program[0], program[1] = 2, 8 // INET_DIAG_BC_S_GE
	binary.NativeEndian.PutUint16(program[2:], 12)
	binary.NativeEndian.PutUint16(program[6:], ports[2])
	want := 0
	for _, x := range sockets(ctx, t, c, unix.AF_INET, unix.IPPROTO_TCP) {
		if x.Header.ID.Sport >= ports[2] {
			want++
		}
	}
	if n := count(&inetdiag.GetDumpRequest{Header: inetdiag.InetDiagReqV2{IdiagStates: allStates}, Bytecode: program}); n != want || n == 0 {
		t.Errorf("the program takes %d sockets, want %d", n, want)
	}
	var text string
	_, err = c.GetCollect(ctx, &inetdiag.GetDumpRequest{Header: inetdiag.InetDiagReqV2{SdiagFamily: unix.AF_INET, SdiagProtocol: unix.IPPROTO_TCP},
		Bytecode: []byte{99, 4, 0, 0}})
	if err != nil {
		text = err.Error()
	}
	if !errors.Is(err, syscall.EINVAL) || !strings.HasPrefix(text, "inet-diag: get: EINVAL") {
		t.Errorf("a program that is none: %v", err)
	}
}

// TestDatagrams compares sockets of UDP and raw ones with /proc/net.
func TestDatagrams(t *testing.T) {
	ctx, conn := connect(t)
	c := inetdiag.New(conn)
	for _, p := range []struct {
		network, address, file string
		family, protocol       uint8
		ss                     []string
	}{
		{"udp4", "127.0.0.1:0", "udp", unix.AF_INET, unix.IPPROTO_UDP, []string{"-u", "-4"}},
		{"udp6", "[::1]:0", "udp6", unix.AF_INET6, unix.IPPROTO_UDP, []string{"-u", "-6"}},
		{"ip4:icmp", "127.0.0.1", "raw", unix.AF_INET, unix.IPPROTO_RAW, []string{"-w", "-4"}},
		{"ip6:ipv6-icmp", "::1", "raw6", unix.AF_INET6, unix.IPPROTO_RAW, []string{"-w", "-6"}},
	} {
		t.Run(p.network, func(t *testing.T) {
			s, err := net.ListenPacket(p.network, p.address)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			tally := witness.NewTally(t)
			tally.Steady(func(tally *witness.Tally) {
				all := sockets(ctx, t, c, p.family, p.protocol)
				if p.protocol == unix.IPPROTO_RAW {
					for _, x := range all {
						tally.Field("protocol", x.Protocol, map[uint8]any{unix.AF_INET: 1.0, unix.AF_INET6: 58.0}[p.family])
					}
				}
				compareProc(t, tally, all, p.file)
				compareInet(t, tally, all, ofTCP, tcpView, p.ss...)
			})
			tally.Report(p.network)
		})
	}
}

// TestMPTCP reads the state of an MPTCP connection.
func TestMPTCP(t *testing.T) {
	ctx, conn := connect(t)
	c := inetdiag.New(conn)
	listen, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, mptcp)
	if err != nil {
		t.Skipf("this kernel has no MPTCP: %v", err)
	}
	defer unix.Close(listen)
	if err := unix.Bind(listen, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	if err := unix.Listen(listen, 1); err != nil {
		t.Fatal(err)
	}
	where, err := unix.Getsockname(listen)
	if err != nil {
		t.Fatal(err)
	}
	client, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, mptcp)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(client)
	if err := unix.Connect(client, where); err != nil {
		t.Fatal(err)
	}
	if _, err := unix.Write(client, make([]byte, 100)); err != nil {
		t.Fatal(err)
	}
	list, err := c.MptcpGetCollect(ctx, &inetdiag.MptcpGetDumpRequest{
		Header:   inetdiag.InetDiagReqV2{SdiagFamily: unix.AF_INET, SdiagProtocol: 255, IdiagExt: allExt, IdiagStates: allStates},
		Protocol: nlattr.Some(uint32(mptcp)),
	})
	if errors.Is(err, syscall.ENOENT) {
		t.Skipf("this kernel does not list MPTCP: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	var st unix.Stat_t
	if err := unix.Fstat(client, &st); err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(list, func(x *inetdiag.MptcpGetReply) bool { return x.Header.IdiagInode == uint32(st.Ino) })
	if i < 0 {
		t.Fatalf("the connection is not among %d", len(list))
	}
	witness.Known(t, "mptcp", list[i])
	if mine := list[i]; mine.Info == nil || mine.Info.Token == 0 || mine.Info.Flags&inetdiag.MptcpFlagsFallback != 0 {
		t.Errorf("the connection is %+v", mine.Info)
	}
	tally := witness.NewTally(t)
	compareInet(t, tally, list, ofMPTCP, mptcpView, "-M")
	tally.Steady(func(tally *witness.Tally) { // Its subflows are sockets of TCP.
		compareInet(t, tally, sockets(ctx, t, c, unix.AF_INET, unix.IPPROTO_TCP), ofTCP, tcpView, "-t")
	})
	tally.Report("mptcp")
}

// TestDestroy closes a socket behind the back of its owner, and hears of it.
func TestDestroy(t *testing.T) {
	ctx, conn := connect(t)
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	c := inetdiag.New(conn)
	sub, err := c.Subscribe(ctx, inetdiag.GroupSknlgrpInetTcpDestroy)
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	client, err := net.Dial("tcp4", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	mine := find(t, sockets(ctx, t, c, unix.AF_INET, unix.IPPROTO_TCP), client.(*net.TCPConn))
	err = c.Destroy(ctx, &inetdiag.DestroyRequest{Header: inetdiag.InetDiagReqV2{
		SdiagFamily: unix.AF_INET, SdiagProtocol: unix.IPPROTO_TCP, ID: mine.Header.ID}})
	if errors.Is(err, syscall.EOPNOTSUPP) {
		t.Skipf("this kernel does not destroy sockets: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNABORTED) {
		t.Errorf("the owner reads %v", err)
	}
	client.Close()
	for ev, err := range sub.All(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		x, ok := ev.(*inetdiag.DestroyNtf)
		if !ok {
			t.Fatalf("event %T %+v", ev, ev)
		}
		if x.Header.ID.Cookie0 != mine.Header.ID.Cookie0 {
			continue // The other end is gone, too.
		}
		if x.Header.ID.Sport != mine.Header.ID.Sport || x.Protocol.V != unix.IPPROTO_TCP || len(x.Unknown) > 0 {
			t.Errorf("event %+v", x)
		}
		break
	}
}
