package sockdiag

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/netlinkdiag"
	"github.com/nlgen/nlgen/generated/packetdiag"
	"github.com/nlgen/nlgen/generated/unixdiag"
	"github.com/nlgen/nlgen/internal/witness"
)

// procLines returns the fields of the lines of a file in /proc/net.
func procLines(t *testing.T, file string) [][]string {
	t.Helper()
	b, err := os.ReadFile("/proc/self/net/" + file)
	if err != nil {
		t.Fatal(err)
	}
	var lines [][]string
	for _, line := range strings.Split(strings.TrimSpace(string(b)), "\n")[1:] {
		lines = append(lines, strings.Fields(line))
	}
	return lines
}

// TestUnix compares sockets with /proc/net/unix and with what was made.
func TestUnix(t *testing.T) {
	ctx, conn := connect(t)
	c := unixdiag.New(conn)
	path := filepath.Join(t.TempDir(), "socket")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	waiting, err := net.DialUnix("unix", nil, &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	defer waiting.Close()
	abstract, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: "@abstract", Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer abstract.Close()
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(pair[0])
	defer unix.Close(pair[1])

	list, err := c.GetCollect(ctx, &unixdiag.GetDumpRequest{Header: unixdiag.UnixDiagReq{
		SdiagFamily: unix.AF_UNIX, UdiagStates: 0xffffffff, UdiagShow: 0x7f}})
	if errors.Is(err, syscall.ENOENT) {
		t.Skipf("this kernel lists no sockets of AF_UNIX: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	tally := witness.NewTally(t)
	ours := map[uint32]*unixdiag.GetReply{}
	for _, x := range list {
		witness.LogUnknown(t, "unix", x)
		ours[x.Header.UdiagIno] = x
	}
	// Num: RefCount Protocol Flags Type St Inode Path
	for _, f := range procLines(t, "unix") {
		ino, err := strconv.ParseUint(f[6], 10, 32)
		x := ours[uint32(ino)]
		if err != nil || x == nil {
			continue // Those without an inode, and those that came in between.
		}
		tally.Field("type", fmt.Sprintf("%04x", uint8(x.Header.UdiagType)), f[4])
		name := ""
		if len(f) > 7 {
			name = f[7]
		}
		text := strings.TrimRight(string(x.Name), "\x00")
		if strings.HasPrefix(text, "\x00") {
			text = "@" + text[1:]
		}
		tally.Field("name", text, name)
	}
	listener := ours[inode(t, l)]
	if listener == nil || listener.Vfs.V.Ino == 0 || len(listener.Icons) != 1 || listener.Rqlen.V.Rqueue != 1 {
		t.Fatalf("the listener is %+v", listener)
	}
	var st unix.Stat_t
	if err := unix.Stat(path, &st); err != nil {
		t.Fatal(err)
	}
	tally.Field("vfs inode", listener.Vfs.V.Ino, float64(st.Ino))
	tally.Field("vfs device", uint64(listener.Vfs.V.Dev), float64(unix.Major(st.Dev)<<20|unix.Minor(st.Dev)))
	tally.Field("state", listener.Header.UdiagState, "listen")
	tally.Field("uid", listener.Uid, float64(os.Geteuid()))
	if listener.Meminfo == nil || listener.Meminfo.Rcvbuf == 0 {
		t.Errorf("the listener's memory is %+v", listener.Meminfo)
	}
	var one, two unix.Stat_t
	if err := errors.Join(unix.Fstat(pair[0], &one), unix.Fstat(pair[1], &two)); err != nil {
		t.Fatal(err)
	}
	if x := ours[uint32(one.Ino)]; x == nil {
		t.Error("a socket of a pair is not listed")
	} else {
		tally.Field("peer", x.Peer, float64(two.Ino))
		tally.Field("pair's type", x.Header.UdiagType, "seqpacket")
	}
	got, err := c.Get(ctx, &unixdiag.GetRequest{Header: unixdiag.UnixDiagReq{SdiagFamily: unix.AF_UNIX,
		UdiagIno: listener.Header.UdiagIno, UdiagShow: unixdiag.ShowName, UdiagCookie0: ^uint32(0), UdiagCookie1: ^uint32(0)}})
	if err != nil || strings.TrimRight(string(got.Name), "\x00") != path {
		t.Errorf("get by inode: %+v, %v", got, err)
	}
	_, err = c.Get(ctx, &unixdiag.GetRequest{Header: unixdiag.UnixDiagReq{SdiagFamily: unix.AF_UNIX}})
	if !errors.Is(err, syscall.EINVAL) {
		t.Errorf("get of no inode: %v", err)
	}
	tally.Report("unix sockets")
}

// TestPacket compares a socket with what was made and with /proc/net/packet.
func TestPacket(t *testing.T) {
	ctx, conn := connect(t)
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW, 0x0300) // ETH_P_ALL in network byte order
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	filter := []unix.SockFilter{{Code: unix.BPF_RET | unix.BPF_K, K: 0xffff}}
	err = errors.Join(
		unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: 0x0300, Ifindex: 1}),
		unix.SetsockoptPacketMreq(fd, unix.SOL_PACKET, unix.PACKET_ADD_MEMBERSHIP, &unix.PacketMreq{Ifindex: 1, Type: unix.PACKET_MR_PROMISC}),
		unix.SetsockoptPacketMreq(fd, unix.SOL_PACKET, unix.PACKET_ADD_MEMBERSHIP, &unix.PacketMreq{
			Ifindex: 1, Type: unix.PACKET_MR_MULTICAST, Alen: 6, Address: [8]byte{1, 0, 0x5e, 0, 0, 1}}),
		unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_AUXDATA, 1),
		unix.SetsockoptTpacketReq(fd, unix.SOL_PACKET, unix.PACKET_RX_RING, &unix.TpacketReq{Block_size: 4096, Block_nr: 2, Frame_size: 2048, Frame_nr: 4}),
		unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_FANOUT, 7|unix.PACKET_FANOUT_CPU<<16),
		unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &unix.SockFprog{Len: 1, Filter: &filter[0]}),
	)
	if err != nil {
		t.Fatal(err)
	}
	list, err := packetdiag.New(conn).GetCollect(ctx, &packetdiag.GetDumpRequest{Header: packetdiag.PacketDiagReq{
		SdiagFamily: unix.AF_PACKET, PdiagShow: 0x3f}})
	if errors.Is(err, syscall.ENOENT) {
		t.Skipf("this kernel lists no sockets of AF_PACKET: %v", err)
	}
	if err != nil || len(list) != 1 {
		t.Fatalf("%d sockets, %v", len(list), err)
	}
	x := list[0]
	witness.LogUnknown(t, "packet", x)
	tally := witness.NewTally(t)
	// sk RefCnt Type Proto Iface R Rmem User Inode
	f := procLines(t, "packet")[0]
	tally.Field("type", strconv.Itoa(int(x.Header.PdiagType)), f[2])
	tally.Field("protocol", fmt.Sprintf("%04x", x.Header.PdiagNum), f[3])
	tally.Field("interface", strconv.Itoa(int(x.Info.Index)), f[4])
	tally.Field("user", strconv.Itoa(int(x.Uid.V)), f[7])
	tally.Field("inode", strconv.Itoa(int(x.Header.PdiagIno)), f[8])
	tally.Field("flags", x.Info.Flags, "running|auxdata")
	tally.Field("fanout", x.Fanout, float64(7|unix.PACKET_FANOUT_CPU<<16))
	if r := x.RxRing; r == nil || r.BlockSize != 4096 || r.BlockNr != 2 || r.FrameSize != 2048 || r.FrameNr != 4 || x.TxRing != nil {
		t.Errorf("rings are %+v and %+v", r, x.TxRing)
	}
	if x.Filter == nil || len(x.Filter.Insns) != 1 || x.Filter.Insns[0] != (packetdiag.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: 0xffff}) {
		t.Errorf("the filter is %+v", x.Filter)
	}
	if x.Mclist == nil || len(x.Mclist.Entries) != 2 {
		t.Fatalf("asked of interfaces: %+v", x.Mclist)
	}
	for _, e := range x.Mclist.Entries {
		tally.Field("index", e.Index, 1.0)
		if e.Type == packetdiag.MclistTypeMulticast {
			tally.Field("address", net.HardwareAddr(e.Addr[:e.Alen]).String(), "01:00:5e:00:00:01")
		} else {
			tally.Field("type", e.Type, "promisc")
		}
	}
	tally.Report("packet sockets")
}

