package unixdiag_test

import (
	"context"
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/unixdiag"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// Prints the listeners with the number of connections that wait.
func Example() {
	conn, err := nlconn.Open()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer conn.Close()
	request := &unixdiag.GetDumpRequest{Header: unixdiag.UnixDiagReq{
		SdiagFamily: unix.AF_UNIX,
		UdiagStates: 1 << unixdiag.TcpStateListen,
		UdiagShow:   unixdiag.ShowName | unixdiag.ShowRqlen,
	}}
	for socket, err := range unixdiag.New(conn).GetDump(context.Background(), request) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%q %d\n", socket.Name, socket.Rqlen.V.Rqueue)
	}
	// Output:
	// "\x00example" 0
}
