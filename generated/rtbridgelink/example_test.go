package rtbridgelink_test

import (
	"context"
	"fmt"
	"log"

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
