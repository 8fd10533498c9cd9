package inetdiag_test

import (
	"context"
	"fmt"

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
		if socket.Info != nil {
			fmt.Println(socket.Header.Local(), socket.Header.Remote(), socket.Info.SndCwnd)
		}
	}
	// Unordered output:
	// 127.0.0.1:7001 127.0.0.1:7000 10
	// 127.0.0.1:7000 127.0.0.1:7001 10
}

// Closes the connections from port 7001, whoever has them.
func ExampleClient_Destroy() {
	conn, err := nlconn.Open()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer conn.Close()
	ctx, sockets := context.Background(), inetdiag.New(conn)
	from := inetdiag.InetDiagReqV2{
		SdiagFamily:   unix.AF_INET,
		SdiagProtocol: unix.IPPROTO_TCP,
		IdiagStates:   1 << inetdiag.TcpStateEstablished,
		ID:            inetdiag.InetDiagSockid{Sport: 7001},
	}
	for socket, err := range sockets.GetDump(ctx, &inetdiag.GetDumpRequest{Header: from}) {
		if err != nil {
			fmt.Println(err)
			return
		}
		this := from
		this.ID = socket.Header.ID // with its cookie, which no later socket has
		err := sockets.Destroy(ctx, &inetdiag.DestroyRequest{Header: this})
		fmt.Println(socket.Header.Local(), socket.Header.Remote(), err)
	}
	left, err := sockets.GetCollect(ctx, &inetdiag.GetDumpRequest{Header: from})
	fmt.Println(len(left), err)
	// Output:
	// 127.0.0.1:7001 127.0.0.1:7000 <nil>
	// 0 <nil>
}
