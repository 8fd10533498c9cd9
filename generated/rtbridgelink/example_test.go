package rtbridgelink_test

import (
	"context"
	"fmt"
	"log"
	"net"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/rtbridgelink"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// Prints bridges and their ports, with the VLANs of each.
func ExampleClient_GetlinkDump() {
	conn, err := nlconn.Open()
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()

	req := &rtbridgelink.GetlinkDumpRequest{
		Header:  rtbridgelink.Ifinfomsg{IfiFamily: unix.AF_BRIDGE},
		ExtMask: nlattr.Some(rtbridgelink.RtextFilterBrvlan),
	}
	for link, err := range rtbridgelink.New(conn).GetlinkDump(context.Background(), req) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(link.Ifname.V)
		if p := link.Protinfo; p != nil { // a port, not the bridge itself
			fmt.Println("  costs", p.Cost.V, "and learns:", p.Learning.V == 1)
		}
		if link.AfSpec != nil {
			for _, vlan := range link.AfSpec.VlanInfo {
				fmt.Println("  VLAN", vlan.Vid, vlan.Flags)
			}
		}
	}
	// Output:
	// br0
	// eth0
	//   costs 2 and learns: true
}

// Isolates a port: nothing goes between it and other ports that are isolated. VLANs are set in the same way, by AfSpec.
func ExampleClient_Setlink() {
	conn, err := nlconn.Open()
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()

	eth0, err := net.InterfaceByName("eth0")
	if err != nil {
		log.Fatal(err)
	}
	ctx, ports := context.Background(), rtbridgelink.New(conn)
	header := rtbridgelink.Ifinfomsg{IfiFamily: unix.AF_BRIDGE, IfiIndex: int32(eth0.Index)} // the family is needed, see its doc
	err = ports.Setlink(ctx, &rtbridgelink.SetlinkRequest{
		Header:   header,
		Protinfo: &rtbridgelink.BrportAttrs{Isolated: nlattr.Some(uint8(1))},
	})
	if err != nil {
		log.Fatal(err)
	}
	all, err := ports.GetlinkCollect(ctx, &rtbridgelink.GetlinkDumpRequest{Header: rtbridgelink.Ifinfomsg{IfiFamily: unix.AF_BRIDGE}})
	if err != nil {
		log.Fatal(err)
	}
	for _, link := range all {
		if link.Protinfo != nil {
			fmt.Println(link.Ifname.V, "is isolated:", link.Protinfo.Isolated.V == 1)
		}
	}
	// Output:
	// eth0 is isolated: true
}
