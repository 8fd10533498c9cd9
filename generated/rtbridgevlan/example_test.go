package rtbridgevlan_test

import (
	"context"
	"fmt"
	"log"
	"net"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/rtbridgevlan"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// Gives the VLANs 10 to 12 to a port of a bridge, and lists what it then has and has carried.
func Example() {
	conn, err := nlconn.Open()
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()

	port, err := net.InterfaceByName("eth0")
	if err != nil {
		log.Fatal(err)
	}
	ctx, vlans := context.Background(), rtbridgevlan.New(conn)
	err = vlans.Newvlan(ctx, &rtbridgevlan.NewvlanRequest{
		Header: rtbridgevlan.BrVlanMsg{Family: unix.AF_BRIDGE, Ifindex: uint32(port.Index)},
		Entry: []rtbridgevlan.VlanEntryAttrs{{
			Info:  nlattr.Some(rtbridgevlan.BridgeVlanInfo{Vid: 10}),
			Range: nlattr.Some(uint16(12)),
		}},
	})
	if err != nil {
		log.Fatal(err)
	}
	req := &rtbridgevlan.GetvlanDumpRequest{
		Header: rtbridgevlan.BrVlanMsg{Family: unix.AF_BRIDGE, Ifindex: uint32(port.Index)},
		Flags:  nlattr.Some(rtbridgevlan.DumpFlagsStats),
	}
	for link, err := range vlans.GetvlanDump(ctx, req) {
		if err != nil {
			log.Fatal(err)
		}
		for _, vlan := range link.Entry {
			fmt.Println(vlan.Info.V.Vid, vlan.State.V, vlan.Stats.RxBytes.V, vlan.Stats.TxBytes.V)
		}
	}
	// Output:
	// 10 forwarding 0 0
	// 11 forwarding 0 0
	// 12 forwarding 0 0
}
