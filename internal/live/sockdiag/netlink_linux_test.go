package sockdiag

import (
	"errors"
	"fmt"
	"strconv"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/netlinkdiag"
	"github.com/nlgen/nlgen/internal/witness"
)

// TestNetlink compares sockets with what was set, with /proc/net/netlink and with what ss prints.
func TestNetlink(t *testing.T) {
	ctx, conn := connect(t)
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW, unix.NETLINK_ROUTE)
	must(t, err)
	defer unix.Close(fd)
	must(t, unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}))
	for _, o := range []struct{ name, value int }{
		{unix.NETLINK_ADD_MEMBERSHIP, unix.RTNLGRP_IPV6_ROUTE}, {unix.NETLINK_ADD_MEMBERSHIP, unix.RTNLGRP_NSID},
		{unix.NETLINK_CAP_ACK, 1}, {unix.NETLINK_PKTINFO, 1}, {unix.NETLINK_BROADCAST_ERROR, 1}, {unix.NETLINK_NO_ENOBUFS, 1}, {unix.NETLINK_LISTEN_ALL_NSID, 1},
	} {
		must(t, unix.SetsockoptInt(fd, unix.SOL_NETLINK, o.name, o.value))
	}
	// Another is connected, to a port and a group.
	peer, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_DGRAM, unix.NETLINK_USERSOCK)
	must(t, err)
	defer unix.Close(peer)
	must(t, unix.Connect(peer, &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Pid: 5, Groups: 4}))

	was, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_DGRAM, unix.NETLINK_USERSOCK)
	must(t, err)
	defer unix.Close(was)
	must(t, unix.Connect(was, &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Pid: 5}))
	if _, _, errno := unix.Syscall(unix.SYS_CONNECT, uintptr(was), uintptr(unsafe.Pointer(new(unix.RawSockaddrNetlink))), unix.SizeofSockaddrNetlink); errno != 0 { // AF_UNSPEC
		t.Fatal(errno)
	}

	c := netlinkdiag.New(conn)
	list := netlinkSockets(t, func(protocol uint8) ([]*netlinkdiag.GetReply, error) {
		return c.GetCollect(ctx, &netlinkdiag.GetDumpRequest{Header: netlinkdiag.NetlinkDiagReq{
			SdiagFamily: unix.AF_NETLINK, SdiagProtocol: protocol, NdiagShow: 0xf}})
	})
	tally := witness.NewTally(t)
	ours := map[uint32]*netlinkdiag.GetReply{}
	byPort := map[string]*netlinkdiag.GetReply{}
	for _, x := range list {
		witness.Known(t, "netlink", x)
		ours[x.Header.NdiagIno] = x
		byPort[port(x.Header.NdiagProtocol, x.Header.NdiagPortid)] = x
	}
	// sk Eth Pid Groups Rmem Wmem Dump Locks Drops Inode
	seen := 0
	for _, f := range procLines(t, "netlink") {
		ino, err := strconv.ParseUint(f[9], 10, 32)
		x := ours[uint32(ino)]
		if err != nil || ino == 0 || x == nil {
			continue
		}
		seen++
		tally.Field("protocol", strconv.Itoa(int(x.Header.NdiagProtocol)), f[1])
		tally.Field("port", strconv.FormatUint(uint64(x.Header.NdiagPortid), 10), f[2])
		tally.Field("groups", fmt.Sprintf("%08x", firstGroups(x)), f[3])
		tally.Field("drops", strconv.Itoa(int(x.Meminfo.Drops)), f[8])
	}
	if seen < 3 {
		t.Errorf("/proc lists %d of our sockets", seen)
	}
	mine, connected, wasConnected := ours[fdInode(t, fd)], ours[fdInode(t, peer)], ours[fdInode(t, was)]
	if mine == nil || connected == nil || wasConnected == nil {
		t.Fatal("our sockets are not listed")
	}
	// The queues of sockets that others use change all the time; this one has none.
	rcvbuf, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF)
	must(t, err)
	tally.Field("receive buffer", mine.Meminfo.Rcvbuf, float64(rcvbuf))
	tally.Field("memory", mine.Meminfo.RmemAlloc, 0.0)
	tally.Field("flags", mine.Flags, "pktinfo|broadcast-error|no-enobufs|listen-all-nsid|cap-ack")
	tally.Field("type", mine.Header.NdiagType, float64(unix.SOCK_RAW))
	tally.Field("state", mine.Header.NdiagState, "close")
	tally.Field("state after a connection", wasConnected.Header.NdiagState, "unconnected")
	tally.Field("connected", connected.Header.NdiagState, "connected")
	tally.Field("its port", connected.Header.NdiagDstPortid, 5.0)
	tally.Field("its group", connected.Header.NdiagDstGroup, 3.0) // the third bit
	joined := func(group int) bool { return mine.Groups[(group-1)/32]>>((group-1)%32)&1 != 0 }
	if !joined(unix.RTNLGRP_IPV6_ROUTE) || !joined(unix.RTNLGRP_NSID) || joined(unix.RTNLGRP_LINK) {
		t.Errorf("groups are %x", mine.Groups)
	}

	// The connection that asks has a queue while it is asked.
	found := 0
	for _, words := range ssWords(t, "-f", "netlink") {
		shown := ssObject(t, words, "state", "recvq", "sendq", "local", "peer")
		x := byPort[shown["local"].(string)]
		if x == nil || x.Header.NdiagProtocol == unix.NETLINK_SOCK_DIAG {
			continue
		}
		found++
		witness.Compare(tally, "ss", x, netlinkView, shown)
	}
	if want := len(byPort); found < want-3 { // but for those of sock_diag: the kernel's, ours, that of ss
		t.Errorf("ss prints %d of %d sockets", found, want)
	}
	tally.Report("netlink sockets")
}

