package rtbridgemdb_test

import (
	"context"
	"fmt"
	"log"
	"net/netip"

	"golang.org/x/sys/unix"

	"github.com/nlgen/nlgen/generated/rtbridgemdb"
	"github.com/nlgen/nlgen/runtime/nlconn"
)

// Prints which ports the multicast groups of all bridges go to.
func ExampleClient_GetmdbDump() {
	conn, err := nlconn.Open()
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()

	req := &rtbridgemdb.GetmdbDumpRequest{Header: rtbridgemdb.BrPortMsg{Family: unix.AF_BRIDGE}}
	for bridge, err := range rtbridgemdb.New(conn).GetmdbDump(context.Background(), req) {
		if err != nil {
			log.Fatal(err)
		}
		if bridge.Mdb == nil {
			continue
		}
		for _, group := range bridge.Mdb.Entry {
			for _, port := range group.Info {
				fmt.Println(address(port.Header), "to", port.Header.PortIfindex, port.Header.State)
			}
		}
	}
	// Output:
	// 239.1.1.1 to 10 permanent
}

// address returns the address of a group; MAC addresses have none.
func address(e rtbridgemdb.BrMdbEntry) netip.Addr {
	switch e.Proto {
	case rtbridgemdb.MdbProtoIp:
		return netip.AddrFrom4([4]byte(e.Addr[:4]))
	case rtbridgemdb.MdbProtoIpv6:
		return netip.AddrFrom16(e.Addr)
	}
	return netip.Addr{}
}
