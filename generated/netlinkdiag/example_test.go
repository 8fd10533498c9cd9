package netlinkdiag_test

import (
	"context"
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/netlinkdiag"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// Prints the netlink sockets that lost messages.
func Example() {
	conn, err := nlconn.Open()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer conn.Close()
	const everyProtocol = 255 // NDIAG_PROTO_ALL
	request := &netlinkdiag.GetDumpRequest{Header: netlinkdiag.NetlinkDiagReq{
		SdiagFamily:   unix.AF_NETLINK,
		SdiagProtocol: everyProtocol,
		NdiagShow:     netlinkdiag.ShowMeminfo,
	}}
	for socket, err := range netlinkdiag.New(conn).GetDump(context.Background(), request) {
		if err != nil {
			fmt.Println(err)
			return
		}
		if socket.Meminfo != nil && socket.Meminfo.Drops > 0 {
			fmt.Println(socket.Header.NdiagPortid, socket.Meminfo.Drops)
		}
	}
}
