package inetdiag_test

import (
	"context"
	"fmt"
	"net/netip"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/inetdiag"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// Prints the established IPv4 connections of port 7000 with their congestion windows.
func Example() {
	conn, err := nlconn.Open()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer conn.Close()
	var socket inetdiag.GetReply
	request := &inetdiag.GetDumpRequest{Header: inetdiag.InetDiagReqV2{
		SdiagFamily:   unix.AF_INET,
		SdiagProtocol: unix.IPPROTO_TCP,
		IdiagExt:      inetdiag.ExtInfo,
		IdiagStates:   1 << inetdiag.TcpStateEstablished,
	}}
	for err := range inetdiag.New(conn).GetDumpInto(context.Background(), request, &socket) {
		if err != nil {
			fmt.Println(err)
			return
		}
		id := socket.Header.ID
		local := netip.AddrPortFrom(netip.AddrFrom4([4]byte(id.Src[:4])), id.Sport)
		remote := netip.AddrPortFrom(netip.AddrFrom4([4]byte(id.Dst[:4])), id.Dport)
		if socket.Info != nil {
			fmt.Println(local, remote, socket.Info.SndCwnd)
		}
	}
	// Unordered output:
	// 127.0.0.1:7001 127.0.0.1:7000 10
	// 127.0.0.1:7000 127.0.0.1:7001 10
}