// TestNetlink compares sockets with /proc/net/netlink.
func TestNetlink(t *testing.T) {
	ctx, conn := connect(t)
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW, unix.NETLINK_ROUTE)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	err = errors.Join(
		unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}),
		unix.SetsockoptInt(fd, unix.SOL_NETLINK, unix.NETLINK_ADD_MEMBERSHIP, unix.RTNLGRP_IPV6_ROUTE),
		unix.SetsockoptInt(fd, unix.SOL_NETLINK, unix.NETLINK_ADD_MEMBERSHIP, unix.RTNLGRP_NSID),
		unix.SetsockoptInt(fd, unix.SOL_NETLINK, unix.NETLINK_CAP_ACK, 1),
		unix.SetsockoptInt(fd, unix.SOL_NETLINK, unix.NETLINK_PKTINFO, 1),
	)
	if err != nil {
		t.Fatal(err)
	}
	c := netlinkdiag.New(conn)
	list, err := c.GetCollect(ctx, &netlinkdiag.GetDumpRequest{Header: netlinkdiag.NetlinkDiagReq{
		SdiagFamily: unix.AF_NETLINK, SdiagProtocol: 255, NdiagShow: 0xf}})
	if errors.Is(err, syscall.ENOENT) {
		t.Skipf("this kernel lists no sockets of AF_NETLINK: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	tally := witness.NewTally(t)
	ours := map[uint32]*netlinkdiag.GetReply{}
	for _, x := range list {
		witness.LogUnknown(t, "netlink", x)
		ours[x.Header.NdiagIno] = x
	}
	// sk Eth Pid Groups Rmem Wmem Dump Locks Drops Inode
	for _, f := range procLines(t, "netlink") {
		ino, err := strconv.ParseUint(f[9], 10, 32)
		x := ours[uint32(ino)]
		if err != nil || ino == 0 || x == nil {
			continue
		}
		tally.Field("protocol", strconv.Itoa(int(x.Header.NdiagProtocol)), f[1])
		tally.Field("port", strconv.FormatUint(uint64(x.Header.NdiagPortid), 10), f[2])
		first := uint32(0)
		if len(x.Groups) > 0 {
			first = x.Groups[0]
		}
		tally.Field("groups", fmt.Sprintf("%08x", first), f[3])
		tally.Field("drops", strconv.Itoa(int(x.Meminfo.Drops)), f[8])
	}
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		t.Fatal(err)
	}
	mine := ours[uint32(st.Ino)]
	if mine == nil {
		t.Fatal("our socket is not listed")
	}
	// The queues of sockets that others use change all the time; this one has none.
	rcvbuf, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF)
	if err != nil {
		t.Fatal(err)
	}
	tally.Field("receive buffer", mine.Meminfo.Rcvbuf, float64(rcvbuf))
	tally.Field("memory", mine.Meminfo.RmemAlloc, 0.0)
	tally.Field("flags", mine.Flags, "pktinfo|cap-ack")
	joined := func(group int) bool { return mine.Groups[(group-1)/32]>>((group-1)%32)&1 != 0 }
	if !joined(unix.RTNLGRP_IPV6_ROUTE) || !joined(unix.RTNLGRP_NSID) || joined(unix.RTNLGRP_LINK) {
		t.Errorf("groups are %x", mine.Groups)
	}
	tally.Report("netlink sockets")
}
