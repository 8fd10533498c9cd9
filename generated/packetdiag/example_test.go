package packetdiag_test

import (
	"context"
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/packetdiag"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// Prints who listens to the packets of which interface.
func Example() {
	conn, err := nlconn.Open()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer conn.Close()
	request := &packetdiag.GetDumpRequest{Header: packetdiag.PacketDiagReq{
		SdiagFamily: unix.AF_PACKET,
		PdiagShow:   packetdiag.ShowInfo,
	}}
	for socket, err := range packetdiag.New(conn).GetDump(context.Background(), request) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(socket.Header.PdiagType, socket.Uid.V, socket.Info.Index, socket.Info.Flags)
	}
	// Output:
	// 2 0 1 0
}
