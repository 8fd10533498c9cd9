package rtbridgevlan_test

import (
	"context"
	"fmt"
	"log"
	"net"

	"github.com/nlgen/nlgen/generated/rtbridgevlan"
	"github.com/nlgen/nlgen/runtime/nlattr"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

const afBridge = 7

// Gives the VLANs 10 to 19 to a port of a bridge.
func ExampleClient_Newvlan() {
	conn, err := nlconn.Open()
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()

	port, err := net.InterfaceByName("eth0")
	if err != nil {
		log.Fatal(err)
	}
	err = rtbridgevlan.New(conn).Newvlan(context.Background(), &rtbridgevlan.NewvlanRequest{
		Header: rtbridgevlan.BrVlanMsg{Family: afBridge, Ifindex: uint32(port.Index)},
		Entry: []rtbridgevlan.VlanEntryAttrs{{
			Info:  nlattr.Some(rtbridgevlan.BridgeVlanInfo{Vid: 10}),
			Range: nlattr.Some(uint16(19)),
		}},
	})
	if err != nil {
		log.Fatal(err)
	}
}

func ExampleClient_GetvlanDump() {
	conn, err := nlconn.Open()
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()

	req := &rtbridgevlan.GetvlanDumpRequest{
		Header: rtbridgevlan.BrVlanMsg{Family: afBridge},
		Flags:  nlattr.Some(rtbridgevlan.DumpFlagsStats),
	}
	for link, err := range rtbridgevlan.New(conn).GetvlanDump(context.Background(), req) {
		if err != nil {
			log.Fatal(err)
		}
		for _, vlan := range link.Entry {
			fmt.Println(link.Header.Ifindex, vlan.Info.V.Vid, vlan.State.V, vlan.Stats.RxBytes.V, vlan.Stats.TxBytes.V)
		}
	}
}
