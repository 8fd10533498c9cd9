package netlinkdiag_test

import (
	"context"
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/netlinkdiag"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// Prints the netlink sockets with the messages that they lost.
func Example() {
	conn, err := nlconn.Open(nlconn.WithPort(4242)) // by which it is known below
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
		if socket.Header.NdiagPortid != 0 { // which are the kernel's own
			fmt.Println(socket.Header.NdiagPortid, socket.Meminfo.Drops)
		}
	}
	// Output:
	// 4242 0
}
