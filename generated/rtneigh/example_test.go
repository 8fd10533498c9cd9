package rtneigh_test

import (
	"context"
	"fmt"
	"log"
	"net"
	"net/netip"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/rtneigh"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// Says which MAC address 192.0.2.7 has, once and for all, and lists what is known of the neighbours.
func Example() {
	conn, err := nlconn.Open()
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()

	link, err := net.InterfaceByName("eth0")
	if err != nil {
		log.Fatal(err)
	}
	ctx, neighbours := context.Background(), rtneigh.New(conn)
	err = neighbours.Newneigh(ctx, &rtneigh.NewneighRequest{
		Header: rtneigh.Ndmsg{NdmFamily: unix.AF_INET, NdmIfindex: int32(link.Index), NdmState: rtneigh.NudStatePermanent},
		Dst:    nlattr.Some(netip.MustParseAddr("192.0.2.7")),
		Lladdr: net.HardwareAddr{2, 0, 0, 0, 0, 7},
	}, nlconn.Create, nlconn.Replace)
	if err != nil {
		log.Fatal(err)
	}
	for n, err := range neighbours.GetneighDump(ctx, &rtneigh.GetneighDumpRequest{Header: rtneigh.Ndmsg{NdmFamily: unix.AF_INET}}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(n.Header.NdmIfindex, n.Dst.V, n.Lladdr, n.Header.NdmState)
	}
	// Output:
	// 10 192.0.2.7 02:00:00:00:00:07 permanent
}