// netlinkSockets lists all sockets, which are those of each protocol.
func netlinkSockets(t *testing.T, list func(protocol uint8) ([]*netlinkdiag.GetReply, error)) []*netlinkdiag.GetReply {
	t.Helper()
	all, err := list(255)
	if errors.Is(err, syscall.ENOENT) {
		t.Skipf("this kernel lists no sockets of AF_NETLINK: %v", err)
	}
	must(t, err)
	routes, err := list(unix.NETLINK_ROUTE)
	must(t, err)
	want := 0
	for _, x := range all {
		if x.Header.NdiagProtocol == unix.NETLINK_ROUTE {
			want++
		}
	}
	if len(routes) != want {
		t.Errorf("%d sockets of rtnetlink, and %d when only they are asked for", want, len(routes))
	}
	return all
}

// port is how ss prints the port of a protocol: with a sign.
func port(protocol uint8, number uint32) string { return fmt.Sprint(protocol, ":", int32(number)) }

// firstGroups are the first 32, of which the tools tell.
func firstGroups(x *netlinkdiag.GetReply) uint32 {
	if len(x.Groups) == 0 {
		return 0
	}
	return x.Groups[0]
}

// netlinkView is how ss prints a socket of netlink.
var netlinkView = witness.View[*netlinkdiag.GetReply]{
	"state": func(*netlinkdiag.GetReply) any { return "UNCONN" }, // ss prints no other.
	"recvq": func(x *netlinkdiag.GetReply) any { return fmt.Sprint(x.Meminfo.RmemAlloc) },
	"sendq": func(x *netlinkdiag.GetReply) any { return fmt.Sprint(x.Meminfo.WmemAlloc) },
	"local": func(x *netlinkdiag.GetReply) any { return port(x.Header.NdiagProtocol, x.Header.NdiagPortid) },
	"peer": func(x *netlinkdiag.GetReply) any {
		if x.Header.NdiagState != netlinkdiag.NetlinkStateConnected {
			return "*"
		}
		return fmt.Sprint(x.Header.NdiagDstGroup, ":", x.Header.NdiagDstPortid)
	},
	"sk":     func(*netlinkdiag.GetReply) any { return "0" }, // of /proc, which ss does not read
	"cb":     func(*netlinkdiag.GetReply) any { return "0" },
	"groups": func(x *netlinkdiag.GetReply) any { return fmt.Sprintf("0x%08x", firstGroups(x)) },
	"skmem":  func(x *netlinkdiag.GetReply) any { return memory(*x.Meminfo) },
}
