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

// Says behind which port of a bridge a MAC address is, and lists those that do not age.
func ExampleClient_Newneigh() {
	conn, err := nlconn.Open()
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()

	bridge, err := net.InterfaceByName("br0")
	if err != nil {
		log.Fatal(err)
	}
	port, err := net.InterfaceByName("port0")
	if err != nil {
		log.Fatal(err)
	}
	ctx, neighbours := context.Background(), rtneigh.New(conn)
	err = neighbours.Newneigh(ctx, &rtneigh.NewneighRequest{
		Header: rtneigh.Ndmsg{
			NdmFamily: unix.AF_BRIDGE, NdmIfindex: int32(port.Index),
			NdmState: rtneigh.NudStateNoarp, NdmFlags: rtneigh.NtfFlagsMaster, // does not age; the bridge is to know it, not the port
		},
		Lladdr: net.HardwareAddr{2, 0, 0, 0, 0, 9},
	}, nlconn.Create, nlconn.Exclusive)
	if err != nil {
		log.Fatal(err)
	}
	request := &rtneigh.GetneighDumpRequest{Header: rtneigh.Ndmsg{NdmFamily: unix.AF_BRIDGE}, Master: nlattr.Some(uint32(bridge.Index))}
	for entry, err := range neighbours.GetneighDump(ctx, request) {
		if err != nil {
			log.Fatal(err)
		}
		if entry.Header.NdmState == rtneigh.NudStateNoarp && !entry.Vlan.OK { // The port's VLANs have it, too.
			fmt.Println(entry.Lladdr, entry.Header.NdmIfindex == int32(port.Index))
		}
	}
	// Output:
	// 02:00:00:00:00:09 true
}
